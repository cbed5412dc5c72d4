"""A user's own predictions: one number or more for each id, from CSV, npz or Parquet, joined on the id.

Column `id` names the example; every other column is an output and must be a number. Probabilities have a column for each
class, and their truth may be one column of class names. Nothing that could run code is read.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from w2s_bench.contracts import CLIPPED_SHARE, Array, plain_file, read_csv
from w2s_bench.contracts.array_files import check_archive, check_room
from w2s_bench.contracts.data import ROW_SUM_TOLERANCE
from w2s_bench.contracts.errors import DataError, UsageError, nearest

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.contracts import Divergence

ID = "id"
FORMATS = (".csv", ".npz", ".parquet")
_SHOWN = 5
_BELOW_ZERO = 1e-9
"""A probability may lie this far below 0 by rounding."""


@dataclass(frozen=True)
class Predictions:
    """One file. ids: n different texts, in the file's order. outputs: k column names. values: (n, k) float64, finite."""

    path: str
    ids: tuple[str, ...]
    outputs: tuple[str, ...]
    values: Array


@dataclass(frozen=True)
class Joined:
    """Files as arrays whose rows are the same examples, in the order of the weak file.

    weak, student: (n, k). labelled: (m,) positions among the n of the examples that have a label; truth: (m, k); ceiling:
    (m, k) or None. Without a truth file labelled is empty and truth None.
    """

    outputs: tuple[str, ...]
    weak: Array
    student: Array
    labelled: Array
    truth: Array | None
    ceiling: Array | None


def read_joined(weak: str, student: str, truth: str | None, ceiling: str | None, *, of_classes: bool) -> Joined:
    """The files at these paths, joined; of_classes: their rows are probabilities. Errors as those of the readers and `joined`."""
    read = read_distributions if of_classes else read_predictions
    taught = read(weak)
    labels = None if truth is None else read_classes(truth, taught) if of_classes else read(truth)
    return joined(taught, read(student), labels, None if ceiling is None else read(ceiling))


def read_predictions(path: str) -> Predictions:
    """The file at `path`. Raises DataError for a file that is missing, empty, of another kind, without an id for each row,
    with an id twice, or with an output that is text, missing, NaN or infinite."""
    ids, columns = read_columns(path)
    outputs, values = numbers_of(columns, ids, path)
    return Predictions(path, ids, outputs, values)


def read_distributions(path: str) -> Predictions:
    """The file at `path`, whose rows are probabilities of classes, a column each. Errors as `read_predictions`, and DataError
    for a row that is no distribution, with its id and sum."""
    found = read_predictions(path)
    if len(found.outputs) == 1:
        raise DataError(f"no distribution: one output column ({found.outputs[0]})", where=path,
                        hint="a divergence of classes wants a column for each class, two for two classes, whose numbers sum to 1")
    sums, least = found.values.sum(axis=1), found.values.min(axis=1)
    bad = (np.abs(sums - 1.0) > ROW_SUM_TOLERANCE) | (least < -_BELOW_ZERO)
    if bad.any():
        first = int(np.argmax(bad))
        raise DataError(f"{int(bad.sum())} row(s) are no distribution; id {found.ids[first]} sums to {sums[first]:.6g}, its "
                        f"least number is {least[first]:.3g}", where=path,
                        hint="a divergence of classes wants probabilities: a column for each class, 0 or more, that sum to 1")
    return found


def check_not_clipped(path: str, weak: Array, loss: Divergence) -> None:
    """Raise DataError where a misfit from these weak labels (n, k) would be set by the divergence's clip, as under `kl` from hard
    ones.
    """
    from w2s_bench.scoring.flags import clipped_share

    share = clipped_share(loss.conform(weak), weak)
    if share > CLIPPED_SHARE:
        raise DataError(f"{round(share * len(weak))} of {len(weak)} weak labels give a class the probability 0, where "
                        f"{loss.name} is infinite: the misfit would be whatever they are clipped at", where=path,
                        hint="for hard labels --divergence brier, whose misfit is finite; or give the probabilities behind them")


