"""Strategies against one of them, on paired cells only: what a strategy does to misfit, gain and agreement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from w2s_bench.contracts.errors import DataError, UsageError, nearest
from w2s_bench.registry.measures import row_columns
from w2s_bench.registry.names import natural
from w2s_bench.scoring.lines import ENOUGH_TASKS
from w2s_bench.scoring.many import beyond_noise
from w2s_bench.tables.inference import (
    NO_TERMS,
    READS,
    Inferred,
    Terms,
    inferred,
    interval_columns,
    interval_types,
    over_task_sets,
    without_copies,
)
from w2s_bench.tables.summary import direction_place
from w2s_bench.tables.uninformed import nobody_left, told_apart

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.tables.values import Schema, Values

PAIR = ("task", "weak", "strong", "supervisor", "seed")
"""Two cells are a pair where they agree in these, which is all of a cell but its strategy: same teacher, same weak labels,
same test examples. So a difference of their gains is one of their students alone."""

SIDES = ("strategy", "weak", "strong", "supervisor")
"""What cells can be compared by, all else being equal."""

MEASURES = ("gain", "misfit", "gain_accuracy", "agreement_weak_right", "agreement_weak_wrong")
"""What is compared: columns of the rows. A measure that neither strategy holds in a group has no line."""

EVERY_TASK = "all task sets"
_GROUP = ("task_set", "direction")


def reference_of(rows: pl.DataFrame, against: str | None = None) -> str:
    """The strategy that the others are compared with: the one named, by its label or by a name that only it has, else the one
    that makes most pairs, of several the one with most cells of status ok, the first of these. Raises UsageError for a name that
    fits none or several of the rows'."""
    known = rows["strategy"].unique(maintain_order=True).to_list()
    if against is None:
        return str(max(known, key=_pairs_and_cells(rows).__getitem__))
    found = [against] if against in known else [label for label in known if label.split("[")[0] == against]
    if len(found) != 1:
        what = f"{len(found)} strategies are called {against!r}" if found else f"no strategy of these rows is {against!r}"
        raise UsageError(what, where="--against", hint=nearest(against, known))
    return str(found[0])


def _pairs_and_cells(rows: pl.DataFrame) -> Mapping[str, tuple[int, int]]:
    """Of each strategy the pairs that it makes as the reference, and its cells of status ok."""
    import polars as pl

    ok = rows.filter(pl.col("status") == "ok").with_columns(others=pl.len().over(PAIR) - 1)
    counted = ok.group_by("strategy").agg(pl.col("others").sum(), pl.len())
    return defaultdict(lambda: (0, 0), {strategy: (pairs, cells) for strategy, pairs, cells in counted.iter_rows()})


def comparisons(rows: pl.DataFrame, against: str | None = None, terms: Terms = NO_TERMS) -> pl.DataFrame:
    """One row for each group, strategy and measure, from pairs of cells with status ok on both sides; see `PAIR`.

    A group is a task set and a direction, that of the reference's cell. Columns: task_set, direction, strategy, against,
    measure, unit (D is the divergence's), divergence, output_unit, pairs, seeds; mean and mean_against over the same pairs;
    difference with its 95 % interval (`_low`, `_high`), and `difference_over`, a key of inference.MEANINGS, which says over
    what. Draws, models and supervisors are averaged within a seed. `beyond` says whether the difference is beyond noise among
    all that this table holds (false discovery 5 %, scoring/many.py), from the `difference_p`. With ENOUGH_TASKS task sets or
    more, lines of the task set EVERY_TASK follow for measures without a unit: a task set's mean over seeds is one value, and
    `difference_over` is "task sets". The reference's own line holds its means over all cells of its that have a
    pair. Cells whose teacher knows no more than a constant make no pair (see `uninformed`). Raises DataError where there are
    fewer than two strategies or no pair, UsageError for `against`.
    """
    told = told_apart(rows)
    return _compared(told, reference_of(told, against), terms)


