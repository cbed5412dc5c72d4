"""What a plugin implements: small protocols, and the frozen data that travels between the stages.

A plugin imports from this module and from `w2s_bench.hookspecs`; nothing else of the core is needed.
Nothing heavy is imported here, and a component's own module should import torch and the like inside its
methods, so that planning stays light.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Columns = Mapping[str, Array]
"""Named input columns of equal length n: numeric (n,) or (n, d), or text as an object array of str."""

ConvexIn = Literal["outputs", "probabilities", "logits"]


@dataclass(frozen=True)
class Regression:
    """k real numbers to predict. unit: what they are measured in, as printed on axes."""

    k: int = 1
    unit: str = ""
    kind: Literal["regression"] = "regression"


@dataclass(frozen=True)
class Classes:
    """One of k classes; truth and predictions are rows of the probability simplex: (n, k), ≥ 0, with sum 1.

    names: of the classes in the order of the columns, or () for numbers. ordered: the classes are steps of a scale, so
    that the expected step is a number worth scoring too.
    """

    k: int
    names: tuple[str, ...] = ()
    ordered: bool = False
    kind: Literal["classes"] = "classes"


Output = Regression | Classes


@dataclass(frozen=True)
class Split:
    """A part of a task. inputs: columns of length n. truth: (n, k) float64. ids: (n,) str, unique."""

    inputs: Columns
    truth: Array
    ids: Array


@dataclass(frozen=True)
class Splits:
    """supervise teaches the weak model; transfer is labelled by it for the student; test is never fitted on."""

    supervise: Split
    transfer: Split
    test: Split


@dataclass(frozen=True)
class Pool:
    """All inputs of a task, whatever the seed. ids: (n,) str, unique; the ids of every split are among them."""

    inputs: Columns
    ids: Array


@runtime_checkable
class Task(Protocol):
    """A data set with a number or a class to predict.

    fingerprint() is cheap and changes whenever what load() would return changes (a digest of the files it
    reads, versions of the packages that ship the data). load(seed) gets the cell's seed and draws from it with
    `w2s_bench.seeds.generator_for("split", task=…, seed=seed)`.
    Optional: label_noise, the variance of the noise on its labels; known_truth, whether the truth of classes holds the
    true conditional probabilities; balanced, whether classes were thinned to one size; pool() -> `Pool`, every input that
    the splits of any seed are drawn from, so that a frozen model reads each of them once.
    """

    output: Output
    divergence: str
    licence: str
    citation: str

    def fingerprint(self) -> str: ...
    def load(self, seed: int) -> Splits: ...


@dataclass(frozen=True)
class Embedding:
    """Frozen features: values (n, d) float32; truncated: which inputs were longer than the context, (n,) bool, or None
    where none was."""

    values: Array
    truncated: Array | None = None


@runtime_checkable
class Model(Protocol):
    """Turns inputs into frozen features.

    column: the input column that it reads ("x", "text", "smiles", …), or "" for a model that picks by itself.
    family, size: models of one family are ordered by size (parameters or width); None where it is unknown.
    fingerprint(): digest of files it reads (weights), "" when there are none.
    Optional: module(state) -> `TrainableModel`, a network with fresh copies of the weights, for strategies that train them.
    """

    column: str
    family: str
    size: int | None

    def fingerprint(self) -> str: ...
    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding: ...


@dataclass(frozen=True)
class PrepareContext:
    """What a model that is made here may use.

    seed: the cell's seed, or None unless prepare_from names "seed"; draw from it with `w2s_bench.seeds`.
    inputs: the task's unlabelled supervise and transfer inputs, or None unless prepare_from names "task".
    """

    seed: int | None = None
    inputs: Columns | None = None


@runtime_checkable
class PreparedModel(Model, Protocol):
    """A model made here in a job of its own. prepare() returns the state that embed() is given.

    prepare_from: which dimensions of a cell the state may depend on: any of "seed" (the cell's seed) and
    "task" (the unlabelled supervise and transfer inputs of the task; never the test inputs).
    Optional: prepare_many(contexts) -> one state or Exception per context, equal to single calls;
    prepared_as, a mapping from parameters that the state does not depend on to the values under which it is made, such
    as {"checkpoint": "end"}: models that differ in these alone share one state, that of the model with these values.
    """

    prepare_from: frozenset[str]

    def prepare(self, context: PrepareContext) -> Mapping[str, Array]: ...


class TrainableModel(Protocol):
    """A network whose weights a strategy may train, of torch's tensors and modules; nothing here imports it.

    network: the module, in float32 on the CPU when given. width: size of a pooled state. pad: a token id for padding.
    adapters: names of the linear layers that low-rank adapters belong on.
    """

    network: Any
    width: int
    pad: int
    adapters: tuple[str, ...]

    def tokens(self, inputs: Columns) -> list[Array]:
        """Token ids (t,) int64 of each input, cut to the context, never empty."""

    def states(self, tokens: Any, mask: Any) -> Any:
        """Token ids and mask (n, t), padded on the right, to pooled states (n, width), with gradients."""

    def language_loss(self, tokens: Any, mask: Any) -> Any:
        """Mean next-token loss in nats, a scalar tensor. Raises PluginError for a model that predicts no tokens."""


@dataclass(frozen=True)
class Labels:
    """values: (n, k) float64. source says whether they are the truth or a weak model's answers.

    known: (n,) bool, rows that hold the truth beside weak answers, for a strategy that declares a `truth_share`.
    members: (m, n, k), the answers of each member of a weak ensemble.
    """

    values: Array
    source: Literal["truth", "weak"]
    known: Array | None = None
    members: Array | None = None


class Checkpoints(Protocol):
    """What a long fit keeps of itself while it goes on, so that a killed job can go on where it was."""

    def load(self) -> Mapping[str, Array] | None:
        """The arrays saved last, or None where there are none or they are damaged."""

    def save(self, arrays: Mapping[str, Array]) -> None:
        """Keep these arrays instead of the last ones; whole or not at all."""


@dataclass(frozen=True)
class FitContext:
    """seed: drawn from the named dimensions (task, model, seed), never from the strategy, so that strategies
    meet common random numbers. output: what is predicted. checkpoints: None where nothing can be kept."""

    seed: int
    output: Output
    checkpoints: Checkpoints | None = None


@runtime_checkable
class Predictor(Protocol):
    """A fitted head. predict: features (n, d) -> (n, k) float64.

    Optional, for an ensemble: members(features) -> (m, n, k), the answers of each member; weights, (m,) shares.
    """

    def predict(self, features: Array) -> Array: ...
    def to_arrays(self) -> Mapping[str, Array]: ...


@runtime_checkable
class LinearPredictor(Predictor, Protocol):
    """A predictor of the class {design(features) @ W + intercept, ‖W‖ ≤ radius}: lets the scorer certify δ.

    design: features (n, d) -> (n, r) float64. radius: None when the class is the whole linear subspace.
    head_norm: Frobenius norm of the fitted W in the design's coordinates. A softmax head, linear in its logits alone, must
    not have one: the scorer refuses a student whose predictions are not those of the class that it shows.
    """

    radius: float | None
    head_norm: float

    def design(self, features: Array) -> Array: ...


@runtime_checkable
class SoftmaxPredictor(Predictor, Protocol):
    """A predictor of the class {softmax(design(features) @ W + b), ‖W‖ ≤ radius}: lets the scorer certify a fit in `kl`.

    design: features (n, d) -> (n, r) float64. weight: (r, k); intercept: (k,). radius: None for the whole class.
    """

    radius: float | None
    weight: Array
    intercept: Array

    def design(self, features: Array) -> Array: ...


@runtime_checkable
class ModulePredictor(Protocol):
    """What a strategy with needs="module" fits. predict: a fresh `TrainableModel` and inputs -> (n, k) float64."""

    def predict(self, model: TrainableModel, inputs: Columns) -> Array: ...
    def to_arrays(self) -> Mapping[str, Array]: ...


@dataclass(frozen=True)
class FitProblem:
    """One fit: features (n, d) float32, its labels and context. features_key is equal for equal features.

    blocks: widths of the parts of `features`, side by side: the cell's own model first, then each model that a parameter
    of the strategy names; () for the own model alone. model, inputs: for a strategy with needs="module", whose features
    have no columns.
    """

    features: Array
    labels: Labels
    context: FitContext
    features_key: str = ""
    blocks: tuple[int, ...] = ()
    model: TrainableModel | None = None
    inputs: Columns | None = None


@runtime_checkable
class Strategy(Protocol):
    """How a head is fitted on frozen features, or a network on labels.

    outputs: kinds of output it handles ("regression", "classes"). convex_in: where its hypothesis class is convex, or None.
    exact: fit() returns the exact minimiser over that class on its own inputs.
    needs: "features"; or "module", for a strategy that trains the network and whose from_arrays gives a `ModulePredictor`.
    Optional: fit_many(problems) -> one Predictor or Exception per problem, equal to single fits;
    untrained(problem) -> the predictor before any label (the `base` reference);
    truth_share, the share of the weak labels that are replaced by the truth before fit() sees them.
    """

    outputs: frozenset[str]
    needs: Literal["features", "module"]
    convex_in: ConvexIn | None
    exact: bool

    def fit(self, problem: FitProblem) -> Predictor | ModulePredictor: ...
    def from_arrays(self, arrays: Mapping[str, Array]) -> Predictor | ModulePredictor: ...


@runtime_checkable
class Loss(Protocol):
    """What training minimises: a scalar tensor from logits (n, k), soft labels (n, k) float32, and the share of the
    training that is done, in [0, 1). outputs: kinds of output it is meant for."""

    outputs: frozenset[str]

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any: ...


@dataclass(frozen=True)
class Parameter:
    """One parameter of a component. kind: the type of its value; "auto" style words go in `words`.

    low, high: inclusive range for numbers. choices: allowed words. default None means: must be given,
    unless optional is true. draw: its values only number draws of one kind of task, so that tables pool them.
    names: the value is the name of another component of that kind, and the target is called with that component instead;
    a model so named by a strategy adds a block to the features of its fits.
    """

    name: str
    kind: type
    default: Any
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    optional: bool = False
    draw: bool = False
    names: Literal["", "models", "strategies", "losses"] = ""


@dataclass(frozen=True)
class Entry:
    """What a plugin registers: light, importable without the component itself.

    target: "module:Class", imported on use and called with the parameters as keywords.
    extra: the optional dependency group that it needs, "" for none; needs: the modules of that group.
    """

    name: str
    target: str
    version: int = 1
    summary: str = ""
    tags: frozenset[str] = frozenset()
    parameters: tuple[Parameter, ...] = ()
    extra: str = ""
    needs: tuple[str, ...] = ()


class TaskEntry(Entry):
    """Entry of a task."""


class ModelEntry(Entry):
    """Entry of a model."""


class StrategyEntry(Entry):
    """Entry of a fine-tuning strategy, for students and for supervisors."""


class LossEntry(Entry):
    """Entry of a loss, which strategies that train by gradient name as a parameter."""


@dataclass(frozen=True)
class SuiteEntry:
    """A named run specification that a plugin ships.

    toml: the text of the spec; `{data}` in its quoted paths is filled by `run SUITE --data FOLDER`. quick: the text of
    the same study in about a minute, "" where there is none.
    """

    name: str
    summary: str
    toml: str
    quick: str = ""
    tags: frozenset[str] = field(default_factory=frozenset)


def by_features(problems: Sequence[FitProblem]) -> dict[str, list[int]]:
    """Indices of the problems that share one feature matrix, in order of first appearance."""
    groups: dict[str, list[int]] = {}
    for index, problem in enumerate(problems):
        groups.setdefault(problem.features_key or f"#{id(problem.features)}", []).append(index)
    return groups


def draw_splits(inputs: Columns, truth: Array, ids: Array, seed: int,
                shares: tuple[float, float, float] = (0.4, 0.4, 0.2)) -> Splits:
    """Disjoint supervise, transfer and test parts in the given shares, drawn by the seed.

    truth: (n, k) float64; ids: (n,) str. Each part keeps at least one example when n ≥ 3.
    """
    order = np.random.default_rng(seed).permutation(len(truth))
    first = max(1, round(shares[0] * len(order)))
    second = first + max(1, round(shares[1] * len(order)))

    def part(index: Array) -> Split:
        return Split({name: column[index] for name, column in inputs.items()}, truth[index], ids[index])

    return Splits(part(order[:first]), part(order[first:second]), part(order[second:]))
