"""One sample for both parts, as in the synthetic study of Charikar et al. (2024)."""

from __future__ import annotations

from w2s_bench.contracts import Splits


def reused(splits: Splits) -> Splits:
    """The splits with the supervise sample as transfer sample too."""
    return Splits(splits.supervise, splits.supervise, splits.test)