def read_classes(path: str, like: Predictions) -> Predictions:
    """The truth at `path` for predictions of classes: a column of class names or numbers, as one-hot rows in the order of the
    classes of `like`; or distributions.

    A class is called like its column; where all columns begin with the same words and `_`, as p_no and p_yes, what follows
    will do. Errors as `read_predictions`, and DataError for a class that `like` lacks.
    """
    ids, columns = read_columns(path)
    if len(columns) > 1:
        return read_distributions(path)
    (name, column), = columns.items()
    known = _called(like.outputs)
    named = [_class_name(value, known) for value in column.to_list()]
    for at, label in enumerate(named):
        if not label:
            raise DataError(f"column {name!r} holds a missing value (id {ids[at]})", where=path,
                            hint="drop the id, or name its class")
        if label not in known:
            classes = list(dict.fromkeys(word for word in known if word not in like.outputs)) or list(like.outputs)
            raise DataError(f"class {label!r} (id {ids[at]}) is none of {like.path}", where=path, hint=nearest(label, classes))
    one_hot = np.eye(len(like.outputs))[[known[label] for label in named]]
    return Predictions(path, ids, like.outputs, one_hot)


def _called(outputs: Sequence[str]) -> dict[str, int]:
    """The place of each class by what it may be called."""
    called: dict[str, int] = {}
    prefixes = [outputs[0][: at + 1] for at, letter in enumerate(outputs[0]) if letter == "_"]
    for prefix in reversed(prefixes):
        rests = [output.removeprefix(prefix) for output in outputs]
        if all(output.startswith(prefix) for output in outputs) and all(rests):
            called |= {rest: place for place, rest in enumerate(rests)}
    return called | {output: place for place, output in enumerate(outputs)}


def _class_name(value: object, known: Mapping[str, int]) -> str:
    """A label as the name of a class: 1.0 is 1 where there is no class 1.0."""
    text = "" if value is None else str(value).strip()
    if text in known:
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else text


def read_columns(path: str) -> tuple[tuple[str, ...], dict[str, pl.Series]]:
    """Ids and the other columns of the file at `path` as they are. Raises DataError for a file that is missing, empty, of another
    kind, without an id for each row, with an id twice, or with no other column."""
    file = _found(path)
    columns = {".csv": _csv, ".npz": _npz, ".parquet": _parquet}[file.suffix.lower()](file, path)
    if ID not in columns:
        raise DataError(f"no column {ID!r}", where=path, hint=f"it has {', '.join(columns) or 'none'}; files are joined on a "
                        f"column named {ID}, and a CSV separates fields by commas")
    ids = _identities(columns.pop(ID), path)
    if not columns:
        raise DataError(f"no column but {ID!r}", where=path, hint="give one number or more for each id, such as `value`")
    return ids, columns


def joined(weak: Predictions, student: Predictions, truth: Predictions | None = None,
           ceiling: Predictions | None = None) -> Joined:
    """The files as paired arrays. Student and weak must hold the same ids, truth a part of them, the ceiling those of truth.

    A single output is taken whatever its name; several are matched by name. Raises DataError where ids or outputs do not
    match, UsageError for a ceiling without truth.
    """
    _check_ids(weak, student, both=True)
    place = {name: i for i, name in enumerate(weak.ids)}
    labelled, labels, best = np.zeros(0, dtype=np.intp), None, None
    if truth is not None:
        _check_ids(weak, truth, both=False)
        labelled = np.array(sorted(place[name] for name in truth.ids), dtype=np.intp)
        wanted = [weak.ids[i] for i in labelled]
        labels = _in_order(truth, wanted, weak)
        if ceiling is not None:
            _check_ids(weak, ceiling, both=False)
            _check_ids(ceiling, truth, both=False)
            best = _in_order(ceiling, wanted, weak)
    elif ceiling is not None:
        raise UsageError("a ceiling is measured against the truth", where=ceiling.path, hint="give --truth too")
    return Joined(weak.outputs, weak.values, _in_order(student, weak.ids, weak), labelled, labels, best)


