"""What `w2s-bench predict` says of a user's own files."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from w2s_bench.errors import UsageError, W2SError

if TYPE_CHECKING:
    from w2s_bench.prediction_files import Joined
    from w2s_bench.scoring.divergence import Divergence
    from w2s_bench.scoring.intervals import Estimate
    from w2s_bench.scoring.prediction import Check


def show_own_prediction(*, weak: str | None, student: str | None, truth: str | None, ceiling: str | None,
                        err_weak: float | None, divergence: str | None, as_json: bool, as_csv: bool) -> None:
    """Read, join, score and print. Raises W2SError for everything that a user can mend."""
    import polars as pl

    from w2s_bench.cli.listing import print_csv, print_json
    from w2s_bench.prediction_files import joined
    from w2s_bench.scoring.divergence import divergence as named
    from w2s_bench.scoring.prediction import check_prediction, predicted_gain

    if weak is None or student is None:
        raise UsageError(f"--{'weak' if weak is None else 'student'} is missing", hint="the misfit needs --weak and --student")
    if err_weak is not None and not (math.isfinite(err_weak) and err_weak >= 0.0):
        raise UsageError(f"an error is 0 or more, not {err_weak}", where="--err-weak")
    if err_weak is not None and truth is not None:
        raise UsageError("--err-weak and --truth both say how wrong the weak labels are", hint="give one of the two")
    loss = named(divergence or "squared")
    files = joined(*(_read(path, loss) for path in (weak, student, truth, ceiling)))
    misfit = predicted_gain(files.student, files.weak, loss)
    check = None if files.truth is None else check_prediction(
        files.student[files.labelled], files.weak[files.labelled], files.truth, files.ceiling, loss)
    quantities = _quantities(misfit, check, err_weak)
    band = _band(misfit, check)
    said = _sentences(misfit, check, band, err_weak, loss)
    if as_json:
        print_json({"weak": weak, "student": student, "truth": truth, "ceiling": ceiling, "divergence": loss.name,
                    "outputs": list(files.outputs), "quantities": quantities, "band": band, "says": said})
    elif as_csv:
        print_csv(pl.DataFrame(quantities, schema={"quantity": pl.String, "on": pl.String, "n": pl.Int64, **dict.fromkeys(
            ("value", "se", "low", "high"), pl.Float64)}))
    else:
        _print(quantities, said, f"{student} on the labels of {weak}", files, loss)


def _read(path: str | None, loss: Divergence) -> Any:
    """The file, with rows that the divergence takes."""
    from w2s_bench.errors import DataError
    from w2s_bench.prediction_files import read_predictions

    if path is None:
        return None
    found = read_predictions(path)
    try:
        loss.conform(found.values)
    except W2SError as error:
        raise DataError(error.what, where=path, hint=error.hint) from None
    return found


def _quantities(misfit: Estimate, check: Check | None, err_weak: float | None) -> list[dict[str, Any]]:
    from w2s_bench.scoring.prediction import predicted_error

    found = [_quantity("misfit = predicted gain", "all ids", misfit)]
    if err_weak is not None:
        found.append(_quantity("predicted error of the student", "all ids", predicted_error(err_weak, misfit)))
    if check is None:
        return found
    epsilon = "ε: error of the ceiling" if check.epsilon_from == "ceiling" else "ε at most: error of the student"
    named = (("misfit = predicted gain", check.misfit), ("gain", check.gain), ("gain − misfit", check.gain_less_misfit),
             ("error of the weak labels", check.err_weak), ("predicted error of the student", check.predicted_err),
             ("error of the student", check.err_student), (epsilon, check.epsilon))
    return found + [_quantity(name, "labelled ids", value) for name, value in named]


def _quantity(name: str, on: str, found: Estimate) -> dict[str, Any]:
    numbers = {"value": found.mean, "se": found.se, "low": found.low, "high": found.high}
    return {"quantity": name, "on": on, "n": found.n, **{key: v if math.isfinite(v) else None for key, v in numbers.items()}}


def _band(misfit: Estimate, check: Check | None) -> dict[str, Any] | None:
    """The explicit band about the misfit of all ids, with the labelled estimate of ε; null for `kl` or without truth."""
    from w2s_bench.scoring.prediction import explicit_band, inside_band

    if check is None or check.band is None:
        return None
    half = float(explicit_band([misfit.mean], [check.epsilon.mean])[0])
    size = check.err_weak.mean + check.err_student.mean + check.misfit.mean
    inside = inside_band([check.gain.mean], [check.misfit.mean], [check.epsilon.mean], [size])
    return {"low": misfit.mean - half, "high": misfit.mean + half, "half_width": half, "epsilon": check.epsilon.mean,
            "epsilon_from": check.epsilon_from, "half_width_on_labelled": check.band,
            "gain_inside_on_labelled": bool(inside[0])}


def _print(quantities: list[dict[str, Any]], said: list[str], title: str, files: Joined, loss: Divergence) -> None:
    from w2s_bench.cli.listing import print_table, say
    from w2s_bench.terminal_table import figure

    lines = [[line["quantity"], line["on"], str(line["n"]), f"{figure(line['value'])} ± {figure(line['se'])}",
              "-" if line["low"] is None else f"{figure(line['low'])} to {figure(line['high'])}"] for line in quantities]
    outputs = files.outputs[0] if len(files.outputs) == 1 else f"{len(files.outputs)} outputs ({', '.join(files.outputs)})"
    print_table(title, f"{loss.name} loss of {outputs}; {loss.unit}", ["", "on", "n", "value ± se", "95 %"], lines, 2)
    say(said)


def _sentences(misfit: Estimate, check: Check | None, band: dict[str, Any] | None, err_weak: float | None,
               loss: Divergence) -> list[str]:
    from w2s_bench.scoring.prediction import BANDED
    from w2s_bench.terminal_table import figure

    m = figure(misfit.mean)
    if misfit.mean == 0.0:
        return ["The student repeats its teacher: misfit 0, predicted gain 0."]
    said = [f"Theorem 1 predicts a gain of {m}: the student errs by that much less than its teacher." + (
            "" if check else " No label was used.")]
    if loss.name not in BANDED:
        said.append("For kl this holds where the student minimises KL(student ‖ weak) over a class that is convex in "
                    "probabilities and holds the truth; the explicit band is for squared and brier.")
    elif check is None:
        said.append("It holds where the student is the best fit to the weak labels in a convex class that holds the truth. "
                    "Where the class misses the truth by ε, the gain may be as much as 2·sqrt(misfit·ε) less: "
                    f"some gain is certain only for ε below misfit / 4 = {figure(misfit.mean / 4.0)}.")
    known = err_weak if err_weak is not None else check.err_weak.mean if check else None
    if known is not None and misfit.mean > known:
        said.append(f"The misfit is above the teacher's error {figure(known)}, and no gain can be: the student is no projection "
                    "onto a class that holds the truth, or the two were measured on other examples.")
    if check is not None and band is not None:
        said += _band_sentences(check, band)
    return said


def _band_sentences(check: Check, band: dict[str, Any]) -> list[str]:
    from w2s_bench.terminal_table import figure

    low, high, half = (figure(band[name]) for name in ("low", "high", "half_width"))
    epsilon = figure(band["epsilon"])
    if band["epsilon_from"] == "student":
        said = [f"Without --ceiling, ε is taken as the student's own error {epsilon}. The student is in its class, so the best "
                "of the class errs by no more; but this band is wide, and true of any two predictors. The strong model fitted on "
                "the truth, as --ceiling, narrows it."]
    else:
        said = [f"ε is the ceiling's error {epsilon}, label noise included; the ceiling is taken to be in the student's class."]
    if band["low"] <= 0.0:
        said.append(f"The law says little here: its band of ± {half} is as wide as the misfit or wider, so it allows a gain as "
                    f"low as {low} (and, in a linear class, as high as {high}).")
    else:
        said.append(f"The law says: a gain of at least {low} (and, in a linear class, at most {high}).")
    inside = "inside" if band["gain_inside_on_labelled"] else "outside"
    away = "" if band["gain_inside_on_labelled"] else (
        ": the student is no exact projection on these examples, its class is not linear, or the ceiling is not in it")
    gain = check.gain
    said.append(f"Measured on {gain.n} labelled ids: gain {figure(gain.mean)} (95 % {figure(gain.low)} to {figure(gain.high)}), "
                f"{inside} the band of ± {figure(band['half_width_on_labelled'])} about their misfit "
                f"{figure(check.misfit.mean)}{away}.")
    return said
