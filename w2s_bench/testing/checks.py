"""What a check is: a function of a subject that raises `Broken`. Each `testing/KIND_checks.py` holds those of one kind.

    @check("tasks", says="no input is in two parts")
    def splits_disjoint(subject: Subject) -> None:
        shared = overlaps(subject.made.load(0))
        if shared:
            raise Broken(f"an input is in {shared[0]}")
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from w2s_bench.contracts import Entry, SuiteEntry
from w2s_bench.contracts.digests import Json
from w2s_bench.contracts.errors import PluginError
from w2s_bench.contracts.kinds import BY_PLURAL
from w2s_bench.registry.catalogue import Registry
from w2s_bench.registry.component import Component
from w2s_bench.testing.apart import Apart

SECONDS = 120.0
"""How long a check may take."""


class Broken(Exception):
    """A subject does not keep what a check asks of it: what was found, in a sentence with its numbers."""


class Unavailable(Exception):
    """What a check needs is not on this machine, such as a GPU: what that is. The check is skipped, with these words."""


@dataclass(frozen=True)
class Subject:
    """One entry of a plugin, with the parameters under which it is tried.

    kind: in the plural. variant: which of several ways to make the entry this is, "" for the only one. component: the entry with
    its parameters, None for a suite, which is no component. folder: an empty folder of its own, for whatever a check writes.
    apart: the other process in which `elsewhere` asks.
    """

    plugin: str
    kind: str
    entry: Entry | SuiteEntry
    component: Component | None
    folder: Path
    variant: str = ""
    apart: Apart | None = None

    @property
    def id(self) -> str:
        """As the results name it: `task/diabetes`, `task/csv(classes)`."""
        return f"{BY_PLURAL[self.kind].name}/{self.entry.name}" + (f"({self.variant})" if self.variant else "")

    @property
    def made(self) -> Any:
        """A new instance each time it is asked for; a suite's entry itself. Raises PluginError where it cannot be made."""
        return self.entry if self.component is None else self.component.create()

    @property
    def registry(self) -> Registry:
        """All that the plugins offer, loaded when it is first asked for."""
        return _registry()

    def elsewhere(self, function: Callable[[Component, Path], Json]) -> Json:
        """What a function at the top of a module says of the component in another process: of plain values, as JSON has them.

        The process is a new interpreter with its own hash seed. It serves other questions too. Raises PluginError where it ends,
        and for whatever the function raises.
        """
        if self.apart is None or self.component is None:
            raise PluginError(f"{self.id} cannot be asked in another process")
        return self.apart.call(function, self.component, self.folder)


@functools.cache
def _registry() -> Registry:
    from w2s_bench.registry.loading import load_registry

    return load_registry()


def always(subject: Subject) -> bool:
    """A check for every subject of its kind."""
    return True


@dataclass(frozen=True)
class Check:
    """kind: in the plural. says: what holds where it passes, as a clause. when: for which subjects, by what they declare.

    network: it reads from the network, and is skipped without one. bare: it needs none of the files that a subject says are
    absent (capability `absent`); all others are skipped where there are such. seconds: what it may take.
    """

    kind: str
    name: str
    says: str
    when: Callable[[Subject], bool]
    network: bool
    bare: bool
    seconds: float
    body: Callable[[Subject], None]

    def __call__(self, subject: Subject) -> None:
        """Raises Broken where the subject does not pass, Unavailable where that cannot be seen here."""
        self.body(subject)


def check(kind: str, *, says: str, when: Callable[[Subject], bool] = always, network: bool = False, bare: bool = False,
          seconds: float = SECONDS) -> Callable[[Callable[[Subject], None]], Check]:
    """Make a check of a function, under its name; the arguments are those of `Check`. Raises ValueError for an unknown kind."""
    if kind not in BY_PLURAL:
        raise ValueError(f"no kind is called {kind!r}")

    def made(body: Callable[[Subject], None]) -> Check:
        return Check(kind, body.__name__, says, when, network, bare, seconds, body)

    return made
