"""Pretraining of a representation through frozen heads, many seeds side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array
from w2s_bench.errors import Diverged
from w2s_bench.seeds import generator_for
from w2s_synthetic.network import (
    INPUTS,
    TARGET,
    Shape,
    answer,
    initial,
    initial_head,
    loss_gradient,
    represent,
)
from w2s_synthetic.world import true_network

BETA1, BETA2, EPSILON, DECAY = 0.9, 0.999, 1e-8, 0.01


@dataclass(frozen=True)
class Recipe:
    """tasks: heads; samples: examples of each; epochs: passes over all; scale: sd of each input."""

    tasks: int
    samples: int
    epochs: int
    lr: float
    batch: int
    scale: float


@dataclass(frozen=True)
class Lessons:
    """What a seed's networks are taught: heads (tasks, 17), x (tasks, samples, 8), y (tasks, samples, 1)."""

    heads: Array
    x: Array
    y: Array


def lessons_of(seed: int, recipe: Recipe) -> Lessons:
    """Heads and examples of a seed. Weak and strong networks are taught the same ones."""
    rng = generator_for("synthetic pretraining", seed=seed)
    heads, x, y = [], [], []
    target = true_network(seed)[None]
    for _ in range(recipe.tasks):
        head = initial_head(rng)
        inputs = recipe.scale * rng.normal(size=(recipe.samples, INPUTS))
        heads.append(head)
        x.append(inputs)
        y.append(answer(head[None], represent(TARGET, target, inputs[None]))[0])
    return Lessons(np.stack(heads), np.stack(x), np.stack(y))


def first_network(seed: int, shape: Shape) -> Array:
    """The network before pretraining, (parameters,)."""
    return initial(generator_for("synthetic first network", seed=seed, sizes=list(shape.sizes)), shape)


def orders_of(seed: int) -> np.random.Generator:
    """Where the orders of examples come from: one permutation for each epoch and task, in that order."""
    return generator_for("synthetic orders", seed=seed)


def pretrain(seeds: Sequence[int], shape: Shape, recipe: Recipe) -> Array:
    """Pretrained parameters (P, parameters), one row for each seed.

    Minimises (f_t(h(x)) − f_t(h*(x)))² over h by one AdamW, with the heads f_t known and frozen, task after
    task within an epoch (Charikar et al. 2024). Raises Diverged when a row does not stay finite.
    """
    lessons = [lessons_of(seed, recipe) for seed in seeds]
    orders = [orders_of(seed) for seed in seeds]
    flat = np.stack([first_network(seed, shape) for seed in seeds])
    gradient, first, second = np.zeros_like(flat), np.zeros_like(flat), np.zeros_like(flat)
    step = 0
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(recipe.epochs):
            for task in range(recipe.tasks):
                order = [rng.permutation(recipe.samples) for rng in orders]
                x = np.stack([lesson.x[task][rows] for lesson, rows in zip(lessons, order, strict=True)])
                y = np.stack([lesson.y[task][rows] for lesson, rows in zip(lessons, order, strict=True)])
                head = np.stack([lesson.heads[task] for lesson in lessons])
                for start in range(0, recipe.samples, recipe.batch):
                    rows = slice(start, start + recipe.batch)
                    step += 1
                    loss_gradient(shape, flat, head, x[:, rows], y[:, rows], gradient)
                    adamw_step(flat, gradient, first, second, step, recipe.lr)
    for seed, row in zip(seeds, flat, strict=True):
        if not np.isfinite(row).all():
            raise Diverged("pretraining did not stay finite", where=f"mlp-features, seed {seed}",
                           hint="use a smaller lr")
    return flat


def adamw_step(flat: Array, gradient: Array, first: Array, second: Array, step: int, lr: float) -> None:
    """One step of AdamW (Loshchilov, Hutter 2019) in place, as torch.optim.AdamW computes it."""
    first += (1 - BETA1) * (gradient - first)
    second *= BETA2
    second += (1 - BETA2) * gradient**2
    flat *= 1 - lr * DECAY
    flat -= lr / (1 - BETA1**step) * (first / (np.sqrt(second) / np.sqrt(1 - BETA2**step) + EPSILON))
