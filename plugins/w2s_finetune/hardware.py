"""The device and the precision of a fit, through accelerate, and randomness of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from w2s_bench.contracts import Array, device


@contextlib.contextmanager
def accelerated(precision: str) -> Iterator[Any]:
    """An `Accelerator` on the device that this process was told to use.

    precision: "auto" is bfloat16 for activations where a GPU computes in it, float32 elsewhere.
    """
    name = device()
    on_gpu = name.startswith("cuda")
    half = precision == "bfloat16" or (precision == "auto" and on_gpu and torch.cuda.is_bf16_supported(including_emulation=False))
    with torch.cuda.device(name) if on_gpu else contextlib.nullcontext():
        _forget()
        try:
            yield Accelerator(cpu=name == "cpu", mixed_precision="bf16" if half else "no")
        finally:
            _forget()


def _forget() -> None:
    """accelerate keeps one state a process, which refuses another precision; one process fits many students."""
    AcceleratorState._reset_state(reset_partial_state=True)


@contextlib.contextmanager
def reproducible(seed: int, on: torch.device) -> Iterator[None]:
    """torch's generators seeded, and on the CPU deterministic kernels only; all is put back."""
    strict, warn = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if on.type == "cuda" else []):
        torch.manual_seed(seed)
        if on.type == "cpu":
            torch.use_deterministic_algorithms(True)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(strict, warn_only=warn)


def random_state(on: torch.device) -> dict[str, Array]:
    """Where torch's generators stand, as bytes."""
    states = {"cpu": torch.get_rng_state()}
    if on.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state()
    return {name: state.numpy() for name, state in states.items()}


def restore_random_state(states: dict[str, Array]) -> None:
    """Put torch's generators where `random_state` found them."""
    torch.set_rng_state(torch.from_numpy(states["cpu"].copy()))
    if "cuda" in states:
        torch.cuda.set_rng_state(torch.from_numpy(states["cuda"].copy()))
