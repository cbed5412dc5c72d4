"""Who is weak and who is strong: said before anything is computed, by the spec or by sizes, never by errors.

Errors on a test sample would decide seed by seed, and of two models of equal merit the one that happens to err more there would
be the "weak" one, which its student then seems to beat.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import TypeAlias

from w2s_bench.registry.component import Component

ModelPair: TypeAlias = tuple[str, str]
"""Keys of a weak and a strong model."""


def sides_of(matrices: Iterable[tuple[Sequence[Component], Sequence[Component]]]) -> frozenset[ModelPair]:
    """The pairs that a spec sets against each other: of each matrix, its weak and its strong models; none where it gives
    `models`, which stands for all pairs."""
    return frozenset((weak.key, strong.key) for sides in matrices for weak, strong in product(*sides))


def direction_of(pair: ModelPair, sides: frozenset[ModelPair], sizes: tuple[int | None, int | None]) -> tuple[str, str | None]:
    """The direction of a pair, one of DIRECTIONS, and what declared it: "model" (one on both sides), "sides", "size", or None.

    The spec's word goes before sizes. Sides that name a pair both ways declare nothing of it. sizes: those of one family, None
    where unknown or of two families.
    """
    weak, strong = pair
    if weak == strong:
        return "same", "model"
    forward, backward = pair in sides, (strong, weak) in sides
    if forward != backward:
        return _towards(forward), "sides"
    small, large = sizes
    if small is not None and large is not None and small != large:
        return _towards(small < large), "size"
    return "undirected", None


def _towards(forward: bool) -> str:
    return "weak-to-strong" if forward else "strong-to-weak"
