"""What a mean over cells says of more than these cells: its interval, and over what that interval is.

What seeds share decides. Seeds with test samples of their own are independent draws: Student-t over them. Seeds that share test
examples are crossed with them (scoring/crossed.py), which wants the examples' terms. Copies of one row, as a file with given
splits makes them under a strategy without randomness, count once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import msgspec
import numpy as np

from w2s_bench.scoring.arrays import Array
from w2s_bench.scoring.crossed import over_seeds_and_examples, seed_of
from w2s_bench.scoring.intervals import CONFIDENCE, Estimate, across_seeds, around, estimate, ratio
from w2s_bench.scoring.ratios import quotient
from w2s_bench.scoring.shares import paired_difference

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.tables.values import Schema, Values

SEEDS, CROSSED, FITS, EXAMPLES, TEST_SET, ASKED, UNCHECKED, TASK_SETS = (
    "seeds", "seeds and examples", "fits and examples", "test examples", "this test set", "this test set, as asked",
    "seeds, unchecked", "task sets")

MEANINGS = {
    SEEDS: "seeds, each with a test sample of its own",
    CROSSED: "seeds and test examples, which the seeds share",
    FITS: "fits and test examples; all seeds have one training set, and nothing is said of others",
    EXAMPLES: "test examples; there is one fit, and nothing is said of others",
    TEST_SET: "seeds, of this test set alone: its examples are shared, and what each adds is not kept",
    ASKED: "seeds, of this test set alone, as was asked: nothing is said of other test examples",
    UNCHECKED: "seeds; what they share is not recorded in these rows",
    TASK_SETS: "task sets, each of which is one value",
}
"""What an interval is over, in words, by `Inferred.over`."""

COPY = ("task", "weak", "strong", "strategy", "supervisor", "fingerprint_test", "fingerprint_transfer", "fingerprint_supervise",
         "err_weak", "err_student", "err_ceiling", "misfit")
"""Two seeds whose cells agree in these, to the last bit, are one seed twice."""

SHARING = ("test_shared", "fingerprint_test", "fingerprint_supervise")
"""Columns that say what seeds share."""

READS = ("cell_key", "seed", "test_shared", *COPY)
"""Columns of the rows that `inferred` wants to see, where they are there."""


class Inferred(msgspec.Struct, frozen=True):
    """A mean with its interval. over: a key of MEANINGS, None where there is no interval. seeds: that count, each once; copies:
    seeds that are another one again."""

    estimate: Estimate
    over: str | None
    seeds: int
    copies: int


class Terms:
    """The per-example terms of cells, by cell key (see running/terms.py), and whether intervals are over more than seeds."""

    def __init__(self, read: Callable[[], pl.DataFrame] | None = None, *, this_test_set: bool = False) -> None:
        """read: gives the table, when it is asked for first. this_test_set: intervals are over seeds alone, of this test set."""
        self.this_test_set = this_test_set
        self._read = read
        self._parts: dict[str, Mapping[str, Array]] | None = None

    @functools.cached_property
    def table(self) -> pl.DataFrame | None:
        """All of them, as running/terms.py reads them; None where there are none."""
        found = self._read() if self._read is not None else None
        return found if found is not None and found.height else None

    def of(self, cell_key: str) -> Mapping[str, Array] | None:
        """The columns of a cell's examples, None where they are not kept."""
        if self.table is None:
            return None
        if self._parts is None:
            self._parts = {
                str(key[0]): {name: part[name].to_numpy() for name in part.columns if name != "cell_key"}
                for key, part in self.table.group_by("cell_key", maintain_order=True)}
        return self._parts.get(cell_key)


NO_TERMS = Terms()
"""Where none are kept."""
THIS_TEST_SET = Terms(this_test_set=True)
"""In the place of terms: intervals are over seeds alone, of this test set, as somebody asked."""


def merged(several: Iterable[Terms]) -> Terms:
    """The terms of several tables as one."""
    import polars as pl

    every = list(several)
    if any(terms.this_test_set for terms in every):
        return THIS_TEST_SET

    def read() -> pl.DataFrame:
        tables = [terms.table for terms in every if terms.table is not None]
        return pl.concat(tables).unique(["cell_key", "example"], maintain_order=True) if tables else pl.DataFrame()

    return Terms(read)


