"""Each check of strategies is broken by its twin, which passes all others; sound strategies pass all."""

from __future__ import annotations

from pathlib import Path

import pytest
from trying import broken, subject_of, twins_of

from w2s_bench.testing.apart import Apart
from w2s_bench.testing.kit import checks_of

CANARY = "label_canary"


TWINS = twins_of("strategies")
OTHERS = {name: check for name, check in TWINS.items() if check != CANARY}
HEARD = [name for name in OTHERS if name != "NoDistribution"]
"""Twins that can be fitted: NoDistribution answers what no cell takes, so the canary has nothing to listen to, and says so."""


@pytest.mark.parametrize(("name", "check"), OTHERS.items())
def test_a_twin_breaks_its_check_and_no_other(name: str, check: str, tmp_path: Path, apart: Apart) -> None:
    assert list(broken(subject_of("strategies", name, tmp_path, apart), leave_out={CANARY})) == ([check] if check else [])


@pytest.mark.slow
@pytest.mark.parametrize("name", HEARD)
def test_the_canary_is_silent_on_the_twins_of_other_checks(name: str, tmp_path: Path) -> None:
    others = {each.name for each in checks_of("strategies")} - {CANARY}
    assert broken(subject_of("strategies", name, tmp_path), leave_out=others) == {}


@pytest.mark.slow
def test_the_twin_of_the_canary_breaks_it_and_no_other_check(tmp_path: Path, apart: Apart) -> None:
    assert list(broken(subject_of("strategies", "Peeking", tmp_path, apart))) == [CANARY]


def test_every_check_has_a_twin() -> None:
    assert {check.name for check in checks_of("strategies")} == set(filter(None, TWINS.values()))
