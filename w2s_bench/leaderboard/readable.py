"""A stranger's Markdown as HTML that does nothing: paragraphs, headings, lists, tables, emphasis, code and links to pages."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_PAGE = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?#][!-~]*)?")
_MOST_NESTED = 12
_KEPT = ("href", "rel")
_LOWER = 2
"""A heading of a submission stands below those of the page around it."""


def readable_markdown(text: str) -> str:
    """Safe HTML. Of Markdown that could do more, as images, HTML, references and links to anything but a page, the text is shown
    as it is written. No tag has an attribute, but for the address of a link."""
    reader = _reader()
    tokens = reader.parse(text)
    for token in tokens:
        for each in (token, *(token.children or ())):
            if each.type == "link_open":
                each.attrs["rel"] = "nofollow noopener noreferrer"
            each.attrs = {name: value for name, value in each.attrs.items() if name in _KEPT}
            each.info = ""
            if each.type in ("heading_open", "heading_close"):
                each.tag = f"h{min(6, int(each.tag[1:]) + _LOWER)}"
    return str(reader.renderer.render(tokens, reader.options, {}))


@functools.cache
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False, "maxNesting": _MOST_NESTED, "linkify": False, "typographer": False})
    reader.enable("table")
    reader.disable(["html_block", "html_inline", "image", "reference", "autolink"])
    reader.validateLink = lambda url: _PAGE.fullmatch(url) is not None  # type: ignore[method-assign]
    return reader
