"""Markdown of what the program says of itself: tables, prose of docstrings, and code without its bodies."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Sequence

CODE_SPAN = re.compile(r"(`[^`\n]+`)")
FIELD = re.compile(r"(?P<names>[a-z]\w*(?:\(\))?(?:, [a-z]\w*(?:\(\))?)*): ")
"""What a line of a docstring begins with that says what a member or an argument is."""
WIDEST = 100
"""Characters of a signature on one line."""


def escaped(text: str) -> str:
    """Text in which nothing is Markdown but what stands in backticks."""
    parts = CODE_SPAN.split(text)
    return "".join(part if at % 2 else re.sub(r"([*<\[\]\\])|(?<!\w)_|_(?!\w)", lambda match: f"\\{match[0]}", part)
                   for at, part in enumerate(parts))


def cell(text: str) -> str:
    """Text as it stands in a cell of a table."""
    return " ".join(escaped(text).split()).replace("|", "\\|")


def code(text: str) -> str:
    """A word of code in a table; nothing for no text."""
    return f"`{text}`".replace("|", "\\|") if text else ""


def table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown; without its columns that are empty in every line, and nothing without a line."""
    rows = [list(line) for line in lines]
    kept = [at for at in range(len(heads)) if any(row[at] for row in rows)]
    drawn = [[heads[at] for at in kept], ["---"] * len(kept), *([row[at] for at in kept] for row in rows)]
    return "".join(f"| {' | '.join(row)} |\n" for row in drawn) + "\n" if rows else ""


def prose(docstring: str | None) -> str:
    """A docstring as paragraphs; what is indented in it, or begins with a decorator, is code."""
    found = []
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(docstring or "")):
        if paragraph.startswith(("    ", "@hookimpl")):
            found.append(f"```python\n{textwrap.dedent(paragraph)}\n```\n")
        elif paragraph:
            found.append(_listed(paragraph))
    return "\n".join(found) + "\n" if found else ""


def _listed(paragraph: str) -> str:
    """A paragraph; its lines that begin with names and a colon are a list of what each name means."""
    parts: list[list[str]] = [[]]
    for line in escaped(paragraph).splitlines():
        if named := FIELD.match(line):
            names = ", ".join(f"`{name}`" for name in named["names"].split(", "))
            parts.append([f"- {names}: {line[named.end():]}"])
        else:
            parts[-1].append(line if len(parts) == 1 else f"  {line}")
    first, *items = ["\n".join(part) for part in parts]
    return "\n\n".join(filter(None, [first, "\n".join(items)])) + "\n"


def stub(node: ast.stmt) -> str:
    """The source of a definition without bodies, private members and the docstring of a class, which stands above it."""
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in node.bases)
        members = [stub(member) for member in node.body if _is_shown(member)]
        return f"class {node.name}{f'({bases})' if bases else ''}:\n" + textwrap.indent("\n".join(members) or "...", "    ")
    if isinstance(node, ast.FunctionDef):
        marks = "".join(f"@{ast.unparse(mark)}\n" for mark in node.decorator_list)
        said = ast.get_docstring(node)
        body = f"\n{textwrap.indent(_quoted(said), '    ')}" if said else " ..."
        return f"{marks}{heading(node)}{body}"
    return ast.unparse(node)


def _is_shown(member: ast.stmt) -> bool:
    if isinstance(member, ast.FunctionDef):
        return not member.name.startswith("_") or member.name == "__call__"
    return isinstance(member, ast.AnnAssign | ast.Assign)


def _quoted(docstring: str) -> str:
    lines = docstring.splitlines()
    return f'"""{docstring}"""' if len(lines) == 1 else f'"""{docstring}\n"""'


def heading(node: ast.FunctionDef) -> str:
    """The line, or lines, with which a function begins."""
    gives = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    line = f"def {node.name}({ast.unparse(node.args)}){gives}:"
    if len(line) <= WIDEST:
        return line
    return f"def {node.name}(\n" + textwrap.indent(",\n".join(_arguments(node.args)), "    ") + f",\n){gives}:"


def _arguments(arguments: ast.arguments) -> list[str]:
    """Each argument as it is written, with its default."""
    said, pieces, depth = ast.unparse(arguments), [""], 0
    for sign in said:
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and not depth:
            pieces.append("")
        else:
            pieces[-1] += sign
    return [piece.strip() for piece in pieces]
