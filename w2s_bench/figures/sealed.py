"""What a page may do: run its one script, use its one style, and nothing else, whatever stands in it."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources


def policy(style: str, script: str) -> str:
    """The Content-Security-Policy of a page with this style and this script, each the whole text of its element."""
    return (f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}; img-src data:; base-uri 'none'; "
            "form-action 'none'")


def part(name: str) -> str:
    """A file beside this module as it is: the style of figures in a page, the script that shows what a mark is."""
    return resources.files("w2s_bench.figures").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
