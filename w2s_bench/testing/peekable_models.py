"""The models and the supervisor of the small run in which a strategy is watched: as little as such a run can have."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from w2s_bench.contracts import Array, Columns, ConvexIn, Embedding, FitProblem, text_column

if TYPE_CHECKING:
    from torch import Tensor

_WIDTH = 8


@dataclass(frozen=True)
class FirstColumns:
    """The first columns of x as they are; as a network, letters that are read one by one."""

    width: int
    column, family = "x", "columns"
    capabilities = frozenset({"module"})

    @property
    def size(self) -> int:
        """How many columns."""
        return self.width

    def fingerprint(self) -> str:
        """It reads no file."""
        return ""

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        """Features (n, width) float32."""
        return Embedding(inputs["x"][:, :self.width].astype(np.float32))

    def module(self, state: Mapping[str, Array]) -> Letters:
        """A new network, the same each time."""
        return Letters()


class Letters:
    """A network that reads the text letter by letter: an embedding, a layer, and the next letter's scores. A `TrainableModel`."""

    width, pad = _WIDTH, 0
    adapters: tuple[str, ...] = ("mixing",)

    def __init__(self) -> None:
        import torch
        from torch import nn

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.network: Any = nn.ModuleDict({
                "letters": nn.Embedding(16, _WIDTH), "mixing": nn.Linear(_WIDTH, _WIDTH), "following": nn.Linear(_WIDTH, 16)})

    def tokens(self, inputs: Columns) -> list[Array]:
        """Numbers of the letters of each text."""
        texts = text_column(inputs, "text")
        return [np.array([1 + ord(letter) % 15 for letter in text or "?"], dtype=np.int64) for text in texts]

    def states(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """The mean state of the letters (n, width)."""
        kept = mask.unsqueeze(-1).to(self._mixed(tokens).dtype)
        mean: Tensor = (self._mixed(tokens) * kept).sum(dim=1) / kept.sum(dim=1).clamp(min=1)
        return mean

    def language_loss(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Cross-entropy of the next letter, in nats."""
        from torch.nn import functional

        scores = self.network["following"](self._mixed(tokens))[:, :-1]
        loss: Tensor = functional.cross_entropy(scores[mask[:, 1:].bool()], tokens[:, 1:][mask[:, 1:].bool()])
        return loss

    def _mixed(self, tokens: Tensor) -> Tensor:
        import torch

        mixed: Tensor = torch.tanh(self.network["mixing"](self.network["letters"](tokens)))
        return mixed


@dataclass(frozen=True)
class WeakLines:
    """The supervisor: a line through few features, of classes between 0.05 and 0.95."""

    outputs = frozenset({"regression", "classes"})
    needs: Literal["features"] = "features"
    convex_in: ConvexIn | None = None
    exact = False

    def fit(self, problem: FitProblem) -> WeakLine:
        """Least squares with a small penalty."""
        design = _design(problem.features)
        weight = np.linalg.solve(design.T @ design + 1e-3 * np.eye(design.shape[1]), design.T @ problem.labels.values)
        return WeakLine(weight, problem.context.output.kind == "classes")

    def from_arrays(self, arrays: Mapping[str, Array]) -> WeakLine:
        """The line whose `to_arrays` gave these."""
        return WeakLine(arrays["weight"], bool(arrays["classes"][0]))


@dataclass(frozen=True)
class WeakLine:
    """weight: (d + 1, k)."""

    weight: Array
    classes: bool

    def predict(self, features: Array) -> Array:
        """Answers (n, k)."""
        answers: Array = _design(features) @ self.weight
        if not self.classes:
            return answers
        kept = np.clip(answers, 0.05, 0.95)
        shares: Array = kept / kept.sum(axis=1, keepdims=True)
        return shares

    def to_arrays(self) -> dict[str, Array]:
        """Weight and kind."""
        return {"weight": self.weight, "classes": np.array([self.classes])}


def _design(features: Array) -> Array:
    return np.hstack([np.ones((len(features), 1)), np.asarray(features, dtype=np.float64)])


def bytes_of(arrays: Mapping[str, Array]) -> dict[str, str]:
    """A digest of each array's type, shape and bytes."""
    return {name: hashlib.sha256(f"{array.dtype}{array.shape}".encode() + np.ascontiguousarray(array).tobytes()).hexdigest()
            for name, array in sorted(arrays.items())}
