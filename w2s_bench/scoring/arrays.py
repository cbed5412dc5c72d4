"""The array type of this room; the checks made where arrays come in are those that plugins use too."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from w2s_bench.contracts.arrays import as_column, as_rows, check_same_shape

Array: TypeAlias = npt.NDArray[np.float64]

__all__ = ["Array", "as_column", "as_rows", "check_same_shape"]
