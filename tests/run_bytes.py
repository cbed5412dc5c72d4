"""What a run leaves, byte for byte, apart from what was timed: two runs of one spec have the same."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import polars as pl

from w2s_bench.registry.measures import row_columns

TIMED = [column.name for column in row_columns() if column.timing]


def run_bytes(folder: Path) -> dict[str, str]:
    """By the name of a table, predictions among them, a digest of its file; of rows and rows on second tasks without times."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.parquet")):
        data = path.read_bytes()
        if path.name in ("rows.parquet", "also.parquet"):
            written = io.BytesIO()
            pl.read_parquet(data).drop(TIMED).write_parquet(written)
            data = written.getvalue()
        found[path.relative_to(folder).as_posix()] = hashlib.sha256(data).hexdigest()
    assert {"rows.parquet", "bounds.parquet", "plan.parquet"} <= found.keys()
    return found
