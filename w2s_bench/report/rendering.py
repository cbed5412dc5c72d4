"""Templates of Markdown, LaTeX and the page, filled. They ship beside this module."""

from __future__ import annotations

import functools
import re
from html import escape
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = "templates"
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    '"': r"\textquotedbl{}", "±": r"$\pm$", "→": r"$\to$", "−": "$-$", "·": r"$\cdot$", "×": r"$\times$", "≤": r"$\leq$",
    "≥": r"$\geq$", "√": r"$\surd$", "‖": r"$\|$", "²": "$^2$", "³": "$^3$", "ε": r"$\varepsilon$", "δ": r"$\delta$",
    "μ": r"$\mu$", "σ": r"$\sigma$", "°": r"$^\circ$"}
"""What LaTeX reads as something else, or has no letter for without a package."""


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
        plain = "".join(_SPECIAL.get(letter, letter) for letter in pieces[place])
        found += re.sub(r"(?<![\w.$-])-(?=\d)", "$-$", plain)
        if place + 2 < len(pieces):
            found += rf"${pieces[place + 1]}\times10^{{{int(pieces[place + 2])}}}$"
    return found


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(loader=PackageLoader("w2s_bench.report", _FOLDER), undefined=StrictUndefined, trim_blocks=True,
                        lstrip_blocks=True, keep_trailing_newline=True, autoescape=lambda name: bool(name and ".html" in name))
    found.filters |= {"markdown": as_markdown, "latex": as_latex}
    return found
