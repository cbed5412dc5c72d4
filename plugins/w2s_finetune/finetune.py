"""Fine-tuning: a network's own weights and a linear head are trained on the labels that it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from w2s_bench.contracts import (
    Array,
    Classes,
    Columns,
    ConvexIn,
    DataError,
    Demand,
    FitProblem,
    Loss,
    Output,
    PluginError,
    Preferences,
    TrainableModel,
    UsageError,
    generator_for,
    seed_for,
)

if TYPE_CHECKING:
    from w2s_finetune.weights import Adapters

ADAPTER_RATE, WEIGHT_RATE, HEAD_RATE = 1e-3, 0.04, 0.5
"""Where a rate is "auto": of adapters; and, divided by the width, of all weights and of the head. A step of Adam moves every
weight by about its rate, and so a sum of width terms by the rate times the width."""


@dataclass(frozen=True)
class Finetune:
    """Burns et al. (2023, arXiv 2312.09390) fine-tune every student so; dropout is off, as in their released code.

    The head maps pooled states to logits, or to numbers in units of the labels' mean and deviation; where one of two texts is
    preferred, to the reward of each (`rewarded`), on which losses for classes are taken as on two logits. Rows held out for
    early stopping are split off the labels that were given, weak or true. Parameters: see the entry.
    """

    loss: Loss
    weights: Literal["lora", "full"]
    rank: int
    alpha: float
    epochs: int
    lr: float | Literal["auto"]
    head_lr: float | Literal["auto"]
    head: Literal["zero", "random"]
    batch: int
    accumulate: int
    schedule: Literal["linear", "cosine", "constant"]
    warmup: float
    decay: float
    clip: float
    precision: Literal["auto", "float32", "bfloat16"]
    validation: float
    patience: int
    checkpoint_every: int

    capabilities = frozenset({"demand"})
    demand = Demand(gpus=1.0)
    needs: Literal["module"] = field(default="module", init=False)
    convex_in: ConvexIn | None = field(default=None, init=False)
    exact: bool = field(default=False, init=False)

    @property
    def outputs(self) -> frozenset[str]:
        """What the loss is meant for, and preferences with classes."""
        return self.loss.outputs | ({"preferences"} if "classes" in self.loss.outputs else set())

    def fit(self, problem: FitProblem) -> FinetunedNetwork:
        """Train `problem.model` in place. Raises Diverged for a loss that is not finite, MemoryError, DataError."""
        from w2s_finetune.batches import Order
        from w2s_finetune.hardware import accelerated, reproducible
        from w2s_finetune.loop import Schedule, Settings, rates, train
        from w2s_finetune.rewarded import Rewarded, pairs_of
        from w2s_finetune.supervised import Headed, Supervised
        from w2s_finetune.weights import as_arrays, trained_weights

        model, inputs = _network_and_inputs(problem)
        seed, output = problem.context.seed, problem.context.output
        if output.kind not in self.outputs:
            raise UsageError(f"the loss is not meant for {output.kind}", where="finetune",
                             hint="mse is for numbers, the others for classes")
        units = Units.of(problem.labels.values, isinstance(output, Classes))
        learned, held = self._split(len(problem.labels.values), seed)
        with accelerated(self.precision) as accelerator, reproducible(seed_for("finetune", seed=seed), accelerator.device):
            in_pairs = isinstance(output, Preferences)
            head = self._prepared(model, output, seed)
            weights = trained_weights(model.network.to(accelerator.device), head.to(accelerator.device))
            headed, labels = Headed(model, head, accelerator), units.inside(problem.labels.values)
            examples: Sequence[Any] = pairs_of(model, inputs) if in_pairs else model.tokens(inputs)
            objective = Supervised(
                Rewarded(headed) if in_pairs else headed, accelerator, self.loss, [examples[row] for row in learned],
                _tensor(labels[learned], accelerator.device), ([examples[row] for row in held], labels[held]))
            lengths = [sum(map(len, example)) if in_pairs else len(example) for example in examples]
            order = Order(tuple(lengths[row] for row in learned), self.batch, self.epochs, seed)
            settings = Settings(Schedule(self.schedule, self.warmup), self.accumulate, self.clip, self.patience,
                                self.checkpoint_every)
            train(objective, weights, rates(weights, *self._rates(model.width), self.decay), order, settings, accelerator,
                  problem.context.checkpoints)
            return FinetunedNetwork(as_arrays(weights), units, self._adapters(), self.precision)

    def from_arrays(self, arrays: Mapping[str, Array]) -> FinetunedNetwork:
        """The predictor whose `to_arrays` gave `arrays`."""
        weights = {name: array for name, array in arrays.items() if name.startswith(("network.", "head."))}
        return FinetunedNetwork(weights, Units(arrays.get("middle"), arrays.get("spread")), self._adapters(), self.precision)

    def _prepared(self, model: TrainableModel, output: Output, seed: int) -> Any:
        """The model ready to be trained, and a new head."""
        from w2s_finetune.weights import new_head

        model.network.eval()
        adapters = self._adapters()
        if adapters:
            adapters.add(model, seed_for("finetune adapters", seed=seed))
        if isinstance(output, Preferences):
            return new_head(model.width, 1, self.head, seed, bias=False)
        return new_head(model.width, output.k, self.head, seed)

    def _rates(self, width: int) -> tuple[float, float]:
        """Peak learning rates of the network and of the head."""
        network = ADAPTER_RATE if self.weights == "lora" else WEIGHT_RATE / width
        return network if self.lr == "auto" else self.lr, HEAD_RATE / width if self.head_lr == "auto" else self.head_lr

    def _adapters(self) -> Adapters | None:
        from w2s_finetune.weights import Adapters

        return Adapters(self.rank, self.alpha) if self.weights == "lora" else None

    def _split(self, n: int, seed: int) -> tuple[Array, Array]:
        """Rows that are trained on and rows that are held out, both in order."""
        if n == 0:
            raise DataError("there are no labels", where="finetune")
        held = max(1, round(self.validation * n)) if self.validation > 0 else 0
        if held >= n:
            raise DataError(f"{n} labels are too few to hold some out", where=f"validation={self.validation:g}",
                            hint="validation=0 trains on all of them")
        rows = generator_for("finetune validation", seed=seed).permutation(n) if held else np.arange(n)
        return np.sort(rows[held:]), np.sort(rows[:held])


@dataclass(frozen=True)
class Units:
    """Numbers are trained on as (values − middle) / spread, both (k,) float64; None for probabilities."""

    middle: Array | None = None
    spread: Array | None = None

    @staticmethod
    def of(values: Array, probabilities: bool) -> Units:
        """Mean and deviation of labels (n, k); a constant column has the spread 1."""
        if probabilities:
            return Units()
        deviation = values.std(axis=0)
        return Units(values.mean(axis=0), np.where(deviation > 0, deviation, 1.0))

    def inside(self, values: Array) -> Array:
        """Labels as trained on, (n, k) float64."""
        return values if self.middle is None else (values - self.middle) / self.spread

    def outside(self, answers: Array) -> Array:
        """Answers of the head (n, k) as probabilities, or in the units of the labels."""
        from w2s_finetune.supervised import log_softmax

        return np.exp(log_softmax(answers)) if self.middle is None else answers * self.spread + self.middle


@dataclass(frozen=True)
class FinetunedNetwork:
    """A fine-tuned network, kept as what differs from the model that it was made from."""

    weights: Mapping[str, Array]
    units: Units
    adapters: Adapters | None
    precision: str

    capabilities = frozenset({"answering"})

    def predict(self, model: TrainableModel, inputs: Columns) -> Array:
        """A fresh model and inputs to probabilities or numbers (n, k) float64. The model's weights become the trained ones."""
        return self.answering(model)(inputs)

    def answering(self, model: TrainableModel) -> Callable[[Columns], Array]:
        """What `predict` gives, as a function of the inputs: the model's weights become the trained ones once."""
        from w2s_finetune.hardware import accelerated
        from w2s_finetune.rewarded import Rewarded, pairs_of
        from w2s_finetune.supervised import Headed
        from w2s_finetune.weights import copy_into, new_head, trained_weights

        model.network.eval()
        if self.adapters:
            self.adapters.add(model, seed=0)
        rewards = "head.bias" not in self.weights
        head = new_head(model.width, len(self.weights["head.weight"]), "zero", seed=0, bias=not rewards)
        copy_into(trained_weights(model.network, head), self.weights)

        def answer(inputs: Columns) -> Array:
            with accelerated(self.precision) as accelerator:
                network = Headed(model, head.to(accelerator.device), accelerator)
                model.network.to(accelerator.device)
                if rewards:
                    return self.units.outside(Rewarded(network).answers(pairs_of(model, inputs)))
                return self.units.outside(network.answers(model.tokens(inputs)))

        return answer

    def to_arrays(self) -> dict[str, Array]:
        """The trained weights by name, float32, and the units of numbers."""
        units = {"middle": self.units.middle, "spread": self.units.spread}
        return {**self.weights, **{name: array for name, array in units.items() if array is not None}}


def _network_and_inputs(problem: FitProblem) -> tuple[TrainableModel, Columns]:
    if problem.model is None or problem.inputs is None:
        raise PluginError("was given no network to train", where="finetune", hint="a model offers one by `module(state)`")
    if not np.isfinite(problem.labels.values).all():
        raise DataError("labels are not finite", where="finetune")
    return problem.model, problem.inputs


def _tensor(values: Array, on: Any) -> Any:
    import torch

    return torch.from_numpy(values.astype(np.float32)).to(on)
