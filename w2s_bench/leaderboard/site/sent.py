"""Submissions as the site shows them: what the index says of each, and what its folder holds beside its numbers."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from w2s_bench.leaderboard.checked import CHECKED, Finding, read_checked
from w2s_bench.leaderboard.index import SUBMISSIONS, Listed, read_index
from w2s_bench.leaderboard.submission import Submission, read_submission
from w2s_bench.leaderboard.untrusted import read_plain

_MOST_BYTES = 1_000_000
"""Of a README, a spec or env.json, which a page shows whole."""


class Sent(msgspec.Struct, frozen=True, eq=False):
    """One submission. said: what it says of itself; None where it was withdrawn: then a tombstone is all that is shown. readme,
    spec: texts, "" for none. machine: what of versions and machine it states, by name. findings: of its check."""

    listed: Listed
    said: Submission | None = None
    folder: Path | None = None
    readme: str = ""
    spec: str = ""
    machine: tuple[tuple[str, str], ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def withdrawn(self) -> bool:
        """Whether it was taken back."""
        return self.listed.state == "withdrawn"


def read_sent(leaderboard: Path) -> tuple[Sent, ...]:
    """Every submission that the index of a board names, in its order. Raises DataError for a folder that is missing or no
    submission."""
    return tuple(_sent(leaderboard, listed) for listed in read_index(leaderboard))


def _sent(leaderboard: Path, listed: Listed) -> Sent:
    if listed.state == "withdrawn":
        return Sent(listed)
    folder, checked = leaderboard / SUBMISSIONS / listed.name, leaderboard / CHECKED / listed.name
    return Sent(listed, read_submission(folder), folder, _text(folder, "README.md"), _text(folder, "spec.toml"),
                _machine(_text(folder, "env.json")), read_checked(checked).findings if checked.is_dir() else ())


def _text(folder: Path, name: str) -> str:
    if not (folder / name).is_file():
        return ""
    return read_plain(folder, name, _MOST_BYTES).decode(errors="replace")


def _machine(text: str) -> tuple[tuple[str, str], ...]:
    """What env.json states, a line for each value, with the keys above it in its name."""
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return ()
    return tuple(_flat("", found))


def _flat(name: str, value: object) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in _flat(f"{name} · {key}" if name else str(key), inner)]
    if isinstance(value, list):
        return [(name, ", ".join(map(str, value)))]
    return [] if value is None else [(name, str(value))]
