"""What the pages of a site are made from: the board, its submissions, its rows, and where the page of each thing lies."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from w2s_bench.leaderboard.board import Board, Entry
from w2s_bench.leaderboard.site.addresses import page_of
from w2s_bench.leaderboard.site.sent import Sent
from w2s_bench.registry.short_names import short_names
from w2s_bench.tables.summary import bound_on_test

if TYPE_CHECKING:
    import polars as pl

Row: TypeAlias = Mapping[str, Any]
"""A line of rows.parquet with the columns of `check` and of `Contents.rows`; one of bounds.parquet; or the names of a
configuration, by side."""

Configuration: TypeAlias = tuple[Row, list[Row]]
"""The names of a configuration, by side, and its rows."""

ROW_ORDER = ("task", "strategy", "weak", "strong", "supervisor", "submission", "seed")
KEY = ("run_id", "cell_key", "submission")
"""What a row is known by, in rows and in bounds: two submissions may hold one cell."""
SIDES = ("task", "weak", "strong", "strategy", "supervisor", "submission")
"""What a configuration is: rows that agree in these differ in their seed alone."""


class Contents:
    """A board with what is looked up in it."""

    def __init__(self, board: Board, sent: Iterable[Sent]) -> None:
        self.board = board
        self.sent = tuple(sent)
        season = board.season
        self.units = {task.name: task.unit for task in season.tasks}
        names = board.rows.select("task", "weak", "strong", "strategy", "supervisor")
        self.tasks = _known([*(task.name for task in season.tasks), *names["task"].to_list()])
        self.models = _known([*names["weak"].to_list(), *names["strong"].to_list()])
        self.strategies = _known([*names["strategy"].to_list(), *names["supervisor"].to_list(),
                                  *(entry.strategy for entry in board.entries)])
        self.short = {**short_names(self.models), **short_names(self.strategies), **short_names(self.tasks)}

    @functools.cached_property
    def rows(self) -> tuple[Row, ...]:
        """The rows in the order of their table, with `page`, the bound by which the row is judged (`tightness`, `verdict`) and
        the columns `share`, `share_low`, `share_high`, `misfit_share`: gain and misfit in shares of the season's unit."""
        return tuple({**row, "page": page_of("rows", str(row["submission"]), str(row["cell_key"]))}
                     for row in self.table.iter_rows(named=True))

    @functools.cached_property
    def table(self) -> pl.DataFrame:
        """The same as a table, without `page`."""
        import polars as pl

        found = [bound_on_test(part).select("run_id", "cell_key", pl.lit(name).alias("submission"), "tightness", "verdict")
                 for (name,), part in self.board.bounds.group_by("submission", maintain_order=True)]
        none = pl.DataFrame(schema={**dict.fromkeys(KEY, pl.String), "tightness": pl.Float64, "verdict": pl.String})
        judged = pl.concat([none, *found])
        unit = pl.col("task").replace_strict(self.units, default=None, return_dtype=pl.Float64)
        shares = {"share": "gain", "share_low": "gain_low", "share_high": "gain_high", "misfit_share": "misfit"}
        return self.board.rows.sort(ROW_ORDER, nulls_last=True).join(
            judged, on=KEY, how="left", maintain_order="left").with_columns(
                pl.when(pl.col(column).is_finite()).then(pl.col(column) / unit).alias(name) for name, column in shares.items())

    @functools.cached_property
    def entries(self) -> dict[str, Entry]:
        """Entries by kind and name, as `entry_key` words it."""
        return {entry_key(entry): entry for entry in self.board.entries}

    def entry_page(self, entry: Entry) -> str:
        """The address of an entry's page."""
        return page_of("entries", entry.kind, entry.submission, entry.strategy)

    def name(self, label: str | None) -> str:
        """A label without what tells nothing apart on this board."""
        return "–" if label is None else self.short.get(label, label)


def entry_key(entry: Entry) -> str:
    """What tells an entry from every other: its output kind and its name."""
    return f"{entry.kind}:{entry.name}"


def _known(labels: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(label for label in labels if label is not None))
