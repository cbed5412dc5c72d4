"""Checks of strategies."""

from __future__ import annotations

from w2s_bench.registry.catalogue import Plugin, Registered
from w2s_bench.testing.canary import told_by
from w2s_bench.testing.checks import Broken, Subject, check

_SHOWN = 4
"""Places that are named."""


def predicts_numbers_or_classes(subject: Subject) -> bool:
    """Whether the kit has a task for a strategy."""
    return bool({"regression", "classes"} & set(subject.made.outputs))


@check("strategies", says="what a student leaves is the same whatever the truth of transfer and test",
       when=predicts_numbers_or_classes, seconds=300.0)
def label_canary(subject: Subject) -> None:
    """The same fits under two truths, in one process with fits on the truth and in a process of its own."""
    assert subject.component is not None
    offer = Registered(Plugin(subject.plugin, "", ""), subject.entry)
    places = told_by(subject.registry, offer, subject.component, subject.folder / "canary")
    if places:
        more = f", and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
        raise Broken(f"another truth of transfer and test changes {'; '.join(places[:_SHOWN])}{more}")
