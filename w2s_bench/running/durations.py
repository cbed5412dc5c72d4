"""How a stretch of time is worded, and a number of things."""

from __future__ import annotations


def lasting(seconds: float) -> str:
    """ "less than 1 s", "45 s", "3 min 20 s", "2 h 10 min", "3 d 4 h": two units at most."""
    whole = round(seconds)
    if whole < 1:
        return "less than 1 s"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return _two(whole // 60, "min", whole % 60, "s")
    minutes = round(seconds / 60)
    if minutes < 24 * 60:
        return _two(minutes // 60, "h", minutes % 60, "min")
    hours = round(seconds / 3600)
    return _two(hours // 24, "d", hours % 24, "h")


def counted(count: int, word: str) -> str:
    """ "1 seed", "3 seeds"."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def _two(large: int, unit: str, small: int, smaller: str) -> str:
    return f"{large} {unit} {small} {smaller}" if small else f"{large} {unit}"
