"""What `w2s-bench select` says of a user's own files: several teachers, each with its student."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from w2s_bench.contracts.errors import UsageError
from w2s_bench.registry.measures import named_divergence

if TYPE_CHECKING:
    from w2s_bench.contracts import Array, Divergence
    from w2s_bench.report.own.files import Joined
    from w2s_bench.report.table import Shown
    from w2s_bench.report.wording import Line
    from w2s_bench.tables.values import Values


class OwnTeachers(msgspec.Struct, frozen=True, kw_only=True):
    """Paths of the weak labels of several teachers and of their students, in one order; labels for a part of the ids."""

    weak: tuple[str, ...]
    student: tuple[str, ...]
    truth: str | None
    divergence: str | None

    def pairs(self) -> list[tuple[str, str]]:
        """Teachers, each with its student. Raises UsageError where one lacks the other, or there is nothing to choose."""
        missing = len(self.weak) - len(self.student)
        if missing:
            lone = (self.weak if missing > 0 else self.student)[min(len(self.weak), len(self.student))]
            said, lacks = ("student", "--student") if missing > 0 else ("teacher", "--weak")
            raise UsageError(f"{lone} has no {said}: {len(self.weak)} --weak and {len(self.student)} --student", where=lacks,
                             hint="give one --weak and one --student for each teacher, in the same order")
        if len(self.weak) < 2:
            raise UsageError(f"{len(self.weak)} teacher, so there is nothing to choose", where="--weak",
                             hint="give --weak and --student once for each teacher")
        twice = [path for path in self.weak if self.weak.count(path) > 1]
        if twice:
            raise UsageError(f"{twice[0]} is named twice", where="--weak", hint="each teacher once")
        return list(zip(self.weak, self.student, strict=True))


def show_own_selection(own: OwnTeachers, as_json: bool, as_csv: bool) -> None:
    """Read, join, score and print. Raises W2SError for everything that a user can mend."""
    import polars as pl

    from w2s_bench.report.listing import print_csv, print_json
    from w2s_bench.report.own.files import check_not_clipped

    pairs = own.pairs()
    loss = named_divergence(own.divergence, where="--divergence")
    files = _files(pairs, own.truth, loss)
    for (weak, _), each in zip(pairs, files, strict=True):
        check_not_clipped(weak, each.weak, loss)
    lines, said = _judged([weak for weak, _ in pairs], files, loss)
    for line, (_, student) in zip(lines, pairs, strict=True):
        line["student"] = student
    if as_json:
        print_json({"teachers": lines, "truth": own.truth, "divergence": loss.name, "says": said})
    elif as_csv:
        print_csv(pl.DataFrame(lines))
    else:
        _print(lines, said, loss)


def _files(pairs: Sequence[tuple[str, str]], truth: str | None, loss: Divergence) -> list[Joined]:
    """Each teacher with its student, all in the order of the ids of the first."""
    from w2s_bench.report.own.files import joined, read_classes, read_distributions, read_predictions, reordered

    of_classes = loss.output == "classes"
    read = read_distributions if of_classes else read_predictions
    first = read(pairs[0][0])
    labels = None if truth is None else read_classes(truth, first) if of_classes else read(truth)
    return [joined(reordered(read(weak), first), read(student), labels) for weak, student in pairs]


def _judged(names: Sequence[str], files: Sequence[Joined], loss: Divergence) -> tuple[list[Values], list[str]]:
    """A line a teacher, and which to take: by err_weak − misfit on the labelled ids, or by the misfit of all ids alone."""
    import numpy as np

    from w2s_bench.scoring.prediction import check_prediction, own_misfit
    from w2s_bench.tables.groups import fields

    lines: list[Values] = []
    errors: list[float] = []
    for name, each in zip(names, files, strict=True):
        line: Values = {"weak": name, "student": "", "n": len(each.weak),
                        **fields("misfit", own_misfit(each.student, each.weak, loss))}
        if each.truth is not None:
            check = check_prediction(each.student[each.labelled], each.weak[each.labelled], each.truth, None, loss)
            line |= {"labelled": len(each.labelled), **fields("err_weak", check.err_weak), **fields("criterion", check.criterion),
                     **fields("err_student", check.err_student)}
            errors.append(check.err_student.mean)
        lines.append(line)
    known = files[0].truth is not None
    values = np.column_stack([_criterion(each, loss) for each in files])
    said = _recommendation(names, values, known=known)
    if known:
        best = int(np.argmin(errors))
        said.append(f"Measured on the labelled ids, the student of {names[best]} errs least; these ids chose it, so a fresh "
                    "sample would be less kind to it.")
    return lines, said


def _criterion(files: Joined, loss: Divergence) -> Array:
    """err_weak − misfit of each labelled id, or without truth −misfit of each id."""
    import numpy as np

    at = slice(None) if files.truth is None else files.labelled
    weak, student = (loss.conform(np.asarray(values[at])) for values in (files.weak, files.student))
    misfit: Array = loss.between(student, weak)
    return -misfit if files.truth is None else loss.between(loss.conform_truth(files.truth), weak) - misfit


def _recommendation(names: Sequence[str], values: Array, *, known: bool) -> list[str]:
    from w2s_bench.report.wording import plus_minus
    from w2s_bench.scoring.recommendation import criterion_of, recommended

    found = recommended(values)
    take, after = names[found.take], names[found.runner_up]
    ids = f"{len(values)} {'labelled ids' if known else 'ids'}"
    by = "err_weak − misfit" if known else "the misfit"
    half = found.difference.high - found.difference.mean if found.difference.n > 1 else None
    apart = (f"{'more' if known else 'less'} by {plus_minus(found.difference.mean, half)} (95 % over {ids}, corrected for the "
             "number of teachers)")
    told = "They cannot be told apart." if found.runner_up in found.tied else "They can be told apart."
    others = [names[other] for other in found.tied if other != found.runner_up]
    more = [f"Nor can it be told from {', '.join(others)}." if found.runner_up in found.tied else
            f"It cannot be told from {', '.join(others)}."] if others else []
    least = criterion_of(values, found.take)
    if known and not least.contains_zero and least.mean < 0.0:
        return [f"{take} has the least err_weak − misfit, and it is below 0 beyond noise: its misfit is above its error, so its "
                "student is no projection onto a class that holds the truth, and the rule chooses nothing here."]
    if known and least.mean < 0.0:
        more.append("Its err_weak − misfit is below 0, which no projection onto a class that holds the truth has on the examples "
                    "that it was fitted on; these ids do not tell it from 0.")
    if known:
        return [f"Take {take}, by the least err_weak − misfit; the runner-up is {after}, whose {by} is {apart}. {told}", *more,
                "The rule is right where each student is the best fit to its teacher's labels in a convex class that holds the "
                "truth."]
    return [f"By misfit alone {take} comes first, then {after}, whose misfit is {apart}. {told}", *more,
            "This is a ranking by misfit only, which favours the teacher that its student disagrees with most: a teacher of "
            "noise comes first in it. --truth, for a part of the ids, adds the teachers' errors."]


def _print(lines: list[Values], said: list[str], loss: Divergence) -> None:
    from w2s_bench.report.listing import print_table, say
    from w2s_bench.report.table import Table, count, interval, words

    known = "criterion" in lines[0]
    named: tuple[Shown, ...] = (words("weak"), words("student"), count("n", "ids"), interval("misfit", "misfit ± 95 %"))
    judged: tuple[Shown, ...] = (
        count("labelled", "labelled ids"), interval("err_weak", "err weak ± 95 %"),
        interval("criterion", "err_weak − misfit ± 95 %"), interval("err_student", "err student ± 95 %")) if known else ()
    order = sorted(lines, key=_place)
    print_table(Table(title="teachers", about=f"{loss.name} loss; {loss.unit}; ± over ids", columns=(*named, *judged),
                      lines=tuple(order)))
    say(said)


def _place(line: Line) -> float:
    return float(line["criterion"] if "criterion" in line else -line["misfit"])
