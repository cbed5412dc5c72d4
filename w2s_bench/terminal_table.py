"""The summary of a run as a person meets it in a terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from w2s_bench.errors import UsageError, nearest
from w2s_bench.names import distinguishing
from w2s_bench.summary import BOUND, DIRECTIONS, group_keys, summary, unit_of, verdicts

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console
    from rich.table import Table

FLAG_LETTERS = {
    "diverged": "D", "teacher-collapsed": "T", "ceiling-not-better": "C", "gap-inside-noise": "N",
    "student-equals-teacher": "E", "few-test-examples": "F", "constant-labels": "K", "splits-overlap": "O",
    "not-converged": "V",
}
_ARROWS = {"weak-to-strong": ">", "strong-to-weak": "<", "same": "="}
_NARROW, _STACKED = 98, 160
"""Widths below which columns are left out, and below which the names stand one above the other."""


def render(rows: pl.DataFrame, bounds: pl.DataFrame, console: Console, *, by: list[str] | None = None,
           sort: str | None = None) -> None:
    """Print one table a task set, weak-to-strong first, then what its marks mean. In fewer than 98 columns the
    errors of weak and ceiling and the misfit are left out."""
    import polars as pl

    table = summary(rows, bounds, by)
    if sort:
        table = _sorted(table, sort)
    lost = rows.height - rows.filter(pl.col("status") == "ok").height
    narrow = console.width < _NARROW
    titles = distinguishing(table["task_set"].unique().to_list())
    for task in table["task_set"].unique(maintain_order=True).to_list():
        group = table.filter(pl.col("task_set") == task)
        names = _name_columns(group, by)
        lines = _shortened(group.to_dicts(), names)
        console.print(_task_table(titles[task], lines, names, narrow, console.width < _STACKED), soft_wrap=False)
        console.print()
    if not table.is_empty():
        _say(console, _legend(table))
    if lost:
        counts = rows.filter(pl.col("status") != "ok")["status"].value_counts().sort("status").rows()
        _say(console, f"{lost} of {rows.height} cells are not in the table: "
             + ", ".join(f"{count} {status}" for status, count in counts))


def render_verdicts(bounds: pl.DataFrame, console: Console) -> None:
    """Print what became of each bound, by split."""
    from rich import box
    from rich.table import Table

    found = verdicts(bounds)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for name in found.columns:
        table.add_column(name, justify="left" if name in ("bound", "split") else "right", no_wrap=True)
    for line in found.iter_rows():
        table.add_row(*(str(value) for value in line[:-1]), figure(line[-1], 0, 2))
    console.print(table)
    _say(console, "certified: every assumption holds on that sample. Verdicts and tightness (lhs/rhs, ratio of means) are of the "
                  "certified rows; without its assumptions a bound promises nothing.")


def _sorted(table: pl.DataFrame, sort: str) -> pl.DataFrame:
    """Lines of each task by one of the table's columns; a leading minus sorts downwards. Raises UsageError."""
    name = sort.lstrip("-")
    if name not in table.columns or table.schema[name].is_nested():
        raise UsageError(f"the table has no column {name!r} to sort by", hint=nearest(name, table.columns))
    return table.sort("task_set", name, descending=[False, sort.startswith("-")], nulls_last=True, maintain_order=True)


def _say(console: Console, words: str) -> None:
    console.print(words, style="dim", markup=False, highlight=False)


def _name_columns(table: pl.DataFrame, by: list[str] | None) -> list[str]:
    if by:
        return [key for key in group_keys(by) if key not in ("task_set", "direction")]
    extra = [key for key in ("strategy", "supervisor") if table[key].n_unique() > 1]
    return ["weak", "strong", *extra]


