"""Write docs/errors.md: every error code with what it stands for, and the words of its errors, read from the source.

    .venv/bin/python docs/error_codes.py > docs/errors.md
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from w2s_bench.contracts import errors
from w2s_bench.registry.explanations import all_explanations, code_at

ROOT = Path(__file__).resolve().parent.parent
CLASSES = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.W2SError)}


class Raised(NamedTuple):
    """A place in the source that makes an error: its module, its class, and its words, … for what is put into them."""

    module: str
    kind: str
    words: str


def raised() -> Iterator[Raised]:
    """Every place in the core and in the bundled plugins that makes an error with words of its own."""
    for folder in (ROOT / "w2s_bench", ROOT / "plugins"):
        home = ROOT if folder.name == "w2s_bench" else folder
        for file in sorted(folder.rglob("*.py")):
            module = ".".join(file.relative_to(home).with_suffix("").parts).removesuffix(".__init__")
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and node.args and (kind := _name(node.func)) in CLASSES:
                    yield Raised(module, kind, _words(node.args[0]))


def code_of_place(place: Raised) -> str:
    """The code of the errors that a place makes."""
    return code_at(place.module, frozenset(kind.__name__ for kind in CLASSES[place.kind].__mro__), place.words)


def page() -> str:
    """The page, as Markdown."""
    packages = sorted(folder.name for folder in (ROOT / "plugins").iterdir() if folder.is_dir())
    by_code: dict[str, set[str]] = {}
    for place in raised():
        if any(letter.isalpha() for letter in place.words):
            by_code.setdefault(code_of_place(place), set()).add(place.words)
    lines = ["# Error codes", "",
             "The last line of an error is its code, and `w2s-bench explain CODE` prints its entry here. A code stands for one",
             "kind of fault and is never given to another. Exit codes: 2 for what was typed or given, 3 for a run that is not",
             "whole. Under each code are the words of the errors that carry it, with … for names and numbers; errors of",
             "other plugins carry W2S070 to W2S077, or codes of their own.", ""]
    for code, entry in all_explanations(iter(packages)).items():
        lines += [f"## {code}: {entry.title}", "", entry.means, "", f"**What to do.** {entry.mend}", ""]
        if found := sorted(by_code.get(code, ())):
            lines += ["<details><summary>Words</summary>", "", "```text", *found, "```", "", "</details>", ""]
    return "\n".join(lines).rstrip() + "\n"


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""


def _words(node: ast.expr) -> str:
    """The literal text of an expression, … for what is put in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        text = "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
        return " ".join(text.split())
    if isinstance(node, ast.BinOp):
        return f"{_words(node.left)}{_words(node.right)}"
    return "…"


if __name__ == "__main__":
    print(page(), end="")
