"""The templates of the site, filled; they ship beside this module, and so does what the pages run and how they look."""

from __future__ import annotations

import functools
import hashlib
from importlib import resources
from typing import TYPE_CHECKING

from w2s_bench.contracts.errors import DataError
from w2s_bench.figures.dark import dark_style
from w2s_bench.figures.sealed import part as figure_part
from w2s_bench.report.wording import harmless

if TYPE_CHECKING:
    from jinja2 import Environment

POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
          "connect-src 'none'")
"""What a page may do: run the scripts and use the style that lie beside it; nothing within its text, and nothing from
elsewhere."""

LINE_WORDS = {"line-none": "no gain", "line-constant": "best constant", "line-shuffled": "shuffled labels",
              "line-random-labels": "random labels", "line-gold": "few true labels (gold)", "line-ceiling": "ceiling"}
"""What a line behind an interval stands for."""

DATATABLES = "datatables-3.1.5.min.js"
_PINNED = {DATATABLES: "38017a5586acd9c6eb6bbfe8b6938e1a25bdc717c5acfcb07e0c9d663282c59d",
           "datatables-LICENSE.txt": "62b5fdd54371b4f6bd07a60dbc78b38814f49a8028213f540dc2733cad605382"}
"""What others wrote, by the SHA-256 of its file. DataTables, MIT: datatables-LICENSE.txt."""


def filled(name: str, **given: object) -> str:
    """The template of that name with what is given; every text is escaped that is not markup already."""
    return _environment().get_template(name).render(**given)


def static_files() -> dict[str, bytes]:
    """The scripts and the style of the site, by their file's name. Raises DataError where one that others wrote is another."""
    found = {name: _read(name) for name in _PINNED}
    for name, sha256 in _PINNED.items():
        if hashlib.sha256(found[name]).hexdigest() != sha256:
            raise DataError("this file is not the one that the project pins", where=name, hint="install w2s-bench again")
    style = f"{_read('board.css').decode()}{figure_part('figures.css')}{dark_style()}"
    script = f"{_read('board.js').decode()}{figure_part('tips.js')}"
    return {**found, "board.css": style.encode(), "board.js": script.encode()}


def visible(value: object) -> object:
    """Text in which what no page shows stands as its escape, so that no name hides or turns what is around it; other values and
    markup as they are."""
    if type(value) is not str or value.isprintable():
        return value
    return "\n".join(map(harmless, value.replace("\r\n", "\n").replace("\t", "    ").split("\n")))


@functools.lru_cache(100_000)
def escaped(text: str) -> str:
    """A text as it stands in a page, `visible` and escaped."""
    from markupsafe import escape

    return str(escape(visible(text)))


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(loader=PackageLoader("w2s_bench.leaderboard.site", "templates"), undefined=StrictUndefined,
                        trim_blocks=True,
                       lstrip_blocks=True, keep_trailing_newline=True, autoescape=True, finalize=visible)
    found.globals["line_words"] = LINE_WORDS
    return found


def _read(name: str) -> bytes:
    return resources.files("w2s_bench.leaderboard.site").joinpath("static", name).read_bytes()
