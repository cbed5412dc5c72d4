"""The runs under w2s-runs/: which there are, which is the latest, and how far each is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from w2s_bench.contracts.errors import DataError, UsageError
from w2s_bench.contracts.files import read_bytes
from w2s_bench.running.folder import RUNS, in_use
from w2s_bench.running.journal import Record, read_journal

_TABLES = ("rows.parquet", "journal.jsonl", "plan.parquet")
"""What tells when a run went on last."""


class KnownRun(msgspec.Struct, frozen=True):
    """A run folder. changed: when its tables or its journal were written last. ok: finished cells; size: bytes in all."""

    folder: Path
    changed: datetime
    cells: int
    ok: int
    size: int


class Standing(msgspec.Struct, frozen=True):
    """How far a run is. cells: planned ones. statuses: cells by status, those without a record waiting or interrupted.

    failed: the records of cells that ended and are not ok.
    """

    cells: int
    statuses: Mapping[str, int]
    failed: tuple[Record, ...]


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


def standing(folder: Path) -> Standing | None:
    """How far the run of a folder is, by its plan and its journal; None where it has no plan."""
    import polars as pl

    plan = folder / "plan.parquet"
    if not plan.exists():
        return None
    try:
        cells = pl.read_parquet(read_bytes(plan), columns=["cell_key"])["cell_key"].to_list()
    except pl.exceptions.PolarsError as error:
        raise DataError(f"this is no plan: {error}", where=str(plan), hint="the run's own command writes it again") from None
    records = read_journal(folder / "journal.jsonl")
    left = "waiting" if in_use(folder) else "interrupted"
    statuses = Counter(records[key].status if key in records else left for key in cells)
    return Standing(len(cells), dict(statuses), tuple(records[key] for key in cells
                                                      if key in records and records[key].status != "ok"))


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
        statuses = pl.read_parquet(folder / "rows.parquet", columns=["status"])["status"].to_list()
        found = Standing(len(statuses), dict(Counter(statuses)), ())
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return KnownRun(folder, datetime.fromtimestamp(changed), found.cells, found.statuses.get("ok", 0), size)
