"""Probes: exact where they say so, equal in batches and alone, and faithful to torch."""

from __future__ import annotations

import importlib
import runpy
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
import torch
import w2s_probes
from w2s_probes.adamw_head import AdamWHead
from w2s_probes.as_is import AsIs
from w2s_probes.least_squares import LeastSquares
from w2s_probes.ridge import Ridge

from w2s_bench.contracts import Array, FitContext, FitProblem, Labels, Regression
from w2s_bench.contracts.errors import Diverged

PLAIN = runpy.run_path(str(Path(__file__).resolve().parents[2] / "benchmarks" / "paper_synthetic.py"))
"""The plain loops that the benchmark compares with."""

LINEAR = [Ridge(), Ridge(0.3), Ridge("auto"), Ridge(0), LeastSquares(), AdamWHead(epochs=3),
          AdamWHead(epochs=3, standardise=False)]
CLOSED = [Ridge(1e-3), Ridge(0.3), Ridge("auto"), LeastSquares()]


def problem(n: int = 90, d: int = 7, k: int = 1, seed: int = 0, key: str = "", features: Array | None = None,
            fit_seed: int = 5) -> FitProblem:
    rng = np.random.default_rng(seed)
    x = rng.normal(3, 5, (n, d)) if features is None else features
    values = x[:, :1] * 2 + rng.normal(size=(len(x), k)) + 150
    return FitProblem(x.astype(np.float32), Labels(values, "weak"), FitContext(fit_seed, Regression(k)), key)


def relabelled(first: FitProblem, seed: int) -> FitProblem:
    values = np.random.default_rng(seed).normal(size=first.labels.values.shape)
    context = FitContext(seed, first.context.output)
    return FitProblem(first.features, Labels(values, "weak"), context, first.features_key)


def test_entries_build_their_components_and_agree_with_their_defaults() -> None:
    for entry in w2s_probes.w2s_strategies():
        module, _, name = entry.target.partition(":")
        component = getattr(importlib.import_module(module), name)
        given = {parameter.name: parameter.default for parameter in entry.parameters if not parameter.names}
        named = {parameter.name: parameter.default for parameter in entry.parameters if parameter.names}
        assert component(**given, **named) == component(**named)
        assert {*given, *named} == {field.name for field in fields(component)}


@pytest.mark.parametrize("strategy", LINEAR, ids=str)
@pytest.mark.parametrize("shape", [(90, 7, 1), (90, 7, 3), (12, 40, 2), (33, 5, 1)])
def test_fits_in_a_batch_are_the_single_fits_bit_for_bit(strategy: Any, shape: tuple[int, int, int]) -> None:
    first = problem(*shape, key="a")
    others = [problem(*shape, seed=9, key="b"), problem(50, 4, 1)]
    batch = [first, relabelled(first, 1), relabelled(first, 2), *others]
    for together, alone in zip(strategy.fit_many(batch), map(strategy.fit, batch), strict=True):
        left, right = together.to_arrays(), alone.to_arrays()
        assert left.keys() == right.keys()
        assert all(np.array_equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize("strategy", [*LINEAR, AsIs()], ids=str)
def test_predictions_survive_a_round_trip_bit_for_bit(strategy: Any) -> None:
    given, unseen = problem(k=2), problem(40, seed=3).features
    fitted = strategy.fit(given)
    arrays = {name: np.array(value) for name, value in fitted.to_arrays().items()}
    assert all(array.dtype in (np.float64, np.int64) for array in arrays.values())
    again = strategy.from_arrays(arrays)
    assert np.array_equal(fitted.predict(unseen), again.predict(unseen))
    assert fitted.predict(unseen).dtype == np.float64 and fitted.predict(unseen).shape == (40, 2)
    assert getattr(fitted, "radius", None) == getattr(again, "radius", None)


@pytest.mark.parametrize("strategy", CLOSED, ids=str)
@pytest.mark.parametrize("shape", [(90, 7), (12, 40), (200, 30)])
def test_an_exact_fit_is_the_projection_onto_its_class(strategy: Any, shape: tuple[int, int]) -> None:
    given = problem(*shape, k=2)
    head, values, rng = strategy.fit(given), given.labels.values, np.random.default_rng(1)
    design, fitted = head.design(given.features), head.predict(given.features)
    assert head.head_norm == pytest.approx(np.linalg.norm(head.weight))
    for _ in range(50):
        other = rng.normal(size=head.weight.shape) * rng.exponential(3)
        if head.radius is not None:
            other *= head.radius / np.linalg.norm(other)
        g = design @ other + values.mean(axis=0) + rng.normal(size=2)
        product = ((values - fitted) * (g - fitted)).sum() / (np.linalg.norm(values) * np.linalg.norm(g))
        assert product <= 1e-12
        if head.radius is None:
            assert abs(product) <= 1e-12


@pytest.mark.parametrize("k", [1, 3])
def test_ridge_meets_the_normal_equations_and_its_radius(k: int) -> None:
    given = problem(k=k)
    head = Ridge(0.2).fit(given)
    z, n = head.design(given.features), 90
    centred = given.labels.values - given.labels.values.mean(axis=0)
    expected = np.linalg.solve(z.T @ z + 0.2 * n * np.eye(7), z.T @ centred)
    assert np.allclose(head.weight, expected, rtol=1e-11, atol=1e-12)
    assert head.radius == head.head_norm


def test_auto_penalty_is_the_brute_force_leave_one_out_choice() -> None:
    from w2s_probes.ridge import GRID, leave_one_out_penalty
    from w2s_probes.spectrum import spectrum_of
    rng = np.random.default_rng(4)
    x = rng.normal(size=(30, 12))
    values = x[:, :1] + 2 * rng.normal(size=(30, 1))
    spectrum = spectrum_of(x, 1e-7)
    z = spectrum.standard(x)

    def left_out(penalty: float) -> float:
        total = 0.0
        for i in range(30):
            keep = np.arange(30) != i
            a = np.column_stack([z[keep], np.ones(29)])
            weight = np.linalg.solve(a.T @ a + np.diag([30 * penalty] * 12 + [0.0]), a.T @ values[keep])
            total += float((values[i] - np.append(z[i], 1) @ weight).item() ** 2)
        return total

    chosen = leave_one_out_penalty(spectrum, x, values)
    assert chosen == GRID[int(np.argmin([left_out(penalty) for penalty in GRID]))]


def test_auto_penalty_is_small_for_clean_labels_and_large_for_noise() -> None:
    from w2s_probes.ridge import leave_one_out_penalty
    from w2s_probes.spectrum import spectrum_of
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 50))
    spectrum = spectrum_of(x, 1e-7)
    assert leave_one_out_penalty(spectrum, x, x @ rng.normal(size=(50, 1))) <= 1e-3
    assert leave_one_out_penalty(spectrum, x, rng.normal(size=(60, 1))) >= 0.3


