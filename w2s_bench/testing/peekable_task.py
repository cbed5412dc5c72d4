"""A small task whose truth lies wherever a strategy might look for it: in a file, in ids and in the order of the pool.

Its inputs are those of a data set of scikit-learn's, so that they are found there too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import polars as pl

from w2s_bench.contracts import Array, Classes, Columns, Output, Pool, Regression, Split, Splits, columns_at, read_csv

Reading = Literal["regression", "classes"]
SIZES: Final = (60, 80, 40)
"""Examples of supervise, transfer and test."""

_LETTERS: Final = "abcdefgh"


@dataclass(frozen=True)
class PeekableTask:
    """Rows of a CSV file: an id that holds the label, a number that says where the row stands in the splits, the label, the text
    and the features. The rows lie in the order of their labels.

    The fingerprint says nothing of the file, so that two truths under one path are computed under the same keys.
    """

    path: str
    reading: Reading
    divergence: str
    licence, citation = "CC0-1.0", "made for the label canary"
    capabilities = frozenset({"pool"})

    @property
    def output(self) -> Output:
        """Numbers, or two classes."""
        return Regression() if self.reading == "regression" else Classes(2, ("no", "yes"))

    def fingerprint(self) -> str:
        """The same whatever the truth."""
        return ""

    def pool(self) -> Pool:
        """All rows, in the order of the file."""
        inputs, _, ids, _ = self._read()
        return Pool(inputs, ids)

    def load(self, seed: int) -> Splits:
        """The same parts for every seed."""
        inputs, truth, ids, places = self._read()
        order, parts, start = np.argsort(places), [], 0
        for size in SIZES:
            rows = order[start:start + size]
            parts.append(Split(columns_at(inputs, rows), truth[rows], ids[rows]))
            start += size
        return Splits(*parts)

    def _read(self) -> tuple[Columns, Array, Array, Array]:
        table = read_csv(Path(self.path))
        labels = np.array(table["y"], dtype=np.float64)
        truth = labels[:, None] if self.reading == "regression" else np.eye(2)[labels.astype(int)]
        texts, ids = np.array(table["text"], dtype=object), np.array(table["id"], dtype=object)
        features = np.array([column for name, column in table.items() if name[0] == "x"], dtype=np.float64).T
        return {"x": features, "text": texts}, truth, ids, np.array(table["place"], dtype=np.int64)


def inputs_and_labels(reading: Reading) -> tuple[Array, Array]:
    """Features (n, d) and labels (n,) of one of scikit-learn's data sets, as many as the task has examples."""
    from sklearn.datasets import load_breast_cancer, load_diabetes

    features, labels = (load_diabetes if reading == "regression" else load_breast_cancer)(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(features))[:sum(SIZES)]
    return np.asarray(features[rows], dtype=np.float64), np.asarray(labels[rows], dtype=np.float64)


def write_task(path: Path, features: Array, labels: Array) -> None:
    """The file of a task, in the order of its labels."""
    edges = np.quantile(features, np.linspace(0, 1, len(_LETTERS) + 1)[1:-1], axis=0)
    rows = []
    for place in np.argsort(labels, kind="stable"):
        text = " ".join(_LETTERS[int((value > edge).sum())] for value, edge in zip(features[place], edges.T, strict=True))
        label = repr(float(labels[place]))
        rows.append([f"case-{label}-{place}", str(place), label, text, *(repr(float(value)) for value in features[place])])
    names = ["id", "place", "y", "text", *(f"x{i}" for i in range(features.shape[1]))]
    pl.DataFrame(rows, schema=names, orient="row").write_csv(path)
