"""What a submission says of itself: `submission.toml`, schema w2s-submission/1."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, get_args

import msgspec
from msgspec import Meta

from w2s_bench.contracts.errors import nearest
from w2s_bench.leaderboard.untrusted import (
    FILE,
    MOST_FILES,
    Refused,
    odd_character,
    read_toml,
    shown,
)

SCHEMA = "w2s-submission/1"
NAME = "submission.toml"

Division: TypeAlias = Literal["teacher-labels", "unlabelled-inputs", "some-truth"]
"""What a strategy may see: the teacher's labels on the student's inputs; more inputs without labels; some true labels too."""

DIVISIONS: tuple[Division, ...] = get_args(Division)

_OWN_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,63}")
_SEASON = re.compile(r"[a-z0-9][a-z0-9-]{0,63}/[0-9]{1,6}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?#][!-~]*)?")

Line = Annotated[str, Meta(min_length=1, max_length=200)]


class Submission(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag=SCHEMA, kw_only=True):
    """Who sends what. season: as "pilot/1"; None for rows that stand outside any season. attempts: how many runs on the season's
    test sets stand behind what is sent. divisions: by the label of a strategy, where one differs from `division`. files: by the
    path of each other file its SHA-256 in hex.

    Raises Refused for a name, a text or a path that cannot stand.
    """

    name: Annotated[str, Meta(max_length=64)]
    title: Line
    who: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=100)]
    season: Annotated[str, Meta(max_length=80)] | None = None
    division: Division = "teacher-labels"
    attempts: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    citation: Annotated[str, Meta(max_length=2_000)] = ""
    url: Annotated[str, Meta(max_length=500)] = ""
    supersedes: Annotated[str, Meta(max_length=64)] | None = None
    divisions: Annotated[dict[Annotated[str, Meta(max_length=500)], Division], Meta(max_length=200)] = {}
    files: Annotated[dict[Annotated[str, Meta(max_length=200)], str], Meta(max_length=MOST_FILES)] = {}

    def __post_init__(self) -> None:
        for key, name in (("name", self.name), ("supersedes", self.supersedes)):
            if name is not None and not _OWN_NAME.fullmatch(name):
                raise _wrong(key, "is no name", "2 to 64 small letters, digits and -, as pilot-heads")
        if self.supersedes == self.name:
            raise _wrong("supersedes", "is its own name", "the name of an older submission")
        if self.season is not None and not _SEASON.fullmatch(self.season):
            raise _wrong("season", "is no season", 'its name and number, as "pilot/1"')
        texts = (("title", self.title), *(("who", who) for who in self.who), ("citation", self.citation),
                 *(("divisions", label) for label in self.divisions))
        for key, text in texts:
            if odd := odd_character(text.replace("\n", " ") if key == "citation" else text):
                raise _wrong(key, f"holds {odd}", "printable text, one line")
        if self.url and not _URL.fullmatch(self.url):
            raise _wrong("url", "is no address of a page", "http:// or https://")
        for path, sha256 in self.files.items():
            if path == NAME or not FILE.fullmatch(path):
                raise _wrong("files", f"names {shown(path)}, which no submission holds", "docs/submissions.md lists the files")
            if not _SHA256.fullmatch(sha256):
                raise _wrong("files", f"gives no SHA-256 of {path}", "64 hexadecimal digits")

    def division_of(self, strategy: str) -> Division:
        """What a strategy of this submission may see, by its label."""
        return self.divisions.get(strategy, self.division)

    def to_toml(self) -> str:
        """The text that `read_submission` reads back as the same."""
        lines = [f"schema = {_toml(SCHEMA)}", f"name = {_toml(self.name)}", f"title = {_toml(self.title)}",
                 f"who = [{', '.join(map(_toml, self.who))}]"]
        lines += [f"season = {_toml(self.season)}"] if self.season else []
        lines += [f"division = {_toml(self.division)}", f"attempts = {self.attempts}"]
        lines += [f"{key} = {_toml(text)}" for key in ("citation", "url", "supersedes") if (text := getattr(self, key))]
        for title, table in (("divisions", self.divisions), ("files", self.files)):
            lines += ["", f"[{title}]", *(f"{_toml(key)} = {_toml(value)}" for key, value in table.items())] if table else []
        return "\n".join(lines) + "\n"


def read_submission(folder: Path) -> Submission:
    """What a folder says of itself, and nothing else of it. Raises Refused."""
    table = read_toml(folder, NAME)
    if table.get("schema") != SCHEMA:
        raise Refused(f"the schema is {shown(table.get('schema'))}, and {SCHEMA} is what this version reads", where=NAME,
                      hint="" if "schema" in table else f'write schema = "{SCHEMA}"')
    try:
        return msgspec.convert(table, Submission)
    except msgspec.ValidationError as error:
        raise _unreadable(str(error)) from None


_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", flags=re.DOTALL)
_MISSING = re.compile(r"Object missing required field `([^`]*)`")
_PLACE = re.compile(r" - at `(?:key in )?\$\.(\w+)")


def _unreadable(message: str) -> Refused:
    """What msgspec found, in words."""
    if unknown := _UNKNOWN.match(message):
        key = unknown.group(1)
        return Refused(f"unknown key {shown(key)}", where=NAME, hint=nearest(key[:80], Submission.__struct_fields__))
    if missing := _MISSING.match(message):
        return Refused(f"there is no key {missing.group(1)!r}", where=NAME)
    place = _PLACE.search(message)
    said = message.partition(" - at")[0]
    return _wrong(place.group(1) if place else "", f"cannot be read: {shown(said)[1:-1]}", "")


def _wrong(key: str, what: str, hint: str) -> Refused:
    return Refused(f"`{key}` {what}" if key else what, where=NAME, hint=hint)


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
