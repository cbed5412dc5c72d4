"""Random features: gradient flow is the flow it says, draws are what their names say, and the square law is met."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm
from w2s_probes.decompositions import Decompositions
from w2s_probes.gradient_flow import TIMES, FlowHead, GradientFlow, landing
from w2s_probes.least_squares import LeastSquares
from w2s_probes.standardise import centred_of, standard_of
from w2s_synthetic.sphere import Sphere
from w2s_synthetic.spiked import Spiked
from w2s_tabular.random_features import RandomFeatures

from w2s_bench.contracts import Array, FitContext, FitProblem, Labels, PrepareContext, Regression, Split
from w2s_bench.contracts.errors import DataError, Diverged, PluginError, UsageError
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import spec_from_toml
from w2s_bench.registry.loading import load_registry

SHAPES = [(60, 5), (25, 40)]


def problem(n: int = 60, d: int = 5, k: int = 1, seed: int = 0, key: str = "", features: Array | None = None) -> FitProblem:
    rng = np.random.default_rng(seed)
    x = rng.normal(1, 2, (n, d)) * np.geomspace(1, 0.2, d) if features is None else features
    values = x[:, :1] + rng.normal(size=(len(x), k)) + 3
    return FitProblem(x.astype(np.float32), Labels(values, "weak"), FitContext(0, Regression(k)), key)


def centred(given: FitProblem) -> tuple[Array, Array]:
    x = given.features.astype(np.float64)
    return x - x.mean(axis=0), given.labels.values - given.labels.values.mean(axis=0)


def slowest_unit(z: Array) -> float:
    return float(1.0 / np.linalg.eigvalsh(z.T @ z / len(z))[-1])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("time", [0.3, 2.0, 30.0])
def test_the_flow_is_what_many_small_steps_of_gradient_descent_reach(shape: tuple[int, int], time: float) -> None:
    given = problem(*shape, k=2)
    z, y = centred(given)
    weight, steps = np.zeros((shape[1], 2)), 20_000
    step = time * slowest_unit(z) / steps
    for _ in range(steps):
        weight += step * z.T @ (y - z @ weight) / len(z)
    got = GradientFlow(time, standardise=False).fit(given)
    assert isinstance(got, FlowHead)
    assert np.allclose(got.weight, weight, rtol=0, atol=2e-3 * np.abs(weight).max())


@pytest.mark.parametrize("shape", SHAPES)
def test_the_flow_is_the_matrix_exponential(shape: tuple[int, int]) -> None:
    given = problem(*shape)
    z, y = centred(given)
    kernel = z @ z.T / len(z)
    expected = given.labels.values.mean() + y - expm(-3.0 * slowest_unit(z) * kernel) @ y
    assert np.allclose(GradientFlow(3.0, standardise=False).fit(given).predict(given.features), expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize("standardise", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_flow_starts_at_the_mean_label_and_ends_at_least_squares(shape: tuple[int, int], standardise: bool) -> None:
    given, unseen = problem(*shape, k=2), problem(30, shape[1], seed=7).features
    start = GradientFlow(0.0, standardise).fit(given).predict(unseen)
    assert np.allclose(start, given.labels.values.mean(axis=0), rtol=0, atol=1e-12)
    end = GradientFlow(1e6, standardise).fit(given).predict(given.features)
    assert np.allclose(end, LeastSquares().fit(given).predict(given.features), rtol=0, atol=1e-8)
    if standardise:
        exact = LeastSquares().fit(given).predict(unseen)
        assert np.allclose(GradientFlow(1e6).fit(given).predict(unseen), exact, rtol=0, atol=1e-7)


def test_after_time_one_the_leading_direction_keeps_one_part_in_e_whatever_the_scale() -> None:
    z = np.random.default_rng(0).normal(size=(200, 3)) * [10.0, 1.0, 0.1]
    _, _, v = np.linalg.svd(z - z.mean(axis=0), full_matrices=False)
    for scale in (1.0, 1e-3):
        features = (scale * z).astype(np.float32)
        target = (z - z.mean(axis=0)) @ v[:1].T
        given = FitProblem(features, Labels(target, "weak"), FitContext(0, Regression(1)))
        left = target - GradientFlow(1.0, standardise=False).fit(given).predict(features)
        assert left.std() / target.std() == pytest.approx(np.exp(-1.0), rel=1e-4)


@pytest.mark.parametrize("strategy", [GradientFlow(), GradientFlow(3.0), GradientFlow(3.0, False), GradientFlow("auto", False)],
                         ids=str)
@pytest.mark.parametrize("shape", SHAPES)
def test_flows_in_a_batch_are_the_single_flows_bit_for_bit(strategy: GradientFlow, shape: tuple[int, int]) -> None:
    first = problem(*shape, k=2, key="a")
    other = FitProblem(first.features, Labels(first.labels.values[::-1], "weak"), first.context, "a")
    batch = [first, other, problem(*shape, seed=4, key="b"), first]
    for together, alone in zip(strategy.fit_many(batch), map(strategy.fit, batch), strict=True):
        assert isinstance(together, FlowHead) and isinstance(alone, FlowHead)
        again = strategy.from_arrays({name: np.array(value) for name, value in alone.to_arrays().items()})
        for found in (alone, again):
            assert np.array_equal(together.predict(first.features), found.predict(first.features))


def test_a_broken_flow_costs_only_itself() -> None:
    good = problem(key="good")
    bad = np.array(good.features)
    bad[4, 2] = np.nan
    first, nan, last = GradientFlow().fit_many([good, FitProblem(bad, good.labels, good.context, "bad"), good])
    assert isinstance(nan, Diverged) and "row 4, column 2" in str(nan)
    assert isinstance(first, FlowHead) and isinstance(last, FlowHead) and np.array_equal(first.weight, last.weight)
    constant = problem(features=np.ones((20, 3)))
    for standardise in (True, False):
        found = GradientFlow(2.0, standardise).fit(constant).predict(constant.features)
        assert np.allclose(found, constant.labels.values.mean())


def test_the_flow_lands_between_two_groups_of_eigenvalues() -> None:
    rate, energy = np.array([1.0, 0.9, 1e-4, 1e-4]), np.array([3.0, 2.0, 0.2, 0.1])
    time = landing(rate, energy)
    assert 5 < time < 500
    assert np.exp(-2 * time * 0.9) < 1e-4 and np.exp(-2 * time * 1e-4) > 0.9


def test_without_a_landing_the_flow_runs_to_its_end() -> None:
    assert landing(np.array([1.0]), np.array([1.0])) == TIMES[-1]
    assert landing(np.array([1.0, 0.9]), np.zeros(2)) == TIMES[-1]


def test_a_decomposition_is_found_by_content_and_the_oldest_is_let_go() -> None:
    x = [np.random.default_rng(seed).normal(size=(20, 6)).astype(np.float32) for seed in range(3)]
    held = Decompositions(most_bytes=2 * 6 * 6 * 8)
    first = held.of(x[0], 1e-7, centred_of)
    assert held.of(x[0].copy(), 1e-7, centred_of) is first
    assert held.of(x[0], 1e-7, standard_of) is not first
    held.of(x[1], 1e-7, centred_of), held.of(x[2], 1e-7, centred_of)
    again = held.of(x[0], 1e-7, centred_of)
    assert again is not first and np.array_equal(again.vectors, first.vectors)


def embedded(model: RandomFeatures, inputs: dict[str, Array], seed: int = 0) -> Array:
    state = model.prepare(PrepareContext(seed=seed, inputs=inputs))
    return np.asarray(model.embed(inputs, state).values)


def test_linear_features_are_linear_and_without_bias_a_zero_stays_zero() -> None:
    x = np.random.default_rng(0).normal(size=(30, 4))
    for kind in ("linear", "relu"):
        model = RandomFeatures(64, kind, bias=False, standardise=False)
        assert np.allclose(embedded(model, {"x": 2 * x}), 2 * embedded(model, {"x": x}), rtol=1e-5)
        assert not embedded(model, {"x": 0 * x}).any()
    plain = embedded(RandomFeatures(64, "linear", standardise=False), {"x": 0 * x})
    assert plain.any() and model.family == "random-features[relu]"


def test_each_cell_seed_is_another_draw_and_teacher_and_student_share_none() -> None:
    inputs = {"x": np.random.default_rng(0).normal(size=(40, 4))}
    model = RandomFeatures(32, standardise=False, redraw=True)
    assert model.prepare_from == frozenset({"seed"}) and RandomFeatures().prepare_from == frozenset({"task"})
    assert np.array_equal(embedded(model, inputs, 3), embedded(model, inputs, 3))
    assert not np.array_equal(embedded(model, inputs, 3), embedded(model, inputs, 4))
    narrow, wide = (embedded(RandomFeatures(w, "linear", seed, standardise=False, redraw=True), inputs, 3)
                    for w, seed in ((8, 1), (32, 0)))
    assert np.abs(np.corrcoef(narrow.T, wide.T)[:8, 8:]).max() < 0.999
    with pytest.raises(PluginError, match="seed"):
        model.prepare(PrepareContext())
    with pytest.raises(DataError, match="no input column"):
        model.embed({"text": np.array(["a"], dtype=object)}, model.prepare(PrepareContext(seed=0)))


def test_the_sphere_holds_a_linear_function_of_unit_vectors() -> None:
    splits = Sphere(d=6, supervise=500, transfer=40, test=50).load(2)
    x, y = splits.supervise.inputs["x"], splits.supervise.truth
    assert np.allclose(np.linalg.norm(x, axis=1), 1, atol=1e-6) and y.shape == (500, 1)
    beta = np.linalg.lstsq(x.astype(np.float64), y, rcond=None)[0]
    assert np.linalg.norm(beta) == pytest.approx(1.0) and np.allclose(x @ beta, y, atol=1e-6)
    assert (y**2).mean() == pytest.approx(1 / 6, rel=0.15)
    assert np.array_equal(Sphere(d=6, supervise=3).load(2).supervise.truth, y[:3])
    assert not np.allclose(Sphere(d=6, task=1).load(2).supervise.truth[:3], y[:3])


@pytest.mark.parametrize("decay", [0.0, 1.0])
def test_the_target_is_the_leading_direction_of_the_inputs(decay: float) -> None:
    task = Spiked(d=20, tail=2.0, decay=decay, supervise=20_000)
    split = task.load(1).supervise
    found = np.linalg.eigvalsh(np.cov(split.inputs["x"].T))[::-1]
    assert np.allclose(found, task.spectrum(), rtol=0.12)
    assert (split.truth**2).mean() == pytest.approx(1.0, rel=0.05)
    assert task.spectrum()[1:].sum() == pytest.approx(2.0)


def test_a_target_that_is_not_the_leading_direction_is_refused() -> None:
    with pytest.raises(UsageError, match=r"second eigenvalue is 2"):
        Spiked(d=3, tail=4.0)


def fitted(strategy: Any, features: Array, values: Array, source: Any) -> Any:
    return strategy.fit(FitProblem(features, Labels(values, source), FitContext(0, Regression(1))))


def errors(width: int, seed: int) -> tuple[float, float]:
    """Errors of a teacher of `width` linear features, and of a student of 2,048 that it taught with time=auto."""
    splits = Spiked(d=256, tail=2.0, supervise=600, transfer=200, test=400).load(seed)
    teacher, student = (RandomFeatures(w, "linear", s, bias=False, standardise=False, redraw=True)
                        for w, s in ((width, 1), (2048, 0)))

    def seen(model: RandomFeatures, split: Split) -> Array:
        return np.asarray(model.embed(split.inputs, model.prepare(PrepareContext(seed=seed))).values)

    weak = fitted(LeastSquares(), seen(teacher, splits.supervise), splits.supervise.truth, "truth")
    labels = weak.predict(seen(teacher, splits.transfer))
    taught = fitted(GradientFlow("auto", standardise=False), seen(student, splits.transfer), labels, "weak")
    return (float(((weak.predict(seen(teacher, splits.test)) - splits.test.truth) ** 2).mean()),
            float(((taught.predict(seen(student, splits.test)) - splits.test.truth) ** 2).mean()))


@pytest.mark.slow
def test_a_wide_student_that_stops_in_time_nearly_squares_the_error_of_its_teacher() -> None:
    found = np.array([[errors(width, seed) for width in (8, 32)] for seed in range(6)])
    weak, student = np.exp(np.log(found).mean(axis=0)).T
    assert (student < 2.5 * weak**2 + 2.0 / 2048).all()
    slope = np.log(student[0] / student[1]) / np.log(weak[0] / weak[1])
    assert 1.4 < slope < 2.2


@pytest.mark.parametrize(("name", "cells"), [("random-features", 400), ("random-features.quick", 80)])
def test_the_suite_plans_one_wide_student_for_many_teachers(name: str, cells: int) -> None:
    text = (files("w2s_ready_runs") / f"{name}.toml").read_text(encoding="utf-8")
    plan = make_plan(spec_from_toml(text, where=name), load_registry())
    assert len(plan.cells) == cells
    assert {cell.strong.label.count("width") for cell in plan.cells} == {1}
