"""Numbers that others published, read from CSV into one table: each with where it is read, none of them ever ordered.

A file has one of three forms, told by its columns: numbers (`source`, `where_read`, `metric`, `value`), runs (`ds_name`,
`accuracy` and the models), or pairs (`weak_acc`, `transfer_acc`, `strong_gt_acc`). The last two are what training code writes and
name no source; then it is that of a known file, or is said.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from w2s_bench.contracts.delimited import read_csv
from w2s_bench.contracts.errors import DataError
from w2s_bench.contracts.files import file_digest, plain_file
from w2s_bench.leaderboard.untrusted import odd_character, shown

if TYPE_CHECKING:
    import polars as pl

SCHEMA = "w2s-published/1"
NAME = "published.parquet"
TEXTS = ("source", "where_read", "licence", "task", "shift", "weak", "strong", "method", "metric", "note")
NUMBERS = ("value", "std")

_MOST_BYTES = 50_000_000
_MOST_TEXT = 2_000
_NEEDED = ("source", "where_read", "metric")
_PAIRS = {"weak_acc": "the weak model", "transfer_acc": "weak-to-strong", "strong_gt_acc": "the strong model on the truth",
          "pgr": "weak-to-strong"}
_ALIKE = {"weak_model_size": "weak_model", "model_size": "strong_model"}


class Cited(NamedTuple):
    """Whose numbers a file holds, where they are read, and under which licence ("" for none that is known)."""

    source: str
    where_read: str
    licence: str = ""


Row: TypeAlias = Mapping[str, str]
Line: TypeAlias = dict[str, str | None]
Form: TypeAlias = Callable[[Row, Cited | None], Iterator[Line]]

_REPOSITORY = "https://github.com/{} @ {}"
KNOWN: Mapping[str, Cited] = {
    "be10889a11068e97f71f9485a820a3c386cc79166ed71786afea85cbdef9dca9": Cited(
        "Mahajan, weak-to-strong", _REPOSITORY.format("mayankmahajan24/weak-to-strong", "ba88473"), "MIT"),
    "ba71f19196e2ba6e939178cac025860c11b4515a05975a568b62807c45f66892": Cited(
        "Mahajan, weak-to-strong (pairs made of its runs)",
        _REPOSITORY.format("mayankmahajan24/weak-to-strong", "ba88473"), "MIT"),
    "00d8f8564b066ef5a1419560132d808e5f2363c61087d2ac8b81d442d27235e0": Cited(
        "HartAndrin, weak-to-strong", _REPOSITORY.format("HartAndrin-1024/weak-to-strong", "69a7e36"), "MIT"),
    "7ec7ed4231e2a90178aee8e858f5238667e78693184bb8b6e342d0a08dfc333c": Cited(
        "Jeon, weak-to-strong", _REPOSITORY.format("JeonSeongjoon/weak-to-strong", "abbca95") + ", W2SG_trained_results.xlsx",
        "MIT"),
    "03b4c9c1fee4757451f242371464dacfaf9b73938a826e6e4babe3c3b1da1019": Cited(
        "Bastola, weak_to_strong_generalization",
        _REPOSITORY.format("sunilbastola/weak_to_strong_generalization", "cd01358"), "MIT"),
}
"""Files of runs whose source is known, by the SHA-256 of what they hold."""


def import_published(files: Sequence[Path], cited: Cited | None = None) -> pl.DataFrame:
    """The numbers of CSV files, in their order, with the columns TEXTS (null where a file says nothing), NUMBERS as they are
    stated, in whatever unit that is, and `trust`, which is "published".

    cited: of files that name no source. Raises DataError, with the row, for a file of another form, one without a source, and a
    value that is no number; what a terminal would obey is no text.
    """
    import polars as pl

    lines = [line for file in files for line in _lines(file, cited)]
    schema = {**dict.fromkeys(TEXTS, pl.String), **dict.fromkeys(NUMBERS, pl.Float64)}
    made = pl.DataFrame([{name: line.get(name) for name in schema} for line in lines], schema=schema)
    return made.with_columns(pl.lit("published").alias("trust"))


def write_published(table: pl.DataFrame, folder: Path) -> Path:
    """The file of these numbers in a folder, in place of one that it held: same numbers, same bytes. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    table.write_parquet(folder / NAME, metadata={"schema": SCHEMA})
    return folder / NAME


