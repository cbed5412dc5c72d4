"""Pretraining of a representation through frozen heads, many seeds side by side, each by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, Diverged, generator_for, tell
from w2s_synthetic.network import INPUTS, TARGET, Shape, answer, initial, initial_head, represent
from w2s_synthetic.world import true_network


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


def pretrain(seeds: Sequence[int], shape: Shape, recipe: Recipe) -> Iterator[Array | Diverged]:
    """Pretrained parameters (parameters,), or Diverged where they do not stay finite, for each seed, in their order.

    Minimises (f_t(h(x)) − f_t(h*(x)))² over h by one AdamW, with the heads f_t known and frozen, task after
    task within an epoch (Charikar et al. 2024). Seeds are spread over numba's threads; each is computed alone.
    """
    from numba import config

    with ThreadPoolExecutor(config.NUMBA_NUM_THREADS) as threads:
        yield from threads.map(lambda seed: _pretrained(seed, shape, recipe), seeds)


def _pretrained(seed: int, shape: Shape, recipe: Recipe) -> Array | Diverged:
    from w2s_synthetic.steps import teach

    lessons, orders, sizes = lessons_of(seed, recipe), orders_of(seed), np.array(shape.sizes, dtype=np.int64)
    parameters = first_network(seed, shape)
    state = np.stack([parameters, np.zeros_like(parameters), np.zeros_like(parameters)])
    step = 0
    for epoch in range(recipe.epochs):
        for head, x, y in zip(lessons.heads, lessons.x, lessons.y, strict=True):
            step = teach(sizes, state, head, x, y[:, 0], orders.permutation(recipe.samples), step, recipe.lr, recipe.batch)
        tell(epoch + 1, recipe.epochs, "epochs")
    flat: Array = state[0]
    if not np.isfinite(flat).all():
        return Diverged("pretraining did not stay finite", where=f"mlp-features, seed {seed}", hint="use a smaller lr")
    return flat
