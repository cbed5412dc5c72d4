"""What a run folder holds already, of which a later sitting takes nothing away: a store may have been cleaned since."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

from w2s_bench.contracts.errors import DataError
from w2s_bench.running.folder import ALSO
from w2s_bench.running.table_files import BOUND, ROW, TableSchema, read_table


class Earlier:
    """What the tables of a folder say of cells that were ok when they were written, as lines of this run. They are read when that
    is asked for; a table that cannot be read says nothing."""

    def __init__(self, folder: Path, run_id: str) -> None:
        self._folder, self._run_id = folder, run_id

    @functools.cached_property
    def rows(self) -> Mapping[str, Mapping[str, object]]:
        """Rows by cell key, those on second tasks too."""
        lines = [line for name in ("rows.parquet", ALSO) for line in self._lines(name, ROW)]
        return {str(line["cell_key"]): line for line in lines if line["status"] == "ok"}

    @functools.cached_property
    def canaries(self) -> Mapping[str, str]:
        """What the label canary said, by cell key, of the cells that it spoke of."""
        try:
            table = read_table(self._folder / "rows.parquet", ROW)
        except DataError:
            return {}
        told = table.select("cell_key", "canary").drop_nulls()
        return dict(zip(told["cell_key"], told["canary"], strict=True))

    @functools.cached_property
    def bounds(self) -> Mapping[str, Sequence[Mapping[str, object]]]:
        """Bounds by cell key."""
        found: dict[str, list[Mapping[str, object]]] = {}
        for line in self._lines("bounds.parquet", BOUND):
            found.setdefault(str(line["cell_key"]), []).append(line)
        return found

    def _lines(self, name: str, schema: TableSchema) -> list[dict[str, object]]:
        try:
            table = read_table(self._folder / name, schema)
        except DataError:
            return []
        lines = table.select([column.name for column in schema.columns]).to_dicts()
        return [{**line, "run_id": self._run_id} for line in lines]