@pytest.mark.parametrize("strategy", CLOSED, ids=str)
def test_copies_constants_and_missing_rank_leave_predictions_alone(strategy: Any) -> None:
    x = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    wide = np.column_stack([x, x[:, :2], np.full(60, 1e4, dtype=np.float32), np.zeros(60, dtype=np.float32)])
    head = strategy.fit(problem(features=wide))
    assert np.isfinite(head.predict(wide)).all() and head.head_norm < 1e3
    if isinstance(strategy, LeastSquares):
        plain = strategy.fit(problem(features=x))
        assert head.design(wide).shape == (60, 5)
        assert np.allclose(head.predict(wide), plain.predict(x), rtol=1e-10)


def test_least_squares_interpolates_with_fewer_rows_than_columns() -> None:
    given = problem(12, 40, k=2)
    assert np.allclose(LeastSquares().fit(given).predict(given.features), given.labels.values, rtol=1e-11)


def test_moments_in_blocks_are_the_whole_moments() -> None:
    given = problem(9000, 6)
    z = LeastSquares().fit(given).standard(given.features)
    assert np.allclose(z.mean(axis=0), 0, atol=1e-9) and np.allclose(z.std(axis=0), 1)
    expected = np.linalg.lstsq(np.column_stack([z, np.ones(9000)]), given.labels.values, rcond=None)[0]
    fitted = LeastSquares().fit(given).predict(given.features)
    assert np.allclose(fitted, np.column_stack([z, np.ones(9000)]) @ expected, rtol=1e-11)


@pytest.mark.parametrize("strategy", LINEAR, ids=str)
def test_only_constant_columns_predict_without_features(strategy: Any) -> None:
    given = problem(features=np.ones((40, 3)))
    predicted = strategy.fit(given).predict(given.features)
    assert np.isfinite(predicted).all()
    if strategy.exact:
        assert np.allclose(predicted, given.labels.values.mean())


@pytest.mark.parametrize("strategy", LINEAR, ids=str)
def test_a_broken_problem_costs_only_itself(strategy: Any) -> None:
    good = problem(key="good")
    bad_features = np.array(good.features)
    bad_features[4, 2] = np.nan
    bad_values = np.array(good.labels.values)
    bad_values[3] = np.inf
    batch = [good, FitProblem(bad_features, good.labels, good.context, "bad"),
             FitProblem(good.features, Labels(bad_values, "weak"), good.context, "good"), good]
    first, nan, infinite, last = strategy.fit_many(batch)
    assert isinstance(nan, Diverged) and "row 4, column 2" in str(nan)
    assert isinstance(infinite, Diverged) and "row 3" in str(infinite)
    assert np.array_equal(first.predict(good.features), last.predict(good.features))
    with pytest.raises(Diverged):
        strategy.fit(batch[1])


