"""The last layer of a small network as features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import (
    Array,
    Columns,
    DataError,
    Diverged,
    Embedding,
    PluginError,
    PrepareContext,
    generator_for,
    nearest,
)
from w2s_synthetic.network import INPUTS, TARGET, Shape, represent, shape_of
from w2s_synthetic.pretrain import Recipe, pretrain
from w2s_synthetic.world import true_network

WHERE = "mlp-features"


@dataclass(frozen=True)
class NetworkFeatures:
    """A representation h: R⁸ → R¹⁶ made from the cell's seed; it never sees the task.

    source: "pretrained" on other heads of h*; "target", h* itself (the realizable case); or "perturbed", h*
    with N(0, noise²) added to each of its parameters. layers, width and the training budget (tasks, samples,
    epochs, lr, batch, scale) are read by "pretrained" alone, noise by "perturbed" alone.
    """

    column = "x"
    family = "mlp-features"
    prepare_from = frozenset({"seed"})
    capabilities = frozenset({"prepare", "prepare_many", "whole"})
    whole = True  # a row costs nothing
    layers: int = 8
    width: int = 16
    tasks: int = 10
    samples: int = 500
    epochs: int = 40
    lr: float = 1e-3
    batch: int = 32
    scale: float = 500.0
    source: str = "pretrained"
    noise: float = 0.01

    @property
    def shape(self) -> Shape:
        """Sizes of the layers."""
        return shape_of(self.layers, self.width) if self.source == "pretrained" else TARGET

    @property
    def size(self) -> int:
        """Number of the layers' parameters."""
        return self.shape.parameters

    def fingerprint(self) -> str:
        """No files are read."""
        return ""

    def prepare(self, context: PrepareContext) -> Mapping[str, Array]:
        """The network's parameters under "network", (parameters,). Raises Diverged if training does."""
        state, = self.prepare_many([context])
        if isinstance(state, Exception):
            raise state
        return state

    def prepare_many(self, contexts: Sequence[PrepareContext]) -> Iterator[Mapping[str, Array] | Exception]:
        """One state, or the Diverged that it met, for each context; equal to single calls bit for bit."""
        seeds = []
        for context in contexts:
            if context.seed is None:
                raise PluginError("the cell's seed was not handed over", where=WHERE)
            seeds.append(context.seed)
        if self.source == "pretrained":
            recipe = Recipe(self.tasks, self.samples, self.epochs, self.lr, self.batch, self.scale)
            yield from (found if isinstance(found, Diverged) else {"network": found}
                        for found in pretrain(seeds, self.shape, recipe))
        else:
            yield from ({"network": self._near_target(seed)} for seed in seeds)

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        """h(x) for column x (n, 8): (n, 16) float32."""
        if self.column not in inputs:
            raise DataError(f"the task has no input column {self.column!r}", where=WHERE,
                            hint=nearest(self.column, inputs))
        x = np.asarray(inputs[self.column])
        if x.dtype.kind not in "fiu" or x.ndim != 2 or x.shape[1] != INPUTS:
            raise DataError(f"column {self.column!r} has shape {x.shape}, not (n, {INPUTS}) numbers",
                            where=WHERE,
                            hint="this model belongs to the task mlp; use raw or random-features elsewhere")
        h = represent(self.shape, np.asarray(state["network"])[None], x.astype(np.float64)[None])
        return Embedding(h[0].astype(np.float32))

    def _near_target(self, seed: int) -> Array:
        target = true_network(seed)
        if self.source == "target":
            return target
        return target + self.noise * generator_for("synthetic noise", noise=self.noise, seed=seed).normal(
            size=len(target))
