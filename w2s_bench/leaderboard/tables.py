"""Finished runs as one table: read with their schema checked, filtered, published."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from w2s_bench.columns import BOUNDS, ROWS, Column, polars_schema
from w2s_bench.errors import DataError, UsageError, nearest
from w2s_bench.terminal_table import CELL, sentence, summary

if TYPE_CHECKING:
    import polars as pl

IDENTITY = ("task", "weak", "strong", "strategy", "supervisor", "seed")
_CONDITION = re.compile(r"\s*([A-Za-z_]\w*)\s*(<=|>=|==|!=|<|>|=)\s*(\"[^\"]*\"|'[^']*'|\S+)\s*")


def read_runs(folders: Sequence[Path], *, latest: bool = False) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows and bounds of several run folders, or published ones, as one table.

    A cell that two folders hold is refused; with `latest` the last folder that holds it wins. Raises DataError, UsageError.
    """
    import polars as pl

    rows = pl.concat([_read(folder, "rows", ROWS).with_columns(_folder=pl.lit(i)) for i, folder in enumerate(folders)])
    bounds = pl.concat([_read(folder, "bounds", BOUNDS).with_columns(_folder=pl.lit(i)) for i, folder in enumerate(folders)])
    twice = rows.filter(pl.struct(IDENTITY).is_duplicated())
    if not twice.is_empty() and not latest:
        cell = ", ".join(str(value) for value in twice.select(IDENTITY).row(0))
        raise UsageError(f"{twice.select(IDENTITY).n_unique()} cells are in several runs, for example {cell}",
                         hint="--latest keeps those of the last run named")
    rows = rows.unique(IDENTITY, keep="last", maintain_order=True)
    bounds = bounds.join(rows.select("cell_key", "_folder"), on=["cell_key", "_folder"], how="semi", maintain_order="left")
    return rows.drop("_folder"), bounds.drop("_folder")


def where(rows: pl.DataFrame, expression: str) -> pl.DataFrame:
    """The rows for which `COLUMN OPERATOR VALUE [and …]` holds, as in "gain > 0 and task == diabetes". Raises UsageError."""
    import polars as pl

    kept = pl.lit(True)
    for part in re.split(r"\s+and\s+", expression):
        match = _CONDITION.fullmatch(part)
        if not match:
            raise UsageError(f"cannot read the condition {part!r}", hint='write for example "gain > 0 and task == diabetes"')
        name, operator, text = match.groups()
        if name not in rows.columns:
            raise UsageError(f"no column {name!r}", where=expression, hint=nearest(name, rows.columns))
        kept = kept & _compared(pl.col(name), operator, _value(rows.schema[name], text, name, pl))
    return rows.filter(kept)


def publish(rows: pl.DataFrame, bounds: pl.DataFrame, folder: Path, command: str) -> None:
    """Write rows.parquet, bounds.parquet and README.md, a page with the summary and the command that makes it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        rows.write_parquet(folder / "rows.parquet")
        bounds.write_parquet(folder / "bounds.parquet")
        (folder / "README.md").write_text(_markdown(folder.name, rows, bounds, command), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write here: {error.strerror}", where=str(folder)) from None


def _read(folder: Path, name: str, columns: tuple[Column, ...]) -> pl.DataFrame:
    import polars as pl

    path = folder / f"{name}.parquet"
    if not path.exists():
        raise UsageError(f"there is no {name}.parquet", where=str(folder), hint="finish the run first")
    try:
        table = pl.read_parquet(path)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"not a Parquet file: {error}", where=str(path)) from None
    schema = polars_schema(columns)
    for column in schema:
        if column not in table.columns:
            raise DataError(f"the column {column!r} is missing", where=str(path))
    for column, kind in table.schema.items():
        if column not in schema:
            raise DataError(f"unknown column {column!r}", where=str(path), hint=nearest(column, schema))
        if kind != schema[column]:
            raise DataError(f"the column {column!r} holds {kind}, not {schema[column]}", where=str(path))
    return table.select(list(schema))


def _value(kind: Any, text: str, name: str, pl: Any) -> Any:
    word = text[1:-1] if text[:1] in "\"'" else text
    if kind == pl.String:
        return word
    if kind == pl.Boolean and word in ("true", "false"):
        return word == "true"
    try:
        return float(word)
    except ValueError:
        raise UsageError(f"{name} is compared with {word!r}, which is not a {str(kind).lower()}") from None


def _compared(column: Any, operator: str, value: Any) -> Any:
    return {"<": column < value, "<=": column <= value, ">": column > value, ">=": column >= value, "==": column == value,
            "=": column == value, "!=": column != value}[operator]


def _markdown(name: str, rows: pl.DataFrame, bounds: pl.DataFrame, command: str) -> str:
    lines = [f"# {name}", "", sentence(rows), "", "Made by", "", f"    {command}", ""]
    table = summary(rows, bounds, CELL)
    heads = ["", "weak", "strong", "strategy", "n", "err weak", "student", "ceiling", "gain ± se", "misfit", "gain/misfit",
             "verdict", "flags"]
    for (task,), group in table.group_by(["task"], maintain_order=True):
        lines += [f"## {task}", "", "| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
        for row in group.iter_rows(named=True):
            cells = [row["direction"], row["weak"], row["strong"], row["strategy"], str(row["cells"]),
                     *(_short(row[key]) for key in ("err_weak", "err_student", "err_ceiling")),
                     f"{_short(row['gain'])} ± {_short(row['gain_se'])}", _short(row["misfit"]),
                     _short(row["gain_over_misfit"]), row["verdict"], " ".join(row["flags"])]
            lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
        lines.append("")
    return "\n".join(lines)


def _short(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.3g}"
