"""Rows and bounds measured again by what is installed now, from what a run kept: no fit, and a new theorem on every old row."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from w2s_bench.compute.splits import output_from
from w2s_bench.contracts import PREDICTORS, Facts, Predictions, Sample
from w2s_bench.registry.measures import measures
from w2s_bench.running.kept import KeptAnswers, KeptFacts, kept_answers, kept_facts, kept_ids, truth_of
from w2s_bench.running.table_files import BOUND, conformed, table_of
from w2s_bench.scoring.columns import ROWS, polars_schema
from w2s_bench.scoring.halves import HALF_COLUMNS, first_half, half_means
from w2s_bench.scoring.measured import columns_of, metric_columns
from w2s_bench.scoring.samples import sample_of
from w2s_bench.scoring.verdict import bound_rows
from w2s_bench.tables.laws import divergence_of
from w2s_bench.tables.reading import read_runs

if TYPE_CHECKING:
    import polars as pl

_SPLITS: tuple[Literal["train", "test"], ...] = ("train", "test")


class Rescored(msgspec.Struct, frozen=True, eq=False):
    """Tables with new metrics and bounds, and for how many cells of status ok they are new."""

    rows: pl.DataFrame
    bounds: pl.DataFrame
    cells: int
    rescored: int


def rescored(folder: Path) -> Rescored:
    """The tables of a run or published folder, measured again.

    A cell or a split whose predictions are not kept keeps its numbers. Raises DataError for a folder that keeps none.
    """
    import polars as pl

    rows, bounds = read_runs([folder])
    known = kept_facts(folder)
    measured: dict[str, dict[str, Any]] = {}
    written: list[dict[str, Any]] = []
    for task, part in rows.filter(pl.col("status") == "ok").group_by("task", maintain_order=True):
        answers, ids = kept_answers(folder, str(task[0])), kept_ids(folder, str(task[0]))
        for row in part.to_dicts():
            samples = _samples(row, answers, known)
            faults: list[str] = []
            for split, (sample, facts) in samples.items():
                found, raised = bound_rows(sample, facts, measures().bounds)
                faults += raised
                written += [{"run_id": row["run_id"], "cell_key": row["cell_key"], "split": split, **msgspec.to_builtins(bound),
                             "all_assumptions": bound.all_assumptions} for bound in found]
            if "test" in samples:
                sample = samples["test"][0]
                columns, reasons = metric_columns(sample, measures().metrics)
                halves = half_means(sample, first_half(ids[row["seed"], "test"]))
                measured[row["cell_key"]] = {**columns, **halves, "metrics_missing": [*reasons, *dict.fromkeys(faults)]}
    new = _without_nan(table_of(written, BOUND))
    old = bounds.join(new.select("cell_key", "split").unique(), on=["cell_key", "split"], how="anti", maintain_order="left")
    ok = rows.filter(pl.col("status") == "ok").height
    together = conformed(pl.concat([old, new], how="diagonal"), BOUND, str(folder))
    order = {key: at for at, key in enumerate(rows["cell_key"].to_list())}
    ranked = together.with_columns(pl.col("cell_key").replace_strict(order, default=None).alias("at"))
    return Rescored(_measured_rows(rows, measured), ranked.sort("at", maintain_order=True).drop("at"), ok, len(measured))


def _samples(row: Mapping[str, Any], answers: KeptAnswers, known: KeptFacts) -> dict[str, tuple[Sample, Facts]]:
    """The samples of one cell whose predictions are kept."""
    found = {split: kept_sample(row, split, answers, known) for split in _SPLITS}
    return {split: each for split, each in found.items() if each is not None}


def kept_sample(row: Mapping[str, Any], split: Literal["train", "test"], answers: KeptAnswers, known: KeptFacts
                ) -> tuple[Sample, Facts] | None:
    """One sample of a cell as it was scored; None where not all of it is kept, or its divergence is not installed."""
    divergence = divergence_of(row["divergence"])
    predicted = {role: answers[row[f"predictor_{role}"], split] for role in PREDICTORS
                 if (row[f"predictor_{role}"], split) in answers}
    truth = answers.get((truth_of(row["seed"]), split))
    if divergence is None or truth is None or (row["cell_key"], split) not in known or not {
            "weak", "student", "ceiling"} <= predicted.keys():
        return None
    about, facts = known[row["cell_key"], split]
    return sample_of(split, output_from(about), divergence, truth, Predictions(**predicted)), msgspec.convert(facts, Facts)


def _measured_rows(rows: pl.DataFrame, measured: dict[str, dict[str, Any]]) -> pl.DataFrame:
    """The rows with the columns of every metric that is installed and of the halves, new where a cell was measured again."""
    import polars as pl

    halves = [column for column in ROWS if column.name in HALF_COLUMNS]
    of_metrics = [column for metric in measures().metrics.values() for column in columns_of(metric)]
    types = {**polars_schema((*halves, *of_metrics)), "metrics_missing": pl.List(pl.String)}
    keys, old = rows["cell_key"].to_list(), {name: rows[name].to_list() for name in types}
    return rows.with_columns(pl.Series(name, [
        measured[key].get(name) if key in measured else before for key, before in zip(keys, old[name], strict=True)], dtype=kind)
        for name, kind in types.items())


def _without_nan(table: pl.DataFrame) -> pl.DataFrame:
    """What is no number is null, as in every table."""
    import polars as pl

    return table.with_columns(pl.col(pl.Float64).fill_nan(None))
