"""Which columns what a run keeps decides, and which it does not, each with the reason. A new column must be put in one list."""

from __future__ import annotations

from derivation.run_files import PREDICTORS

WITH_SE = ("err_weak", "err_student", "err_ceiling", "err_gold", "err_base", "err_shuffled", "err_constant", "over_constant",
           "gain", "misfit", "misfit_reverse", "projection", "realizability", "predicted_err")
WITH_ENDS = ("err_weak", "err_student", "err_ceiling", "gain", "misfit")
ON_TRAIN = ("gain", "misfit", "projection", "realizability")
HALVED = ("err_weak", "err_student", "misfit", "accuracy_student")
OF_EACH = ("r2", "rmse", "mae", "spearman", "accuracy", "auroc", "cross_entropy", "brier", "ece")
GAINS = ("accuracy", "auroc", "cross_entropy", "brier", "ece")

DECIDED = frozenset({
    *WITH_SE, *(f"{name}_se" for name in WITH_SE), *(f"{name}_{end}" for name in WITH_ENDS for end in ("low", "high")),
    *(f"{name}_train" for name in ON_TRAIN), *(f"{name}_half{half}" for name in HALVED for half in (1, 2)),
    "gain_over_misfit", "pgr", "pgr_reason", "ledger_residue",
    *(f"{name}_{predictor}" for name in OF_EACH for predictor in PREDICTORS), "accuracy_majority",
    *(f"gain_{name}{end}" for name in GAINS for end in ("", "_se")), "pgr_accuracy", "pgr_accuracy_reason",
    "agreement", "agreement_weak_right", "agreement_weak_wrong", "weak_wrong_student_right", "weak_right_student_wrong",
    "residue_01", "capa", "metrics_missing", "flags",
    "n_transfer", "n_test",                                                   # sizes of the kept samples
    "delta_exact", "delta_exact_train", "ceiling_in_class",                   # what facts.parquet says
    "classes", "output_unit",                                                 # the output in facts.parquet
    "predicted_variance",                                                     # other columns of the row
    "test_shared",                                                            # terms.parquet
    "status", "task", "weak", "strong", "strategy", "supervisor", "seed",     # plan.parquet
})

NOT_DECIDED = {
    "names of the run and of its cells": {"run_id", "cell_key", "task_set", "panels"},
    "what the spec declares": {"direction", "direction_by", "divergence", "class_balance", "truth_share", "label_noise"},
    "what went wrong in a cell that has no predictions": {"error"},
    "the supervise split and the inputs, which no run keeps": {
        "n_supervise", "truncated", "truncated_weak", "truncated_strong", "projection_gap", "dim_weak", "dim_strong",
        "dim_overlap", "fingerprint_task", "fingerprint_data", "fingerprint_supervise", "fingerprint_transfer",
        "fingerprint_test"},
    "keys under which predictions lie: digests of how they were made": {f"predictor_{name}" for name in PREDICTORS},
    "versions of the program": {"versions", "given"},
    "what another fit said, of which nothing is kept": {"canary"},
    "seconds and memory": {*(f"seconds_{stage}" for stage in ("load", "prepare", "embed", "compare", "fit", "predict", "score")),
                           "peak_memory"},
}

DECIDED_OF_BOUNDS = frozenset({
    "bound", "split", "lhs", "rhs", "slack", "slack_se", "slack_low", "slack_high", "tightness", "verdict", "vacuous", "exceeded",
    "assumes", "fails", "all_assumptions"})
NOT_DECIDED_OF_BOUNDS = frozenset({"run_id", "cell_key"})

IN_UNITS_OF_D = frozenset({
    *(f"{name}{end}" for name in WITH_SE for end in ("", "_se", "_low", "_high")), *(f"{name}_train" for name in ON_TRAIN),
    *(f"{name}_half{half}" for name in HALVED[:3] for half in (1, 2)), "ledger_residue", "delta_exact", "delta_exact_train",
    "predicted_variance", "lhs", "rhs", "slack", "slack_se", "slack_low", "slack_high"})
"""Where rounding is judged beside the size of the errors; elsewhere beside 1."""


def undeclared(columns: list[str], bounds: list[str]) -> list[str]:
    """Columns that are in no list, or in two."""
    undecided = [name for names in NOT_DECIDED.values() for name in names]
    lists = {"rows": (columns, [*DECIDED, *undecided]), "bounds": (bounds, [*DECIDED_OF_BOUNDS, *NOT_DECIDED_OF_BOUNDS])}
    return [f"{table}.{name} is in {known.count(name)} lists" for table, (names, known) in lists.items()
            for name in names if known.count(name) != 1]
