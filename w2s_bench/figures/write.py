"""Figures as files."""

from __future__ import annotations

from html import escape
from pathlib import Path

from w2s_bench.contracts.errors import StoreError, UsageError
from w2s_bench.contracts.figures import Drawing
from w2s_bench.figures.dark import dark_style
from w2s_bench.figures.picture import for_page, pdf_of, png_of, svg_of
from w2s_bench.figures.sealed import part, policy

FORMATS = (".png", ".svg", ".pdf", ".html")
_STYLE = """:root { color-scheme: light dark; }
body { margin: 2rem; background: #fcfcfb; color: #1f2328; font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
figcaption { max-width: 52rem; color: #5b6169; }
@media (prefers-color-scheme: dark) { body { background: #15181c; color: #e6e8eb; } figcaption { color: #b4bac1; } }
"""


def check_path(path: Path) -> None:
    """Raises UsageError for a suffix that is none of FORMATS and for a folder that does not exist."""
    if path.suffix not in FORMATS:
        raise UsageError(f"cannot write a figure as {path.suffix or 'a file without a suffix'}", where=str(path),
                         hint=f"write {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    if not path.parent.is_dir():
        raise UsageError("no such folder", where=str(path.parent), hint="make it, or choose another file with -o")


def save(drawing: Drawing, path: Path) -> None:
    """Write the drawing in one of FORMATS, with its title and caption. Raises UsageError, StoreError."""
    check_path(path)
    try:
        if path.suffix == ".html":
            path.write_text(_page(drawing), encoding="utf-8")
        elif path.suffix == ".svg":
            path.write_text(svg_of(drawing), encoding="utf-8")
        else:
            path.write_bytes(png_of(drawing) if path.suffix == ".png" else pdf_of(drawing))
    except OSError as error:
        raise StoreError(f"cannot write: {error.strerror}", where=str(path), hint="choose another file with -o") from None


def _page(drawing: Drawing) -> str:
    """One file that asks for nothing and runs one script, which shows what a mark is."""
    title, style, script = escape(drawing.title), f"{_STYLE}{part('figures.css')}{dark_style()}", part("tips.js")
    heading = f"<h1>{title}</h1>\n" if title else ""
    caption = f"<figcaption>{escape(drawing.caption)}</figcaption>" if drawing.caption else ""
    figure = f'<figure><div class="drawing">{for_page(drawing, "figure")}</div>{caption}</figure>'
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{policy(style, script)}"><title>{title or "figure"}</title>'
            f'<style>{style}</style></head><body><main>\n{heading}{figure}'
            f"</main><script>{script}</script></body></html>\n")
