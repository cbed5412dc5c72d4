"""The label canary sings for whatever looks for the truth, and names where it is heard."""

from __future__ import annotations

from pathlib import Path

import pytest
from trying import subject_at

from w2s_bench.contracts import Labels
from w2s_bench.contracts.errors import PluginError
from w2s_bench.registry.isolation import ISOLATE
from w2s_bench.testing.checks import Broken
from w2s_bench.testing.strategy_checks import label_canary

FINDS_NOTHING = ["peeking.stores:ByOpenFiles"]
"""A worker holds no file of a store open when a fit begins: who looks for one learns from the weak labels, like everybody."""

STORE = ["peeking.stores:ByArguments", "peeking.stores:ByFrames", "peeking.stores:EarlyStopping",
         "peeking.stores:OrderOfThePool", "peeking.stores:Ids"]
MEMORY = ["peeking.memory:Objects", "peeking.memory:Frames", "peeking.memory:Bytes"]
DATA = ["peeking.data:TaskFile", "peeking.data:ScikitLearn", "peeking.data:ScikitLearnsFiles"]
KEPT = [f"peeking.kept:{name}" for name in (
    "InAGlobal", "InAnAttribute", "InTheClass", "InADefault", "InAClosure", "InACacheOfFits", "InATemporaryFile",
    "InTheEnvironment", "InNumPysRandomState", "InTorchsRandomState", "InPythonsRandomState", "OnAnotherModule", "OfTheBatch")]


def sung(target: str, folder: Path) -> str:
    try:
        label_canary(subject_at("strategies", target, folder))
    except Broken as broken:
        return str(broken)
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("target", [*STORE, *MEMORY, *DATA, *KEPT])
def test_a_peek_is_heard(target: str, tmp_path: Path) -> None:
    assert sung(target, tmp_path).startswith("another truth of transfer and test changes ")


@pytest.mark.slow
@pytest.mark.parametrize("target", ["peeking.lines:Lines", *FINDS_NOTHING])
def test_the_same_line_without_a_peek_is_silent_and_so_is_a_peek_that_finds_nothing(target: str, tmp_path: Path) -> None:
    assert sung(target, tmp_path) == ""


@pytest.mark.slow
def test_a_patch_of_the_contracts_is_refused_before_a_fit_and_heard_where_nobody_looks_for_it(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Labels, "__init__", Labels.__init__)  # the import patches it for good, for the tests that follow too
    with pytest.raises(PluginError, match="Labels.__init__ was replaced"):
        sung("peeking.patched:PatchedLabels", tmp_path / "kept apart")
    monkeypatch.setenv(ISOLATE, "never")
    assert sung("peeking.patched:PatchedLabels", tmp_path).startswith("another truth of transfer and test changes ")
