"""`python -m w2s_bench.testing.watched_worker STORE REPORT PACKAGES`: a worker like any other that says at its end what the code
of these packages holds, and which files were written outside the store."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from w2s_bench.compute import worker
from w2s_bench.contracts import Outcome
from w2s_bench.testing.global_randomness import seed_all
from w2s_bench.testing.traces import planted_in, traces

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND
_MOVES = ("os.rename", "os.link", "os.symlink")


class Report(msgspec.Struct, frozen=True):
    """traces: digests by where they are. files: a digest of each file that was written and is still there; made: of these and of
    others, those that were not there before."""

    traces: dict[str, str]
    files: dict[str, str]
    made: tuple[str, ...]


class _Writes:
    """The paths that were opened for writing, and whether something was there."""

    def __init__(self, but: str) -> None:
        self.paths: dict[str, bool] = {}
        self._but = os.path.abspath(but)

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITES:
                self._note(path)
        elif event in _MOVES:
            self._note(arguments[1])

    def _note(self, path: object) -> None:
        if isinstance(path, str | bytes | os.PathLike):
            where = os.path.abspath(os.fsdecode(path))
            if not where.startswith((self._but + os.sep, "/dev/null", "/dev/tty", "/proc/")):
                self.paths.setdefault(where, os.path.exists(where))


class _Lenient:
    """A worker retires when a job changed its process; this one goes on, to see what the change is good for."""

    def __init__(self, components: object) -> None:
        """Of any components."""

    def over(self, jobs: object, outcomes: Iterator[Outcome], together: object) -> Iterator[Outcome]:
        """The outcomes as they are."""
        return outcomes


def main() -> None:
    """Work until the pipe closes, then write the report."""
    store, report, packages = sys.argv[1:]
    sys.argv[1:] = [store]
    seed_all(0)
    before = planted_in()
    writes = _Writes(store)
    sys.addaudithook(writes)
    setattr(worker, "Watch", _Lenient)  # noqa: B010
    worker.main()
    written = dict(writes.paths)
    found = Report(traces(packages.split(","), before), _digests(written),
                   tuple(path for path, was_there in written.items() if not was_there))
    Path(report).write_bytes(msgspec.json.encode(found))


def _digests(paths: dict[str, bool]) -> dict[str, str]:
    return {path: hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in paths if os.path.isfile(path)}


if __name__ == "__main__":
    main()
