"""A drawing as a still picture. What a page holds of it is checked to be a drawing and nothing that runs, loads or links."""

from __future__ import annotations

import base64
import contextlib
import re
import xml.etree.ElementTree as ET
from html import escape

from w2s_bench.contracts.digests import Json
from w2s_bench.contracts.errors import PluginError
from w2s_bench.contracts.figures import Drawing
from w2s_bench.figures.dark import darkened
from w2s_bench.figures.specification import MANY_MARKS, THEME, marks, specification, titled

_SVG = "http://www.w3.org/2000/svg"
_ELEMENTS = frozenset(("svg", "g", "path", "line", "rect", "circle", "text", "tspan", "defs", "clipPath", "linearGradient",
                       "radialGradient", "stop"))
_ATTRIBUTES = frozenset((
    "clip-path", "cx", "cy", "d", "display", "dominant-baseline", "dx", "dy", "fill", "fill-opacity", "font-family", "font-size",
    "font-style", "font-weight", "fx", "fy", "gradientUnits", "height", "id", "offset", "opacity", "r", "rx", "ry", "stop-color",
    "stroke", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "stroke-opacity",
    "stroke-width", "text-anchor", "transform", "viewBox", "width", "x", "x1", "x2", "y", "y1", "y2"))
_SAID = {"font-family": THEME["font"], "opacity": "1", "font-style": "normal"}
"""Attributes that say what holds anyway; the style of a page says the font."""
_CLIP = re.compile(r'(?<=id="clip)\d+(?=")|(?<=url\(#clip)\d+(?=\))')
_LONG = re.compile(r"-?\d+\.\d{3,}")
_SCALE = 2.0
"""Pixels of a file for one of the drawing."""


def svg_of(drawing: Drawing) -> str:
    """The drawing with its title above and its caption below, as SVG. The same drawing gives the same text."""
    return _svg(titled(drawing))


def png_of(drawing: Drawing) -> bytes:
    """The same as PNG."""
    return _png(svg_of(drawing))


def pdf_of(drawing: Drawing) -> bytes:
    """The same as PDF, whose text is text. Of one weight, for the order of several fonts in a file is left to chance."""
    import vl_convert

    found: bytes = vl_convert.svg_to_pdf(svg_of(drawing).replace(' font-weight="bold"', ""))
    return found


def for_page(drawing: Drawing, name: str) -> str:
    """HTML of the drawing without title and caption: SVG whose marks tell what they are in `data-tip`, or where they are many
    two PNG, for light and dark. name: another for each drawing of a page.

    Raises PluginError for a drawing that is none.
    """
    svg = _svg(specification(drawing))
    if marks(drawing) > MANY_MARKS:
        light, dark = (base64.b64encode(_png(text)).decode() for text in (svg, darkened(svg)))
        width, height = re.findall(r'(?:width|height)="(\d+)', svg)[:2]
        words = escape(drawing.title or "figure")
        return (f'<picture><source media="(prefers-color-scheme: dark)" srcset="data:image/png;base64,{dark}">'
                f'<img src="data:image/png;base64,{light}" width="{width}" height="{height}" alt="{words}">'
                "</picture>")
    try:
        root = ET.fromstring(svg)
    except ET.ParseError as error:
        raise PluginError(f"the drawing is no SVG: {error}") from None
    _keep_what_draws(root, f"{name}-")
    root.attrib |= {"role": "img", "aria-label": drawing.title or "figure"}
    ET.register_namespace("", _SVG)
    return ET.tostring(root, encoding="unicode")


def _keep_what_draws(element: ET.Element, prefix: str) -> None:
    """Leaves what is no shape or text, and what an attribute says beside that, out of an element and all in it."""
    tip = element.get("aria-label") if element.get("role") == "graphics-symbol" else None
    if element.get("aria-roledescription") in ("axis", "legend", "title", "subtitle"):
        tip = None
    kept = {name: _LONG.sub(_rounded, value) for name, value in element.attrib.items()
            if name in _ATTRIBUTES and _SAID.get(name) != value}
    if "id" in kept:
        kept["id"] = prefix + kept["id"]
    kept = {name: value.replace("url(#", f"url(#{prefix}") for name, value in kept.items()
            if "url(" not in value or value.startswith("url(#")}
    element.attrib.clear()
    element.attrib.update(kept)
    if tip:
        element.set("data-tip", tip)
    for child in list(element):
        child.tag = f"{{{_SVG}}}g" if child.tag == f"{{{_SVG}}}a" else child.tag  # what a link holds is drawn
        if child.tag.removeprefix(f"{{{_SVG}}}") not in _ELEMENTS or _draws_nothing(child):
            element.remove(child)
        else:
            _keep_what_draws(child, prefix)


def _draws_nothing(element: ET.Element) -> bool:
    return element.get("display") == "none" or (element.tag == f"{{{_SVG}}}path" and element.get("class") == "background"
                                                and element.get("d") == "M0,0h0v0h0Z")


def _rounded(match: re.Match[str]) -> str:
    return f"{float(match.group()):.2f}".rstrip("0").rstrip(".")


def _svg(spec: dict[str, Json]) -> str:
    """What a specification draws, which reads no file and no address; clip paths are counted from 0, for the renderer goes on
    counting from figure to figure. Raises PluginError for one that cannot be drawn so."""
    import vl_convert

    try:
        svg: str = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    except ValueError as error:
        with contextlib.suppress(ValueError):  # the renderer tells the next figure too of an error that came late
            vl_convert.vegalite_to_svg({"data": {"values": []}, "mark": "point"}, allowed_base_urls=[])
        raise PluginError(f"it cannot be drawn: {' '.join(str(error).splitlines()[1:2]) or error}") from None
    places = {name: str(place) for place, name in enumerate(dict.fromkeys(_CLIP.findall(svg)))}
    return _CLIP.sub(lambda match: places[match.group()], svg)


def _png(svg: str) -> bytes:
    import vl_convert

    found: bytes = vl_convert.svg_to_png(svg, scale=_SCALE)
    return found
