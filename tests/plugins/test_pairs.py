"""Pairs of texts, one preferred, from a made table with a known answer to the rows of the real command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from conftest import Command
from derivation.check import discrepancies
from sklearn.linear_model import LogisticRegression

PENALTY = 0.03
SIZES = {"supervise": 150, "transfer": 200, "test": 150}


@dataclass(frozen=True)
class Made:
    """Pairs of texts of five words. vectors: (40, 6) of the words. words: (n, 2, 5) word numbers. preferred: (n,) probability
    that the first is."""

    vectors: np.ndarray
    words: np.ndarray
    preferred: np.ndarray
    part: np.ndarray

    @property
    def texts(self) -> list[tuple[str, str]]:
        return [(" ".join(f"w{word:02d}" for word in first), " ".join(f"w{word:02d}" for word in second))
                for first, second in self.words]

    def differences(self, width: int) -> np.ndarray:
        """Mean vector of the first less that of the second, (n, width) float64."""
        means = self.vectors[:, :width].astype(np.float32).astype(np.float64)[self.words].mean(axis=2)
        return means[:, 0] - means[:, 1]

    def write(self, folder: Path, **columns: Any) -> None:
        """pairs.csv with the columns, and the vectors that weak.vec and strong.vec know of each word."""
        for name, width in (("weak", 2), ("strong", 6)):
            lines = [f"w{word:02d} " + " ".join(repr(float(value)) for value in vector[:width])
                     for word, vector in enumerate(self.vectors)]
            (folder / f"{name}.vec").write_text("\n".join(lines) + "\n", encoding="utf-8")
        pl.DataFrame({"split": self.part, **columns}).write_csv(folder / "pairs.csv")


def made(seed: int = 0) -> Made:
    """The reward of a text is linear in its mean vector, and the preference is that of Bradley and Terry."""
    random = np.random.default_rng(seed)
    vectors = np.round(random.standard_normal((40, 6)), 3)
    n = sum(SIZES.values())
    found = Made(vectors, random.integers(0, 40, (n, 2, 5)), np.zeros(n), np.repeat(list(SIZES), list(SIZES.values())))
    reward = found.differences(6) @ np.array([1.5, -1.0, 2.0, 1.0, -2.0, 0.5])
    return Made(vectors, found.words, 1.0 / (1.0 + np.exp(-reward)), found.part)


def fitted(differences: np.ndarray, share: np.ndarray) -> Any:
    """Logistic regression through the origin on differences in units of their root mean square, by scikit-learn: (n,) shares."""
    scale = np.sqrt((differences**2).mean(axis=0))
    n = len(share)
    head = LogisticRegression(C=2.0 / (PENALTY * n), fit_intercept=False, tol=1e-12, max_iter=10_000)
    head.fit(np.concatenate([differences, differences]) / scale, np.repeat([1, 0], n),
             sample_weight=np.concatenate([share, 1.0 - share]))
    return lambda others: head.predict_proba(others / scale)[:, 1]


def kl(first: np.ndarray, second: np.ndarray) -> float:
    """Mean KL of two probabilities that the first is preferred, in nats."""
    first, second = (np.clip(np.column_stack([1 - p, p]), 1e-300, 1.0) for p in (first, second))
    return float((first * np.log(first / second)).sum(axis=1).mean())


def expected(pairs: Made) -> dict[str, float]:
    """The columns of the row, computed apart."""
    at = {part: pairs.part == part for part in SIZES}
    weak_of, strong_of = pairs.differences(2), pairs.differences(6)
    weak = fitted(weak_of[at["supervise"]], pairs.preferred[at["supervise"]])
    student = fitted(strong_of[at["transfer"]], weak(weak_of[at["transfer"]]))(strong_of[at["test"]])
    ceiling = fitted(strong_of[at["transfer"]], pairs.preferred[at["transfer"]])(strong_of[at["test"]])
    truth, teacher = pairs.preferred[at["test"]], weak(weak_of[at["test"]])
    return {"err_weak": kl(truth, teacher), "err_student": kl(truth, student), "err_ceiling": kl(truth, ceiling),
            "misfit": kl(student, teacher), "accuracy_student": float(((student > 0.5) == (truth > 0.5)).mean()),
            "accuracy_weak": float(((teacher > 0.5) == (truth > 0.5)).mean())}


MODELS = ("--weak", "embedding-table[path=weak.vec]", "--strong", "embedding-table[path=strong.vec]")


def test_a_run_on_preferences_has_the_errors_of_logistic_regression_through_the_origin(w2s: Command) -> None:
    pairs = made()
    texts = pairs.texts
    pairs.write(w2s.folder, a=[first for first, _ in texts], b=[second for _, second in texts], p=pairs.preferred)
    task = "pairs[path=pairs.csv,first=a,second=b,preferred=p]"
    w2s("run", "--task", task, *MODELS, "--strategy", "logistic", "--strategy", "constant", "--supervisor", "logistic", "-o", "r",
        check=0)
    rows = pl.read_parquet(w2s.folder / "r" / "rows.parquet")
    assert rows["status"].to_list() == ["ok", "ok"]
    row = rows.row(by_predicate=pl.col("strategy") == "logistic", named=True)
    for name, wanted in expected(pairs).items():
        assert row[name] == pytest.approx(wanted, rel=1e-6, abs=1e-9), name
    assert row["err_ceiling"] < row["err_weak"] and row["classes"] == 2
    assert row["delta_exact_train"] <= 1e-9 and "not-converged" not in row["flags"]
    assert row["gain"] == pytest.approx(row["err_weak"] - row["err_student"], rel=1e-12)
    constant = rows.row(by_predicate=pl.col("strategy") == "constant", named=True)
    halves = np.full(SIZES["test"], 0.5)
    assert constant["err_student"] == pytest.approx(kl(pairs.preferred[pairs.part == "test"], halves), rel=1e-12)
    assert not discrepancies(w2s.folder / "r")


def test_a_table_of_chosen_and_rejected_gives_the_errors_of_the_same_fit(w2s: Command) -> None:
    """Labels are drawn, the better text stands in one column, and which of the two comes first is the task's own choice: an order
    that changes no error."""
    pairs = made(1)
    better = np.random.default_rng(2).random(len(pairs.preferred)) < pairs.preferred
    words = np.where(better[:, None, None], pairs.words, pairs.words[:, ::-1])
    drawn = Made(pairs.vectors, words, np.ones(len(better)), pairs.part)
    drawn.write(w2s.folder, chosen=[first for first, _ in drawn.texts], rejected=[second for _, second in drawn.texts])
    w2s("run", "--task", "pairs[path=pairs.csv]", *MODELS, "--strategy", "logistic", "--supervisor", "logistic", "-o", "r",
        check=0)
    row = pl.read_parquet(w2s.folder / "r" / "rows.parquet").row(0, named=True)
    for name, wanted in expected(drawn).items():
        assert row[name] == pytest.approx(wanted, rel=1e-6, abs=1e-9), name
    assert row["err_constant"] == pytest.approx(np.log(2.0), abs=0.01) and not discrepancies(w2s.folder / "r")
