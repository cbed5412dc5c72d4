"""The index of a board: every submission that ever came, in order of arrival. Nothing leaves it; what is withdrawn keeps its
line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, get_args

import msgspec
from msgspec import Meta

from w2s_bench.contracts.errors import DataError
from w2s_bench.contracts.files import write_whole
from w2s_bench.leaderboard.untrusted import read_toml

SCHEMA = "w2s-index/1"
NAME = "index.toml"
SUBMISSIONS = "submissions"
"""The folder of a board in which they lie as they were sent."""

State: TypeAlias = Literal["active", "superseded", "withdrawn"]
"""On the board; off it, because a newer one of the same people stands in for it; off it, taken back. The files of all stay."""

_STATES: tuple[State, ...] = get_args(State)


class Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One submission. sha256: of its folder, as `untrusted.folder_digest` makes it. season: as "pilot/1", None outside any.
    added: the day, as 2026-11-27. reason: why it is not active, "" for one that is."""

    name: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{1,63}$")]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    season: Annotated[str, Meta(max_length=80)] | None = None
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


def write_index(leaderboard: Path, listed: Sequence[Listed]) -> None:
    """Write the index in place of the one that there is, whole or not at all: same lines, same bytes. Raises DataError for lines
    that leave out or change one that is there (see `lost`), OSError."""
    if gone := lost(read_index(leaderboard), listed):
        raise DataError(gone[0], where=str(leaderboard / NAME))
    lines = [f'schema = "{SCHEMA}"']
    for each in listed:
        told = {key: value for key, value in msgspec.structs.asdict(each).items() if value is not None}
        lines += ["", "[[submissions]]", *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in told.items())]
    write_whole(leaderboard / NAME, ("\n".join(lines) + "\n").encode())


def lost(before: Sequence[Listed], after: Sequence[Listed]) -> list[str]:
    """What of an index a later one no longer says, a sentence each: nothing, where nothing ever leaves it. A line keeps its place
    and all it says; it may become superseded or withdrawn, and what is withdrawn stays so."""
    return list(_lost(before, after))


def _lost(before: Sequence[Listed], after: Sequence[Listed]) -> Iterator[str]:
    now = {each.name: each for each in after}
    places = {each.name: place for place, each in enumerate(after, 1)}
    for place, each in enumerate(before, 1):
        if each.name not in now:
            yield f"{each.name} was line {place} of the index, and is not in it any more"
        elif places[each.name] != place:
            yield f"{each.name} was line {place} of the index, and is line {places[each.name]}"
        elif msgspec.structs.replace(now[each.name], state=each.state, reason=each.reason) != each:
            yield f"the line of {each.name} was changed in more than its state"
        elif _STATES.index(now[each.name].state) < _STATES.index(each.state):
            yield f"{each.name} was {each.state}, and is {now[each.name].state}"
        elif each.state == "withdrawn" and now[each.name].reason != each.reason:
            yield f"the reason why {each.name} was withdrawn was changed"