def read_published(path: Path) -> pl.DataFrame:
    """What `write_published` wrote; path: the file, or its folder. Raises DataError for what is none."""
    import polars as pl

    file = plain_file(path / NAME if path.is_dir() else path, _MOST_BYTES)
    hint = "w2s-bench leaderboard import-published writes one"
    try:
        schema = pl.read_parquet_metadata(file).get("schema")
        table = pl.read_parquet(file)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"no table of published numbers: {ascii(str(error))[1:-1][:200]}", where=str(file), hint=hint) from None
    if schema != SCHEMA or table.columns != [*TEXTS, *NUMBERS, "trust"]:
        raise DataError("no table of published numbers", where=str(file), hint=hint)
    return table


def _lines(file: Path, cited: Cited | None) -> Iterator[Mapping[str, object]]:
    columns = {_ALIKE.get(name, name): values for name, values in read_csv(plain_file(file, _MOST_BYTES), stripped=True).items()}
    form = _form(columns.keys(), file)
    source = None if form is _stated else _source(file, cited)
    for number, fields in enumerate(zip(*columns.values(), strict=True), 1):
        where = f"{file}, row {number}"
        row = dict(zip(columns, fields, strict=True))
        _check_texts(row, where)
        for line in form(row, source):
            if lacking := [name for name in _NEEDED if not line.get(name)]:
                raise DataError(f"{lacking[0]} is empty, and a number without it is not shown", where=where)
            yield {**line, **{name: _number(line.get(name, ""), name, where) for name in NUMBERS}}


def _form(columns: Iterable[str], file: Path) -> Form:
    names = set(columns)
    for needed, form in (({*_NEEDED, "value"}, _stated), ({"ds_name", *_PAIRS}, _pair), ({"ds_name", "accuracy"}, _run)):
        if needed <= names:
            return form
    raise DataError(f"no form of published numbers has the columns {', '.join(map(shown, sorted(names)[:8]))}", where=str(file),
                    hint="numbers have source, where_read, metric and value; runs have ds_name and accuracy")


def _source(file: Path, cited: Cited | None) -> Cited:
    found = KNOWN.get(file_digest(file)) or cited
    if found is None:
        raise DataError("this file names no source, and a number without one is not shown", where=str(file),
                        hint="say it: --source and --where-read")
    return found


def _stated(row: Row, _: Cited | None) -> Iterator[Line]:
    yield {name: row.get(name) or None for name in (*TEXTS, *NUMBERS)}


def _pair(row: Row, cited: Cited | None) -> Iterator[Line]:
    for metric, method in _PAIRS.items():
        if row[metric]:
            told = f"{method}, {row['loss']}" if row.get("loss") and metric in ("transfer_acc", "pgr") else method
            yield {**_of_models(row, cited), "method": told, "metric": metric, "value": row[metric],
                   "note": _rest(row, {*_PAIRS, "loss"})}


def _run(row: Row, cited: Cited | None) -> Iterator[Line]:
    weak, path = row.get("weak_model"), row.get("path", "")
    group = row.get("group", "").replace("baseline", "")
    said = [group, "weak-to-strong" if weak else "trained on the truth", row.get("loss", "")]
    varied = path.rpartition(f"-wms={weak}-")[2] if weak and f"-wms={weak}-" in path else ""
    where = {"where_read": f"{cited.where_read}, {path}"} if cited is not None and path else {}
    yield {**_of_models(row, cited), **where, "method": ", ".join(filter(None, [*said, varied])), "metric": "accuracy",
           "value": row["accuracy"], "note": _rest(row, {"accuracy", "path", "group", "loss", "kind", "seed_dir"})}


def _of_models(row: Row, cited: Cited | None) -> Line:
    assert cited is not None
    return {"source": cited.source, "where_read": cited.where_read, "licence": cited.licence or None,
            "task": row["ds_name"] or None, "weak": row.get("weak_model") or None, "strong": row.get("strong_model") or None}


def _rest(row: Row, told: set[str]) -> str:
    """What else a file says of a number, as "seed 0; lr 1e-05"."""
    left = row.keys() - told - {"ds_name", "weak_model", "strong_model"}
    return "; ".join(f"{name} {value}" for name, value in row.items() if name in left and value)


def _check_texts(row: Row, where: str) -> None:
    for name, text in row.items():
        if len(text) > _MOST_TEXT:
            raise DataError(f"{shown(name)} has {len(text):,} characters, at most {_MOST_TEXT:,} are read", where=where)
        if odd := odd_character(text):
            raise DataError(f"{shown(name)} holds {odd}", where=where)


def _number(text: str | None, name: str, where: str) -> float | None:
    if not text and name == "std":
        return None
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{name} is {shown(text)}, which is no number", where=where)
    return value
