"""AdamW steps of one linear head, compiled. Importing it imports numba."""

from __future__ import annotations

import math

from numba import njit
from numpy import empty

from w2s_bench.contracts import Array

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
"""torch.optim.AdamW's own values."""

TINY = 1e-290
"""Moments below this are set to 0. They move no parameter; without it, those of features that are always 0 decay into
subnormal numbers, with which every operation takes some hundred cycles."""


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "reassoc"})
def pass_over(state: Array, x: Array, y: Array, orders: Array, step: int, lr: float, decay: float, size: int) -> int:
    """Pass over the labels once for each row of orders, `size` of them a step; returns the steps taken so far.

    state: (3, k, d + 1) parameters, biases last, and their two moments, changed in place. x: (n, d); y: (n, k), all
    float64; orders: (epochs, n) int64. step: steps taken before. Sums may be taken in any order, which depends on the
    chip alone; NaN and infinity keep their meaning.
    """
    _, k, width = state.shape
    d, n = width - 1, orders.shape[1]
    gradient = empty((k, width))
    for epoch in range(len(orders)):
        for start in range(0, n, size):
            batch = orders[epoch, start:start + size]
            gradient[:] = 0.0
            for row in batch:
                features = x[row]
                for output in range(k):
                    weights, slope = state[0, output], gradient[output]
                    error = weights[d] - y[row, output]
                    for i in range(d):
                        error += weights[i] * features[i]
                    error *= 2.0 / (len(batch) * k)
                    for i in range(d):
                        slope[i] += error * features[i]
                    slope[d] += error
            step += 1
            rate, kept = lr / (1 - BETA1**step), 1 - lr * decay
            root = 1 / math.sqrt(1 - BETA2**step)
            for output in range(k):
                parameters, first, second = state[0, output], state[1, output], state[2, output]
                slope = gradient[output]
                for i in range(width):
                    m = first[i] + (1 - BETA1) * (slope[i] - first[i])
                    v = BETA2 * second[i] + (1 - BETA2) * (slope[i] * slope[i])
                    m = 0.0 if abs(m) < TINY else m
                    v = 0.0 if v < TINY else v
                    first[i], second[i] = m, v
                    parameters[i] = parameters[i] * kept - rate * m / (math.sqrt(v) * root + EPSILON)
    return step
