"""How a number, an interval and a unit are worded: once, for the terminal, Markdown and the page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from w2s_bench.running.durations import counted as counted
from w2s_bench.scoring.ratios import is_rounding
from w2s_bench.tables.inference import (
    ASKED,
    CROSSED,
    EXAMPLES,
    FITS,
    MEANINGS,
    SEEDS,
    TASK_SETS,
    TEST_SET,
    UNCHECKED,
)
from w2s_bench.tables.laws import unit_of
from w2s_bench.tables.summary import SIZES

Line: TypeAlias = Mapping[str, Any]
"""One line of a table: its values by column."""

PERCENT = -2
"""The exponent of a share that is shown in percent."""

_ROUNDING = 1e-15

_EVEN = 0.1
"""Share by which the two halves of an interval may differ and still be printed as one."""

_MARKS = {EXAMPLES: "'", FITS: "^", TEST_SET: "°", ASKED: "°", UNCHECKED: "?", TASK_SETS: '"'}


def figure(value: float | None, exponent: int = 0, digits: int = 3) -> str:
    """value / 10^exponent in at most about seven characters; - where there is none. Below 1e-15 a number is rounding: 0."""
    if value is None or not math.isfinite(value):
        return "-"
    scaled = value / 10.0**exponent if abs(value) >= _ROUNDING else 0.0
    if abs(scaled) >= 1e5 or 0.0 < abs(scaled) < 10.0 ** -(digits + 1):
        return f"{scaled:.1e}"
    places = max(0, digits - max(0, math.floor(math.log10(abs(scaled))))) if scaled else digits
    return f"{scaled:.{places}f}"


def rounding(line: Line, name: str) -> bool:
    """Whether a number of a summary's line is rounding beside the errors of the teacher and of a constant."""
    return is_rounding(line[name], *(line.get(size) for size in SIZES))


def scale_of(values: Sequence[float | None]) -> int:
    """The power of ten, a multiple of three, in which these errors read well; 0 from 0.01 to 10 000."""
    sizes = sorted(abs(value) for value in values if value is not None and math.isfinite(value) and value != 0.0)
    if not sizes:
        return 0
    typical = sizes[len(sizes) // 2]
    return 0 if 1e-2 <= typical < 1e4 else 3 * math.floor(math.log10(typical) / 3)


def plus_minus(middle: float | None, half: float | None, exponent: int = 0, digits: int = 3, mark: str = "") -> str:
    """ "middle ± half", without ± where there is no half; the mark follows it."""
    return figure(middle, exponent, digits) + (f" ± {figure(half, exponent, digits)}{mark}" if half is not None else "")


def with_half(line: Line, name: str, digits: int = 3, mark: str = "", *, exponent: int = 0) -> str:
    """ "mean ± half the interval" of the columns `name`, `name`_low and `name`_high, where it has one around it; both ends, as
    "mean [low, high]", where they are not equally far, or ± would hold a 0 that the interval does not."""
    middle, low, high = line[name], line.get(f"{name}_low"), line[f"{name}_high"]
    if middle is None or high is None or not high > middle:
        return plus_minus(middle, None, exponent, digits)
    above, below = high - middle, middle - low if low is not None else high - middle
    half = max(above, below)
    same_of_zero = (middle - half > 0.0) == (middle - below > 0.0) and (middle + half < 0.0) == (high < 0.0)
    if abs(above - below) <= _EVEN * half and same_of_zero:
        return plus_minus(middle, half, exponent, digits, mark)
    return f"{figure(middle, exponent, digits)} [{figure(low, exponent, digits)}, {figure(high, exponent, digits)}]{mark}"


def mark_of(over: str | None) -> str:
    """The mark of an interval that is over less than new seeds and new test examples."""
    return _MARKS.get(over or "", "")


def intervals_in_words(overs: Iterable[str | None]) -> str:
    """What ± is, for intervals over these (keys of inference.MEANINGS), each with its mark."""
    found = {over for over in overs if over is not None}
    if not found:
        return "No ±: nothing is known of the spread"
    plain = "±: 95 %, over new seeds and new test examples" if found & {SEEDS, CROSSED} else "±: 95 %"
    return "; ".join([plain, *(f"{_MARKS[over]} over {MEANINGS[over]}" for over in _MARKS if over in found)])


def between(line: Line, name: str, digits: int = 3, mark: str = "") -> str:
    """ "mean (low to high)" for an interval that is not even about its middle."""
    low, high = line[f"{name}_low"], line[f"{name}_high"]
    ends = f" ({figure(low, 0, digits)} to {figure(high, 0, digits)}){mark}" if low is not None and high is not None else ""
    return figure(line[name], 0, digits) + ends


def measured_in(line: Line, exponent: int = 0) -> str:
    """What D of a line is measured in, as "squared in 10^3 kg²"; the output unit alone where the line has no divergence."""
    if line["divergence"] is None:
        return str(line["output_unit"])
    scale = f"10^{exponent} " if exponent else ""
    unit = f"{scale}{unit_of(line['divergence'], line['output_unit'])}".rstrip()
    return f"{line['divergence']} in {unit}" if unit else str(line["divergence"])


def harmless(text: str) -> str:
    """The text with every character that is not printable as its escape, so that no data can steer a terminal."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode("ascii")
                   for char in text)
