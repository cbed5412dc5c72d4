"""Templates of Markdown, LaTeX and the page, filled. They ship beside this module."""

from __future__ import annotations

import functools
import re
import unicodedata
from html import escape
from importlib import resources
from typing import TYPE_CHECKING

from w2s_bench.report.plain_text import plain

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = "templates"
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    '"': "''", "±": r"$\pm$", "→": r"$\to$", "−": "$-$", "·": r"$\cdot$", "×": r"$\times$", "≤": r"$\leq$",
    "≥": r"$\geq$", "√": r"$\surd$", "‖": r"$\|$", "²": "$^2$", "³": "$^3$", "ε": r"$\varepsilon$", "δ": r"$\delta$",
    "μ": r"$\mu$", "µ": r"$\mu$", "σ": r"$\sigma$", "°": r"$^\circ$", "Δ": r"$\Delta$", "∞": r"$\infty$", "≈": r"$\approx$",
    "≠": r"$\neq$", "∝": r"$\propto$", "¹": "$^1$", "⁻": "$^-$", "…": r"\dots{}", "–": "--", "—": "---"}
"""What LaTeX reads as something else, or has no letter for without a package."""
_ENDS_A_LINE = ("[", "*")
"""What \\\\ takes for its own where a line of a table begins with it."""


def filled(name: str, **given: object) -> str:
    """The template of that name with what is given; in HTML every text is escaped that is not markup already."""
    return _environment().get_template(name).render(**given)


def part(name: str) -> str:
    """A file beside the templates as it is: a style sheet, a script."""
    return resources.files("w2s_bench.report").joinpath(_FOLDER, name).read_text(encoding="utf-8")


def as_markdown(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_\[\]|#])", r"\\\1", escape(" ".join(text.split()), quote=False))


def as_latex(text: str) -> str:
    """Text that LaTeX sets as it is, powers of ten and minus signs as in a formula."""
    pieces = re.split(r"(?<![\w.])(-?\d+(?:\.\d+)?)e([+-]\d+)(?!\w)", " ".join(text.split()))
    found = ""
    for place in range(0, len(pieces), 3):
        escaped = "".join(map(_letter, pieces[place]))
        found += re.sub(r"(?<![\w.$-])-(?=\d)", "$-$", escaped)
        if place + 2 < len(pieces):
            found += rf"${pieces[place + 1]}\times10^{{{int(pieces[place + 2])}}}$"
    return f"{{}}{found}" if found.startswith(_ENDS_A_LINE) else found


def _letter(letter: str) -> str:
    """One letter; one that a plain LaTeX has no glyph for as it is said in ASCII."""
    if letter in _SPECIAL:
        return _SPECIAL[letter]
    if letter.isascii() or unicodedata.name(letter, "").startswith("LATIN "):
        return letter
    return "".join(_SPECIAL.get(part, part) for part in plain(letter))


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(loader=PackageLoader("w2s_bench.report", _FOLDER), undefined=StrictUndefined, trim_blocks=True,
                        lstrip_blocks=True, keep_trailing_newline=True, autoescape=lambda name: bool(name and ".html" in name))
    found.filters |= {"markdown": as_markdown, "latex": as_latex}
    return found
