"""Components given as objects: named by class, source and values; entries like any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest

from w2s_bench.contracts import Array, FitProblem, PluginError, UsageError
from w2s_bench.registry import objects
from w2s_bench.registry.given import with_given
from w2s_bench.registry.loading import load_registry


def half(values: Array) -> Array:
    return values / 2.0


@dataclass(frozen=True)
class Level:
    """One number for everybody."""

    value: Array

    def predict(self, features: Array) -> Array:
        return np.repeat(self.value[None, :], len(features), axis=0)

    def to_arrays(self) -> Mapping[str, Array]:
        return {"value": self.value}


@dataclass(frozen=True)
class Shrunk:
    """Half of the mean label for everybody."""

    extra: float = 0.0
    shift: Array | None = None
    outputs = frozenset({"regression"})
    needs = "features"
    convex_in = None
    exact = False

    def fit(self, problem: FitProblem) -> Level:
        return Level(half(problem.labels.values.mean(axis=0)) + self.extra)

    def from_arrays(self, arrays: Mapping[str, Array]) -> Level:
        return Level(arrays["value"])


def name_of(thing: object, kind: str = "strategies") -> str:
    return with_given(load_registry(), kind, thing)[1][0]


def test_an_object_becomes_an_entry_under_its_class_and_digest() -> None:
    thing = Shrunk(0.5)
    registry, (name, other) = with_given(load_registry(), "strategies", [thing, "ridge"])
    (component,) = registry.select("strategies", [name])
    assert name.startswith("given/Shrunk-") and other == "ridge" and component.create() is thing
    assert registry.select("strategies", ["ridge"])[0].name.endswith("/ridge")


def test_equal_source_and_values_have_one_name_and_others_another() -> None:
    assert name_of(Shrunk(0.5)) == name_of(Shrunk(0.5))
    names = {name_of(Shrunk()), name_of(Shrunk(0.5)), name_of(Shrunk(shift=np.zeros(2))), name_of(Shrunk(shift=np.ones(2)))}
    assert len(names) == 4


def test_what_the_methods_call_in_their_module_is_in_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    before = name_of(Shrunk())

    def half(values: Array) -> Array:
        return values / 3.0

    half.__module__ = __name__
    monkeypatch.setitem(globals(), "half", half)
    assert name_of(Shrunk()) != before


def test_an_object_of_another_process_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    registry, (name,) = with_given(load_registry(), "strategies", Shrunk(0.25))
    (component,) = registry.select("strategies", [name])
    monkeypatch.delitem(objects._HELD, component.target.partition(":")[2])
    with pytest.raises(PluginError, match="given as an object, in another process"):
        component.create()


def test_a_value_that_no_digest_can_be_made_of_is_refused() -> None:
    class Holding:
        def __init__(self) -> None:
            self.lines = (line for line in "ab")

    with pytest.raises(UsageError, match="Holding.lines"):
        name_of(Holding())
