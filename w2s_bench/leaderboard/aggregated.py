"""Rows of submissions on the cells of a season, and what an entry does on a task: group-bys over any number of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from w2s_bench.contracts.errors import DataError
from w2s_bench.leaderboard.checked import RANKED, TRUSTS

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.leaderboard.season import Season

ENTRY = ("submission", "strategy")
CELL = ("task", "weak", "strong", "supervisor", "seed")
MEASURES = ("share", "nats", "accuracy", "misfit", "above_shuffled")
"""What is averaged on a task: the gain in shares of the season's unit; of classes the gain in the divergence's unit and that in
accuracy; the misfit, and the error of the control of shuffled labels less the student's, both in shares."""

NOT_RUN, NOT_DERIVED = "not run", "not derived"
"""How a cell ended of which there is no row, or none that was derived here beside others that were."""


def season_cells(season: Season) -> pl.DataFrame:
    """A line a cell: CELL, kind, unit, worst, and the numbers of its task, setting and seed (`task_at`, `setting_at`,
    `seed_at`)."""
    import polars as pl

    lines = [(task.name, setting.weak, setting.strong, setting.supervisor, seed, task.output, task.unit, setting.worst, t, j, s)
             for t, task in enumerate(season.tasks) for j, setting in enumerate(task.settings)
             for s, seed in enumerate(task.seeds)]
    words, numbers = ("task", "weak", "strong", "supervisor"), ("task_at", "setting_at", "seed_at")
    return pl.DataFrame(lines, orient="row", schema={
        **dict.fromkeys(words, pl.String), "seed": pl.Int64, "kind": pl.String, "unit": pl.Float64, "worst": pl.Float64,
        **dict.fromkeys(numbers, pl.Int32)})


def on_season(rows: pl.DataFrame, season: Season) -> pl.DataFrame:
    """The rows that fill a cell of the season, with its columns (see `season_cells`), the columns MEASURES, and `state`: "ok",
    the row's status, or NOT_DERIVED for a row that nobody derived here of an entry that has others that were.

    A row without a finite gain is not ok, whatever its status says. Raises DataError where an entry fills a cell twice.
    """
    import polars as pl

    found = rows.join(season_cells(season), on=list(CELL), how="inner", maintain_order="left")
    twice = found.filter(pl.struct(*ENTRY, "task_at", "setting_at", "seed_at").is_duplicated())
    if twice.height:
        first = twice.row(0, named=True)
        raise DataError("a cell of the season is in it twice: " + ", ".join(f"{name} {first[name]}" for name in CELL),
                        where="/".join(str(first[name]) for name in ENTRY))
    classes = pl.col("kind") == "classes"
    ok, derived = pl.col("status") == "ok", pl.col("trust").is_in(RANKED).fill_null(False)
    state = pl.when(~ok).then(pl.col("status")).when(~derived & derived.any().over(*ENTRY, "kind")).then(
        pl.lit(NOT_DERIVED)).when(pl.col("gain").is_finite().fill_null(False)).then(pl.lit("ok")).otherwise(pl.lit("failed"))
    made = {"share": pl.col("gain") / pl.col("unit"), "nats": pl.when(classes).then(pl.col("gain")),
            "accuracy": pl.when(classes).then(pl.col("gain_accuracy")), "misfit": pl.col("misfit") / pl.col("unit"),
            "above_shuffled": (pl.col("err_shuffled") - pl.col("err_student")) / pl.col("unit")}
    return found.with_columns(state.alias("state")).with_columns(
        pl.when(pl.col("state") == "ok").then(value.fill_nan(None)).alias(name) for name, value in made.items())


def by_task(cells: pl.DataFrame, season: Season) -> pl.DataFrame:
    """A line an entry and task that it has a row of: ENTRY, kind, task_at, MEASURES (means over settings, then seeds, of the
    cells that are ok), done, planned, `imputed` (the mean share with every cell that is not ok as the worst), and `trust`, the
    least of the cells that are ok. cells: of `on_season`.

    The worst of a cell is the season's `worst` there, or the least that the entry has in another cell of the task, where that is
    less: so it rests on nobody else who is listed, and nobody gains by failing where he would do badly.
    """
    import polars as pl

    key = [*ENTRY, "kind", "task_at"]
    ok = cells.filter(pl.col("state") == "ok")
    seeds = ok.group_by(*key, "seed_at").agg(pl.col(MEASURES).mean(), pl.len().alias("done"))
    means = seeds.group_by(key).agg(pl.col(MEASURES).mean(), pl.col("done").sum().cast(pl.Int64))
    least = ok.group_by(key).agg(pl.col("share").min().alias("least"))
    known = cells.group_by(key).agg(_least_trust())
    grid = season_cells(season).group_by("task_at").agg(pl.len().cast(pl.Int64).alias("planned"))
    settings = season_cells(season).group_by("task_at", "setting_at").agg(pl.col("worst").first(), pl.len().alias("seeds"))
    worst = known.select(key).join(least, on=key, how="left", maintain_order="left").join(
        settings, on="task_at", maintain_order="left").group_by(key).agg(
        (_worst() * pl.col("seeds")).sum().alias("as_worst"))
    instead = ok.join(least, on=key).group_by(key).agg((pl.col("share") - _worst()).sum().alias("instead"))
    table = known.join(means, on=key, how="left").join(grid, on="task_at", how="left").join(worst, on=key, how="left").join(
        instead, on=key, how="left")
    return table.with_columns(
        pl.col("done").fill_null(0),
        pl.col("trust").cast(pl.Int32).replace_strict(dict(enumerate(TRUSTS)), return_dtype=pl.String),
        ((pl.col("as_worst") + pl.col("instead").fill_null(0.0)) / pl.col("planned")).alias("imputed")).drop(
        "as_worst", "instead").sort(key)


def ended(cells: pl.DataFrame) -> pl.DataFrame:
    """How the cells of an entry on a task ended that are not ok, as far as there is a row: ENTRY, kind, task_at, state, cells."""
    import polars as pl

    return cells.filter(pl.col("state") != "ok").group_by(*ENTRY, "kind", "task_at", "state").agg(
        pl.len().cast(pl.Int64).alias("cells")).sort(*ENTRY, "kind", "task_at", "state")


def _least_trust() -> pl.Expr:
    """The number of the least trust of the cells that are ok; of all where there are none such."""
    import polars as pl

    numbers = pl.col("trust").replace_strict({name: at for at, name in enumerate(TRUSTS)}, default=0, return_dtype=pl.Int8)
    return pl.coalesce(numbers.filter(pl.col("state") == "ok").min(), numbers.min()).alias("trust")


def _worst() -> pl.Expr:
    import polars as pl

    return pl.min_horizontal("worst", "least")
