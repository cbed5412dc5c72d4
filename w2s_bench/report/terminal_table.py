"""The summary of a run as a person meets it in a terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from w2s_bench.contracts.data import DIRECTIONS
from w2s_bench.contracts.errors import UsageError, nearest
from w2s_bench.registry.short_names import short_names
from w2s_bench.tables.summary import EXPLICIT, group_keys, summary, unit_of, verdicts

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

FLAG_LETTERS = {
    "diverged": "D", "teacher-collapsed": "T", "ceiling-not-better": "C", "gap-inside-noise": "N",
    "student-equals-teacher": "E", "few-test-examples": "F", "constant-labels": "K", "splits-overlap": "O",
    "not-converged": "V", "class-missing-in-supervise": "M", "class-missing-in-transfer": "M", "class-missing-in-test": "M",
}
"""Flags of one letter say one thing of different splits."""

_ARROWS = {"weak-to-strong": ">", "strong-to-weak": "<", "same": "="}
_ROUNDING = 1e-15
_NARROW, _STACKED = 98, 160
"""Widths below which columns are left out, and below which the names stand one above the other."""

_LEFT_OUT_NARROW = ("err\nweak", "err\nceiling", "misfit")
"""Columns of numbers that are left out in narrow tables."""

_LEFT_OUT_FIRST = ("err\nceiling", "err\nweak", "lhs/\nrhs", "err\nstudent", "gain/\nmisfit", "misfit", "bound")
"""Columns of classes, whose tables have more, in the order in which they are left out until the rest fits."""


@dataclass(frozen=True)
class _Column:
    """One column of figures: its head, its cells, and whether figures are set to the right."""

    head: str
    cells: list[Text]
    right: bool = True

    @property
    def width(self) -> int:
        return max(*(len(part) for part in self.head.split("\n")), *(len(cell.plain) for cell in self.cells))


def render(rows: pl.DataFrame, bounds: pl.DataFrame, console: Console, *, by: list[str] | None = None,
           sort: str | None = None) -> None:
    """Print one table a task set, weak-to-strong first, then what its marks mean. In fewer than 98 columns the
    errors of weak and ceiling and the misfit are left out; a table of classes, which shows accuracy too, leaves out what
    does not fit."""
    import polars as pl

    table = summary(rows, bounds, by)
    if sort:
        table = _sorted(table, sort)
    lost = rows.height - rows.filter(pl.col("status") == "ok").height
    titles = short_names(table["task_set"].unique().to_list())
    for task in table["task_set"].unique(maintain_order=True).to_list():
        group = table.filter(pl.col("task_set") == task)
        names = _name_columns(group, by)
        lines = _shortened(group.to_dicts(), names)
        console.print(_task_table(titles[task], lines, names, console.width), soft_wrap=False)
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
    short = short_names(labels)
    return [{**line, **{name: short[str(line[name])] for name in names}} for line in lines]


def _task_table(task: str, lines: Sequence[Mapping[str, Any]], names: Sequence[str], width: int) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    exponent = scale_of([line[name] for line in lines for name in ("err_weak", "err_student", "misfit")])
    title = Text(task, style="bold")
    title.append(f"  {_about(lines[0], exponent)}", style="dim")
    table = Table(title=title, title_justify="left", title_style="", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0),
                  pad_edge=False, show_edge=False, collapse_padding=True)
    stacked, least = width < _STACKED, 12 if width < _NARROW else 16
    heads = ["\n".join(names)] if stacked else list(names)
    for name in heads:
        table.add_column(name, overflow="fold", min_width=least)
    columns = _fitting(_figures(lines, exponent), lines[0]["classes"] is not None, width, (least + 2) * len(heads))
    for column in columns:
        table.add_column(column.head, justify="right" if column.right else "left", no_wrap=True)
    previous = lines[0]["direction"]
    for number, line in enumerate(lines):
        if line["direction"] != previous:
            table.add_section()
            previous = line["direction"]
        labels = _labels(line, names)
        shown = [Text("\n".join(labels))] if stacked else [Text(label) for label in labels]
        table.add_row(*shown, *(column.cells[number] for column in columns))
    return table


def _fitting(columns: list[_Column], of_classes: bool, width: int, names: int) -> list[_Column]:
    """The columns that a table of this width shows beside its names."""
    if not of_classes:
        return [column for column in columns if width >= _NARROW or column.head not in _LEFT_OUT_NARROW]
    for head in _LEFT_OUT_FIRST:
        if names + sum(column.width + 2 for column in columns) <= width:
            break
        columns = [column for column in columns if column.head != head]
    return columns


def _about(line: Mapping[str, Any], exponent: int) -> str:
    unit = unit_of(line["divergence"], line["output_unit"])
    scale = f"10^{exponent} " if exponent else ""
    inside = f" in {scale}{unit}".rstrip() if scale or unit else ""
    of_classes = f", accuracy in %; {line['classes']} classes" if line["classes"] is not None else ""
    return f"{line['divergence']}{inside}{of_classes}"


def _labels(line: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    arrow = _ARROWS.get(line["direction"], "?")
    return [f"{arrow} {line[name]}" if name == "strong" else str(line[name]) for name in names]


def _figures(lines: Sequence[Mapping[str, Any]], exponent: int) -> list[_Column]:
    """All columns of figures that these lines can fill, in the order in which they are read."""
    from rich.text import Text

    def plain(head: str, name: str, power: int = 0, digits: int = 3) -> _Column:
        return _Column(head, [Text(figure(line[name], power, digits)) for line in lines])

    styles = [{"holds": "", "violated": "bold", None: "dim"}.get(line["verdict"], "dim") for line in lines]
    columns = [
        _Column("n", [Text(str(line["n_seeds"])) for line in lines]), plain("err\nweak", "err_weak", exponent),
        plain("err\nstudent", "err_student", exponent), plain("err\nceiling", "err_ceiling", exponent),
        _Column("gain ± 95 %", [_gain(line, "gain", exponent) for line in lines]), plain("misfit", "misfit", exponent),
        plain("gain/\nmisfit", "gain_over_misfit", 0, 2), plain("lhs/\nrhs", "tightness", 0, 2)]
    if lines[0]["classes"] is not None:
        columns += [_Column("accuracy, weak →\nstudent / ceiling", [Text(_accuracies(line)) for line in lines]),
                    _Column("gain acc\n± 95 %", [_gain(line, "gain_accuracy", -2, 2) for line in lines])]
    return [*columns, _Column("bound", [Text(verdict_text(line), style=style) for line, style in zip(lines, styles, strict=True)],
                              right=False),
            _Column("flags", [Text(flag_letters(line["flags"]), style=style) for line, style in zip(lines, styles, strict=True)],
                    right=False)]


def _gain(line: Mapping[str, Any], name: str, exponent: int, digits: int = 3) -> Text:
    from rich.text import Text

    gain, half = line[name], line[f"{name}_half"]
    mark = "" if line["gain_over"] != "test examples" else "'"
    shown = figure(gain, exponent, digits) + (f" ± {figure(half, exponent, digits)}{mark}" if half is not None else "")
    return Text(shown, style="bold" if gain is not None and gain > 0 else "")


def _accuracies(line: Mapping[str, Any]) -> str:
    weak, student, ceiling = (figure(line[f"accuracy_{role}"], -2, 2) for role in ("weak", "student", "ceiling"))
    return f"{weak} → {student} / {ceiling}"


def verdict_text(line: Mapping[str, Any]) -> str:
    """The verdict with its count: "holds 3/3"; nothing where the bound does not apply."""
    verdict = line["verdict"]
    if verdict is None:
        return "-"
    total = line["holds"] + line["violated"] + line["undecided"]
    return f"{verdict} {line[verdict]}/{total}"


def flag_letters(flags: Sequence[str]) -> str:
    """The letters of the flags, each once, in the order of FLAG_LETTERS; ? for a flag without one."""
    known = "".join(dict.fromkeys(letter for flag, letter in FLAG_LETTERS.items() if flag in flags))
    return known + ("?" if any(flag not in FLAG_LETTERS for flag in flags) else "")


def scale_of(values: Sequence[float | None]) -> int:
    """The power of ten, a multiple of three, in which these errors read well; 0 from 0.01 to 10 000."""
    sizes = sorted(abs(value) for value in values if value is not None and math.isfinite(value) and value != 0.0)
    if not sizes:
        return 0
    typical = sizes[len(sizes) // 2]
    return 0 if 1e-2 <= typical < 1e4 else 3 * math.floor(math.log10(typical) / 3)


def figure(value: float | None, exponent: int = 0, digits: int = 3) -> str:
    """value / 10^exponent in at most about seven characters; - where there is none. Below 1e-15 a number is rounding: 0."""
    if value is None or not math.isfinite(value):
        return "-"
    scaled = value / 10.0**exponent if abs(value) >= _ROUNDING else 0.0
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
    parts.append(_about_bounds(table["divergence"].unique().to_list()))
    parts += ["gain acc: student − weak in percentage points"] if table["classes"].is_not_null().any() else []
    named = [f"{letter} {', '.join(of_letter)}" for letter in dict.fromkeys(FLAG_LETTERS.values())
             if (of_letter := [flag for flag in FLAG_LETTERS if FLAG_LETTERS[flag] == letter and flag in flags])]
    named += ["? " + ", ".join(sorted(flags - set(FLAG_LETTERS)))] if flags - set(FLAG_LETTERS) else []
    return ". ".join(part for part in [*parts, ("flags: " + ", ".join(named)) if named else ""] if part) + "."


def _about_bounds(divergences: Sequence[str | None]) -> str:
    found = sorted({EXPLICIT[name] for name in divergences if name in EXPLICIT}, reverse=True) or [EXPLICIT["squared"]]
    said = f"bound: {' or, in nats, '.join(found)} on test, lhs/rhs its tightness"
    return f"{said}; - where kl-explicit promises no gain" if EXPLICIT["kl"] in found else said
