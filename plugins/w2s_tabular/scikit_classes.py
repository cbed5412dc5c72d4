"""Two sets of classes, from scikit-learn's own copy: tumours and handwritten digits."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import ClassVar

import numpy as np

from w2s_bench.contracts import Array, Classes, Splits, draw_splits, limited, seed_for


@dataclass(frozen=True)
class _FromFile:
    """Rows of numbers whose last one is the class; column `x` holds the others as they are.

    limit: 0, or the size of a fixed sample.
    """

    name: ClassVar[str]
    file: ClassVar[str]
    header: ClassVar[int]
    names: ClassVar[tuple[str, ...]]
    divergence = "kl"
    capabilities = frozenset({"columns"})
    columns = frozenset({"x"})
    limit: int = 0

    @property
    def output(self) -> Classes:
        """The classes, by their names."""
        return Classes(len(self.names), self.names)

    def fingerprint(self) -> str:
        """The version of the package that ships the data."""
        return f"scikit-learn {metadata.version('scikit-learn')}"

    def load(self, seed: int) -> Splits:
        """Splits of 40, 40 and 20 % of the rows, drawn by the seed."""
        table = self._table()
        rows = limited(len(table), self.limit, self.name)
        truth = np.eye(len(self.names))[table[rows, -1].astype(int)]
        ids = np.array([f"row {row}" for row in rows])
        return draw_splits({"x": table[rows, :-1]}, truth, ids, seed_for("split", task=self.name, seed=seed))

    def _table(self) -> Array:
        """(n, columns + 1) float64. The file is read where it lies: to import scikit-learn takes a second in every worker."""
        folder = Path(str(metadata.distribution("scikit-learn").locate_file("sklearn/datasets/data")))
        return np.loadtxt(folder / self.file, delimiter=",", skiprows=self.header)


class BreastCancer(_FromFile):
    """569 tumours by 30 measurements of their cells' nuclei."""

    name, file, header, names = "breast-cancer", "breast_cancer.csv", 1, ("malignant", "benign")
    licence = "CC BY 4.0 (UCI Machine Learning Repository), distributed with scikit-learn"
    citation = "Wolberg, Mangasarian, Street, Street: Breast Cancer Wisconsin (Diagnostic), UCI (1995)"


class Digits(_FromFile):
    """1,797 handwritten digits as 8 × 8 pixels of 0 to 16."""

    name, file, header, names = "digits", "digits.csv.gz", 0, tuple("0123456789")
    licence = "CC BY 4.0 (UCI Machine Learning Repository), distributed with scikit-learn"
    citation = "Alpaydin, Kaynak: Optical Recognition of Handwritten Digits, UCI (1998)"
