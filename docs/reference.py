"""Write the pages of the reference, each made of what the program declares: docs/reference/*.md. A test compares them.

    .venv/bin/python docs/reference.py
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from reference_checks import checks
from reference_commands import commands, spec
from reference_components import components, shown_kinds
from reference_contracts import contracts, hooks

from w2s_bench.registry.loading import LEFT_OUT

FOLDER = Path(__file__).resolve().parent / "reference"
NOTE = "<!-- Written by docs/reference.py from the program: change it there. -->\n\n"


def pages() -> dict[str, str]:
    """The text of every page of the reference, by file name."""
    with _what_is_bundled():
        made = {"commands": commands(), "spec": spec(), "hooks": hooks(), "contracts": contracts(), "checks": checks()}
        made |= {kind.plural: components(kind) for kind in shown_kinds()}
    return {f"{name}.md": NOTE + text.rstrip("\n") + "\n" for name, text in made.items()}


@contextlib.contextmanager
def _what_is_bundled() -> Iterator[None]:
    """No plugin that lies beside the program is on a page."""
    before = os.environ.get(LEFT_OUT)
    os.environ[LEFT_OUT] = "all"
    try:
        yield
    finally:
        os.environ.pop(LEFT_OUT)
        if before is not None:
            os.environ[LEFT_OUT] = before


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(exist_ok=True)
    written = pages()
    for stale in {path.name for path in folder.glob("*.md")} - set(written):
        (folder / stale).unlink()
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
