"""The checks of a kind made of a component of the tests, in this process."""

from __future__ import annotations

from pathlib import Path

from w2s_bench.contracts.kinds import BY_PLURAL
from w2s_bench.registry.catalogue import Plugin, Registered
from w2s_bench.registry.loading import load_registry
from w2s_bench.registry.names import Scalar
from w2s_bench.testing.apart import Apart
from w2s_bench.testing.checks import Subject
from w2s_bench.testing.kit import checks_of
from w2s_bench.testing.trials import tried


def subject_of(kind: str, target: str, folder: Path, apart: Apart | None = None, **settings: Scalar) -> Subject:
    """A class of tests/testing/twins as `twins.tasks:Wrong`, as the kit would try it."""
    entry = BY_PLURAL[kind].entry(target.partition(":")[2].lower(), target)
    offer = Registered(Plugin("twins", "tests", ""), entry)
    component = load_registry("outputs").component(kind, offer, settings, where=target)
    return Subject("twins", kind, entry, component, folder, apart=apart)


def broken(subject: Subject) -> dict[str, str]:
    """Of all checks that the subject's declarations call for, those that fail, with what they say."""
    results = [tried(check, subject) for check in checks_of(subject.kind) if check.when(subject)]
    return {result.id.partition("::")[2]: result.reason for result in results if result.outcome == "failed"}
