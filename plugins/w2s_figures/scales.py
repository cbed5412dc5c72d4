"""Axes for numbers that span powers of ten, with and without a sign."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from w2s_figures.look import tick_format

_DEEPEST = 1e-6
"""What part of the largest number an axis still resolves."""
_ZERO = 1e-200
"""No error is smaller but by rounding to 0."""
_MANY_TIMES = 8.0
"""Ratio of the largest to the least place of a curve from which on its axis is logarithmic."""
_WIDE = 30.0
"""Ratio of the largest to a typical number from which on a linear axis would hide the typical one."""


@dataclass(frozen=True)
class Scale:
    """settings: of Vega-Lite's scale, with its domain (low, high). ticks: where to write numbers, empty: anywhere."""

    settings: dict[str, Any]
    format: str
    ticks: list[float] = field(default_factory=list)

    def inside(self, value: float | None) -> float | None:
        """The value, or the edge of the domain beyond which it lies."""
        low, high = self.settings["domain"]
        return None if value is None else min(max(value, low), high)


def logarithmic(values: Sequence[float]) -> Scale:
    """For errors: logarithmic down to a millionth of the largest; linear where all are alike."""
    positive = [value for value in values if value > _ZERO]
    high = max(positive, default=1.0)
    low = max(min(positive, default=1.0), _DEEPEST * high)
    if high / low < _WIDE and len(positive) == len(values):
        room = 0.1 * (high - low) or 0.1 * high
        domain = [max(0.0, low - room), high + room]
        return Scale({"type": "linear", "domain": domain, "nice": False, "zero": False}, tick_format(domain))
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    step = max(1, (last - first) // 5)
    between = (1.0, 2.0, 5.0) if last - first <= 2 else (1.0,)
    return Scale({"type": "log", "domain": [low / 1.6, high * 1.6], "nice": False}, "~g",
                 [digit * 10.0**power for power in range(first, last + 1, step) for digit in between])


def linear(values: Sequence[float]) -> Scale:
    """For shares: linear, from a little below the least to a little above the largest."""
    low, high = min(values), max(values)
    room = 0.1 * (high - low) or 0.05
    domain = [low - room, high + room]
    return Scale({"type": "linear", "domain": domain, "nice": False, "zero": False}, tick_format(domain))


def signed(values: Sequence[float]) -> Scale:
    """For gains: linear, or linear about 0 and logarithmic beyond where a few numbers dwarf the others."""
    sizes = sorted(abs(value) for value in values if abs(value) > _ZERO) or [1.0]
    largest = sizes[-1]
    typical = max(sizes[len(sizes) // 2], _DEEPEST * largest)
    low, high = min(0.0, *values), max(0.0, *values)
    if largest / typical <= _WIDE:
        room = 0.08 * (high - low) or 1.0
        domain = [low - room, high + room]
        return Scale({"type": "linear", "domain": domain, "nice": False}, tick_format(domain))
    constant = 10.0 ** math.floor(math.log10(typical))
    domain = [1.6 * low - constant / 2, 1.6 * high + constant / 2]
    powers = [constant * 10.0**power for power in range(math.ceil(math.log10(largest / constant)) + 1)]
    thin = powers[:: max(1, (len(powers) + 1) // 3)]
    return Scale({"type": "symlog", "constant": constant, "domain": domain, "nice": False}, "~g",
                 [*(-power for power in reversed(thin)), 0.0, *thin])


def along_axis(places: Sequence[float]) -> dict[str, Any]:
    """Settings of a horizontal scale for these numbers in order, with room at both ends: logarithmic where they span a lot."""
    least = next((place for place in places if place > 0), 1.0)
    spread = places[-1] / least
    if places[0] > 0 and spread >= _MANY_TIMES:
        room = spread**0.06
        return {"type": "log", "domain": [places[0] / room, places[-1] * room], "nice": False}
    if places[0] == 0 and spread >= _MANY_TIMES:
        return {"type": "symlog", "constant": least, "domain": [-0.3 * least, places[-1] * spread**0.08], "nice": False}
    room = 0.06 * (places[-1] - places[0]) or 1.0
    return {"domain": [places[0] - room, places[-1] + room], "nice": False, "zero": False}
