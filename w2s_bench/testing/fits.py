"""Small problems for a strategy on trial, and what it answers to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

import numpy as np

from w2s_bench.compute.known_truth import known_rows
from w2s_bench.compute.poisoned import poisoned
from w2s_bench.contracts import (
    Array,
    Classes,
    Columns,
    FitContext,
    FitProblem,
    Labels,
    ModulePredictor,
    Output,
    Predictor,
    Preferences,
    Regression,
    Strategy,
    declared,
    paired,
)
from w2s_bench.contracts.digests import digest
from w2s_bench.registry.component import Component
from w2s_bench.store.sealed import arrays_as_bytes, arrays_in
from w2s_bench.testing.peekable_models import Letters, bytes_of

OUTPUTS: Final[Mapping[str, Output]] = {
    "regression": Regression(1), "classes": Classes(3, ("a", "b", "c")), "preferences": Preferences()}
"""What the kit has problems for."""

ROWS: Final = 48
WIDTH: Final = 5
_LETTERS: Final = "abcdefgh"
Fitted = Predictor | ModulePredictor


@dataclass(frozen=True)
class Inputs:
    """features: (n, d) float32; columns: the same as texts, for who trains a network."""

    features: Array
    columns: Columns

    def rows(self, which: Array) -> Inputs:
        """Some of them, in an order."""
        return Inputs(self.features[which], {name: column[which] for name, column in self.columns.items()})


class Trying:
    """One strategy and its small problems. output: what it predicts here, the first of the kit's that it can."""

    def __init__(self, component: Component) -> None:
        self.component = component
        self.strategy: Strategy = component.create()
        self.outputs = [output for kind, output in OUTPUTS.items() if kind in self.strategy.outputs]
        self.output = self.outputs[0]
        named = component.named("models")
        self.blocks = (WIDTH,) * (1 + len(named)) if named else ()

    def fresh(self) -> Strategy:
        """Another instance."""
        made: Strategy = self.component.create()
        return made

    def inputs(self, seed: int, n: int = ROWS, output: Output | None = None) -> Inputs:
        """Drawn by a seed; where a strategy predicts a model's own numbers, these are of the kind of the output."""
        wanted = output or self.output
        drawn = np.random.default_rng(seed).normal(size=(n, WIDTH * max(len(self.blocks), 1)))
        if declared(self.strategy, "unfitted", False) and not isinstance(wanted, Regression):
            drawn[:, :wanted.k] = _softmax(drawn[:, :wanted.k])
        texts = np.empty(n, dtype=object)
        places = np.clip((drawn[:, :WIDTH] * 2 + 4).astype(int), 0, len(_LETTERS) - 1)
        texts[:] = ["".join(_LETTERS[place] for place in row) for row in places]
        return Inputs(drawn.astype(np.float32), {"text": texts, **paired("text", texts, np.roll(texts, 1))})

    def labels(self, inputs: Inputs, seed: int, output: Output | None = None) -> Array:
        """Soft weak labels (n, k) that a line through the inputs gives, with noise."""
        wanted = output or self.output
        drawn = np.random.default_rng([seed, 1])
        line = inputs.features[:, :WIDTH].astype(np.float64) @ drawn.normal(size=(WIDTH, wanted.k))
        scores = line + 0.3 * drawn.normal(size=line.shape)
        return scores if isinstance(wanted, Regression) else _softmax(scores)

    def problem(self, inputs: Inputs, labels: Array, seed: int = 3, output: Output | None = None) -> FitProblem:
        """A fit on weak labels; of a strategy that is told a share of the truth, with that share."""
        wanted, n = output or self.output, len(labels)
        share = float(declared(self.strategy, "truth_share", 0.0))
        known = known_rows(n, share, seed) if share else None
        values = labels if known is None else np.where(known[:, None], poisoned(labels, wanted), labels)
        given = Labels(np.array(values, dtype=np.float64), "weak", known)
        context = FitContext(seed, wanted)
        if self.strategy.needs == "module":
            columns = {name: column.copy() for name, column in inputs.columns.items()}
            return FitProblem(np.zeros((n, 0), np.float32), given, context, model=Letters(), inputs=columns)
        return FitProblem(np.array(inputs.features), given, context, "", self.blocks)

    def usual(self, seed: int = 1, output: Output | None = None) -> FitProblem:
        """The problem that a seed gives."""
        inputs = self.inputs(seed, output=output)
        return self.problem(inputs, self.labels(inputs, seed, output), seed, output)

    def answers(self, fitted: Fitted, inputs: Inputs) -> Array:
        """What a predictor says of inputs, as it says it."""
        if self.strategy.needs == "module":
            network = cast(ModulePredictor, fitted)
            return network.predict(Letters(), {name: column.copy() for name, column in inputs.columns.items()})
        return cast(Predictor, fitted).predict(np.array(inputs.features))

    def stored(self, fitted: Fitted) -> Mapping[str, Array]:
        """The arrays of a predictor as they come back from a store."""
        return {name: np.array(array) for name, array in arrays_in(bytes(arrays_as_bytes(fitted.to_arrays()))).items()}


def digest_of(arrays: Mapping[str, Array]) -> str:
    """Of their names, types, shapes and bytes."""
    return digest(bytes_of(arrays))


def _softmax(scores: Array) -> Array:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Array = powers / powers.sum(axis=1, keepdims=True)
    return shares
