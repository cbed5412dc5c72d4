"""Preferences from a table of the user's: two texts a row, and which of them is preferred."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np

from w2s_bench.contracts import (
    PARTS,
    Array,
    DataError,
    InputsRead,
    Pool,
    Preferences,
    Split,
    Splits,
    Table,
    UsageError,
    Wording,
    are_hard,
    columns_at,
    easy_to_hard,
    limited,
    paired,
    read_table,
    scored_by_brier,
    seed_for,
    table_digest,
    usable_parts,
)
from w2s_text.columns import chosen_column, difficulty_of, ids_of, texts, words_in
from w2s_text.dialogues import dialogue
from w2s_text.labelled import PARTS as SHARES
from w2s_text.labelled import drawn_parts, text_array
from w2s_text.preferred import Choice

FEWEST_ROWS = 6
BETWEEN = "\n\n"
"""What stands between a prompt and an answer."""


@dataclass(frozen=True)
class _Pairs:
    """first, second: (n,) object of str. share: (n,) that the first is preferred. answers: the same of each teacher, by column.

    groups: (n,) object of str; pairs of one group stay in one drawn part. part: (n,) number in PARTS, or None. difficulty: (n,),
    larger is harder, or None.
    """

    first: Array
    second: Array
    share: Array
    answers: dict[str, Array]
    ids: Array
    groups: Array
    part: Array | None
    difficulty: Array | None

    def at(self, rows: Array) -> _Pairs:
        part, difficulty = (None if values is None else values[rows] for values in (self.part, self.difficulty))
        return _Pairs(self.first[rows], self.second[rows], self.share[rows], dict(columns_at(self.answers, rows)), self.ids[rows],
                      self.groups[rows], part, difficulty)

    @property
    def inputs(self) -> dict[str, Array]:
        return {**paired("text", self.first, self.second), **self.answers}


@dataclass(frozen=True)
class OwnPairs:
    """Pairs of texts from CSV, TSV, JSON lines, Parquet or a folder of those. Inputs: the pairs "text", and `answers`.

    The better text and the other stand in the columns `chosen` and `rejected`, and which comes first is drawn by the id; or
    they stand in `first` and `second`, in this order, and `preferred` says which of the two is preferred. prompt: a column of
    what both answer, read before each with an empty line between, or "". A cell may hold a dialogue, a list of messages with
    role and content. Pairs of equal texts say nothing and leave. The parts are those of the split column, or 40, 40 and 20 %
    drawn by the cell's seed, with all pairs of one prompt in one part; with `difficulty`, a column of numbers or the words of
    both texts, easy to hard.
    """

    path: str
    prompt: str
    chosen: str
    rejected: str
    first: str
    second: str
    preferred: str
    sides: str
    tie: str
    split: str
    id: str
    limit: int
    pair_divergence: str
    answers: str
    difficulty: str
    wording: Wording

    output = Preferences()
    licence = "as the owner of the table says"
    citation = ""
    leaves_out = "answers"
    capabilities = frozenset({"inputs_read", "leaves_out", "pool"})

    @property
    def divergence(self) -> str:
        """As asked; where none is named, kl, or brier where a teacher answers with sides alone, at which kl is infinite."""
        return ("brier" if self._hard else "kl") if self.pair_divergence == "auto" else self.pair_divergence

    @functools.cached_property
    def _hard(self) -> frozenset[str]:
        """The columns of answers that give a side the probability 0."""
        if not self.answers:
            return frozenset()
        answers = self._read(self._table())[0].answers
        return frozenset(name for name, values in answers.items() if are_hard(values))

    def fingerprint(self) -> str:
        """SHA-256 of the files. Raises DataError for a missing file, UsageError for words that contradict each other."""
        self._check()
        return table_digest(self.path)

    def inputs_read(self) -> InputsRead:
        """The columns of texts, and the others; what leaves the task is noted. Raises DataError as `load`."""
        table = self._table()
        x = tuple(filter(None, (self.prompt, *self._columns)))
        taught = self._taught
        known = {*x, self.preferred, chosen_column(table, self.id, "id"), chosen_column(table, self.split, "split")}
        others = {name: "it holds answers" if name in taught else "models read the texts" for name in table.columns
                  if name not in known}
        pairs, there = self._read(table)
        same = int((pairs.first == pairs.second).sum())
        unanswered = len(table) - int(there.sum())
        notes = [f"{same} of {len(table)} pairs are of equal texts and leave the task"] if same else []
        notes += [f"{unanswered} of {len(table)} rows have no answer of {self.answers} and leave the task"] if unanswered else []
        notes += [scored_by_brier(self._hard)] if self._hard and self.pair_divergence == "auto" else []
        notes += [easy_to_hard(self.difficulty)] if self.difficulty else []
        return InputsRead(x, others, notes=tuple(notes), name="text", hard=self._hard)

    def pool(self) -> Pool:
        """Every pair."""
        pairs = self._pairs()
        return Pool(pairs.inputs, pairs.ids)

    def load(self, seed: int) -> Splits:
        """Splits of the table; truth (n, 2), see `Preferences`. Raises DataError with the row at fault."""
        pairs = self._pairs()
        if pairs.part is None:
            drawn = drawn_parts(pairs.groups, SHARES, "pairs", seed, pairs.difficulty)
            return Splits(*(_split(pairs.at(rows)) for rows in drawn))
        parts = [np.flatnonzero(pairs.part == number) for number in range(len(PARTS))]
        return usable_parts(Splits(*(_split(pairs.at(rows)) for rows in parts)), self.output, self.path,
                            "split" if self.split == "auto" else self.split)

    @property
    def _by_order(self) -> bool:
        """Whether the order of the two is that of the table."""
        return bool(self.first or self.second or self.preferred)

    @property
    def _columns(self) -> tuple[str, str]:
        return (self.first, self.second) if self._by_order else (self.chosen, self.rejected)

    @property
    def _taught(self) -> tuple[str, ...]:
        return tuple(filter(None, self.answers.split("+")))

    def _check(self) -> None:
        where = f"pairs[path={self.path}]"
        asked = {"first": self.first, "second": self.second, "preferred": self.preferred}
        lacking = [name for name, column in asked.items() if not column]
        if self._by_order and lacking:
            raise UsageError(f"{', '.join(name for name in asked if name not in lacking)} without {' and '.join(lacking)}",
                             where=where, hint="first= and second= hold the two texts, preferred= which of them is preferred; or "
                             "chosen= and rejected= hold the better text and the other")
        words = [word.strip() for word in self.sides.split(",")]
        if self.sides and (len(words) != 2 or words[0] == words[1] or not all(words)):
            raise UsageError(f"sides={self.sides!r} should be two words", where=where,
                             hint='what is written where the first is preferred, and where the second is: sides="A,B"')

    def _table(self) -> Table:
        self._check()
        table = read_table(self.path, self.wording)
        if not self._by_order and self.chosen not in table.columns:
            raise DataError(f"has no column {self.chosen!r}", where=table.source,
                            hint=f"it has {', '.join(table.columns)}: chosen= and rejected= name the better text and the other; "
                            "or first=, second= and preferred= say which is which")
        return table

    def _pairs(self) -> _Pairs:
        table = self._table()
        pairs, there = self._read(table)
        kept = np.flatnonzero(there & (pairs.first != pairs.second))
        if len(kept) < FEWEST_ROWS:
            raise DataError(f"has {len(kept)} pairs of two different texts, and {FEWEST_ROWS} are needed", where=table.source)
        pairs = pairs.at(kept)
        return pairs.at(limited(len(kept), self.limit, "pairs"))

    def _read(self, table: Table) -> tuple[_Pairs, Array]:
        """Every row as a pair, and which have an answer of each teacher, (n,) bool."""
        one, other = (_texts(table, name) for name in self._columns)
        groups = _texts(table, self.prompt) if self.prompt else text_array(
            [BETWEEN.join(sorted(pair)) for pair in zip(one, other, strict=True)])
        if self.prompt:
            one, other = (text_array([f"{prompt}{BETWEEN}{text}" for prompt, text in zip(groups, side, strict=True)])
                          for side in (one, other))
        share = self._truth(table) if self._by_order else np.ones(len(table))
        there = np.ones(len(table), dtype=bool)
        answers: dict[str, Array] = {}
        for name in self._taught:
            answers[name], has = self._choice.shares(table, name)
            there &= has
        column = chosen_column(table, self.split, "split")
        part = None if column is None else np.array([PARTS.index(part) for part in table.parts(column, "split=none")])
        difficulty = difficulty_of(table, self.difficulty, column, lambda: words_in(one) + words_in(other))
        pairs = _Pairs(one, other, share, answers, ids_of(table, self.id), groups, part, difficulty)
        return (pairs if self._by_order else _ordered(pairs)), there

    def _truth(self, table: Table) -> Array:
        share, there = self._choice.shares(table, self.preferred)
        if not there.all():
            raise DataError(f"{self.preferred} of {table.row(int(there.argmin()))} is missing", where=table.source,
                            hint="drop the row, or say which of the two is preferred")
        return share

    @property
    def _choice(self) -> Choice:
        sides = tuple(word.strip() for word in self.sides.split(",")) if self.sides else ()
        return Choice(self._columns, self._by_order, sides, self.tie)


def own_pairs(path: str, prompt: str, chosen: str, rejected: str, first: str, second: str, preferred: str, sides: str, tie: str,
              split: str, id: str, limit: int, divergence: str, answers: str, difficulty: str, **reading: str) -> OwnPairs:
    """The task of these parameters; `divergence` is a property of it. reading: how the table is to be read."""
    return OwnPairs(path, prompt, chosen, rejected, first, second, preferred, sides, tie, split, id, limit, divergence, answers,
                    difficulty, Wording(**reading))


def _ordered(pairs: _Pairs) -> _Pairs:
    """Pairs whose first is the chosen one, with the two swapped where a number drawn for the id says so."""
    keep = np.array([bool(seed_for("order", task="pairs", id=str(identity)) & 1) for identity in pairs.ids])

    def share(values: Array) -> Array:
        return np.where(keep, values, 1.0 - values)

    return replace(pairs, first=np.where(keep, pairs.first, pairs.second), second=np.where(keep, pairs.second, pairs.first),
                   share=share(pairs.share), answers={name: share(values) for name, values in pairs.answers.items()})


def _split(pairs: _Pairs) -> Split:
    return Split(pairs.inputs, np.column_stack([1.0 - pairs.share, pairs.share]), pairs.ids)


def _texts(table: Table, name: str) -> Array:
    """The column as (n,) object of str; dialogues as one text."""
    cells = table.column(name)
    if not any(isinstance(cell, list) for cell in cells):
        return texts(table, name)
    said = []
    for row, cell in enumerate(cells):
        try:
            said.append(dialogue(cell))
        except (AttributeError, TypeError, ValueError) as error:
            raise DataError(f"{name} of {table.row(row)} is no dialogue: {error}", where=table.source,
                            hint='a list of messages: [{"role": "user", "content": "…"}, …]') from error
    return text_array(said)
