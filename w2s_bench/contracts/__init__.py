"""All that a plugin imports: what it registers, what its components must offer, and the data that they are given.

A plugin imports from here and from nowhere else in the core. Nothing heavy is imported here, and a component's own module
should import torch and the like inside its methods, so that planning stays light.
"""

from typing import TYPE_CHECKING

from w2s_bench.contracts.api import API
from w2s_bench.contracts.arrays import as_column, as_rows, check_same_shape
from w2s_bench.contracts.capabilities import can, declared
from w2s_bench.contracts.cells import Column
from w2s_bench.contracts.data import (
    DIRECTIONS,
    PARTS,
    ROW_SUM_TOLERANCE,
    Array,
    Columns,
    InputsRead,
    Pool,
    Split,
    Splits,
    text_column,
)
from w2s_bench.contracts.deaths import Deaths, Starts, Verdict, exit_words
from w2s_bench.contracts.delimited import read_csv
from w2s_bench.contracts.deprecations import renamed
from w2s_bench.contracts.devices import check_gpus, device, in_memory
from w2s_bench.contracts.digests import canonical_json, digest
from w2s_bench.contracts.drawn_splits import draw_splits, easy_to_hard
from w2s_bench.contracts.entries import (
    BoundEntry,
    CommandEntry,
    DescriptorsEntry,
    DivergenceEntry,
    Entry,
    ExecutorEntry,
    FigureEntry,
    LossEntry,
    MetricEntry,
    ModelEntry,
    OutputEntry,
    Parameter,
    StrategyEntry,
    SuiteEntry,
    TaskEntry,
)
from w2s_bench.contracts.errors import (
    DataError,
    Diverged,
    DomainError,
    PluginError,
    ShapeError,
    StoreError,
    UsageError,
    W2SError,
    WorkerError,
    nearest,
    setting,
)
from w2s_bench.contracts.executors import (
    GIVES_BACK,
    STACKS,
    Components,
    Demand,
    Executor,
    Fault,
    Outcome,
    Policy,
    Schedule,
    Told,
    Workbench,
)
from w2s_bench.contracts.figures import COLOURS, SHAPES, Chart, Drawing, Figure, FigureData
from w2s_bench.contracts.files import file_digest, plain_file, read_bytes
from w2s_bench.contracts.fitting import (
    Answering,
    Checkpoints,
    ConvexIn,
    FitContext,
    FitProblem,
    Labels,
    LinearPredictor,
    Loss,
    ModulePredictor,
    Predictor,
    SoftmaxPredictor,
    Strategy,
    by_features,
)
from w2s_bench.contracts.giveaways import Leak, leaks, repeated
from w2s_bench.contracts.hooks import hookimpl, hookspec
from w2s_bench.contracts.labels import (
    CLIPPED_SHARE,
    ClassColumn,
    answers_of,
    answers_of_all,
    are_hard,
    class_names,
    is_missing,
    label_name,
    number_labels,
    scored_by_brier,
    spelling,
    usable_parts,
)
from w2s_bench.contracts.limits import WAITING, AwakeClock, Limits, Signs
from w2s_bench.contracts.mapped import (
    at_slice,
    columns_at,
    height_of,
    is_mapped,
    roomy,
    row_slices,
    side_by_side,
)
from w2s_bench.contracts.measures import (
    PREDICTORS,
    REFERENCES,
    Bound,
    Divergence,
    Facts,
    Geometry,
    Measured,
    Metric,
    MetricColumn,
    Missing,
    Predictions,
    Recovered,
    Sample,
    SeedTerm,
    Sides,
    Statement,
    Value,
)
from w2s_bench.contracts.models import Embedding, Model, PrepareContext, PreparedModel, Task, TrainableModel
from w2s_bench.contracts.outputs import Classes, Output, Preferences, Regression, scored_as
from w2s_bench.contracts.packages import place_of
from w2s_bench.contracts.pairs import one_by_one, pair_names, paired, sides
from w2s_bench.contracts.progress import Step, listening, tell
from w2s_bench.contracts.samples import LIMIT, fixed_sample, limited, thinned
from w2s_bench.contracts.seeds import generator_for, seed_for
from w2s_bench.contracts.tables import (
    READING,
    Table,
    Wording,
    array_width,
    read_table,
    stacked,
    table_digest,
    table_files,
    table_of,
)
from w2s_bench.contracts.usage import Usage, processor_of_descendants, usage_of

__all__ = [
    "API", "CLIPPED_SHARE", "COLOURS", "DIRECTIONS", "GIVES_BACK", "LIMIT", "PARTS", "PREDICTORS", "READING", "REFERENCES",
    "ROW_SUM_TOLERANCE", "SHAPES", "STACKS", "WAITING", "Answering", "Array", "AwakeClock", "Bound", "BoundEntry", "Chart",
    "Checkpoints", "ClassColumn", "Classes", "Column", "Columns", "CommandEntry", "Components", "ConvexIn", "DataError", "Deaths",
    "Demand", "DescriptorsEntry", "Diverged", "Divergence", "DivergenceEntry", "DomainError", "Drawing", "Embedding", "Entry",
    "Executor", "ExecutorEntry", "Facts", "Fault", "Figure", "FigureData", "FigureEntry", "FitContext", "FitProblem", "Geometry",
    "InputsRead", "Labels", "Leak", "Limits", "LinearPredictor", "Loss", "LossEntry", "Measured", "Metric", "MetricColumn",
    "MetricEntry", "Missing", "Model", "ModelEntry", "ModulePredictor", "Outcome", "Output", "OutputEntry", "Parameter",
    "PluginError", "Policy", "Pool", "Predictions", "Predictor", "Preferences", "PrepareContext", "PreparedModel", "Recovered",
    "Regression", "Sample", "Schedule", "SeedTerm", "ShapeError", "Sides", "Signs", "SoftmaxPredictor", "Split", "Splits",
    "Starts", "Statement", "Step", "StoreError", "Strategy", "StrategyEntry", "SuiteEntry", "Table", "Task", "TaskEntry", "Told",
    "TrainableModel", "Usage", "UsageError", "Value", "Verdict", "W2SError", "Wording", "Workbench", "WorkerError", "answers_of",
    "answers_of_all", "are_hard", "array_width", "as_column", "as_rows", "at_slice", "by_features", "can", "canonical_json",
    "check_gpus", "check_same_shape", "class_names", "columns_at", "declared", "device", "digest", "draw_splits", "easy_to_hard",
    "exit_words", "file_digest", "fixed_sample", "generator_for", "height_of", "hookimpl", "hookspec", "in_memory", "is_mapped",
    "is_missing", "label_name", "leaks", "limited", "listening", "nearest", "number_labels", "one_by_one", "pair_names", "paired",
    "place_of", "plain_file", "processor_of_descendants", "read_bytes", "read_csv", "read_table", "repeated", "roomy",
    "row_slices", "scored_as", "scored_by_brier", "seed_for", "setting", "side_by_side", "sides", "spelling", "stacked",
    "table_digest", "table_files", "table_of", "tell", "text_column", "thinned", "usable_parts", "usage_of",
]

if not TYPE_CHECKING:  # a checker is to know the names above alone
    def __getattr__(name):
        """What a deprecated name stands for now."""
        now = renamed(name)
        if now is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
        return globals()[now]
