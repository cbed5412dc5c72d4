"""What a line of `rows.parquet` and of `bounds.parquet` is: records whose fields are the columns, each with its meaning.

Beside these a row has the columns of the metrics that scored it (`w2s_bench.scoring.measured.columns_of`). Docs, validation and
`show --columns` read the same declarations.
"""

from __future__ import annotations

import typing
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

if TYPE_CHECKING:
    import polars as pl

Type = Literal["str", "int", "float", "bool", "list"]
TRAIN = ("gain", "misfit", "projection", "realizability")
"""Terms that are also written on the student's training inputs."""

STATUSES = ("ok", "failed", "timeout", "oom", "lost", "diverged", "interrupted")

BREGMAN = "Charikar et al. 2024; Mulgund & Pabbaraju 2025"


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


def _about(meaning: str, *, unit: str = "", source: str = "", uses_truth: bool = False, timing: bool = False) -> msgspec.Meta:
    told = {"unit": unit, "source": source, "uses_truth": uses_truth, "timing": timing}
    return msgspec.Meta(description=meaning, extra=told, extra_json_schema={"unit": unit} if unit else None)


def _spread(name: str, *, uses_truth: bool = False) -> msgspec.Meta:
    return _about(f"standard error of {name} over test examples, paired", unit="D", source="scoring.md", uses_truth=uses_truth)


def _half(name: str, half: int, *, unit: str, uses_truth: bool = False) -> msgspec.Meta:
    which = "first" if half == 1 else "second"
    return _about(f"{name} over the {which} half of the test examples, split by a digest of their ids", unit=unit,
                  source="scoring.md", uses_truth=uses_truth)


