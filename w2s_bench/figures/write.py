"""Figures as files and as parts of a page. A page holds its scripts and asks for nothing."""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path

from w2s_bench.contracts.errors import StoreError, UsageError
from w2s_bench.contracts.figures import Drawing
from w2s_bench.figures.specification import renderer, specification, titled

FORMATS = (".png", ".svg", ".html")
_CLIP = re.compile(r'(?<=id="clip)\d+(?=")|(?<=url\(#clip)\d+(?=\))')
_PAGE_STYLE = """body { margin: 2rem; background: #fcfcfb; color: #1f2328; font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
figure { margin: 0; overflow-x: auto; } figcaption { max-width: 52rem; color: #5b6169; }"""


def check_path(path: Path) -> None:
    """Raises UsageError for a suffix that is none of FORMATS and for a folder that does not exist."""
    if path.suffix not in FORMATS:
        raise UsageError(f"cannot write a figure as {path.suffix or 'a file without a suffix'}", where=str(path),
                         hint=f"write {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    if not path.parent.is_dir():
        raise UsageError("no such folder", where=str(path.parent), hint="make it, or choose another file with -o")


def save(drawing: Drawing, path: Path) -> None:
    """Write the drawing as .png, .svg or .html, with its title and caption. Raises UsageError, StoreError."""
    import vl_convert

    check_path(path)
    try:
        if path.suffix == ".html":
            path.write_text(_page(drawing), encoding="utf-8")
            return
        svg = _renumbered(vl_convert.vegalite_to_svg(titled(drawing)))
        if path.suffix == ".svg":
            path.write_text(svg, encoding="utf-8")
        else:
            path.write_bytes(vl_convert.svg_to_png(svg, scale=2.0))
    except OSError as error:
        raise StoreError(f"cannot write: {error.strerror}", where=str(path), hint="choose another file with -o") from None


def _renumbered(svg: str) -> str:
    """The drawing with its clip paths counted from 0: the renderer goes on counting from figure to figure."""
    places = {name: str(place) for place, name in enumerate(dict.fromkeys(_CLIP.findall(svg)))}
    return _CLIP.sub(lambda match: places[match.group()], svg)


def _page(drawing: Drawing) -> str:
    title = escape(drawing.title)
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f"<style>{_PAGE_STYLE}</style></head><body>\n{scripts()}\n<h1>{title}</h1>\n<figure>{embed(drawing)}<figcaption>{escape(drawing.caption)}</figcaption>"
            "</figure></body></html>\n")


def scripts() -> str:
    """What draws the figures of a page: once, before the first of them."""
    import vl_convert

    bundle = vl_convert.javascript_bundle().replace("</script", "<\\/script")  # type: ignore[call-arg]
    return f"<script>{bundle}</script>"


def embed(drawing: Drawing, name: str = "figure") -> str:
    """The drawing as HTML to put into a page that holds `scripts()`: an element of this id and what draws it there."""
    spec = json.dumps(specification(drawing), sort_keys=True, separators=(",", ":")).replace("<", "\\u003c")
    options = {"mode": "vega-lite", "renderer": renderer(drawing),
               "actions": {"export": True, "source": False, "compiled": False, "editor": False}}
    return (f'<div id="{name}"></div>\n'
            f'<script>vegaEmbed("#{name}", {spec}, {json.dumps(options, sort_keys=True)});</script>')
