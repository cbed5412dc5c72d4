"""The cells of one task as arrays, for tables that compare every pair of many entries.

It says of a mean what `inferred` (tables/inference.py) says, from what is prepared once an entry instead of once a pair: a mean
over settings, then seeds, with its interval over seeds and test examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s_bench.scoring.arrays import Array
from w2s_bench.scoring.crossed import crossed_for_many
from w2s_bench.scoring.intervals import across_seeds
from w2s_bench.tables.inference import CROSSED, EXAMPLES, FITS, SEEDS, UNCHECKED, Inferred

Numbers = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Design:
    """What the seeds of a task share. places: (s, n), numbers of each seed's test examples from 0, and of no meaning beyond its
    own; sizes: (s,), how many these are; shared: whether two seeds have one in common; one_training: whether all seeds have one
    training set, so that they tell fits apart and no training sets."""

    places: Numbers
    sizes: Numbers
    shared: bool
    one_training: bool


@dataclass(frozen=True, eq=False)
class CellArrays:
    """One measure of one entry on one task. values: (j, s) by setting and seed, NaN where there is none. influence: (j, s, n),
    what each test example adds to a cell beyond its share, (e − ē)/n, 0 beyond a seed's own; None where terms are not kept.
    alike: (a, j, s), numbers by which two seeds are one seed twice: where all of a seed's are those of another."""

    values: Array
    influence: Array | None
    alike: npt.NDArray[np.uint64]

    @property
    def there(self) -> npt.NDArray[np.bool_]:
        """(j, s): where there is a finite value."""
        return np.isfinite(self.values)

    def less(self, other: CellArrays) -> CellArrays:
        """The paired difference, on the cells that both have."""
        both = self.influence is not None and other.influence is not None
        return CellArrays(self.values - other.values, self.influence - other.influence if both else None,  # type: ignore[operator]
                          np.concatenate([self.alike, other.alike]))

    def filled(self, worst: Array) -> CellArrays:
        """With `worst` (j, s) for every cell that has no value, whatever the test examples."""
        there = self.there
        if there.all():
            return self
        influence = None if self.influence is None else np.where(there[:, :, None], self.influence, 0.0)
        number = np.arange(there.size, dtype=np.uint64).reshape(there.shape)
        return CellArrays(np.where(there, self.values, worst), influence, np.where(there, self.alike, number))


def design_of(names: Sequence[npt.NDArray[np.uint64]], *, one_training: bool) -> Design:
    """names: of each seed's test examples, (n,), the same across seeds, each once in a seed."""
    sizes = np.array([found.size for found in names], dtype=np.intp)
    known, flat = np.unique(np.concatenate(list(names)), return_inverse=True)
    places = np.zeros((len(names), int(sizes.max())), dtype=np.intp)
    for seed, found in enumerate(np.split(flat, np.cumsum(sizes)[:-1])):
        places[seed, :found.size] = found
    return Design(places, sizes, bool(known.size < flat.size), one_training)


def inferred_cells(cells: CellArrays, design: Design | None) -> Inferred | None:
    """The mean over seeds of the mean over a seed's settings, with its interval; None where no cell has a value.

    A seed that is another one again counts once. Without a design or the terms of examples the interval is over seeds alone, and
    says that what they share is not known. One seed has an interval over its test examples, where their terms are there. The p is
    one for many comparisons (see crossed_for_many).
    """
    there = cells.there
    seeds = _distinct(there, cells.alike)
    if not seeds.size:
        return None
    copies = int(there.any(axis=0).sum()) - seeds.size
    weights = there[:, seeds] / there[:, seeds].sum(axis=0)
    means = np.where(there[:, seeds], cells.values[:, seeds] * weights, 0.0).sum(axis=0)
    if design is None or cells.influence is None:
        return Inferred(across_seeds(means), UNCHECKED if seeds.size > 1 else None, seeds.size, copies)
    influence = np.einsum("js,jsn->sn", weights, np.where(there[:, seeds, None], cells.influence[:, seeds], 0.0))
    own = np.arange(influence.shape[1])[None, :] < design.sizes[seeds, None]
    places = design.places[seeds][own]
    n = int(design.places.max()) + 1 if seeds.size == len(design.sizes) else 0
    if not n:
        known, places = np.unique(places, return_inverse=True)
        n = known.size
    found = crossed_for_many(means, influence[own], places, n)
    if seeds.size == 1:
        return Inferred(found, EXAMPLES if found.low == found.low else None, 1, copies)
    return Inferred(found, (FITS if design.one_training else CROSSED) if places.size > n else SEEDS, seeds.size, copies)


def _distinct(there: npt.NDArray[np.bool_], alike: npt.NDArray[np.uint64]) -> Numbers:
    """The seeds that have a value, each once."""
    held = np.flatnonzero(there.any(axis=0))
    marks = np.where(there, alike, 0)[:, :, held]
    first: dict[bytes, int] = {}
    for at, seed in enumerate(held):
        first.setdefault(marks[:, :, at].tobytes() + there[:, seed].tobytes(), int(seed))
    return np.array(list(first.values()), dtype=np.intp)
