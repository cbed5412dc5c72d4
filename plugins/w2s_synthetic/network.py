"""ReLU networks with a leading axis of many networks side by side; nothing mixes along that axis."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from w2s_bench.contracts import Array

INPUTS, WIDTH, TARGET_LAYERS = 8, 16, 5
"""The published sizes: inputs in R⁸, a representation in R¹⁶, five layers in the true network."""


@dataclass(frozen=True)
class Shape:
    """Linear layers of sizes (sizes[0], sizes[1]), …, with ReLU between them and none after the last."""

    sizes: tuple[int, ...]

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(self.sizes))

    def layers(self, flat: Array) -> list[tuple[Array, Array]]:
        """Views of flat (P, parameters): weight (P, in, out) and bias (P, 1, out) of each layer."""
        views, start = [], 0
        for fan_in, fan_out in pairwise(self.sizes):
            middle, end = start + fan_in * fan_out, start + (fan_in + 1) * fan_out
            views.append((flat[:, start:middle].reshape(-1, fan_in, fan_out), flat[:, None, middle:end]))
            start = end
        return views


def shape_of(layers: int, width: int) -> Shape:
    """A network from R⁸ to R¹⁶ with `layers` linear layers and hidden layers of `width` units."""
    return Shape((INPUTS, *[width] * (layers - 1), WIDTH))


TARGET = shape_of(TARGET_LAYERS, WIDTH)


def initial(rng: np.random.Generator, shape: Shape) -> Array:
    """Weights and biases (parameters,) from U(±1/√fan_in), the law of torch.nn.Linear."""
    parts = []
    for fan_in, fan_out in pairwise(shape.sizes):
        bound = 1.0 / np.sqrt(fan_in)
        parts.append(rng.uniform(-bound, bound, (fan_in + 1) * fan_out))
    return np.concatenate(parts)


def initial_head(rng: np.random.Generator) -> Array:
    """A linear head (17,): 16 weights and a bias from U(±1/√16)."""
    bound = 1.0 / np.sqrt(WIDTH)
    return rng.uniform(-bound, bound, WIDTH + 1)


def represent(shape: Shape, flat: Array, x: Array) -> Array:
    """The representation h(x): flat (P, parameters), x (P, n, 8) to (P, n, 16)."""
    layers = shape.layers(flat)
    for weight, bias in layers[:-1]:
        x = np.maximum(np.matmul(x, weight) + bias, 0.0)
    weight, bias = layers[-1]
    out: Array = np.matmul(x, weight) + bias
    return out


def answer(head: Array, h: Array) -> Array:
    """head (P, 17) on a representation (P, n, 16): (P, n, 1)."""
    out: Array = np.matmul(h, head[:, :-1, None]) + head[:, None, -1:]
    return out
