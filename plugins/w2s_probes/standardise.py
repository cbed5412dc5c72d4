"""Standardisation of features by the training sample, accumulated in blocks of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, Diverged, FitProblem

ROWS = 4096
"""Rows held in float64 at a time: memory grows with d, not with n."""


WHOLE = 5 << 22
"""Features with no more entries are looked at as a whole: their float64 copy has 160 MiB."""


def row_blocks(n: int) -> Iterator[slice]:
    """Slices that cover range(n) in order."""
    for start in range(0, n, ROWS):
        yield slice(start, min(start + ROWS, n))


def by_rows(work: Callable[[Array], Array], features: Array) -> Array:
    """What `work` gives for features (n, d), a row for each: of large ones block by block, so that no float64 copy of all is in
    memory."""
    if features.size <= WHOLE:
        return work(features)
    return np.concatenate([work(features[rows]) for rows in row_blocks(len(features))])


@dataclass(frozen=True)
class Standard:
    """Columns that vary, with the mean and standard deviation of the training sample.

    kept: (r,) int64 column numbers; mean, scale: (r,) float64 in the units of the features.
    """

    kept: Array
    mean: Array
    scale: Array

    def __call__(self, features: Array) -> Array:
        """Features (n, d) as (n, r) float64 with training mean 0 and variance 1."""
        z: Array = (np.asarray(features)[:, self.kept].astype(np.float64) - self.mean) / self.scale
        return z

    def to_arrays(self) -> dict[str, Array]:
        """The three arrays under their own names."""
        return {"kept": self.kept, "mean": self.mean, "scale": self.scale}

    @staticmethod
    def from_arrays(arrays: Mapping[str, Array]) -> Standard:
        """Inverse of `to_arrays`."""
        return Standard(np.asarray(arrays["kept"], dtype=np.int64),
                        np.asarray(arrays["mean"], dtype=np.float64),
                        np.asarray(arrays["scale"], dtype=np.float64))


def centred_of(features: Array) -> Standard:
    """Every column with its training mean taken off, in its own units."""
    n, d = features.shape
    mean = np.zeros(d)
    for rows in row_blocks(n):
        mean += features[rows].astype(np.float64).sum(axis=0)
    return Standard(np.arange(d), mean / n, np.ones(d))


def unscaled(d: int) -> Standard:
    """The identity on d columns."""
    return Standard(np.arange(d), np.zeros(d), np.ones(d))


def standard_of(features: Array) -> Standard:
    """Mean and standard deviation (divisor n) of each column; columns that do not vary are dropped.

    A column counts as constant when its deviation is below 1e-7 of its mean's size, which float32 cannot tell
    from rounding; below 1e-13 of features in float64.
    """
    n, d = features.shape
    mean = np.zeros(d)
    for rows in row_blocks(n):
        mean += features[rows].astype(np.float64).sum(axis=0)
    mean /= n
    square = np.zeros(d)
    for rows in row_blocks(n):
        square += ((features[rows].astype(np.float64) - mean) ** 2).sum(axis=0)
    scale = np.sqrt(square / n)
    smallest = 1e-7 if features.dtype == np.float32 else 1e-13
    kept = np.flatnonzero(scale > smallest * np.abs(mean))
    return Standard(kept, mean[kept], scale[kept])


def uncentred_of(features: Array) -> Standard:
    """Root mean square of each column, the mean left as it is; columns of zeros are dropped.

    For differences between the two of a pair: who swaps the two of a pair changes the sign of its row, and nothing else.
    """
    n, d = features.shape
    square = np.zeros(d)
    for rows in row_blocks(n):
        square += (features[rows].astype(np.float64) ** 2).sum(axis=0)
    scale = np.sqrt(square / n)
    kept = np.flatnonzero(scale > 0.0)
    return Standard(kept, np.zeros(len(kept)), scale[kept])


def check_features(features: Array) -> None:
    """Raise Diverged for features that are no matrix of finite numbers."""
    if features.ndim != 2 or not len(features):
        raise Diverged(f"features have shape {features.shape}, not (n, d) with n ≥ 1", where="features")
    for rows in row_blocks(len(features)):
        bad = ~np.isfinite(features[rows])
        if bad.any():
            row, column = np.argwhere(bad)[0]
            first = f"row {rows.start + row}, column {column}"
            raise Diverged(f"features hold NaN or infinity (first in {first})",
                           where="features", hint="look at the model that made them; nothing was fitted")


def check_labels(problem: FitProblem) -> None:
    """Raise Diverged for labels that are not (n, k) finite numbers."""
    values = problem.labels.values
    expected = (len(problem.features), problem.context.output.k)
    if values.shape != expected:
        raise Diverged(f"labels have shape {values.shape}, not {expected}", where="labels")
    bad = ~np.isfinite(values)
    if bad.any():
        raise Diverged(f"labels hold NaN or infinity (first in row {np.argwhere(bad)[0][0]})",
                       where=f"{problem.labels.source} labels",
                       hint="the model that gave them has diverged, or the data are broken")


@dataclass(frozen=True)
class Units:
    """Labels are trained on as (values − middle) / spread; both (k,)."""

    middle: Array
    spread: Array

    def of(self, values: Array) -> Array:
        """Labels (n, k) as trained on."""
        return np.ascontiguousarray((values - self.middle) / self.spread, dtype=np.float64)

    def back(self, weight: Array, bias: Array) -> tuple[Array, Array]:
        """A trained head, weight (d, k) and bias (k,), answering in label units."""
        with np.errstate(over="ignore", invalid="ignore"):
            return weight * self.spread, bias * self.spread + self.middle
