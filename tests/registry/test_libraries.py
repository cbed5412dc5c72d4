"""The libraries that the numbers of the bundled plugins rest on are those that their code imports."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from w2s_bench.registry.catalogue import Registered
from w2s_bench.registry.loading import load_registry

IN_EVERY_KEY = {"numpy"}
CHANGE_NO_NUMBER = {"datasets", "fsspec", "gguf", "huggingface_hub", "polars", "safetensors", "threadpoolctl"}
"""They read files of an exact format, or count threads."""
IN_THE_FINGERPRINT = {"w2s_tabular/diabetes": {"sklearn"}}
"""Its data ships with it."""
UNDER_ANOTHER = {"tokenizers"}
"""Imported by transformers."""


def imported(module: str, seen: set[str]) -> Iterator[str]:
    """Top-level names that a module of a plugin imports, in functions too, and with it the plugin's modules that it imports."""
    if module in seen:
        return
    seen.add(module)
    spec = importlib.util.find_spec(module)
    assert spec is not None and spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    for_types = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
                 for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else \
            [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        for name in names:
            if not name.startswith("w2s_"):
                yield name.partition(".")[0]
            elif not name.startswith("w2s_bench"):
                yield from imported(name, seen)


KINDS = ("tasks", "models", "strategies", "losses", "descriptors", "divergences", "metrics", "bounds")
OWNERS = importlib.metadata.packages_distributions()
OFFERED = [offer for kind in KINDS for offer in load_registry().entries(kind) if offer.plugin.distribution == "w2s-bench"]


@pytest.mark.parametrize("offer", OFFERED, ids=lambda offer: offer.full_name)
def test_an_entry_names_the_libraries_that_its_code_imports(offer: Registered) -> None:
    found = set(imported(offer.entry.target.partition(":")[0], set())) - set(sys.stdlib_module_names)
    exempt = IN_EVERY_KEY | CHANGE_NO_NUMBER | IN_THE_FINGERPRINT.get(offer.full_name, set())
    by_another = UNDER_ANOTHER if "transformers" in found else set()
    assert {OWNERS[name][0] for name in found - exempt} == set(offer.entry.libraries) - by_another