def reordered(file: Predictions, like: Predictions) -> Predictions:
    """The file with the ids and outputs of `like`, in its order. Raises DataError where they are not the same."""
    _check_ids(like, file, both=True)
    return Predictions(file.path, like.ids, like.outputs, _in_order(file, like.ids, like))


def _in_order(file: Predictions, ids: Sequence[str], like: Predictions) -> Array:
    """Values of these ids, outputs in the order of `like`."""
    if len(file.outputs) != len(like.outputs):
        raise DataError(f"it has {_counted(file)}, but {like.path} has {_counted(like)}", where=file.path,
                        hint="every column but id is an output; take out the columns that are none")
    order = list(range(len(file.outputs)))
    if len(order) > 1:
        if set(file.outputs) != set(like.outputs):
            raise DataError(f"it has {_counted(file)}, but {like.path} has {_counted(like)}", where=file.path,
                            hint="several outputs are matched by name; give them the same names")
        order = [file.outputs.index(name) for name in like.outputs]
    place = {name: i for i, name in enumerate(file.ids)}
    values: Array = file.values[[place[name] for name in ids]][:, order]
    return values


def _counted(file: Predictions) -> str:
    k = len(file.outputs)
    return f"{k} output column{'s' if k > 1 else ''} ({', '.join(file.outputs)})"


def _check_ids(whole: Predictions, part: Predictions, *, both: bool) -> None:
    """Raise DataError where `part` holds ids that `whole` lacks, or with `both` the other way round."""
    mine, theirs = set(whole.ids), set(part.ids)
    extra = [name for name in part.ids if name not in mine]
    lacking = [name for name in whole.ids if name not in theirs] if both else []
    if not extra and not lacking:
        return
    sides = ((lacking, whole.path), (extra, part.path))
    told = [f"{len(names)} only in {path} ({_some(names)})" for names, path in sides if names]
    raise DataError(f"ids do not match: {', '.join(told)}; {len(mine & theirs)} in both", where=f"{whole.path} and {part.path}",
                    hint="ids are compared as text: 7, 07 and 7.0 are three")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")


def _found(path: str) -> Path:
    file = Path(path).expanduser()
    if not file.exists():
        beside = [other.name for other in file.parent.iterdir()] if file.parent.is_dir() else []
        raise DataError("no such file", where=path,
                        hint=nearest(file.name, beside) if beside else f"the folder {str(file.parent)!r} is missing or empty")
    plain_file(file)
    if file.suffix.lower() not in FORMATS:
        raise DataError(f"cannot read a {file.suffix or 'file without suffix'}", where=path, hint=f"known: {', '.join(FORMATS)}")
    if file.stat().st_size == 0:
        raise DataError("the file is empty", where=path, hint="it needs a column id and a number for each id")
    return file


def _csv(file: Path, path: str) -> dict[str, pl.Series]:
    import polars as pl

    columns = read_csv(file, where=path, stripped=True)
    if "" in columns:
        raise DataError(f"column {list(columns).index('') + 1} has no name", where=path,
                        hint="a row index? save the table without it, or name the column of ids `id`")
    return {name: pl.Series(name, column, dtype=pl.String) for name, column in columns.items()}


def _parquet(file: Path, path: str) -> dict[str, pl.Series]:
    import polars as pl
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with file.open("rb") as stream:  # a path would be read as a pattern
            about = parquet.read_metadata(stream)
            groups = [about.row_group(i) for i in range(about.num_row_groups)]
            check_room(max(8 * about.num_rows * about.num_columns, sum(group.total_byte_size for group in groups)), path)
            stream.seek(0)
            table = pl.read_parquet(stream)
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(path, error) from None
    return {name: table[name] for name in table.columns}


