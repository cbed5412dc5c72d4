"""What a mean over cells says of more than these cells: its interval, and over what that interval is.

What seeds share decides. Seeds with test samples of their own are independent draws: Student-t over them. Seeds that share test
examples are crossed with them (scoring/crossed.py), which wants the examples' terms. Copies of one row, as a file with given
splits makes them under a strategy without randomness, count once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from w2s_bench.scoring.arrays import Array
from w2s_bench.scoring.crossed import over_seeds_and_examples, seed_of
from w2s_bench.scoring.intervals import CONFIDENCE, Estimate, across_seeds, around

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.tables.values import Schema, Values

SEEDS, CROSSED, FITS, EXAMPLES, TEST_SET, UNCHECKED = (
    "seeds", "seeds and examples", "fits and examples", "test examples", "this test set", "seeds, unchecked")

MEANINGS = {
    SEEDS: "seeds, each with a test sample of its own",
    CROSSED: "seeds and test examples, which the seeds share",
    FITS: "fits and test examples; all seeds have one training set, and nothing is said of others",
    EXAMPLES: "test examples; there is one fit, and nothing is said of others",
    TEST_SET: "seeds, of this test set alone: its examples are shared and their terms are not kept",
    UNCHECKED: "seeds; what they share is not recorded in these rows",
}
"""What an interval is over, in words, by `Inferred.over`."""

_COPY = ("task", "weak", "strong", "strategy", "supervisor", "fingerprint_test", "fingerprint_transfer", "fingerprint_supervise",
         "err_weak", "err_student", "err_ceiling", "misfit")
"""Two seeds whose cells agree in these, to the last bit, are one seed twice."""

READS = ("cell_key", "seed", "test_shared", *_COPY)
"""Columns of the rows that `inferred` wants to see, where they are there."""


class Inferred(msgspec.Struct, frozen=True):
    """A mean with its interval. over: a key of MEANINGS, None where there is no interval. seeds: that count, each once; copies:
    seeds that are another one again."""

    estimate: Estimate
    over: str | None
    seeds: int
    copies: int


class Terms:
    """The per-example terms of cells, by cell key; see running/terms.py."""

    def __init__(self, read: Callable[[], pl.DataFrame] | None = None) -> None:
        """read: gives the table, when it is asked for first."""
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


def merged(several: Iterable[Terms]) -> Terms:
    """The terms of several tables as one."""
    import polars as pl

    every = list(several)

    def read() -> pl.DataFrame:
        tables = [terms.table for terms in every if terms.table is not None]
        return pl.concat(tables).unique(["cell_key", "example"], maintain_order=True) if tables else pl.DataFrame()

    return Terms(read)


def _right(name: str) -> Callable[[Mapping[str, Array]], Array]:
    return lambda terms: (terms[f"class_{name}"] == terms["class_truth"]).astype(np.float64)


def _agreement(right: bool) -> Callable[[Mapping[str, Array]], Array]:
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


def _error(name: str) -> Callable[[Mapping[str, Array]], Array]:
    return lambda terms: terms[name].astype(np.float64)


_TERMS: Mapping[str, Callable[[Mapping[str, Array]], Array]] = {
    **{name: _error(name) for name in ("err_weak", "err_student", "err_ceiling", "misfit")},
    "gain": lambda terms: terms["err_weak"].astype(np.float64) - terms["err_student"],
    "predicted_err": lambda terms: terms["err_weak"].astype(np.float64) - terms["misfit"],
    **{f"accuracy_{name}": _right(name) for name in ("weak", "student", "ceiling")},
    "gain_accuracy": lambda terms: _right("student")(terms) - _right("weak")(terms),
    "agreement_weak_right": _agreement(True), "agreement_weak_wrong": _agreement(False),
}
"""From the kept terms of a cell to a measure's own, (n,), whose mean is the cell's value."""


def inferred(part: pl.DataFrame, measure: str, terms: Terms, *, value: str | None = None) -> Inferred | None:
    """The mean over seeds of the mean over a seed's cells of `measure`, with its interval; None where no cell holds it.

    value: the column that holds it, if that is a difference; then the cells of `cell_key_against` are those that it is from.
    """
    column = value or measure
    held = part.filter(part[column].is_not_null() & part[column].cast(float).is_finite())
    if held.is_empty():
        return None
    held, copies = without_copies(held)
    seeds = held.partition_by("seed", maintain_order=True)
    means = np.array([float(np.mean(seed[column].to_numpy())) for seed in seeds])
    if len(seeds) == 1:
        return _of_one(held, measure, column, terms, copies)
    over = _sharing(held)
    if over in (CROSSED, FITS):
        found = list(_seeds(seeds, measure, terms))
        if len(found) == len(seeds):
            crossed = over_seeds_and_examples([seed_of(cells) for cells in found])
            return Inferred(_moved(crossed, float(means.mean())), over, len(seeds), copies)
        over = TEST_SET
    return Inferred(across_seeds(means), over, len(seeds), copies)


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
    there = [*(name for name in _COPY if name in held.columns), *pair]
    if not {"err_student", "misfit"} <= set(there) or held["misfit"].null_count() or held["err_student"].null_count():
        return held, 0  # what is known of the cells does not tell two seeds from one seed twice
    told: dict[tuple[object, ...], object] = {}
    kept = []
    seeds = held.partition_by("seed", maintain_order=True)
    for seed in seeds:
        what = tuple(sorted(map(repr, seed.select(there).iter_rows())))
        if what not in told:
            told[what] = seed["seed"][0]
            kept.append(seed["seed"][0])
    return (held if len(kept) == len(seeds) else held.filter(held["seed"].is_in(kept))), len(seeds) - len(kept)


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


def _seeds(seeds: list[pl.DataFrame], measure: str, terms: Terms) -> Iterator[list[tuple[Array, Array]]]:
    """Of each seed the examples and terms of its cells, as long as all of them are kept."""
    for seed in seeds:
        cells = [_cell_terms(line, measure, terms) for line in seed.iter_rows(named=True)]
        known = [cell for cell in cells if cell is not None]
        if len(known) < len(cells):
            return
        yield known


def _cell_terms(line: Values, measure: str, terms: Terms) -> tuple[Array, Array] | None:
    """Examples (n,) and terms (n,) of one cell, or of the difference from its pair; None where they are not kept."""
    read = _TERMS.get(measure)
    mine = terms.of(str(line.get("cell_key"))) if read is not None else None
    if read is None or mine is None:
        return None
    found = read(mine)
    if "cell_key_against" in line:
        theirs = terms.of(str(line["cell_key_against"]))
        if theirs is None or not np.array_equal(theirs["example"], mine["example"]):
            return None
        found = found - read(theirs)
    return None if np.isnan(found).any() else (mine["example"], found)


def _of_one(held: pl.DataFrame, measure: str, column: str, terms: Terms, copies: int) -> Inferred:
    """The interval of one seed, over its test examples: from their terms, or from what the row of a single cell says."""
    mean = float(np.mean(held[column].to_numpy()))
    found = next(_seeds([held], measure, terms), None)
    if found is not None:
        crossed = over_seeds_and_examples([seed_of(found)])
        return Inferred(_moved(crossed, mean), EXAMPLES if crossed.low == crossed.low else None, 1, copies)
    line = held.row(0, named=True)
    error, n = line.get(f"{column}_se"), line.get("n_test")
    if held.height > 1 or error is None or n is None:
        return Inferred(Estimate(mean, np.nan, np.nan, np.nan, 1), None, 1, copies)
    made = around(mean, error, n - 1, n=n)
    low, high = line.get(f"{column}_low"), line.get(f"{column}_high")
    if low is not None and high is not None:  # the row's own interval knows how skewed the terms are
        p = made.p if low > 0.0 or high < 0.0 else max(made.p, 1.0 - CONFIDENCE)
        made = Estimate(mean, error, low, high, n, p)
    return Inferred(made, EXAMPLES, 1, copies)


def _moved(found: Estimate, mean: float) -> Estimate:
    """The same interval about the mean of the rows: the terms are float32."""
    by = mean - found.mean
    return Estimate(mean, found.se, found.low + by, found.high + by, found.n, found.p)
