"""Rows and bounds as Parquet files that last: `w2s-row/1` and `w2s-bound/1`.

A file carries its schema's name and version. It is read with tolerance: a column that it lacks is null, one that nobody
declared is kept, behind the declared ones. Only a file of a newer major version is refused, because its columns may mean other
things. A file without a name is read as version 1: it was made by hand, or before names were written.

Paths are read literally: a bracket or a star in a folder's name is no pattern.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from w2s_bench.contracts.digests import Json
from w2s_bench.contracts.errors import DataError, PluginError, nearest
from w2s_bench.contracts.files import plain_file, write_whole
from w2s_bench.scoring.columns import BOUNDS, Column, polars_schema

if TYPE_CHECKING:
    import polars as pl

NAMED = "schema"
"""The key of the file's metadata that holds the name and version of its schema."""

_NAME = re.compile(r"(?P<name>[a-z0-9-]+)/(?P<version>[0-9]+)")


class TableSchema(msgspec.Struct, frozen=True):
    """What a file holds: its name and major version, the columns without which a line is none, and what declares all of them:
    metrics that plugins add have columns too."""

    name: str
    version: int
    needs: tuple[str, ...]
    declares: Callable[[], tuple[Column, ...]]

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns that are declared here and now."""
        return self.declares()

    @property
    def label(self) -> str:
        """The name that a file carries, such as w2s-row/1."""
        return f"{self.name}/{self.version}"


def _row_columns() -> tuple[Column, ...]:
    from w2s_bench.registry.measures import row_columns  # SciPy, which `status` does without

    return row_columns()


ROW = TableSchema(
    "w2s-row", 1, ("run_id", "cell_key", "status", "task", "weak", "strong", "strategy", "supervisor", "seed"), _row_columns)
BOUND = TableSchema("w2s-bound", 1, ("run_id", "cell_key", "bound", "split"), lambda: BOUNDS)
TERM = TableSchema("w2s-term", 1, ("cell_key", "example"), lambda: ())


def table_of(records: Sequence[Mapping[str, object]], schema: TableSchema) -> pl.DataFrame:
    """Records as a table of the declared columns; a column that a record lacks is null there.

    Raises PluginError for a key that no column declares and for a record without one of `schema.needs`: both would be lost.
    """
    import polars as pl

    declared = {column.name for column in schema.columns}
    for number, record in enumerate(records):
        if unknown := sorted(record.keys() - declared):
            raise PluginError(f"record {number} holds {unknown[0]!r}, which is no column of {schema.label}",
                              hint=nearest(unknown[0], declared))
        if lacking := [name for name in schema.needs if record.get(name) is None]:
            raise PluginError(f"record {number} lacks {lacking[0]!r}, without which it is no line of {schema.label}")
    ordered = [[record.get(column.name) for column in schema.columns] for record in records]
    return pl.DataFrame(ordered, schema=polars_schema(schema.columns), orient="row")


def write_table(table: pl.DataFrame, path: Path, schema: TableSchema) -> None:
    """Write the table, conformed, as a file of that schema, whole or not at all: same table, same bytes."""
    write_parquet(conformed(table, schema, str(path)), path, {NAMED: schema.label})


def write_parquet(table: pl.DataFrame, path: Path, metadata: Mapping[str, str] | None = None) -> int:
    """Write any table, whole or not at all; bytes written. The path is read literally."""
    content = io.BytesIO()  # polars reads a path as a pattern, and takes no file whose name is no UTF-8
    table.write_parquet(content, metadata=dict(metadata or {}))
    write_whole(path, content.getbuffer())
    return path.stat().st_size


def read_table(path: Path, schema: TableSchema) -> pl.DataFrame:
    """The table at `path`: declared columns first, in their order, null where the file lacks them; then the unknown ones.

    Raises DataError for a file that is missing, unreadable, of another schema or of a newer major version, that lacks one of
    `schema.needs`, or whose values cannot be those of a declared column.
    """
    import polars as pl

    if not path.exists():
        raise DataError(f"{path.name} is missing", where=str(path.parent), hint="name a run that has ended")
    try:
        with plain_file(path).open("rb") as stream:
            check_label(pl.read_parquet_metadata(stream).get(NAMED), path, schema)
            stream.seek(0)
            table = pl.read_parquet(stream)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"not a readable parquet file: {error}", where=str(path)) from None
    return conformed(table, schema, str(path))


def conformed(table: pl.DataFrame, schema: TableSchema, where: str) -> pl.DataFrame:
    """Any table as one of this schema: declared columns first, null where it lacks them, then the unknown ones as they are.
    where: what an error names. Raises DataError as `read_table`."""
    import polars as pl

    if lacking := [name for name in schema.needs if name not in table.columns]:
        raise DataError(f"no column {lacking[0]!r}, so these are no lines of {schema.label}", where=where,
                        hint=nearest(lacking[0], table.columns))
    declared = polars_schema(schema.columns)
    known = [_as_declared(table[name], kind, where) if name in table.columns else pl.Series(name, [None] * table.height, kind)
             for name, kind in declared.items()]
    return pl.DataFrame([*known, *(table[name] for name in table.columns if name not in declared)])


def unknown_columns(table: pl.DataFrame, schema: TableSchema) -> list[str]:
    """The columns that the schema does not declare."""
    declared = {column.name for column in schema.columns}
    return [name for name in table.columns if name not in declared]


def json_schema() -> dict[str, Json]:
    """Rows and bounds as JSON Schema: what `show --json` prints of them, each line an object."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Tables of w2s-bench",
        "description": "A line of rows.parquet and one of bounds.parquet. Columns that are not listed are kept.",
        "$defs": {schema.name: _line_schema(schema) for schema in (ROW, BOUND)}}