def _npz(file: Path, path: str) -> dict[str, pl.Series]:
    import polars as pl

    if not zipfile.is_zipfile(file):
        raise _unreadable(path, ValueError("no archive of arrays"))
    try:
        check_archive(file, path)
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, AttributeError, TypeError) as error:
        if "Object arrays" in str(error) or "pickle" in str(error):
            raise DataError("holds Python objects, which can run code; it was not read", where=path,
                            hint="save numbers as float arrays and ids as int or str arrays") from None
        raise _unreadable(path, error) from None
    sound = all(array.ndim == 1 or (array.ndim == 2 and name != ID) for name, array in arrays.items())
    if not sound or len({array.shape[0] for array in arrays.values()}) > 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise DataError(f"arrays of shapes {shapes}", where=path, hint="id needs (n,), outputs (n,) or (n, k), with one n")
    flat: dict[str, Any] = {}
    for name, array in arrays.items():
        flat |= {name: array} if array.ndim == 1 else {f"{name}_{j}": array[:, j] for j in range(array.shape[1])}
    return {name: pl.Series(name, column.tolist(), strict=False) for name, column in flat.items()}


def _unreadable(path: str, error: Exception) -> DataError:
    reason = str(error).strip().splitlines()
    return DataError(f"not a readable {Path(path).suffix} file ({reason[0] if reason else type(error).__name__})", where=path,
                     hint="save it again, or as CSV with a column id and a number for each id")


def _identities(column: pl.Series, path: str) -> tuple[str, ...]:
    import polars as pl

    if column.len() == 0:
        raise DataError("no row", where=path, hint="it needs one row for each id")
    if column.dtype.is_nested() or column.dtype == pl.Object:
        raise DataError(f"ids are {column.dtype}", where=path, hint="ids are text or whole numbers")
    if column.dtype.is_float() and column.is_finite().all() and (column == column.round()).all():
        column = column.cast(pl.Int64)
    ids = column.cast(pl.String).fill_null("")
    empty = int((ids == "").sum())
    if empty:
        raise DataError(f"{empty} row(s) have no id, the first is row {int((ids == '').arg_max() or 0) + 1}", where=path,
                        hint="every prediction needs an id")
    twice = ids.filter(ids.is_duplicated()).unique(maintain_order=True).to_list()
    if twice:
        raise DataError(f"{len(twice)} id(s) occur more than once ({_some(twice)})", where=path, hint="keep one row for each id")
    return tuple(ids.to_list())


def numbers_of(columns: Mapping[str, pl.Series], ids: Sequence[str], path: str) -> tuple[tuple[str, ...], Array]:
    """The names of columns, and their values (n, k). Raises DataError for a column that holds text, or a value that is missing,
    NaN or infinite."""
    return tuple(columns), np.column_stack([_number(name, column, ids, path) for name, column in columns.items()])


def _number(name: str, column: pl.Series, ids: Sequence[str], path: str) -> Array:
    import polars as pl

    if not (column.dtype == pl.String or column.dtype.is_numeric() or column.dtype == pl.Boolean):
        raise DataError(f"column {name!r} holds {column.dtype}, not numbers", where=path,
                        hint="every column but id is an output; give each output a column of its own")
    missing = column.is_null() | ((column == "") if column.dtype == pl.String else column.is_null())
    numbers = column.cast(pl.Float64, strict=False)
    text = numbers.is_null() & ~missing
    for bad, what, hint in ((text, "text", "every column but id is an output; take out the columns that are none. Names of "
                             "classes, as --truth, go with a --divergence of classes"),
                            (missing, "a missing value", "drop the id from every file, or fill the gap"),
                            (~numbers.is_finite(), "NaN or infinity", "drop the id from every file, or fill the gap")):
        at = int(bad.fill_null(False).arg_max() or 0)
        count = int(bad.sum())
        if count:
            shown = f", such as {column[at]!r}" if what == "text" else ""
            raise DataError(f"column {name!r} holds {what} in {count} row(s){shown} (id {ids[at]})", where=path, hint=hint)
    values: Array = np.asarray(numbers.to_numpy(), dtype=np.float64)
    return values
