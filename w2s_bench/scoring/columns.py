"""The schema of `rows.parquet` and `bounds.parquet`: one declared object that docs, validation and `show --columns` read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import polars as pl

Type = Literal["str", "int", "float", "bool", "list"]
PREDICTORS = ("weak", "student", "ceiling", "gold", "base")
TRAIN = ("gain", "misfit", "projection", "realizability")
"""Terms that are also written on the student's training inputs."""

STATUSES = ("ok", "failed", "timeout", "oom", "lost", "diverged", "skipped", "interrupted")


@dataclass(frozen=True)
class Column:
    """One column. unit: "label²" is the square of the task's label unit, "D" the unit of the row's divergence.

    uses_truth: computing it needs ground truth. timing: differs from run to run of the same spec.
    """

    name: str
    type: Type
    unit: str
    meaning: str
    source: str = ""
    uses_truth: bool = False
    timing: bool = False


def _identity() -> list[Column]:
    text = [
        ("run_id", "digest of the spec and of every planned cell"),
        ("cell_key", "content key of the score: same key, same numbers"),
        ("status", "how the cell ended: " + ", ".join(STATUSES)),
        ("error", "what went wrong, for a status other than ok"),
        ("task", "task"), ("task_set", "the task without parameters that only number draws of it: what tables pool"),
        ("weak", "weak supervisor: the model that is fitted on the truth and labels the transfer set"),
        ("strong", "strong student: the model that is fitted on the weak labels"),
        ("strategy", "how student, ceiling and gold are fitted"), ("supervisor", "how the weak model is fitted"),
    ]
    return [Column(name, "str", "", meaning) for name, meaning in text] + [
        Column("seed", "int", "", "the cell's seed; every draw derives from it by named dimension"),
        Column("panels", "list", "", "the parts of the study that the cell belongs to, as the spec names them"),
        Column("direction", "str", "", "weak-to-strong, strong-to-weak or same", "", True),
        Column("direction_by", "str", "", "what decided the direction: size, model (one on both sides), or ceiling"),
        Column("divergence", "str", "", "the Bregman divergence D of this row", "scoring.md"),
        Column("output_unit", "str", "", "the unit of the task's labels"),
        Column("classes", "int", "", "number of classes; null for numbers"),
        Column("class_balance", "str", "", "whether classes are thinned to one size: on, off; null without that option"),
        Column("truth_share", "float", "1", "share of the transfer labels that were the truth, for a strategy that mixes it in"),
        Column("n_supervise", "int", "examples", "size of the supervise split"),
        Column("n_transfer", "int", "examples", "size of the transfer split"),
        Column("n_test", "int", "examples", "size of the test split"),
        Column("truncated", "int", "examples", "inputs cut to the context by the weak or the strong model"),
    ]


def _scores() -> list[Column]:
    bregman = "Charikar et al. 2024; Mulgund & Pabbaraju 2025"
    columns = []

    def mean(name: str, meaning: str, source: str, truth: bool) -> None:
        columns.append(Column(name, "float", "D", meaning, source, truth))
        spread = f"standard error of {name} over test examples, paired"
        columns.append(Column(f"{name}_se", "float", "D", spread, "scoring.md", truth))

    mean("err_weak", "D(y, f_w): error of the weak supervisor", bregman, True)
    mean("err_student", "D(y, f_sw): error of the student", bregman, True)
    mean("err_ceiling", "D(y, f_s): error of the strong model fitted on the truth of the transfer split", bregman, True)
    mean("err_gold", "D(y, gold): error of the strong model fitted on the supervise truth", "Burns et al. 2023", True)
    mean("err_base", "D(y, base): error of the strong model before any label", "Burns et al. 2023", True)
    mean("gain", "err_weak − err_student", bregman, True)
    mean("misfit", "D(f_sw, f_w): the student's distance from the weak labels", bregman, False)
    mean("misfit_reverse", "D(f_w, f_sw)", bregman, False)
    mean("projection", "⟨g − f_sw, Δ⟩ with g the ceiling: ≥ 0 for an exact projection", "three-point identity", True)
    mean("realizability", "⟨y − g, Δ⟩: 0 when the strong class contains the truth", "three-point identity", True)
    mean("predicted_err", "err_weak − misfit: the student's error as Theorem 1 predicts it", "Charikar et al. 2024", True)
    columns += [
        Column("gain_over_misfit", "float", "1", "gain / misfit: 1 is Theorem 1 met with equality", "scoring.md", True),
        Column("pgr", "float", "1", "performance gap recovered: gain / (err_weak − err_ceiling)", "Burns et al. 2023", True),
        Column("pgr_reason", "str", "", "why pgr is null", "scoring.md", True),
        Column("ledger_residue", "float", "D", "|gain − misfit − projection − realizability|, rounding only", "scoring.md", True),
        Column("delta_exact", "float", "D", "δ on test: misfit − the smallest misfit in the student's class", "scoring.md"),
        Column("delta_exact_train", "float", "D", "δ on the student's training inputs: 0 certifies an exact fit", "scoring.md"),
        Column("ceiling_in_class", "bool", "", "the ceiling lies in the student's class, on train", "scoring.md", True),
    ]
    columns += [Column(f"{name}_train", "float", "D", f"{name} on the student's training inputs; never ranked on", "scoring.md",
                       name != "misfit") for name in TRAIN]
    columns += _representations()
    for role in PREDICTORS:
        for metric, unit in (("r2", "1"), ("rmse", "label"), ("mae", "label"), ("spearman", "1")):
            columns.append(Column(f"{metric}_{role}", "float", unit, f"{metric} of the {role} predictor on test", "", True))
    columns += _of_classes()
    columns.append(Column("flags", "list", "", "validity flags: reasons to trust the row less", "scoring.md", True))
    return columns


