"""What a run says on one screen of 80 × 24: who teaches whom, what the student gains, and what to ask next."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from w2s_bench.registry.short_names import one_name, short_names
from w2s_bench.report.finding import asked_about, beyond_both_ways, said_of
from w2s_bench.report.plain_text import plain
from w2s_bench.report.results import stars_of_gains, verdict_in_short
from w2s_bench.report.wording import (
    Line,
    counted,
    figure,
    harmless,
    intervals_in_words,
    mark_of,
    measured_in,
    rounding,
    scale_of,
    with_half,
)
from w2s_bench.tables.inference import NO_TERMS, Terms
from w2s_bench.tables.laws import law_words
from w2s_bench.tables.summary import summary

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console
    from rich.text import Text

WIDE = 120
"""Columns from which on a terminal is shown the whole table."""

_HEIGHT, _PAIRS, _LEAST = 23, 3, 8
"""Lines of a screen above the prompt, lines of a task set below its own, and columns below which a unit is left out."""


def first_screen(rows: pl.DataFrame, bounds: pl.DataFrame, console: Console, *, run: str, terms: Terms = NO_TERMS) -> None:
    """Print the headline, at most three lines of pairs a task set, what the marks mean, and three commands for this run. run: how
    a person names it."""
    import polars as pl

    found, screen = summary(rows, bounds, None, terms), _Screen(console.width, console.options.ascii_only)
    head, legend = screen.said(harmless(said_of(found, rows))), screen.said(_legend(found))
    commands = next_commands(rows, run)
    left = _HEIGHT - len(commands) - 1 - sum(-(-len(text) // (console.width - 8)) for text in (head, legend))
    console.print(head, markup=False, highlight=False)
    tasks = found["task_set"].unique(maintain_order=True).to_list()
    titles = short_names(tasks)
    shown = min(len(tasks), max(left // _PAIRS, 1))
    pairs = left - shown
    for place, task in enumerate(tasks[:shown]):
        most = min(max(pairs // (shown - place), _PAIRS - 1), _PAIRS)
        texts = _of_task(harmless(titles[task]), found.filter(pl.col("task_set") == task), screen, most)
        pairs -= len(texts) - 1
        for text in texts:
            console.print(text, no_wrap=True, overflow="crop")
    if (more := len(tasks) - shown) > 0:
        console.print(screen.said(f"… and {counted(more, 'more task set')}"), style="dim")
    if not found.is_empty():
        console.print(legend, style="dim", markup=False, highlight=False)
    print_next(commands, console)


def print_next(commands: Sequence[str], console: Console) -> None:
    """What to ask next, a command a line."""
    for number, command in enumerate(commands):
        console.print(("next: " if not number else "      ") + command, markup=False, highlight=False, no_wrap=True,
                      overflow="ignore", crop=False)


class _Screen(NamedTuple):
    """How wide a terminal is, and whether it shows ASCII alone."""

    width: int
    ascii_only: bool

    def said(self, text: str) -> str:
        """The text in letters that the terminal has."""
        return plain(text) if self.ascii_only else text

    def cut(self, text: str, room: int) -> str:
        """The same, with its middle left out where it is longer than the room."""
        text, gap = self.said(text), self.said("…")
        if len(text) <= room:
            return text
        before = max(room // 2 - len(gap) + 1, 0)
        return f"{text[:before]}{gap}{text[len(text) - max(room - len(gap) - before, 0):]}"


def next_commands(rows: pl.DataFrame, run: str) -> list[str]:
    """Three commands that this run can answer."""
    import polars as pl

    ok = rows.filter(pl.col("status") == "ok")
    named = shlex.quote(run)
    lost = rows.height - ok.height
    compared = ok.group_by("task", "weak", "strong", "supervisor", "seed").agg(pl.col("strategy").n_unique())["strategy"].max()
    taught = ok.group_by("task", "strong", "strategy", "supervisor", "seed").agg(pl.col("weak").n_unique())["weak"].max()
    several = (isinstance(compared, int) and compared > 1, isinstance(taught, int) and taught > 1)
    offered = [
        *([f"w2s-bench status {named}"] if lost else []),
        f"w2s-bench show {named} --wide",
        *([f"w2s-bench show {named} --by strategy"] if several[0] else []),
        *([f"w2s-bench select {named}"] if several[1] else []),
        f"w2s-bench predict {named}", f"w2s-bench report {named}", f"w2s-bench show {named} --bounds"]
    return offered[:3]


def _of_task(title: str, part: pl.DataFrame, screen: _Screen, most: int) -> list[Text]:
    """The task's line, and as many of its pairs as `most` more lines hold: where they do not hold all, that of the most gain,
    that of the least, and what stands between them."""
    ahead = asked_about(part)
    lines = ahead.sort("gain", descending=True, nulls_last=True).to_dicts()
    exponent = scale_of([line[name] for line in lines for name in ("err_weak", "err_student")])
    keys = [key for key in ("strategy", "supervisor") if len({line[key] for line in lines}) > 1]
    sides = [str(line[side]) for line in lines for side in ("weak", "strong")]
    made = [_head((title, harmless(one_name(sides))), ahead, lines, exponent, screen)]
    short = short_names(sides, nameless=True) | short_names([str(line[key]) for line in lines for key in keys])
    pairs = []
    for line in lines:
        names = "  ".join([f"{short[line['weak']]} → {short[line['strong']]}", *(short[line[key]] for key in keys)])
        pairs.append(_of_pair(harmless(names), line, exponent, screen))
    for pair in [pairs[place] for place in sorted(_that_fit([len(pair) for pair in pairs], most))]:
        made += pair
    return made


def _that_fit(sizes: Sequence[int], most: int) -> list[int]:
    """Places whose sizes are `most` together or less: the first, the last, then those nearest to the middle."""
    middle = (len(sizes) - 1) / 2
    kept: list[int] = []
    for place in dict.fromkeys((0, len(sizes) - 1, *sorted(range(len(sizes)), key=lambda place: abs(place - middle)))):
        kept += [place] if sum(sizes[other] for other in (*kept, place)) <= most else []
    return kept


def _head(names: tuple[str, str], ahead: pl.DataFrame, lines: Sequence[Line], exponent: int, screen: _Screen) -> Text:
    """The task, in how many pairs the student gains or loses beyond noise, and what its teachers and a constant err: in as many
    words as there is room for, and no number cut. names: of the task, and of what all models are, which may be empty."""
    from rich.text import Text

    counts = ["{} pairs, {} gain*, {} lose*".format(len(lines), *beyond_both_ways(ahead))] if len(lines) > 1 else []
    constant = _error(lines, "err_constant", exponent) if lines[0].get("err_constant") is not None else ""
    weak = _error(lines, "err_weak", exponent)
    errors = f"teachers err {weak}" + (f", a constant {constant}" if constant else "")
    brief = f"err {weak}" + (f" (constant {constant})" if constant else "")
    task, family = screen.cut(names[0], screen.width // 3), names[1]
    for title, said in ((("  ".join(filter(None, (task, family))), errors), (task, errors), (task, brief))):
        words = "; ".join([*counts, said])
        left = screen.width - len(title) - len(words) - 4
        if left >= -2:
            break
    else:
        title = screen.cut(title, max(len(title) + left + 2, 1))
    unit = measured_in(lines[0], exponent)
    return Text.assemble((title, "bold"), (f"  {words}" + (f"; {screen.cut(unit, left)}" if left > _LEAST else ""), "dim"))


def _of_pair(names: str, line: Line, exponent: int, screen: _Screen) -> list[Text]:
    """One line, or two where the names have no room beside the figures."""
    from rich.text import Text

    figures, strong = _figures(line, exponent)
    words, names, width = screen.said(figures), screen.said(names), screen.width
    style = "bold" if strong else ""
    if len(names) + len(words) + 4 <= width:
        return [Text.assemble(f"  {names}  ".ljust(width - len(words)), (words, style))]
    return [Text(f"  {screen.cut(names, width - 2)}"), Text.assemble(" " * (width - len(words)), (words, style))]


def _figures(line: Line, exponent: int) -> tuple[str, bool]:
    """Gain, misfit and verdict of a pair, and whether it is a gain beyond noise."""
    cleaned = {**line, **{name: 0.0 for name in ("gain", "misfit") if rounding(line, name)}}
    mark = mark_of(line["gain_over"]) + ("*" if line["gain_beyond"] else "")
    same = rounding(line, "misfit")
    gain = "student = teacher" if same else f"gain {with_half(cleaned, 'gain', 3, mark, exponent=exponent)}"
    misfit = f"misfit {with_half({'misfit': cleaned['misfit'], 'misfit_high': None}, 'misfit', 3, exponent=exponent)}"
    return "  ".join([gain, misfit, verdict_in_short(line)]), bool(line["gain_beyond"] and line["gain"] > 0 and not same)


def _error(lines: Sequence[Line], name: str, exponent: int) -> str:
    known = sorted({round(line[name], 12) for line in lines if line[name] is not None})
    if not known:
        return "-"
    ends = [figure(value, exponent) for value in (known[0], known[-1])]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def _legend(found: pl.DataFrame) -> str:
    parts = [intervals_in_words(found["gain_over"].to_list()), stars_of_gains(found).rstrip(".")]
    bound = law_words(found["divergence"].to_list())
    parts += [f"last: bound {bound}, on test; holds k/n: a gain is certified in k of n seeds"] if bound else []
    return ". ".join(part for part in parts if part) + "."
