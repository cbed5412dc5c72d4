"""What a task and a model must offer, and what a model is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from w2s_bench.contracts.data import Array, Columns, InputsRead, Pool, Splits
from w2s_bench.contracts.executors import Demanding
from w2s_bench.contracts.outputs import Output

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class Task(Protocol):
    """A data set with a number or a class to predict.

    fingerprint() is cheap and changes whenever what load() would return changes (a digest of the files it
    reads, versions of the packages that ship the data). load(seed) gets the cell's seed and draws from it with
    `w2s_bench.contracts.seeds.generator_for("split", task=…, seed=seed)`; task: its name, never a path. Where a parameter is a
    place, the fingerprint stands for it in the seeds of fits too: the digest of the content, and no version of anything.

    Texts are a column of str, (n,), called "text", which is what models of texts read; numbers a column "x", (n, d). Truth of
    classes is one-hot or soft, (n, k), with `output = Classes(k, names)`. divergence: a name of `w2s-bench ls divergences`.
    capabilities: any of "pinned", "pool", "label_noise", "known_truth", "balanced", "inputs_read", "leaves_out",
    "absent" and "columns"; below is what each promises.
    """

    output: Output
    divergence: str
    licence: str
    citation: str

    def fingerprint(self) -> str: ...
    def load(self, seed: int) -> Splits: ...


class Pooled(Protocol):
    """`pool`, of a task: every input that the splits of any seed are drawn from, so that a frozen model reads each once."""

    def pool(self) -> Pool: ...


class NoisyLabels(Protocol):
    """`label_noise`, of a task: the variance of the noise on its labels, which is known."""

    label_noise: float


class KnownTruth(Protocol):
    """`known_truth`, of a task: whether the truth of classes holds the true conditional probabilities."""

    known_truth: bool


class Balanced(Protocol):
    """`balanced`, of a task: whether classes were thinned to one size."""

    balanced: bool


class ReadsInputs(Protocol):
    """`inputs_read`, of a task whose input x is made of columns of a file: which they are. Raises DataError as load() does."""

    def inputs_read(self) -> InputsRead: ...


class NamedColumns(Protocol):
    """`columns`, of a task: the names of all its input columns, known before anything is loaded. A plan refuses a model that
    reads another."""

    columns: frozenset[str]


class ReadsHub(Protocol):
    """`absent`, of a task or a model that reads files of a hub: in words, which of them are neither here nor, as far as is known,
    to be had, where they were looked for, and the way out; "" where none are. Asked while planning, it downloads nothing."""

    def absent(self) -> str: ...


class LeavesOut(Protocol):
    """`leaves_out`, of a task: its parameter that names columns with a teacher's answers, joined with +. They stay out of the
    input x, answers of classes are read by name, and rows without an answer leave the task."""

    leaves_out: str


@dataclass(frozen=True)
class Embedding:
    """Frozen features: values (n, d) float32; truncated: which inputs were longer than the context, (n,) bool, or None
    where none was. precise: the values are float64 and are kept so, as of numbers that float32 would make equal."""

    values: Array
    truncated: Array | None = None
    precise: bool = False


@runtime_checkable
class Model(Protocol):
    """Turns inputs into frozen features.

    column: the input column that it reads ("x", "text", "smiles", …), or "" for a model that picks by itself.
    family, size: models of one family are ordered by size (parameters or width); None where it is unknown.
    fingerprint(): digest of files it reads (weights), "" when there are none.
    embed(): the features of a row depend on that row and the state alone, up to rounding: more than some thousand rows are given
    in blocks, each of which is kept as it is made, and a text that occurs twice may be given once. A model of which that is not
    so declares "whole".
    capabilities: any of "module", "pinned", "prepare", "prepare_many", "prepared_as", "answers", "embed_many", "reader",
    "whole", "absent" and "demand".
    """

    column: str
    family: str
    size: int | None

    def fingerprint(self) -> str: ...
    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding: ...


@dataclass(frozen=True)
class PrepareContext:
    """What a model that is made here may use.

    seed: the cell's seed, or None unless prepare_from names "seed"; draw from it with `w2s_bench.contracts.seeds`.
    inputs: the task's unlabelled supervise and transfer inputs, or None unless prepare_from names "task".
    """

    seed: int | None = None
    inputs: Columns | None = None


class Prepared(Protocol):
    """`prepare`, of a model that is made here in a job of its own: the state that embed() is given.

    prepare_from: which dimensions of a cell the state may depend on: any of "seed" (the cell's seed) and "task" (the
    unlabelled supervise and transfer inputs of the task; never the test inputs).
    """

    prepare_from: frozenset[Literal["seed", "task"]]

    def prepare(self, context: PrepareContext) -> Mapping[str, Array]: ...


@runtime_checkable
class PreparedModel(Model, Prepared, Protocol):
    """A model made here in a job of its own, with the capability "prepare"."""


class PreparedTogether(Protocol):
    """`prepare_many`, of a model: one state or Exception for each context, in their order, equal to single calls. Better a
    generator than a list: each state is kept as it comes."""

    def prepare_many(self, contexts: Sequence[PrepareContext]) -> Iterable[Mapping[str, Array] | Exception]: ...


class EmbeddedTogether(Protocol):
    """`embed_many`, of a model without a state: what `embed` gives for several models, equal to single calls.

    read_by: the parameter, such as "layer", in which alone the models differ. The first of them is the model itself.
    """

    read_by: str

    def embed_many(self, models: Sequence[Model], inputs: Columns) -> Sequence[Embedding]: ...


class ReadsBlocks(Protocol):
    """`reader`, of a model that loads something: `embed` as a function of the inputs, for which it is loaded once.

    models: this one, and with `embed_many` those that are read in the same pass; the function gives an embedding for each. What
    it holds is let go with it.
    """

    def reader(self, models: Sequence[Model], state: Mapping[str, Array]) -> Callable[[Columns], Sequence[Embedding]]: ...


class ReadsWhole(Protocol):
    """`whole`, of a model: that it is given all inputs in one call and never in blocks, as a row's features depend on the others,
    or a call costs much and a row nearly nothing."""

    whole: bool


class PreparedAs(Protocol):
    """`prepared_as`, of a model: parameters that the state does not depend on, and the values under which it is made.

    With {"checkpoint": "end"}, models that differ in that parameter alone share one state.
    """

    prepared_as: Mapping[str, bool | int | float | str]


class GivesAnswers(Protocol):
    """`answers`, of a model: the input column that holds answers made elsewhere. Where it teaches, it leaves the input x of a
    task that can leave columns out."""

    answers: str


class TrainableModel(Protocol):
    """A network whose weights a strategy may train, of torch's tensors and modules; nothing here imports it.

    network: the module, in float32 on the CPU when given. width: size of a pooled state. pad: a token id for padding.
    adapters: names of the linear layers that low-rank adapters belong on.
    capabilities: "cut" for a model that says which inputs it cuts: cut(inputs), (n,) bool.
    """

    network: Any
    width: int
    pad: int
    adapters: tuple[str, ...]

    def tokens(self, inputs: Columns) -> list[Array]:
        """Token ids (t,) int64 of each input, cut to the context, never empty."""

    def states(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Token ids and mask (n, t), padded on the right, to pooled states (n, width), with gradients."""

    def language_loss(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Mean next-token loss in nats, a scalar tensor. Raises PluginError for a model that predicts no tokens."""


class Trainable(Protocol):
    """`module`, of a model: a network with fresh copies of the weights, for strategies that train them."""

    def module(self, state: Mapping[str, Array]) -> TrainableModel: ...


class Pinned(Protocol):
    """`pinned`, of a task or a model: parameters, and the values under which what is there now is read again later.

    It is asked while planning, such as {"revision": commit} for a branch on a hub, and the jobs get the component with these
    values: they read what the plan saw, whatever the branch points to by then. Nothing is pinned where nothing is known.
    """

    def pinned(self) -> Mapping[str, bool | int | float | str]: ...


TASK_CAPABILITIES: Mapping[str, type] = {
    "pinned": Pinned, "pool": Pooled, "label_noise": NoisyLabels, "known_truth": KnownTruth, "balanced": Balanced,
    "inputs_read": ReadsInputs, "leaves_out": LeavesOut, "absent": ReadsHub, "columns": NamedColumns}
MODEL_CAPABILITIES: Mapping[str, type] = {
    "module": Trainable, "pinned": Pinned, "prepare": Prepared, "prepare_many": PreparedTogether, "prepared_as": PreparedAs,
    "answers": GivesAnswers, "embed_many": EmbeddedTogether, "reader": ReadsBlocks, "whole": ReadsWhole,
    "absent": ReadsHub, "demand": Demanding}
