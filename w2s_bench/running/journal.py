"""Durable rows: one JSON line per finished cell, appended and synced. A torn last line is ignored."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from w2s_bench.contracts.digests import canonical_json
from w2s_bench.contracts.errors import StoreError


def read_journal(path: Path) -> dict[str, dict[str, Any]]:
    """The latest record of each cell by its cell_key; {} where there is no journal yet."""
    records: dict[str, dict[str, Any]] = {}
    if not path.exists():
        return records
    for line in path.read_bytes().split(b"\n"):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and isinstance(record.get("cell_key"), str):
            records[record["cell_key"]] = record
    return records


class Journal:
    """Appends records. One writer at a time: the run's lock sees to that."""

    def __init__(self, path: Path) -> None:
        self.path = path

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
            self._file.close()

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one record and wait until the disk has it. Raises StoreError, for example on a full disk."""
        try:
            self._file.write(canonical_json(dict(record)).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise StoreError(f"cannot write the journal: {error.strerror}", where=str(self.path),
                             hint="free some disk and run the same command again; finished cells are kept") from error

    def _ends_with_newline(self) -> bool:
        with open(self.path, "rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
