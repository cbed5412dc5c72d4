"""Ratios of means, and where they are none (docs/scoring.md, "Ratios")."""

from __future__ import annotations

from derivation.intervals import of_mean
from derivation.run_files import Array

ROUNDING = 1e-9


def ratio(above: float, below: float, size: float) -> float | None:
    """above / below; null where `below` is not above 1e-9 of the size of what it was made from."""
    return above / below if below > ROUNDING * size else None


def recovered(weak: Array, student: Array, ceiling: Array) -> tuple[float | None, str | None]:
    """Performance gap recovered of paired errors (n,), and the reason where there is none."""
    gap = of_mean(weak - ceiling)
    if len(weak) == 1:
        return None, "one example gives no interval for the gap"
    if gap.holds_zero:
        return None, "gap's 95 % interval contains 0"
    if ratio(1.0, abs(gap.value), float(weak.mean() + ceiling.mean())) is None:
        return None, "gap is rounding beside the errors"
    return float((weak - student).mean()) / gap.value, None
