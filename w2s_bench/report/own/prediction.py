"""What `w2s-bench predict` says of a user's own files."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from w2s_bench.contracts.errors import UsageError
from w2s_bench.registry.measures import named_divergence
from w2s_bench.report.own.band import band_of

if TYPE_CHECKING:
    from w2s_bench.contracts import Divergence
    from w2s_bench.report.own.files import Joined
    from w2s_bench.scoring.intervals import Estimate
    from w2s_bench.scoring.prediction import Accuracies, Check
    from w2s_bench.tables.values import Values


class OwnFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Paths of a user's files, and what is said of them: the error of the weak labels, δ of the student, the divergence."""

    weak: str | None
    student: str | None
    truth: str | None
    ceiling: str | None
    err_weak: float | None
    delta: float | None
    divergence: str | None

    def checked(self) -> tuple[str, str]:
        """The weak labels and the student. Raises UsageError where one is missing, or two things contradict each other."""
        if self.weak is None or self.student is None:
            raise UsageError(f"--{'weak' if self.weak is None else 'student'} is missing",
                             hint="the misfit needs --weak and --student")
        for value, option in ((self.err_weak, "--err-weak"), (self.delta, "--delta")):
            if value is not None and not (math.isfinite(value) and value >= 0.0):
                raise UsageError(f"{'an error' if option == '--err-weak' else 'δ'} is 0 or more, not {value}", where=option)
        if self.err_weak is not None and self.truth is not None:
            raise UsageError("--err-weak and --truth both say how wrong the weak labels are", hint="give one of the two")
        if self.delta is not None and (self.truth is None or self.ceiling is None):
            raise UsageError("δ makes a band together with ε, the ceiling's error", where="--delta",
                             hint="give --truth and --ceiling too")
        return self.weak, self.student


def show_own_prediction(own: OwnFiles, as_json: bool, as_csv: bool) -> None:
    """Read, join, score and print. Raises W2SError for everything that a user can mend."""
    import polars as pl

    from w2s_bench.report.listing import print_csv, print_json
    from w2s_bench.report.own.files import check_not_clipped, read_joined
    from w2s_bench.report.own.words import sentences
    from w2s_bench.scoring.prediction import check_prediction, own_misfit

    weak, student = own.checked()
    loss = named_divergence(own.divergence, where="--divergence")
    files = read_joined(weak, student, own.truth, own.ceiling, of_classes=loss.output == "classes")
    check_not_clipped(weak, files.weak, loss)
    misfit = own_misfit(files.student, files.weak, loss)
    if own.delta is not None and own.delta > misfit.mean:
        raise UsageError(f"δ is a part of the misfit, which is {misfit.mean:.4g}, and not {own.delta}", where="--delta")
    check = None if files.truth is None else check_prediction(
        files.student[files.labelled], files.weak[files.labelled], files.truth, files.ceiling, loss)
    quantities = _quantities(misfit, check) + (_of_classes(files) if loss.output == "classes" else [])
    band = None if check is None else band_of(misfit, check, files, loss, own.delta)
    said = sentences(misfit, check, band, own.err_weak, files, loss)
    if as_json:
        print_json({"weak": weak, "student": student, "truth": own.truth, "ceiling": own.ceiling, "divergence": loss.name,
                    "outputs": list(files.outputs), "quantities": quantities,
                    "band": band and msgspec.structs.asdict(band), "says": said})
    elif as_csv:
        print_csv(pl.DataFrame(quantities, schema={"quantity": pl.String, "on": pl.String, "n": pl.Int64, **dict.fromkeys(
            ("value", "se", "low", "high"), pl.Float64)}))
    else:
        _print(quantities, said, f"{student} on the labels of {weak}", files, loss)


def _quantities(misfit: Estimate, check: Check | None) -> list[Values]:
    found = [_quantity("misfit", "all ids", misfit)]
    if check is None:
        return found
    named = [("misfit", check.misfit), ("gain", check.gain), ("gain − misfit", check.gain_less_misfit),
             ("error of the weak labels", check.err_weak), ("error of the student", check.err_student)]
    named += [("ε: error of the ceiling", check.err_ceiling)] if check.err_ceiling else []
    return found + [_quantity(name, "labelled ids", value) for name, value in named]


def _of_classes(files: Joined) -> list[Values]:
    """Agreement, which needs no label, and accuracies where there are labels."""
    from w2s_bench.scoring.prediction import accuracies, agreement_of

    found = [_quantity("agreement of student and weak labels", "all ids", agreement_of(files.student, files.weak))]
    if files.truth is None:
        return found
    right: Accuracies = accuracies(files.student[files.labelled], files.weak[files.labelled], files.truth)
    named = (("accuracy of the weak labels", right.weak), ("accuracy of the student", right.student),
             ("gain in accuracy", right.gain))
    return found + [_quantity(name, "labelled ids", value) for name, value in named]


def _quantity(name: str, on: str, found: Estimate) -> Values:
    numbers = {"value": found.mean, "se": found.se, "low": found.low, "high": found.high}
    return {"quantity": name, "on": on, "n": found.n, **{key: v if math.isfinite(v) else None for key, v in numbers.items()}}


def _print(quantities: list[Values], said: list[str], title: str, files: Joined, loss: Divergence) -> None:
    from w2s_bench.report.listing import print_table, say
    from w2s_bench.report.table import Shown, Table, count, words
    from w2s_bench.report.wording import figure

    columns = (
        Shown(name="quantity", head="", cell=lambda line: str(line["quantity"]), wordy=True, least=1), words("on"), count("n"),
        Shown(name="value", head="value ± se", cell=lambda line: f"{figure(line['value'])} ± {figure(line['se'])}"),
        Shown(name="low", head="95 % over ids",
              cell=lambda line: "-" if line["low"] is None else f"{figure(line['low'])} to {figure(line['high'])}"))
    outputs = files.outputs[0] if len(files.outputs) == 1 else f"{len(files.outputs)} outputs ({', '.join(files.outputs)})"
    print_table(Table(title=title, about=f"{loss.name} loss of {outputs}; {loss.unit}", columns=columns, lines=tuple(quantities)))
    say(said)
