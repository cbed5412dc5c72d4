"""The journal of a run: one JSON line for each cell that ended, appended. A torn line is ignored.

A line is with the operating system when `append` returns, so that no process's death loses it, and on the disk within the next
half second in which another follows, or at the end: a machine that loses power loses lines of cells whose scores the store has.
"""

from __future__ import annotations

import contextlib
import io
import os
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Literal

import msgspec

from w2s_bench.contracts.errors import StoreError
from w2s_bench.contracts.files import read_bytes

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


def read_journal(path: Path) -> dict[str, Record]:
    """The latest record of each cell by its key; {} where there is no journal yet.

    Raises StoreError for a whole line that is no record, as another version of w2s-bench may have written.
    """
    return records_in(read_bytes(path), path) if path.exists() else {}


def records_in(content: bytes, path: Path) -> dict[str, Record]:
    """The same of lines of a journal. path: what an error names."""
    records: dict[str, Record] = {}
    decode = msgspec.json.Decoder(Record).decode
    for number, line in enumerate(io.BytesIO(content), start=1):
        try:
            record = decode(line)
        except msgspec.ValidationError as error:
            raise StoreError(f"this is no record of a cell: {error}", where=f"{path}, line {number}",
                             hint="another version of w2s-bench wrote it; take a new folder with -o: "
                                  "what the store holds is not computed again") from None
        except msgspec.DecodeError:
            continue
        records[record.cell_key] = record
    return records


def write_journal(path: Path, records: Iterable[Record]) -> None:
    """Replace a journal by one of these records, whole or not at all."""
    new = path.with_name(f"{path.name}.new")
    with new.open("wb") as file:
        file.writelines(msgspec.json.encode(record) + b"\n" for record in records)
        os.fsync(file.fileno())
    os.replace(new, path)


class Journal:
    """Appends records. One writer at a time: the run's lock sees to that."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._synced = time.monotonic()

    def __enter__(self) -> Journal:
        try:
            self._file = open(self.path, "ab")
            if self._file.tell() and not self._ends_with_newline():
                self._file.write(b"\n")
        except OSError as error:
            raise StoreError(f"cannot write the journal: {error.strerror}", where=str(self.path)) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with contextlib.suppress(OSError):  # what could not be written has been said already
            os.fsync(self._file.fileno())
        with contextlib.suppress(OSError):
            self._file.close()

    def append(self, record: Record) -> None:
        """Write one record. Raises StoreError, for example on a full disk."""
        try:
            self._file.write(msgspec.json.encode(record) + b"\n")
            self._file.flush()
            if time.monotonic() - self._synced > _SECONDS:
                os.fsync(self._file.fileno())
                self._synced = time.monotonic()
        except OSError as error:
            raise StoreError(f"cannot write the journal: {error.strerror}", where=str(self.path),
                             hint="free some disk and run the same command again; finished cells are kept") from error

    def _ends_with_newline(self) -> bool:
        with open(self.path, "rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
