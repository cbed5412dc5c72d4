"""One name of any kind becomes one thing, with near names where there is none."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from w2s_bench.contracts import DescriptorsEntry, LossEntry, Parameter, StrategyEntry, UsageError
from w2s_bench.contracts.kinds import KINDS
from w2s_bench.registry.catalogue import Plugin, Registered, Registry
from w2s_bench.registry.loading import load_registry


@dataclass(frozen=True)
class Spread:
    power: int
    outputs = frozenset({"regression"})

    def __call__(self, logits: object, labels: object, progress: float) -> object:
        raise NotImplementedError


@dataclass(frozen=True)
class Scatter:
    by: Spread
    head_size: float
    outputs, needs, convex_in, exact = frozenset({"regression"}), "features", None, False

    def fit(self, problem: object) -> object:
        raise NotImplementedError

    from_arrays = fit


def lengths(texts: list[str]) -> list[int]:
    return [len(text) for text in texts]


@pytest.fixture
def registry() -> Registry:
    plugin = Plugin("here", "here", "1")
    power = Parameter("power", int, 2, "what the distance is raised to", low=1)
    by = Parameter("by", str, "spread", "the loss", names="losses")
    size = Parameter("head-size", float, 1.0, "of the heads")
    return Registry((plugin,), {
        "losses": (Registered(plugin, LossEntry("spread", f"{__name__}:Spread", parameters=(power,))),),
        "strategies": (Registered(plugin, StrategyEntry("scatter", f"{__name__}:Scatter", parameters=(by, size))),),
        "descriptors": (Registered(plugin, DescriptorsEntry("lengths", f"{__name__}:lengths")),)})


def test_a_name_is_made_with_defaults_and_with_given_parameters(registry: Registry) -> None:
    assert registry.make("losses", "spread") == Spread(2)
    assert registry.make("losses", "here/spread[power=3]") == Spread(3)
    assert registry.make("strategies", "scatter", {"head-size": 2}) == Scatter(Spread(2), 2.0)


def test_a_parameter_may_name_a_component_of_any_kind(registry: Registry) -> None:
    scatter = registry.one("strategies", "scatter[by=spread[power=5]]")
    assert scatter.create() == Scatter(Spread(5), 1.0)
    assert [part.label for part in scatter.named("losses")] == ["spread[power=5]"]


def test_what_a_kind_does_not_call_is_the_target_itself(registry: Registry) -> None:
    assert registry.make("descriptors", "lengths") is lengths


@pytest.mark.parametrize(("text", "said"), [
    ("spraed", "unknown loss 'spraed'\n  did you mean spread?"), ("scatter", "scatter is a strategy"),
    ("spread[pwer=1]", "did you mean power?"), ("spread[power=0]", "out of range"),
    ("spr*", "names more than one loss"), ("spread[power=[1,2]]", "names more than one loss")])
def test_what_cannot_be_one_thing_is_refused_with_the_nearest(registry: Registry, text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        registry.make("losses", text)
    assert said in refused.value.message()


def test_a_word_that_is_no_kind_is_an_error_of_the_caller(registry: Registry) -> None:
    with pytest.raises(ValueError, match="did you mean figures"):
        registry.entries("figure")


def test_every_kind_has_its_hook_and_entry_among_what_a_plugin_imports() -> None:
    import w2s_bench.contracts as contracts

    assert [name for name in contracts.__all__ if not hasattr(contracts, name)] == []
    assert {kind.entry.__name__ for kind in KINDS} <= set(contracts.__all__)
    assert load_registry().make("strategies", "ridge").exact
