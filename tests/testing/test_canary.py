"""The label canary sings for whatever looks for the truth, and names where it is heard."""

from __future__ import annotations

from pathlib import Path

import pytest
from trying import subject_of

from w2s_bench.testing.checks import Broken
from w2s_bench.testing.strategy_checks import label_canary

STORE = ["peeking.stores:ByArguments", "peeking.stores:ByOpenFiles", "peeking.stores:ByFrames", "peeking.stores:EarlyStopping",
         "peeking.stores:OrderOfThePool", "peeking.stores:Ids"]
MEMORY = ["peeking.memory:Objects", "peeking.memory:Frames", "peeking.memory:Bytes"]
DATA = ["peeking.data:TaskFile", "peeking.data:ScikitLearn", "peeking.data:ScikitLearnsFiles"]
KEPT = [f"peeking.kept:{name}" for name in (
    "InAGlobal", "InAnAttribute", "InTheClass", "InADefault", "InAClosure", "InACacheOfFits", "InATemporaryFile",
    "InTheEnvironment", "InNumPysRandomState", "InTorchsRandomState", "InPythonsRandomState", "OnAnotherModule", "OfTheBatch")]
PATCHED = ["peeking.patched:PatchedLabels"]


def sung(target: str, folder: Path) -> str:
    try:
        label_canary(subject_of("strategies", target, folder))
    except Broken as broken:
        return str(broken)
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("target", [*STORE, *MEMORY, *DATA, *KEPT, *PATCHED])
def test_a_peek_is_heard(target: str, tmp_path: Path) -> None:
    assert sung(target, tmp_path).startswith("another truth of transfer and test changes ")


@pytest.mark.slow
def test_the_same_line_without_a_peek_is_silent(tmp_path: Path) -> None:
    assert sung("peeking.lines:Lines", tmp_path) == ""
