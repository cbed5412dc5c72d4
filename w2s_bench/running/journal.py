"""The journal of a run: one JSON line for each cell that ended, appended. A torn line is ignored.

A line is with the operating system when `append` returns, so that no process's death loses it, and on the disk within the next
half second in which another follows, or at the end: a machine that loses power loses lines of cells whose scores the store has.
"""

from __future__ import annotations

import contextlib
import io
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple

import msgspec

from w2s_bench.contracts.errors import DataError, StoreError
from w2s_bench.contracts.files import read_bytes

ASIDE = "journal.aside"
"""The file of a run folder for lines of its journal that something else wrote."""

_BEGINNING = b'{"cell_key":'
_SECONDS = 0.5
"""How long lines wait for the disk at most while others follow."""


class Failure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a job failed, as `w2s_bench.contracts.Fault` has it."""

    stage: str
    plugin: str
    component: str
    exception: str
    place: str


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """How one cell ended. Its row and bounds are in the store, under the same key.

    error: what a person reads, "" for ok. fault: where it failed, None for ok. seconds: spent on the jobs that the cell
    rests on, by stage; peak_memory: MiB. A job that many cells share is counted in each of them.
    """

    cell_key: str
    status: Literal["ok", "failed", "timeout", "oom", "lost", "diverged"]
    error: str
    fault: Failure | None
    seconds: dict[str, float]
    peak_memory: float


class Resumed(NamedTuple):
    """The latest record of each cell, and what is to be said of lines that were put aside, "" where none were."""

    records: dict[str, Record]
    said: str


def read_journal(path: Path) -> dict[str, Record]:
    """The latest record of each cell by its key; {} where there is no journal yet. Lines that are no records are left out.

    Raises StoreError for a record that has other fields, as another version of w2s-bench writes.
    """
    return records_in(read_bytes(path), path) if path.exists() else {}


def resumed_journal(path: Path) -> Resumed:
    """The same for a run that goes on: what something else wrote is put aside, beside the journal. Raises StoreError too where
    that cannot be written."""
    if not path.exists():
        return Resumed({}, "")
    content, foreign = read_bytes(path), list[int]()
    records = records_in(content, path, foreign)
    if not foreign:
        return Resumed(records, "")
    lines, aside = list(io.BytesIO(content)), path.with_name(ASIDE)
    try:
        with aside.open("ab") as file:
            file.writelines(lines[number - 1] for number in foreign)
            os.fsync(file.fileno())
        left_out = set(foreign)
        _replace(path, (line for number, line in enumerate(lines, start=1) if number not in left_out))
    except OSError as error:
        raise StoreError(f"cannot write the journal: {error.strerror}", where=str(path)) from error
    many = f"{len(foreign)} lines of the journal are" if len(foreign) > 1 else "a line of the journal is"
    return Resumed(records, f"{path}, line {foreign[0]}: {many} not of w2s-bench, put aside in {ASIDE}; the run goes on")


def records_in(content: bytes, path: Path, foreign: list[int] | None = None) -> dict[str, Record]:
    """The same of lines of a journal. path: what an error names. foreign: is given the numbers of lines that something else
    wrote; a line that was torn is none of them."""
    records: dict[str, Record] = {}
    decode = msgspec.json.Decoder(Record).decode
    for number, line in enumerate(io.BytesIO(content), start=1):
        try:
            record = decode(line)
        except msgspec.DecodeError as error:
            if isinstance(error, msgspec.ValidationError) and _is_a_record(line):
                raise _of_another_version(error, path, number) from None
            if foreign is not None and not _is_torn(line):
                foreign.append(number)
            continue
        records[record.cell_key] = record
    return records


def _is_a_record(line: bytes) -> bool:
    try:
        found = msgspec.json.decode(line)
    except msgspec.DecodeError:  # torn behind what is wrong
        return False
    return isinstance(found, dict) and "cell_key" in found and "status" in found


def _is_torn(line: bytes) -> bool:
    """Whether a line may be one of ours that was not written whole: its beginning, or what a disk makes of it that lost power."""
    return b"\0" in line or line.strip() == b"" or line.startswith(_BEGINNING[:len(line.rstrip())])


def _of_another_version(error: msgspec.ValidationError, path: Path, number: int) -> StoreError:
    """What is said of a record with other fields: who wrote the folder last, as env.json has it, and how to go on."""
    from w2s_bench.registry.versions import installed
    from w2s_bench.running.environment import read_environment

    try:
        written = read_environment(path.parent)
    except DataError:
        written = None
    own, theirs = installed(("w2s-bench",)).get("w2s-bench", ""), written.versions.get("w2s-bench", "") if written else ""
    commit = f" ({written.commit[:12]})" if written and written.commit else ""
    who = f"w2s-bench {theirs}{commit}" if theirs else "another version of w2s-bench"
    return StoreError(f"this is no record of a cell as w2s-bench {own} writes it: {error}", where=f"{path}, line {number}",
                      hint=f"{who} wrote it and goes on with it; or take a new folder with -o: what the store holds is not "
                           "computed again")


def write_journal(path: Path, records: Iterable[Record]) -> None:
    """Replace a journal by one of these records, whole or not at all."""
    _replace(path, (msgspec.json.encode(record) + b"\n" for record in records))


def _replace(path: Path, lines: Iterable[bytes]) -> None:
    new = path.with_name(f"{path.name}.new")
    with new.open("wb") as file:
        file.writelines(lines)
        os.fsync(file.fileno())
    os.replace(new, path)


class Journal:
    """Appends records. One writer at a time: the run's lock sees to that."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._synced = time.monotonic()
        self._syncing: threading.Thread | None = None
        self._unsynced: OSError | None = None

    def __enter__(self) -> Journal:
        try:
            self._file = open(self.path, "ab")
            if self._file.tell() and not self._ends_with_newline():
                self._file.write(b"\n")
        except OSError as error:
            raise StoreError(f"cannot write the journal: {error.strerror}", where=str(self.path)) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._syncing is not None:
            self._syncing.join()
        with contextlib.suppress(OSError):  # what could not be written has been said already
            os.fsync(self._file.fileno())
        with contextlib.suppress(OSError):
            self._file.close()

    def append(self, record: Record) -> None:
        """Write one record. Raises StoreError, for example on a full disk."""
        try:
            self._file.write(msgspec.json.encode(record) + b"\n")
            self._file.flush()
            if self._unsynced is not None:
                raise self._unsynced
            if time.monotonic() - self._synced > _SECONDS and not (self._syncing and self._syncing.is_alive()):
                self._synced = time.monotonic()
                self._syncing = threading.Thread(target=self._sync, daemon=True)
                self._syncing.start()
        except OSError as error:
            raise StoreError(f"cannot write the journal: {error.strerror}", where=str(self.path),
                             hint="free some disk and run the same command again; finished cells are kept") from error

    def _sync(self) -> None:
        """Beside the run: a disk may take long, and workers wait for their orders."""
        try:
            os.fsync(self._file.fileno())
        except OSError as error:  # told by the next line
            self._unsynced = error

    def _ends_with_newline(self) -> bool:
        with open(self.path, "rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
