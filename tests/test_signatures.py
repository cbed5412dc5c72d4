"""Signatures of the core say what a function is given: few arguments, and types that are types."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST_ARGUMENTS = 6
MOST_ANY = 190 // 3
"""A third of what there was when the rooms were made."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> Iterator[tuple[str, Function]]:
    for path in sorted((ROOT / "w2s_bench").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, Function):
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node


def named_arguments(node: Function) -> list[ast.arg]:
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


def annotations(node: Function) -> Iterator[ast.expr]:
    for each in (*named_arguments(node), node.args.vararg, node.args.kwarg):
        if each is not None and each.annotation is not None:
            yield each.annotation
    if node.returns is not None:
        yield node.returns


def mentions_any(annotation: ast.expr) -> bool:
    return any(isinstance(part, ast.Name) and part.id == "Any" for part in ast.walk(annotation))


def test_no_function_takes_more_than_six_arguments() -> None:
    long = {re.sub(r":\d+", "", where) for where, node in functions()
            if len([each for each in named_arguments(node) if each.arg not in ("self", "cls")]) > MOST_ARGUMENTS}
    assert long == set()


def test_any_stands_where_nothing_else_can_be_said() -> None:
    found = [f"{where}: {ast.unparse(each)}" for where, node in functions() for each in annotations(node) if mentions_any(each)]
    assert len(found) <= MOST_ANY, "\n".join(found)
