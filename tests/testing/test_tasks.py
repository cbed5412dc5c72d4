"""Each check of tasks is broken by its twin, which passes all others; the sound task passes all."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from trying import broken, subject_of
from twins import tasks

from w2s_bench.testing.apart import Apart
from w2s_bench.testing.kit import checks_of

TWINS = {name: twin.BREAKS for name, twin in vars(tasks).items() if inspect.isclass(twin) and twin.__module__ == "twins.tasks"}


@pytest.mark.parametrize("name", TWINS)
def test_a_twin_breaks_its_check_and_no_other(name: str, tmp_path: Path, apart: Apart) -> None:
    assert set(broken(subject_of("tasks", f"twins.tasks:{name}", tmp_path, apart))) == set(filter(None, [TWINS[name]]))


def test_every_check_has_a_twin() -> None:
    assert sorted(filter(None, TWINS.values())) == sorted(check.name for check in checks_of("tasks"))
