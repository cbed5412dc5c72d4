"""Workers that end before their job does: why, and whether that job is tried again."""

from __future__ import annotations

import random
import signal
from dataclasses import dataclass
from typing import Literal

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0
"""Seconds before a lost job is tried again, doubled each time, of which its key decides the last half."""

_STARTS, _KILLED_STARTS = 2, 6
"""How many workers in a row may end before they are ready: by themselves, and by a signal."""

_BLAMELESS = 3
"""How often a job is tried again that was lost by no fault of its own."""


@dataclass(frozen=True)
class Verdict:
    """Why a worker is ended. Two of one kind are the same failure, whatever the figures in their words.

    blamed: whether its job may be at fault; it is not where the machine is gone.
    """

    status: Literal["timeout", "lost", "oom"]
    kind: str
    words: str
    blamed: bool = True


class Deaths:
    """Of the jobs of a run, by their keys. retries: how often a job whose process died is tried again."""

    def __init__(self, retries: int) -> None:
        self._retries = retries
        self._of: dict[str, list[Verdict]] = {}

    def wait(self, key: str, verdict: Verdict) -> float | None:
        """A job was lost alone: after how many seconds it is tried again; None where that is of no use: it took too long, it
        failed in the same way before, or it was tried as often as it may be."""
        before = self._of.setdefault(key, [])
        alike = [death for death in before if death.blamed == verdict.blamed]
        before.append(verdict)
        again = len(alike) < _BLAMELESS
        if verdict.blamed:
            same = any(death.kind == verdict.kind for death in alike)
            again = verdict.status != "timeout" and not same and len(alike) < self._retries
        if not again:
            return None
        most = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (len(before) - 1))
        return most * random.Random(f"{key} {len(before)}").uniform(0.5, 1.0)

    def words(self, key: str) -> str:
        """How a job was lost last, and how often it was."""
        deaths = self._of[key]
        return f"{deaths[-1].words}, {len(deaths)} times" if len(deaths) > 1 else deaths[-1].words


class Starts:
    """Workers of one place that ended before they were ready, in a row."""

    def __init__(self) -> None:
        self.failed = 0

    def succeeded(self) -> None:
        """One is ready."""
        self.failed = 0

    def hopeless(self, *, killed: bool = False) -> bool:
        """One has ended: whether there is no use in starting another. killed: by a signal, which may be somebody's wish."""
        self.failed += 1
        return self.failed >= (_KILLED_STARTS if killed else _STARTS)


def exit_words(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"exit code {code}"
    named = "perhaps out of memory" if code == -signal.SIGKILL else signal.strsignal(-code)
    return f"signal {-code} ({named})" if named else f"signal {-code}"
