"""A component that breaks the contract of its kind is named while planning, with the member and the plugin."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from w2s_bench.contracts import DataError, Embedding, LossEntry, ModelEntry, PluginError, StrategyEntry, TaskEntry
from w2s_bench.registry.catalogue import Plugin, Registered, Registry
from w2s_bench.registry.contract import check_predictor
from w2s_bench.registry.loading import load_registry

ENTRIES = {"models": ModelEntry, "strategies": StrategyEntry, "tasks": TaskEntry, "losses": LossEntry}


class Sound:
    column, family, size = "x", "f", None

    def fingerprint(self) -> str:
        return "of its files"

    def embed(self, inputs: object, state: object) -> Embedding:
        raise NotImplementedError


class NoFamily:
    column, size, famly = "x", None, "f"
    fingerprint = embed = Sound.embed


class SizeRaises(Sound):
    @property
    def size(self) -> Any:
        raise ZeroDivisionError("no layers")


class SizeIsText(Sound):
    size: Any = "small"


class FingerprintRaises(Sound):
    def fingerprint(self) -> str:
        raise FileNotFoundError("weights.bin")


class FingerprintRefuses(Sound):
    def fingerprint(self) -> str:
        raise DataError("no such folder", where="weights")


class UndeclaredModule(Sound):
    def module(self, state: object) -> Any:
        raise NotImplementedError


class NearlyPrepareMany(Sound):
    def prepare_mny(self, contexts: object) -> Any:
        raise NotImplementedError


class NearlyCapabilities(Sound):
    capabilites = frozenset({"module"})


class UnknownCapability(Sound):
    capabilities = frozenset({"modul"})


class WordAlone(Sound):
    capabilities = frozenset({"module"})


class OneText(Sound):
    capabilities: Any = "module"


class UnknownSource(Sound):
    capabilities, prepare_from = frozenset({"prepare"}), frozenset({"sead"})

    def prepare(self, context: object) -> Any:
        raise NotImplementedError


class Plain:
    outputs: Any = frozenset({"regression"})
    needs: Any = "features"
    convex_in: Any = None
    exact = False
    fit = from_arrays = Sound.embed


class NeedsUnknown(Plain):
    needs = "feature"


class ConvexUnknown(Plain):
    convex_in = "output"


class OutputsText(Plain):
    outputs = "regression"


class OutputsNearly(Plain):
    outputs = frozenset({"regresion"})


class NoCall:
    outputs = frozenset({"classes"})


class OutputRaises:
    divergence = licence = citation = ""
    fingerprint = load = Sound.embed

    @property
    def output(self) -> Any:
        raise KeyError("labels")


def offering(kind: str, target: type) -> Registry:
    known = load_registry()
    offer = Registered(Plugin("theirs", "their-dist", "1"), ENTRIES[kind]("odd", f"{__name__}:{target.__name__}"))
    return replace(known, offered={**known.offered, kind: (*known.entries(kind), offer)})


@pytest.mark.parametrize(("kind", "target", "said"), [
    ("models", NoFamily, "theirs/odd is no model: it has no `family`\n  did you mean its `famly` to be `family`?"),
    ("models", SizeRaises, "`size` of theirs/odd raises ZeroDivisionError: no layers"),
    ("models", SizeIsText, "`size` of theirs/odd is 'small', not a whole number or None"),
    ("models", FingerprintRaises, "fingerprint() of theirs/odd raises FileNotFoundError: weights.bin"),
    ("tasks", OutputRaises, "`output` of theirs/odd raises KeyError: 'labels'"),
    ("losses", NoCall, "theirs/odd is no loss: it has no `__call__`"),
    ("strategies", NeedsUnknown, "`needs` of theirs/odd is 'feature', not one of 'features', 'module'\n  did you mean features?"),
    ("strategies", ConvexUnknown, "`convex_in` of theirs/odd is 'output', not one of 'outputs', 'probabilities', 'logits' "
                                  "or None\n  did you mean outputs?"),
    ("strategies", OutputsText, "`outputs` of theirs/odd is 'regression', not a frozenset of words (a text each)"),
    ("models", UnknownSource, "`prepare_from` of theirs/odd is frozenset({'sead'}), not a frozenset of words "
                              "(one of 'seed', 'task' each)\n  did you mean seed?"),
    ("models", UndeclaredModule, "theirs/odd has `module` and does not declare it\n  capabilities = frozenset({\"module\"})"),
    ("models", NearlyPrepareMany, "theirs/odd has `prepare_mny`: did you mean `prepare_many`?"),
    ("models", NearlyCapabilities, "theirs/odd has `capabilites`: did you mean `capabilities`?"),
    ("models", UnknownCapability, "theirs/odd declares the capability 'modul', which does not exist\n  did you mean module?"),
    ("models", WordAlone, "theirs/odd declares the capability 'module' and has no `module`"),
    ("models", OneText, "`capabilities` of theirs/odd is 'module', not a frozenset of words"),
])
def test_what_is_wrong_is_said_of_the_member_and_the_plugin(kind: str, target: type, said: str) -> None:
    with pytest.raises(PluginError) as refused:
        offering(kind, target).one(kind, "odd")
    assert refused.value.message().startswith(said) and refused.value.exit_code == 2


def test_what_a_component_says_itself_is_passed_on() -> None:
    with pytest.raises(DataError, match="weights: no such folder"):
        offering("models", FingerprintRefuses).one("models", "odd")


def test_a_sound_component_is_taken_and_its_files_are_in_its_key() -> None:
    assert offering("models", Sound).one("models", "odd").fingerprint == "of its files"


def test_every_bundled_component_that_needs_no_parameter_keeps_its_contract() -> None:
    registry = load_registry()
    for kind in ("models", "strategies", "losses"):
        assert registry.select(kind, ["*"])


class Head:
    """A linear head, whole."""

    radius = None
    head_norm = 1.0

    def design(self, features: Any) -> Any:
        return features

    def predict(self, features: Any) -> Any:
        return features

    def to_arrays(self) -> dict[str, Any]:
        return {}


@pytest.mark.parametrize(("wrong", "right"), [("head_nrm", "head_norm"), ("headnorm", "head_norm"), ("desing", "design"),
                                              ("radus", "radius")])
def test_a_predictor_that_is_certified_but_for_a_misspelt_member_is_told_which(wrong: str, right: str) -> None:
    """It would be no linear head for the scorer, and nothing would be certified of it without a word."""
    whole = {name: value for name, value in vars(Head).items() if name[:2] != "__"}
    misspelt = type("Misspelt", (), {wrong if name == right else name: value for name, value in whole.items()})
    with pytest.raises(PluginError, match=rf"all of a LinearPredictor but `{right}`") as refused:
        check_predictor(misspelt(), "the predictor of p/ridge")
    assert f"did you mean its `{wrong}` to be `{right}`?" in str(refused.value)


def test_a_predictor_that_claims_no_class_is_taken() -> None:
    """A head of a softmax is linear in its logits alone, and has no `head_norm`."""
    others = type("Softmax", (), {"radius": None, "weight": 0, "intercept": 0, "weights": 0, "design": Head.design,
                                  "predict": Head.predict, "to_arrays": Head.to_arrays})
    plain = type("Plain", (), {"predict": Head.predict, "to_arrays": Head.to_arrays, "norm": 1.0, "radius": 2.0})
    for made in (Head(), others(), plain()):
        check_predictor(made, "the predictor of p/ridge")
