"""What is asked of a process that looks at a plugin, and what it answers: JSON, a line each."""

from __future__ import annotations

import os
import sys
import traceback

import msgspec

from w2s_bench.contracts.errors import (
    DataError,
    Diverged,
    DomainError,
    PluginError,
    ShapeError,
    StoreError,
    UsageError,
    W2SError,
    WorkerError,
)
from w2s_bench.registry.component import Component

_KINDS: dict[str, type[W2SError]] = {kind.__name__: kind for kind in (
    DataError, Diverged, DomainError, PluginError, ShapeError, StoreError, UsageError, WorkerError)}

_MOST_TRACE = 20_000
"""Characters of a traceback, its last."""


class Surroundings(msgspec.Struct, frozen=True):
    """Where modules are looked for, the variables of the environment, and the working folder: those of who asks."""

    path: tuple[str, ...]
    variables: dict[str, str]
    folder: str

    @classmethod
    def here(cls) -> Surroundings:
        """Those of this process."""
        return cls(tuple(sys.path), dict(os.environ), os.getcwd())


class Look(msgspec.Struct, frozen=True, tag=True):
    """Import what an entry point names, and ask its hooks for all that they offer. value: as in the entry point. beforehand:
    libraries to import first, so that what a plugin changes in them is seen."""

    name: str
    value: str
    beforehand: tuple[str, ...] = ()


class Make(msgspec.Struct, frozen=True, tag=True):
    """Make a component, hold it against its contract, and take its fingerprint."""

    component: Component


class Order(msgspec.Struct, frozen=True):
    """number: what the verdict on it says, so that no other line can be taken for one."""

    number: int
    what: Look | Make
    around: Surroundings


class Doing(msgspec.Struct, frozen=True, tag=True):
    """A sign of life. what: in words, what the process does from now on; "" where it told how far it is with that."""

    what: str = ""


class Verdict(msgspec.Struct, frozen=True, tag=True):
    """The last answer to an order; without it the process was ended by what it looked at.

    problem: a reason, or a traceback; "" where there is none. raised: the class of an error of ours, with its words. changes:
    what of the process's state is other than before. ended: whether the process is gone, or is to be, and the problem says how.
    loaded: of the libraries that have a state of their own, those that came with the plugin.
    """

    number: int
    problem: str = ""
    raised: str = ""
    words: tuple[str, str, str] = ("", "", "")
    changes: tuple[str, ...] = ()
    ended: bool = False
    loaded: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.problem or self.raised or self.changes)

    @classmethod
    def of(cls, error: W2SError, number: int, changes: tuple[str, ...]) -> Verdict:
        """What was raised, with its traceback."""
        raised = next((kind.__name__ for kind in type(error).__mro__ if kind.__name__ in _KINDS), PluginError.__name__)
        trace = "".join(traceback.format_exception(error))
        return cls(number, trace[-_MOST_TRACE:], raised, (error.what, error.where, error.hint), changes)

    def error(self) -> W2SError:
        """The error that was raised there; one with the problem as its words where it is none of ours."""
        what, where, hint = self.words
        found = _KINDS.get(self.raised, PluginError)(what or self.problem, where=where, hint=hint)
        if self.raised and self.problem:
            found.add_note(f"in the process that looked at it:\n{self.problem}")
        return found

