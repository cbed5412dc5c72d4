"""What becomes of a plugin's checks, made in a process of its own: whatever the plugin does there, every check has a result."""

from __future__ import annotations

import fnmatch
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from w2s_bench.contracts.errors import UsageError
from w2s_bench.testing.apart import Apart, Ended
from w2s_bench.testing.messages import Listing, Offered, Planned, Raised, Result, Try

LISTING_SECONDS = 300.0
"""How long a plugin may take to be loaded, and its entries to be made."""


@dataclass(frozen=True)
class Terms:
    """network: whether there is one to read from. data: the folder that conformance.toml calls {data}, "" for none. seconds: what
    each check may take, where that is not left to the checks."""

    network: bool = False
    data: str = ""
    seconds: float | None = None


class Trial:
    """A plugin on trial: `planned` lists its checks, `result` makes one."""

    def __init__(self, plugin: str, terms: Terms = Terms()) -> None:
        self.plugin, self._terms = plugin, terms
        self._folder = tempfile.TemporaryDirectory(prefix="w2s-testing-", ignore_cleanup_errors=True)
        self._apart = Apart(Path(self._folder.name), network=terms.network)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the process, and leave no file."""
        self._apart.close()
        self._folder.cleanup()

    def planned(self) -> tuple[Planned, ...]:
        """All checks of the plugin. One alone, failed, where the plugin cannot be listed: it crashes, or takes too long.

        Raises UsageError for a plugin that there is not.
        """
        try:
            asked = Offered(self.plugin, self._terms.network, self._folder.name, self._terms.data)
            answer = self._apart.ask(asked, LISTING_SECONDS)
        except Ended as ended:
            return (self._unlisted(ended.message()),)
        if isinstance(answer, Raised) and answer.usage:
            what, _, hint = answer.words.partition("\n  ")
            raise UsageError(what, hint=hint)
        if isinstance(answer, Raised):
            return (self._unlisted(answer.words),)
        assert isinstance(answer, Listing)
        return answer.planned

    def result(self, planned: Planned) -> Result:
        """How a check went that `planned` listed."""
        if planned.outcome:
            return Result(planned.id, planned.says, planned.outcome, planned.reason)
        seconds = planned.seconds if self._terms.seconds is None else self._terms.seconds
        try:
            if not self._apart.running:
                self.planned()
            answer = self._apart.ask(Try(planned.id), seconds)
        except Ended as ended:
            return Result(planned.id, planned.says, "failed", ended.message(), seconds)
        if isinstance(answer, Raised):
            return Result(planned.id, planned.says, "failed", answer.words, trace=answer.trace)
        assert isinstance(answer, Result)
        return answer

    def _unlisted(self, words: str) -> Planned:
        return Planned(f"plugin/{self.plugin}::loads", "it loads, and its entries can be made", outcome="failed", reason=words)


def results_of(plugin: str, pattern: str = "*", terms: Terms = Terms()) -> Iterator[Result]:
    """The results of a plugin's checks, each as it comes. pattern: a glob for the ids, or for the names of checks.

    Raises UsageError for a plugin that there is not, and for a pattern that no check of it has.
    """
    with Trial(plugin, terms) as trial:
        wanted = [each for each in trial.planned() if asked_for(each.id, pattern)]
        if not wanted:
            raise UsageError(f"no check of {plugin} is called {pattern}")
        for each in wanted:
            yield trial.result(each)


def asked_for(name: str, pattern: str) -> bool:
    """Whether a check's id, or the part after the ::, matches a glob."""
    return fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(name.partition("::")[2], pattern)
