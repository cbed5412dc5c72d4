"""The fitted perceptron, and the numbers that it starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from w2s_bench.contracts import Array
from w2s_probes.distributions import softmax
from w2s_probes.standardise import Standard, Units, row_blocks

Layer = tuple[Array, Array]
"""Weight (inputs, outputs) and bias (outputs,)."""


@dataclass(frozen=True)
class Perceptron:
    """Layers of max(0, z @ weight + bias), the last one without the maximum; then softmax, or label units.

    layers: float64. units: of the labels that a regression was trained on, None for classes. both_ways: for preferences, the
    mean of what the layers say of a pair and, its classes swapped, of the pair swapped, so that the order changes nothing.
    """

    standard: Standard
    layers: tuple[Layer, ...]
    units: Units | None
    both_ways: bool = False

    def logits(self, features: Array) -> Array:
        """Features (n, d) to what the last layer says, (n, k) float64."""
        return np.concatenate([self._said(self.standard(features[rows])) for rows in row_blocks(len(features))])

    def _said(self, z: Array) -> Array:
        said = through(self.layers, z)
        return (said + through(self.layers, -z)[:, ::-1]) / 2 if self.both_ways else said

    def predict(self, features: Array) -> Array:
        """Features (n, d) to (n, k) float64: probabilities with sum 1, or numbers in label units."""
        said = self.logits(features)
        if self.units is None:
            return softmax(said)
        out: Array = said * self.units.spread + self.units.middle
        return out

    def to_arrays(self) -> dict[str, Array]:
        """Plain float64 arrays (int64 for column numbers)."""
        arrays = self.standard.to_arrays()
        for number, (weight, bias) in enumerate(self.layers):
            arrays |= {f"weight{number}": weight, f"bias{number}": bias}
        if self.units is not None:
            arrays |= {"middle": self.units.middle, "spread": self.units.spread}
        return arrays | ({"both_ways": np.ones(1)} if self.both_ways else {})


def perceptron_from_arrays(arrays: Mapping[str, Array]) -> Perceptron:
    """Inverse of `Perceptron.to_arrays`; predictions are equal bit for bit."""
    def float64(name: str) -> Array:
        return np.ascontiguousarray(arrays[name], dtype=np.float64)

    count = sum(name.startswith("weight") for name in arrays)
    layers = tuple((float64(f"weight{number}"), float64(f"bias{number}")) for number in range(count))
    return Perceptron(Standard.from_arrays(arrays), layers,
                      Units(float64("middle"), float64("spread")) if "middle" in arrays else None, "both_ways" in arrays)


def through(layers: Sequence[Layer], z: Array) -> Array:
    """z (n, s) to logits (n, k)."""
    for weight, bias in layers[:-1]:
        z = np.maximum(z @ weight + bias, 0.0)
    out: Array = z @ layers[-1][0] + layers[-1][1]
    return out


def initial_layers(rng: np.random.Generator, widths: Sequence[int]) -> list[Layer]:
    """Layers between the widths, float32 numbers from U(±1/√inputs), the law of torch.nn.Linear."""
    layers = []
    for inputs, outputs in pairwise(widths):
        bound = 1.0 / np.sqrt(max(inputs, 1))
        layers.append((rng.uniform(-bound, bound, (inputs, outputs)).astype(np.float32),
                       rng.uniform(-bound, bound, outputs).astype(np.float32)))
    return layers
