"""The page of one row: what was measured, as numbers and drawn, what bounds say of it, and the one command that makes it
again."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from w2s_bench.leaderboard.site.contents import Row
from w2s_bench.leaderboard.site.rendering import escaped
from w2s_bench.planning.spec import DATA
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
_ERRORS_TITLE, _LEDGER_TITLE = "Errors on the test sample", "gain = misfit + projection + realizability"
_ENDS = ("_se", "_low", "_high")
_NAMED = ("task", "task_set", "weak", "strong", "strategy", "supervisor", "seed", "panels", "submission", "trust", "division",
          "derived", "versions", "flags", "metrics_missing", "error", "status", "run_id", "cell_key")
"""Columns that the page says elsewhere."""
_DIGESTS = ("fingerprint_", "predictor_")
"""How the names of columns begin that hold digests, which rows.parquet alone has."""


Strip: TypeAlias = tuple[str, "Markup"]
"""A drawing of a few numbers on one axis: its title, and an SVG."""


class _Mark(NamedTuple):
    """A line of a drawing. value, low, high: where its mark is and how far its interval reaches; a bar reaches from `low` to
    `value`. shown: the number beside it."""

    name: str
    value: float
    low: float
    high: float
    shown: float


def command_of(row: Row) -> str:
    """The command that computes this row again; FOLDER stands for the reader's own folder of data. Same key, same numbers."""
    words = ["w2s-bench", "run"]
    for flag in ("task", "weak", "strong", "strategy", "supervisor"):
        words += [f"--{flag}", str(row[flag])]
    words += ["--seeds", str(row["seed"])]
    return shlex.join([*words, *(["--data", "FOLDER"] if any(DATA in word for word in words) else [])])


class Numbers:
    """The lines of a row's table of numbers, for any number of rows."""

    def __init__(self, columns: Sequence[Column] = ()) -> None:
        """columns: those that there are, in their order; by default all that are declared here."""
        self._columns = [column for column in columns or ROW.columns if column.name not in _NAMED
                         and not column.name.endswith(_ENDS) and not column.name.startswith(_DIGESTS)]

    def of(self, row: Row) -> Markup:
        """A line for each column that the row holds and its page does not say elsewhere: name, value, interval or standard error,
        unit; marked where it was derived here."""
        from markupsafe import Markup

        derived = frozenset(row.get("derived") or ())
        unit = unit_of(row["divergence"], row["output_unit"])
        lines = []
        for column in self._columns:
            value = row.get(column.name)
            if value is None:
                continue
            text = figure(value, digits=4) if type(value) is float else escaped(_text(value))
            of_column = escaped(_unit(column, unit, row))
            lines.append(f"<tr><th scope=row>{column.name}{' †' if column.name in derived else ''}<td>{text}"
                         f"<td>{_interval(row, column.name)}<td>{of_column}")
        return Markup("\n".join(lines))


def strips_of(row: Row) -> list[Strip]:
    """The drawings of a row: the errors of everybody on the test sample, and the gain as the sum of its three terms."""
    from markupsafe import Markup

    found = ((_ERRORS_TITLE, _errors(row), False), (_LEDGER_TITLE, _ledger(row), True))
    return [(title, Markup(_drawn(title, marks, bars))) for title, marks, bars in found if marks]


def _errors(row: Row) -> list[_Mark]:
    found = []
    for name in _ERRORS:
        value = row.get(f"err_{name}")
        if value is not None and math.isfinite(value):
            se = row.get(f"err_{name}_se")
            half = 1.96 * se if se is not None and math.isfinite(se) else 0.0
            found.append(_Mark(name, value, max(0.0, value - half), value + half, value))
    return found


def _ledger(row: Row) -> list[_Mark]:
    if any(row.get(name) is None or not math.isfinite(row[name]) for name in _LEDGER):
        return []
    found, at = [], 0.0
    for name in _LEDGER[:-1]:
        found.append(_Mark(name, at + row[name], at, at + row[name], row[name]))
        at += row[name]
    return [*found, _Mark("gain", row["gain"], 0.0, row["gain"], row["gain"])]


def _drawn(title: str, marks: Sequence[_Mark], bars: bool) -> str:
    """An SVG of numbers and of names of our own, which need no escape."""
    low = min(0.0, *(end for mark in marks for end in (mark.low, mark.value)))
    high = max(0.0, *(end for mark in marks for end in (mark.high, mark.value)))
    room = (_WIDE - _LEFT - 102) / ((high - low) or 1.0)
    tall = 8 + _ROW * len(marks)
    lines = []
    for place, mark in enumerate(marks):
        y = 4 + _ROW * place
        x, start, end = (f"{_LEFT + 6 + room * (value - low):.1f}" for value in (mark.value, mark.low, mark.high))
        if bars:
            left, right = sorted((float(start), float(x)))
            shape = (f'<rect class="{mark.name}" x="{left:.1f}" y="{y + 2}" width="{max(right - left, 1.0):.1f}" '
                     'height="13"></rect>')
        else:
            shape = (f'<path class="reach" d="M{start} {y + 9}H{end}"></path>'
                     f'<circle class="{mark.name}" cx="{x}" cy="{y + 9}" r="4"></circle>')
        lines.append(f'<text class="word" x="0" y="{y + 13}">{mark.name}</text>{shape}'
                     f'<text x="{_WIDE}" y="{y + 13}" text-anchor="end">{figure(mark.shown)}</text>')
    told = ", ".join(f"{mark.name} {figure(mark.shown)}" for mark in marks)
    return (f'<svg class="strip" viewBox="0 0 {_WIDE} {tall}" width="{_WIDE}" height="{tall}" role="img" '
            f'aria-label="{title}: {told}"><path class="line-none" d="M{_LEFT + 6 - room * low:.1f} 0V{tall}"></path>'
            f'{"".join(lines)}</svg>')


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

