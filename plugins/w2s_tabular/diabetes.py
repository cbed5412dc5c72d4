"""The diabetes data of Efron, Hastie, Johnstone, Tibshirani (2004), from scikit-learn's own copy."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from w2s_bench.contracts import Array, Regression, Splits, draw_splits, limited, seed_for
from w2s_tabular.reuse import reused


@dataclass(frozen=True)
class Diabetes:
    """Progression of the disease one year on, for 442 patients; column `x` is (442, 10), raw measurements.

    reuse_inputs: supervise and transfer are one and the same sample. limit: 0, or the size of a fixed sample.
    """

    output = Regression(1, "progression score")
    divergence = "squared"
    capabilities = frozenset({"columns"})
    columns = frozenset({"x"})
    licence = "public data, distributed with scikit-learn (BSD-3-Clause)"
    citation = "Efron, Hastie, Johnstone, Tibshirani: Least Angle Regression, Annals of Statistics 32 (2004)"
    reuse_inputs: bool = False
    limit: int = 0

    def fingerprint(self) -> str:
        """The version of the package that ships the data."""
        return f"scikit-learn {metadata.version('scikit-learn')}"

    def load(self, seed: int) -> Splits:
        """Splits of 40, 40 and 20 % of the patients, drawn by the seed: 177, 177 and 88 of all."""
        x, y = _raw()
        ids = np.array([f"patient {row}" for row in range(len(y))])
        rows = limited(len(y), self.limit, "diabetes")
        splits = draw_splits({"x": x[rows]}, y[rows, None], ids[rows], seed_for("split", task="diabetes", seed=seed))
        return reused(splits) if self.reuse_inputs else splits


def _raw() -> tuple[Array, Array]:
    """Measurements (442, 10) and progression (442,), float64: the files are read where they lie, because to import
    scikit-learn takes a second in every worker.
    """
    folder = Path(str(metadata.distribution("scikit-learn").locate_file("sklearn/datasets/data")))
    return np.loadtxt(folder / "diabetes_data_raw.csv.gz"), np.loadtxt(folder / "diabetes_target.csv.gz")