def _compared(rows: pl.DataFrame, named: str, terms: Terms) -> pl.DataFrame:
    import polars as pl

    pairs = _paired(rows, named)
    found = [{**group, **line} for group, part in _groups(pairs) for line in _lines(part, named, terms)]
    for group, part in _groups(pairs, ("direction",)):
        if part["task_set"].n_unique() >= ENOUGH_TASKS:
            found += [{"task_set": EVERY_TASK, **group, **line} for line in _lines(part, named, None)]
    table = pl.DataFrame(found, schema=_schema(), orient="row")
    beyond = beyond_noise(table["difference_p"].fill_null(float("nan")).to_numpy())
    return table.with_columns(pl.Series("beyond", beyond))


def compared_by(rows: pl.DataFrame, side: str, against: str | None = None, terms: Terms = NO_TERMS) -> pl.DataFrame:
    """`comparisons` of another side of the cells, one of `SIDES`, whose values stand in the column of its name.

    Cells are paired where they agree in all else, and a group's direction is that of the reference's cell. Raises as
    `comparisons`, and UsageError for another word.
    """
    if side not in SIDES:
        raise UsageError(f"cells have no side {side!r} to compare by", hint=nearest(side, SIDES))
    if side == "strategy":
        return comparisons(rows, against, terms)
    turned = told_apart(rows).rename({side: "strategy", "strategy": side})
    return _compared(turned, reference_of(turned, against), terms).rename({"strategy": side})


def dropped(rows: pl.DataFrame, against: str | None = None) -> pl.DataFrame:
    """Cells of a strategy or of the reference that make no pair, counted: task_set, strategy, against, reason, cells.

    reason: the status of the strategy's cell where it is not ok, or the flag that puts its teacher out, else "not run"; of the
    reference's cell, followed by its name, where only that is amiss.
    """
    import polars as pl

    told = told_apart(rows)
    named = reference_of(told, against)
    base = told.select("task_set", *PAIR, "strategy", "status")
    theirs = base.filter(pl.col("strategy") == named).drop("strategy")
    lost = []
    for strategy in _others(rows, named):
        mine = base.filter(pl.col("strategy") == strategy).drop("strategy")
        both = mine.join(theirs, on=["task_set", *PAIR], how="full", coalesce=True, nulls_equal=True, suffix="_against")
        mine_is = pl.col("status").fill_null("not run")
        theirs_is = pl.col("status_against").fill_null("not run")
        reason = pl.when(mine_is != "ok").then(mine_is).when(theirs_is != "ok").then(theirs_is + pl.lit(f" with {named}"))
        told = both.with_columns(reason.alias("reason"), pl.lit(strategy).alias("strategy"), pl.lit(named).alias("against"))
        lost.append(told.drop_nulls("reason").group_by("task_set", "strategy", "against", "reason").agg(
            pl.len().cast(pl.Int64).alias("cells")))
    schema = {**dict.fromkeys(("task_set", "strategy", "against", "reason"), pl.String), "cells": pl.Int64}
    return (pl.concat(lost) if lost else pl.DataFrame(schema=schema)).sort("task_set", "strategy", "reason")


def dropped_words(rows: pl.DataFrame, lost: pl.DataFrame) -> list[str]:
    """One sentence a strategy that has cells without a pair: how many of how many, and why. lost: from `dropped`. One more where
    no teacher knows more than a constant, so that all are compared as they are."""
    import polars as pl

    said = [f"{nobody_left(rows)} They are compared as they are."] if nobody_left(rows) else []
    for strategy in lost["strategy"].unique(maintain_order=True).to_list():
        mine = lost.filter(pl.col("strategy") == strategy)
        reasons = mine.group_by("reason", maintain_order=True).agg(pl.col("cells").sum())
        planned = rows.filter(pl.col("strategy").is_in([strategy, mine["against"][0]])).select(PAIR).n_unique()
        counts = ", ".join(f"{count} {reason}" for reason, count in reasons.iter_rows())
        said.append(f"{strategy}: {mine['cells'].sum()} of {planned} cells make no pair: {counts}.")
    return said


def _others(rows: pl.DataFrame, named: str) -> list[str]:
    return [label for label in rows["strategy"].unique(maintain_order=True).to_list() if label != named]


