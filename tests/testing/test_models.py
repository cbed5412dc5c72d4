"""Each check of models is broken by its twin, which passes all others; sound models pass all."""

from __future__ import annotations

from pathlib import Path

import pytest
from trying import broken, subject_of, twins_of

from w2s_bench.testing.apart import Apart
from w2s_bench.testing.kit import checks_of


@pytest.mark.parametrize(("name", "check"), twins_of("models").items())
def test_a_twin_breaks_its_check_and_no_other(name: str, check: str, tmp_path: Path, apart: Apart) -> None:
    assert list(broken(subject_of("models", name, tmp_path, apart))) == ([check] if check else [])


def test_every_check_has_a_twin() -> None:
    assert {check.name for check in checks_of("models")} == set(filter(None, twins_of("models").values()))
