"""Pages of what a plugin may add, and of all that it may import."""

from __future__ import annotations

import ast
import functools
import importlib.util
import itertools
from collections.abc import Mapping
from pathlib import Path

from reference_text import cell, code, heading, prose, stub, table

import w2s_bench.contracts
from w2s_bench.contracts import hooks as hookspecs
from w2s_bench.contracts.api import API
from w2s_bench.contracts.entries import Entry, Parameter
from w2s_bench.contracts.fitting import PREDICTOR_CAPABILITIES, Predictor
from w2s_bench.contracts.kinds import KINDS

OBSERVERS = ("w2s_run_started", "w2s_cell_finished", "w2s_run_finished")
HOOKS = f"""# Kinds and hooks

What a plugin may add, as `w2s_bench.contracts` {API} declares it. A plugin is a module with functions that are marked with
`@hookimpl` and named after a hook; each gives entries of its kind. [Contributing](../../CONTRIBUTING.md) shows whole plugins, and
[Contracts](contracts.md) what else is there to import.

"""
CONTRACTS = f"""# Contracts

Everything that a plugin may import from `w2s_bench.contracts`, version {API}, by subject; kinds, hooks and entries are on a
[page of their own](hooks.md). Code is shown without its bodies.

"""


def hooks() -> str:
    """The page of kinds and hooks."""
    parts = [HOOKS, "## What every entry says\n\n", _shown(Entry), _shown(Parameter)]
    for kind in KINDS:
        parts += [f"## {kind.name}\n\n", _hook(kind.hook), _shown(kind.entry)]
        if kind.protocol is not None:
            parts.append(_shown(kind.protocol))
        parts.append(_capabilities(kind.name, kind.capabilities))
    parts += ["## predictor\n\nWhat a strategy's fit gives.\n\n", _shown(Predictor),
              _capabilities("predictor", PREDICTOR_CAPABILITIES)]
    return "".join([*parts, "## Observers\n\n", *(_hook(name) for name in OBSERVERS)])


def _hook(name: str) -> str:
    node = _definitions(hookspecs.__name__)[name]
    assert isinstance(node, ast.FunctionDef)
    return f"```python\n{heading(node)} ...\n```\n\n{prose(ast.get_docstring(node))}"


def _shown(found: type) -> str:
    """A class: its docstring, then its members."""
    node = _definitions(found.__module__)[found.__name__]
    return f"{prose(found.__doc__)}```python\n{stub(node)}\n```\n\n"


def _capabilities(name: str, words: Mapping[str, type]) -> str:
    """The words that a kind of component may declare; nothing where there are none."""
    lines = [(code(word), cell(about.__doc__ or ""), code(_members(about))) for word, about in words.items()]
    head = f"What a {name} may declare besides, as `capabilities = frozenset({{…}})`:\n\n" if lines else ""
    return head + table(("word", "what it promises", "members"), lines)


def _members(protocol: type) -> str:
    """The members of a capability in one line."""
    node = _definitions(protocol.__module__)[protocol.__name__]
    assert isinstance(node, ast.ClassDef)
    said = []
    for member in node.body:
        if isinstance(member, ast.FunctionDef):
            said.append(heading(member).removesuffix(":"))
        elif isinstance(member, ast.AnnAssign):
            said.append(ast.unparse(member))
    return " ".join("; ".join(said).split())


def contracts() -> str:
    """The page of all other public names."""
    there = {kind.entry for kind in KINDS} | {kind.protocol for kind in KINDS} | {Entry, Parameter, Predictor}
    on_the_other = {each.__name__ for each in there if each is not None}
    parts = [CONTRACTS]
    for module, names in _imports().items():
        left = [name for name in names if name not in on_the_other]
        if left:
            title = module.rpartition(".")[2].replace("_", " ").capitalize()
            docstring = ast.get_docstring(_tree(module))
            parts += [f"## {title}\n\n", prose(docstring), *(_name(module, name) for name in left)]
    return "".join(parts)


def _name(module: str, name: str) -> str:
    node = _definitions(module)[name]
    head = f"### {name}\n\n"
    said = ast.get_docstring(node) if isinstance(node, ast.ClassDef | ast.FunctionDef) else _under(module, name)
    shown = f"{heading(node)} ..." if isinstance(node, ast.FunctionDef) else stub(node)
    return f"{head}{prose(said)}```python\n{shown}\n```\n\n"


def _imports() -> dict[str, list[str]]:
    """The public names of `w2s_bench.contracts` by the module that they are of."""
    public = set(w2s_bench.contracts.__all__)
    body = _tree(w2s_bench.contracts.__name__).body
    found = {str(node.module): [alias.name for alias in node.names if alias.name in public] for node in body
             if isinstance(node, ast.ImportFrom)}
    assert {name for names in found.values() for name in names} == public
    return found


@functools.cache
def _tree(module: str) -> ast.Module:
    """The source of a module."""
    spec = importlib.util.find_spec(module)
    assert spec is not None and spec.origin is not None
    return ast.parse(Path(spec.origin).read_text(encoding="utf-8"))


def _definitions(module: str) -> dict[str, ast.stmt]:
    """What a module defines at its top, by name."""
    found: dict[str, ast.stmt] = {}
    body = _tree(module).body
    for node in [*(inner for block in body if isinstance(block, ast.If) for inner in block.body), *body]:  # as checkers see it
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id: node for target in targets if isinstance(target, ast.Name)}
    return found


def _under(module: str, name: str) -> str:
    """The text that stands under a constant."""
    body = _tree(module).body
    for at, after in itertools.pairwise(body):
        targets = at.targets if isinstance(at, ast.Assign) else [at.target] if isinstance(at, ast.AnnAssign) else []
        is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str)
        if is_text and any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return str(after.value.value)
    return ""
