"""Checks of tasks."""

from __future__ import annotations

from w2s_bench.testing.checks import Broken, Subject, check


@check("tasks", says="a licence and a citation are given", bare=True)
def licence_and_citation(subject: Subject) -> None:
    """A task without a licence can be in no published row."""
    task = subject.made
    lacking = [name for name in ("licence", "citation") if not str(getattr(task, name)).strip()]
    if lacking:
        raise Broken(f"no {' and no '.join(lacking)} is given")