@pytest.mark.parametrize("decay", [0.01, 0.0])
@pytest.mark.parametrize("batch", [32, 7, 100])
@pytest.mark.parametrize(("n", "d", "k"), [(70, 6, 1), (70, 16, 3), (33, 300, 2)])
def test_adamw_head_is_the_plain_torch_loop(n: int, d: int, k: int, batch: int, decay: float) -> None:
    given, recipe = problem(n, d, k), AdamWHead(epochs=20, lr=1e-2, batch=batch, decay=decay, standardise=False)
    plain, got = PLAIN["plain_head"](given.features, given.labels.values, 5, recipe, torch.float64), recipe.fit(given)
    assert np.allclose(got.weight, plain.weight.detach().numpy().T, rtol=0, atol=1e-9)
    assert np.allclose(got.intercept, plain.bias.detach().numpy(), rtol=0, atol=1e-9)


@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-9), (torch.float32, 1e-4)], ids=str)
@pytest.mark.parametrize("d", [16, 300])
def test_errors_of_adamw_heads_are_those_of_the_plain_loop(d: int, dtype: torch.dtype, rtol: float) -> None:
    given, unseen, recipe = problem(320, d), problem(500, d, seed=1), AdamWHead(epochs=30, standardise=False)
    layer = PLAIN["plain_head"](given.features, given.labels.values, 5, recipe, dtype)
    with torch.no_grad():
        plain = layer(torch.tensor(unseen.features, dtype=dtype)).double().numpy()
    error, plain_error = (((answers - unseen.labels.values) ** 2).mean()
                          for answers in (recipe.fit(given).predict(unseen.features), plain))
    assert error == pytest.approx(plain_error, rel=rtol)


@pytest.mark.parametrize("strategy", [AdamWHead(epochs=3), AdamWHead(epochs=3, standardise=False)], ids=str)
def test_the_number_of_threads_changes_no_bit(strategy: AdamWHead, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = [problem(key="a", seed=seed, fit_seed=fit_seed) for seed in range(3) for fit_seed in range(4)]
    found = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", threads)
        found.append([head.to_arrays()["weight"] for head in strategy.fit_many(batch)])
    assert all(np.array_equal(one, other) for heads in found[1:] for one, other in zip(found[0], heads, strict=True))


def test_the_layout_of_features_and_labels_changes_no_bit() -> None:
    first, strategy = problem(k=3), AdamWHead(epochs=3, standardise=False)
    turned = FitProblem(np.asfortranarray(first.features), Labels(np.asfortranarray(first.labels.values), "weak"), first.context)
    assert np.array_equal(strategy.fit(first).weight, strategy.fit(turned).weight)


def test_a_second_process_does_not_compile_again() -> None:
    AdamWHead(epochs=1).fit(problem())
    code = """
import numpy as np
from w2s_bench.contracts import FitContext, FitProblem, Labels, Regression
from w2s_probes.adamw_head import AdamWHead
from w2s_probes.adamw_steps import pass_over
AdamWHead(epochs=1).fit(FitProblem(np.eye(9, dtype=np.float32), Labels(np.ones((9, 1)), "weak"), FitContext(0, Regression(1))))
assert sum(pass_over.stats.cache_hits.values()) == 1 and not pass_over.stats.cache_misses
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_adamw_head_learns_labels_in_their_own_units() -> None:
    given = problem(400, 7)
    head = AdamWHead().fit(given)
    residual = head.predict(given.features) - given.labels.values
    assert (residual**2).mean() < 0.05 * given.labels.values.var()


def test_a_learning_rate_too_large_is_reported_as_diverged() -> None:
    first, = AdamWHead(epochs=200, lr=1e308).fit_many([problem()])
    assert isinstance(first, Diverged)


def test_a_head_that_diverges_costs_only_itself() -> None:
    strategy, sound = AdamWHead(epochs=3, standardise=False), problem(key="a")
    huge = FitProblem(sound.features, Labels(1e308 * np.sign(sound.labels.values), "weak"), sound.context, "a")
    first, wild, last = strategy.fit_many([sound, huge, sound])
    assert isinstance(wild, Diverged)
    assert np.array_equal(first.weight, strategy.fit(sound).weight) and np.array_equal(first.weight, last.weight)


def test_untrained_heads_know_no_labels() -> None:
    given = problem()
    for strategy in (Ridge(), LeastSquares()):
        assert not strategy.untrained(given).predict(given.features).any()
    initial = AdamWHead().untrained(given)
    assert np.array_equal(initial.predict(given.features),
                          AdamWHead().untrained(relabelled(given, 5)).predict(given.features))
    assert np.abs(initial.weight).max() <= 1 / np.sqrt(7)


def test_as_is_takes_the_first_columns_and_refuses_too_few() -> None:
    given = problem(k=2)
    assert np.array_equal(AsIs().fit(given).predict(given.features), given.features[:, :2].astype(np.float64))
    with pytest.raises(Diverged, match="2 outputs"):
        AsIs().fit(problem(30, 1, 2))
