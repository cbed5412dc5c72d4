"""Reads the files of a submission in a process of its own, which may end there: little memory, little time, no secrets.

`python -m w2s_bench.leaderboard.decoding SNAPSHOT TARGET` looks at what a Parquet file says of itself before anything of it is
decoded (rows, columns, row groups, bytes), decodes it under a limit on the whole address space (what a file says may be a
lie), checks every text, and writes the table again in TARGET. Whoever asked reads only what is written there. Beside the
tables TARGET gets `at`, the file that is being read, and at the end `said`: why the submission is refused, or nothing.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from w2s_bench.contracts import PREDICTORS, Facts
from w2s_bench.leaderboard.machine import MAY_TELL, told_of_any
from w2s_bench.leaderboard.places import LABELS, fault_of_spec, place_in
from w2s_bench.leaderboard.untrusted import ACTIVE, FOLDER, Refused, active_markup, odd_character, parsed_toml, shown, text_of
from w2s_bench.running.kept import TRUTH, kept_file
from w2s_bench.running.table_files import BOUND, NAMED, ROW
from w2s_bench.scoring.columns import STATUSES

if TYPE_CHECKING:
    import polars as pl

MOST_MEMORY = 6_000_000_000
"""Bytes of address space; a process that has read nothing takes 1.2 GB of it."""

MOST_SECONDS = 300
MOST_DECODED = 2_000_000_000
"""Bytes of all tables, as their files say."""

_MOST_WRITTEN = 4_000_000_000
_MOST_FOOTER = 32_000_000
MOST_GROUPS = 10_000
_MOST_THRIFT = 2_000_000
MOST_VALUES = 100_000_000
FARTHEST = 1e100
MOST_LINE, MOST_JSON = 2_000, 64_000
"""Characters of one text in a table."""

_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_KEY = re.compile(r"^[A-Za-z0-9_-]{1,80}$")
_PRINTED = re.compile(r"^[ -~]*$")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,99}")
_ODD = r"[\p{C}\p{Zl}\p{Zp}]"

KEYS = frozenset({"run_id", "cell_key", "predictor", *(f"predictor_{role}" for role in PREDICTORS)})
_ASCII = frozenset({*LABELS, "status", "split", "bound", "verdict", "divergence", "direction"})
_JSON = frozenset({"facts", "output", "versions"})
_TEXTS = KEYS | _ASCII | _JSON | {"id"}


class Form(NamedTuple):
    """What a table may be. needs: columns that it has. others: a pattern of the names of those that it may have besides. unique:
    columns that no two lines share. rows, columns: at most."""

    needs: tuple[str, ...]
    others: str
    unique: tuple[str, ...]
    rows: int
    columns: int


ROWS = Form(("run_id", "cell_key", "status", "task", "weak", "strong", "strategy", "supervisor", "seed"), r".*", ("cell_key",),
            200_000, 1_000)
BOUNDS = Form(("run_id", "cell_key", "bound", "split"), r".*", ("cell_key", "bound", "split"), 5_000_000, 100)
FACTS = Form(("cell_key", "split", "output", "facts"), r"(?!)", ("cell_key", "split"), 400_000, 4)
ANSWERS = Form(("predictor", "seed", "split", "id"), r"value_(0|[1-9][0-9]{0,3})", (), 20_000_000, 2_004)


def form_of(path: str) -> Form:
    """What the table at this path of a submission may be."""
    known = {"rows.parquet": ROWS, "bounds.parquet": BOUNDS, f"{FOLDER}/facts.parquet": FACTS}
    return known.get(path, ANSWERS)


class _Versions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What env.json of a submission holds."""

    versions: dict[str, str]


def read_all(source: Path, target: Path) -> None:
    """Read every file of a snapshot, and write its tables again in `target`. Raises Refused for the first that cannot stand."""
    paths = sorted(path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file())
    if "rows.parquet" not in paths:
        raise Refused("there is none in this folder", where="rows.parquet")
    (target / FOLDER).mkdir()
    tables = _Tables()
    for path in sorted(paths, key=_order):
        (target / "at").write_text(path, encoding="utf-8")
        content = (source / path).read_bytes()
        if path.endswith(".parquet"):
            table, label = tables.read(path, content)
            written = io.BytesIO()
            table.write_parquet(written, compression="lz4", metadata={NAMED: label} if label else None)
            (target / path).write_bytes(written.getbuffer())
        else:
            _check_text(path, content)


