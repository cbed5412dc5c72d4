"""What a strategy and a loss must offer, what a fit is given, and the predictors that it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from w2s_bench.contracts.data import Array, Columns
from w2s_bench.contracts.executors import Demanding
from w2s_bench.contracts.models import TrainableModel
from w2s_bench.contracts.outputs import Output

if TYPE_CHECKING:
    from torch import Tensor

ConvexIn = Literal["outputs", "probabilities", "logits"]


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
    """seed: in [0, 2⁶³), more than some libraries take (scikit-learn: `% 2**32`); drawn from the named dimensions (task, model,
    seed), never from the strategy, so that strategies meet common random numbers. output: what is predicted. checkpoints: None
    where nothing can be kept."""

    seed: int
    output: Output
    checkpoints: Checkpoints | None = None


@runtime_checkable
class Predictor(Protocol):
    """A fitted head. predict: features (n, d) -> (n, k) float64.

    capabilities: "members" for an ensemble, whose members(features) are the answers of each, (m, n, k), and its weights (m,).
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
    """A predictor of the class {softmax(design(features) @ W + b), ‖W‖ ≤ radius}: the scorer certifies it in relative entropy.

    design: features (n, d) -> (n, r) float64. weight: (r, k); intercept: (k,). radius: None for the whole class.
    """

    radius: float | None
    weight: Array
    intercept: Array

    def design(self, features: Array) -> Array: ...


@runtime_checkable
class ModulePredictor(Protocol):
    """What a strategy with needs="module" fits. predict: a fresh `TrainableModel` and inputs -> (n, k) float64.

    capabilities: "answering", for one that can answer several times with a network that is put together once.
    """

    def predict(self, model: TrainableModel, inputs: Columns) -> Array: ...
    def to_arrays(self) -> Mapping[str, Array]: ...


@dataclass(frozen=True)
class FitProblem:
    """One fit: features (n, d) float32, its labels and context; for a strategy that declares `streams` they may be mapped from a
    file. features_key is equal for equal features.

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
    capabilities: any of "fit_many", "across_features", "untrained", "truth_share", "unfitted", "fingerprint", "streams" and
    "demand"; below is what each promises.
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

    def __call__(self, logits: Tensor, labels: Tensor, progress: float) -> Tensor: ...


class FittedTogether(Protocol):
    """`fit_many`, of a strategy: one predictor or Exception for each problem, in their order, equal to single fits.

    Better a generator than a list: each answer is kept as it comes, and whoever stops it loses only the fit in hand. The
    problems of a call share one feature matrix, unless the strategy says `across_features`.
    """

    def fit_many(self, problems: Sequence[FitProblem]) -> Iterable[Predictor | Exception]: ...


class AcrossFeatures(Protocol):
    """`across_features`, of a strategy with `fit_many`: whether it gains by problems of different features in one call, such as
    those of all seeds; their features are then in memory together."""

    across_features: bool


class Untrained(Protocol):
    """`untrained`, of a strategy: the predictor before any label, the `base` reference."""

    def untrained(self, problem: FitProblem) -> Predictor: ...


class Unfitted(Protocol):
    """`unfitted`, of a strategy: whether it predicts a model's own numbers, so that the column which the model reads teaches."""

    unfitted: bool


class SharesTruth(Protocol):
    """`truth_share`, of a strategy: the share of the weak labels that are replaced by the truth before fit() sees them."""

    truth_share: float


class ReadsFiles(Protocol):
    """`fingerprint`, of a strategy or a loss that reads files: their digest. Tasks and models have it always."""

    def fingerprint(self) -> str: ...


class Voting(Protocol):
    """`members`, of the predictor that an ensemble fits: the answers of each member, (m, n, k); weights: (m,) shares."""

    weights: Array

    def members(self, features: Array) -> Array: ...


class Answering(Protocol):
    """`answering`, of what a strategy with needs="module" fits: `predict` as a function of the inputs, which may be called again,
    with the fresh network put together once."""

    def answering(self, model: TrainableModel) -> Callable[[Columns], Array]: ...


class Streams(Protocol):
    """`streams`, of a strategy whose fit, and whose predictor, read features by blocks of rows, keep no copy of all of them, and
    write none: they are given the features of one model as they lie, which may be an array that is mapped from a file, cannot be
    written and is larger than the memory. Others are given a copy."""

    streams: bool


STRATEGY_CAPABILITIES: Mapping[str, type] = {
    "fit_many": FittedTogether, "across_features": AcrossFeatures, "untrained": Untrained, "truth_share": SharesTruth,
    "unfitted": Unfitted, "fingerprint": ReadsFiles, "streams": Streams, "demand": Demanding}
LOSS_CAPABILITIES: Mapping[str, type] = {"fingerprint": ReadsFiles}
PREDICTOR_CAPABILITIES: Mapping[str, type] = {"members": Voting, "answering": Answering}


def by_features(problems: Sequence[FitProblem]) -> dict[str, list[int]]:
    """Indices of the problems that share one feature matrix, in order of first appearance."""
    groups: dict[str, list[int]] = {}
    for index, problem in enumerate(problems):
        groups.setdefault(problem.features_key or f"#{id(problem.features)}", []).append(index)
    return groups
