"""Correlated features: subspaces of the dimensions and overlap asked for, and the variance that theory gives them."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from w2s_probes.least_squares import LeastSquares
from w2s_synthetic.correlated import Correlated
from w2s_synthetic.subspace import Subspace

from w2s_bench.contracts import Array, FitContext, FitProblem, Labels, Regression
from w2s_bench.contracts.errors import DataError, UsageError
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import spec_from_toml
from w2s_bench.registry.loading import load_registry

PAIRS = [(4, 6, 1.0, 1.0), (4, 6, 3.0, 1.0), (5, 5, 5.0, 1.0), (8, 6, 3.0, 0.5), (6, 8, 2.0, 0.25)]


def pair(d_w: int, d_s: int, overlap: float, alignment: float = 1.0) -> tuple[Subspace, Subspace]:
    return Subspace("weak", d_w, overlap, alignment), Subspace("strong", d_s, overlap, alignment)


@pytest.mark.parametrize(("d_w", "d_s", "overlap", "alignment"), PAIRS)
def test_canonical_angles_sum_to_the_overlap(d_w: int, d_s: int, overlap: float, alignment: float) -> None:
    weak, strong = (model.embed({"x": np.eye(20)}, {}).values.astype(np.float64)
                    for model in pair(d_w, d_s, overlap, alignment))
    assert weak.shape == (20, d_w) and strong.shape == (20, d_s)
    for basis in (weak, strong):
        assert np.allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-6)
    cosines = np.linalg.svd(weak.T @ strong, compute_uv=False)
    assert (cosines**2).sum() == pytest.approx(overlap, abs=1e-6)
    assert cosines.max() == pytest.approx(1.0) and np.allclose(weak[:, 0], strong[:, 0])


def excess(task: Correlated, weak: Subspace, strong: Subspace, seed: int) -> tuple[float, float, float]:
    """err_weak, err_student and err_ceiling of one cell."""
    splits = task.load(seed)

    def fit(model: Subspace, split: Any, values: Array) -> Any:
        features = model.embed(split.inputs, {}).values
        return LeastSquares().fit(FitProblem(features, Labels(values, "weak"), FitContext(0, Regression(1))))

    def error(head: Any, model: Subspace) -> float:
        return float(((head.predict(model.embed(splits.test.inputs, {}).values) - splits.test.truth) ** 2).mean())

    teacher = fit(weak, splits.supervise, splits.supervise.truth)
    student = fit(strong, splits.transfer, teacher.predict(weak.embed(splits.transfer.inputs, {}).values))
    ceiling = fit(strong, splits.transfer, splits.transfer.truth)
    return error(teacher, weak), error(student, strong), error(ceiling, strong)


@pytest.mark.parametrize(("d_w", "d_s", "overlap", "alignment"), PAIRS)
def test_without_noise_neither_side_errs(d_w: int, d_s: int, overlap: float, alignment: float) -> None:
    task = Correlated(d=20, noise=0.0, supervise=40, transfer=50, test=30)
    assert max(excess(task, *pair(d_w, d_s, overlap, alignment), seed=1)) < 1e-20


def test_noise_is_on_the_labels_that_are_fitted_and_not_on_the_truth_of_the_test() -> None:
    task = Correlated(d=4, noise=4.0, supervise=20_000, transfer=20_000)
    splits = task.load(0)
    for part in (splits.supervise, splits.transfer):
        assert (part.truth[:, 0] - part.inputs["x"][:, 0]).var() == pytest.approx(4.0, rel=0.05)
    assert np.array_equal(splits.test.truth[:, 0], splits.test.inputs["x"][:, 0])
    assert task.label_noise == 4.0
    apart = splits.supervise.truth[:, 0] - splits.supervise.inputs["x"][:, 0]
    other = splits.transfer.truth[:, 0] - splits.transfer.inputs["x"][:, 0]
    assert abs(np.corrcoef(apart, other)[0, 1]) < 0.05


def test_a_seed_is_one_draw_and_a_task_number_another() -> None:
    first, again, other = Correlated().load(0), Correlated().load(0), Correlated(task=1).load(0)
    assert np.array_equal(first.test.truth, again.test.truth) and not np.array_equal(first.test.truth, other.test.truth)
    assert np.array_equal(Correlated(supervise=7).load(0).supervise.truth, first.supervise.truth[:7])


@pytest.mark.parametrize(("overlap", "alignment"), [(1.0, 1.0), (6.0, 1.0), (4.0, 0.5)])
def test_the_student_inherits_the_shared_variance_and_averages_out_the_rest(overlap: float, alignment: float) -> None:
    d_w, d_s, n, N, noise = 12, 10, 120, 100, 0.5
    task = Correlated(d=24, noise=noise, supervise=n, transfer=N, test=300)
    found = np.array([excess(task, *pair(d_w, d_s, overlap, alignment), seed) for seed in range(120)]).mean(axis=0)
    # Dong et al. (2025) with the constant counted, and n − d − 2 for n: exact for Gaussian inputs and a free intercept
    slope = noise / (n - d_w - 2)
    averaged = (1 + 1 / N) * (N - 2) / (N - d_s - 2) - 1
    expected = [slope * d_w * (1 + 1 / n) + noise / n,
                slope * overlap + noise / n + slope * d_w / n + slope * (d_w - overlap) * averaged, noise * averaged]
    assert np.allclose(found, expected, rtol=0.12)
    asymptotic = noise * ((overlap + 1) / n + (d_s + 1) / N * (d_w - overlap) / n)
    assert 1.0 < expected[1] / asymptotic < 1.3


@pytest.mark.parametrize(("options", "said"), [
    ({"dim": 4, "overlap": 5.0}, "overlap=5 is not between 1 and dim=4"),
    ({"dim": 4, "overlap": 0.5}, "overlap=0.5 is not between 1"),
    ({"dim": 4, "overlap": 2.5}, "overlap=3 is the nearest"),
    ({"dim": 4, "overlap": 3.0, "alignment": 0.5}, "5 directions at alignment=0.5 do not fit into dim=4"),
])
def test_numbers_that_no_pair_of_subspaces_has_are_refused(options: Any, said: str) -> None:
    for side in ("weak", "strong"):
        with pytest.raises(UsageError, match=said):
            Subspace(side, **options)


def test_inputs_too_small_or_not_numbers_are_refused() -> None:
    with pytest.raises(DataError, match="d ≥ 8"):
        Subspace("strong", 4).embed({"x": np.zeros((3, 7))}, {})
    with pytest.raises(DataError, match="no input column 'x'"):
        Subspace().embed({"text": np.array(["a"], dtype=object)}, {})


@pytest.mark.parametrize(("name", "cells"), [("correlated-features", 900), ("correlated-features.quick", 80)])
def test_the_suite_gives_both_sides_of_a_pair_the_same_overlap(name: str, cells: int) -> None:
    text = (files("w2s_ready_runs") / f"{name}.toml").read_text(encoding="utf-8")
    plan = make_plan(spec_from_toml(text, where=name), load_registry())
    assert len(plan.cells) == cells
    for cell in plan.cells:
        weak, strong = dict(cell.weak.params), dict(cell.strong.params)
        assert (weak["overlap"], weak["alignment"]) == (strong["overlap"], strong["alignment"])
        assert (weak["side"], strong["side"]) == ("weak", "strong")
