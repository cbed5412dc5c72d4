"""A task from the user's own file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, Columns, DataError, Output, Regression, Split, Splits, draw_splits, nearest, seed_for
from w2s_tabular.files import IDS, holds_arrays, label_width, read_columns, table_digest
from w2s_tabular.reuse import reused

PARTS = ("supervise", "transfer", "test")
SMALLEST = 6


@dataclass(frozen=True)
class Arrays:
    """Numbers to predict from named columns in an .npz, .csv, .parquet or a folder of .npy.

    Every column but label, splits and id is an input column of its own; the numeric ones together are `x`
    (n, d), unless the file has an array `x` (.npz, .npy) or `features` lists the columns of `x`; `exclude` lists
    columns that stay out of it, such as a rule's answer that `given` teaches.
    path: the file. label: name of the label column. splits: name of the column with supervise, transfer or
    test in each row. features, exclude: column names joined with "+". reuse_inputs: transfer is the supervise sample.
    """

    licence = "the user's own data"
    citation = ""
    path: str
    label: str = "y"
    splits: str = "split"
    features: str = ""
    divergence: str = "squared"
    reuse_inputs: bool = False
    exclude: str = ""

    @property
    def output(self) -> Output:
        """One number, or as many as the label array has columns."""
        return Regression(label_width(self.path, self.label), self.label)

    def fingerprint(self) -> str:
        """SHA-256 of what is read."""
        return table_digest(self.path)

    def load(self, seed: int) -> Splits:
        """The parts named by the splits column, or parts of 40, 40 and 20 % drawn by the seed."""
        columns = read_columns(self.path)
        truth = self._truth(columns)
        names = [name for name in IDS if name in columns][:1]
        ids = self._ids(columns[names[0]]) if names else np.array([f"row {row}" for row in range(len(truth))])
        inputs = self._inputs({name: column for name, column in columns.items()
                               if name not in {self.label, self.splits, *names}})
        if self.splits in columns:
            return self._as_given(columns[self.splits], inputs, truth, ids)
        if self.splits != "split":
            raise DataError(f"no column {self.splits!r} to read the splits from", where=self.path,
                            hint=nearest(self.splits, columns))
        splits = draw_splits(inputs, truth, ids, seed_for("split", task="arrays", seed=seed))
        return reused(splits) if self.reuse_inputs else splits

    def _truth(self, columns: Columns) -> Array:
        if self.label not in columns:
            raise DataError(f"no label column {self.label!r}", where=self.path,
                            hint=f"{nearest(self.label, columns)} (choose with label=…)")
        values = columns[self.label]
        if len(values) < SMALLEST:
            rows = "1 row" if len(values) == 1 else f"{len(values)} rows"
            raise DataError(f"{rows} cannot be split into three parts",
                            where=self.path, hint=f"at least {SMALLEST} rows are needed")
        for row, value in enumerate(values):
            fault = _fault(value)
            if fault:
                raise DataError(f"label {self.label!r} in row {row + 1} is {fault}", where=self.path,
                                hint="labels must be finite numbers: mend the row or leave it out")
        return np.array(values, dtype=np.float64).reshape(len(values), -1)

    def _ids(self, column: Array) -> Array:
        ids = [str(value) for value in column]
        seen: dict[str, int] = {}
        for row, name in enumerate(ids):
            if name in seen:
                raise DataError(f"rows {seen[name] + 1} and {row + 1} share the id {name!r}", where=self.path,
                                hint="an example may be in one part only, once: ids must be unique")
            seen[name] = row
        return np.array(ids)

    def _inputs(self, columns: Columns) -> Columns:
        if self.features:
            chosen = self.features.split("+")
            for name in chosen:
                if name not in columns:
                    raise DataError(f"no feature column {name!r}", where=self.path,
                                    hint=nearest(name, columns))
                if columns[name].dtype == object:
                    raise DataError(f"feature column {name!r} holds text", where=self.path,
                                    hint="list numeric columns only")
        elif "x" in columns and (columns["x"].ndim == 2 or holds_arrays(self.path)):
            chosen = ["x"]
        else:
            kept_out = self._kept_out(columns)
            chosen = [name for name, column in columns.items()
                      if column.dtype != object and column.ndim == 1 and name not in kept_out]
        for name in chosen:
            bad = ~np.isfinite(columns[name])
            if bad.any():
                row = int(np.argwhere(bad)[0][0])
                raise DataError(f"feature column {name!r} holds {columns[name][bad][0]} in row {row + 1}",
                                where=self.path, hint="fill the gap, or list other columns with features=")
        if not columns:
            raise DataError("no column is left as input beside the label", where=self.path,
                            hint="add a feature column")
        if not chosen:
            return columns
        x = np.concatenate([columns[name].reshape(len(columns[name]), -1) for name in chosen], axis=1)
        return {**columns, "x": x}

    def _kept_out(self, columns: Columns) -> set[str]:
        names = set(filter(None, self.exclude.split("+")))
        for name in names:
            if name not in columns:
                raise DataError(f"no column {name!r} to exclude", where=self.path, hint=nearest(name, columns))
        return names

    def _as_given(self, column: Array, inputs: Columns, truth: Array, ids: Array) -> Splits:
        for row, value in enumerate(column):
            if value not in PARTS:
                raise DataError(f"row {row + 1} of column {self.splits!r} is {value!r}, which is no part",
                                where=self.path, hint=nearest(str(value), PARTS))
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


def _fault(value: Array | float | str) -> str:
    """Why a label cannot be used, in words; empty when it can."""
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return f"the text {value!r}, not a number" if value else "empty"
        return "" if np.isfinite(number) else value
    if np.isfinite(value).all():
        return ""
    return "NaN or empty" if np.isnan(value).any() else "infinite"
