"""The same picture on a dark page: the colours of the theme, each with the one that stands for it there."""

from __future__ import annotations

import re

from w2s_bench.contracts.figures import COLOURS
from w2s_bench.figures.specification import BACKGROUND

ON_DARK: dict[str, str] = {
    BACKGROUND: "#15181c", "white": "#15181c", "#222222": "#e6e8eb", "#444444": "#c3c8ce", "#555555": "#b4bac1",
    "#777777": "#8b929a", "#999999": "#7d848c", "#d5d5d5": "#3a4047", "#dcdcd6": "#565c63", "#eeeeee": "#262b31",
    **dict(zip(COLOURS, ("#8cc4f5", "#f0a84a", "#a3a9b0", "#3d86bd", "#43c79b", "#ea8066"), strict=True))}
"""Colours of fills and strokes; others stay, such as the squares of a heatmap and their numbers."""


def dark_style() -> str:
    """Rules of a style sheet that give drawings within a page these colours where the reader's screen is dark."""
    rules = [f'.drawing [{part}="{light}"] {{ {part}: {dark}; }}' for light, dark in ON_DARK.items()
             for part in ("fill", "stroke")]
    return "@media (prefers-color-scheme: dark) {\n" + "\n".join(rules) + "\n}\n"


def darkened(svg: str) -> str:
    """The drawing with these colours written into it."""
    return re.sub(r' (fill|stroke)="([^"]+)"', lambda match: f' {match[1]}="{ON_DARK.get(match[2], match[2])}"', svg)
