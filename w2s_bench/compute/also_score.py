"""What was fitted on one task, on the test part of another: side effects."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from w2s_bench.compute.cell_score import BALANCE, Yardsticks, check_not_hard, ledger_means
from w2s_bench.compute.splits import LoadedTask, overlaps, part_fingerprints
from w2s_bench.contracts import Array, Classes, Predictions, Splits
from w2s_bench.scoring.columns import Scores
from w2s_bench.scoring.flags import flags
from w2s_bench.scoring.halves import first_half, half_means
from w2s_bench.scoring.measured import metric_columns
from w2s_bench.scoring.samples import sample_of
from w2s_bench.store.artifacts import Artifact


def also_score(task: LoadedTask, fitted: LoadedTask, answers: Mapping[str, Array], measures: Yardsticks,
               column: str | None) -> Artifact:
    """The columns of a row that the second task decides, as a payload of plain JSON values.

    task: the second one; fitted: the one that was fitted on. answers: of weak, student and ceiling to its test inputs, (n, k).
    column: the input that the strong model reads, by which examples that were fitted on are found in the test part.
    """
    test = task.splits.test
    sample = sample_of("test", task.output, measures.divergence, test.truth, Predictions(**answers))
    check_not_hard(sample)
    metrics, reasons = metric_columns(sample, measures.metrics)
    seen = column is not None and column in fitted.splits.test.inputs and overlaps(
        Splits(fitted.splits.supervise, fitted.splits.transfer, test), column)
    known = part_fingerprints(task)
    scores = Scores(
        divergence=sample.divergence.name, output_unit=task.output.unit, n_test=len(test.truth),
        classes=task.output.k if isinstance(task.output, Classes) else None, class_balance=BALANCE[task.payload["balanced"]],
        fingerprint_task=task.payload["fingerprint"], fingerprint_data=task.payload["data"], fingerprint_test=known["test"],
        flags=[*flags(sample), *(["splits-overlap"] if seen and any("test" in pair for pair in seen) else [])],
        metrics_missing=reasons, **ledger_means(sample), **half_means(sample, first_half(test.ids)))
    found = {name: value for name, value in msgspec.to_builtins(scores).items() if value is not None}
    return Artifact({}, {"row": {**found, **metrics}})
