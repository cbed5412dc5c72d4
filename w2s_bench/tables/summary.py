"""Rows of a run as a table of cells, seeds averaged, and the one sentence that they support."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from w2s_bench.contracts.data import DIRECTIONS
from w2s_bench.registry.names import natural
from w2s_bench.scoring.many import beyond_noise
from w2s_bench.scoring.ratios import NOTHING, is_rounding, quotient
from w2s_bench.scoring.verdict import STATED, VERDICTS
from w2s_bench.tables.inference import NO_TERMS, Cells, Terms, inferred, interval_columns, interval_types
from w2s_bench.tables.laws import law_bounds
from w2s_bench.tables.uninformed import averaged, uninformed

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.tables.values import Schema, Value, Values

GROUPABLE = ("task_set", "task", "weak", "strong", "strategy", "supervisor", "seed", "direction", "divergence", "panel")
KEYS = ("task_set", "weak", "strong", "strategy", "supervisor")
MEANS = ("err_weak", "err_student", "err_ceiling", "err_constant", "gain", "misfit", "projection", "realizability")
SIZES = ("err_weak", "err_constant")
"""What a gain or a misfit is rounding beside: the errors of the teacher and of the best constant."""
ACCURACIES = ("accuracy_weak", "accuracy_student", "accuracy_ceiling", "accuracy_majority", "gain_accuracy")
"""Means of classes, null for numbers."""
COUNTS = {verdict: verdict.replace(" ", "_") for verdict in VERDICTS}
"""The column that counts a verdict."""
_GRAVEST_FIRST = ("violated", "undecided", "no statement", "says nothing", "holds")
WITH_INTERVAL = ("gain", "misfit", "gain_accuracy")
"""Means that stand with their interval."""


def bound_on_test(bounds: pl.DataFrame) -> pl.DataFrame:
    """The bound by which each cell is judged, on the test split (see `law_bounds`): run_id, cell_key, lhs, rhs, slack, tightness,
    verdict, fails."""
    import polars as pl

    return bounds.filter(pl.col("bound").is_in(list(law_bounds().values())) & (pl.col("split") == "test")).select(
        "run_id", "cell_key", "lhs", "rhs", "slack", "tightness", "verdict", "fails").unique(
            ["run_id", "cell_key"], maintain_order=True)


def group_keys(by: Sequence[str] | None) -> list[str]:
    """Columns that make a group. task_set is always one: errors of two sets have no common unit."""
    return list(dict.fromkeys(["task_set", *by])) if by else list(KEYS)


def summary(rows: pl.DataFrame, bounds: pl.DataFrame, by: list[str] | None = None, terms: Terms = NO_TERMS) -> pl.DataFrame:
    """One row a group, from rows with status ok: means over seeds, ratios of means, the verdicts counted.

    A gain or misfit that is rounding beside the errors is not beyond noise, and no ratio is made to it.
    gain, misfit and gain_accuracy have a 95 % interval, `_low` and `_high`, and `_over`, a key of inference.MEANINGS, says over
    what. `_beyond` says whether the mean is beyond noise among all groups of this table (false discovery 5 %, scoring/many.py).
    copies: seeds that are another one again; n_seeds and means are of the others. uninformed: why the group's teacher is one
    that knows no more than a constant, and then nothing of it is beyond noise; null for others, and where a group has several
    teachers. Sorted by task_set, weak-to-strong first. Draws of one task set count as one: the mean over them makes a seed's
    value. A group of several teachers is without those that know no more than a constant (see `averaged`).
    verdict: the gravest of those counted. fails: what is not certified, the most frequent first. tightness: mean lhs over mean
    rhs of that bound where it is certified and says something; null where either is not above 0.
    """
    import polars as pl

    keys = group_keys(by)
    ok = averaged(rows, keys).join(
        bound_on_test(bounds), on=["run_id", "cell_key"], how="left", maintain_order="left")
    inner = list(dict.fromkeys([*keys, "direction"]))
    found = [_group(dict(zip(inner, values, strict=True)), part, terms) for values, part in
             ok.group_by(inner, maintain_order=True)]
    out = dict(((task, weak, by_whom), reason) for task, weak, by_whom, reason in uninformed(rows).iter_rows())
    for line in found:
        line["uninformed"] = out.get((line["task_set"], line.get("weak"), line.get("supervisor")))
    for name in WITH_INTERVAL:
        tested = [math.nan if line["uninformed"] or _is_rounding(line, name) else _p_of(line, name) for line in found]
        for line, beyond in zip(found, beyond_noise(tested), strict=True):
            line[f"{name}_beyond"] = bool(beyond)
    rest = [key for key in inner if key not in ("task_set", "direction")]
    found.sort(key=lambda line: (natural(line["task_set"]), direction_place(line["direction"]),
                                 [natural(line[key]) for key in rest]))
    return pl.DataFrame(found, schema={**{key: ok.schema[key] for key in inner}, **_schema()}, orient="row")


def direction_place(direction: Value) -> int:
    """Where a direction stands among DIRECTIONS, in which tables are sorted; what is none of them comes last."""
    return DIRECTIONS.index(direction) if direction in DIRECTIONS else len(DIRECTIONS)


def _schema() -> Schema:
    import polars as pl

    return {
        "divergence": pl.String, "output_unit": pl.String, "classes": pl.Int64, "n_seeds": pl.Int64, "n_cells": pl.Int64,
        "copies": pl.Int64, "seeds_gaining": pl.Int64, **{name: pl.Float64 for name in (*MEANS, *ACCURACIES)},
        **interval_types(WITH_INTERVAL), **{f"{name}_beyond": pl.Boolean for name in WITH_INTERVAL},
        "gain_over_misfit": pl.Float64, "tightness": pl.Float64, **dict.fromkeys(COUNTS.values(), pl.Int64),
        "verdict": pl.String, "fails": pl.List(pl.String), "flags": pl.List(pl.String), "uninformed": pl.String,
    }


def _is_rounding(line: Values, name: str) -> bool:
    """Whether a mean is rounding beside the errors of its group."""
    sizes = [value for size in SIZES if isinstance(value := line[size], float)]
    value = line[name]
    return name in MEANS and isinstance(value, float) and is_rounding(value, *sizes)


def _p_of(line: Values, name: str) -> float:
    found = line[f"{name}_p"]
    return found if isinstance(found, float) else math.nan


def _group(names: Values, part: pl.DataFrame, terms: Terms) -> Values:
    import polars as pl

    cells = Cells(part)
    distinct, copies = cells.held, cells.copies
    by_seed = distinct.group_by("seed", maintain_order=True).agg(pl.col(*MEANS, *ACCURACIES).mean())
    means = {name: _mean(by_seed[name]) for name in MEANS}
    accuracies = {name: _mean(by_seed[name]) for name in ACCURACIES}
    found = {name: inferred(cells, name, terms) for name in WITH_INTERVAL}
    counts = {column: int((part["verdict"] == verdict).sum()) for verdict, column in COUNTS.items()}
    both = part.filter(pl.col("verdict").is_in(STATED)).drop_nulls(["lhs", "rhs"])
    return {
        **names, "divergence": part["divergence"][0], "output_unit": part["output_unit"][0], "classes": part["classes"][0],
        "n_seeds": by_seed.height, "n_cells": part.height, "copies": copies,
        "seeds_gaining": by_seed.filter(pl.col("gain") > 0).height, **means, **accuracies,
        **{key: value for name in WITH_INTERVAL for key, value in interval_columns(name, found[name]).items() if key != name},
        "gain_over_misfit": _ratio(means["gain"], means["misfit"], max(
            (size for name in SIZES if (size := means[name]) is not None), default=None)),
        "tightness": _tightness(_mean(both["lhs"]), _mean(both["rhs"])), **counts, "verdict": _verdict(counts),
        "fails": _most_frequent(part["fails"]),
        "flags": sorted({flag for flags in part["flags"].to_list() for flag in flags or ()}),
    }


def _mean(values: pl.Series) -> float | None:
    found = values.drop_nulls().mean()
    return float(found) if isinstance(found, int | float) else None


def _ratio(above: float | None, below: float | None, beside: float | None) -> float | None:
    """A ratio of means; null where what stands below is rounding beside the size of what it was made from."""
    return quotient(above, below, beside or 0.0) if above is not None and below is not None else None


def _tightness(lhs: float | None, rhs: float | None) -> float | None:
    return _ratio(lhs, rhs, lhs) if lhs is not None and lhs > 0.0 else None


def _verdict(counts: Mapping[str, int]) -> str | None:
    return next((verdict for verdict in _GRAVEST_FIRST if counts[COUNTS[verdict]]), None)


def _most_frequent(lists: pl.Series) -> list[str]:
    """The texts of the lists, each once: those that most lists hold first, equal ones by name."""
    counts = Counter(text for found in lists.to_list() for text in found or ())
    return sorted(counts, key=lambda text: (-counts[text], text))


def verdicts(bounds: pl.DataFrame) -> pl.DataFrame:
    """One row a bound and split: how many rows, how many of them vacuous, certified or not; how many without a certificate
    (`no_statement`), and of these how many lie beyond noise above the right side (`exceeded`); how many certified, and their
    verdicts, which add up: says_nothing, holds, undecided, violated. tightness: the mean of lhs over the mean of rhs of those
    that say something. fails: what is not certified, the most frequent first."""
    import polars as pl

    open_, stated = pl.col("verdict") == VERDICTS[-1], pl.col("verdict").is_in(STATED)
    counted = {column: (pl.col("verdict") == verdict).sum().alias(column) for verdict, column in COUNTS.items()}
    lhs, rhs = (pl.col(side).filter(stated & pl.col(side).is_not_null()) for side in ("lhs", "rhs"))
    table = bounds.group_by("bound", "split").agg(
        pl.len().alias("rows"), pl.col("vacuous").sum(), counted["no_statement"],
        (open_ & pl.col("exceeded")).sum().alias("exceeded"),
        pl.col("verdict").is_in(VERDICTS[:-1]).sum().alias("certified"),
        *(counted[column] for column in ("says_nothing", "holds", "undecided", "violated")),
        pl.when(rhs.mean() > NOTHING * lhs.abs().mean()).then(lhs.mean() / rhs.mean()).alias("tightness"),
        pl.col("fails")).sort("bound", "split")
    fails = [_most_frequent(found) for found in table["fails"]]
    return table.with_columns(pl.Series("fails", fails, pl.List(pl.String)))