def _end(name: str, which: str, *, uses_truth: bool = False) -> msgspec.Meta:
    return _about(f"{which} end of the 95 % interval of {name} over test examples", unit="D", source="scoring.md",
                  uses_truth=uses_truth)


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Which cell a row is of, and how it ended."""

    run_id: Annotated[str | None, _about("digest of the spec and of every planned cell")] = None
    cell_key: Annotated[str | None, _about("content key of the score: same key, same numbers")] = None
    status: Annotated[str | None, _about(
        "how the cell ended: ok, failed, timeout, oom, lost, diverged, interrupted")] = None
    error: Annotated[str | None, _about("what went wrong, for a status other than ok")] = None
    task: Annotated[str | None, _about("task")] = None
    task_set: Annotated[str | None, _about("the task without parameters that only number draws of it: what tables pool")] = None
    weak: Annotated[str | None, _about(
        "weak supervisor: the model that is fitted on the truth and labels the transfer set")] = None
    strong: Annotated[str | None, _about("strong student: the model that is fitted on the weak labels")] = None
    strategy: Annotated[str | None, _about("how student, ceiling and gold are fitted")] = None
    supervisor: Annotated[str | None, _about("how the weak model is fitted")] = None
    seed: Annotated[int | None, _about("the cell's seed; every draw derives from it by named dimension")] = None
    panels: Annotated[list[str] | None, _about("the parts of the study that the cell belongs to, as the spec names them")] = None


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """What the scorer says of a cell; null where a thing is not defined or was not asked for."""

    direction: Annotated[str | None, _about(
        "weak-to-strong, strong-to-weak, same (one model on both sides) or undirected: as declared, one for all seeds")] = None
    direction_by: Annotated[str | None, _about(
        "what declared the direction: sides (of the spec), size (in one family) or model; null for undirected")] = None
    divergence: Annotated[str | None, _about("the Bregman divergence D of this row", source="scoring.md")] = None
    output_unit: Annotated[str | None, _about("the unit of the task's labels")] = None
    classes: Annotated[int | None, _about("number of classes; null for numbers")] = None
    class_balance: Annotated[str | None, _about(
        "whether classes are thinned to one size: on, off; null without that option")] = None
    truth_share: Annotated[float | None, _about(
        "share of the transfer labels that were the truth, for a strategy that mixes it in", unit="1")] = None
    n_supervise: Annotated[int | None, _about("size of the supervise split", unit="examples")] = None
    n_transfer: Annotated[int | None, _about("size of the transfer split", unit="examples")] = None
    n_test: Annotated[int | None, _about("size of the test split", unit="examples")] = None
    truncated: Annotated[int | None, _about("the larger of truncated_weak and truncated_strong", unit="examples")] = None
    truncated_weak: Annotated[int | None, _about(
        "inputs of the three splits that are longer than the weak model's context and were cut there; null where it does not say",
        unit="examples")] = None
    truncated_strong: Annotated[int | None, _about("the same of the strong model", unit="examples")] = None
    err_weak: Annotated[float | None, _about(
        "D(y, f_w): error of the weak supervisor", unit="D", source=BREGMAN, uses_truth=True)] = None
    err_weak_se: Annotated[float | None, _spread("err_weak", uses_truth=True)] = None
    err_weak_low: Annotated[float | None, _end("err_weak", "lower", uses_truth=True)] = None
    err_weak_high: Annotated[float | None, _end("err_weak", "upper", uses_truth=True)] = None
    err_student: Annotated[float | None, _about(
        "D(y, f_sw): error of the student", unit="D", source=BREGMAN, uses_truth=True)] = None
    err_student_se: Annotated[float | None, _spread("err_student", uses_truth=True)] = None
    err_student_low: Annotated[float | None, _end("err_student", "lower", uses_truth=True)] = None
    err_student_high: Annotated[float | None, _end("err_student", "upper", uses_truth=True)] = None
    err_ceiling: Annotated[float | None, _about(
        "D(y, f_s): error of the strong model fitted on the truth of the transfer split",
        unit="D", source=BREGMAN, uses_truth=True)] = None
    err_ceiling_se: Annotated[float | None, _spread("err_ceiling", uses_truth=True)] = None
    err_ceiling_low: Annotated[float | None, _end("err_ceiling", "lower", uses_truth=True)] = None
    err_ceiling_high: Annotated[float | None, _end("err_ceiling", "upper", uses_truth=True)] = None
    err_gold: Annotated[float | None, _about(
        "D(y, gold): error of the strong model fitted on the supervise truth",
        unit="D", source="Burns et al. 2023", uses_truth=True)] = None
    err_gold_se: Annotated[float | None, _spread("err_gold", uses_truth=True)] = None
    err_base: Annotated[float | None, _about(
        "D(y, base): error of the strong model before any label", unit="D", source="Burns et al. 2023", uses_truth=True)] = None
    err_base_se: Annotated[float | None, _spread("err_base", uses_truth=True)] = None
    err_shuffled: Annotated[float | None, _about(
        "D(y, shuffled): error of the strong model fitted on the weak labels of other examples", unit="D", source="scoring.md",
        uses_truth=True)] = None
    err_shuffled_se: Annotated[float | None, _spread("err_shuffled", uses_truth=True)] = None
    err_constant: Annotated[float | None, _about(
        "D(y, ȳ): error of the best constant for this test sample, the mean of its truth",
        unit="D", source="Banerjee et al. 2005", uses_truth=True)] = None
    err_constant_se: Annotated[float | None, _spread("err_constant", uses_truth=True)] = None
    over_constant: Annotated[float | None, _about(
        "err_constant − err_weak: how much more than the best constant the teacher knows",
        unit="D", source="scoring.md", uses_truth=True)] = None
    over_constant_se: Annotated[float | None, _spread("over_constant", uses_truth=True)] = None
    gain: Annotated[float | None, _about("err_weak − err_student", unit="D", source=BREGMAN, uses_truth=True)] = None
    gain_se: Annotated[float | None, _spread("gain", uses_truth=True)] = None
    gain_low: Annotated[float | None, _end("gain", "lower", uses_truth=True)] = None
    gain_high: Annotated[float | None, _end("gain", "upper", uses_truth=True)] = None
    misfit: Annotated[float | None, _about(
        "D(f_sw, f_w): the student's distance from the weak labels", unit="D", source=BREGMAN)] = None
    misfit_se: Annotated[float | None, _spread("misfit")] = None
    misfit_low: Annotated[float | None, _end("misfit", "lower")] = None
    misfit_high: Annotated[float | None, _end("misfit", "upper")] = None
    misfit_reverse: Annotated[float | None, _about("D(f_w, f_sw)", unit="D", source=BREGMAN)] = None
    misfit_reverse_se: Annotated[float | None, _spread("misfit_reverse")] = None
    projection: Annotated[float | None, _about(
        "⟨g − f_sw, Δ⟩ with g the ceiling: ≥ 0 for an exact projection",
        unit="D", source="three-point identity", uses_truth=True)] = None
    projection_se: Annotated[float | None, _spread("projection", uses_truth=True)] = None
    realizability: Annotated[float | None, _about(
        "⟨y − g, Δ⟩: 0 when the strong class contains the truth",
        unit="D", source="three-point identity", uses_truth=True)] = None
    realizability_se: Annotated[float | None, _spread("realizability", uses_truth=True)] = None
    predicted_err: Annotated[float | None, _about(
        "err_weak − misfit: what a student may err at most that is the best fit in a convex class that holds the truth",
        unit="D", source="Charikar et al. 2024", uses_truth=True)] = None
    predicted_err_se: Annotated[float | None, _spread("predicted_err", uses_truth=True)] = None
    gain_over_misfit: Annotated[float | None, _about(
        "gain / misfit: 1 or more for the best fit in a convex class that holds the truth", unit="1", source="scoring.md",
        uses_truth=True)] = None
    pgr: Annotated[float | None, _about(
        "performance gap recovered: gain / (err_weak − err_ceiling)",
        unit="1", source="Burns et al. 2023", uses_truth=True)] = None
    pgr_reason: Annotated[str | None, _about("why pgr is null", source="scoring.md", uses_truth=True)] = None
    ledger_residue: Annotated[float | None, _about(
        "|gain − misfit − projection − realizability|, rounding only", unit="D", source="scoring.md", uses_truth=True)] = None
    delta_exact: Annotated[float | None, _about(
        "δ on test: misfit − the smallest misfit in the student's class", unit="D", source="scoring.md")] = None
    delta_exact_train: Annotated[float | None, _about(
        "δ on the student's training inputs: 0 certifies an exact fit", unit="D", source="scoring.md")] = None
    ceiling_in_class: Annotated[bool | None, _about(
        "the ceiling lies in the student's class, on train", source="scoring.md", uses_truth=True)] = None
    gain_train: Annotated[float | None, _about(
        "gain on the student's training inputs; never ranked on", unit="D", source="scoring.md", uses_truth=True)] = None
    misfit_train: Annotated[float | None, _about(
        "misfit on the student's training inputs; never ranked on", unit="D", source="scoring.md")] = None
    projection_train: Annotated[float | None, _about(
        "projection on the student's training inputs; never ranked on", unit="D", source="scoring.md", uses_truth=True)] = None
    realizability_train: Annotated[float | None, _about(
        "realizability on the student's training inputs; never ranked on", unit="D", source="scoring.md", uses_truth=True)] = None
    err_weak_half1: Annotated[float | None, _half("err_weak", 1, unit="D", uses_truth=True)] = None
    err_weak_half2: Annotated[float | None, _half("err_weak", 2, unit="D", uses_truth=True)] = None
    err_student_half1: Annotated[float | None, _half("err_student", 1, unit="D", uses_truth=True)] = None
    err_student_half2: Annotated[float | None, _half("err_student", 2, unit="D", uses_truth=True)] = None
    misfit_half1: Annotated[float | None, _half("misfit", 1, unit="D")] = None
    misfit_half2: Annotated[float | None, _half("misfit", 2, unit="D")] = None
    accuracy_student_half1: Annotated[float | None, _half("accuracy_student", 1, unit="1", uses_truth=True)] = None
    accuracy_student_half2: Annotated[float | None, _half("accuracy_student", 2, unit="1", uses_truth=True)] = None
    projection_gap: Annotated[float | None, _about(
        "‖P_s (I − P_w)‖: what the strong features hold and the weak ones do not", unit="1", source="Xue et al. 2025")] = None
    dim_weak: Annotated[int | None, _about(
        "d_w: intrinsic dimension of the weak features on the transfer inputs", unit="1", source="Dong et al. 2025")] = None
    dim_strong: Annotated[int | None, _about("d_s: the same of the strong features", unit="1", source="Dong et al. 2025")] = None
    dim_overlap: Annotated[float | None, _about(
        "d_s∧w: sum of cos² of the canonical angles between the two", unit="1", source="Dong et al. 2025")] = None
    label_noise: Annotated[float | None, _about(
        "σ²: variance of the noise on the labels, where the task declares it", unit="D")] = None
    predicted_variance: Annotated[float | None, _about(
        "variance of the student by d_w, d_s, d_s∧w and σ²; null without them", unit="D", source="Dong et al. 2025")] = None
    metrics_missing: Annotated[list[str] | None, _about("why a metric is null, or a bound has no row", uses_truth=True)] = None
    flags: Annotated[list[str] | None, _about(
        "validity flags: reasons to trust the row less", source="scoring.md", uses_truth=True)] = None
    fingerprint_task: Annotated[str | None, _about("digest of what the task reads")] = None
    fingerprint_data: Annotated[str | None, _about("digest of the loaded splits themselves")] = None
    fingerprint_supervise: Annotated[str | None, _about(
        "digest of the examples of the supervise split, whatever their order: seeds with one digest share them")] = None
    fingerprint_transfer: Annotated[str | None, _about("the same of the transfer split")] = None
    fingerprint_test: Annotated[str | None, _about("the same of the test split")] = None


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where the numbers of a row come from, and what they cost."""

    predictor_weak: Annotated[str | None, _about("key of the weak predictions in predictions/")] = None
    predictor_student: Annotated[str | None, _about("key of the student predictions in predictions/")] = None
    predictor_ceiling: Annotated[str | None, _about("key of the ceiling predictions in predictions/")] = None
    predictor_gold: Annotated[str | None, _about("key of the gold predictions in predictions/")] = None
    predictor_base: Annotated[str | None, _about("key of the base predictions in predictions/")] = None
    predictor_shuffled: Annotated[str | None, _about("key of the shuffled predictions in predictions/")] = None
    test_shared: Annotated[bool | None, _about(
        "whether another seed of the task in this run has a test example in common; terms.parquet has the terms then")] = None
    canary: Annotated[str | None, _about(
        "what the label canary said of the student: silent, or sings: it is another where the truth is another; null: not tried",
        timing=True)] = None
    versions: Annotated[str | None, _about("versions of the components as JSON")] = None
    given: Annotated[str | None, _about(
        "components of no installed plugin: a file, with the first digits of its SHA-256, or an object given in Python")] = None
    seconds_load: Annotated[float | None, _about("time of the load jobs that this cell rests on", unit="s", timing=True)] = None
    seconds_prepare: Annotated[float | None, _about(
        "time of the prepare jobs that this cell rests on", unit="s", timing=True)] = None
    seconds_embed: Annotated[float | None, _about("time of the embed jobs that this cell rests on", unit="s", timing=True)] = None
    seconds_compare: Annotated[float | None, _about(
        "time of the compare jobs that this cell rests on", unit="s", timing=True)] = None
    seconds_fit: Annotated[float | None, _about("time of the fit jobs that this cell rests on", unit="s", timing=True)] = None
    seconds_predict: Annotated[float | None, _about(
        "time of the predict jobs that this cell rests on", unit="s", timing=True)] = None
    seconds_score: Annotated[float | None, _about("time of the score jobs that this cell rests on", unit="s", timing=True)] = None
    peak_memory: Annotated[float | None, _about(
        "largest resident size of a process after those jobs", unit="MiB", timing=True)] = None


