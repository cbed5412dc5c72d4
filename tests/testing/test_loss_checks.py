"""Each check of losses is broken by its twin, which passes all others; the sound loss passes all."""

from __future__ import annotations

from pathlib import Path

import pytest
from trying import broken, subject_of, twins_of

from w2s_bench.testing.kit import checks_of


@pytest.mark.parametrize(("name", "check"), twins_of("losses").items())
def test_a_twin_breaks_its_check_and_no_other(name: str, check: str, tmp_path: Path) -> None:
    assert list(broken(subject_of("losses", name, tmp_path))) == ([check] if check else [])


def test_every_check_has_a_twin() -> None:
    assert {check.name for check in checks_of("losses")} == set(filter(None, twins_of("losses").values()))
