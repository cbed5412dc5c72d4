"""Random features: one hidden layer whose weights are drawn and never trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, Columns, Embedding, PrepareContext
from w2s_bench.errors import PluginError
from w2s_bench.seeds import generator_for
from w2s_tabular.numeric import numeric_column

WHERE = "random-features"


@dataclass(frozen=True)
class RandomFeatures:
    """width features of column x, standardised by the task's supervise and transfer inputs.

    relu: √(2/width)·max(zᵀw + b, 0) with w ~ N(0, I/d), b ~ N(0, 1) (Cho, Saul 2009).
    fourier: √(2/width)·cos(zᵀw + b) with w ~ N(0, I/d), b ~ U(−π, π) (Rahimi, Recht 2007).
    A wider draw of one seed begins with the features of a narrower one.
    """

    column = "x"
    prepare_from = frozenset({"task"})
    width: int = 256
    kind: str = "relu"
    seed: int = 0

    @property
    def family(self) -> str:
        """Models of one kind are ordered by width."""
        return f"random-features[{self.kind}]"

    @property
    def size(self) -> int:
        """The width."""
        return self.width

    def fingerprint(self) -> str:
        """No files are read."""
        return ""

    def prepare(self, context: PrepareContext) -> Mapping[str, Array]:
        """mean and scale (d,) of the unlabelled inputs; a column that does not vary has scale 1."""
        if context.inputs is None:
            raise PluginError("the task's inputs were not handed over", where=WHERE)
        x = numeric_column(context.inputs, self.column, WHERE).astype(np.float64)
        deviation = x.std(axis=0)
        mean = x.mean(axis=0)
        return {"mean": mean, "scale": np.where(deviation > 1e-7 * np.abs(mean), deviation, 1.0)}

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        """Features (n, width) float32."""
        x = numeric_column(inputs, self.column, WHERE).astype(np.float64)
        z = (x - state["mean"]) / state["scale"]
        d = z.shape[1]
        rng = generator_for("random features", kind=self.kind, seed=self.seed, d=d)
        weight = rng.normal(size=(self.width, d + 1))
        phase = offsets(weight[:, d], self.kind)
        hidden = z @ weight[:, :d].T / np.sqrt(max(d, 1)) + phase
        shaped = np.maximum(hidden, 0.0) if self.kind == "relu" else np.cos(hidden)
        return Embedding((np.sqrt(2.0 / self.width) * shaped).astype(np.float32))


def offsets(normal: Array, kind: str) -> Array:
    """Offsets (width,) from standard normal draws: as they are for relu, uniform on (−π, π) for fourier."""
    if kind == "relu":
        return normal
    from scipy.special import ndtr

    uniform: Array = (2.0 * ndtr(normal) - 1.0) * np.pi
    return uniform
