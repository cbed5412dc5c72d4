"""Many rows are read by a model in blocks, each of which is kept as it is made: a killed embedding goes on at its block."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from w2s_bench.contracts import Array, Columns, Embedding, can, columns_at, height_of, row_slices, tell
from w2s_bench.contracts.errors import Diverged, PluginError
from w2s_bench.contracts.mapped import roomy
from w2s_bench.contracts.progress import as_part
from w2s_bench.contracts.seeds import generator_for
from w2s_bench.store.checkpoints import StoredBlocks

ROWS = 4096
"""Rows of a block, at most."""

WORTH = 0.25
"""Seconds that blocks took together before they are kept: a model that is fast writes nothing."""


def row_blocks(n: int) -> list[Array]:
    """Rows of each block of n, of like size: all of them where they are few, else drawn.

    Each block is a sample of the whole, so that what a model asks of its texts as a whole, such as whether its tokenizer knows
    them, holds of a block as well, however the rows are sorted.
    """
    if n <= ROWS:
        return [np.arange(n)]
    return [np.sort(rows) for rows in np.array_split(generator_for("row blocks", n=n).permutation(n), -(-n // ROWS))]


class RowReader:
    """Models of one network, by label, that read rows together: the first one reads for all of them.

    kept: where the blocks of each model are kept, or None. What the models load is loaded when the first block asks for it, and
    goes with the reader.
    """

    def __init__(self, models: Mapping[str, Any], state: Mapping[str, Array], kept: Sequence[StoredBlocks] | None) -> None:
        self._models, self._state, self._kept = models, state, kept
        self._whole = can(next(iter(models.values())), "whole")

    def features(self, columns: Columns, group: str) -> Iterator[Embedding]:
        """What each model gives for the inputs of a group, (n, d), one after the other so that one is in memory at a time.

        Raises PluginError for a shape that is wrong, Diverged for values that are not finite.
        """
        n = height_of(columns)
        if self._whole or n <= ROWS:
            with as_part(0, n, n):
                found = self._read(columns)
            tell(n, n, "texts")
            yield from found
            return
        first, places = _distinct(columns, next(iter(self._models.values())).column)
        blocks = _Blocks(self._read, columns_at(columns, first), row_blocks(len(first)), group,
                         self._kept)
        blocks.make()
        for index, label in enumerate(self._models):
            yield blocks.whole(index, places, label)

    @functools.cached_property
    def _loaded(self) -> Callable[[Columns], Sequence[Embedding]]:
        first, *_ = models = list(self._models.values())
        if can(first, "reader"):
            read: Callable[[Columns], Sequence[Embedding]] = first.reader(models, self._state)
            return read
        if can(first, "embed_many"):
            return lambda columns: first.embed_many(models, columns)
        return lambda columns: [first.embed(columns, self._state)]

    def _read(self, columns: Columns) -> list[Embedding]:
        found = list(self._loaded(columns))
        if len(found) != len(self._models):
            label = next(iter(self._models))
            raise PluginError(f"{label} gave {len(found)} answers for {len(self._models)} models")
        n = height_of(columns)
        return [_checked(embedding, n, label) for label, embedding in zip(self._models, found, strict=True)]


class _Blocks:
    """The blocks of a group of inputs: made or found in the store, then put together."""

    def __init__(self, read: Callable[[Columns], list[Embedding]], columns: Columns, rows: Sequence[Array], group: str,
                 kept: Sequence[StoredBlocks] | None) -> None:
        self._read, self._columns, self._rows, self._group = read, columns, rows, group
        self._kept = kept
        self._held: dict[int, list[Embedding]] = {}

    def make(self) -> None:
        """Read every block that is not kept."""
        n, done, started = sum(map(len, self._rows)), 0, time.perf_counter()
        for number, rows in enumerate(self._rows):
            if not self._is_kept(number):
                with as_part(done, len(rows), n):
                    self._held[number] = self._made(number)
                if self._kept is not None and time.perf_counter() - started >= WORTH:
                    self._keep()
                    started = time.perf_counter()
            done += len(rows)
            tell(done, n, "texts")

    def whole(self, index: int, places: Array, label: str) -> Embedding:
        """The features of all inputs by one of the models; places: (n,), which row of the columns each input is."""
        number, position = np.empty(len(places), dtype=np.int64), np.empty(len(places), dtype=np.int64)
        for block, rows in enumerate(self._rows):
            number[rows], position[rows] = block, np.arange(len(rows))
        order = np.argsort(number[places], kind="stable")
        ends = np.searchsorted(number[places][order], np.arange(len(self._rows) + 1))
        values: Array | None = None
        truncated = np.zeros(len(places), dtype=bool)
        for block in range(len(self._rows)):
            found, target = self._found(block, index), order[ends[block]:ends[block + 1]]
            if values is None:
                values = roomy((len(places), found.values.shape[1]), found.values.dtype)
            if found.values.shape[1] != values.shape[1]:
                raise PluginError(f"{label} gave features of width {values.shape[1]} and of width {found.values.shape[1]}",
                                  hint="one that must see all inputs in one call declares `whole`")
            if found.values.dtype != values.dtype:
                values = values.astype(np.float64)
            values[target] = found.values[position[places[target]]]
            if found.truncated is not None:
                truncated[target] = found.truncated[position[places[target]]]
        assert values is not None
        return Embedding(values, truncated if truncated.any() else None, precise=values.dtype == np.float64)

    def _made(self, number: int) -> list[Embedding]:
        return self._read(columns_at(self._columns, self._rows[number]))

    def _found(self, number: int, index: int) -> Embedding:
        if number not in self._held and self._kept is not None:
            arrays = self._kept[index].load(self._name(number))
            if arrays is not None:
                return Embedding(arrays["values"], arrays.get("truncated"))
            self._held[number] = self._made(number)  # another job that ended took it away
        return self._held[number][index]

    def _is_kept(self, number: int) -> bool:
        return self._kept is not None and all(kept.load(self._name(number)) is not None for kept in self._kept)

    def _keep(self) -> None:
        """Write the blocks in memory to the store instead."""
        for number, embeddings in self._held.items():
            for kept, found in zip(self._kept or (), embeddings, strict=True):
                cut = {} if found.truncated is None else {"truncated": found.truncated}
                kept.save(self._name(number), {"values": found.values, **cut})
        self._held.clear()

    def _name(self, number: int) -> str:
        return f"{self._group}-{number}-of-{len(self._rows)}"


def _distinct(columns: Columns, column: str) -> tuple[Array, Array]:
    """Rows with a text each, and (n,) which of them each input is; without a column of texts that is read, all of them."""
    values = columns.get(column)
    if values is None or values.dtype.kind not in "OUS" or values.ndim != 1:
        every = np.arange(height_of(columns))
        return every, every
    place: dict[Any, int] = {}
    places = np.array([place.setdefault(text, len(place)) for text in values.tolist()], dtype=np.int64)
    return np.unique(places, return_index=True)[1], places


def _checked(given: Embedding, n: int, label: str) -> Embedding:
    values = np.asarray(given.values, dtype=np.float64 if given.precise else np.float32)
    if values.ndim != 2 or len(values) != n:
        raise PluginError(f"{label} gave features of shape {values.shape} for {n} inputs")
    if not all(np.isfinite(values[rows]).all() for rows in row_slices(n)):
        raise Diverged(f"{label} gave features that are not finite")
    truncated = None if given.truncated is None else np.asarray(given.truncated, dtype=bool)
    if truncated is not None and truncated.shape != (n,):
        raise PluginError(f"{label} said of {truncated.shape} texts whether they were cut, for {n} inputs")
    return Embedding(values, truncated, given.precise)
