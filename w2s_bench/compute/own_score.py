"""Anybody's arrays become one row and its bounds: the arithmetic of a cell without a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import numpy.typing as npt

from w2s_bench.compute.cell_score import ledger_means
from w2s_bench.contracts import Array, Classes, Facts, Output, Predictions, Regression
from w2s_bench.registry.measures import measures, named_divergence
from w2s_bench.scoring.columns import BOUNDS, Scores, polars_schema
from w2s_bench.scoring.flags import flags
from w2s_bench.scoring.measured import metric_columns
from w2s_bench.scoring.samples import sample_of
from w2s_bench.scoring.verdict import bound_rows

if TYPE_CHECKING:
    import polars as pl

NOTHING_KNOWN = Facts(
    convex_in=None, exact=False, exact_projection=False, reference_in_class=False, truth_in_class=False, subspace=False,
    independent_transfer=False, contains_constant=False, delta=None, spans_sample=False, deterministic=False, n_transfer=0,
    head_norm=None, sum_squared_features=None, label_range=0.0, known_truth=False)
"""What is known of a student of which only predictions are seen."""


@dataclass(frozen=True)
class Scored:
    """row: the columns of a row that predictions alone decide, None where one is not defined. bounds: one line a bound."""

    row: Mapping[str, Any]
    bounds: pl.DataFrame = field(repr=False)


@dataclass(frozen=True)
class Given:
    """Truth, weak labels, and the predictions of student and ceiling for the same n examples: (n,) or (n, k)."""

    truth: npt.ArrayLike
    weak: npt.ArrayLike
    student: npt.ArrayLike
    ceiling: npt.ArrayLike


def own_score(given: Given, divergence: str | None, facts: Facts | None) -> Scored:
    """The row and the bounds of these arrays, as of a test sample. divergence: by default the first that scores numbers.

    facts: what is known of the student's class, by default nothing, so that no bound is certified. Raises UsageError for
    a divergence that is not there, ShapeError and DomainError for arrays that cannot be paired or scored.
    """
    import polars as pl

    measure = named_divergence(divergence, where="divergence")
    truth, weak, student, ceiling = (_rows(values) for values in (given.truth, given.weak, given.student, given.ceiling))
    output: Output = Classes(truth.shape[1]) if measure.output == "classes" else Regression(truth.shape[1])
    sample = sample_of("test", output, measure, truth, Predictions(weak=weak, student=student, ceiling=ceiling))
    known = measures()
    metrics, bounds = known.of(output.kind, measure.name)
    columns, reasons = metric_columns(sample, {part.label: known.metrics[part.label] for part in metrics})
    lines, faults = bound_rows(sample, facts or NOTHING_KNOWN, {part.label: known.bounds[part.label] for part in bounds})
    scores = Scores(divergence=measure.name, n_test=len(truth), classes=output.k if isinstance(output, Classes) else None,
                    flags=list(flags(sample)), metrics_missing=[*reasons, *dict.fromkeys(faults)], **ledger_means(sample))
    row = {**{name: value for name, value in msgspec.to_builtins(scores).items() if value is not None}, **columns}
    table = [{**msgspec.to_builtins(line), "all_assumptions": line.all_assumptions} for line in lines]
    return Scored(row, pl.DataFrame(table, schema={name: kind for name, kind in polars_schema(BOUNDS).items()
                                                   if name not in ("run_id", "cell_key")}, orient="row"))


def _rows(values: npt.ArrayLike) -> Array:
    """(n, k) float64; what is no such array is left to the divergence to refuse."""
    array = np.asarray(values, dtype=np.float64)
    return array[:, None] if array.ndim == 1 else array
