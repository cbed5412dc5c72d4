"""Numbers of a board in words: no more digits than their interval supports, shares in percent of the best constant's error."""

from __future__ import annotations

import math

from w2s_bench.leaderboard.board import Value
from w2s_bench.tables.inference import MEANINGS

MINUS = "\N{MINUS SIGN}"


def decimals(half: float | None) -> int:
    """Digits after the point of a number with this half of its interval: one digit of the half is kept."""
    if half is None or not math.isfinite(half) or half <= 0.0:
        return 1
    return min(4, max(0, math.ceil(-math.log10(half))))


def figure(value: float | None, places: int = 1) -> str:
    """A number with so many digits after the point; – where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    text = f"{value:.{places}f}"
    return (text.removeprefix("-") if float(text) == 0.0 else text).replace("-", MINUS)


def percent(value: float | None, places: int = 1) -> str:
    """A share in percent, without the sign."""
    return figure(None if value is None else 100.0 * value, places)


def interval(value: Value | None, scale: float = 100.0) -> str:
    """A mean with both ends of its interval, "12 [8, 16]", in percent where `scale` is 100; the mean alone where it has none."""
    if value is None:
        return "–"
    if value.low is None or value.high is None:
        return figure(scale * value.mean)
    places = decimals(scale * (value.high - value.low) / 2)
    middle, low, high = (figure(scale * number, places) for number in (value.mean, value.low, value.high))
    return f"{middle} [{low}, {high}]"


def over(value: Value | None) -> str:
    """What an interval is over, as the end of a sentence; "" where there is none."""
    return MEANINGS.get(value.over or "", "") if value is not None else ""


def said_interval(value: Value | None, scale: float = 100.0, unit: str = " %") -> str:
    """The same as a phrase: "12 % (95 % interval 8 % to 16 %, over …)"."""
    if value is None:
        return "no number"
    if value.low is None or value.high is None:
        return f"{figure(scale * value.mean)}{unit} (without an interval)"
    places = decimals(scale * (value.high - value.low) / 2)
    middle, low, high = (figure(scale * number, places) for number in (value.mean, value.low, value.high))
    return f"{middle}{unit} (95 % interval {low}{unit} to {high}{unit}, over {over(value)})"


def letters(groups: tuple[int, ...]) -> str:
    """Tie groups as letters, from the best: a, b, …, z, aa, ab."""
    return " ".join(map(_letter, groups))


def _letter(group: int) -> str:
    text = ""
    while group > 0:
        group, rest = divmod(group - 1, 26)
        text = chr(ord("a") + rest) + text
    return text


def ranks(low: int, high: int) -> str:
    """Ranks that an entry can have: "1–7", or one."""
    return str(low) if low == high else f"{low}–{high}"