def _paired(rows: pl.DataFrame, named: str) -> pl.DataFrame:
    """One row a pair: task_set, direction, `strategy`, PAIR, and each measure with that of the reference (`_against`)."""
    import polars as pl

    if rows["strategy"].n_unique() < 2:
        raise DataError(f"one strategy only ({named}), so there is nothing to compare",
                        hint="run several --strategy for the same task, models and seeds")
    ok = rows.filter(pl.col("status") == "ok")
    more = [name for name in READS if name not in PAIR and name != "strategy"]
    mine = ok.filter(pl.col("strategy") != named).select("strategy", *PAIR, *dict.fromkeys((*MEASURES, *more)))
    theirs = ok.filter(pl.col("strategy") == named).select(
        "task_set", "direction", "divergence", "output_unit", *PAIR, *MEASURES, "cell_key")
    pairs = mine.join(theirs, on=list(PAIR), how="inner", nulls_equal=True, suffix="_against", maintain_order="left")
    if pairs.is_empty():
        most = reference_of(rows)
        raise DataError(f"no cell of {named} agrees with one of another strategy in {', '.join(PAIR)}, both with status ok",
                        hint=f"{most} makes most pairs: --against {most}" if _pairs_and_cells(rows)[most][0] else
                        "w2s-bench show RUN --columns strategy,status,task,weak,strong,supervisor,seed")
    return pairs


def _groups(pairs: pl.DataFrame, keys: Sequence[str] = _GROUP) -> Iterator[tuple[Values, pl.DataFrame]]:
    found = [(dict(zip(keys, values, strict=True)), part) for values, part in pairs.group_by(keys, maintain_order=True)]
    yield from sorted(found, key=lambda group: (natural(group[0].get("task_set")), direction_place(group[0]["direction"])))


def _lines(part: pl.DataFrame, named: str, terms: Terms | None) -> Iterator[Values]:
    """The reference's lines first, then those of each strategy. Without terms it is over task sets, where only measures without a
    unit are left."""
    import polars as pl

    over_tasks = terms is None
    units = {column.name: column.unit for column in row_columns()}
    measures = [name for name in MEASURES if not over_tasks or units.get(name) == "1"]
    about = {"against": named, "divergence": None if over_tasks else part["divergence"][0],
             "output_unit": None if over_tasks else part["output_unit"][0]}
    for strategy in [named, *part["strategy"].unique(maintain_order=True).to_list()]:
        for measure in measures:
            own = strategy == named
            seen = part.unique(PAIR, maintain_order=True) if own else part.filter(pl.col("strategy") == strategy)
            seen = seen.with_columns(pl.col(f"{measure}_against").alias(measure)) if own else seen
            seen = seen.filter(pl.all_horizontal(pl.col(measure, f"{measure}_against").is_finite().fill_null(False)))
            if seen.height:
                yield {"strategy": strategy, **about, "measure": measure, "unit": units.get(measure, ""), "pairs": seen.height,
                       "seeds": seen["seed"].n_unique(), **_figures(seen, measure, own, terms)}


def _figures(seen: pl.DataFrame, measure: str, own: bool, terms: Terms | None) -> Values:
    import polars as pl

    apart = (pl.col(measure) - pl.col(f"{measure}_against")).alias("difference")
    with_apart = without_copies(seen.with_columns(apart))[0]
    columns = ("mean", "mean_against", "difference")
    means = with_apart.rename({measure: "mean", f"{measure}_against": "mean_against"}).group_by(
        "task_set", "seed", maintain_order=True).agg(pl.col(columns).mean())
    if terms is None:
        means = means.group_by("task_set", maintain_order=True).agg(pl.col(columns).mean())
        found: Inferred | None = over_task_sets(means["difference"].to_numpy())
    else:
        found = inferred(with_apart, measure, terms, value="difference")
    both = means.select(pl.col(columns[:2]).mean()).row(0, named=True)
    return {**both, **interval_columns("difference", None if own else found)}


def _schema() -> Schema:
    import polars as pl

    words = ("task_set", "direction", "strategy", "against", "measure", "unit", "divergence", "output_unit")
    return {**dict.fromkeys(words, pl.String), "pairs": pl.Int64, "seeds": pl.Int64, "mean": pl.Float64,
            "mean_against": pl.Float64, "difference": pl.Float64, **interval_types(["difference"])}
