"""What tells of a machine and of its user: places, names, addresses, keys. Nothing of it belongs into what is published."""

from __future__ import annotations

import getpass
import os
import platform
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

from w2s_bench.leaderboard.untrusted import ACTIVE, odd_character

_SECRET = re.compile(r"TOKEN|KEY|SECRET|PASSW|CREDENTIAL|AUTH", flags=re.IGNORECASE)
_TOKEN = re.compile(r"\b(hf_[A-Za-z0-9]{30,}|sk-(proj-|ant-)?[A-Za-z0-9]{20,}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}"
                    r"|glpat-[\w-]{18,}|xox[abp]-[\w-]{10,}|AKIA[A-Z0-9]{16}\b|AIza[\w-]{35})")
MAY_TELL = r"[/\\]|hf_|sk-|gh[pousr]_|github_|glpat-|xox|AKIA|AIza"
"""What a text holds of which `told_of_any` says something, for a reader that is fast and knows less."""

_ADDRESS = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]*://\S+|\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b|\b[\w.+-]+@[\w-]+(\.[\w-]+)+\b")
_ROOTED = re.compile(r"(?<![\w.:/}])(/(home|Users|root|tmp|private|var|mnt|srv|opt|usr|etc|scratch|work|media|Volumes)/"
                     r"|~[\w.-]*/|[A-Za-z]:\\)")
"""Where folders of machines begin; other texts that begin with a slash may be names of examples."""

_QUOTED = re.compile(r"""(["'`])(?P<place>(?:~|[A-Za-z]:)?[/\\][^"'`]*|~[/\\][^"'`]*)\1""")
_PLACE = re.compile(r"""(?<![\w)\]}])(?:~[\w.-]*|[A-Za-z]:|\\)?(?P<place>(?:[/\\][^\s/\\:"'`,;()\[\]{}<>|]+)+)""")
_PLAIN = frozenset({
    "root", "user", "users", "admin", "test", "tester", "localhost", "local", "runner", "ubuntu", "debian", "docker", "build",
    "builder", "home", "data", "main", "work", "worker", "linux", "python", "model", "train", "host"})
"""Names of users and hosts that are nobody's, and words of every table."""

_SHORTEST_NAME, _SHORTEST_SECRET = 3, 8
_LONGEST = 500


class Machine(msgspec.Struct, frozen=True):
    """places: folders that tell whose machine it is. names: of its user and of itself. secrets: what keys hold in its
    environment."""

    places: tuple[str, ...]
    names: tuple[str, ...]
    secrets: tuple[str, ...]

    def told_by(self, text: str) -> str:
        """What of this machine a text holds, in words, without the thing itself; "" for nothing."""
        if told := told_of_any(text):
            return told
        if any(_folder(place).search(text) for place in self.places):
            return "a folder of this machine"
        if any(_word(name).search(text) for name in self.names):
            return "the name of this machine or of its user"
        return "a key or a token" if any(secret in text for secret in self.secrets) else ""

    def without(self, text: str) -> str:
        """The first line of a free text, as of an error, without all that: of places their last name is left."""
        line = "".join(" " if odd_character(letter) else letter for letter in next(iter(text.splitlines()), ""))
        for place in self.places:
            line = _folder(place).sub("/…", line)
        line = re.sub(ACTIVE, "…", _ADDRESS.sub("…", _TOKEN.sub("…", line)))
        for secret in self.secrets:
            line = line.replace(secret, "…")
        line = _PLACE.sub(_last, _QUOTED.sub(_last, line)).replace("……", "…")
        for name in self.names:
            line = _word(name).sub("…", line)
        line = line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
        return "…" if self.told_by(line) else line


def told_of_any(text: str) -> str:
    """What of some machine, whichever, a text holds, in words; "" for nothing."""
    if _ROOTED.search(text):
        return "a folder of a machine"
    return "a key or a token" if _TOKEN.search(text) else ""


def this_machine(*folders: Path) -> Machine:
    """What tells of this machine. folders: more of them, as of a run."""
    home, temporary = Path.home(), Path(tempfile.gettempdir())
    known = [home, Path.cwd(), temporary, *(path for folder in folders for path in (folder.absolute(), folder.absolute().parent))]
    places = {str(path) for each in known for path in (each, each.resolve()) if len(path.parts) > 1}
    values = {value for name, value in os.environ.items() if _SECRET.search(name) and len(value) >= _SHORTEST_SECRET}
    hosts = {platform.node(), *(os.environ.get(name, "") for name in ("HOSTNAME", "COMPUTERNAME"))}
    names = {*_users(), home.name, *hosts, *(host.partition(".")[0] for host in hosts)}
    words = _PLAIN | _known_words()
    telling = (name for name in names if len(name) >= _SHORTEST_NAME and name.casefold() not in words)
    return Machine(_longest_first(places), _longest_first(telling), _longest_first(values))


def _users() -> set[str]:
    try:
        return {getpass.getuser(), *(os.environ.get(name, "") for name in ("USER", "LOGNAME", "USERNAME", "SUDO_USER"))}
    except (OSError, KeyError):  # a user without a name
        return set()


def _known_words() -> frozenset[str]:
    """The names of everything that can be named, and of their parameters: a user may be called as one of them is."""
    from w2s_bench.registry.loading import load_registry

    entries = [offer.entry for offers in load_registry().offered.values() for offer in offers]
    names = [*(entry.name for entry in entries), *(each.name for entry in entries for each in entry.parameters)]
    return frozenset(word for name in names for word in (name.casefold(), *re.split(r"[^a-z0-9]+", name.casefold())))


def _folder(place: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.]){re.escape(place)}(?![\w-])")


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", flags=re.IGNORECASE)


def _last(found: re.Match[str]) -> str:
    return "…/" + found["place"].replace("\\", "/").rstrip("/").rpartition("/")[2]


def _longest_first(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(texts), key=lambda text: (-len(text), text)))