_Read: TypeAlias = Callable[[Mapping[str, Array]], Array]
_OF_SHARES = ("gain_accuracy",)
"""Means of −1, 0 and 1."""
_INFLUENCE = "influence on the ratio"


def _right(name: str) -> _Read:
    return lambda terms: (terms[f"class_{name}"] == terms["class_truth"]).astype(np.float64)


def _agreement(right: bool) -> _Read:
    """The share of agreement among the examples on which the teacher is right (or wrong), as per-example terms of that ratio."""
    def terms_of(terms: Mapping[str, Array]) -> Array:
        where = (_right("weak")(terms) == 1.0) == right
        agree = (terms["class_weak"] == terms["class_student"]).astype(np.float64)
        share = float(where.mean())
        if share == 0.0:
            return np.full(where.size, np.nan)
        mean = float(agree[where].mean())
        return np.asarray(mean + np.where(where, agree - mean, 0.0) / share)

    return terms_of


def _error(name: str) -> _Read:
    return lambda terms: terms[name].astype(np.float64)


_TERMS: Mapping[str, _Read] = {
    **{name: _error(name) for name in ("err_weak", "err_student", "err_ceiling", "misfit")},
    "gain": lambda terms: terms["err_weak"].astype(np.float64) - terms["err_student"],
    "predicted_err": lambda terms: terms["err_weak"].astype(np.float64) - terms["misfit"],
    **{f"accuracy_{name}": _right(name) for name in ("weak", "student", "ceiling")},
    "gain_accuracy": lambda terms: _right("student")(terms) - _right("weak")(terms),
    "agreement_weak_right": _agreement(True), "agreement_weak_wrong": _agreement(False),
}
"""From the kept terms of a cell to a measure's own, (n,), whose mean is the cell's value."""


class _Quantity(NamedTuple):
    """column: of the rows, which holds a cell's value. read: its per-example terms from those that are kept; None where these
    do not tell."""

    column: str
    read: _Read | None


def inferred(part: pl.DataFrame | Cells, measure: str, terms: Terms, *, value: str | None = None) -> Inferred | None:
    """The mean over seeds of the mean over a seed's cells of `measure`, with its interval; None where no cell holds it.

    value: the column that holds it, if that is a difference; then the cells of `cell_key_against` are those that it is from.
    """
    return _inferred(part, _Quantity(value or measure, _TERMS.get(measure)), terms)


def inferred_ratio(part: pl.DataFrame, above: str, below: str, terms: Terms) -> Inferred | None:
    """The ratio r = ā / b̄ of two such means, over the cells that hold both, with the interval of the mean of (a − r·b) / b̄ (delta
    method); None where no cell holds both, or b̄ is 0 or what rounding leaves of its cells. It has no p."""
    import polars as pl

    finite = pl.all_horizontal(pl.col(above, below).cast(pl.Float64).is_finite().fill_null(False))
    held, copies = without_copies(part.filter(finite))
    if held.is_empty():
        return None
    means = held.group_by("seed", maintain_order=True).agg(pl.col(above, below).cast(pl.Float64).mean())
    top, under = (float(np.mean(means[name].to_numpy())) for name in (above, below))
    if quotient(1.0, abs(under), float(np.abs(held[below].cast(pl.Float64).to_numpy()).mean())) is None:
        return None
    share, reads = top / under, (_TERMS.get(above), _TERMS.get(below))

    def influence(kept: Mapping[str, Array]) -> Array:
        a, b = (read(kept) for read in reads if read is not None)
        return np.asarray((a - share * b) / under)

    told = held.with_columns(((pl.col(above) - share * pl.col(below)) / under).alias(_INFLUENCE))
    found = _inferred(told, _Quantity(_INFLUENCE, influence if all(reads) else None), terms)
    assert found is not None
    moved = _moved(found.estimate, share)
    return Inferred(replace(moved, p=np.nan), found.over, found.seeds, copies)


def over_task_sets(values: Array, *, skewed: bool = False) -> Inferred:
    """The mean of values (n,) of which each stands for a task set: Student-t, with their skewness taken out where they are
    `skewed`, as regrets are that are mostly 0."""
    return _of_task_sets(estimate(values) if skewed else across_seeds(values))


def ratio_over_task_sets(above: Array, below: Array) -> Inferred | None:
    """The ratio of means of such values, paired; None where the mean of `below` is 0 or what rounding leaves of them."""
    rounding = quotient(1.0, abs(float(below.mean())), float(np.abs(below).mean())) is None
    return None if rounding else _of_task_sets(ratio(above, below))


