"""A task from the user's own file."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import (
    Array,
    Column,
    Columns,
    DataError,
    InputsRead,
    Output,
    Regression,
    Split,
    Splits,
    Table,
    Wording,
    array_width,
    draw_splits,
    nearest,
    number_labels,
    read_table,
    seed_for,
    table_digest,
)
from w2s_tabular.inputs import Wanted, inputs_of, matrix
from w2s_tabular.reuse import reused

PARTS = ("supervise", "transfer", "test")
SMALLEST = 6
_IDS = ("id", "ids")


@dataclass(frozen=True)
class Arrays:
    """Numbers to predict from named columns of a table, an npz or a folder.

    Every column but label, splits and id is an input column of its own; which of them together are `x` (n, d), and why the
    others are not, `inputs_read` says (see `w2s_tabular.inputs`).
    path: the file. label: name of the label column. splits: name of the column with supervise, transfer or
    test in each row, or none. features, exclude, include: column names joined with "+". reuse_inputs: transfer is the supervise
    sample. id: name of the column of ids, auto, or none. separator, encoding, na, decimal: see `READING` of the contracts.
    """

    licence = "the user's own data"
    citation = ""
    capabilities = frozenset({"inputs_read", "leaves_out"})
    leaves_out = "exclude"
    path: str
    label: str = "y"
    splits: str = "split"
    features: str = ""
    divergence: str = "squared"
    reuse_inputs: bool = False
    exclude: str = ""
    include: str = ""
    id: str = "auto"
    separator: str = "auto"
    encoding: str = "auto"
    na: str = ""
    decimal: str = "point"

    @property
    def output(self) -> Output:
        """One number, or as many as the label array has columns."""
        return Regression(array_width(self.path, self.label), self.label)

    def fingerprint(self) -> str:
        """SHA-256 of what is read."""
        return table_digest(self.path)

    def inputs_read(self) -> InputsRead:
        """Which columns are x, and why the others are not. Raises DataError as `load`."""
        return self._inputs_read

    @functools.cached_property
    def _inputs_read(self) -> InputsRead:
        table = self._table()
        return inputs_of(table, self._columns(table), self._wanted)

    def load(self, seed: int) -> Splits:
        """The parts named by the splits column, or parts of 40, 40 and 20 % drawn by the seed."""
        table = self._table()
        truth = number_labels(table, self.label)
        ids = self._ids(table)
        columns = self._columns(table)
        inputs = self._inputs(table, columns)
        if self._splits(table):
            return self._as_given(table, inputs, truth, ids)
        splits = draw_splits(inputs, truth, ids, seed_for("split", task="arrays", seed=seed))
        return reused(splits) if self.reuse_inputs else splits

    @property
    def _wanted(self) -> Wanted:
        return Wanted(*(tuple(filter(None, names.split("+"))) for names in (self.features, self.exclude, self.include)))

    def _table(self) -> Table:
        table = read_table(self.path, Wording(self.separator, self.encoding, self.na, self.decimal))
        table.column(self.label, "label")
        if len(table) < SMALLEST:
            rows = "1 row" if len(table) == 1 else f"{len(table)} rows"
            raise DataError(f"{rows} cannot be split into three parts", where=self.path,
                            hint=f"at least {SMALLEST} rows are needed")
        return table

    def _columns(self, table: Table) -> dict[str, Column]:
        """The input columns."""
        set_aside = {self.label, self._id(table), self._splits(table)}
        columns = {name: table.typed(name) for name in table.columns if name not in set_aside}
        if not columns:
            raise DataError("no column is left as input beside the label", where=self.path, hint="add a feature column")
        return columns

    def _inputs(self, table: Table, columns: Mapping[str, Column]) -> Columns:
        chosen = inputs_of(table, columns, self._wanted).x
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

    def _as_given(self, table: Table, inputs: Columns, truth: Array, ids: Array) -> Splits:
        column = np.array([str(cell).strip() for cell in table.columns[self.splits]], dtype=object)
        for row, value in enumerate(column):
            if value not in PARTS:
                raise DataError(f"{table.row(row)} of column {self.splits!r} is {value!r}, which is no part", where=self.path,
                                hint=f"{nearest(value, PARTS)} Or splits=none: parts are drawn by the seed")
        parts = {}
        for part in PARTS:
            rows = np.flatnonzero(column == part)
            if not len(rows) and not (part == "transfer" and self.reuse_inputs):
                raise DataError(f"column {self.splits!r} puts no row into {part!r}", where=self.path,
                                hint=f"it must name each of {', '.join(PARTS)}")
            chosen = {name: values[rows] for name, values in inputs.items()}
            parts[part] = Split(chosen, truth[rows], ids[rows])
        splits = Splits(**parts)
        return reused(splits) if self.reuse_inputs else splits
