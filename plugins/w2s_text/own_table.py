"""A task made from a table of the user's: one or two columns of text, one column of numbers or classes."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import (
    PARTS,
    Array,
    ClassColumn,
    Classes,
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
    class_names,
    columns_at,
    draw_splits,
    easy_to_hard,
    leaks,
    limited,
    number_labels,
    read_table,
    repeated,
    scored_by_brier,
    seed_for,
    table_digest,
    thinned,
    usable_parts,
)
from w2s_text.columns import chosen_column, difficulty_of, ids_of, texts, words_in

FEWEST_ROWS = 6
BETWEEN = "\n\n"
"""What stands between the two texts of a pair."""


@dataclass(frozen=True)
class _Rows:
    """All rows that the parts are made of. part: (n,) index into PARTS, or None where parts are drawn. difficulty: (n,), or None
    where parts are drawn whatever it is."""

    inputs: Columns
    truth: Array
    ids: Array
    part: Array | None
    difficulty: Array | None = None

    def at(self, rows: Array) -> _Rows:
        part, difficulty = (None if each is None else each[rows] for each in (self.part, self.difficulty))
        return _Rows(columns_at(self.inputs, rows), self.truth[rows], self.ids[rows], part, difficulty)


@dataclass(frozen=True)
class OwnTable:
    """Text and a label from CSV, TSV, JSON lines, Parquet, a folder of those, or (with `revision`) a data set of the hub.

    Inputs: "text" (n,) and every other column under its own name, save label, id, split and `second`; the text of a pair
    is the first, an empty line and the second. The parts are those of the split column, or 40 % supervise, 40 % transfer
    and 20 % test, drawn by the cell's seed. difficulty: a column of numbers, larger is harder, or "words" for how many words a
    text has: the easiest rows supervise, and the others are drawn. output: "number"; "classes"; or "ordinal", classes that are
    steps of a scale.
    """

    path: str
    text: str
    label: str
    split: str
    id: str
    revision: str
    name: str
    unit: str
    output_kind: str
    classes: str
    second: str
    balance: str
    class_divergence: str
    limit: int
    answers: str
    difficulty: str
    wording: Wording

    licence = "as the owner of the table says"
    citation = ""
    leaves_out = "answers"

    @property
    def capabilities(self) -> frozenset[str]:
        """What columns there are is not asked of the hub."""
        always = frozenset({"absent", "balanced", "pinned", "pool", "leaves_out"})
        return always | ({"columns", "inputs_read"} if not self.revision else set())

    @functools.cached_property
    def columns(self) -> frozenset[str]:
        """The texts, under the name "text", and the other columns under their own."""
        return frozenset({"text", *self.inputs_read().left_out})

    def inputs_read(self) -> InputsRead:
        """The column of texts, the others, and what gives a label away. Raises DataError as `load`."""
        table = self._table()
        answers, there = self._answers(table)
        x = (self.text, self.second) if self.second else (self.text,)
        taught = self.answers.split("+")
        why = {**dict.fromkeys(taught, "it holds answers"), self.difficulty: "it says how hard a text is"}
        others = {name: why.get(name, "models read the text")
                  for name in table.columns if name not in {*x, self.label, chosen_column(table, self.id, "id"),
                                                            chosen_column(table, self.split, "split")}}
        self._split(self._rows(table), 0)
        rows = np.flatnonzero(there)
        silent = f"{len(table) - len(rows)} of {len(table)} rows have no answer of {self.answers} and leave the task"
        told = {self.label: self._truth(table)[rows],
                **{name: values.reshape(len(values), -1)[rows] for name, values in answers.items()}}
        read = list(zip(*(texts(table, name)[rows] for name in x), strict=True))
        empty = sum(not "".join(each).strip() for each in read)
        found = (*leaks({}, told, {}), *repeated(read, "the text"))
        notes = (*([easy_to_hard(self.difficulty)] if self.difficulty else []), *([silent] if len(rows) < len(table) else []),
                 *([f"{empty} of {len(read)} rows have an empty text"] if empty else []),
                 *([scored_by_brier(self._hard)] if self._hard and self.class_divergence == "auto" else []),
                 *(leak.words for leak in found))
        return InputsRead(x, others, notes=notes, name="text", flags=tuple(leak.flag for leak in found if leak.flag),
                          hard=self._hard)

    @functools.cached_property
    def output(self) -> Output:
        """One number; or the classes that were named, else those in the label column, for which the table is read."""
        if self._class_column is None:
            return Regression(1, self.unit)
        if self._class_column.names:
            return Classes(len(self._class_column.names), self._class_column.names, self._class_column.ordered)
        return self._class_column.classes(self._table())

    @property
    def divergence(self) -> str:
        """Squared for numbers; for classes, where none is named, kl, or brier where a teacher answers with classes alone, at
        which kl is infinite.
        """
        if self.output_kind == "number":
            return "squared"
        return ("brier" if self._hard else "kl") if self.class_divergence == "auto" else self.class_divergence

    @property
    def balanced(self) -> bool:
        """Whether the classes were thinned to one size."""
        return self.balance == "on"

    def fingerprint(self) -> str:
        """SHA-256 of the files; `name@revision` for a data set of the hub. Raises DataError for a missing file."""
        self._check()
        if self.revision:
            return f"{self.path}[{self.name}]@{self.revision}"
        return table_digest(self.path)

    def pinned(self) -> dict[str, str]:
        """The commit that a revision on the hub stands for, as far as it is known."""
        from w2s_text.hub import commit_named, commit_on_hub

        commit = commit_named(self.revision) or commit_on_hub(self.path, self.revision) if self.revision else None
        return {"revision": commit} if commit else {}

    def absent(self) -> str:
        """What of a data set of the hub is neither in the cache nor on a hub that answers; "" for files."""
        from w2s_text.hub import HubCopy, absent_copy

        return absent_copy(HubCopy("text", self.path, "", "", self.name, ""), self.revision) if self.revision else ""

    def pool(self) -> Pool:
        """Every row's inputs."""
        rows = self._rows(self._table())
        return Pool(rows.inputs, rows.ids)

    def load(self, seed: int) -> Splits:
        """Splits of the table; truth (n, 1) float64 in the label's unit, or (n, k) one-hot. Raises DataError with the row at
        fault.
        """
        return self._split(self._rows(self._table()), seed)

    def _split(self, rows: _Rows, seed: int) -> Splits:
        if rows.part is None:
            return draw_splits(rows.inputs, rows.truth, rows.ids, seed_for("split", task="text", seed=seed),
                               difficulty=rows.difficulty)
        parts = [np.flatnonzero(rows.part == number) for number in range(len(PARTS))]
        splits = Splits(*(Split(columns_at(rows.inputs, part), rows.truth[part], rows.ids[part]) for part in parts))
        return usable_parts(splits, self.output, self.path,
                            "split" if self.split == "auto" else self.split)

    def _check(self) -> None:
        where = f"text[path={self.path}]"
        if self.name and not self.revision:
            raise UsageError(f"name={self.name} is the configuration of a data set on the hub, and no revision is given",
                             where=where, hint="add revision=… or leave name away")
        if self.output_kind == "number" and (self.classes or self.balanced):
            raise UsageError("classes= and balance= are for classes, and the label is read as a number", where=where,
                             hint="add output=classes")
        if self.unit and self.output_kind != "number":
            raise UsageError(f"unit={self.unit} is for a number, and the label is read as a class", where=where,
                             hint="leave unit away, or output=number")

    @functools.cached_property
    def _class_column(self) -> ClassColumn | None:
        self._check()
        if self.output_kind == "number":
            return None
        return ClassColumn(self.label, class_names(self.classes, f"text[path={self.path}]"), self.output_kind == "ordinal")

    def _table(self) -> Table:
        from w2s_text.hub import read_hub

        table = read_hub(self.path, self.name, self.revision) if self.revision else read_table(self.path, self.wording)
        if len(table) < FEWEST_ROWS:
            raise DataError(f"has {len(table)} rows; at least {FEWEST_ROWS} are needed", where=table.source)
        return table

    def _rows(self, table: Table) -> _Rows:
        truth, ids = self._truth(table), ids_of(table, self.id)
        part_column = chosen_column(table, self.split, "split")
        inputs = self._inputs(table, part_column)
        answers, there = self._answers(table)
        rows = _Rows({**inputs, **answers}, truth, ids, None if part_column is None else self._parts(table, part_column),
                     self._difficulty(table)).at(np.flatnonzero(there))
        if self.limit:
            rows = rows.at(limited(len(rows.ids), self.limit, "text"))
        return rows.at(thinned(rows.truth, rows.part, "text")) if self.balanced else rows

    def _answers(self, table: Table) -> tuple[dict[str, Array], Array]:
        """What each teacher answers, by column, and which rows (n,) have an answer of all of them."""
        return answers_of_all(table, filter(None, self.answers.split("+")), self.output, FEWEST_ROWS)

    @functools.cached_property
    def _hard(self) -> frozenset[str]:
        """The columns of answers that give classes the probability 0."""
        if not self.answers or self.output_kind == "number":
            return frozenset()
        return frozenset(name for name, values in self._answers(self._table())[0].items() if are_hard(values))

    def _truth(self, table: Table) -> Array:
        if self._class_column is None:
            return number_labels(table, self.label)
        return self._class_column.truth(table, self._class_column.classes(table))

    def _inputs(self, table: Table, part_column: str | None) -> dict[str, Array]:
        first = texts(table, self.text)
        inputs = {"text": joined(first, texts(table, self.second)) if self.second else first}
        unread = {self.text, self.label, self.second or self.text, part_column, chosen_column(table, self.id, "id")}
        for name in table.columns:
            if name in unread:
                continue
            if name == "text":
                raise DataError(
                    f"has a column 'text' beside text={self.text}",
                    where=table.source,
                    hint="rename one: models read the chosen column under the name 'text'",
                )
            inputs[name] = table.typed(name).values
        return inputs

    def _difficulty(self, table: Table) -> Array | None:
        part = chosen_column(table, self.split, "split")
        return difficulty_of(table, self.difficulty, part, lambda: words_in(self._inputs(table, None)["text"]))

    def _parts(self, table: Table, column: str) -> Array:
        return np.array([PARTS.index(part) for part in table.parts(column, "split=none")])


def own_table(path: str, text: str, label: str, split: str, id: str, revision: str, name: str, unit: str, output: str,
              classes: str, second: str, balance: str, limit: int, divergence: str, answers: str, difficulty: str,
              **reading: str) -> OwnTable:
    """The task of these parameters; `output` and `divergence` are properties of it. reading: how the table is to be read."""
    return OwnTable(path, text, label, split, id, revision, name, unit, output, classes, second, balance, divergence, limit,
                    answers, difficulty, Wording(**reading))


def joined(first: Array, second: Array) -> Array:
    """Pairs as one text each: the first, an empty line, the second. (n,) object of str."""
    both = np.empty(len(first), dtype=object)
    both[:] = [f"{one}{BETWEEN}{other}" for one, other in zip(first, second, strict=True)]
    return both
