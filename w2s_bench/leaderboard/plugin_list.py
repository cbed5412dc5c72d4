"""Plugins of others, by pointer: where each lies and at which commit; its code stays with its author.

`leaderboard/plugins/NAME.toml` is sent by anybody, and hostile until it is checked here. Nothing that it names is fetched or run.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from w2s_bench.contracts.kinds import BY_PLURAL
from w2s_bench.leaderboard.untrusted import Refused, active_markup, odd_character, read_toml, shown

FOLDER = "plugins"
HERE = "."
"""The repository of what lies in this one: `path` says where, and no commit is named."""

_LONGEST = 200
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_PLACE = re.compile(r"https://[A-Za-z0-9][A-Za-z0-9.-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)+")
_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")


class KitResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `w2s-bench plugin test NAME` said: of which version of the kit, when, and how many checks ended how."""

    version: str
    date: datetime.date
    passed: int
    failed: int = 0
    skipped: int = 0
    exempt: int = 0

    @property
    def words(self) -> str:
        """As a person reads it."""
        counts = {"passed": self.passed, "failed": self.failed, "skipped": self.skipped, "exempt": self.exempt}
        return ", ".join(f"{count} {word}" for word, count in counts.items() if count) + f" (kit {self.version}, {self.date})"


class Pointer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plugin that somebody published. adds: the kinds of which it offers something. repository: its address, `.` for this one.
    path: of the package within. commit: the one that is meant. kit: what the conformance kit said of it, None for nothing."""

    name: str
    adds: tuple[str, ...]
    summary: str
    repository: str
    licence: str
    requires_api: str
    commit: str = ""
    path: str = ""
    kit: KitResult | None = None

    @property
    def address(self) -> str:
        """What pip installs."""
        if self.repository == HERE:
            return f"./{self.path}"
        return f"git+{self.repository}@{self.commit}{f'#subdirectory={self.path}' if self.path else ''}"


def read_pointers(leaderboard: Path) -> tuple[Pointer, ...]:
    """All plugins of the list, by name. Raises Refused for the first that is not as it must be."""
    folder = leaderboard / FOLDER
    return tuple(read_pointer(folder, path.name) for path in sorted(folder.glob("*.toml"))) if folder.is_dir() else ()


def read_pointer(folder: Path, name: str) -> Pointer:
    """One entry. Raises Refused for what it must not hold, in one sentence."""
    where = f"{FOLDER}/{ascii(name)[1:-1]}"
    try:
        found = msgspec.convert(read_toml(folder, name), Pointer)
    except msgspec.ValidationError as error:
        raise Refused(f"this is no entry of a plugin: {ascii(str(error))[1:-1][:_LONGEST]}", where=where) from None
    if fault := _fault(found, name):
        raise Refused(fault, where=where)
    return found


def _fault(found: Pointer, file: str) -> str:
    """What is wrong with an entry, in one sentence; "" for nothing."""
    for key, text in _texts(msgspec.to_builtins(found)):
        if len(text) > _LONGEST:
            return f"{key} is longer than {_LONGEST} characters"
        if odd := odd_character(text) or active_markup(text):
            return f"{key} holds {odd}"
    here = found.repository == HERE
    wrong = {
        "name": not _NAME.fullmatch(found.name) or file != f"{found.name}.toml",
        "adds": not found.adds or not set(found.adds) <= {*BY_PLURAL, "observers"},
        "summary": not found.summary.strip(),
        "repository": not here and not _PLACE.fullmatch(found.repository),
        "commit": bool(found.commit) if here else not _COMMIT.fullmatch(found.commit),
        "path": not _PATH.fullmatch(found.path) if here or found.path else False,
        "licence": not found.licence.strip(),
        "requires_api": not _is_specifier(found.requires_api),
        "kit": found.kit is not None and min(found.kit.passed, found.kit.failed, found.kit.skipped, found.kit.exempt) < 0}
    key = next((key for key, fault in wrong.items() if fault), "")
    return f"{key} is {shown(getattr(found, key))}, not {_WANTED[key]}" if key else ""


_WANTED: Mapping[str, str] = {
    "name": "the name of the file and of the plugin: letters, digits and _", "adds": "kinds as `w2s-bench ls` has them",
    "summary": "a sentence", "repository": "an address as https://HOST/OWNER/NAME", "licence": "a licence",
    "commit": "40 hexadecimal digits (of this repository: none)", "path": "a folder within the repository",
    "requires_api": "a version specifier, as >=1,<2", "kit": "how many checks ended how"}


def _is_specifier(text: str) -> bool:
    try:
        return bool(SpecifierSet(text))
    except InvalidSpecifier:
        return False


def _texts(value: object, key: str = "") -> list[tuple[str, str]]:
    """Every text of an entry, with the key that it stands under."""
    if isinstance(value, Mapping):
        return [found for name, inner in value.items() for found in _texts(inner, str(name))]
    if isinstance(value, list | tuple):
        return [found for inner in value for found in _texts(inner, key)]
    return [(key, value)] if isinstance(value, str) else []
