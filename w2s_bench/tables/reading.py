"""Several runs as one table: read and check."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from w2s_bench.contracts.errors import DataError, UsageError
from w2s_bench.running.table_files import BOUND, ROW, read_table, table_of
from w2s_bench.running.terms import read_terms
from w2s_bench.tables.earlier import directions_of_now, verdicts_of_now
from w2s_bench.tables.inference import Terms

if TYPE_CHECKING:
    import polars as pl

CELL = ("task", "weak", "strong", "strategy", "supervisor", "seed")
_FOLDER = "folder index"


def read_runs(sources: Sequence[Path], *, latest: bool = False) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows and bounds of several run folders, published folders or rows files, in the order given.

    A column that a source lacks is null in its rows; one that nobody declared stands behind the declared ones (see
    running/table_files.py). What an earlier version said is said in the words of now (tables/earlier.py). Bounds of a rows file
    lie beside it in bounds.parquet; where there are none, none are returned. A cell that two sources hold is refused, or with
    `latest` taken from the last one that holds it.
    Raises DataError for a file that cannot be read as rows or bounds, UsageError for a cell that is held twice.
    """

    if not sources:
        raise UsageError("no run is given", hint="name one run folder or more")
    rows = _together([read_table(source if source.is_file() else source / "rows.parquet", ROW) for source in sources], sources)
    bounds = _together([_bounds_of(source) for source in sources], sources)
    if latest:
        rows = rows.unique(CELL, keep="last", maintain_order=True)
    else:
        _refuse_twice(rows, sources)
    kept = bounds.join(rows.select(_FOLDER, "run_id", "cell_key"), on=[_FOLDER, "run_id", "cell_key"], how="semi",
                       maintain_order="left")
    return directions_of_now(rows.drop(_FOLDER)), verdicts_of_now(kept.drop(_FOLDER), rows)


def terms_of(sources: Sequence[Path]) -> Terms:
    """The per-example terms that lie beside these rows, read when they are asked for."""
    return Terms(lambda: read_terms([source.parent if source.is_file() else source for source in sources]))


def _together(tables: Sequence[pl.DataFrame], sources: Sequence[Path]) -> pl.DataFrame:
    """Tables one below the other, each line with the number of its source; a column that some lack is null in these."""
    import polars as pl

    kinds: dict[str, Any] = {}
    for table, source in zip(tables, sources, strict=True):
        for name, kind in table.schema.items():
            if kinds.setdefault(name, kind) != kind:
                raise DataError(f"column {name!r} is {kind} here and {kinds[name]} in another run", where=str(source),
                                hint="show them one by one, or write the column again in one type")
    return pl.concat([table.with_columns(pl.lit(i).alias(_FOLDER)) for i, table in enumerate(tables)], how="diagonal")


def _bounds_of(source: Path) -> pl.DataFrame:
    if not source.is_file():
        return read_table(source / "bounds.parquet", BOUND)
    beside = source.with_name("bounds.parquet")
    return read_table(beside, BOUND) if beside.exists() else table_of([], BOUND)


def _refuse_twice(rows: pl.DataFrame, folders: Sequence[Path]) -> None:
    twice = rows.filter(rows.select(CELL).is_duplicated())
    if twice.is_empty():
        return
    first = twice.row(0, named=True)
    where = [str(folders[i]) for i in twice.join(twice.head(1).select(CELL), on=list(CELL), how="semi",
                                                 nulls_equal=True)[_FOLDER].to_list()]
    cell = ", ".join(f"{name} {first[name]}" for name in CELL)
    count = twice.select(CELL).n_unique()
    raise UsageError(f"{count} cell{'s are' if count > 1 else ' is'} in more than one run, such as {cell}",
                     where=" and ".join(where), hint="--latest keeps the row of the run that is named last")
