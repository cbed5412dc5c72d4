"""The device and the precision of a fit, through accelerate, and randomness of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from w2s_bench.contracts import Array, device

_GENERATORS: Mapping[str, Any] = {"cpu": torch.random, "cuda": torch.cuda, "mps": torch.mps}
"""torch's module for the generator of each kind of device: of the device that is current, where there are several."""


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


def generators(on: torch.device) -> tuple[str, ...]:
    """The generators of torch that a fit on this device draws from, by the names of their kinds of device."""
    return tuple(dict.fromkeys(("cpu", on.type)))


@contextlib.contextmanager
def reproducible(seed: int, on: torch.device) -> Iterator[None]:
    """torch's generators seeded, and on the CPU deterministic kernels only; all is put back."""
    strict, warn = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    before = random_state(on)
    torch.manual_seed(seed)
    if on.type == "cpu":
        torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(strict, warn_only=warn)
        restore_random_state(before)


def random_state(on: torch.device) -> dict[str, Array]:
    """Where the generators stand that a fit on this device draws from, as bytes."""
    return {name: _GENERATORS[name].get_rng_state().numpy() for name in generators(on)}


def restore_random_state(states: Mapping[str, Array]) -> None:
    """Put torch's generators where `random_state` found them."""
    for name, state in states.items():
        _GENERATORS[name].set_rng_state(torch.from_numpy(state.copy()))
