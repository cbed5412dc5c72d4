"""Thirteen rooms in their order: imports run downwards, a plugin imports the lowest room alone, no core module names a plugin."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ["contracts", "scoring", "store", "registry", "planning", "compute", "running", "tables", "figures", "report",
         "testing", "leaderboard", "cli"]
CORE, PLUGINS = sorted((ROOT / "w2s_bench").rglob("*.py")), sorted((ROOT / "plugins").rglob("*.py"))


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def _room(imported: str) -> str:
    parts = imported.split(".")
    return parts[1] if parts[0] == "w2s_bench" and len(parts) > 1 else ""


def test_there_are_thirteen_rooms() -> None:
    assert sorted(path.parent.name for path in (ROOT / "w2s_bench").glob("*/__init__.py")) == sorted(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_itself_and_from_rooms_below(room: str) -> None:
    allowed = ["", "__version__", *ROOMS[:ROOMS.index(room) + 1]]
    upward = [f"{path.name} imports {name}" for path in CORE if path.relative_to(ROOT).parts[1] == room
              for name in _imports(path)
              if _room(name) not in allowed]
    assert upward == []


def test_a_plugin_imports_the_contracts_alone_and_no_core_module_names_a_plugin() -> None:
    assert [f"{path} {name}" for path in PLUGINS for name in _imports(path)
            if _room(name) not in ("", "contracts") or (name.startswith("w2s_bench.contracts.") and name.count(".") > 2)] == []
    names = {path.parent.name for path in PLUGINS if path.parent.parent.name == "plugins"}
    assert len(names) >= 8 and [path for path in CORE for name in names
                                if name in path.read_text(encoding="utf-8").replace(f"def {name}(", "")] == []  # but for hooks


@pytest.mark.parametrize(("root", "files"), [(ROOT, CORE), (ROOT / "plugins", PLUGINS)], ids=["core", "plugins"])
def test_no_files_import_each_other_in_a_circle(root: Path, files: list[Path]) -> None:
    modules = {".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path for path in files}
    packages = {name for name in modules if modules[name].name == "__init__.py"}
    graph = {name: (_imports(path) & set(modules)) - {name} - packages for name, path in modules.items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(files) > 50