def _order(path: str) -> tuple[bool, str]:
    """Rows come first: what else there is has to fit them."""
    return path != "rows.parquet", path


def _check_text(path: str, content: bytes) -> None:
    text = text_of(content, path)
    if path == "spec.toml":
        parsed_toml(content, path)
        if fault := fault_of_spec(text):
            raise Refused(f"this spec cannot stand: {fault}", where=path)
    elif path == "env.json":
        try:
            versions = msgspec.json.decode(content, type=_Versions).versions
        except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
            raise Refused(f'this is not {{"versions": {{package: version}}}}: {shown(str(error))}', where=path) from None
        for word in (word for pair in versions.items() for word in pair):
            if not VERSION.fullmatch(word):
                raise Refused(f"{shown(word)} is neither a package nor a version", where=path)


class _Tables:
    """Reads the tables of one submission: all of them together are bounded, and each has to fit the rows."""

    def __init__(self) -> None:
        self._left = MOST_DECODED
        self._cells: frozenset[str] = frozenset()
        self._predictors: frozenset[str] = frozenset()
        self._files: frozenset[str] = frozenset()

    def read(self, path: str, content: bytes) -> tuple[pl.DataFrame, str | None]:
        """A table, checked, and the label of its schema. Raises Refused."""
        import polars as pl

        form = form_of(path)
        if path.startswith(f"{FOLDER}/") and form is ANSWERS and path not in self._files:
            raise Refused("no row is of a task whose predictions this file would keep", where=path)
        height = self._looked_at(path, content, form)
        try:
            label = pl.read_parquet_metadata(io.BytesIO(content)).get(NAMED)
            self._check_label(label, path, form)
            table = pl.read_parquet(io.BytesIO(content))
        except (pl.exceptions.PolarsError, OSError, ValueError) as error:
            raise Refused(f"this is no readable Parquet file: {shown(str(error))}", where=path) from None
        if table.height != height:
            raise Refused("this file holds more or fewer lines than it says", where=path)
        for column in table.get_columns():
            _check_column(column, path)
        self._check_lines(table, path, form)
        return table, label

    def _looked_at(self, path: str, content: bytes, form: Form) -> int:
        """How many lines a file says it has. Raises Refused for one that says, or is, what may not be decoded."""
        import pyarrow as pa
        from pyarrow import parquet

        if len(content) < 12 or content[:4] != b"PAR1" or content[-4:] != b"PAR1":
            raise Refused("this is no Parquet file, whatever its name says", where=path)
        if int.from_bytes(content[-8:-4], "little") > min(len(content) - 12, _MOST_FOOTER):
            raise Refused("what this file says of itself is longer than the file", where=path)
        try:
            about = parquet.ParquetFile(pa.BufferReader(content), thrift_string_size_limit=_MOST_FOOTER,
                                        thrift_container_size_limit=_MOST_THRIFT).metadata
            names = [about.schema.column(j).path for j in range(about.num_columns)]
            levels = max((about.schema.column(j).max_repetition_level for j in range(about.num_columns)), default=0)
            groups = [about.row_group(i) for i in range(min(about.num_row_groups, MOST_GROUPS))]
            chunks = [group.column(j) for group in groups for j in range(group.num_columns)]
            sizes = [chunk.total_uncompressed_size for chunk in chunks]
            counted = [*(group.num_rows for group in groups), *(chunk.num_values for chunk in chunks)]
        except (pa.ArrowException, OSError, ValueError, IndexError, OverflowError) as error:
            raise Refused(f"this is no readable Parquet file: {shown(str(error))}", where=path) from None
        cells = max(about.num_rows * about.num_columns, sum(counted[len(groups):]))  # a list in one line may hold millions
        for what, found, most in (("lines", about.num_rows, form.rows), ("columns", about.num_columns, form.columns),
                                  ("row groups", about.num_row_groups, MOST_GROUPS), ("values", cells, MOST_VALUES),
                                  ("bytes, decoded", sum(sizes), MOST_DECODED), ("levels of lists", levels, 1)):
            if found > most:
                raise Refused(f"this has {found:,} {what}, at most {most:,} are read", where=path)
        if min([*sizes, *counted, 0]) < 0 or sum(counted[:len(groups)]) != about.num_rows:
            raise Refused("what this file says of itself cannot be", where=path)
        self._left -= max(sum(sizes), 8 * cells)
        if self._left < 0:
            raise Refused(f"with this file the tables are more than {MOST_DECODED // 1_000_000} MB, decoded", where=path)
        for name in names:
            if not _COLUMN.fullmatch(name.removesuffix(".list.element").removesuffix(".list.item")):
                raise Refused(f"a column is called {shown(name)}", where=path, hint="letters, digits and _")
            if names.count(name) > 1:
                raise Refused(f"two columns are called {name!r}", where=path)
        return int(about.num_rows)

    def _check_label(self, label: str | None, path: str, form: Form) -> None:
        schema = ROW if form is ROWS else BOUND if form is BOUNDS else None
        if label is not None and schema is None:
            raise Refused(f"its schema is {shown(label)}, and this file has none", where=path)
        if schema is not None and label != schema.label:
            raise Refused(f"its schema is {shown(label)}, and {schema.label} is what this version reads", where=path)

    def _check_lines(self, table: pl.DataFrame, path: str, form: Form) -> None:
        if lacking := [name for name in form.needs if name not in table.columns]:
            raise Refused(f"there is no column {lacking[0]!r}", where=path)
        if other := [name for name in table.columns if name not in form.needs and not re.fullmatch(form.others, name)]:
            raise Refused(f"column {other[0]!r} is none of this file's", where=path)
        for name in (name for name in form.needs if table[name].null_count()):
            raise Refused(f"column {name!r} has no value in line {int(table[name].is_null().arg_max() or 0) + 1}", where=path)
        if form.unique and table.select(form.unique).is_duplicated().any():
            raise Refused(f"two lines agree in {' and '.join(form.unique)}", where=path)
        if "seed" in table.columns and not (table["seed"].dtype.is_integer() and all(
                0 <= int(str(seed)) < 2**63 for seed in (table["seed"].min(), table["seed"].max()) if seed is not None)):
            raise Refused("column 'seed' holds what is no seed", where=path)
        if "split" in table.columns and not table["split"].is_in(["test", "train"]).all():
            raise Refused("column 'split' holds what is neither test nor train", where=path)
        if form is ROWS:
            self._learn(table, path)
        elif "cell_key" in table.columns and not frozenset(table["cell_key"].unique()) <= self._cells:
            raise Refused("column 'cell_key' names a cell that is no row's", where=path)
        elif form is ANSWERS:
            self._check_answers(table, path)

    def _learn(self, rows: pl.DataFrame, path: str) -> None:
        """What the rows say of the other files."""
        if not rows.height:
            raise Refused("there is no row", where=path)
        for name in LABELS:
            for label in rows[name].drop_nulls().unique() if name in rows.columns else ():
                told = told_of_any(label)
                if fault := place_in(label) or (f"and with it {told}" if told else ""):
                    raise Refused(f"column {name!r} holds {shown(label)}, {fault}", where=path)
        if odd := sorted(frozenset(rows["status"].unique()) - frozenset(STATUSES)):
            raise Refused(f"column 'status' holds {shown(odd[0])}", where=path, hint=f"known: {', '.join(STATUSES)}")
        self._cells = frozenset(rows["cell_key"])
        self._files = frozenset(f"{FOLDER}/{kept_file(task)}" for task in rows["task"].unique())
        named = [f"predictor_{role}" for role in PREDICTORS if f"predictor_{role}" in rows.columns]
        self._predictors = frozenset({TRUTH, *(key for name in named for key in rows[name].drop_nulls().unique())})

    def _check_answers(self, table: pl.DataFrame, path: str) -> None:
        import polars as pl

        values = [name for name in table.columns if name.startswith("value_")]
        if sorted(values) != sorted(f"value_{j}" for j in range(len(values))) or not values:
            raise Refused("the columns of values are not value_0, value_1 and so on", where=path)
        for name in values:
            if not table[name].dtype.is_float() or table[name].null_count():
                raise Refused(f"column {name!r} holds what is no number", where=path)
            if table[name].is_finite().any() and float(str(table.filter(pl.col(name).is_finite())[name].abs().max())) > FARTHEST:
                raise Refused(f"column {name!r} holds a number past {FARTHEST:g}, of which no error can be computed", where=path)
        if strange := sorted(frozenset(table["predictor"].unique()) - self._predictors):
            raise Refused(f"predictor {shown(strange[0])} is none of the rows'", where=path)


