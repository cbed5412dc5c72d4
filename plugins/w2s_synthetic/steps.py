"""AdamW steps of one small ReLU network, compiled: forward, backward and update fused in one pass over a lesson.

Importing this imports numba.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from w2s_bench.contracts import Array

BETA1, BETA2, EPSILON, DECAY = 0.9, 0.999, 1e-8, 0.01
"""torch.optim.AdamW's own values."""

TINY = 1e-290
"""Moments below this are set to 0. They move no parameter; without it, those of units that stay silent decay into
subnormal numbers, with which every operation takes some hundred cycles."""

compiled = njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "reassoc"})
"""Sums may be reordered and roundings fused; NaN and infinity keep their meaning, so that divergence is seen."""


@compiled
def teach(sizes: Array, state: Array, head: Array, x: Array, y: Array, order: Array, step: int, lr: float, batch: int) -> int:
    """Pass once over the examples in the given order, `batch` of them a step; returns the steps taken so far.

    sizes: (layers + 1,) int64 units of each level. state: (3, parameters), the parameters as `Shape.layers` reads them and
    their two moments, changed in place. head: (sizes[-1] + 1,), frozen, its bias last. x: (n, sizes[0]); y: (n,);
    order: (n,) int64. step: steps taken before.
    """
    layers, widest, rows = len(sizes) - 1, sizes.max(), min(batch, len(order))
    levels = np.empty((layers + 1, rows, widest))
    back, below = np.empty((rows, widest)), np.empty((rows, widest))
    gradient = np.empty(state.shape[1])
    for start in range(0, len(order), batch):
        chosen = order[start:start + batch]
        n = len(chosen)
        for row in range(n):
            levels[0, row, :sizes[0]] = x[chosen[row]]
        _forward(sizes, state[0], levels, n)
        for row in range(n):
            error = head[sizes[layers]] - y[chosen[row]]
            for unit in range(sizes[layers]):
                error += levels[layers, row, unit] * head[unit]
            for unit in range(sizes[layers]):
                back[row, unit] = 2.0 / n * error * head[unit]
        _backward(sizes, state[0], levels, back, below, gradient, n)
        step += 1
        _update(state, gradient, step, lr)
    return step


@compiled
def _forward(sizes: Array, parameters: Array, levels: Array, n: int) -> None:
    """Fill levels 1, 2, …: W·h + b, rectified below the last."""
    at = 0
    for level in range(len(sizes) - 1):
        inputs, outputs = sizes[level], sizes[level + 1]
        weight = parameters[at:at + inputs * outputs].reshape(inputs, outputs)
        bias = parameters[at + inputs * outputs:at + (inputs + 1) * outputs]
        at += (inputs + 1) * outputs
        for row in range(n):
            above = levels[level + 1, row]
            above[:outputs] = bias
            for i in range(inputs):
                value = levels[level, row, i]
                for o in range(outputs):
                    above[o] += value * weight[i, o]
            if level < len(sizes) - 2:
                for o in range(outputs):
                    if above[o] < 0.0:
                        above[o] = 0.0


@compiled
def _backward(sizes: Array, parameters: Array, levels: Array, back: Array, below: Array, gradient: Array, n: int) -> None:
    """Fill the gradient from that in the last level, which is lost."""
    at = len(parameters)
    gradient[:] = 0.0
    for level in range(len(sizes) - 2, -1, -1):
        inputs, outputs = sizes[level], sizes[level + 1]
        at -= (inputs + 1) * outputs
        weight = parameters[at:at + inputs * outputs].reshape(inputs, outputs)
        in_weight = gradient[at:at + inputs * outputs].reshape(inputs, outputs)
        in_bias = gradient[at + inputs * outputs:at + (inputs + 1) * outputs]
        for row in range(n):
            for o in range(outputs):
                in_bias[o] += back[row, o]
            for i in range(inputs):
                value = levels[level, row, i]
                for o in range(outputs):
                    in_weight[i, o] += value * back[row, o]
                if level:
                    total = 0.0
                    for o in range(outputs):
                        total += back[row, o] * weight[i, o]
                    below[row, i] = total if value > 0.0 else 0.0
        back, below = below, back


@compiled
def _update(state: Array, gradient: Array, step: int, lr: float) -> None:
    """AdamW (Loshchilov, Hutter 2019), as torch.optim.AdamW computes it."""
    parameters, first, second = state[0], state[1], state[2]
    rate, kept, root = lr / (1.0 - BETA1**step), 1.0 - lr * DECAY, 1.0 / math.sqrt(1.0 - BETA2**step)
    for p in range(len(gradient)):
        m = first[p] + (1.0 - BETA1) * (gradient[p] - first[p])
        v = BETA2 * second[p] + (1.0 - BETA2) * (gradient[p] * gradient[p])
        first[p] = 0.0 if abs(m) < TINY else m
        second[p] = 0.0 if v < TINY else v
        parameters[p] = parameters[p] * kept - rate * first[p] / (math.sqrt(second[p]) * root + EPSILON)
