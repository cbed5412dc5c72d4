"""Checks of suites: planned, and nothing computed."""

from __future__ import annotations

from w2s_bench.contracts.errors import W2SError
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import DATA, RunSpec, spec_from_toml
from w2s_bench.registry.names import parse
from w2s_bench.testing.checks import Broken, Subject, check


@check("suites", says="its specs can be read and planned, as it is and quick; one for the user's data can be read")
def can_be_planned(subject: Subject) -> None:
    """Nothing is computed."""
    suite = subject.made
    for words, text in (("the spec", suite.toml), ("the quick spec", suite.quick)):
        if not text:
            continue
        try:
            spec = spec_from_toml(text, where=f"suite {suite.name}", data=str(subject.folder) if DATA in text else None)
            if DATA not in text:
                make_plan(spec, subject.registry)
            else:
                _check_names(subject, spec)
        except W2SError as error:
            raise Broken(f"{words} cannot be planned: {error.message()}") from error


def _check_names(subject: Subject, spec: RunSpec) -> None:
    """Raise UsageError for a name that nothing answers to."""
    kinds = {"tasks": "tasks", "also": "tasks", "models": "models", "weak": "models", "strong": "models",
             "strategies": "strategies", "supervisors": "strategies"}
    for matrix in spec.matrices:
        for name, kind in kinds.items():
            for text in getattr(matrix, name):
                subject.registry.match(kind, parse(text))


@check("suites", says="it says in a line what it is for")
def says_what_for(subject: Subject) -> None:
    """`ls suites` shows it."""
    if not subject.made.summary.strip():
        raise Broken("it has no summary")
