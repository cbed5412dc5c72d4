"""Tasks whose truth is a linear function of the inputs: directions drawn by name, and the splits made from them."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array, Split, generator_for


def unit_vector(purpose: str, d: int, task: int, seed: int) -> Array:
    """A direction (d,) uniform on the unit sphere, drawn from its purpose, the task's number and the cell's seed."""
    drawn = generator_for(purpose, d=d, task=task, seed=seed).normal(size=d)
    return drawn / np.linalg.norm(drawn)


def linear_split(name: str, x: Array, beta: Array) -> Split:
    """x (n, d), kept as float32 as features are, with truth <β, x> (n, 1); ids are the part's name and the row."""
    kept = x.astype(np.float32)
    return Split({"x": kept}, kept.astype(np.float64) @ beta[:, None], np.array([f"{name} {row}" for row in range(len(x))]))
