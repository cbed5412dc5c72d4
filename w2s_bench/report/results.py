"""The columns of the results: what a summary shows of its groups, in a terminal, in Markdown and on the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from w2s_bench.contracts.giveaways import IN_INPUTS, IN_ORDER
from w2s_bench.report.table import Shown, Tone, count, number, words
from w2s_bench.report.wording import PERCENT, Line, counted, figure, mark_of, rounding, with_half
from w2s_bench.scoring.verdict import STATED
from w2s_bench.tables.summary import COUNTS, MEANS

if TYPE_CHECKING:
    import polars as pl

FLAG_LETTERS = {
    "teacher-collapsed": "T", "ceiling-not-better": "C", "gap-inside-noise": "N",
    "student-equals-teacher": "E", "student-equals-ceiling": "P", "teacher-at-chance": "A", "teacher-at-majority": "J",
    "labels-clipped": "L",
    "band-wider-than-misfit": "B", "few-test-examples": "F", "constant-labels": "K", "splits-overlap": "O",
    "not-above-shuffled": "S", "not-converged": "V", "class-missing-in-supervise": "M", "class-missing-in-transfer": "M",
    "class-missing-in-test": "M", IN_INPUTS: "X", IN_ORDER: "R",
}
"""Flags of one letter say one thing of different splits."""

_ROLES = ("weak", "student", "ceiling")
_ALARMS = ("violated", "undecided")


def result_names() -> tuple[Shown, ...]:
    """What tells the groups of a summary apart, each in a column of its own."""
    return tuple(words(name) for name in ("weak", "strong", "strategy", "supervisor", "direction"))


def result_figures(exponent: int = 0) -> tuple[Shown, ...]:
    """The figures of a summary, in the order in which they are read. exponent: the power of ten of errors in a terminal.

    `sheds` says what a narrow terminal leaves out first.
    """
    def error(role: str, sheds: int) -> Shown:
        return number(f"err_{role}", f"err {role}", exponent=exponent, short=f"err\n{role}", sheds=sheds)

    return (
        count("n_seeds", "seeds", "n"), error("weak", 2), error("student", 4), error("ceiling", 1),
        Shown(name="err_constant", head="err constant", cell=lambda line: figure(line["err_constant"]),
              when=_known("err_constant"), places=("markdown", "page")),
        Shown(name="gain", head="gain ± 95 %", cell=_with_interval("gain", exponent), tone=_tone_of_gain("gain")),
        number("misfit", exponent=exponent, sheds=6),
        number("gain_over_misfit", "gain / misfit", digits=2, short="gain/\nmisfit", sheds=5),
        number("tightness", digits=2, short="lhs/\nrhs", sheds=3),
        Shown(name="accuracy_student", head="accuracy, weak → student / ceiling", short="accuracy, weak →\nstudent / ceiling",
              cell=_accuracies, when=of_classes, places=("terminal",)),
        *(_apart_from_terminal(number(f"accuracy_{role}", f"accuracy {role}", exponent=PERCENT, digits=2)) for role in _ROLES),
        Shown(name="accuracy_majority", head="accuracy majority", cell=lambda line: figure(line["accuracy_majority"], PERCENT, 2),
              when=_known("accuracy_majority"), places=("markdown", "page")),
        Shown(name="gain_accuracy", head="gain accuracy ± 95 %", short="gain acc\n± 95 %", when=of_classes,
              cell=_with_interval("gain_accuracy", PERCENT, 2), tone=_tone_of_gain("gain_accuracy")),
        Shown(name="verdict", head="bound", cell=verdict_text, wordy=True, tone=_tone_of_verdict, sheds=7, places=("terminal",)),
        Shown(name="verdict", head="bound", cell=lambda line: verdict_text(line) + lacking(line), wordy=True, least=1,
              places=("markdown", "page")),
        Shown(name="flags", head="flags", cell=lambda line: flag_letters(line["flags"]), wordy=True, tone=_tone_of_verdict,
              places=("terminal",)),
        Shown(name="flags", head="flags", cell=lambda line: ", ".join(line["flags"]), wordy=True, least=1,
              places=("markdown", "page")),
    )


def of_classes(lines: Sequence[Line]) -> bool:
    """Whether any of these lines is of classes, and so has accuracies."""
    return any(line["classes"] is not None for line in lines)


def _known(name: str) -> Callable[[Sequence[Line]], bool]:
    return lambda lines: any(line[name] is not None for line in lines)


def verdict_text(line: Line) -> str:
    """ "holds 3/3"; "no statement" where none is certified, "says nothing" where none has content; mixed verdicts with the count
    of each; - where the bound does not apply."""
    counts = {verdict: line[column] for verdict, column in COUNTS.items() if line[column]}
    if len(counts) > 1:
        return ", ".join(f"{verdict} {count}" for verdict, count in counts.items())
    return next((f"{verdict} {count}/{count}" if verdict in STATED else verdict for verdict, count in counts.items()), "-")


def verdict_in_short(line: Line) -> str:
    """The verdict of most seeds, or an alarm where one is raised: "holds 5/8", "violated 1/8"."""
    counts = {verdict: line[column] for verdict, column in COUNTS.items() if line[column]}
    if len(counts) < 2:
        return verdict_text(line)
    told = next((verdict for verdict in _ALARMS if verdict in counts), max(counts, key=lambda verdict: counts[verdict]))
    return f"{told} {counts[told]}/{sum(counts.values())}"


def lacking(line: Line) -> str:
    """ ": exact projection, reference in class" after a verdict that makes no statement."""
    named = ", ".join(line["fails"] or ()).replace("_", " ")
    return f": {named}" if named and line["verdict"] == "no statement" else ""


def flag_letters(flags: Sequence[str]) -> str:
    """The letters of the flags, each once, in the order of FLAG_LETTERS; ? for a flag without one."""
    known = "".join(dict.fromkeys(letter for flag, letter in FLAG_LETTERS.items() if flag in flags))
    return known + ("?" if any(flag not in FLAG_LETTERS for flag in flags) else "")


def stars_of_gains(found: pl.DataFrame) -> str:
    """What a star at a gain means in this summary."""
    tested = found.filter(found["uninformed"].is_null())["gain_p"].drop_nulls().len()
    return f"*: beyond noise among the {counted(tested, 'gain')} of this table (false discovery 5 %)." if tested else ""


def _apart_from_terminal(column: Shown) -> Shown:
    return Shown(name=column.name, head=column.head, cell=column.cell, when=of_classes, places=("markdown", "page"))


def _with_interval(name: str, exponent: int, digits: int = 3) -> Callable[[Line], str]:
    """The mean with its interval, marked with what that is over, and * where it is beyond noise."""
    def cell(line: Line) -> str:
        if name in MEANS and rounding(line, name):
            return "0"
        mark = mark_of(line[f"{name}_over"]) + ("*" if line[f"{name}_beyond"] else "")
        return with_half(line, name, digits, mark, exponent=exponent)

    return cell


def _accuracies(line: Line) -> str:
    weak, student, ceiling = (figure(line[f"accuracy_{role}"], PERCENT, 2) for role in _ROLES)
    return f"{weak} → {student} / {ceiling}"


def _tone_of_gain(name: str) -> Callable[[Line], Tone]:
    return lambda line: "strong" if line[f"{name}_beyond"] and line[name] > 0 else ""


def _tone_of_verdict(line: Line) -> Tone:
    return "" if line["verdict"] == "holds" else "strong" if line["verdict"] == "violated" else "faint"
