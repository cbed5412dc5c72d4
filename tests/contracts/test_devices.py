"""On which device networks run, and what happens where it has too little memory."""

from __future__ import annotations

import pytest
import torch

from w2s_bench.contracts.devices import VARIABLE, available, check, device, in_memory
from w2s_bench.contracts.errors import UsageError


def test_auto_is_the_first_accelerator_or_the_processor() -> None:
    assert check("auto") == (available()[1] if len(available()) > 1 else "cpu")
    assert check("cpu") == "cpu" and available()[0] == "cpu"


def test_a_device_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="there is no device cuda:99 on this machine\n  .*(cpu|cuda)"):
        check("cuda:99")
    for word in ("gpu", "cuda", "cuda:", "CPU", "cpu:1", ""):
        with pytest.raises(UsageError, match="is no device\n.*auto, cpu, mps or cuda:N"):
            check(word)


def test_a_process_uses_what_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert device() == check("auto")
    monkeypatch.setenv(VARIABLE, "cpu")
    assert device() == "cpu"
    monkeypatch.setenv(VARIABLE, "cuda:99")
    with pytest.raises(UsageError, match="no device cuda:99"):
        device()


@pytest.mark.parametrize("fault", [torch.OutOfMemoryError("CUDA out of memory."),
                                   RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes")])
def test_too_little_memory_halves_once(fault: RuntimeError) -> None:
    tried: list[int] = []

    def run(size: int, room: int) -> str:
        tried.append(size)
        if size > room:
            raise fault
        return f"in {size}"

    assert in_memory(lambda size: run(size, 64), 64) == "in 64"
    assert in_memory(lambda size: run(size, 40), 64) == "in 32"
    with pytest.raises(MemoryError, match="memory"):
        in_memory(lambda size: run(size, 16), 64)
    with pytest.raises(MemoryError):
        in_memory(lambda size: run(size, 40), 64, halve=False)
    with pytest.raises(MemoryError):
        in_memory(lambda size: run(size, 0), 1)
    assert tried == [64, 64, 32, 64, 32, 64, 1]


def test_another_fault_is_not_taken_for_too_little_memory() -> None:
    def run(size: int) -> None:
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes"):
        in_memory(run, 8)
