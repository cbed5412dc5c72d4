"""The entry that a board would name as its best, judged on examples that did not choose it.

The largest of many means is too large: noise helped to choose it. So the best of one half of every test set is judged on the
other half, and the other way round (scoring/halves.py says which examples are in which). A board that names an entry shows this
value beside the name, and never the mean by which it was chosen. Settings are not chosen at all: a season fixes them, and all
weigh the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from w2s_bench.leaderboard.aggregated import ENTRY
from w2s_bench.leaderboard.season import KINDS, Kind, Season
from w2s_bench.leaderboard.standings import ordered_entries
from w2s_bench.scoring.halves import HALVES

if TYPE_CHECKING:
    import polars as pl


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The best of the entries of an output kind and a division that have every cell, of `entries` such. names: that of the first
    half of the test examples, and that of the second. share: their mean gains over tasks, in shares of the unit, each on the half
    that did not choose it, averaged; as_chosen: the same on the half that did, which is too large."""

    kind: Kind
    division: str
    entries: int
    names: tuple[str, str]
    share: float
    as_chosen: float


def chosen(cells: pl.DataFrame, season: Season) -> tuple[Chosen, ...]:
    """One for each output kind and division with two such entries or more. cells: of aggregated.on_season."""
    import polars as pl

    gains = [((pl.col(f"err_weak_half{half}") - pl.col(f"err_student_half{half}")) / pl.col("unit")).alias(f"share_half{half}")
             for half in HALVES]
    columns = [f"share_half{half}" for half in HALVES]
    found = []
    for kind in KINDS:
        planned = sum(len(task.settings) * len(task.seeds) for task in season.tasks if task.output == kind)
        of_kind = cells.filter((pl.col("kind") == kind) & (pl.col("state") == "ok")).with_columns(gains).filter(
            pl.all_horizontal(pl.col(columns).is_finite().fill_null(False)))
        for division in sorted(of_kind["division"].drop_nulls().unique().to_list()):
            ordered = pl.DataFrame(ordered_entries(season, of_kind, kind, division), schema=list(ENTRY), orient="row")
            mine = of_kind.join(ordered, on=list(ENTRY), how="semi")
            whole = mine.filter(pl.len().over(ENTRY) == planned).group_by(*ENTRY, "task_at", "seed_at").agg(
                pl.col(columns).mean()).group_by(*ENTRY, "task_at").agg(pl.col(columns).mean()).group_by(ENTRY).agg(
                pl.col(columns).mean()).sort(ENTRY)
            if whole.height > 1:
                found.append(_best(whole, kind, division))
    return tuple(found)


def _best(table: pl.DataFrame, kind: Kind, division: str) -> Chosen:
    means = table.select(f"share_half{half}" for half in HALVES).to_numpy()
    first, second = (int(at) for at in means.argmax(axis=0))
    names = ["/".join(key) for key in table.select(ENTRY).rows()]
    return Chosen(kind=kind, division=division, entries=table.height, names=(names[first], names[second]),
                  share=float(np.mean([means[first, 1], means[second, 0]])),
                  as_chosen=float(np.mean([means[first, 0], means[second, 1]])))
