"""Stated numbers beside those that were derived: equal, equal but for rounding, or not what the predictions say."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from w2s_bench.leaderboard.checked import Row
from w2s_bench.leaderboard.derived import LATER_FLAGS, STATED_FLAGS
from w2s_bench.leaderboard.untrusted import shown
from w2s_bench.registry.measures import row_columns

SAME = 1e-12
"""Relative difference of two numbers that are one."""

ROUNDING = 1e-9
"""Relative difference that another machine's arithmetic may make: it is noted. A larger one is refused."""

_CANCELLED = 4e-15
"""What is left of a difference that cancels, as a share of the terms that it is made of."""

_REASONS = frozenset({"metrics_missing", "flags"})
_ERRORS = ("err_weak", "err_student", "err_ceiling", "err_constant", "misfit")
_JUDGED = ("lhs", "rhs", "slack", "slack_se", "slack_low", "slack_high", "tightness", "verdict", "vacuous", "exceeded",
           "all_assumptions")


class Compared(NamedTuple):
    """wrong: in sentences, what does not follow from the predictions. rounded: the largest relative difference of those that are
    equal but for rounding, 0 for none. lacking: derived columns that the sender leaves out."""

    wrong: tuple[str, ...]
    rounded: float
    lacking: tuple[str, ...]


def compared_row(stated: Row, derived: Row) -> Compared:
    """A row as it is sent, beside its columns as they were derived."""
    size = max((abs(derived[name]) for name in _ERRORS if derived.get(name) is not None), default=0.0)
    wrong: list[str] = []
    lacking: list[str] = []
    rounded = 0.0
    for name, found in derived.items():
        given = stated.get(name)
        if name in _REASONS:
            wrong += _flags_apart(given, found) if name == "flags" else []
        elif given is None and found is not None:
            lacking.append(name)
        elif name == "ledger_residue":  # rounding and nothing else: ours is shown
            wrong += [] if isinstance(given, float) and given <= _residue(derived) else _untold(name, given, found)
        else:
            apart = difference(given, found, _floor(name, size))
            rounded = max(rounded, apart if SAME < apart <= ROUNDING else 0.0)
            wrong += _untold(name, given, found) if apart > ROUNDING else []
    return Compared(tuple(wrong), rounded, tuple(lacking))


def compared_bounds(stated: Sequence[Row], derived: Sequence[Row]) -> Compared:
    """The lines of one cell in the same way. A bound that is not installed here is nobody's fault: it is not in `lacking`."""
    lines = {(line["bound"], line["split"]): line for line in derived}
    given = {(line["bound"], line["split"]): line for line in stated}
    wrong: list[str] = []
    rounded = 0.0
    for key, line in given.items():
        if (found := lines.get(key)) is None:
            continue
        size = max(abs(found["lhs"]), abs(found["rhs"]))
        for name in _JUDGED:
            apart = difference(line.get(name), _number(found[name]), _CANCELLED * size)
            rounded = max(rounded, apart if SAME < apart <= ROUNDING else 0.0)
            wrong += _untold(f"{name} of {key[0]} on {key[1]}", line.get(name), found[name]) if apart > ROUNDING else []
        for name in ("assumes", "fails"):
            if sorted(line.get(name) or ()) != sorted(found[name]):
                wrong += _untold(f"{name} of {key[0]} on {key[1]}", line.get(name), list(found[name]))
    return Compared(tuple(wrong), rounded, tuple(" on ".join(key) for key in lines if key not in given))


def difference(stated: object, derived: object, floor: float = 0.0) -> float:
    """How far two values are apart: relative to the larger of two numbers, and within `floor` no more than rounding; of others 0
    or infinity."""
    if isinstance(stated, bool) or isinstance(derived, bool) or not (
            isinstance(stated, int | float) and isinstance(derived, int | float)):
        return 0.0 if stated == derived else math.inf
    if stated == derived:
        return 0.0
    if not (math.isfinite(stated) and math.isfinite(derived)):
        return math.inf
    apart = float(abs(stated - derived))
    share = apart / float(max(abs(stated), abs(derived)))
    return min(share, ROUNDING) if apart <= floor else share


def _floor(name: str, size: float) -> float:
    """What rounding may leave of a column whose terms cancel. size: of the errors of the row, in the divergence's unit."""
    unit = _units().get(name, "")
    return _CANCELLED * {"D": size, "label²": size, "label": math.sqrt(size), "nats": size, "1": 1.0}.get(unit, 0.0)


@functools.cache
def _units() -> Mapping[str, str]:
    return {column.name: column.unit for column in row_columns() if column.type == "float"}


def _residue(derived: Row) -> float:
    """The most that rounding may leave of the ledger's identity."""
    return 1e-9 * (1.0 + abs(float(derived["gain"])))


def _flags_apart(stated: Sequence[str] | None, derived: Sequence[str]) -> Iterator[str]:
    given, found = set(stated or ()), set(derived)
    if unsaid := sorted(found - given - LATER_FLAGS):
        yield f"the flag {unsaid[0]} is left out, and the predictions raise it"
    if raised := sorted(given - found - STATED_FLAGS):
        yield f"the flag {shown(raised[0])} is stated, and the predictions do not raise it"


def _untold(name: str, stated: object, derived: object) -> list[str]:
    return [f"{name} is {_told(stated)} and its predictions say {_told(derived)}"]


def _told(value: object) -> str:
    return f"{value:.12g}" if isinstance(value, float) else "nothing" if value is None else shown(value)


def _number(value: object) -> object:
    """What is no number is null, as in every table."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
