"""The project's own plugins pass the conformance kit."""

from __future__ import annotations

import importlib.metadata

import pytest
from conftest import SHARED_DATA

from w2s_bench.registry.outside import DISTRIBUTION, GROUP
from w2s_bench.testing.results import Terms, results_of

PLUGINS = sorted(point.name for point in importlib.metadata.entry_points(group=GROUP)
                 if point.dist is not None and point.dist.name == DISTRIBUTION)


@pytest.mark.slow
@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_bundled_plugin_passes_the_whole_kit(plugin: str) -> None:
    results = list(results_of(plugin, terms=Terms(data=str(SHARED_DATA) if SHARED_DATA.is_dir() else "")))
    assert {result.id: result.reason for result in results if result.outcome == "failed"} == {}
    assert any(result.outcome == "passed" for result in results)


def test_diabetes_passes() -> None:
    results = list(results_of("w2s_tabular", "task/diabetes::*"))
    assert len(results) > 8 and {result.outcome for result in results} == {"passed"}
