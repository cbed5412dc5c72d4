"""Templates of Markdown and of the page, filled. They ship beside this module."""

from __future__ import annotations

import functools
import re
from html import escape
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = "templates"


def filled(name: str, **given: object) -> str:
    """The template of that name with what is given; in HTML every text is escaped that is not markup already."""
    return _environment().get_template(name).render(**given)


def part(name: str) -> str:
    """A file beside the templates as it is: a style sheet, a script."""
    return resources.files("w2s_bench.report").joinpath(_FOLDER, name).read_text(encoding="utf-8")


def as_markdown(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_\[\]|#])", r"\\\1", escape(" ".join(text.split()), quote=False))


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(loader=PackageLoader("w2s_bench.report", _FOLDER), undefined=StrictUndefined, trim_blocks=True,
                        lstrip_blocks=True, keep_trailing_newline=True, autoescape=lambda name: bool(name and ".html" in name))
    found.filters["markdown"] = as_markdown
    return found
