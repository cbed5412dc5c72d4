"""What a process that tries a plugin is asked, and what it answers: a JSON line each."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from w2s_bench.registry.component import Component


class Call(msgspec.Struct, frozen=True, tag="call"):
    """Call a function of a module with a component and a folder."""

    function: str
    component: Component
    folder: str


class Offered(msgspec.Struct, frozen=True, tag="offered"):
    """List what a plugin is to be tried by. network: whether there is one. folder: for what the subjects write. data: the
    folder with the files that conformance.toml calls {data}, or ""."""

    plugin: str
    network: bool
    folder: str
    data: str = ""


class Try(msgspec.Struct, frozen=True, tag="try"):
    """Make one of the checks that were listed."""

    id: str


Request = Call | Offered | Try


class Said(msgspec.Struct, frozen=True, tag="said"):
    """What a function gave."""

    value: Any


class Raised(msgspec.Struct, frozen=True, tag="raised"):
    """What a request raised, in words, and where. usage: whether it asked for what there is not."""

    words: str
    trace: str = ""
    usage: bool = False


class Planned(msgspec.Struct, frozen=True):
    """One check of one subject. id: `task/diabetes::splits_disjoint`. outcome: what is known before it is made, with the reason;
    "" where it is to be made. network: whether it needs one."""

    id: str
    says: str
    seconds: float = 0.0
    network: bool = False
    outcome: Literal["", "passed", "failed", "skipped", "exempt"] = ""
    reason: str = ""


class Listing(msgspec.Struct, frozen=True, tag="listing"):
    """All checks of a plugin, in their order."""

    planned: tuple[Planned, ...]


class Result(msgspec.Struct, frozen=True, tag="result"):
    """How a check went. reason: what is broken, why it is exempt or was skipped. trace: where, for a fault that was raised."""

    id: str
    says: str
    outcome: Literal["passed", "failed", "skipped", "exempt"]
    reason: str = ""
    seconds: float = 0.0
    trace: str = ""


Answer = Said | Raised | Listing | Result
