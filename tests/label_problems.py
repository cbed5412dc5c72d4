"""Problems for the tests of strategies that wrap others: classes in the plane, and a network that a fit leaves changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from w2s_bench.contracts import Array, Checkpoints, Classes, Columns, FitContext, FitProblem, Labels


def one_hot(classes: Array, k: int = 2) -> Array:
    return np.eye(k)[classes]


def softened(classes: Array, sure: float, k: int = 2) -> Array:
    """Probability `sure` for the class, the rest shared."""
    return np.where(one_hot(classes, k) > 0, sure, (1 - sure) / max(k - 1, 1))


def problem(features: Array, values: Array, *, source: str = "weak", key: str = "", seed: int = 3, known: Array | None = None,
            members: Array | None = None, blocks: tuple[int, ...] = ()) -> FitProblem:
    labels = Labels(np.asarray(values, dtype=np.float64), source, known, members)  # type: ignore[arg-type]
    context = FitContext(seed, Classes(values.shape[1]))
    return FitProblem(np.asarray(features, dtype=np.float32), labels, context, key, blocks)


def two_clouds(n: int = 120, gap: float = 6.0, seed: int = 0) -> tuple[Array, Array]:
    """Two clouds in the plane on either side of 0, and their classes: features (n, 2), classes (n,)."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 2, n)
    return rng.normal(size=(n, 2)) + gap * np.stack([classes - 0.5, np.zeros(n)], axis=1), classes


def relabelled(first: FitProblem, seed: int) -> FitProblem:
    """The same features with other labels."""
    values = np.random.default_rng(seed).dirichlet(np.ones(first.labels.values.shape[1]), len(first.features))
    return replace(first, labels=replace(first.labels, values=values))


def network(inputs: Columns) -> Any:
    """What a strategy with needs="module" is given here: a linear layer on the column x."""
    layer = torch.nn.Linear(inputs["x"].shape[1], 2)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    return SimpleNamespace(network=layer)


def network_problem(features: Array, values: Array, checkpoints: Checkpoints | None = None) -> FitProblem:
    inputs = {"x": np.asarray(features, dtype=np.float32)}
    plain = problem(np.zeros((len(features), 0)), values)
    return replace(plain, model=network(inputs), inputs=inputs, context=replace(plain.context, checkpoints=checkpoints))


@dataclass
class Kept:
    """Checkpoints in memory."""

    arrays: Mapping[str, Array] | None = None

    def load(self) -> Mapping[str, Array] | None:
        return self.arrays

    def save(self, arrays: Mapping[str, Array]) -> None:
        self.arrays = {name: np.array(array) for name, array in arrays.items()}


@dataclass(frozen=True)
class Layer:
    """A fitted linear layer; predicting writes its weights into the network that it is given."""

    weight: Array
    bias: Array

    def predict(self, model: Any, inputs: Columns) -> Array:
        assert not model.network.weight.any(), "the network is not fresh"
        with torch.no_grad():
            model.network.weight.copy_(torch.from_numpy(self.weight))
            model.network.bias.copy_(torch.from_numpy(self.bias))
            logits = model.network(torch.from_numpy(inputs["x"]))
            return torch.softmax(logits.double(), dim=1).numpy()

    def to_arrays(self) -> dict[str, Array]:
        return {"weight": self.weight, "bias": self.bias}


@dataclass(frozen=True)
class Descent:
    """Gradient descent on the network it is given, which it changes; keeps itself after every step.

    dies_at: the step, counted over all fits, at which the process is taken to be killed.
    """

    outputs = frozenset({"classes"})
    needs = "module"
    convex_in = None
    exact = False
    steps: int = 4
    taken: tuple[list[int], ...] = ()
    dies_at: int = -1

    def fit(self, given: FitProblem) -> Layer:
        assert given.model is not None and given.inputs is not None
        layer: Any = given.model.network
        assert not layer.weight.any(), "the network is not fresh"
        labels, x = torch.from_numpy(given.labels.values).float(), torch.from_numpy(given.inputs["x"])
        checkpoints = given.context.checkpoints
        saved = checkpoints.load() if checkpoints else None
        begin = 0
        if saved is not None:
            begin = int(saved["step"][0])
            with torch.no_grad():
                layer.weight.copy_(torch.from_numpy(saved["weight"]))
                layer.bias.copy_(torch.from_numpy(saved["bias"]))
        for step in range(begin, self.steps):
            if self.taken:
                self.taken[0].append(step)
                if len(self.taken[0]) - 1 == self.dies_at:
                    raise KeyboardInterrupt
            loss = torch.nn.functional.cross_entropy(layer(x), labels)
            gradients = torch.autograd.grad(loss, [layer.weight, layer.bias])
            with torch.no_grad():
                layer.weight -= 0.5 * gradients[0]
                layer.bias -= 0.5 * gradients[1]
            if checkpoints:
                checkpoints.save({"step": np.array([step + 1]), "weight": layer.weight.detach().numpy(),
                                  "bias": layer.bias.detach().numpy()})
        return Layer(layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy())

    def from_arrays(self, arrays: Mapping[str, Array]) -> Layer:
        return Layer(np.asarray(arrays["weight"]), np.asarray(arrays["bias"]))
