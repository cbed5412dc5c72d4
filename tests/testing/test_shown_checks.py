"""Each check of figures, executors, commands, descriptors, outputs and suites is broken by its twin, which passes all others."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from trying import broken, subject_of, twins_of

from w2s_bench.contracts import Entry, OutputEntry, SuiteEntry
from w2s_bench.contracts.kinds import BY_PLURAL
from w2s_bench.registry.component import Component
from w2s_bench.testing import executor_checks
from w2s_bench.testing.checks import Subject
from w2s_bench.testing.kit import checks_of

MADE = ("figures", "executors")
TAKEN = ("commands", "descriptors", "outputs")
"""Kinds whose targets are the components themselves."""

GOOD = 'name = "first"\n[[matrix]]\ntasks = ["diabetes"]\nweak = ["raw"]\nstrong = ["random-features"]\n'
SUITES = (
    (SuiteEntry("first", "a first look", GOOD), ""),
    (SuiteEntry("first", "a first look", GOOD, quick=GOOD.replace("diabetes", "diabetis")), "can_be_planned"),
    (SuiteEntry("own", "data of one's own", GOOD.replace("raw", "rew").replace("diabetes", "csv[path={data}/a.csv]")),
     "can_be_planned"),
    (SuiteEntry("first", " ", GOOD), "says_what_for"))


def _taken(kind: str, name: str, folder: Path) -> Subject:
    """A member of twins/KIND.py, which is the component itself."""
    called = name.lower()
    target = f"twins.{kind}:{name}"
    entry: Entry = BY_PLURAL[kind].entry(called, target, summary="says what it does")
    if isinstance(entry, OutputEntry):
        entry = OutputEntry(called, target, noun="" if name == "Nounless" else "rates")
    component = Component(kind, f"twins/{called}", called, target, 1, (), "", "")
    return Subject("twins", kind, entry, component, folder)


@pytest.mark.parametrize(("kind", "name", "check"), [
    pytest.param(kind, *twin, marks=[pytest.mark.slow] if kind == "executors" else [])
    for kind in MADE for twin in twins_of(kind).items()])
def test_a_twin_breaks_its_check_and_no_other(kind: str, name: str, check: str, tmp_path: Path,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor_checks, "_PATIENCE", 0.5)
    assert list(broken(subject_of(kind, name, tmp_path))) == ([check] if check else [])


@pytest.mark.parametrize(("kind", "name", "check"), [
    (kind, *twin) for kind in TAKEN for twin in importlib.import_module(f"twins.{kind}").SUBJECTS.items()])
def test_one_that_is_taken_as_it_is_breaks_its_check_and_no_other(kind: str, name: str, check: str, tmp_path: Path) -> None:
    assert list(broken(_taken(kind, name, tmp_path))) == ([check] if check else [])


@pytest.mark.parametrize(("suite", "check"), SUITES)
def test_a_suite_breaks_its_check_and_no_other(suite: SuiteEntry, check: str, tmp_path: Path) -> None:
    assert list(broken(Subject("twins", "suites", suite, None, tmp_path))) == ([check] if check else [])


def test_every_check_has_a_twin() -> None:
    taken = {kind: importlib.import_module(f"twins.{kind}").SUBJECTS for kind in TAKEN}
    known = {**{kind: twins_of(kind) for kind in MADE}, **taken}
    known["suites"] = {str(number): check for number, (_, check) in enumerate(SUITES)}
    for kind, twins in known.items():
        assert {check.name for check in checks_of(kind)} == set(filter(None, twins.values())), kind
