"""The runs under w2s-runs/: which there are, which is the latest, and how far each is."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

import msgspec

from w2s_bench.contracts.errors import UsageError
from w2s_bench.running.folder import RUNS
from w2s_bench.running.standing import Standing, standing

_TABLES = ("rows.parquet", "journal.jsonl", "plan.parquet")
"""What tells when a run went on last."""


class KnownRun(msgspec.Struct, frozen=True):
    """A run folder. changed: when its tables or its journal were written last. ok: finished cells; size: bytes in all."""

    folder: Path
    changed: datetime
    cells: int
    ok: int
    size: int


def runs_here() -> list[KnownRun]:
    """The runs under w2s-runs/, the latest first."""
    return [_known(folder) for folder in run_folders()]


def latest_run(*tables: str) -> Path:
    """The run under w2s-runs/ whose tables were written last. tables: files of which it has one. Raises UsageError."""
    folders = run_folders(tables or _TABLES)
    if not folders:
        raise UsageError(f"no run is given, and there is none under {RUNS}/",
                         hint="name a folder, or start a run with `w2s-bench run`")
    return folders[0]


def run_folders(tables: tuple[str, ...] = _TABLES) -> list[Path]:
    """Folders under w2s-runs/ that hold one of these files, the one that was written last first."""
    written = {folder: max((path.stat().st_mtime for name in tables if (path := folder / name).exists()), default=None)
               for folder in (RUNS.glob("*") if RUNS.is_dir() else ()) if folder.is_dir()}
    return sorted((folder for folder in written if written[folder] is not None),
                  key=lambda folder: (-(written[folder] or 0.0), folder.name))


def _known(folder: Path) -> KnownRun:
    import polars as pl

    found = standing(folder)
    changed = max(path.stat().st_mtime for name in _TABLES if (path := folder / name).exists())
    if found is None:
        statuses = pl.read_parquet((folder / "rows.parquet").read_bytes(), columns=["status"])["status"].to_list()
        found = Standing(len(statuses), dict(Counter(statuses)), {})
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return KnownRun(folder, datetime.fromtimestamp(changed), found.cells, found.statuses.get("ok", 0), size)
