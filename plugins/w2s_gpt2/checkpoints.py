"""Which steps of a training are kept, and their weights as one mapping of arrays."""

from __future__ import annotations

from collections.abc import Mapping

from w2s_bench.contracts import Array

LOSS = "loss"
"""The array that belongs to no step."""


def kept_steps(steps: int) -> tuple[int, ...]:
    """0 and steps / 2^k for k = 0, 1, 2, …, rounded with halves up, down to 1; ascending, without repetition."""
    halved = ((2 * steps + 2**k) // 2 ** (k + 1) for k in range(steps.bit_length() + 1) if steps)
    return tuple(sorted({0, *halved}))


def packed(weights: Mapping[int, Mapping[str, Array]], loss: Array) -> dict[str, Array]:
    """Arrays `<step>/<name>` for each step that was kept, and the loss curve."""
    arrays = {
        f"{step}/{name}": array for step, named in weights.items() for name, array in named.items()
    }
    return {**arrays, LOSS: loss}


def weights_at(state: Mapping[str, Array], step: int) -> dict[str, Array]:
    """The weights by name after that many steps; empty where the state does not hold them."""
    prefix = f"{step}/"
    return {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}
