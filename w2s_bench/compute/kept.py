"""What a worker keeps of what it read, bounded by its bytes: it never changes a result."""

from __future__ import annotations

import mmap
import os
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Any, ParamSpec, TypeVar

import numpy as np

from w2s_bench.compute.features import Features
from w2s_bench.compute.splits import LoadedTask
from w2s_bench.contracts import Array, Columns, Pool
from w2s_bench.contracts.mapped import RowsOf
from w2s_bench.scoring.linear_class import LinearClass
from w2s_bench.scoring.representations import Spectrum
from w2s_bench.store.artifacts import Artifact

_SHARE = 0.25
_OBJECT = 64
"""Bytes of a text's object beside its characters."""

Given = ParamSpec("Given")
Value = TypeVar("Value")


class Kept:
    """The things that were asked for last, no more of them than `limit` bytes: whoever asked first for long is dropped first.

    One that is larger by itself is kept until another is asked for.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.bytes = 0
        self._things: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    def of(self, name: str, make: Callable[Given, Value]) -> Callable[Given, Value]:
        """The function, with what it gives kept by its arguments. name: sets its results apart from those of others."""
        def asked(*given: Given.args, **named: Given.kwargs) -> Value:
            return self.once((name, given), lambda: make(*given, **named))

        return asked

    def once(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """What is kept under a key, made where nothing is."""
        if key in self._things:
            self._things.move_to_end(key)
        else:
            self._keep(key, make())
        found: Value = self._things[key][0]
        return found

    def _keep(self, key: Hashable, thing: object) -> None:
        size = heap_bytes(thing)
        self._things[key] = thing, size
        self.bytes += size
        while self.bytes > self.limit and len(self._things) > 1:
            _, (_, freed) = self._things.popitem(last=False)
            self.bytes -= freed


def a_share_of_the_machine() -> int:
    """Bytes that a worker may keep where nobody says: a quarter of the memory, shared out to as many as there are cores."""
    return int(_SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (os.cpu_count() or 1))


def heap_bytes(thing: object) -> int:
    """Bytes that a thing takes of the heap; what is mapped from a file takes none, and what two things share counts in each."""
    match thing:
        case np.ndarray():
            return _of_array(thing)
        case Artifact():
            return sum(map(heap_bytes, thing.arrays.values()))
        case Features():
            return sum(map(heap_bytes, thing.parts.values()))
        case Spectrum() | LinearClass():
            return sum(map(heap_bytes, vars(thing).values()))
        case LoadedTask():
            splits = (thing.splits.supervise, thing.splits.transfer, thing.splits.test)
            return sum(_of_columns((split.truth, split.ids, *_held(split.inputs))) for split in splits)
        case Pool():
            return _of_columns((thing.ids, *_held(thing.inputs)))
        case _:
            return 0


def _held(columns: Columns) -> Iterable[Array]:
    """The columns that are there; none of those that are taken when they are asked for, into files."""
    return () if isinstance(columns, RowsOf) else columns.values()


def _of_columns(columns: Iterable[Array]) -> int:
    return sum(_of_array(np.asarray(column)) for column in columns)


def _of_array(array: Array) -> int:
    owner: object = array
    while isinstance(owner, np.ndarray) and owner.base is not None:
        owner = owner.base
    if isinstance(array, np.memmap) and array.filename is None:  # a file without a name, which is kept for this array alone
        return array.nbytes
    if isinstance(owner, np.memmap | mmap.mmap) or isinstance(array, np.memmap):
        return 0
    texts = sum(_OBJECT + len(each) for each in array.flat if isinstance(each, str)) if array.dtype.kind == "O" else 0
    return array.nbytes + texts
