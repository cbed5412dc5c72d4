"""Kinds of output, the first of which is sound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from w2s_bench.contracts import Array, DataError


@dataclass(frozen=True)
class Rates:
    """Positive numbers."""

    k: int = 1
    unit: str = ""
    kind: str = "rates"

    def check_truth(self, truth: Array, ids: Array, where: str) -> None:
        if truth.min() <= 0.0:
            raise DataError("a rate is not positive", where=where)

    def conform(self, prediction: Array, label: str) -> Array:
        return prediction

    def describe(self) -> str:
        return "a rate"

    def word(self, truth: Array, figure: Callable[[float], str]) -> str:
        return figure(float(truth[0]))

    def summary(self, truth: Array, figure: Callable[[float], str]) -> Mapping[str, str]:
        return {"mean": figure(float(truth.mean()))}

    def summary_words(self) -> tuple[str, str]:
        return "mean", "output"


@dataclass(frozen=True)
class Melting(Rates):
    """It has another name than its entry."""

    kind: str = "molten"


@dataclass(frozen=True)
class Halving(Rates):
    """Conforming twice is not conforming once."""

    kind: str = "halving"

    def conform(self, prediction: Array, label: str) -> Array:
        return prediction / 2.0


@dataclass(frozen=True)
class Nounless(Rates):
    """Its entry has no noun."""

    kind: str = "nounless"


SUBJECTS = {"Rates": "", "Melting": "can_be_stored", "Halving": "takes_its_own", "Nounless": "entry_whole"}
