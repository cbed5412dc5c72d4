"""Models, the first two of which are sound: one of numbers, one of texts."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from w2s_bench.contracts import Array, Columns, Embedding, Parameter, PrepareContext


class Sound:
    """The numbers themselves."""

    BREAKS = ""
    column, family = "x", "twins"
    size: int | None = 8

    def fingerprint(self) -> str:
        return ""

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        return Embedding(self.values(np.asarray(inputs[self.column])).astype(np.float32))

    def values(self, x: Array) -> Array:
        return np.asarray(x, dtype=np.float64)


class Letters(Sound):
    """How often a text has each of ten letters; sound too."""

    column, size = "text", None

    def values(self, x: Array) -> Array:
        return np.array([[text.count(letter) for letter in "abcdefghio"] for text in x], dtype=np.float64)


class AsksTheNetwork(Sound):
    BREAKS = "offline"

    def values(self, x: Array) -> Array:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", 9), timeout=0.1):
            pass
        return x


class Doubles(Sound):
    BREAKS = "shape_and_dtype"

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        return Embedding(np.asarray(inputs["x"]))


class AnotherSize(Sound):
    BREAKS = "size_as_declared"
    capabilities: ClassVar = frozenset({"module"})

    def module(self, state: Mapping[str, Array]) -> Any:
        return SimpleNamespace(network=SimpleNamespace(parameters=lambda: []), width=3)


class CountsItsCalls(Sound):
    BREAKS = "same_bytes"
    calls = 0

    def values(self, x: Array) -> Array:
        self.calls += 1
        return x + self.calls


class SeededByAHash(Sound):
    BREAKS = "same_elsewhere"

    def values(self, x: Array) -> Array:
        return x + hash("seed") % 1000


class MadeHere(Sound):
    """Moved by a number of its own; sound too."""

    capabilities: ClassVar = frozenset({"prepare"})
    prepare_from: ClassVar = frozenset({"seed"})

    def prepare(self, context: PrepareContext) -> Mapping[str, Array]:
        assert context.seed is not None
        return {"by": np.array(float(context.seed))}

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        return Embedding((np.asarray(inputs["x"]) + state["by"]).astype(np.float32))


class MadeByTheCount(MadeHere):
    BREAKS = "same_state"
    made = 0

    def prepare(self, context: PrepareContext) -> Mapping[str, Array]:
        self.made += 1
        return {"by": np.array(float(self.made))}


class OneStateForAll(MadeHere):
    BREAKS = "states_together"
    capabilities: ClassVar = frozenset({"prepare", "prepare_many"})

    def prepare_many(self, contexts: Sequence[PrepareContext]) -> Iterator[Mapping[str, Array]]:
        for _ in contexts:
            yield self.prepare(contexts[0])


class SqueezesOneRow(Sound):
    BREAKS = "one_by_one"

    def values(self, x: Array) -> Array:
        return x / 2.0 if len(x) == 1 else x


class ExpectsAnOrder(Sound):
    """The kit's plain numbers ascend in their first column."""

    BREAKS = "order_and_neighbours"

    def values(self, x: Array) -> Array:
        return x if x[0, 0] <= x[-1, 0] else x + 1.0


class AnotherReader(Sound):
    BREAKS = "passes_together"
    capabilities: ClassVar = frozenset({"reader"})

    def reader(self, models: Sequence[Sound], state: Mapping[str, Array]) -> Callable[[Columns], Sequence[Embedding]]:
        return lambda columns: [Embedding(each.embed(columns, state).values + 1.0) for each in models]


class AlwaysTheSame(Sound):
    BREAKS = "features_vary"

    def values(self, x: Array) -> Array:
        return np.ones_like(x)


class ChangesItsInputs(Sound):
    BREAKS = "inputs_untouched"

    def values(self, x: Array) -> Array:
        found = x.copy()
        x[0] = 0.0
        return found


class ReadsTheLabel(Sound):
    BREAKS = "own_column_alone"

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        answer = np.asarray(inputs.get("label", 0.0))
        return Embedding((np.asarray(inputs["x"]) + answer.reshape(-1, 1)).astype(np.float32))


class NeedsALetter(Letters):
    BREAKS = "nasty_texts_are_read"

    def values(self, x: Array) -> Array:
        return super().values(x) + np.array([[len(text) // len(text.strip())] for text in x])


class DividesByTheSpread(Sound):
    BREAKS = "nasty_numbers_are_read"

    def values(self, x: Array) -> Array:
        with np.errstate(all="ignore"):
            return x / (x.std(axis=0) > 0.0) if len(x) > 1 else x


class CutsInSilence(Letters):
    BREAKS = "cut_texts_are_said"

    def values(self, x: Array) -> Array:
        return super().values(np.array([text[:500] for text in x], dtype=object))


class AnotherInBfloat16(Letters):
    BREAKS = "float32_as_bfloat16"
    PARAMETERS = (Parameter("dtype", str, "float32", "precision", choices=("float32", "bfloat16")),)

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype

    def values(self, x: Array) -> Array:
        return super().values(x)[:, ::1 if self.dtype == "float32" else -1]


class KeepsEachCall(Sound):
    BREAKS = "memory_stays"

    def __init__(self) -> None:
        self.kept: list[Array] = []

    def values(self, x: Array) -> Array:
        self.kept.append(np.ones((2**19, 1)) * len(self.kept))
        return x


class OfAFile(Sound):
    """Moved by the size of a file; sound too."""

    PARAMETERS = (Parameter("path", str, None, "a file", role="place"),)

    def __init__(self, path: str) -> None:
        self.path = path

    def fingerprint(self) -> str:
        return hashlib.sha256(Path(self.path).read_bytes()).hexdigest()

    def values(self, x: Array) -> Array:
        return x + os.path.getsize(self.path)


class KnownByItsPath(OfAFile):
    BREAKS = "path_is_not_in_the_key"

    def fingerprint(self) -> str:
        return self.path + super().fingerprint()


class KnownByItsName(OfAFile):
    BREAKS = "content_is_in_the_key"

    def fingerprint(self) -> str:
        return Path(self.path).name