def declared(*records: type[msgspec.Struct]) -> tuple[Column, ...]:
    """The columns that records declare by their fields, in order."""
    return tuple(_column(field) for record in records for field in msgspec.structs.fields(record))


def _column(field: msgspec.structs.FieldInfo) -> Column:
    value, meta = typing.get_args(field.type)
    kinds: dict[Any, Type] = {str: "str", int: "int", float: "float", bool: "bool"}
    held = [kind for kind in typing.get_args(value) if kind is not NoneType] or [value]
    return Column(field.name, kinds.get(held[0], "list"), meaning=meta.description, **meta.extra)


ROWS: tuple[Column, ...] = declared(Identity, Scores, Provenance)
"""The columns that every row has, whatever metrics scored it."""

BOUNDS: tuple[Column, ...] = (
    Column("run_id", "str", "", "run"), Column("cell_key", "str", "", "cell"),
    Column("bound", "str", "", "which statement; see scoring.md", "scoring.md"),
    Column("split", "str", "", "test, or train: the student's training inputs"),
    Column("lhs", "float", "D", "left side of lhs ≤ rhs", "", True), Column("rhs", "float", "D", "right side", "", True),
    Column("slack", "float", "D", "rhs − lhs, never clipped", "", True),
    Column("slack_se", "float", "D", "its standard error, paired", "", True),
    Column("slack_low", "float", "D", "lower end of its 95 % interval", "", True),
    Column("slack_high", "float", "D", "upper end of its 95 % interval", "", True),
    Column("tightness", "float", "1", "lhs / rhs of a certified bound that says something, if rhs is above rounding", "", True),
    Column("verdict", "str", "", "certified: holds, undecided, violated, or says nothing; else no statement", "scoring.md", True),
    Column("vacuous", "bool", "", "the bound says nothing on this sample, certified or not", "scoring.md", True),
    Column("exceeded", "bool", "", "it is broken beyond noise and rounding, whatever is assumed of it", "scoring.md", True),
    Column("assumes", "list", "", "assumptions of the bound that are true of this sample", "scoring.md", True),
    Column("fails", "list", "", "assumptions of the bound that are not, or not known to be", "scoring.md", True),
    Column("all_assumptions", "bool", "", "every assumption of this bound holds on this sample", "", True),
)


def polars_schema(columns: tuple[Column, ...]) -> dict[str, pl.DataType | type[pl.DataType]]:
    """The polars schema of a table of these columns."""
    import polars as pl

    types: dict[str, pl.DataType | type[pl.DataType]] = {
        "str": pl.String, "int": pl.Int64, "float": pl.Float64, "bool": pl.Boolean, "list": pl.List(pl.String)}
    return {column.name: types[column.type] for column in columns}