def _of_task_sets(found: Estimate) -> Inferred:
    return Inferred(found, TASK_SETS if found.n > 1 else None, found.n, 0)


def over_of(part: pl.DataFrame, terms: Terms = NO_TERMS) -> str | None:
    """What an interval over the seeds of these cells is over where their examples' terms say nothing of the quantity, as of a
    regret or a line; None of a single seed."""
    held = without_copies(part)[0]
    if held["seed"].n_unique() < 2:
        return None
    return _of_seeds_alone(_sharing(held), terms)


def _of_seeds_alone(over: str, terms: Terms) -> str:
    return (ASKED if terms.this_test_set else TEST_SET) if over in (CROSSED, FITS, TEST_SET) else over


class Cells:
    """The cells of a group, each seed once: what is known of them whatever the quantity."""

    def __init__(self, part: pl.DataFrame, copies: int = 0) -> None:
        """copies: seeds that were taken out before, because they are another one again."""
        self.held, again = without_copies(part)
        self.copies = copies + again

    def with_values(self, column: str) -> Cells:
        """Those that hold a finite number in this column."""
        values = self.held[column].cast(float)
        known = values.is_not_null() & values.is_finite()
        return self if known.all() else Cells(self.held.filter(known), self.copies)

    @functools.cached_property
    def seeds(self) -> list[Array]:
        """The places of each seed's cells, in the order in which the seeds come."""
        places: dict[object, list[int]] = {}
        for place, seed in enumerate(self.held["seed"].to_list()):
            places.setdefault(seed, []).append(place)
        return [np.array(found) for found in places.values()]

    @functools.cached_property
    def sharing(self) -> str:
        """What an interval over these seeds can be over."""
        return _sharing(self.held)

    @functools.cached_property
    def keys(self) -> list[tuple[str, str | None]]:
        """Of each cell its key, and that of the cell that it is compared with."""
        pairs = "cell_key_against" in self.held.columns
        against = self.held["cell_key_against"].to_list() if pairs else [None] * self.held.height
        return list(zip(self.held["cell_key"].to_list(), against, strict=True)) if "cell_key" in self.held.columns else []


def _inferred(part: pl.DataFrame | Cells, quantity: _Quantity, terms: Terms) -> Inferred | None:
    cells = (part if isinstance(part, Cells) else Cells(part)).with_values(quantity.column)
    if cells.held.is_empty():
        return None
    values = cells.held[quantity.column].to_numpy()
    means = np.array([float(np.mean(values[places])) for places in cells.seeds])
    if len(means) == 1:
        return _of_one(cells, quantity, terms)
    over = cells.sharing
    if over in (CROSSED, FITS) and not terms.this_test_set:
        found = list(_seeds(cells, quantity, terms))
        if len(found) == len(means):
            crossed = over_seeds_and_examples([seed_of(of_seed) for of_seed in found])
            return Inferred(_moved(crossed, float(means.mean())), over, len(means), cells.copies)
    return Inferred(across_seeds(means), _of_seeds_alone(over, terms), len(means), cells.copies)


def interval_types(names: Iterable[str]) -> Schema:
    """The columns that `interval_columns` fills beside the mean."""
    import polars as pl

    return {f"{name}{end}": kind for name in names
            for end, kind in (("_low", pl.Float64), ("_high", pl.Float64), ("_p", pl.Float64), ("_over", pl.String))}


def interval_columns(name: str, found: Inferred | None) -> Values:
    """The columns `name`, `name_low`, `name_high`, `name_p` and `name_over`; null where there is none."""
    if found is None:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high", f"{name}_p", f"{name}_over"))
    made = found.estimate
    numbers = {"": made.mean, "_low": made.low, "_high": made.high, "_p": made.p}
    return {**{f"{name}{end}": value if value == value else None for end, value in numbers.items()},
            f"{name}_over": found.over}