def _of_classes() -> list[Column]:
    metrics = (("accuracy", "1", "share of examples whose likeliest class is the true one", ""),
               ("auroc", "1", "area under the ROC curve, binary classes", ""),
               ("cross_entropy", "nats", "mean −ln p of the true class", ""),
               ("brier", "1", "mean squared distance of the probabilities from the truth, summed over classes", ""),
               ("ece", "1", "expected calibration error of the likeliest class, 15 bins", "Guo et al. 2017"))
    columns = [Column(f"{name}_{role}", "float", unit, f"{meaning}: {role} predictor on test", source, True)
               for role in PREDICTORS for name, unit, meaning, source in metrics]
    for name, unit, _, _ in metrics:
        better = "student − weak" if name in ("accuracy", "auroc") else "weak − student"
        columns.append(Column(f"gain_{name}", "float", unit, f"gain in {name}, {better}: positive is better", "", True))
        columns.append(Column(f"gain_{name}_se", "float", unit, f"standard error of gain_{name}, paired", "scoring.md", True))
    identity, burns = "scoring.md", "Burns et al. 2023"
    return columns + [
        Column("metrics_missing", "list", "", "why a metric of classes is null", "", True),
        Column("pgr_accuracy", "float", "1", "performance gap recovered, on accuracy", burns, True),
        Column("pgr_accuracy_reason", "str", "", "why pgr_accuracy is null", "scoring.md", True),
        Column("agreement", "float", "1", "share of test examples where student and weak name one class"),
        Column("agreement_weak_right", "float", "1", "the same where the weak supervisor is right", burns, True),
        Column("agreement_weak_wrong", "float", "1", "the same where the weak supervisor is wrong", burns, True),
        Column("weak_wrong_student_right", "float", "1", "P(weak wrong, student right)", identity, True),
        Column("weak_right_student_wrong", "float", "1", "P(weak right, student wrong)", identity, True),
        Column("residue_01", "float", "1", "|gain_accuracy − (the difference of the two)|, counted: 0", identity, True),
        Column("capa", "float", "1", "CAPA: agreement of weak and student beyond what their accuracies imply",
               "Goel et al. 2025", True),
    ]


def _representations() -> list[Column]:
    gap, dims = "Xue et al. 2025", "Dong et al. 2025"
    return [
        Column("projection_gap", "float", "1", "‖P_s (I − P_w)‖: what the strong features hold and the weak ones do not", gap),
        Column("dim_weak", "int", "1", "d_w: intrinsic dimension of the weak features on the transfer inputs", dims),
        Column("dim_strong", "int", "1", "d_s: the same of the strong features", dims),
        Column("dim_overlap", "float", "1", "d_s∧w: sum of cos² of the canonical angles between the two", dims),
        Column("label_noise", "float", "D", "σ²: variance of the noise on the labels, where the task declares it"),
        Column("predicted_variance", "float", "D", "variance of the student by d_w, d_s, d_s∧w and σ²; null without them", dims),
    ]


def _provenance() -> list[Column]:
    columns = [Column(f"predictor_{role}", "str", "", f"key of the {role} predictions in predictions/") for role in PREDICTORS]
    columns += [
        Column("versions", "str", "", "versions of the components as JSON"),
        Column("fingerprint_task", "str", "", "digest of what the task reads"),
        Column("fingerprint_data", "str", "", "digest of the loaded splits themselves"),
    ]
    for stage in ("load", "prepare", "embed", "compare", "fit", "predict", "score"):
        columns.append(Column(f"seconds_{stage}", "float", "s", f"time of the {stage} jobs that this cell rests on", timing=True))
    columns.append(Column("peak_memory", "float", "MiB", "largest resident size of a process after those jobs", timing=True))
    return columns


ROWS: tuple[Column, ...] = (*_identity(), *_scores(), *_provenance())

ASSUMPTIONS = ("convex", "exact_projection", "reference_in_class", "truth_in_class", "subspace",
               "independent_transfer", "contains_constant", "known_truth", "norm_bounded")

BOUNDS: tuple[Column, ...] = (
    Column("run_id", "str", "", "run"), Column("cell_key", "str", "", "cell"),
    Column("bound", "str", "", "which statement; see scoring.md", "scoring.md"),
    Column("split", "str", "", "test, or train: the student's training inputs"),
    Column("lhs", "float", "D", "left side of lhs ≤ rhs", "", True), Column("rhs", "float", "D", "right side", "", True),
    Column("slack", "float", "D", "rhs − lhs, never clipped", "", True),
    Column("slack_se", "float", "D", "its standard error, paired", "", True),
    Column("slack_low", "float", "D", "lower end of its 95 % interval", "", True),
    Column("slack_high", "float", "D", "upper end of its 95 % interval", "", True),
    Column("tightness", "float", "1", "lhs / rhs, null where rhs ≤ 0", "", True),
    Column("verdict", "str", "", "holds, violated or undecided", "", True),
    Column("vacuous", "bool", "", "the statement says nothing on this sample", "", True),
    *(Column(name, "bool", "", f"assumption: {name.replace('_', ' ')}; null where the bound does not make it", "",
             name in ("reference_in_class", "truth_in_class")) for name in ASSUMPTIONS),
    Column("all_assumptions", "bool", "", "every assumption of this bound holds on this sample", "", True),
)


def polars_schema(columns: tuple[Column, ...]) -> dict[str, pl.DataType | type[pl.DataType]]:
    """The polars schema of a table of these columns."""
    import polars as pl

    types: dict[str, Any] = {"str": pl.String, "int": pl.Int64, "float": pl.Float64, "bool": pl.Boolean,
                             "list": pl.List(pl.String)}
    return {column.name: types[column.type] for column in columns}
