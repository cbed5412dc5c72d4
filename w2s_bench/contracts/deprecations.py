"""Names of the contracts that are on their way out: they work for one minor version of the API, and say what replaces them."""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any, TypeVar

Kind = TypeVar("Kind", bound=type)


@dataclass(frozen=True)
class Deprecation:
    """old: a name of `w2s_bench.contracts`, such as `read_rows`, or a field of one, such as `Parameter.text`. now: what to write
    instead, a name or a field of the same class. since: the API that deprecates it, and the only one in which it still works."""

    old: str
    now: str
    since: str

    @property
    def gone(self) -> str:
        """The API that no longer has it."""
        major, minor = _numbers(self.since)
        return f"{major}.{minor + 1}"

    def overdue(self, api: str) -> bool:
        """Whether an API that still has it should not, or does not know of it yet."""
        return _numbers(self.since) != _numbers(api)


@dataclass(frozen=True)
class Use:
    """Where something deprecated is used: the package, and file and line in it."""

    package: str
    place: str
    deprecation: Deprecation

    def words(self) -> str:
        """What its author reads."""
        found = self.deprecation
        return (f"{self.package} uses {found.old} of w2s_bench.contracts, which is deprecated since {found.since} and gone in "
                f"{found.gone}: write {found.now} ({self.place})")


DEPRECATED: tuple[Deprecation, ...] = ()
"""What is deprecated in this API. With the next minor version each line goes, and with it the name."""

_USES: dict[tuple[str, str], Use] = {}


def uses() -> tuple[Use, ...]:
    """What this process has used so far that is deprecated, once for each package."""
    return tuple(_USES.values())


def renamed(old: str) -> str | None:
    """The name that a name of the contracts has now, None where it is none that is deprecated. Warns its user, once."""
    found = next((each for each in DEPRECATED if each.old == old), None)
    if found is None:
        return None
    _tell(found)
    return found.now.rpartition(".")[2]


def with_old_fields(kind: Kind) -> Kind:
    """Let a dataclass be made with, and asked for, fields under the names that they had: see `DEPRECATED`."""
    changed: Any = kind
    made = changed.__init__

    @functools.wraps(made)
    def init(self: object, *values: object, **fields: object) -> None:
        made(self, *values, **_current(kind, fields))

    def asked(self: object, name: str) -> object:
        now = _field(kind, name)
        if now is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        return getattr(self, now)

    changed.__init__, changed.__getattr__ = init, asked
    return kind


def _current(kind: type, fields: Mapping[str, object]) -> dict[str, object]:
    """Fields under the names that they have now; where one is given under both, both stay, and the class refuses the old."""
    names = {name: _field(kind, name) or name for name in fields}
    return dict(fields) if len(set(names.values())) < len(names) else {names[name]: value for name, value in fields.items()}


def _field(kind: type, name: str) -> str | None:
    """What a field of a class or of its bases is called now, None where the name is none that is deprecated."""
    return next((now for base in kind.__mro__ if (now := renamed(f"{base.__name__}.{name}"))), None)


def _tell(deprecation: Deprecation) -> None:
    frame = _user()
    package = str(frame.f_globals.get("__name__", "?")).partition(".")[0]
    if (deprecation.old, package) in _USES:
        return
    use = _USES[deprecation.old, package] = Use(package, f"{frame.f_code.co_filename}, line {frame.f_lineno}", deprecation)
    warnings.warn_explicit(use.words(), DeprecationWarning, frame.f_code.co_filename, frame.f_lineno)


def _user() -> FrameType:
    """The frame that asks: the first one that is neither of the contracts nor of Python's import."""
    frame = sys._getframe(1)
    inner = ("w2s_bench.contracts", "importlib", "_frozen_importlib")
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith(inner):
        frame = frame.f_back
    return frame


def _numbers(api: str) -> tuple[int, int]:
    major, minor = api.split(".")
    return int(major), int(minor)