def without_copies(held: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The cells of the seeds that differ; how many seeds were another one again. A pair of cells is one again where what it is
    compared with is too."""
    pair = [name for name in held.columns if name.endswith("_against") and name != "cell_key_against"]
    there = [*(name for name in COPY if name in held.columns), *pair]
    if not {"err_student", "misfit"} <= set(there) or held["misfit"].null_count() or held["err_student"].null_count():
        return held, 0  # what is known of the cells does not tell two seeds from one seed twice
    seeds: dict[object, list[str]] = {}
    for seed, row in zip(held["seed"].to_list(), held.select(there).rows(), strict=True):
        seeds.setdefault(seed, []).append(repr(row))
    told: dict[tuple[str, ...], object] = {}
    for seed, rows in seeds.items():
        told.setdefault(tuple(sorted(rows)), seed)
    return (held if len(told) == len(seeds) else held.filter(held["seed"].is_in(list(told.values())))), len(seeds) - len(told)


def _sharing(held: pl.DataFrame) -> str:
    """What an interval over these seeds can be over, from what is recorded of their splits."""
    shared = held["test_shared"].to_list() if "test_shared" in held.columns else [None]
    if any(found is None for found in shared):
        return UNCHECKED
    import polars as pl

    if not any(shared):
        # each run looked at its own seeds alone: runs of one seed each may share a test split all the same
        splits = held.group_by("task").agg(pl.col("fingerprint_test").drop_nulls().n_unique(), pl.col("seed").n_unique())
        apart = splits.filter((pl.col("fingerprint_test") > 0) & (pl.col("fingerprint_test") < pl.col("seed"))).is_empty()
        return SEEDS if apart else TEST_SET
    training = held.group_by("task").agg(pl.col("fingerprint_supervise").n_unique(), pl.col("seed").n_unique())
    one = training.filter((pl.col("fingerprint_supervise") > 1) | (pl.col("seed") < 2)).is_empty()
    return FITS if one else CROSSED


def _seeds(cells: Cells, quantity: _Quantity, terms: Terms) -> Iterator[list[tuple[Array, Array]]]:
    """Of each seed the examples and terms of its cells, as long as all of them are kept."""
    if quantity.read is None or not cells.keys:
        return
    for places in cells.seeds:
        found = [_cell_terms(key, against, quantity.read, terms) for key, against in (cells.keys[place] for place in places)]
        known = [cell for cell in found if cell is not None]
        if len(known) < len(found):
            return
        yield known


def _cell_terms(key: str, against: str | None, read: _Read, terms: Terms) -> tuple[Array, Array] | None:
    """Examples (n,) and terms (n,) of one cell, or of the difference from its pair; None where they are not kept."""
    mine = terms.of(key)
    if mine is None:
        return None
    found = read(mine)
    if against is not None:
        theirs = terms.of(against)
        if theirs is None or not np.array_equal(theirs["example"], mine["example"]):
            return None
        found = found - read(theirs)
    return None if np.isnan(found).any() else (mine["example"], found)


def _of_one(cells: Cells, quantity: _Quantity, terms: Terms) -> Inferred:
    """The interval of one seed, over its test examples: from their terms, or from what the row of a single cell says."""
    column, held, copies = quantity.column, cells.held, cells.copies
    mean = float(np.mean(held[column].to_numpy()))
    if terms.this_test_set:
        return Inferred(Estimate(mean, np.nan, np.nan, np.nan, 1), None, 1, copies)
    found = next(_seeds(cells, quantity, terms), None)
    if found is not None:
        crossed = over_seeds_and_examples([seed_of(found)])
        return Inferred(_moved(crossed, mean), EXAMPLES if crossed.low == crossed.low else None, 1, copies)
    line = held.row(0, named=True)
    error, n = line.get(f"{column}_se"), line.get("n_test")
    if held.height > 1 or error is None or n is None:
        return Inferred(Estimate(mean, np.nan, np.nan, np.nan, 1), None, 1, copies)
    if column in _OF_SHARES:
        return Inferred(paired_difference(mean, error, n), EXAMPLES, 1, copies)
    made = around(mean, error, n - 1, n=n)
    low, high = line.get(f"{column}_low"), line.get(f"{column}_high")
    if low is not None and high is not None:  # the row's own interval knows how skewed the terms are
        p = made.p if low > 0.0 or high < 0.0 else max(made.p, 1.0 - CONFIDENCE)
        made = Estimate(mean, error, low, high, n, p)
    return Inferred(made, EXAMPLES, 1, copies)


def _moved(found: Estimate, mean: float) -> Estimate:
    """The same interval about the mean of the rows: the terms are float32."""
    by = mean - found.mean
    return replace(found, mean=mean, low=found.low + by, high=found.high + by)
