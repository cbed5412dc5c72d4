"""The band that the law leaves about the misfit of a user's own files, where what it rests on is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from w2s_bench.contracts.errors import UsageError

if TYPE_CHECKING:
    from w2s_bench.contracts import Divergence
    from w2s_bench.report.own.files import Joined
    from w2s_bench.scoring.intervals import Estimate
    from w2s_bench.scoring.prediction import Check, Leeway


class Band(msgspec.Struct, frozen=True):
    """low, high: of the gain on all ids, in the unit of D; high is None where the law has no upper end.

    half_width: from the misfit to low. epsilon, epsilon_high: on the labelled ids, of the ceiling or the student
    (`epsilon_from`), and the upper end of its interval, from which the band of all ids is made. delta: what was said of it,
    None where the band needs none. half_width_on_labelled, gain_inside_on_labelled: the band about the misfit of the labelled
    ids, with epsilon itself, and whether their gain lies in it.
    """

    low: float
    high: float | None
    half_width: float
    epsilon: float
    epsilon_high: float
    epsilon_from: str
    delta: float | None
    half_width_on_labelled: float
    gain_inside_on_labelled: bool


def band_of(misfit: Estimate, check: Check, files: Joined, loss: Divergence, delta: float | None) -> Band | None:
    """The band of the ceiling's error where δ is known, else that of the student's own error, which is true of any two
    predictors; None where the labelled ids are too few for an interval of ε.

    misfit: over all ids. Raises UsageError for a δ of which the divergence has no law.
    """
    from w2s_bench.scoring.prediction import leeway_of_class, mean_spread, own_leeway

    of_class = check.err_ceiling is not None and delta is not None
    epsilon = check.err_ceiling if of_class else check.err_student
    assert epsilon is not None
    if epsilon.n < 2:
        return None
    slip = _slip(check, files, loss, delta) if of_class and delta is not None else 0.0
    found: Leeway = leeway_of_class(check, epsilon.mean, loss, slip) if of_class else own_leeway(check, loss)
    half = loss.reach(misfit.mean, epsilon.high, mean_spread(files.student, files.weak, loss)) + slip
    high = min(misfit.mean + half, check.err_weak.high) if found.two_sided else None  # no gain is above the teacher's error
    return Band(low=misfit.mean - half, high=high, half_width=half,
                epsilon=epsilon.mean, epsilon_high=epsilon.high, epsilon_from="ceiling" if of_class else "student",
                delta=delta if of_class else None, half_width_on_labelled=found.half, gain_inside_on_labelled=found.inside)


def _slip(check: Check, files: Joined, loss: Divergence, delta: float) -> float:
    """How much further δ lets the gain fall, as the divergence's bound of an inexact student says on the labelled ids."""
    from w2s_bench.compute.own_score import NOTHING_KNOWN, Given, own_score

    if delta == 0.0:
        return 0.0
    if not loss.inexact:
        raise UsageError(f"{loss.name} has no law of a student that is no exact projection", where="--delta",
                         hint="leave --delta out, or give 0 for an exact projection")
    assert files.truth is not None and files.ceiling is not None and check.err_ceiling is not None
    facts = msgspec.structs.replace(NOTHING_KNOWN, delta=delta)
    labelled = Given(files.truth, files.weak[files.labelled], files.student[files.labelled], files.ceiling)
    bounds = own_score(labelled, loss.name, facts).bounds
    (slack,) = bounds.filter(bounds["bound"] == loss.inexact)["slack"].to_list()
    allowed = slack - check.gain_less_misfit.mean
    return float(max(allowed - loss.reach(check.misfit.mean, check.err_ceiling.mean, check.spread), 0.0))
