"""The sentences under the table that `w2s-bench predict` prints for a user's own files."""

from __future__ import annotations

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
    from w2s_bench.tables.laws import law_of

    if misfit.mean == 0.0:
        return ["The student repeats its teacher: misfit 0, predicted gain 0."]
    said = [f"{law_of({loss.name})} predicts a gain of {figure(misfit.mean)}: the student errs by that much less than its "
            "teacher." + ("" if check else " No label was used.")]
    if check is None:
        said.append(_when_it_holds(misfit, files, loss))
    known = err_weak if err_weak is not None else check.err_weak.mean if check else None
    if known is not None and misfit.mean > known:
        said.append(f"The misfit is above the teacher's error {figure(known)}, and no gain can be: the student is no projection "
                    "onto a class that holds the truth, or the two were measured on other examples.")
    if check is not None and band is not None:
        said += _band_sentences(check, band, loss)
    return said + _few(misfit, check, files, loss)


def _when_it_holds(misfit: Estimate, files: Joined, loss: Divergence) -> str:
    from w2s_bench.report.wording import figure
    from w2s_bench.scoring.prediction import largest_epsilon

    largest = figure(largest_epsilon(misfit.mean, files.student, files.weak, loss))
    unit = f" {unit}" if (unit := loss.unit_of("")) else ""
    return f"It holds {loss.holds}: some gain is certain only for ε below {largest}{unit}."


def _band_sentences(check: Check, band: Band, loss: Divergence) -> list[str]:
    from w2s_bench.report.wording import figure

    low, half, epsilon = figure(band.low), figure(band.half_width), figure(band.epsilon)
    above = f" (and, in a linear class, {{}} {figure(band.high)})" if band.high is not None and loss.two_sided else ""
    if band.epsilon_from == "student":
        said = [f"Without --ceiling, ε is taken as the student's own error {epsilon}. The student is in its class, so the best "
                "of the class errs by no more; but this band is wide, and true of any two predictors. The strong model fitted on "
                "the truth, as --ceiling, narrows it."]
    else:
        said = [f"ε is the ceiling's error {epsilon}, label noise included; the ceiling is taken to be in the student's class."]
    if band.low <= 0.0:
        wide = (f"its band of ± {half} is as wide as the misfit or wider" if check.two_sided else
                f"it allows {half} less than the misfit, which is all of it or more")
        said.append(f"The law says little here: {wide}, so a gain as low as {low}{above.format('as high as')} is no surprise.")
    else:
        said.append(f"The law says: a gain of at least {low}{above.format('at most')}.")
    away = "" if band.gain_inside_on_labelled else f": {loss.fails}"
    inside = "inside" if band.gain_inside_on_labelled else "outside"
    gain, width = check.gain, figure(band.half_width_on_labelled)
    about = f"the band of ± {width} about" if check.two_sided else f"what the law allows, no more than {width} below"
    said.append(f"Measured on {gain.n} labelled ids: gain {figure(gain.mean)} (95 % {figure(gain.low)} to {figure(gain.high)}), "
                f"{inside} {about} their misfit {figure(check.misfit.mean)}{away}.")
    return said


def _few(misfit: Estimate, check: Check | None, files: Joined, loss: Divergence) -> list[str]:
    """What so few examples are worth, and the classes of which there is none among the labelled."""
    from w2s_bench.report.wording import figure
    from w2s_bench.scoring.flags import FEW_TEST_EXAMPLES
    from w2s_bench.scoring.prediction import accuracies

    said = []
    if check is None:
        if misfit.n < FEW_TEST_EXAMPLES:
            said.append(f"{misfit.n} ids are few (below {FEW_TEST_EXAMPLES}): the misfit is anything from {figure(misfit.low)} "
                        f"to {figure(misfit.high)} (95 %).")
        return said
    gain = check.gain
    if gain.n < FEW_TEST_EXAMPLES:
        said.append(f"{gain.n} labelled ids are few (below {FEW_TEST_EXAMPLES}): the gain is anything from {figure(gain.low)} to "
                    f"{figure(gain.high)} (95 %).")
    if loss.output != "classes" or files.truth is None:
        return said
    if gain.n < FEW_TEST_EXAMPLES:
        right = accuracies(files.student[files.labelled], files.weak[files.labelled], files.truth).student
        said.append(f"An accuracy of {100 * right.mean:.0f} % on {gain.n} examples stands for anything from "
                    f"{100 * right.low:.0f} to {100 * right.high:.0f} % (95 %).")
    lacking = [name for name, held in zip(files.outputs, files.truth.sum(axis=0) > 0.0, strict=True) if not held]
    return said + ([f"No labelled id is of class {', '.join(lacking)}: nothing is known of these."] if lacking else [])
