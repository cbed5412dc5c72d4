"""Each check of divergences, metrics and bounds is broken by its twin, which passes all others; sound ones pass all."""

from __future__ import annotations

from pathlib import Path

import pytest
from trying import broken, subject_of, twins_of

from w2s_bench.testing import bound_checks
from w2s_bench.testing.kit import checks_of

KINDS = ("divergences", "metrics", "bounds")


@pytest.mark.parametrize(("kind", "name", "check"), [(kind, *twin) for kind in KINDS for twin in twins_of(kind).items()])
def test_a_twin_breaks_its_check_and_no_other(kind: str, name: str, check: str, tmp_path: Path,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bound_checks, "MANY", 60)
    assert list(broken(subject_of(kind, name, tmp_path))) == ([check] if check else [])


@pytest.mark.parametrize("kind", KINDS)
def test_every_check_has_a_twin(kind: str) -> None:
    assert {check.name for check in checks_of(kind)} == set(filter(None, (check for check in twins_of(kind).values())))
