"""No plugin takes a command with it by its import, its hooks, its names or what it offers: each is named in a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile_plugins import LOADED, MADE, TASKS, Hostile, install_hostile

from w2s_bench.contracts import PluginError
from w2s_bench.registry.catalogue import Plugin, Registry
from w2s_bench.registry.loading import load_registry
from w2s_bench.registry.taster import MEMORY, SECONDS

QUICK = {name: hostile for name, hostile in (LOADED | MADE | TASKS).items() if not hostile.hangs}
HANGING = {name: hostile for name, hostile in (LOADED | MADE | TASKS).items() if hostile.hangs}


@pytest.fixture(scope="module")
def beside() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(MEMORY, "400")
        yield patched


@pytest.fixture(scope="module")
def among_quick(beside: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """The registry beside those that do not hang."""
    folder = tmp_path_factory.mktemp("quick")
    install_hostile(folder, QUICK)
    beside.syspath_prepend(str(folder))
    return load_registry()


def _reason(registry: Registry, name: str) -> str:
    """The one line about a plugin, or about what cannot be made of it."""
    plugin = next(plugin for plugin in registry.plugins if plugin.name == name)
    if plugin.problem:
        return plugin.reason
    with pytest.raises(PluginError) as raised:
        registry.one("metrics" if name in MADE else "tasks", f"{name}/{name}")
    return raised.value.what


@pytest.mark.parametrize(("name", "hostile"), QUICK.items(), ids=QUICK)
def test_what_breaks_ends_or_changes_the_process_is_named(among_quick: Registry, name: str, hostile: Hostile) -> None:
    said = _reason(among_quick, name)
    assert hostile.says in said and len(said) <= 300 and said.isprintable()


@pytest.mark.slow
def test_what_hangs_is_ended_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_hostile(tmp_path, HANGING)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv(SECONDS, "1")
    registry = load_registry()
    said = {name: _reason(registry, name) for name in HANGING}
    assert [name for name, hostile in HANGING.items() if hostile.says not in said[name]] == []


def test_the_bundled_plugins_are_all_there_beside_them(among_quick: Registry) -> None:
    assert not [plugin for plugin in among_quick.plugins if plugin.bundled and plugin.problem]
    assert isinstance(among_quick.plugins[0], Plugin) and among_quick.one("strategies", "ridge").name == "w2s_probes/ridge"
