"""A board: the entries of a season with what can be said of their order, and all that the site shows beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from w2s_bench.leaderboard.aggregated import by_task, ended, on_season
from w2s_bench.leaderboard.assembled import assembled, control_lines
from w2s_bench.leaderboard.checked import CHECKED, Checked, read_checked
from w2s_bench.leaderboard.chosen import Chosen, chosen
from w2s_bench.leaderboard.entries import Control, Entry, Ranks, TaskValue, Value
from w2s_bench.leaderboard.floor import Floor, floors
from w2s_bench.leaderboard.index import Listed, read_index
from w2s_bench.leaderboard.published import read_published
from w2s_bench.leaderboard.reproductions import with_reproductions
from w2s_bench.leaderboard.season import Season, find_season
from w2s_bench.leaderboard.standings import standings
from w2s_bench.running.table_files import BOUND, ROW, table_of
from w2s_bench.running.terms import read_terms

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Board", "Chosen", "Control", "Entry", "Floor", "Ranks", "TaskValue", "Value", "board_from", "board_of"]


class Board(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A season as it stands.

    entries: by output kind and division, within these first those that are ordered, by `imputed`, the largest first; that order
    is for the eye; `ranks` says what of it is told. controls: by output kind. compared: every pair that is shown, a line each:
    kind, division, measure (share or accuracy), task (null over all tasks), first, second (entry names, or "shuffled": an
    entry's own control), difference (first − second, on their common cells), low, high, over, p, imputed (the difference with
    cells that are not ok as the worst), separable. chosen: what a board that names a best entry says of it (chosen.py).
    comparisons: how many of these were tested, which is what the false discovery rate is over. rows, bounds: those of all
    active submissions of the season, as `check` derived them. published: numbers of papers, never ordered with these; None for
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
    chosen: tuple[Chosen, ...] = ()
    submissions: tuple[Listed, ...] = ()
    published: pl.DataFrame | None = None


def board_of(leaderboard: Path, season: str, published: Path | None = None) -> Board:
    """The board of a folder (see docs/board-statistics.md) and a season of it: of the submissions that stand in its index, what
    `check` derived, with the trust that reproductions of them lend. published: numbers of papers, as import-published writes
    them. Raises DataError for what is not there or cannot be read."""
    found = find_season(leaderboard, season)
    told = read_published(published) if published is not None else None
    listed = tuple(each for each in read_index(leaderboard) if each.season == found.label)
    checked = [with_reproductions(read_checked(leaderboard / CHECKED / each.name), leaderboard, each.sha256)
               for each in listed if each.state == "active"]
    return msgspec.structs.replace(board_from(found, checked, told), submissions=listed)


def board_from(season: Season, submissions: Sequence[Checked], published: pl.DataFrame | None = None) -> Board:
    """The same of submissions that are at hand. The order in which they come changes nothing."""
    import polars as pl

    ordered = sorted(submissions, key=lambda each: each.submission.name)
    rows = pl.concat([_no_rows(), *(each.rows for each in ordered)], how="diagonal_relaxed")
    bounds = pl.concat([_no_bounds(), *(each.bounds for each in ordered)], how="diagonal_relaxed")
    found_terms = [("", read_terms([])), *((each.submission.name, each.terms) for each in ordered)]
    terms = pl.concat([table.with_columns(pl.lit(name).alias("submission")) for name, table in found_terms])
    cells = on_season(rows, season)
    found = standings(season, cells, terms)
    entries = assembled(season, by_task(cells, season), ended(cells), cells, bounds, found)
    assert found.table is not None
    tests = int(found.table["p"].is_not_null().sum())
    return Board(season=season, floor=floors(season), entries=entries, controls=control_lines(season), compared=found.table,
                 chosen=chosen(cells, season), comparisons=tests, rows=rows, bounds=bounds, published=published)


def _no_bounds() -> pl.DataFrame:
    import polars as pl

    return table_of([], BOUND).with_columns(pl.lit(None, pl.String).alias(name) for name in ("submission", "certificate"))


def _no_rows() -> pl.DataFrame:
    import polars as pl

    return table_of([], ROW).with_columns(pl.lit(None, pl.String).alias(name) for name in ("submission", "trust", "division"))
