"""Labelled texts before they are split: a fixed sample, thinned classes, parts drawn by the seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from w2s_bench.contracts import (
    Array,
    Classes,
    DataError,
    InputsRead,
    Output,
    Pool,
    Split,
    Splits,
    columns_at,
    easy_to_hard,
    generator_for,
    paired,
    thinned,
)
from w2s_text.columns import words_in

FEWEST_ROWS = 6
HALVES = (0.5, 0.5)
PARTS = (0.4, 0.4, 0.2)
TEST_SHARE = 0.2
"""Of a fixed sample, where the source has a test part of its own."""


@dataclass(frozen=True)
class Labelled:
    """texts: (n,) object of str. truth: (n, k) float64. ids: (n,) object of str, unique.

    groups: (n,) object of str; examples of one group, such as questions about one passage, stay in one part.
    test: (n,) bool, the source's own test part, or None where all parts are drawn. others: (n,) object of str, the second of
    each pair, whose first are the texts, or None.
    """

    texts: Array
    truth: Array
    ids: Array
    groups: Array
    test: Array | None = None
    others: Array | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def at(self, rows: Array) -> Labelled:
        """These rows, in this order."""
        test, others = (None if values is None else values[rows] for values in (self.test, self.others))
        return replace(self, texts=self.texts[rows], truth=self.truth[rows], ids=self.ids[rows], groups=self.groups[rows],
                       test=test, others=others)

    @property
    def inputs(self) -> dict[str, Array]:
        """Column "text", or the pairs of that name."""
        return {"text": self.texts} if self.others is None else paired("text", self.texts, self.others)

    @property
    def words(self) -> Array:
        """How many words each example has, (n,); the two of a pair together."""
        return words_in(self.texts) if self.others is None else words_in(self.texts) + words_in(self.others)

    def pool(self) -> Pool:
        """All inputs."""
        return Pool(self.inputs, self.ids)

    def splits(self, task: str, seed: int, difficulty: Array | None = None) -> Splits:
        """Supervise and transfer halves of what is no test, or 40, 40 and 20 % of all, drawn by task and seed.

        difficulty: (n,), larger is harder: easy to hard. Of what is no test the easiest 40 % supervise, and 40 % of the others
        transfer; a test part of the source's own is left with the examples that are at least as hard as those that supervise.
        """
        if difficulty is not None:
            parts = self._easy_to_hard(difficulty, task, seed)
        elif self.test is None:
            parts = drawn_parts(self.groups, PARTS, task, seed)
        else:
            rest = np.flatnonzero(~self.test)
            parts = [rest[part] for part in drawn_parts(self.groups[rest], HALVES, task, seed)] + [np.flatnonzero(self.test)]
        return Splits(*(Split(columns_at(self.inputs, rows), self.truth[rows], self.ids[rows]) for rows in parts))


    def _easy_to_hard(self, difficulty: Array, task: str, seed: int) -> list[Array]:
        rest = np.arange(len(self)) if self.test is None else np.flatnonzero(~self.test)
        parts = [rest[part] for part in drawn_parts(self.groups[rest], PARTS, task, seed, difficulty[rest])]
        if self.test is not None:
            parts[2] = np.flatnonzero(self.test & (difficulty >= difficulty[parts[0]].max(initial=-np.inf)))
        return parts


class Source(Protocol):
    """Where labelled texts come from."""

    def fingerprint(self) -> str:
        """Changes with what read() gives; without downloading anything."""

    def pinned(self) -> Mapping[str, str]:
        """Parameters under which what is there now is read again later."""

    def absent(self) -> str:
        """As the capability `absent` of a task."""

    def read(self, limit: int) -> Labelled:
        """All examples, or with a limit a fixed sample of at most so many. Raises DataError."""


@dataclass(frozen=True)
class LabelledTask:
    """The task of a source. name: what samples and splits are drawn from. balance: "on" thins the classes to one size.

    limit: size of a fixed sample that is drawn before the classes are thinned; 0 takes all. difficulty: "words" draws easy to
    hard, by how many words a text has.
    """

    name: str
    source: Source
    output: Output
    divergence: str
    licence: str
    citation: str
    balance: str
    limit: int
    difficulty: str = "none"

    columns = frozenset({"text"})

    @property
    def capabilities(self) -> frozenset[str]:
        """What is read is worth a sentence where parts are drawn by it."""
        always = frozenset({"absent", "balanced", "columns", "pinned", "pool"})
        return always | ({"inputs_read"} if self.difficulty != "none" else set())

    @property
    def balanced(self) -> bool:
        """Whether the classes were thinned to one size."""
        return self.balance == "on"

    def inputs_read(self) -> InputsRead:
        """The text, and how the parts are drawn."""
        return InputsRead(("text",), {}, notes=(easy_to_hard(self.difficulty),), name="text")

    def fingerprint(self) -> str:
        """That of the source."""
        return self.source.fingerprint()

    def pinned(self) -> Mapping[str, str]:
        """That of the source."""
        return self.source.pinned()

    def absent(self) -> str:
        """That of the source."""
        return self.source.absent()

    def labelled(self) -> Labelled:
        """The examples that every seed draws from. Raises DataError where they are too few."""
        found = self.source.read(self.limit)
        if self.balanced and isinstance(self.output, Classes):
            found = found.at(thinned(found.truth, found.test, self.name))
        if len(found) < FEWEST_ROWS:
            raise DataError(f"has {len(found)} examples; at least {FEWEST_ROWS} are needed", where=self.name)
        return found

    def pool(self) -> Pool:
        """inputs: text (n,), or pairs of it."""
        return self.labelled().pool()

    def load(self, seed: int) -> Splits:
        """inputs: as of `pool`; truth (n, k). Raises DataError as the source does."""
        found = self.labelled()
        return found.splits(self.name, seed, None if self.difficulty == "none" else found.words)


def drawn_parts(groups: Array, shares: Sequence[float], task: str, seed: int, difficulty: Array | None = None) -> list[Array]:
    """Row numbers of disjoint parts in about these shares; every group is whole in one part.

    groups: (n,) str. Groups stand in an order drawn by task and seed, and a part takes those that begin within its share.
    difficulty: (n,); the groups that are easiest on average then come first as far as the first share reaches.
    """
    numbers = {name: number for number, name in enumerate(sorted({str(name) for name in groups}))}
    group = np.array([numbers[str(name)] for name in groups], dtype=np.int64)
    place = generator_for("split", task=task, seed=seed).permutation(int(group.max(initial=-1)) + 1)
    if difficulty is not None:
        place = _easiest_first(place, group, difficulty, round(shares[0] * len(groups)))
    rank = place[group]
    order = np.argsort(rank, kind="stable")
    begins = np.searchsorted(rank[order], rank[order])
    bounds = np.round(np.cumsum(shares)[:-1] * len(groups))
    part = np.searchsorted(bounds, begins, side="right")
    return [order[part == number] for number in range(len(shares))]


def _easiest_first(place: Array, group: Array, difficulty: Array, rows: int) -> Array:
    """Places (g,) of the groups: the easiest first until they hold so many rows, equals by their places before, then the others
    in the order that they had. group: (n,) number of each row's group."""
    size = np.bincount(group)
    easy = np.lexsort((place, np.bincount(group, difficulty) / size))
    first = easy[np.concatenate([[0], size[easy].cumsum()[:-1]]) < rows]
    others = np.setdiff1d(easy, first)
    found = np.empty_like(place)
    found[np.concatenate([first, others[np.argsort(place[others])]])] = np.arange(len(place))
    return found


def sample_sizes(train: int, test: int, limit: int) -> tuple[int, int]:
    """How many examples a fixed sample of `limit` takes of each part: a fifth for the test, as far as there are so many."""
    if not limit:
        return train, test
    of_test = min(test, max(1, round(TEST_SHARE * limit)))
    return min(train, max(0, limit - of_test)), of_test


def one_hot(classes: Sequence[int], k: int) -> Array:
    """(n, k) float64 with a one in each row's class."""
    rows = np.zeros((len(classes), k))
    rows[np.arange(len(classes)), np.asarray(classes, dtype=int)] = 1.0
    return rows


def text_array(values: Sequence[str]) -> Array:
    """(n,) object array of str."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
