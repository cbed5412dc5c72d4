"""A language-model stage on the texts before the labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import numpy as np

from w2s_bench.contracts import (
    Answering,
    Array,
    Checkpoints,
    Columns,
    ConvexIn,
    DataError,
    Demand,
    FitProblem,
    ModulePredictor,
    PluginError,
    Strategy,
    TrainableModel,
    UsageError,
    can,
    one_by_one,
    seed_for,
)


@dataclass(frozen=True)
class Generative:
    """Generative fine-tuning (Burns et al. 2023, arXiv 2312.09390, section 5.2.2): all weights learn to predict the next
    token of the unlabelled texts that the student's labels are for; `student` then fits the network so adapted.

    student: a strategy that trains a network. Other parameters: see the entry.
    """

    student: Strategy
    epochs: int
    lr: float
    batch: int
    accumulate: int
    schedule: Literal["linear", "cosine", "constant"]
    warmup: float
    clip: float
    precision: Literal["auto", "float32", "bfloat16"]
    checkpoint_every: int

    capabilities = frozenset({"demand"})
    demand = Demand(gpus=1.0)
    needs: Literal["module"] = field(default="module", init=False)
    convex_in: ConvexIn | None = field(default=None, init=False)
    exact: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        if self.student.needs != "module":
            raise UsageError("the strategy that follows reads frozen features, and no network", where="generative",
                             hint="student=finetune trains one")

    @property
    def outputs(self) -> frozenset[str]:
        """What the strategy that follows handles."""
        return self.student.outputs

    def fit(self, problem: FitProblem) -> GenerativelyAdapted:
        """Both stages, in place. Raises PluginError for a model that predicts no tokens, and what `student` raises."""
        from w2s_finetune.weights import as_arrays, copy_into, trained_weights

        model, inputs, kept = problem.model, problem.inputs, problem.context.checkpoints
        if model is None or inputs is None:
            raise PluginError("was given no network to train", where="generative", hint="a model offers one by `module(state)`")
        weights = trained_weights(model.network)
        language = _part("adapted", kept.load() if kept else None)
        if language:
            copy_into(weights, language)
        else:
            self._adapt(model, inputs, weights, problem.context.seed, Stage(kept, "language") if kept else None)
            language = as_arrays(weights)
        stage = Stage(kept, "student", language) if kept else None
        student = self.student.fit(dataclasses.replace(
            problem, context=dataclasses.replace(problem.context, checkpoints=stage)))
        return GenerativelyAdapted(language, cast(ModulePredictor, student))

    def from_arrays(self, arrays: Mapping[str, Array]) -> GenerativelyAdapted:
        """The predictor whose `to_arrays` gave `arrays`."""
        student = self.student.from_arrays(_part("student", arrays))
        return GenerativelyAdapted(_part("adapted", arrays), cast(ModulePredictor, student))

    def _adapt(self, model: TrainableModel, inputs: Columns, weights: Mapping[str, Any], seed: int,
               checkpoints: Checkpoints | None) -> None:
        """Train all weights on the texts that have a next token."""
        from w2s_finetune.batches import Order
        from w2s_finetune.hardware import accelerated, reproducible
        from w2s_finetune.loop import Schedule, Settings, rates, train

        sequences = [sequence for sequence in model.tokens(one_by_one(inputs)) if len(sequence) > 1]
        if not sequences:
            raise DataError("no text has two tokens, so there is no next one to predict", where="generative")
        model.network.eval()
        with accelerated(self.precision) as accelerator, reproducible(seed_for("generative", seed=seed), accelerator.device):
            model.network.to(accelerator.device)
            order = Order(tuple(map(len, sequences)), self.batch, self.epochs, seed_for("generative order", seed=seed))
            settings = Settings(Schedule(self.schedule, self.warmup), self.accumulate, self.clip, 1, self.checkpoint_every)
            train(NextToken(model, sequences, accelerator), weights, rates(weights, self.lr, self.lr, 0.0), order, settings,
                  accelerator, checkpoints)


@dataclass(frozen=True)
class NextToken:
    """The mean loss of the next token over all tokens of a batch, in nats."""

    model: TrainableModel
    sequences: Sequence[Array]
    accelerator: Any

    def gradient(self, rows: Array, at_once: int, progress: float) -> float:
        """The loss of the rows and its gradient; each part counts by the tokens that it predicts."""
        from w2s_finetune.batches import padded

        predicted = np.array([len(self.sequences[row]) - 1 for row in rows])
        whole = 0.0
        for at in range(0, len(rows), at_once):
            part = [self.sequences[row] for row in rows[at:at + at_once]]
            with self.accelerator.autocast():
                loss = self.model.language_loss(*padded(part, self.model.pad, self.accelerator.device))
            loss = loss * float(predicted[at:at + at_once].sum() / predicted.sum())
            self.accelerator.backward(loss)
            whole += float(loss.detach())
        return whole

    def held_out(self) -> None:
        """Nothing is held out."""


@dataclass(frozen=True)
class GenerativelyAdapted:
    """weights: those of the network after the language stage. student: what was fitted on it."""

    weights: Mapping[str, Array]
    student: ModulePredictor

    @property
    def capabilities(self) -> frozenset[str]:
        """To answer often, where the student can."""
        return frozenset({"answering"} if can(self.student, "answering") else ())

    def predict(self, model: TrainableModel, inputs: Columns) -> Array:
        """The student's answers (n, k) float64, on a fresh model whose weights become the adapted ones."""
        return self.student.predict(self._adapted(model), inputs)

    def answering(self, model: TrainableModel) -> Callable[[Columns], Array]:
        """What `predict` gives, as a function of the inputs."""
        return cast(Answering, self.student).answering(self._adapted(model))

    def _adapted(self, model: TrainableModel) -> TrainableModel:
        from w2s_finetune.weights import copy_into, trained_weights

        copy_into(trained_weights(model.network), self.weights)
        return model

    def to_arrays(self) -> dict[str, Array]:
        """`adapted/<name>` after the language stage, and `student/<name>`."""
        return {**_prefixed("adapted", self.weights), **_prefixed("student", self.student.to_arrays())}


@dataclass(frozen=True)
class Stage:
    """The checkpoints of one stage within those of the whole fit. adapted: what the stage before has ended with."""

    whole: Checkpoints
    name: str
    adapted: Mapping[str, Array] = field(default_factory=dict)

    def load(self) -> Mapping[str, Array] | None:
        """The arrays that this stage saved last."""
        return _part(self.name, self.whole.load()) or None

    def save(self, arrays: Mapping[str, Array]) -> None:
        """Keep the arrays of this stage, and the weights that it began with."""
        self.whole.save({**_prefixed(self.name, arrays), **_prefixed("adapted", self.adapted)})


def _part(name: str, arrays: Mapping[str, Array] | None) -> dict[str, Array]:
    prefix = f"{name}/"
    return {key.removeprefix(prefix): array for key, array in (arrays or {}).items() if key.startswith(prefix)}


def _prefixed(name: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {f"{name}/{key}": array for key, array in arrays.items()}
