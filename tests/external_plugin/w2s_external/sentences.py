"""A text task with two classes, or the same texts with a number: short made-up sentences, drawn anew for each seed."""

from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Classes, Pool, Regression, draw_splits, generator_for, seed_for

WORDS = {"good": 1, "fine": 1, "kind": 1, "bad": -1, "dull": -1, "grim": -1, "the": 0, "film": 0, "was": 0, "not": 0}


@dataclass(frozen=True)
class Sentences:
    reading: str
    licence, citation = "CC0", "made here, for the tests of w2s-bench"
    capabilities = frozenset({"pool"})
    output = property(lambda self: Classes(2, ("bad", "good")) if self.reading == "classes" else Regression(1, "points"))
    divergence = property(lambda self: "kl" if self.reading == "classes" else "squared")

    def fingerprint(self):
        return ""

    def pool(self):
        texts, _ = self._drawn()
        return Pool({"text": texts}, np.array([f"s{i}" for i in range(len(texts))], dtype=object))

    def load(self, seed):
        texts, points = self._drawn()
        truth = np.eye(2)[(points > 0).astype(int)] if self.reading == "classes" else points[:, None].astype(float)
        return draw_splits({"text": texts}, truth, self.pool().ids, seed_for("split", task="sentences", seed=seed))

    def _drawn(self):
        random = generator_for("sentences")
        rows = [random.choice(list(WORDS), size=6).tolist() for _ in range(400)]
        texts = np.empty(len(rows), dtype=object)
        texts[:] = [" ".join(row) for row in rows]
        noise = random.normal(size=len(rows))
        return texts, np.array([sum(WORDS[word] for word in row) for row in rows]) + noise
