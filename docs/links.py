"""Find the links of a built site that lead nowhere, and what it would load from elsewhere.

    .venv/bin/python docs/links.py FOLDER
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "src"), ("video", "src"),
          ("audio", "src"), ("object", "data"), ("embed", "src"), ("image", "href"), ("use", "href")}
"""What a browser fetches without being asked: an element and its attribute."""
FETCHED_BY_STYLE = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])(?P<target>[^"')\s]+)""")


class Page(HTMLParser):
    """The anchors of a page, and where it leads: (element, attribute, target)."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.leads: list[tuple[str, str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" or (tag, name) == ("a", "name"):
                self.anchors.add(value or "")
            elif name in {"href", "src", "data", "action", "poster"} and value is not None:
                self.leads.append((tag, name, value))


def dead_links(folder: Path) -> list[str]:
    """One line for each link without a file or an anchor, and for each thing that is loaded from elsewhere; in order of pages."""
    root = folder.resolve()
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(root.rglob("*.html"))}
    found = [f"{path.relative_to(root)}: {tag} {name}={target}: {why}" for path, page in pages.items()
             for tag, name, target in page.leads if (why := _why_dead(path, tag, name, target, root, pages))]
    for path in sorted(root.rglob("*.css")):
        targets = [match["target"] for match in FETCHED_BY_STYLE.finditer(path.read_text(encoding="utf-8"))]
        found += [f"{path.relative_to(root)}: {target}: loaded from elsewhere" for target in targets if _elsewhere(target)]
    return found


def _elsewhere(target: str) -> bool:
    """Whether a target names a host; what is written out in it (`data:`) does not."""
    parts = urlsplit(target)
    return bool(parts.netloc) or parts.scheme not in {"", "data"}


def _why_dead(path: Path, tag: str, name: str, target: str, root: Path, pages: dict[Path, Page]) -> str:
    """Why a link of the page at `path` is dead; empty where it is not."""
    parts = urlsplit(target)
    if parts.scheme == "data":
        return ""
    if _elsewhere(target) and (tag, name) in LOADED:
        return "loaded from elsewhere"
    if _elsewhere(target):
        return "" if parts.scheme in {"http", "https", "mailto"} else "not a link"
    if path.name == "404.html" and parts.path.startswith("/"):  # shown at any address, so its links begin at the site's root
        wanted = root / unquote(parts.path).lstrip("/")
    else:
        wanted = path.parent / unquote(parts.path) if parts.path else path
    wanted = (wanted / "index.html" if wanted.is_dir() else wanted).resolve()
    if not wanted.is_file():
        return "no such file"
    if root not in wanted.parents:
        return "outside of the site"
    if parts.fragment and wanted in pages and unquote(parts.fragment) not in pages[wanted].anchors:
        return "no such anchor"
    return ""


if __name__ == "__main__":
    dead = dead_links(Path(sys.argv[1]))
    print("\n".join(dead))
    sys.exit(1 if dead else 0)