def _line_schema(schema: TableSchema) -> dict[str, Json]:
    kinds = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "list": "array"}
    properties: dict[str, Json] = {}
    for column in schema.columns:
        kind = kinds[column.type]
        held: dict[str, Json] = {"type": kind if column.name in schema.needs else [kind, "null"]}
        held |= {"items": {"type": "string"}} if column.type == "list" else {}
        about: dict[str, Json] = {"unit": column.unit, "source": column.source, "usesTruth": column.uses_truth,
                                  "timing": column.timing}
        properties[column.name] = {**held, "description": column.meaning, **{key: value for key, value in about.items() if value}}
    return {"title": schema.label, "type": "object", "required": list(schema.needs), "properties": properties}


def check_label(label: str | None, path: Path, schema: TableSchema) -> None:
    """Raises DataError for a file of another schema, or of a newer major version of it."""
    if label is None:
        return
    found = _NAME.fullmatch(label)
    if found is None or found["name"] != schema.name:
        raise DataError(f"the file is {label!r}, not {schema.label}", where=str(path))
    if int(found["version"]) > schema.version:
        raise DataError(f"the file is {label}, newer than {schema.label}, which is what this version of w2s-bench reads",
                        where=str(path), hint="pip install --upgrade w2s-bench")


def _as_declared(column: pl.Series, kind: pl.DataType | type[pl.DataType], where: str) -> pl.Series:
    """The column in its declared type, if that loses no value."""
    import polars as pl

    held = column.dtype
    if column.null_count() == len(column):  # made anew: the type and the bytes of such a column depend on where it came from
        return pl.Series(column.name, [None] * len(column), kind)
    if held == kind:
        return column
    numbers = held.is_numeric() and kind in (pl.Int64, pl.Float64)
    names = held in (pl.Categorical, pl.Enum) and kind == pl.String
    if numbers or names or (held == pl.List(pl.Null) and kind == pl.List(pl.String)):
        turned = column.cast(kind, strict=False)
        if turned.cast(held, strict=False).equals(column):
            return turned
    raise DataError(f"column {column.name!r} is {held}, not {kind}", where=where)