def _check_column(column: pl.Series, path: str) -> None:
    """Raises Refused for a type that no table has, and for text that is too long, or holds what it may not."""
    import polars as pl

    name, kind = column.name, column.dtype
    if kind == pl.List(pl.String):
        column = column.explode(empty_as_null=True)
    elif not (kind.is_integer() or kind in (pl.Float32, pl.Float64, pl.Boolean, pl.String, pl.Null)):
        raise Refused(f"column {name!r} is {kind}, which no table of a submission holds", where=path)
    if name in _TEXTS and kind not in (pl.String, pl.Null):
        raise Refused(f"column {name!r} is {kind}, not text", where=path)
    if column.dtype != pl.String:
        return
    most = MOST_JSON if name in _JSON else MOST_LINE
    if (longest := column.str.len_chars().max()) is not None and int(str(longest)) > most:
        raise Refused(f"column {name!r} holds a text of {int(str(longest)):,} characters, at most {most:,} may be", where=path)
    if column.str.len_bytes().sum() > MOST_DECODED:
        raise Refused(f"column {name!r} holds more than {MOST_DECODED // 1_000_000} MB of text", where=path)
    texts = column.drop_nulls().unique()
    allowed = _KEY if name in KEYS else _PRINTED if name in _ASCII else None
    odd = texts.filter(~texts.str.contains(allowed.pattern) if allowed else texts.str.contains(_ODD))
    if odd.len():
        why = odd_character(str(odd[0])) or "what is no plain name"
        raise Refused(f"column {name!r} holds {shown(str(odd[0]))}: {why}", where=path)
    for text in texts if name in _JSON else ():
        _check_json(name, text, path)
    for text in texts.filter(texts.str.contains(ACTIVE)):
        raise Refused(f"column {name!r} holds {active_markup(text)}", where=path)
    for text in texts.filter(texts.str.contains(MAY_TELL)) if name not in LABELS else ():
        if told := told_of_any(text):
            raise Refused(f"column {name!r} holds {told}", where=path)


