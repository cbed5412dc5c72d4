"""A task from the user's own file."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from w2s_bench.contracts import (
    PARTS,
    Array,
    ClassColumn,
    Classes,
    Column,
    Columns,
    DataError,
    InputsRead,
    Output,
    Pool,
    Regression,
    Split,
    Splits,
    Table,
    UsageError,
    Wording,
    answers_of_all,
    are_hard,
    array_width,
    class_names,
    columns_at,
    draw_splits,
    easy_to_hard,
    is_mapped,
    leaks,
    limited,
    nearest,
    number_labels,
    read_table,
    scored_by_brier,
    seed_for,
    table_digest,
    thinned,
    usable_parts,
)
from w2s_tabular.inputs import Wanted, check_varied, filled, inputs_of, is_row_number, matrix
from w2s_tabular.reuse import reused

SMALLEST = 6
_IDS = ("id", "ids")
_SPELLED = ("id", "ids", "Id", "Ids", "ID", "IDs", "IDS")


@dataclass(frozen=True)
class Arrays:
    """Numbers or classes to predict from named columns of a table, an npz or a folder.

    Every column but label, splits and id is an input column of its own; which of them together are `x` (n, d), and why the
    others are not, `inputs_read` says (see `w2s_tabular.inputs`).
    path: the file. label: name of the label column. splits: name of the column with supervise, transfer or
    test in each row, or none. features, exclude, include: column names joined with "+". reuse_inputs: transfer is the supervise
    sample. answers: columns with a teacher's answers, joined with "+", which are in no x. difficulty: a column of numbers, larger
    is harder, by which the easiest examples supervise; in x where included. id: name of the column of ids, auto, or none.
    separator, encoding, na, decimal: see `READING` of the contracts.
    output_kind: "number"; "classes"; or "ordinal", classes that are steps of a scale. classes: their names in order, with commas.
    balance: "on" thins the classes to one size. limit: a fixed sample of at most so many examples. scored_by: a divergence, or
    auto. gaps: refuse, or the mean or median that fills the gaps of x, of all rows and without their labels.
    """

    licence = "the user's own data"
    citation = ""
    capabilities = frozenset({"balanced", "columns", "inputs_read", "leaves_out", "pool"})
    leaves_out = "answers"
    path: str
    label: str = "y"
    splits: str = "split"
    features: str = ""
    reuse_inputs: bool = False
    exclude: str = ""
    include: str = ""
    id: str = "auto"
    separator: str = "auto"
    encoding: str = "auto"
    na: str = ""
    decimal: str = "point"
    output_kind: str = "number"
    classes: str = ""
    balance: str = "off"
    limit: int = 0
    scored_by: str = "auto"
    answers: str = ""
    difficulty: str = ""
    gaps: str = "refuse"

    @functools.cached_property
    def output(self) -> Output:
        """One number, or as many as the label array has columns; or the classes, for which a table may be read."""
        if self._class_column is None:
            return Regression(array_width(self.path, self.label), self.label)
        names = self._class_column.names
        return Classes(len(names), names, self._class_column.ordered) if names else self._class_column.classes(self._table())

    @property
    def divergence(self) -> str:
        """Squared for numbers; for classes kl, or brier where a teacher answers with classes alone, at which kl is infinite.
        Raises UsageError for one of these that is not of the kind.
        """
        kinds = ("squared",) if self.output_kind == "number" else ("kl", "brier")
        if self.scored_by in {"squared", "kl", "brier"} - set(kinds):  # whether another scores this output the plan asks
            raise UsageError(f"divergence={self.scored_by} does not score {self.output_kind}", where=f"arrays[path={self.path}]",
                             hint=f"one of {', '.join(kinds)}; classes are read with output=classes")
        if self.scored_by != "auto":
            return self.scored_by
        return "brier" if self.answers and self.output_kind != "number" and self._inputs_read.hard else kinds[0]

    @property
    def balanced(self) -> bool:
        """Whether the classes were thinned to one size."""
        return self.balance == "on"

    @functools.cached_property
    def _class_column(self) -> ClassColumn | None:
        where = f"arrays[path={self.path}]"
        if self.output_kind != "number":
            return ClassColumn(self.label, class_names(self.classes, where), self.output_kind == "ordinal")
        if self.classes or self.balanced:
            raise UsageError("classes= and balance= are for classes, and the label is read as a number", where=where,
                             hint="add output=classes")
        return None

    def fingerprint(self) -> str:
        """SHA-256 of what is read."""
        return table_digest(self.path)

    def inputs_read(self) -> InputsRead:
        """Which columns are x, why the others are not, and what gives the label or an excluded column away. Raises DataError as
        `load`.
        """
        return self._inputs_read

    @functools.cached_property
    def columns(self) -> frozenset[str]:
        """Every column but label, splits and id, and x where there is one."""
        return frozenset(self._columns(self._table())) | ({"x"} if self._inputs_read.x else set())

    @functools.cached_property
    def _inputs_read(self) -> InputsRead:
        table = self._table()
        columns = self._columns(table)
        wanted = self._wanted(table)
        read = inputs_of(table, columns, wanted)
        columns = filled(columns, read.x, self.gaps)
        taught, there = self._answers(table, columns)
        rows = np.flatnonzero(there)
        if self._splits(table) is not None:
            self._split({}, table, rows, 0)
        self._ids(table)
        truth = self._truth(table)
        check_varied(table, columns, read.x)
        answers = {self.label: truth[rows], **{name: values.reshape(len(values), -1)[rows] for name, values in taught.items()}}
        answers |= {name: column.values[rows, None] for name in wanted.exclude
                    if (column := columns[name]).kind == "numbers" and np.isfinite(column.values).all()}
        numbered = {name: columns[name].values for name in read.left_out if is_row_number(name, columns[name], table)}
        x = {name: columns[name].values for name in read.x}
        found = leaks(x if len(rows) == len(table) else columns_at(x, rows), answers,
                      {name: values[rows] for name, values in numbered.items()}, unflagged=wanted.exclude)
        silent = f"{len(table) - len(rows)} of {len(table)} rows have no answer of {self.answers} and leave the task"
        hard = frozenset(name for name, values in taught.items() if self.output_kind != "number" and are_hard(values))
        notes = (*read.notes, *([easy_to_hard(self.difficulty)] if self.difficulty else []),
                 *([silent] if len(rows) < len(table) else []),
                 *([scored_by_brier(hard)] if hard and self.scored_by == "auto" else []), *(leak.words for leak in found))
        return replace(read, notes=notes, flags=tuple(dict.fromkeys(leak.flag for leak in found if leak.flag)), hard=hard)

    def load(self, seed: int) -> Splits:
        """The parts named by the splits column, or parts of 40, 40 and 20 % drawn by the seed."""
        table = self._table()
        return self._split(*self._read(table), seed)

    def pool(self) -> Pool:
        """The rows that are used."""
        table = self._table()
        whole, _ = self._used(*self._read(table))
        return Pool(whole.inputs, whole.ids)

    def _read(self, table: Table) -> tuple[Columns, Table, Array]:
        """The inputs, and the rows that have an answer of each teacher."""
        columns = self._columns(table)
        answers, there = self._answers(table, columns)
        return {**self._inputs(table, columns), **answers}, table, np.flatnonzero(there)

    def _used(self, inputs: Columns, table: Table, rows: Array) -> tuple[Split, Array]:
        """What is drawn from, and which rows of the table that is; rows: those that have an answer of each teacher."""
        whole, parts = Split(inputs, self._truth(table), self._ids(table)), self._parts(table)
        rows = rows[self._rows(whole.truth[rows], None if parts is None else parts[rows])]
        if len(rows) < len(table):
            whole = Split(columns_at(whole.inputs, rows), whole.truth[rows], whole.ids[rows])
        return whole, rows

    def _split(self, inputs: Columns, table: Table, rows: Array, seed: int) -> Splits:
        """rows: those that have an answer of each teacher."""
        (whole, rows), parts = self._used(inputs, table, rows), self._parts(table)
        if parts is not None:
            return self._as_given(whole, parts[rows])
        hard = table.difficulty(self.difficulty)[rows] if self.difficulty else None
        splits = draw_splits(whole.inputs, whole.truth, whole.ids, seed_for("split", task="arrays", seed=seed), difficulty=hard)
        return reused(splits) if self.reuse_inputs else splits

    def _truth(self, table: Table) -> Array:
        column = self._class_column
        return number_labels(table, self.label) if column is None else column.truth(table, column.classes(table))

    def _answers(self, table: Table, columns: Mapping[str, Column]) -> tuple[dict[str, Array], Array]:
        """What each teacher answers, by column, and which rows (n,) have an answer of all of them."""
        names = _names(self.answers, table)
        for name in names:
            if name not in columns:
                raise DataError(f"no column {name!r} of answers", where=self.path, hint=nearest(name, columns))
        return answers_of_all(table, names, self.output, SMALLEST)

    def _rows(self, truth: Array, parts: Array | None) -> Array:
        """The rows that are used, ascending: a fixed sample, balanced after that."""
        rows = limited(len(truth), self.limit, "arrays")
        return rows[thinned(truth[rows], None if parts is None else parts[rows], "arrays")] if self.balanced else rows

    def _wanted(self, table: Table) -> Wanted:
        features, exclude, include, answers = (_names(text, table) for text in (
            self.features, self.exclude, self.include, self.answers))
        return Wanted(features, exclude, include, answers, self.difficulty, self.gaps)

    def _table(self) -> Table:
        if self._long:
            return self._long[0]
        table = read_table(self.path, Wording(self.separator, self.encoding, self.na, self.decimal), self._apart)
        table.column(self.label, "label")
        if len(table) < SMALLEST:
            rows = "1 row" if len(table) == 1 else f"{len(table)} rows"
            raise DataError(f"{rows} cannot be split into three parts", where=self.path,
                            hint=f"at least {SMALLEST} rows are needed")
        if any(is_mapped(cells) for cells in table.columns.values() if isinstance(cells, np.ndarray)):
            self._long.append(table)
        return table

    @functools.cached_property
    def _long(self) -> list[Table]:
        """The table, once it was read, where reading it again would take minutes: its numbers lie in a file."""
        return []

    @property
    def _apart(self) -> frozenset[str]:
        """Columns that are looked at cell by cell, and are no part of x."""
        named = (self.label, self.splits, self.id, self.difficulty, self.answers, self.exclude)
        return frozenset({*named, *self.answers.split("+"), *self.exclude.split("+"), *_SPELLED})

    def _columns(self, table: Table) -> dict[str, Column]:
        """The input columns."""
        if self.difficulty:
            self._check_difficulty(table)
        set_aside = {self.label, self._id(table), self._splits(table)}
        columns = {name: table.typed(name) for name in table.columns if name not in set_aside}
        if not columns:
            raise DataError("no column is left as input beside the label", where=self.path, hint="add a feature column")
        return columns

    def _inputs(self, table: Table, columns: Mapping[str, Column]) -> Columns:
        chosen = inputs_of(table, columns, self._wanted(table)).x
        columns = filled(columns, chosen, self.gaps)
        inputs = {name: column.values for name, column in columns.items()}
        return {**inputs, "x": matrix(columns, chosen)} if chosen else inputs

    def _id(self, table: Table) -> str | None:
        if self.id == "auto":
            return next((name for name in table.columns if name.lower() in _IDS), None)
        if self.id != "none":
            table.column(self.id, "id")
        return None if self.id == "none" else self.id

    def _ids(self, table: Table) -> Array:
        name = self._id(table)
        if name is None:
            return np.array([f"row {row}" for row in range(len(table))])
        return table.ids(name, "id=none numbers the rows instead")

    def _splits(self, table: Table) -> str | None:
        if self.splits in table.columns:
            return self.splits
        if self.splits not in ("split", "none"):
            raise DataError(f"no column {self.splits!r} to read the splits from", where=self.path,
                            hint=nearest(self.splits, table.columns))
        return None

    def _check_difficulty(self, table: Table) -> None:
        """Raise UsageError where something else than the difficulty says which part a row is in, DataError as `difficulty`."""
        if self._splits(table) is not None:
            raise UsageError(f"the column {self.splits!r} names the parts, and difficulty={self.difficulty} draws them",
                             where=self.path, hint="splits=none draws them; or leave difficulty away")
        if self.reuse_inputs:
            raise UsageError("reuse_inputs makes the easy sample the transfer sample, and difficulty makes that of hard ones",
                             where=self.path, hint="leave one of the two away")
        table.difficulty(self.difficulty)

    def _parts(self, table: Table) -> Array | None:
        """(n,) part of each row, None where the seed draws them."""
        if self._splits(table) is None:
            return None
        return table.parts(self.splits, "splits=none")

    def _as_given(self, whole: Split, column: Array) -> Splits:
        at = {part: np.flatnonzero(column == part) for part in PARTS}
        splits = Splits(**{part: Split(columns_at(whole.inputs, rows), whole.truth[rows], whole.ids[rows])
                           for part, rows in at.items()})
        return usable_parts(reused(splits) if self.reuse_inputs else splits, self.output, self.path, self.splits)


def own_arrays(path: str, output: str = "number", divergence: str = "auto", **settings: Any) -> Arrays:
    """The task of these parameters; `output` and `divergence` are properties of it."""
    return Arrays(path, output_kind=output, scored_by=divergence, **settings)


def _names(text: str, table: Table) -> tuple[str, ...]:
    """The columns that a text names, joined with "+"; one whose own name has it in it may be named alone."""
    return (text,) if text in table.columns else tuple(filter(None, text.split("+")))
