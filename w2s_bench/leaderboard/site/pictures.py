"""The picture of a season: gain against misfit, one mark an entry on a task."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from w2s_bench.contracts.figures import COLOURS, SHAPES, Drawing
from w2s_bench.figures.picture import for_page
from w2s_bench.leaderboard.site.contents import Contents, Row
from w2s_bench.leaderboard.site.figures_in_words import interval
from w2s_bench.leaderboard.site.findings import values_of

if TYPE_CHECKING:
    from markupsafe import Markup

_FARTHEST = 8.0
"""How far a frame reaches, in medians of the sizes of what stands in it."""
_KINDS = {"regression": "numbers", "classes": "classes"}


class Picture:
    """A drawing as it stands in a page. title, caption: its words. markup: an SVG that was checked to draw and nothing else."""

    def __init__(self, drawing: Drawing, name: str) -> None:
        from markupsafe import Markup

        self.title, self.caption, self.name = drawing.title, drawing.caption, name
        self.markup: Markup = Markup(for_page(drawing, name))
        self.lines = tuple(drawing.tables["marks"])


def gain_on_misfit(contents: Contents, task: str | None = None) -> Picture | None:
    """Gain against misfit of every ordered entry on a task, or on all of them; None where there is no mark."""
    pairs = [(entry, value) for entry, value in values_of(contents.board) if task in (None, value.task)]
    marks: list[dict[str, Any]] = []
    for entry, value in pairs:
        assert value.share is not None and value.misfit is not None
        marks.append({
            "output": _KINDS[entry.kind], "strategy": contents.name(entry.strategy), "task": contents.name(value.task),
            "submission": entry.submission, "misfit": 100 * value.misfit.mean, "gain": 100 * value.share.mean,
            "low": 100 * (value.share.mean if value.share.low is None else value.share.low),
            "high": 100 * (value.share.mean if value.share.high is None else value.share.high),
            "_told": f"{contents.name(value.task)}; {contents.name(entry.strategy)} ({entry.submission}); gain "
                     f"{interval(value.share)} %"})
    if not marks:
        return None
    sizes = [abs(mark[name]) for mark in marks for name in ("misfit", "gain")]
    most = _FARTHEST * statistics.median(sizes) or 1.0
    inside = [mark for mark in marks if abs(mark["gain"]) <= most and mark["misfit"] <= most]
    return Picture(_drawing(inside, len(marks) - len(inside)), "season" if task is None else "task") if inside else None


def _drawing(marks: Sequence[Row], beyond: int) -> Drawing:
    import altair as alt

    kinds = [name for name in _KINDS.values() if any(mark["output"] == name for mark in marks)]
    reach = max(mark["misfit"] for mark in marks)
    least = min(0.0, *(mark["gain"] for mark in marks))
    most = max(reach, *(mark["gain"] for mark in marks))
    room = 0.06 * (most - least)
    x = alt.X("misfit:Q", title="misfit, % of the best constant's error", scale=alt.Scale(domain=[0, 1.04 * reach], nice=False))
    frame = alt.Scale(domain=[least - room, most + room], nice=False)
    y = alt.Y("gain:Q", title="gain, % of the best constant's error", scale=frame)
    colour = alt.Color("output:N", scale=alt.Scale(domain=kinds, range=list(COLOURS[:len(kinds)])),
                       legend=alt.Legend(title=None) if len(kinds) > 1 else None)
    shape = alt.Shape("output:N", scale=alt.Scale(domain=kinds, range=list(SHAPES[:len(kinds)])), legend=None)
    base = alt.Chart(alt.NamedData(name="marks"))
    law = alt.Chart(alt.NamedData(name="law")).mark_line(strokeDash=[5, 4], color="#777777", strokeWidth=1.2).encode(
        x=alt.X("misfit:Q"), y=alt.Y("gain:Q"))
    none = alt.Chart(alt.NamedData(name="none")).mark_rule(color="#999999").encode(y=alt.Y("gain:Q"))
    reaches = base.mark_rule(opacity=0.35, clip=True).encode(x=x, y=alt.Y("low:Q", scale=frame), y2="high:Q", color=colour)
    points = base.mark_point(filled=True, size=38, opacity=0.85).encode(x=x, y=y, color=colour, shape=shape,
                                                                        description="_told:N", tooltip=alt.Tooltip("_told:N"))
    end = min(reach, most)
    above = sum(mark["gain"] >= mark["misfit"] for mark in marks)
    left = f" {beyond} marks lie far beyond the frame and are not drawn." if beyond else ""
    return Drawing(
        "Gain against misfit", "A mark is an entry on a task, a bar the 95 % interval of its gain. On the dashed line the gain "
                               "is the "
        f"misfit, which is the least that the law gives for the best fit in a convex class that holds the truth: {above} of "
        f"{len(marks)} marks lie on it or above.{left}", (none + law + reaches + points).properties(width=640, height=340),
        width=640,
        tables={"marks": marks, "law": [{"misfit": 0.0, "gain": 0.0}, {"misfit": end, "gain": end}], "none": [{"gain": 0.0}]})
