"""The resolution floor of a season: the smallest paired difference that its design can tell apart."""

from __future__ import annotations

import msgspec

from w2s_bench.leaderboard.season import Kind


class Floor(msgspec.Struct, frozen=True, kw_only=True):
    """What a paired difference of two entries must be, in shares of the unit, so that the board orders the two in 80 % of cases.

    task: None over all tasks of the kind (from 8 on). one: where this comparison is the only one. many: where it is the only
    difference among `comparisons` that are shown. least, most: `one` for the pairs of the season's run that vary least and most.
    sentence: what it is and what it rests on.
    """

    kind: Kind
    task: str | None
    one: float
    many: float
    comparisons: int
    least: float
    most: float
    sentence: str
