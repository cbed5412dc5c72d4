"""A numeric input column as a feature matrix."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array, Columns, DataError, nearest


def numeric_column(inputs: Columns, name: str, where: str) -> Array:
    """inputs[name] as (n, d) float32. Raises DataError for an absent column, text, or values not finite."""
    if name not in inputs:
        raise DataError(f"the task has no input column {name!r}", where=where, hint=nearest(name, inputs))
    values = np.asarray(inputs[name])
    if values.dtype.kind not in "fiub" or values.ndim not in (1, 2):
        raise DataError(f"the column {name!r} holds {values.dtype} of shape {values.shape}, not numbers",
                        where=where, hint="choose a numeric column, or a model that reads text")
    with np.errstate(over="ignore"):
        features = values.reshape(len(values), -1).astype(np.float32)
    bad = ~np.isfinite(features)
    if bad.any():
        raise DataError(f"the input column {name!r} holds NaN, infinity or numbers beyond float32 "
                        f"(first in example {np.argwhere(bad)[0][0]})", where=where,
                        hint="leave the column out or fill the gaps")
    return features
