"""That a run folder is whole: `finished.json` says of which plan, and what its files were when they were written.

A finished command that is given again reads nothing of the store then, and loses nothing where the store was cleaned meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from w2s_bench.contracts import DataError, read_bytes
from w2s_bench.planning.plan import Plan
from w2s_bench.running.folder import ALSO, write_text, writing
from w2s_bench.running.kept import FOLDER, Keep

NAME = "finished.json"
_TABLES = ("rows.parquet", "bounds.parquet", "plan.parquet")
_SPARE = ("terms.parquet", ALSO)
_ORDER: tuple[Keep, ...] = ("none", "test", "all")


class Finished(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run of which every cell is ok. keep: which predictions stay with it; kept: their bytes. cells: how many there are. files:
    by name within the folder, size and time of change in nanoseconds."""

    run_id: str
    keep: Keep
    kept: int
    cells: int
    files: dict[str, tuple[int, int]]


def finished(folder: Path, plan: Plan, keep: Keep) -> Finished | None:
    """What the folder says of a run of this plan, with these predictions or more; None unless all of it is as it was written."""
    try:
        found = msgspec.json.decode(read_bytes(folder / NAME), type=Finished)
        whole = found.files == _files(folder, found.files)
    except (DataError, OSError, msgspec.DecodeError):
        return None
    same = (found.run_id, found.cells) == (plan.run_id, len(plan.cells))
    return found if whole and same and _ORDER.index(found.keep) >= _ORDER.index(keep) else None


def note_finished(folder: Path, plan: Plan, keep: Keep, kept: int) -> None:
    """Say that every cell of the plan is ok, and that what the folder holds is all of it. kept: bytes of the predictions."""
    names = [*_TABLES, *(name for name in _SPARE if (folder / name).exists()),
             *(path.relative_to(folder).as_posix() for path in sorted((folder / FOLDER).glob("*.parquet")))]
    found = Finished(plan.run_id, keep, kept, len(plan.cells), _files(folder, dict.fromkeys(names)))
    with writing(folder):
        write_text(folder / NAME, msgspec.json.encode(found).decode() + "\n")


def _files(folder: Path, names: Mapping[str, object]) -> dict[str, tuple[int, int]]:
    """Size and time of change of these files. Raises OSError where one is not there."""
    told = {name: (folder / name).stat() for name in names}
    return {name: (found.st_size, found.st_mtime_ns) for name, found in told.items()}
