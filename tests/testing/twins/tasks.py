"""Tasks, the first of which is sound."""

from __future__ import annotations

import contextlib
import hashlib
import socket
from pathlib import Path
from typing import ClassVar

import numpy as np

from w2s_bench.contracts import Array, Classes, Parameter, Pool, Regression, Split, Splits, draw_splits


class Sound:
    """Sixty rows of two numbers."""

    BREAKS = ""
    output: object = Regression()
    divergence, licence, citation = "squared", "CC0-1.0", "made for the tests"

    def fingerprint(self) -> str:
        return "1"

    def load(self, seed: int) -> Splits:
        x = self.x(0)
        return draw_splits({"x": x}, self.truth(x), np.array([f"row-{at}" for at in range(60)]), seed)

    def x(self, draw: int) -> Array:
        return np.random.default_rng(draw).normal(size=(60, 2))

    def truth(self, x: Array) -> Array:
        return x.sum(axis=1, keepdims=True)


class NoLicence(Sound):
    BREAKS = "licence_and_citation"
    licence = ""


class AsksTheNetwork(Sound):
    BREAKS = "offline"

    def load(self, seed: int) -> Splits:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", 9), timeout=0.1):
            pass
        return super().load(seed)


class TwoLabels(Sound):
    BREAKS = "splits_sound"

    def truth(self, x: Array) -> Array:
        return x


class DrawsAnew(Sound):
    BREAKS = "same_bytes"

    def __init__(self) -> None:
        self.loads = 0

    def x(self, draw: int) -> Array:
        self.loads += 1
        return super().x(self.loads)


class FingerprintOfWhatWasLoaded(Sound):
    BREAKS = "same_fingerprint"
    loaded = False

    def fingerprint(self) -> str:
        return f"loaded {self.loaded}"

    def load(self, seed: int) -> Splits:
        self.loaded = True
        return super().load(seed)


class SeededByAHash(Sound):
    BREAKS = "same_elsewhere"

    def x(self, draw: int) -> Array:
        return super().x(abs(hash("seed")))


class AnInputTwice(Sound):
    BREAKS = "splits_disjoint"

    def x(self, draw: int) -> Array:
        return np.tile(super().x(draw)[:30], (2, 1))


class IdsByPart(Sound):
    BREAKS = "ids_unique"

    def load(self, seed: int) -> Splits:
        splits = super().load(seed)
        return Splits(*(Split(part.inputs, part.truth, np.array([f"row-{at}" for at in range(len(part.ids))]))
                        for part in (splits.supervise, splits.transfer, splits.test)))


class PoolInAnotherOrder(Sound):
    BREAKS = "pool_is_whole"
    capabilities: ClassVar = frozenset({"pool"})

    def pool(self) -> Pool:
        return Pool({"x": self.x(0)[::-1]}, np.array([f"row-{at}" for at in range(60)]))


class OneLabel(Sound):
    BREAKS = "labels_vary"

    def truth(self, x: Array) -> Array:
        return np.ones((60, 1))


class AnotherColumn(Sound):
    BREAKS = "columns_as_declared"
    capabilities: ClassVar = frozenset({"columns"})
    columns: ClassVar = frozenset({"x", "text"})


class NotBalanced(Sound):
    BREAKS = "balanced_as_declared"
    output, divergence = Classes(2, ("no", "yes")), "kl"
    capabilities: ClassVar = frozenset({"balanced"})
    balanced = True

    def truth(self, x: Array) -> Array:
        return np.eye(2)[(np.argsort(np.argsort(x[:, 0])) < 20).astype(int)]


class NoLimit(Sound):
    BREAKS = "sizes_as_declared"
    PARAMETERS = (Parameter("limit", int, 10, "examples at most"),)

    def __init__(self, limit: int) -> None:
        self.limit = limit


class OfAFile(Sound):
    """Whose draw is that of the file's bytes; sound too."""

    PARAMETERS = (Parameter("path", str, None, "a file", role="place"),)

    def __init__(self, path: str) -> None:
        self.path = path

    def fingerprint(self) -> str:
        return hashlib.sha256(Path(self.path).read_bytes()).hexdigest()


class KnownByItsPath(OfAFile):
    BREAKS = "path_is_not_in_the_key"

    def fingerprint(self) -> str:
        return self.path + super().fingerprint()


class PathWithAMeaning(OfAFile):
    BREAKS = "path_is_not_in_the_key"
    PARAMETERS = (Parameter("path", str, None, "a file"),)


class KnownByItsName(OfAFile):
    BREAKS = "content_is_in_the_key"

    def fingerprint(self) -> str:
        return Path(self.path).name
