"""A board: the entries of a season with what can be said of their order, and all that the site shows beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from w2s_bench.leaderboard.entries import Control, Entry, Ranks, TaskValue, Value
from w2s_bench.leaderboard.floor import Floor
from w2s_bench.leaderboard.season import Season

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Board", "Control", "Entry", "Floor", "Ranks", "TaskValue", "Value"]


class Board(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A season as it stands.

    entries: by output kind and division, within these by `mean`, the largest first; that order is for the eye, and `ranks` says
    what of it is told. controls: by output kind. compared: every pair that is shown, a line each: kind, division, task (null
    over all tasks), first, second (entry names, or "shuffled": an entry's own control), difference (first − second, in shares
    of the unit, on their common cells), low, high, over, p, imputed (the difference with cells that are not ok as the worst),
    separable. comparisons: how many of these were tested, which is what the false discovery rate is over. rows, bounds: those
    of all submissions of the season, as `check` derived them. published: numbers of papers, never ordered with these; None for
    none.
    """

    season: Season
    floor: tuple[Floor, ...]
    entries: tuple[Entry, ...]
    controls: tuple[Control, ...]
    compared: pl.DataFrame
    comparisons: int
    rows: pl.DataFrame
    bounds: pl.DataFrame
    published: pl.DataFrame | None = None