def _shortened(lines: list[dict[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Names without the parameters that all of one table share, with spaces at which they may be broken."""
    labels = {str(line[name]) for line in lines for name in names}
    short = {label: text.replace(",", ", ") for label, text in distinguishing(sorted(labels)).items()}
    return [{**line, **{name: short[str(line[name])] for name in names}} for line in lines]


def _task_table(task: str, lines: Sequence[Mapping[str, Any]], names: Sequence[str], narrow: bool,
                stacked: bool) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    exponent = scale_of([line[name] for line in lines for name in ("err_weak", "err_student", "misfit")])
    title = Text(task, style="bold")
    title.append(f"  {_about(lines[0], exponent)}", style="dim")
    table = Table(title=title, title_justify="left", title_style="", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0),
                  pad_edge=False, show_edge=False, collapse_padding=True)
    for name in ["\n".join(names)] if stacked else names:
        table.add_column(name, overflow="fold", min_width=12 if narrow else 16)
    heads = ["n", *([] if narrow else ["err\nweak"]), "err\nstudent", *([] if narrow else ["err\nceiling"]), "gain ± 95 %",
             *([] if narrow else ["misfit"]), "gain/\nmisfit", "lhs/\nrhs"]
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("bound", no_wrap=True)
    table.add_column("flags", no_wrap=True)
    previous = lines[0]["direction"]
    for line in lines:
        if line["direction"] != previous:
            table.add_section()
            previous = line["direction"]
        labels = _labels(line, names)
        shown = [Text("\n".join(labels))] if stacked else [Text(label) for label in labels]
        table.add_row(*shown, *_figures(line, exponent, narrow))
    return table


def _about(line: Mapping[str, Any], exponent: int) -> str:
    unit = unit_of(line["divergence"], line["output_unit"])
    scale = f"10^{exponent} " if exponent else ""
    inside = f" in {scale}{unit}".rstrip() if scale or unit else ""
    return f"{line['divergence']}{inside}"


def _labels(line: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    arrow = _ARROWS.get(line["direction"], "?")
    return [f"{arrow} {line[name]}" if name == "strong" else str(line[name]) for name in names]


def _figures(line: Mapping[str, Any], exponent: int, narrow: bool) -> list[Any]:
    from rich.text import Text

    style = {"holds": "", "violated": "bold", None: "dim"}.get(line["verdict"], "dim")
    mark = "" if line["gain_over"] != "test examples" else "'"
    gain = figure(line["gain"], exponent)
    if line["gain_half"] is not None:
        gain += f" ± {figure(line['gain_half'], exponent)}{mark}"
    positive = line["gain"] is not None and line["gain"] > 0
    texts: list[tuple[str, str, bool]] = [
        (str(line["n_seeds"]), "", True), (figure(line["err_weak"], exponent), "", not narrow),
        (figure(line["err_student"], exponent), "", True), (figure(line["err_ceiling"], exponent), "", not narrow),
        (gain, "bold" if positive else "", True), (figure(line["misfit"], exponent), "", not narrow),
        (figure(line["gain_over_misfit"], 0, 2), "", True), (figure(line["tightness"], 0, 2), "", True),
        (verdict_text(line), style, True), (flag_letters(line["flags"]), style, True)]
    return [Text(text, style=look) for text, look, wanted in texts if wanted]


def verdict_text(line: Mapping[str, Any]) -> str:
    """The verdict with its count: "holds 3/3"; nothing where the bound does not apply."""
    verdict = line["verdict"]
    if verdict is None:
        return "-"
    total = line["holds"] + line["violated"] + line["undecided"]
    return f"{verdict} {line[verdict]}/{total}"


def flag_letters(flags: Sequence[str]) -> str:
    """One letter a flag, in the order of FLAG_LETTERS; ? for a flag without one."""
    known = "".join(letter for flag, letter in FLAG_LETTERS.items() if flag in flags)
    return known + ("?" if any(flag not in FLAG_LETTERS for flag in flags) else "")


def scale_of(values: Sequence[float | None]) -> int:
    """The power of ten, a multiple of three, in which these errors read well; 0 from 0.01 to 10 000."""
    sizes = sorted(abs(value) for value in values if value is not None and math.isfinite(value) and value != 0.0)
    if not sizes:
        return 0
    typical = sizes[len(sizes) // 2]
    return 0 if 1e-2 <= typical < 1e4 else 3 * math.floor(math.log10(typical) / 3)


def figure(value: float | None, exponent: int = 0, digits: int = 3) -> str:
    """value / 10^exponent in at most about seven characters; - where there is none."""
    if value is None or not math.isfinite(value):
        return "-"
    scaled = value / 10.0**exponent
    if abs(scaled) >= 1e5 or 0.0 < abs(scaled) < 10.0 ** -(digits + 1):
        return f"{scaled:.1e}"
    places = max(0, digits - max(0, math.floor(math.log10(abs(scaled))))) if scaled else digits
    return f"{scaled:.{places}f}"


def _legend(table: pl.DataFrame) -> str:
    flags = {flag for found in table["flags"].to_list() for flag in found}
    directions = [d for d in DIRECTIONS if d in table["direction"].to_list()]
    parts = [", ".join(f"{_ARROWS[d]} {d}" for d in directions), "n: seeds; means over them"]
    if "test examples" in table["gain_over"].to_list():
        parts.append("±: 95 % over seeds (Student-t), ' over test examples where there is one seed")
    else:
        parts.append("±: 95 % over seeds (Student-t)")
    parts.append(f"bound: {BOUND} on test, lhs/rhs its tightness")
    named = [f"{letter} {flag}" for flag, letter in FLAG_LETTERS.items() if flag in flags]
    named += ["? " + ", ".join(sorted(flags - set(FLAG_LETTERS)))] if flags - set(FLAG_LETTERS) else []
    return ". ".join(part for part in [*parts, ("flags: " + ", ".join(named)) if named else ""] if part) + "."
