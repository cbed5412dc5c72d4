"""Submissions made by hand from a run, so that a test can lie in one place and seal the folder again as a liar would."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import polars as pl
import pytest

from w2s_bench.leaderboard import opening
from w2s_bench.leaderboard.decoding import read_all
from w2s_bench.leaderboard.submission import NAME, Submission, read_submission


def decoded_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables are decoded in this process by the same code: a process of their own takes most of a second to start."""
    monkeypatch.setattr(opening, "_decode", read_all)


def submitted(run: Path, folder: Path, **fields: object) -> Path:
    """A run folder as a submission without a spec."""
    (folder / "predictions").mkdir(parents=True)
    for name in ("rows.parquet", "bounds.parquet"):
        shutil.copyfile(run / name, folder / name)
    for path in (run / "predictions").glob("*.parquet"):
        shutil.copyfile(path, folder / "predictions" / path.name)
    told = {"name": "mine", "title": "A title", "who": ("somebody",), **fields}
    (folder / NAME).write_text(Submission(**told).to_toml())  # type: ignore[arg-type]
    return sealed(folder)


def sealed(folder: Path, **fields: object) -> Path:
    """The folder with the digests of what it holds now."""
    files = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
             for path in sorted(folder.rglob("*")) if path.is_file() and path.name != NAME}
    said = read_submission(folder)
    (folder / NAME).write_text(msgspec.structs.replace(said, files=files, **fields).to_toml())
    return folder


def edited(folder: Path, name: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Path:
    """The submission with one of its tables changed, and sealed again. name: a path, or the start of one of predictions/."""
    path = next(path for path in folder.rglob("*.parquet") if path.relative_to(folder).as_posix().startswith(name))
    schema = pl.read_parquet_metadata(path).get("schema")
    change(pl.read_parquet(path)).write_parquet(path, metadata={"schema": schema} if schema else None)
    return sealed(folder)
