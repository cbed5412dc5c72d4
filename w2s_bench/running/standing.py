"""How far the run of a folder is. `standing.json` says it while the run goes on and when it has ended, in a few bytes: to count
the lines of a journal takes seconds where a run is large. What a killed run leaves is as good: what its journal holds since is
added, and how far its jobs were is not told any more."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from w2s_bench.contracts.errors import DataError
from w2s_bench.contracts.files import plain_file, read_bytes
from w2s_bench.running.audience import Progress
from w2s_bench.running.folder import in_use, write_text
from w2s_bench.running.journal import Record, read_journal, records_in

NAME = "standing.json"
_SECONDS = 1.0


class Live(msgspec.Struct, frozen=True):
    """How far the jobs of a run are. done, jobs: of those that were to be computed in this sitting. left: in words, how long the
    rest takes. doing: in words, how far the jobs are that tell."""

    done: int
    jobs: int
    left: str
    doing: tuple[str, ...]


class Standing(msgspec.Struct, frozen=True):
    """cells: planned ones. statuses: cells by status, those without a record waiting or interrupted. errors: of cells that ended
    and are not ok, in one line each, with their number, the most frequent first. live: None unless the run goes on."""

    cells: int
    statuses: Mapping[str, int]
    errors: Mapping[str, int]
    live: Live | None = None


class _Noted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """journal: bytes of the journal whose records are counted."""

    cells: int
    statuses: dict[str, int]
    errors: dict[str, int]
    journal: int
    live: Live | None = None


def note_standing(folder: Path, cells: int, statuses: Mapping[str, int], ended: Iterable[Record] = (),
                  live: Live | None = None) -> None:
    """Say how many of the planned cells ended how, as the journal has it now. ended: records whose errors are told."""
    with contextlib.suppress(OSError):  # no result: without it the journal is counted
        noted = _Noted(cells, {status: count for status, count in statuses.items() if count}, _errors(ended),
                       (folder / "journal.jsonl").stat().st_size, live)
        write_text(folder / NAME, msgspec.json.encode(noted).decode() + "\n")


class RunningNote:
    """What a run says of itself while it goes on, once a second at most."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._written = folder, 0.0

    def write(self, progress: Progress) -> None:
        """Say how far it is, if that was not said within the last second."""
        if time.monotonic() - self._written < _SECONDS:
            return
        self._written = time.monotonic()
        left = progress.left() if progress.left else None
        live = Live(progress.done, progress.jobs, left.words(progress.workers) if left else "", tuple(progress.steps_in_words()))
        note_standing(self._folder, progress.cells, progress.finished, live=live)

    @contextlib.contextmanager
    def while_it_goes_on(self, progress: Progress) -> Iterator[None]:
        """What the jobs do is told until they end."""
        try:
            yield
        finally:
            note_standing(self._folder, progress.cells, progress.finished)


def standing(folder: Path) -> Standing | None:
    """How far the run of a folder is, by its plan and its journal; None where it has no plan. Raises DataError for what cannot be
    read."""
    if not (folder / "plan.parquet").exists():
        return None
    found = _noted(folder) or _counted(folder)
    left = found.cells - sum(found.statuses.values())
    goes_on = (left > 0 or found.live is not None) and in_use(folder)
    waiting = {"waiting" if goes_on else "interrupted": left} if left > 0 else {}
    return Standing(found.cells, {**found.statuses, **waiting}, dict(Counter(found.errors).most_common()),
                    found.live if goes_on else None)


def _noted(folder: Path) -> _Noted | None:
    """What the run said last, and what the journal holds beyond it; None where it said nothing."""
    try:
        noted = msgspec.json.decode(read_bytes(folder / NAME), type=_Noted)
        with plain_file(folder / "journal.jsonl").open("rb") as journal:
            if journal.seek(0, 2) < noted.journal:
                return None
            journal.seek(noted.journal)
            since = records_in(journal.read(), folder / "journal.jsonl")
    except (DataError, OSError, msgspec.DecodeError):
        return None
    statuses = Counter(noted.statuses) + Counter(record.status for record in since.values())
    return _Noted(noted.cells, dict(statuses), dict(Counter(noted.errors) + Counter(_errors(since.values()))), 0, noted.live)


def _counted(folder: Path) -> _Noted:
    import polars as pl

    path = folder / "plan.parquet"
    try:
        cells = pl.read_parquet(read_bytes(path), columns=["cell_key"])["cell_key"].to_list()
    except pl.exceptions.PolarsError as error:
        raise DataError(f"this is no plan: {error}", where=str(path), hint="the run's own command writes it again") from None
    records = read_journal(folder / "journal.jsonl")
    ended = [records[key] for key in cells if key in records]
    return _Noted(len(cells), dict(Counter(record.status for record in ended)), _errors(ended), 0)


def _errors(ended: Iterable[Record]) -> dict[str, int]:
    return dict(Counter(" ".join(record.error.split()) for record in ended if record.status != "ok"))
