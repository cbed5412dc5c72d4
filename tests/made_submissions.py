"""Submissions made by hand from a run, so that a test can lie in one place and seal the folder again as a liar would."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from w2s_bench.leaderboard.submission import NAME, Submission, read_submission

ABOUT: dict[str, Any] = {"name": "ridge-on-raw", "title": "Ridge on raw numbers", "who": ("Ada",)}


def submitted(run: Path, folder: Path, **fields: Any) -> Path:
    """A run folder as a submission without a spec."""
    (folder / "predictions").mkdir(parents=True)
    for name in ("rows.parquet", "bounds.parquet"):
        shutil.copyfile(run / name, folder / name)
    for path in (run / "predictions").glob("*.parquet"):
        shutil.copyfile(path, folder / "predictions" / path.name)
    return sealed(folder, **{"name": "mine", "title": "A title", "who": ("somebody",), **fields})


def sealed(folder: Path, **said: Any) -> Path:
    """The folder with a submission.toml whose digests are those of its files, whatever was done to them. What it says of itself
    stays, but for what is said here."""
    files = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
             for path in sorted(folder.rglob("*")) if path.is_file() and path.name != NAME}
    before = msgspec.structs.asdict(read_submission(folder)) if (folder / NAME).exists() else ABOUT
    (folder / NAME).write_text(Submission(**{**before, "files": files, **said}).to_toml(), encoding="utf-8")
    return folder


def edited(folder: Path, name: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Path:
    """The submission with one of its tables changed, and sealed again. name: a path, or the start of one of predictions/."""
    path = next(path for path in folder.rglob("*.parquet") if path.relative_to(folder).as_posix().startswith(name))
    schema = pl.read_parquet_metadata(path).get("schema")
    change(pl.read_parquet(path)).write_parquet(path, metadata={"schema": schema} if schema else None)
    return sealed(folder)
