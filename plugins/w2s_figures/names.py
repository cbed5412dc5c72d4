"""Names beside marks, each where it hides neither a mark nor another name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from w2s_figures.look import inline

_LETTERS, _LONGEST = 10, 30
"""Size of the letters of a name in pixels, and their number."""
_NEAR = 24.0
"""Pixels within which one name stands for two marks."""
_HALF_MARK, _HALF_LINE, _GAP = 5, 6, 8

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Frame:
    """Domains of both axes, linear, and pixels across and down."""

    x: tuple[float, float]
    y: tuple[float, float]
    wide: float
    high: float

    def pixels(self, x: float, y: float) -> tuple[float, float]:
        """Where a point lies, from the upper left corner."""
        return ((x - self.x[0]) / (self.x[1] - self.x[0]) * self.wide, (self.y[1] - y) / (self.y[1] - self.y[0]) * self.high)

    def point(self, across: float, down: float) -> tuple[float, float]:
        """The point that lies there."""
        return (self.x[0] + across / self.wide * (self.x[1] - self.x[0]), self.y[1] - down / self.high * (self.y[1] - self.y[0]))


def placed(marks: Sequence[tuple[float, float, str]], frame: Frame) -> list[tuple[float, float, str]]:
    """Of each mark (x, y, name) that has room for it, the point at which its name begins, and the name, cut where it is long.

    Names are tried to the right, to the left, above and below; marks near each other share one.
    """
    places = [(*frame.pixels(x, y), name if len(name) <= _LONGEST else f"{name[:_LONGEST - 1]}…") for x, y, name in marks]
    taken: list[Box] = [(x - _HALF_MARK, y - _HALF_MARK, x + _HALF_MARK, y + _HALF_MARK) for x, y, _ in places]
    said: list[tuple[float, float, str]] = []
    found = []
    for x, y, name in places:
        wide = 0.56 * _LETTERS * len(name)
        if any(other == name and abs(x - left) + abs(y - top) < _NEAR for left, top, other in said):
            continue
        for left, middle in ((x + _GAP, y), (x - _GAP - wide, y), (x - wide / 2, y - 2 * _HALF_LINE),
                             (x - wide / 2, y + 2 * _HALF_LINE)):
            box = (left, middle - _HALF_LINE, left + wide, middle + _HALF_LINE)
            if box[0] >= 0 and box[1] >= 0 and box[2] <= frame.wide and box[3] <= frame.high and not any(
                    _meet(box, other) for other in taken):
                taken.append(box)
                said.append((x, y, name))
                found.append((*frame.point(left, middle), name))
                break
    return found


def names_beside(marks: Sequence[tuple[float, float, str]], frame: Frame, x: Any, y: Any) -> Any:
    """The names as a layer over marks whose channels are x and y, of the fields `x` and `y`."""
    import altair as alt

    values = [{"x": at, "y": up, "name": name} for at, up, name in placed(marks, frame)]
    return alt.Chart(inline(values)).mark_text(align="left", baseline="middle", fontSize=_LETTERS, color="#555555", clip=True,
                                               aria=False).encode(x=x, y=y, text="name:N")


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
