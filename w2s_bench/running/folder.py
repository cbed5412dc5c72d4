"""A run folder: its name, its lock, what is written into it and how it is read."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from w2s_bench.contracts.digests import digest
from w2s_bench.contracts.errors import DataError, StoreError, UsageError, nearest
from w2s_bench.contracts.files import plain_file, write_whole
from w2s_bench.planning.plan import Plan
from w2s_bench.planning.spec import DATA, MOST_BYTES, OwnFile, RunSpec, spec_from_file
from w2s_bench.planning.wider import is_wider
from w2s_bench.registry.one_file import sources_in_place
from w2s_bench.running.table_files import BOUND, ROW, table_of, write_parquet, write_table

if TYPE_CHECKING:
    import polars as pl

RUNS = Path("w2s-runs")
_PROBED = 0.2
"""Seconds in which whoever asks whether a folder is in use has let its lock go again."""

ALSO = "also.parquet"
"""The file of a run that holds its rows on second tasks."""


def default_folder(spec: RunSpec) -> Path:
    """Where a spec runs unless told otherwise: the same spec, the same folder."""
    return RUNS / f"{spec.name}-{digest(spec.to_toml())[:8]}"


def find_run(text: str) -> Path:
    """What a user means: the path of a folder or of a rows file, or the name of a run under w2s-runs/, or its start."""
    given = Path(text)
    if given.is_dir() or (given.suffix == ".parquet" and given.is_file()):
        return given
    known = sorted(p for p in RUNS.glob("*") if p.is_dir()) if RUNS.is_dir() else []
    found = [p for p in known if p.name == text] or [p for p in known if p.name.startswith(text)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError("several runs match", where=text, hint=f"runs here: {', '.join(p.name for p in found[:8])}")
    hint = nearest(text, [p.name for p in known]) if known else f"there is none under {RUNS}/; `w2s-bench run` starts one"
    raise UsageError("no such run", where=text, hint=hint)


def folder_made(folder: Path) -> None:
    """Make the folder. Raises UsageError where that cannot be done, or something else is there."""
    if folder.exists() and not folder.is_dir():
        raise UsageError("this is not a folder", where=str(folder), hint="choose another with -o")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write here: {error.strerror}", where=str(folder), hint="choose another with -o") from None


def claim_folder(folder: Path, spec: RunSpec) -> None:
    """Put the spec into the locked folder, over one that is the same with fewer seeds, and clear away what a sitting that was
    killed was writing.

    Raises UsageError where the folder belongs to another spec or to somebody else.
    """
    _claimed(folder, spec)
    with writing(folder):
        found = sources_in_place()
        for file in spec.plugins:
            (folder / file.kept).parent.mkdir(exist_ok=True)
            write_whole(folder / file.kept, found[file.path.stem])
        for left in [*folder.glob("*.new"), *folder.glob("*/*.new")]:
            if left.is_symlink() or not left.is_dir():
                left.unlink(missing_ok=True)


def _claimed(folder: Path, spec: RunSpec) -> None:
    path = folder / "spec.toml"
    if is_published(folder):
        raise UsageError("this folder holds a published table, not a run", where=str(folder),
                         hint=f"choose another with -o; `w2s-bench run {path} -o FOLDER` makes the table again")
    if path.exists():
        held = spec_from_file(path)
        if held == spec:
            return
        if is_wider(spec, than=held):
            with writing(folder):
                write_text(path, spec.to_toml())
            return
        hint = "choose another folder with -o, or run with its own spec.toml"
        if is_wider(held, than=spec):
            hint = f"it is this one with more seeds; `w2s-bench run {folder}` goes on with all of them"
        raise UsageError("this folder belongs to another spec", where=str(folder), hint=hint)
    if any(p.name != "lock" and p.suffix != ".new" for p in folder.iterdir()):
        raise UsageError("this is not a run folder, and not empty", where=str(folder), hint="choose another with -o")
    with writing(folder):
        write_text(path, spec.to_toml())


def spec_text(folder: Path) -> str | None:
    """What the spec of a run folder or of a published one says; None where it has none. Raises DataError for what is no text."""
    path = folder / "spec.toml"
    try:
        return plain_file(path, MOST_BYTES).read_text(encoding="utf-8") if path.exists() else None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read the spec: {error}", where=str(path)) from None


def own_files(folder: Path) -> tuple[OwnFile, ...]:
    """The plugin files that a run keeps; none of a published folder, whose code may be anybody's. Raises as `spec_from_file`."""
    path = folder / "spec.toml"
    return spec_from_file(path, data=DATA).plugins if path.is_file() and not is_published(folder) else ()


def is_published(folder: Path) -> bool:
    """Whether a folder holds rows and nothing of the run that made them."""
    return (folder / "rows.parquet").exists() and not any((folder / name).exists() for name in ("journal.jsonl", "plan.parquet"))


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock. Raises UsageError when a live run holds it."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=_PROBED, poll_interval=_PROBED / 10)
    except Timeout:
        raise UsageError("a live run is using this folder", where=str(folder),
                         hint="wait for it, end it, or choose another folder with -o") from None
    except OSError as error:
        raise UsageError(f"cannot write here: {error.strerror}", where=str(folder), hint="choose another with -o") from None
    try:
        yield
    finally:
        lock.release()


def cells_table(plan: Plan) -> pl.DataFrame:
    """One row a cell of a plan: its key, what it is made of, its seed."""
    import polars as pl

    sides = ("task", "weak", "strong", "strategy", "supervisor")
    return pl.DataFrame({"cell_key": [cell.key for cell in plan.cells],
                         **{side: [getattr(cell, side).label for cell in plan.cells] for side in sides},
                         "seed": [cell.seed for cell in plan.cells]})


def write_plan(folder: Path, plan: Plan) -> None:
    """plan.parquet, one row a cell. What was said of an earlier plan goes."""
    with writing(folder):
        for said in ("standing.json", "live.json"):  # the second was beside it in older folders
            (folder / said).unlink(missing_ok=True)
        write_parquet(cells_table(plan), folder / "plan.parquet")


def write_tables(folder: Path, rows: pl.DataFrame, bounds: pl.DataFrame) -> None:
    """rows.parquet and bounds.parquet, replaced whole."""
    with writing(folder):
        write_table(rows, folder / "rows.parquet", ROW)
        write_table(bounds, folder / "bounds.parquet", BOUND)


def write_also(folder: Path, lines: Sequence[Mapping[str, object]]) -> None:
    """also.parquet, rows of what was fitted on one task and scored on another; no file where there are none."""
    if lines:
        with writing(folder):
            write_table(table_of(lines, ROW), folder / ALSO, ROW)


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turns what goes wrong with the disk into a StoreError."""
    import polars as pl

    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StoreError(f"cannot write: {getattr(error, 'strerror', None) or error}", where=str(folder),
                         hint="free some disk and run the same command again; finished cells are kept") from error


def in_use(folder: Path) -> bool:
    """Whether a live run holds the folder. Where it lies on a disk that cannot be written it does not."""
    from filelock import FileLock, Timeout

    if not (folder / "lock").is_file() or not os.access(folder / "lock", os.W_OK):
        return False
    try:
        with FileLock(folder / "lock", timeout=0):
            return False
    except (Timeout, OSError):
        return True


def write_text(path: Path, text: str) -> None:
    """Replace a file whole."""
    write_whole(path, text.encode())
