"""The index of a board: every submission that ever came, in order of arrival. Nothing leaves it; what is withdrawn keeps its
line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from w2s_bench.contracts.errors import DataError
from w2s_bench.leaderboard.untrusted import read_toml

SCHEMA = "w2s-index/1"
NAME = "index.toml"

State: TypeAlias = Literal["active", "withdrawn"]


class Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One submission. sha256: of its folder, as `untrusted.folder_digest` makes it. season: as "pilot/1", None outside any.
    added: the day, as 2026-11-27. reason: why it was withdrawn, "" for one that is active."""

    name: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{1,63}$")]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    season: Annotated[str, Meta(max_length=80)] | None
    added: Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    state: State = "active"
    reason: Annotated[str, Meta(max_length=2_000)] = ""


class _Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag=SCHEMA):
    submissions: tuple[Listed, ...] = ()


def read_index(leaderboard: Path) -> tuple[Listed, ...]:
    """The submissions of a board in order of arrival, none for a folder without an index. Raises DataError for a file that is no
    index, or in which a name stands twice."""
    if not (leaderboard / NAME).exists():
        return ()
    try:
        found = msgspec.convert(read_toml(leaderboard, NAME), _Index).submissions
    except msgspec.ValidationError as error:
        raise DataError(f"no index that this version reads: {ascii(str(error))[1:-1][:300]}",
                        where=str(leaderboard / NAME)) from None
    names = [listed.name for listed in found]
    if len(set(names)) < len(names):
        raise DataError(f"{next(name for name in names if names.count(name) > 1)} stands in it twice",
                        where=str(leaderboard / NAME))
    return found
