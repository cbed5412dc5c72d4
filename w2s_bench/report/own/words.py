"""The sentences under the table that `w2s-bench predict` prints for a user's own files."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from w2s_bench.contracts import Divergence
    from w2s_bench.report.own.band import Band
    from w2s_bench.report.own.files import Joined
    from w2s_bench.scoring.intervals import Estimate
    from w2s_bench.scoring.prediction import Check


def sentences(misfit: Estimate, check: Check | None, band: Band | None, err_weak: float | None, files: Joined,
              loss: Divergence) -> list[str]:
    """What the numbers say and what they do not. err_weak: error of the weak labels where the user knows it."""
    from w2s_bench.report.wording import figure

    if misfit.mean == 0.0:
        return ["The student repeats its teacher: misfit 0, and gain 0."]
    said = [f"The student is {_with_ends(misfit, 'ids')} from the weak labels: that is the misfit." +
            ("" if check else " No label was used."), f"The misfit is the gain only {loss.holds}; of a student whose "
            "misfit is δ above the least in its class it may be less still."]
    if check is None:
        said.append(_unknown(misfit, files, loss))
    known = err_weak if err_weak is not None else check.err_weak.mean if check else None
    if known is not None and misfit.mean > known:
        said.append(f"The misfit is above the teacher's error {figure(known)}, and no gain can be: the student is no projection "
                    "onto a class that holds the truth, or the two were measured on other examples.")
    elif err_weak is not None:
        said.append(f"Under these conditions, and no others, the student would err by {figure(err_weak - misfit.mean)} or less, "
                    "the teacher's error less the misfit.")
    if check is not None:
        said += [_measured(check), *_band_sentences(misfit, check, band, files, loss)]
    return said + _few(misfit, check, files, loss)


def _with_ends(found: Estimate, over: str) -> str:
    """ "0.3 (95 % 0.2 to 0.4 over 40 ids)"."""
    from w2s_bench.report.wording import figure

    if not math.isfinite(found.low):
        return f"{figure(found.mean)} (1 of the {over})"
    return f"{figure(found.mean)} (95 % {figure(found.low)} to {figure(found.high)} over {found.n} {over})"


def _unknown(misfit: Estimate, files: Joined, loss: Divergence) -> str:
    from w2s_bench.report.wording import figure
    from w2s_bench.scoring.prediction import largest_epsilon

    largest = largest_epsilon(misfit.mean, files.student, files.weak, loss)
    unit = f" {unit}" if (unit := loss.unit_of("")) else ""
    return (f"Neither ε nor δ is known here, so no gain is predicted: even with δ = 0 a gain is certain only for ε below "
            f"{figure(largest)}{unit}. --truth, for a part of the ids, measures it.")


def _measured(check: Check) -> str:
    gain = check.gain
    told = ("the student errs more than its teacher" if gain.high < 0.0 else
            "the student errs less than its teacher" if gain.low > 0.0 else "it cannot be told from 0")
    return f"Measured: the gain is {_with_ends(gain, 'labelled ids')}, so {told}." if math.isfinite(gain.low) else (
        f"Measured: the gain is {_with_ends(gain, 'labelled ids')}.")


def _band_sentences(misfit: Estimate, check: Check, band: Band | None, files: Joined, loss: Divergence) -> list[str]:
    from w2s_bench.report.wording import figure

    said = []
    if check.err_ceiling is not None and (band is None or band.epsilon_from == "student"):
        said.append("δ is not known of files, so the ceiling's error makes no band; --delta would say it.")
    if band is None or (band.epsilon_from == "student" and len(files.labelled) == len(files.weak)):
        return said
    half, low, upper = figure(band.half_width), figure(band.low), f"at most {figure(band.epsilon_high)}, its upper 95 % end"
    of_class = f"the ceiling in the student's class, its error as ε ({upper}), and δ = {figure(band.delta)}"
    why = (f"Whatever the student's class, its own error as ε ({upper}) keeps" if band.epsilon_from == "student" else
           f"With {of_class}, the law keeps")
    within = f"within {half} of their misfit" if band.high is not None else f"no more than {half} below their misfit"
    if not band.gain_inside_on_labelled:
        return [*said, f"The gain of the labelled ids is outside the band of {of_class}, so it predicts nothing: {loss.fails}."]
    if band.half_width >= misfit.mean:
        return [*said, f"{why} the gain of all ids {within}, which is all of it or more: the misfit predicts no gain."]
    ends = f"from {low} to {figure(band.high)}" if band.high is not None else f"of {low} or more"
    return [*said, f"{why} the gain of all ids {within}: so far the misfit predicts it, {ends}."]


def _few(misfit: Estimate, check: Check | None, files: Joined, loss: Divergence) -> list[str]:
    """What so few examples are worth, and the classes of which there is none among the labelled."""
    from w2s_bench.scoring.flags import FEW_TEST_EXAMPLES
    from w2s_bench.scoring.prediction import accuracies

    said = []
    if check is None:
        return [f"{misfit.n} ids are few (below {FEW_TEST_EXAMPLES}): the interval of the misfit may be too narrow."] * (
            misfit.n < FEW_TEST_EXAMPLES)
    gain = check.gain
    if gain.n < FEW_TEST_EXAMPLES:
        said.append(f"{gain.n} labelled ids are few (below {FEW_TEST_EXAMPLES}): intervals over them may be too narrow.")
    if loss.output != "classes" or files.truth is None:
        return said
    if gain.n < FEW_TEST_EXAMPLES:
        right = accuracies(files.student[files.labelled], files.weak[files.labelled], files.truth).student
        said.append(f"An accuracy of {100 * right.mean:.0f} % on {gain.n} examples stands for anything from "
                    f"{100 * right.low:.0f} to {100 * right.high:.0f} % (95 %).")
    lacking = [name for name, held in zip(files.outputs, files.truth.sum(axis=0) > 0.0, strict=True) if not held]
    return said + ([f"No labelled id is of class {', '.join(lacking)}: nothing is known of these."] if lacking else [])
