"""What a distribution says of itself, its names, its versions and what it requires, costs itself alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile_plugins import MISNAMED, ODD_METADATA, install_misnamed

from w2s_bench.registry.distributions import faults_of
from w2s_bench.registry.loading import load_registry


def test_names_versions_and_metadata_of_strangers_cost_their_owners_alone(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_misnamed(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = load_registry()
    others = [plugin for plugin in registry.plugins if plugin.owner]
    refused = {plugin.name: plugin.reason for plugin in others if plugin.problem}
    assert refused.keys() == MISNAMED.keys() and [name for name in refused if MISNAMED[name] not in refused[name]] == []
    assert sorted(plugin.name for plugin in others if not plugin.problem) == ["banana", "lacking", "later", "void"]
    assert all(plugin.name.isprintable() and plugin.version.isprintable() and len(plugin.name) <= 80 for plugin in others)
    assert not [plugin for plugin in registry.plugins if plugin.bundled and plugin.problem]
    said = {name: faults_of(f"{name}-dist") for name in ODD_METADATA}
    assert [name for name, faults in said.items() if ODD_METADATA[name] not in "".join(faults)] == []
