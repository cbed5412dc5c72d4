"""A network that a strategy trained answers: put together once for the parts of a task and for all jobs in a row that ask it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from w2s_bench.compute.lent import lent
from w2s_bench.compute.shown import shown_to
from w2s_bench.contracts import Array, Columns, Model, TrainableModel, can


class TrainedNetwork:
    """predictor: what a strategy with needs="module" fitted. module: makes a fresh network of `model`. label: of that model."""

    def __init__(self, predictor: Any, module: Callable[[], TrainableModel], model: Model, label: str) -> None:
        self._predictor, self._module, self._model, self._label = predictor, module, model, label
        self._together: tuple[TrainableModel, Callable[[Columns], Array]] | None = None

    def answers(self, inputs: Columns) -> tuple[Array, Array | None, Array | None]:
        """What it predicts of inputs (n, k); the answers of its members, of an ensemble, else None; and (n,) bool, which inputs
        are longer than the network's context, of pairs where one of the two is, None where it does not say."""
        network, answer = self._fresh()
        predicted = answer(lent(inputs))
        members = None
        if can(self._predictor, "members"):
            members = np.asarray(self._predictor.members(self._module(), lent(inputs)), dtype=np.float64)
        return predicted, members, self._cut(network, inputs)

    def _fresh(self) -> tuple[TrainableModel, Callable[[Columns], Array]]:
        """A network and what answers by it: the same for ever, or where the predictor gives no such thing a new one."""
        if self._together is not None:
            return self._together
        network = self._module()
        if can(self._predictor, "answering"):
            self._together = network, self._predictor.answering(network)
            return self._together
        return network, lambda inputs: self._predictor.predict(network, inputs)

    def cut(self, inputs: Columns) -> Array | None:
        """Which inputs are longer than its context, as `answers` gives it."""
        return self._cut(self._fresh()[0], inputs)

    def _cut(self, network: TrainableModel, inputs: Columns) -> Array | None:
        if not can(network, "cut"):
            return None
        cuts: Any = network
        shown = shown_to(self._model, self._label, inputs)
        return shown.either(np.asarray(cuts.cut(shown.columns), dtype=bool))
