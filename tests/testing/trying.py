"""The checks of a kind made of a component of the tests, in this process."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Collection
from pathlib import Path

from w2s_bench.contracts.kinds import BY_PLURAL
from w2s_bench.registry.catalogue import Plugin, Registered
from w2s_bench.registry.loading import load_registry
from w2s_bench.testing.apart import Apart
from w2s_bench.testing.checks import Subject
from w2s_bench.testing.kit import checks_of
from w2s_bench.testing.subjects import kit_inputs
from w2s_bench.testing.trials import tried


def twins_of(kind: str) -> dict[str, str]:
    """The classes of twins/KIND.py, and the check that each breaks, "" for a sound one."""
    module = importlib.import_module(f"twins.{kind}")
    return {name: twin.BREAKS for name, twin in vars(module).items()
            if inspect.isclass(twin) and twin.__module__ == module.__name__ and hasattr(twin, "BREAKS")}


def subject_of(kind: str, name: str, folder: Path, apart: Apart | None = None) -> Subject:
    """A class of twins/KIND.py as the kit would try it. PARAMETERS: those of its entry; `path` is a file of the kit."""
    return subject_at(kind, f"twins.{kind}:{name}", folder, apart)


def subject_at(kind: str, target: str, folder: Path, apart: Apart | None = None) -> Subject:
    """A class of any module of these tests, in the same way."""
    module, _, name = target.partition(":")
    parameters = getattr(getattr(importlib.import_module(module), name), "PARAMETERS", ())
    entry = BY_PLURAL[kind].entry(name.lower(), target, parameters=parameters)
    settings = {each.name: str(kit_inputs() / "small.csv") for each in parameters if each.name == "path"}
    offer = Registered(Plugin("twins", "tests", ""), entry)
    component = load_registry("outputs").component(kind, offer, settings, where=target)
    return Subject("twins", kind, entry, component, folder, apart=apart)


def broken(subject: Subject, leave_out: Collection[str] = ()) -> dict[str, str]:
    """Of all checks that the subject's declarations call for, those that fail, with what they say. leave_out: their names."""
    results = [tried(check, subject) for check in checks_of(subject.kind) if check.name not in leave_out and check.when(subject)]
    return {result.id.partition("::")[2]: result.reason for result in results if result.outcome == "failed"}