def _check_json(name: str, text: str, path: str) -> None:
    kinds: dict[str, type[msgspec.Struct] | object] = {
        "facts": Facts, "versions": dict[str, str],
        "output": dict[str, bool | float | str | list[float | str | None] | None]}
    try:
        found = msgspec.json.decode(text.encode(), type=kinds[name])
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise Refused(f"column {name!r} holds what cannot be read: {shown(str(error))}", where=path) from None
    if name == "facts" and len(text) > MOST_LINE:
        raise Refused(f"column 'facts' holds {len(text):,} characters, at most {MOST_LINE:,} may be", where=path)
    leaves = list(_leaves(found if isinstance(found, dict) else msgspec.to_builtins(found)))
    if odd := odd_character("".join(leaf for leaf in leaves if isinstance(leaf, str))):
        raise Refused(f"column {name!r} holds {odd}", where=path)
    if any(abs(leaf) > FARTHEST for leaf in leaves if isinstance(leaf, int | float)):
        raise Refused(f"column {name!r} holds a number past {FARTHEST:g}", where=path)


def _leaves(value: object) -> Iterator[object]:
    """All texts and numbers within a JSON value, its keys among them."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def _limit() -> None:
    """Take from this process what it does not need. Address space is limited where the system can."""
    import resource

    for what, most in ((resource.RLIMIT_CPU, MOST_SECONDS), (resource.RLIMIT_FSIZE, _MOST_WRITTEN), (resource.RLIMIT_CORE, 0),
                       *(((resource.RLIMIT_AS, MOST_MEMORY),) if sys.platform == "linux" else ())):
        hard = resource.getrlimit(what)[1]
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def main(words: Sequence[str]) -> None:
    """Read, and say what is refused."""
    _limit()
    source, target = map(Path, words)
    said: dict[str, str] = {}
    try:
        read_all(source, target)
    except Refused as error:
        said = {"what": error.what, "where": error.where, "hint": error.hint}
    (target / "said").write_bytes(msgspec.json.encode(said))


if __name__ == "__main__":
    main(sys.argv[1:])
