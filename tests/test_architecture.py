"""Imports run downwards, and no core module names a plugin."""

from __future__ import annotations

import ast
import sys
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "w2s_bench"
ROWS = [
    ["cli.main", "cli.run", "cli.plan", "cli.ls", "cli.show", "cli.status", "cli.report", "cli.plugin", "cli.predict",
     "cli.select", "cli.relate", "cli.plot", "cli.show_task"],
    ["cli.own_prediction", "cli.comparison"],
    ["cli.own_prediction_words"],
    ["cli.listing", "cli.table_options"],
    ["cli.progress", "cli.spec_options", "cli"],
    ["leaderboard.tables", "leaderboard", "report"],
    ["report_figures"],
    ["plots", "terminal_table"],
    ["plots.gain_misfit", "plots.heatmap", "plots.ledger", "plots.sample_size", "plots.selection", "plots.strategies",
     "plots.tightness", "plots.write"],
    ["plots.along", "plots.figure", "plots.panels", "plots.pooled", "plots.scales"],
    ["plots.look"],
    ["leaderboard.pairs"],
    ["leaderboard.prediction", "leaderboard.regret"],
    ["leaderboard.relation", "leaderboard.means", "leaderboard.selection"],
    ["leaderboard.groups"],
    ["finding"],
    ["summary"],
    ["forecast"],
    ["run"],
    ["executor", "folder", "worker"],
    ["schedule", "stages"],
    ["plan"],
    ["spec", "score_stage", "features"],
    ["score_classes", "certificates", "splits_io", "compatible"],
    ["jobs", "store", "checkpoints"],
    ["registry", "journal", "short_names"],
    ["names", "hookspecs", "prediction_files"],
    ["contracts", "seeds", "columns", "scoring"],
    ["canonical", "devices", "errors", "versions"],
    [""],
]
RANK = {module: rank for rank, row in enumerate(ROWS) for module in row}


def _name(path: Path) -> str:
    relative = path.relative_to(CORE).with_suffix("")
    parts = [part for part in relative.parts if part != "__init__"]
    return "scoring" if parts[:1] == ["scoring"] else ".".join(parts)


def _imports(path: Path, roots: frozenset[str] = frozenset({"w2s_bench"})) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] in roots}


def _module_of(imported: str) -> str:
    parts = imported.split(".")[1:]
    if parts[:1] == ["scoring"]:
        return "scoring"
    while parts and ".".join(parts) not in RANK:
        parts.pop()
    return ".".join(parts)


def test_every_module_has_a_row() -> None:
    assert {_name(path) for path in CORE.rglob("*.py")} <= set(RANK)


def test_no_module_imports_upwards() -> None:
    upward = []
    for path in CORE.rglob("*.py"):
        for imported in _imports(path):
            if RANK[_module_of(imported)] < RANK[_name(path)]:
                upward.append(f"{_name(path)} imports {imported}")
    assert upward == []


def test_no_core_module_names_a_plugin() -> None:
    plugins = [folder.name for folder in (ROOT / "plugins").iterdir() if (folder / "__init__.py").exists()]
    assert len(plugins) >= 7
    named = [f"{path.name}: {plugin}" for path in CORE.rglob("*.py") for plugin in plugins
             if plugin in path.read_text(encoding="utf-8")]
    assert named == []


def test_a_plugin_imports_only_the_public_names_of_the_core() -> None:
    public = {"contracts", "devices", "errors", "hookspecs", "seeds"}
    foreign = [f"{path.name} imports {imported}" for path in (ROOT / "plugins").rglob("*.py") for imported in _imports(path)
               if _module_of(imported) not in public]
    assert foreign == []


def test_no_files_of_a_plugin_import_each_other_in_a_circle() -> None:
    root = ROOT / "plugins"
    files = {".".join(path.relative_to(root).with_suffix("").parts): path for path in root.rglob("*.py")}
    plugins = frozenset(name.split(".")[0] for name in files)
    imported = {name: {module for found in _imports(path, plugins) for module in (found, found.rpartition(".")[0])
                       if module in files} for name, path in files.items()}
    assert len(list(TopologicalSorter(imported).static_order())) == len(files) > 50


def test_scoring_knows_neither_torch_nor_files() -> None:
    allowed = {"numpy", "scipy", "sklearn", "w2s_bench"} | set(sys.stdlib_module_names) - {"os", "io", "pathlib", "shutil"}
    for path in (CORE / "scoring").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else (
                [node.module or ""] if isinstance(node, ast.ImportFrom) else [])
            assert all(name.split(".")[0] in allowed for name in names), path.name
