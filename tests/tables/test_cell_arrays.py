"""What is said of a mean from arrays is what `inferred` says from rows and terms."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from test_inference import gains, made

from w2s_bench.tables.cell_arrays import CellArrays, design_of, inferred_cells
from w2s_bench.tables.inference import CROSSED, EXAMPLES, FITS, SEEDS, UNCHECKED, Inferred, Terms, inferred


def arrays(terms: np.ndarray, names: list[np.ndarray], *, alike: list[int] | None = None) -> CellArrays:
    """One setting; terms: (s, n), of which a row of NaN is a cell that is not there."""
    influence = (terms - terms.mean(axis=1, keepdims=True)) / terms.shape[1]
    marks = np.arange(len(terms)) if alike is None else np.array(alike)
    return CellArrays(terms.mean(axis=1)[None], np.nan_to_num(influence)[None], marks[None, None].astype(np.uint64))


def same(found: Inferred | None, expected: Inferred | None) -> None:
    assert found is not None and expected is not None
    assert (found.over, found.seeds, found.copies) == (expected.over, expected.seeds, expected.copies)
    assert found.estimate.p >= expected.estimate.p - 1e-9  # it may be held against small levels
    for name in ("mean", "se", "low", "high", "degrees"):
        assert getattr(found.estimate, name) == pytest.approx(getattr(expected.estimate, name), rel=1e-9, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("seeds", [2, 3, 8])
def test_seeds_that_share_a_test_file(seeds: int) -> None:
    terms = gains(seeds, 70)
    for training, over in (("of each", CROSSED), ("one", FITS)):
        rows, kept = made(terms, shared=True, training=training)
        design = design_of([np.arange(70, dtype=np.uint64)] * seeds, one_training=training == "one")
        found = inferred_cells(arrays(terms, []), design)
        same(found, inferred(rows, "gain", Terms(lambda kept=kept: kept)))
        assert found is not None and found.over == over


def test_seeds_with_test_examples_of_their_own_and_resplits_that_share_some() -> None:
    terms = gains(4, 50)
    apart = design_of([np.arange(50, dtype=np.uint64) + np.uint64(50 * s) for s in range(4)], one_training=False)
    rows, _ = made(terms, shared=False)
    expected = inferred(rows.with_columns(fingerprint_test=pl.col("seed").cast(pl.String)), "gain", Terms())
    found = inferred_cells(arrays(terms, []), apart)
    assert found is not None and expected is not None and found.over == expected.over == SEEDS
    assert (found.estimate.low, found.estimate.high) == pytest.approx((expected.estimate.low, expected.estimate.high))
    rng = np.random.default_rng(3)
    names = [np.sort(rng.choice(120, 50, replace=False)).astype(np.uint64) for _ in range(4)]
    rows, kept = made(terms, shared=True)
    again = pl.concat([part.with_columns(pl.Series("example", own)) for own, part in zip(names, kept.partition_by(
        "cell_key", maintain_order=True), strict=True)])
    same(inferred_cells(arrays(terms, names), design_of(names, one_training=False)), inferred(rows, "gain", Terms(lambda: again)))


def test_a_seed_that_is_missing_and_one_that_is_there_twice() -> None:
    terms = gains(5, 60)
    design = design_of([np.arange(60, dtype=np.uint64)] * 5, one_training=False)
    rows, kept = made(terms, shared=True)
    lost = terms.copy()
    lost[2] = np.nan
    same(inferred_cells(arrays(lost, []), design), inferred(rows.filter(pl.col("seed") != 2), "gain", Terms(lambda: kept)))
    twice = terms.copy()
    twice[3] = twice[1]
    rows, kept = made(twice, shared=True, training="one")
    one = design_of([np.arange(60, dtype=np.uint64)] * 5, one_training=True)
    same(inferred_cells(arrays(twice, [], alike=[0, 1, 2, 1, 4]), one), inferred(rows, "gain", Terms(lambda: kept)))


def test_one_seed_is_over_its_examples_and_without_terms_it_is_not_known_what_seeds_share() -> None:
    terms = gains(3, 60)
    design = design_of([np.arange(60, dtype=np.uint64)] * 3, one_training=False)
    alone = terms.copy()
    alone[1:] = np.nan
    found = inferred_cells(arrays(alone, []), design)
    rows, kept = made(terms[:1], shared=True)
    expected = inferred(rows, "gain", Terms(lambda: kept))
    assert found is not None and found.over == EXAMPLES and found.seeds == 1
    same(found, expected)
    bare = inferred_cells(CellArrays(arrays(terms, []).values, None, arrays(terms, []).alike), design)
    assert bare is not None and bare.over == UNCHECKED
    nothing = inferred_cells(arrays(np.full((3, 60), np.nan), []), design)
    assert nothing is None


def test_a_paired_difference_is_on_the_cells_that_both_have_and_settings_weigh_the_same_within_a_seed() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(2, 2, 3))  # side, setting, seed
    values[0, 1, 2], values[1, 0, 0] = np.nan, np.nan
    sides = [CellArrays(side, np.zeros((2, 3, 4)), np.arange(6, dtype=np.uint64).reshape(1, 2, 3)) for side in values]
    apart = values[0] - values[1]
    by_hand = np.mean([apart[1, 0], np.mean(apart[:, 1]), apart[0, 2]])
    found = inferred_cells(sides[0].less(sides[1]), design_of([np.arange(4, dtype=np.uint64)] * 3, one_training=False))
    assert found is not None and found.estimate.mean == pytest.approx(by_hand) and found.seeds == 3
