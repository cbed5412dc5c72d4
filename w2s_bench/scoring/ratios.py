"""Ratios, and when they mean nothing."""

from __future__ import annotations

import numpy.typing as npt

from w2s_bench.scoring.arrays import as_column, check_same_shape
from w2s_bench.scoring.intervals import estimate

NOTHING = 1e-9
"""Share of the size of what is compared below which a difference is rounding, and a ratio to it no number."""


def quotient(above: float, below: float, beside: float) -> float | None:
    """above / below, the one rule for every ratio of two means: None where `below` is not above rounding beside `beside`, the
    size of the terms that it was made from."""
    return above / below if below > NOTHING * abs(beside) else None


def is_rounding(value: float | None, *beside: float | None) -> bool:
    """Whether a number is rounding beside the sizes that are known of what it was made from."""
    sizes = [abs(size) for size in beside if size is not None]
    return value is not None and abs(value) <= NOTHING * max(sizes, default=0.0)


def pgr(err_weak: npt.ArrayLike, err_student: npt.ArrayLike, err_ceiling: npt.ArrayLike) -> tuple[float | None, str | None]:
    """Performance gap recovered (Burns et al. 2023), a ratio of means, and the reason where there is none.

        pgr = (err_weak − err_student) / (err_weak − err_ceiling)

    Each (n,), per-example errors on one sample, in one unit; 0/1 errors give `pgr_accuracy`. 0 is the teacher, 1 the ceiling;
    a ceiling that is separably worse than the teacher gives a value too, and the flag `ceiling-not-better`. Raises ShapeError
    and DomainError.
    """
    weak, student, ceiling = (
        as_column(err, name)
        for err, name in ((err_weak, "err_weak"), (err_student, "err_student"), (err_ceiling, "err_ceiling")))
    check_same_shape(weak, student, "err_weak and err_student")
    check_same_shape(weak, ceiling, "err_weak and err_ceiling")
    gap = estimate(weak - ceiling)
    if gap.n == 1:
        return None, "one example gives no interval for the gap"
    if gap.contains_zero:
        return None, "gap's 95 % interval contains 0"
    if quotient(1.0, abs(gap.mean), float(weak.mean() + ceiling.mean())) is None:
        return None, "gap is rounding beside the errors"
    return float((weak - student).mean()) / gap.mean, None


def gain_over_misfit(gain: npt.ArrayLike, misfit: npt.ArrayLike, err_weak: npt.ArrayLike) -> float | None:
    """Mean gain over mean misfit; None where the student is its teacher: where the misfit is rounding beside the teacher's
    error.

    gain, misfit, err_weak: (n,). Raises ShapeError and DomainError.
    """
    gains, misfits, errors = (
        as_column(values, name) for values, name in ((gain, "gain"), (misfit, "misfit"), (err_weak, "err_weak")))
    check_same_shape(gains, misfits, "gain and misfit")
    check_same_shape(gains, errors, "gain and err_weak")
    return quotient(float(gains.mean()), float(misfits.mean()), float(errors.mean()))
