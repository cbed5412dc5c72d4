"""A task made from a table of the user's: one column of text, one column of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from w2s_bench.contracts import Array, Regression, Split, Splits, draw_splits
from w2s_bench.errors import DataError, UsageError, nearest
from w2s_bench.seeds import seed_for
from w2s_text.columns import input_column, labels, texts
from w2s_text.hub import read_hub
from w2s_text.tables import Table, digest_of_files, read_files, table_files

FEWEST_ROWS = 6
PARTS = ("supervise", "transfer", "test")


@dataclass(frozen=True)
class OwnTable:
    """Text and a number from CSV, JSONL, Parquet, a folder of those, or (with `revision`) a data set of the
    hub.

    Inputs: "text" (n,) and every other column under its own name, save label, id and split. The parts are
    those of the split column, or 40 % supervise, 40 % transfer and 20 % test, drawn by the cell's seed.
    """

    path: str
    text: str
    label: str
    split: str
    id: str
    revision: str
    name: str
    unit: str

    divergence = "squared"
    licence = "as the owner of the table says"
    citation = ""

    @property
    def output(self) -> Regression:
        """One number."""
        return Regression(1, self.unit)

    def fingerprint(self) -> str:
        """SHA-256 of the files; `name@revision` for a data set of the hub. Raises DataError for a missing
        file.
        """
        if self.revision:
            return f"{self.path}[{self.name}]@{self.revision}"
        if self.name:
            raise UsageError(
                f"name={self.name} is the configuration of a data set on the hub, and no revision is given",
                where=f"text[path={self.path}]",
                hint="add revision=… or leave name away",
            )
        return digest_of_files(table_files(self.path))

    def load(self, seed: int) -> Splits:
        """Splits of the table; truth (n, 1) float64 in the label's unit. Raises DataError with the row at
        fault.
        """
        table = (
            read_hub(self.path, self.name, self.revision)
            if self.revision
            else read_files(table_files(self.path))
        )
        if len(table) < FEWEST_ROWS:
            raise DataError(f"has {len(table)} rows; at least {FEWEST_ROWS} are needed", where=table.source)
        label, ids = labels(table, self.label), self._ids(table)
        inputs = {"text": texts(table, self.text)}
        part_column = self._named(table, self.split, "split")
        for name in table.columns:
            if name in {self.text, self.label, part_column, self._named(table, self.id, "id")}:
                continue
            if name == "text":
                raise DataError(
                    f"has a column 'text' beside text={self.text}",
                    where=table.source,
                    hint="rename one: models read the chosen column under the name 'text'",
                )
            inputs[name] = input_column(table.columns[name])
        if part_column is None:
            return draw_splits(inputs, label, ids, seed_for("split", task=self._identity(), seed=seed))
        parts = self._parts(table, part_column)
        return Splits(
            *(
                Split({name: column[rows] for name, column in inputs.items()}, label[rows], ids[rows])
                for rows in parts
            )
        )

    def _identity(self) -> str:
        """What the split is drawn from: the table's name without its folder, so that it can be moved."""
        return f"{self.path}[{self.name}]" if self.revision else Path(self.path).name

    def _named(self, table: Table, wanted: str, automatic: str) -> str | None:
        if wanted == "none" or (wanted == "auto" and automatic not in table.columns):
            return None
        column = automatic if wanted == "auto" else wanted
        table.column(column)
        return column

    def _ids(self, table: Table) -> Array:
        column = self._named(table, self.id, "id")
        if column is None:
            return np.array([str(row) for row in range(1, len(table) + 1)])
        ids = np.array([str(value) for value in table.column(column)])
        unique, first, count = np.unique(ids, return_index=True, return_counts=True)
        if len(unique) < len(ids):
            at = first[count > 1].min()
            raise DataError(
                f"id {str(ids[at])!r} of {table.row(int(at))} occurs more than once",
                where=table.source,
                hint="id=none numbers the rows instead",
            )
        return ids

    def _parts(self, table: Table, column: str) -> list[Array]:
        values: list[Any] = table.column(column)
        for index, value in enumerate(values):
            if value not in PARTS:
                raise DataError(
                    f"{column} of {table.row(index)} is {value!r}, not one of {', '.join(PARTS)}",
                    where=table.source,
                    hint=f"{nearest(str(value), PARTS)} Or split=none: parts are drawn by the seed",
                )
        return [np.flatnonzero([value == part for value in values]) for part in PARTS]
