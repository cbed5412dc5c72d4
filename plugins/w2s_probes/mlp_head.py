"""A perceptron on frozen features, trained by gradient on a loss of one's choice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from w2s_bench.contracts import Array, Classes, Diverged, FitProblem, Loss, Predictor, Preferences, generator_for, tell
from w2s_probes.distributions import label_distributions
from w2s_probes.mlp_network import Layer, Perceptron, initial_layers, perceptron_from_arrays
from w2s_probes.shared_features import one, solve_shared
from w2s_probes.standardise import (
    Standard,
    Units,
    check_features,
    check_labels,
    row_blocks,
    standard_of,
    uncentred_of,
    unscaled,
)

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class MlpHead:
    """`layers` hidden layers of `hidden` rectified units, or a linear head where either is 0, trained by AdamW.

    loss: any registered loss; it says whether the head is for numbers or for classes. In float32 on the CPU, from the
    initial law of torch.nn.Linear, in an order of rows drawn by name, so that every loss starts at one head and meets one
    order. epochs: passes over the labels. lr: learning rate. batch: examples in a step. decay: decoupled weight decay.
    standardise: train on features with mean 0 and variance 1, and numbers to predict too; the head that is returned
    answers in label units. For preferences it reads differences of features, without a mean taken off, both ways round
    (`Perceptron.both_ways`); with a linear head that is the model of Bradley and Terry with linear rewards.
    """

    needs = "features"
    capabilities = frozenset({"fit_many", "untrained"})
    convex_in = None
    exact = False
    loss: Loss
    hidden: int = 256
    layers: int = 1
    epochs: int = 50
    lr: float = 1e-3
    batch: int = 128
    decay: float = 0.01
    standardise: bool = True

    @property
    def outputs(self) -> frozenset[str]:
        """Those that the loss is meant for, and preferences with classes."""
        return self.loss.outputs | ({"preferences"} if "classes" in self.loss.outputs else set())

    def fit(self, problem: FitProblem) -> Predictor:
        """The head for one problem. Raises Diverged for bad inputs, and with the step where the loss is not finite."""
        return one(self.fit_many([problem]))

    def fit_many(self, problems: Sequence[FitProblem]) -> Iterator[Predictor | Exception]:
        """One head, or the exception that it met, per problem; equal to single fits bit for bit. Problems that share
        features share their standardised copy; each is trained by itself."""
        return solve_shared(problems, self._standardised, self._solve)

    def untrained(self, problem: FitProblem) -> Predictor:
        """The initial head, before any label."""
        check_features(problem.features)
        standard, output = self._standard(problem), problem.context.output
        first = self._first(_generator(problem), len(standard.kept), output.k)
        units = None if isinstance(output, Classes) else Units(np.zeros(output.k), np.ones(output.k))
        return Perceptron(standard, _float64(first), units, isinstance(output, Preferences))

    def from_arrays(self, arrays: Mapping[str, Array]) -> Predictor:
        """The head whose `to_arrays` gave `arrays`."""
        return perceptron_from_arrays(arrays)

    def _standard(self, problem: FitProblem) -> Standard:
        if not self.standardise:
            return unscaled(problem.features.shape[1])
        return (uncentred_of if isinstance(problem.context.output, Preferences) else standard_of)(problem.features)

    def _standardised(self, problem: FitProblem) -> tuple[Standard, Array]:
        features = problem.features
        check_features(features)
        standard = self._standard(problem)
        return standard, np.concatenate([standard(features[rows]).astype(np.float32) for rows in row_blocks(len(features))])

    def _first(self, rng: np.random.Generator, inputs: int, k: int) -> list[Layer]:
        return initial_layers(rng, [inputs, *([self.hidden] * self.layers if self.hidden else []), k])

    def _solve(self, shared: tuple[Standard, Array], problem: FitProblem) -> Predictor:
        standard, z = shared
        check_labels(problem)
        if isinstance(problem.context.output, Classes):
            targets, units = label_distributions(problem), None
        else:
            units = _units(problem.labels.values, self.standardise)
            targets = units.of(problem.labels.values)
        rng = _generator(problem)
        first, both_ways = self._first(rng, z.shape[1], targets.shape[1]), isinstance(problem.context.output, Preferences)
        trained = self._trained(first, z, targets.astype(np.float32), rng, both_ways)
        return Perceptron(standard, _float64(trained), units, both_ways)

    def _trained(self, first: list[Layer], z: Array, targets: Array, rng: np.random.Generator, both_ways: bool) -> list[Layer]:
        """The layers after training on z (n, s) and targets (n, k), both float32."""
        import torch

        inputs, labels = torch.from_numpy(z), torch.from_numpy(targets)
        tensors = [torch.from_numpy(array).requires_grad_() for layer in first for array in layer]
        optimiser = torch.optim.AdamW(tensors, lr=self.lr, weight_decay=self.decay)
        a_pass = -(-len(z) // self.batch)
        for step in range(self.epochs * a_pass):
            if step % a_pass == 0:
                order = torch.from_numpy(rng.permutation(len(z)))
            rows = order[step % a_pass * self.batch:][:self.batch]
            said = _through(tensors, inputs[rows])
            if both_ways:
                said = (said + _through(tensors, -inputs[rows]).flip(1)) / 2
            loss = self.loss(said, labels[rows], step / (self.epochs * a_pass))
            if not torch.isfinite(loss):
                raise Diverged(f"the loss is {loss.item()} at step {step + 1} of {self.epochs * a_pass}", where="mlp-head",
                               hint="a smaller learning rate or standardised features may help")
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            tell(step + 1, self.epochs * a_pass, "steps")
        arrays = [tensor.detach().numpy() for tensor in tensors]
        if not all(np.isfinite(array).all() for array in arrays):
            raise Diverged(f"the head is not finite after step {self.epochs * a_pass}", where="mlp-head",
                           hint="a smaller learning rate or standardised features may help")
        return list(zip(arrays[::2], arrays[1::2], strict=True))


def _through(tensors: Sequence[Tensor], said: Tensor) -> Tensor:
    """What layers of weight and bias say of inputs (n, s): (n, k)."""
    import torch

    for number in range(0, len(tensors), 2):
        said = torch.addmm(tensors[number + 1], said if number == 0 else torch.relu(said), tensors[number])
    return said


def _units(values: Array, standardise: bool) -> Units:
    k = values.shape[1]
    if not standardise:
        return Units(np.zeros(k), np.ones(k))
    deviation = values.std(axis=0)
    return Units(values.mean(axis=0), np.where(deviation > 0, deviation, 1.0))


def _float64(layers: list[Layer]) -> tuple[Layer, ...]:
    return tuple((weight.astype(np.float64), bias.astype(np.float64)) for weight, bias in layers)


def _generator(problem: FitProblem) -> np.random.Generator:
    return generator_for("mlp head", seed=problem.context.seed)
