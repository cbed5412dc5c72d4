"""The page of one row: what was measured, as numbers and drawn, what bounds say of it, and the one command that makes it
again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from w2s_bench.leaderboard.site.contents import Row
from w2s_bench.leaderboard.site.rendering import visible
from w2s_bench.report.wording import figure
from w2s_bench.running.table_files import ROW
from w2s_bench.scoring.columns import Column
from w2s_bench.tables.laws import unit_of

if TYPE_CHECKING:
    from markupsafe import Markup

_WIDE, _LEFT, _ROW = 640, 120, 24
"""Pixels of a drawing: its width, what its words take of it, and the height of a line."""
_ERRORS = ("weak", "student", "ceiling", "gold", "base", "shuffled", "constant")
_LEDGER = ("misfit", "projection", "realizability", "gain")
_ENDS = ("_se", "_low", "_high")
_NAMED = ("task", "task_set", "weak", "strong", "strategy", "supervisor", "seed", "panels", "submission", "trust", "division",
          "derived", "versions", "flags", "metrics_missing", "error", "status")
"""Columns that the page says elsewhere."""


class Mark(msgspec.Struct, frozen=True):
    """A line of a drawing: its words, its height, where its mark is and how far its interval reaches, in pixels; a bar has a
    start."""

    name: str
    y: int
    x: float
    low: float
    high: float
    start: float
    text: str
    looks: str


class Strip(msgspec.Struct, frozen=True):
    """A drawing of a few numbers on one axis. zero: where 0 lies."""

    title: str
    wide: int
    high: int
    left: int
    zero: float
    marks: tuple[Mark, ...]


def command_of(row: Row) -> str:
    """The command that computes this row again. Same key, same numbers."""
    words = ["w2s-bench", "run"]
    for flag in ("task", "weak", "strong", "strategy", "supervisor"):
        words += [f"--{flag}", str(row[flag])]
    return shlex.join([*words, "--seeds", str(row["seed"])])


class Numbers:
    """The lines of a row's table of numbers, for any number of rows."""

    def __init__(self, columns: Sequence[Column] = ()) -> None:
        """columns: those that there are, in their order; by default all that are declared here."""
        self._columns = [column for column in columns or ROW.columns if column.name not in _NAMED
                         and not column.name.endswith(_ENDS)]

    def of(self, row: Row) -> Markup:
        """A line for each column that the row holds and its page does not say elsewhere: name, value, interval or standard error,
        unit; marked where it was derived here."""
        from markupsafe import Markup, escape

        derived = frozenset(row.get("derived") or ())
        unit = unit_of(row["divergence"], row["output_unit"])
        lines = []
        for column in self._columns:
            value = row.get(column.name)
            if value is None:
                continue
            text = figure(value, digits=4) if type(value) is float else escape(visible(_text(value)))
            of_column = escape(visible(_unit(column, unit, row)))
            lines.append(f"<tr><th scope=\"row\">{column.name}{' †' if column.name in derived else ''}</th><td>{text}</td>"
                         f"<td>{_interval(row, column.name)}</td><td>{of_column}</td></tr>")
        return Markup("\n".join(lines))


def errors_strip(row: Row) -> Strip | None:
    """The errors of everybody on the test sample."""
    known = [(name, row[f"err_{name}"], row.get(f"err_{name}_se")) for name in _ERRORS if row.get(f"err_{name}") is not None]
    if not known:
        return None
    ends = [value + 1.96 * (se or 0.0) for _, value, se in known]
    return _strip("Errors on the test sample", [(name, value, value - 1.96 * (se or 0.0), value + 1.96 * (se or 0.0), False, name)
                                                for name, value, se in known], 0.0, max(ends))


def ledger_strip(row: Row) -> Strip | None:
    """The gain as the sum of misfit, projection and realizability."""
    if any(row.get(name) is None for name in _LEDGER):
        return None
    lines, at = [], 0.0
    for name in _LEDGER[:-1]:
        lines.append((name, at + row[name], at, at + row[name], True, name))
        at += row[name]
    lines.append(("gain", row["gain"], 0.0, row["gain"], True, "gain"))
    ends = [0.0, *(end for _, value, start, _, _, _ in lines for end in (value, start))]
    return _strip("gain = misfit + projection + realizability", lines, min(ends), max(ends),
                  {name: row[name] for name in _LEDGER})


def _strip(title: str, lines: Sequence[tuple[str, float, float, float, bool, str]], low: float, high: float,
           said: Mapping[str, float] | None = None) -> Strip | None:
    if not high > low:
        return None
    room = _WIDE - _LEFT - 90

    def at(value: float) -> float:
        return round(_LEFT + 6 + (room - 12) * (value - low) / (high - low), 1)

    marks = tuple(Mark(name, 4 + _ROW * place, at(value), at(max(low, least)), at(most), at(least) if bar else 0.0,
                       figure(said[name] if said else value), looks)
                  for place, (name, value, least, most, bar, looks) in enumerate(lines))
    return Strip(title, _WIDE, 8 + _ROW * len(lines), _LEFT, at(0.0), marks)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _interval(row: Row, name: str) -> str:
    low, high, se = (row.get(f"{name}{end}") for end in ("_low", "_high", "_se"))
    if low is not None and high is not None:
        return f"{figure(low, digits=4)} to {figure(high, digits=4)}"
    return f"± {figure(se, digits=4)} (se)" if se is not None else ""


def _unit(column: Column, unit: str, row: Row) -> str:
    if column.unit == "D":
        return unit
    return str(row["output_unit"] or "") if column.unit == "label" else "" if column.unit == "1" else column.unit

