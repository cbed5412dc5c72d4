"""Random features: one hidden layer whose weights are drawn and never trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, Columns, Embedding, PluginError, PrepareContext, generator_for, roomy, row_slices
from w2s_tabular.numeric import MANY, mean_and_deviation, numeric_column, smallest_share

WHERE = "random-features"


@dataclass(frozen=True)
class RandomFeatures:
    """width features of column x, standardised by the task's supervise and transfer inputs.

    relu: √(2/width)·max(zᵀw + b, 0) with w ~ N(0, I/d), b ~ N(0, 1) (Cho, Saul 2009).
    fourier: √(2/width)·cos(zᵀw + b) with w ~ N(0, I/d), b ~ U(−π, π) (Rahimi, Recht 2007).
    linear: √(1/width)·(zᵀw + b) with w ~ N(0, I/d), b ~ N(0, 1).
    A wider draw of one seed begins with the features of a narrower one: a teacher and a student that are to be
    independent draws need different seeds.

    bias: false leaves b out. standardise: false takes x as it is, so that the features know nothing of the task's
    inputs. redraw: w and b are another draw in each of the cell's seeds.
    """

    column = "x"
    capabilities = frozenset({"prepare", "whole"})
    whole = True  # whether float32 holds a column is asked of all its numbers
    width: int = 256
    kind: str = "relu"
    seed: int = 0
    bias: bool = True
    standardise: bool = True
    redraw: bool = False

    @property
    def prepare_from(self) -> frozenset[str]:
        """The task's inputs where it standardises by them, the cell's seed where it draws anew."""
        return frozenset({"task"} if self.standardise else ()) | frozenset({"seed"} if self.redraw else ())

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
        """mean and scale (d,) of the unlabelled inputs, where a column that does not vary has scale 1; and the cell's
        seed (1,) int64. Each only where it is used."""
        state: dict[str, Array] = {}
        if self.standardise:
            if context.inputs is None:
                raise PluginError("the task's inputs were not handed over", where=WHERE)
            given = numeric_column(context.inputs, self.column, WHERE)
            mean, deviation = mean_and_deviation(given)
            state = {"mean": mean, "scale": np.where(deviation > smallest_share(given) * np.abs(mean), deviation, 1.0)}
        if self.redraw:
            if context.seed is None:
                raise PluginError("the cell's seed was not handed over", where=WHERE)
            state["cell"] = np.array([context.seed], dtype=np.int64)
        return state

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        """Features (n, width) float32."""
        x = numeric_column(inputs, self.column, WHERE)
        d = x.shape[1]
        cell = {"cell": int(state["cell"][0])} if self.redraw else {}
        rng = generator_for("random features", kind=self.kind, seed=self.seed, d=d, **cell)
        weight = rng.normal(size=(self.width, d + 1))
        if x.size < MANY:
            return Embedding(self._features(x, weight, state))
        features = roomy((len(x), self.width), np.float32)
        for rows in row_slices(len(x)):
            features[rows] = self._features(x[rows], weight, state)
        return Embedding(features)

    def _features(self, rows: Array, weight: Array, state: Mapping[str, Array]) -> Array:
        x, d = rows.astype(np.float64), rows.shape[1]
        z = (x - state["mean"]) / state["scale"] if self.standardise else x
        hidden = z @ weight[:, :d].T / np.sqrt(max(d, 1))
        if self.bias:
            hidden = hidden + offsets(weight[:, d], self.kind)
        return shaped(hidden, self.kind).astype(np.float32)


def shaped(hidden: Array, kind: str) -> Array:
    """Features (n, width) from hidden units (n, width), scaled so that their squares sum to the order of 1."""
    width = hidden.shape[1]
    if kind == "linear":
        out: Array = np.sqrt(1.0 / width) * hidden
        return out
    out = np.sqrt(2.0 / width) * (np.maximum(hidden, 0.0) if kind == "relu" else np.cos(hidden))
    return out


def offsets(normal: Array, kind: str) -> Array:
    """Offsets (width,) from standard normal draws: uniform on (−π, π) for fourier, as they are for the others."""
    if kind != "fourier":
        return normal
    from scipy.special import ndtr

    uniform: Array = (2.0 * ndtr(normal) - 1.0) * np.pi
    return uniform
