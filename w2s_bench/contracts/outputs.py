"""What a task may predict: how truth and predictions of it are checked, and how they are put in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from w2s_bench.contracts.data import ROW_SUM_TOLERANCE, Array
from w2s_bench.contracts.errors import DataError, PluginError

Figure = Callable[[float], str]
"""How a number is printed."""

_TRUTH_ROW_SUM = 1e-6
"""A row of true class probabilities may miss a sum of 1 by this much."""


@runtime_checkable
class Output(Protocol):
    """What a task predicts. Truth and predictions are (n, k) float64 and finite; an output adds what else they must be.

    An output is a frozen dataclass of plain values, kept with what is computed and made again from them through its entry.
    kind: the name of that entry. k: numbers of one example. unit: what they are measured in, as printed on axes, "" for none.
    """

    @property
    def kind(self) -> str: ...
    @property
    def k(self) -> int: ...
    @property
    def unit(self) -> str: ...

    def check_truth(self, truth: Array, ids: Array, where: str) -> None:
        """Raise DataError, at `where`, for truth (n, k) that is not of this kind; ids (n,) name the example at fault."""

    def conform(self, prediction: Array, label: str) -> Array:
        """A prediction (n, k) as it is scored. Raises PluginError for one that is not of this kind; label: who predicted it."""

    def describe(self) -> str:
        """What is predicted, in a few words: "2 classes: negative, positive"; "a number in stars"."""

    def word(self, truth: Array, figure: Figure) -> str:
        """One label (k,) as a reader meets it."""

    def summary(self, truth: Array, figure: Figure) -> Mapping[str, str]:
        """Labels (n, k) summed up, a line for each thing that is counted or measured; the same lines for any truth."""

    def summary_words(self) -> tuple[str, str]:
        """What the lines of `summary` say, and what one line is about."""


@dataclass(frozen=True)
class Regression:
    """k real numbers to predict. unit: what they are measured in, as printed on axes."""

    k: int = 1
    unit: str = ""
    kind: Literal["regression"] = "regression"

    def check_truth(self, truth: Array, ids: Array, where: str) -> None:
        """Any finite number will do."""

    def conform(self, prediction: Array, label: str) -> Array:
        """The prediction as it is."""
        return prediction

    def describe(self) -> str:
        """How many numbers, and their unit."""
        unit = f" in {self.unit}" if self.unit else ""
        return f"a number{unit}" if self.k == 1 else f"{self.k} numbers{unit}"

    def word(self, truth: Array, figure: Figure) -> str:
        """The numbers with their unit."""
        return " ".join([*(figure(float(value)) for value in truth), *([self.unit] if self.unit else [])])

    def summary(self, truth: Array, figure: Figure) -> Mapping[str, str]:
        """Mean and standard deviation of each number."""
        names = ["label"] if self.k == 1 else [f"label {number}" for number in range(1, self.k + 1)]
        return {name: f"{figure(float(column.mean()))} ± {figure(float(column.std()))}"
                for name, column in zip(names, truth.T, strict=True)}

    def summary_words(self) -> tuple[str, str]:
        """A line an output."""
        return "mean ± standard deviation", "output"


@dataclass(frozen=True)
class Classes:
    """One of k classes; truth and predictions are rows of the probability simplex: (n, k), ≥ 0, with sum 1.

    names: of the classes in the order of the columns, or () for numbers. ordered: the classes are steps of a scale, so
    that the expected step is a number worth scoring too.
    """

    k: int
    names: tuple[str, ...] = ()
    ordered: bool = False
    kind: str = "classes"

    unit = ""

    def check_truth(self, truth: Array, ids: Array, where: str) -> None:
        """Raise DataError for a row that is no distribution, and for names that are not those of k classes."""
        import numpy as np

        if self.k < 2 or len(self.names) not in (0, self.k) or len(set(self.names)) != len(self.names):
            raise DataError(f"{self.k} classes with the names {', '.join(self.names) or 'none'}", where=where,
                            hint="at least two classes, and a name of its own for each of them or none")
        bad = np.flatnonzero((truth < 0.0).any(axis=1) | (np.abs(truth.sum(axis=1) - 1.0) > _TRUTH_ROW_SUM))
        if len(bad):
            raise DataError(f"the label of example {ids[bad[0]]} is {truth[bad[0]].tolist()}, no distribution over {self.k} "
                            "classes", where=where, hint="rows of probabilities are ≥ 0 and sum to 1; a known class is one 1")

    def conform(self, prediction: Array, label: str) -> Array:
        """The rows divided by their sums, which are 1 already beyond rounding."""
        import numpy as np

        off = np.abs(prediction.sum(axis=1) - 1.0)
        if off.max() > ROW_SUM_TOLERANCE or prediction.min() < 0.0:
            row = int(np.argmax(np.maximum(off, -prediction.min(axis=1))))
            raise PluginError(f"{label} predicted {prediction[row].tolist()}, no distribution over {self.k} classes",
                              hint="probabilities are ≥ 0 and sum to 1")
        conformed: Array = prediction / prediction.sum(axis=1, keepdims=True)
        return conformed

    def describe(self) -> str:
        """How many classes, and their names."""
        names = f": {', '.join(self.names)}" if self.names else ""
        return f"{self.k} {'ordered classes' if self.ordered else 'classes'}{names}"

    def word(self, truth: Array, figure: Figure) -> str:
        """The class; probabilities where it is not certain."""
        if truth.max() == 1.0:
            return self._names()[int(truth.argmax())]
        return ", ".join(f"{name} {share:.3f}" for name, share in zip(self._names(), truth, strict=True))

    def summary(self, truth: Array, figure: Figure) -> Mapping[str, str]:
        """Count and share of each class."""
        import numpy as np

        return {name: f"{shares.sum():.{0 if np.isin(shares, (0.0, 1.0)).all() else 1}f}  {100.0 * shares.mean():5.1f} %"
                for name, shares in zip(self._names(), truth.T, strict=True)}

    def summary_words(self) -> tuple[str, str]:
        """A line a class."""
        return "count and share of each class", "class"

    def _names(self) -> Sequence[str]:
        return self.names or [str(number) for number in range(self.k)]


@dataclass(frozen=True)
class Preferences(Classes):
    """Which of two is preferred, as two classes: row (n, 2) holds the probabilities that the second and that the first is.

    The model is that of Bradley and Terry (1952): each of the two has a reward r, and the first is preferred with probability
    1 / (1 + e^−(r(first) − r(second))), so that who swaps the two swaps the probabilities. Inputs are the columns of `paired`.
    """

    k: int = 2
    names: tuple[str, ...] = ("second", "first")
    kind: str = "preferences"

    def describe(self) -> str:
        """What is chosen between."""
        return "which of two is preferred"

    def summary_words(self) -> tuple[str, str]:
        """A line a side."""
        return "count and share of each that is preferred", "preferred"


def scored_as(output: Output) -> str:
    """The kind of output whose divergences and metrics score an output: `classes` for every kind of classes, else its own."""
    return "classes" if isinstance(output, Classes) else output.kind
