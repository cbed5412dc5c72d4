"""Filters and smoothers: each criterion drops the rows that it is meant to drop, and the rules of keeping are exact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from label_problems import Descent, network_problem, one_hot, problem, softened, two_clouds
from w2s_probes.labels.by_confidence import confidence, judge_by_confidence
from w2s_probes.labels.by_knn import judge_by_knn
from w2s_probes.labels.by_overlap import judge_by_overlap, largest_cosine
from w2s_probes.labels.by_topology import in_largest_component, judge_by_topology
from w2s_probes.labels.change_point import threshold_of
from w2s_probes.labels.filter import Filter
from w2s_probes.labels.keeping import Verdict, kept_rows
from w2s_probes.labels.neighbours import nearest_others
from w2s_probes.labels.out_of_fold import folds_of, out_of_fold
from w2s_probes.labels.relabel import Relabel
from w2s_probes.logistic import Logistic

from w2s_bench.contracts import Array, FitProblem
from w2s_bench.contracts.errors import Diverged


class Rows:
    """A student that remembers what it was fitted on."""

    outputs = frozenset({"classes", "regression"})
    needs = "features"
    convex_in = None
    exact = True

    def __init__(self) -> None:
        self.seen: list[FitProblem] = []

    def fit(self, given: FitProblem) -> Any:
        self.seen.append(given)
        return Logistic().fit(given)

    def from_arrays(self, arrays: Mapping[str, Array]) -> Any:
        return Logistic().from_arrays(arrays)


def fitted_on(strategy: Any, given: FitProblem) -> FitProblem:
    strategy.fit(given)
    found: FitProblem = strategy.student.seen[-1]
    return found


def flipped(classes: Array, count: int) -> tuple[Array, Array]:
    """Classes with `count` of them wrong, and which."""
    wrong = np.random.default_rng(4).permutation(len(classes))[:count]
    return np.where(np.isin(np.arange(len(classes)), wrong), 1 - classes, classes), np.sort(wrong)


@pytest.mark.parametrize("by", ["knn", "logistic", "topology"])
@pytest.mark.parametrize("keep", [0.8, "auto"])
def test_wrong_labels_among_far_clouds_are_the_ones_that_are_dropped(by: str, keep: Any) -> None:
    features, classes = two_clouds(150)
    labels, wrong = flipped(classes, 12)
    kept = fitted_on(Filter(student=Rows(), by=by, keep=keep, neighbours=8), problem(features, softened(labels, 0.9)))
    left = {tuple(row) for row in kept.features}
    assert not any(tuple(row) in left for row in features[wrong].astype(np.float32))
    assert len(kept.features) >= 0.75 * len(features)


def test_the_confidence_filter_keeps_the_surest_half_of_each_class() -> None:
    sure = np.array([0.6, 0.9, 0.7, 0.8, 0.95, 0.55])
    values = softened(np.array([0, 0, 0, 0, 1, 1]), 1.0)
    values = np.where(values == 1, sure[:, None], 1 - sure[:, None])
    features = np.arange(12.0).reshape(6, 2)
    of_classes = fitted_on(Filter(student=Rows()), problem(features, values))
    assert of_classes.features[:, 0].tolist() == [2.0, 6.0, 8.0]
    of_all = fitted_on(Filter(student=Rows(), among="all"), problem(features, values))
    assert of_all.features[:, 0].tolist() == [2.0, 6.0, 8.0]
    shifted = np.where(values.argmax(axis=1, keepdims=True) == 1, softened(np.ones(6, dtype=int), 0.51), values)
    one_sided = fitted_on(Filter(student=Rows(), among="all"), problem(features, shifted))
    assert one_sided.features[:, 0].tolist() == [2.0, 4.0, 6.0, 8.0]


def test_every_class_keeps_its_best_row_and_two_rows_stay() -> None:
    classes = np.array([0, 0, 0, 0, 1, 2])
    scores = Verdict(np.array([6.0, 5.0, 4.0, 3.0, 1.0, -np.inf]), np.zeros(6, dtype=bool))
    assert kept_rows(scores, classes, 0.5, "all").tolist() == [0, 1, 2, 4, 5]
    assert kept_rows(scores, classes, 0.25, "classes").tolist() == [0, 4, 5]
    assert kept_rows(scores, classes, "auto", "classes").tolist() == [0, 4, 5]
    assert kept_rows(scores, np.zeros(6, dtype=int), 0.01, "all").tolist() == [0, 1]
    assert kept_rows(Verdict(np.zeros(1), np.zeros(1, dtype=bool)), np.zeros(1, dtype=int), 0.1, "all").tolist() == [0]


def test_rows_known_to_be_true_stay_whatever_their_score() -> None:
    values = softened(np.array([0, 0, 1, 1]), 0.9)
    values[1] = [0.55, 0.45]
    known = np.array([False, True, False, False])
    kept = fitted_on(Filter(student=Rows()), problem(np.arange(8.0).reshape(4, 2), values, known=known))
    assert kept.features[:, 0].tolist() == [0.0, 2.0, 4.0]
    assert kept.labels.known is not None and kept.labels.known.tolist() == [False, True, False]


def test_keeping_all_rows_fits_what_the_student_alone_would() -> None:
    features, classes = two_clouds(40)
    given = problem(features, softened(classes, 0.9), key="all")
    assert fitted_on(Filter(student=Rows(), keep=1.0), given) is given


def test_kept_rows_have_a_features_key_of_their_own() -> None:
    features, classes = two_clouds(40)
    half = fitted_on(Filter(student=Rows()), problem(features, softened(classes, 0.9), key="all"))
    other = fitted_on(Filter(student=Rows(), keep=0.6), problem(features, softened(classes, 0.9), key="all"))
    assert len({"all", half.features_key, other.features_key}) == 3
    assert fitted_on(Filter(student=Rows()), problem(features, softened(classes, 0.9))).features_key == ""


def test_confidence_is_zero_for_the_uniform_row_and_one_for_a_hard_one() -> None:
    values = np.array([[1 / 3, 1 / 3, 1 / 3], [0.0, 1.0, 0.0], [0.5, 0.5, 0.0]])
    assert confidence(values) == pytest.approx([0.0, 1.0, 0.25])
    assert confidence(np.array([[0.3, 0.7]])) == pytest.approx([0.4])


def test_the_change_point_is_where_two_levels_meet() -> None:
    rng = np.random.default_rng(0)
    values = rng.permutation(np.concatenate([rng.uniform(0, 0.1, 30), rng.uniform(0.8, 0.9, 20)]))
    assert threshold_of(values) == values[values > 0.5].min()
    assert threshold_of(np.full(5, 0.3)) == 0.3
    assert judge_by_confidence(softened(np.array([0, 1]), 1.0)).passing.all()


def test_the_disagreement_with_neighbours_is_the_total_variation() -> None:
    values = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    verdict = judge_by_knn(values, np.array([[1, 2], [0, 2], [0, 1]]))
    assert verdict.scores == pytest.approx([-0.75, -0.75, 0.0])
    assert verdict.passing.tolist() == [False, False, True]


def test_neighbours_are_those_of_a_full_sort() -> None:
    x = np.random.default_rng(1).normal(size=(70, 3))
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    distance = ((z[:, None] - z[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distance, np.inf)
    assert np.array_equal(nearest_others(x, 5), np.argsort(distance, axis=1)[:, :5])
    assert nearest_others(x[:3], 20).shape == (3, 2)


def test_the_largest_strongly_connected_component_of_each_class_is_kept() -> None:
    # 0 ⇄ 1 ⇄ 2 of class 0, 3 → 0 with nothing back, 4 ⇄ 5 of class 1, 6 alone among rows of class 0
    neighbours = np.array([[1], [2], [0], [0], [5], [4], [0]])
    classes = np.array([0, 0, 0, 0, 1, 1, 1])
    assert in_largest_component(classes, neighbours).tolist() == [True, True, True, False, True, True, False]


def test_rows_outside_the_component_stay_out_even_below_the_share() -> None:
    values = softened(np.array([0, 0, 0, 0, 1, 1, 1]), 0.9)
    x = np.array([[0.0], [0.1], [0.2], [3.0], [10.0], [10.1], [0.15]])
    verdict = judge_by_topology(x, values, np.array([[1], [2], [0], [0], [5], [4], [0]]))
    assert np.flatnonzero(np.isinf(verdict.scores)).tolist() == [3, 6]
    assert kept_rows(verdict, values.argmax(axis=1), 1.0, "classes").tolist() == [0, 1, 2, 4, 5]


def test_the_rows_that_are_left_keep_their_distances() -> None:
    # the row at 1000 goes out; standardised without it, the second column would count a thousand times more
    values = softened(np.array([0, 0, 0, 0, 1, 1, 0]), 0.9)
    x = np.array([[0.0, 0.0], [1.0, 5.0], [2.0, 0.0], [3.0, 5.0], [1.1, 0.0], [2.1, 5.0], [1.5, 1000.0]])
    left = np.arange(6)
    whole = (x - x.mean(axis=0)) / x.std(axis=0)
    distance = ((whole[left, None] - whole[left]) ** 2).sum(axis=2)
    np.fill_diagonal(distance, np.inf)
    near = nearest_others(x, 1, among=left)
    assert np.array_equal(near, np.argsort(distance, axis=1)[:, :1])
    assert not np.array_equal(near, nearest_others(x[left], 1))
    verdict = judge_by_topology(x, values, np.array([[1], [2], [3], [0], [5], [4], [0]]))
    expected = -0.5 * np.abs(values[left] - values[left][near[:, 0]]).sum(axis=1)
    assert np.array_equal(verdict.scores, [*expected, -np.inf])


def easy_hard_overlap(n: int = 60) -> tuple[Array, Array, Array]:
    """Easy rows along one axis, hard ones along the other, overlap rows along both: features, labels, kinds 0, 1, 2."""
    rng = np.random.default_rng(6)
    kinds = rng.permutation(np.repeat([0, 1, 2], n // 3))
    patterns = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])[kinds]
    features = patterns * rng.uniform(1, 2, (n, 1)) + 0.02 * rng.normal(size=(n, 2))
    sure = np.where(kinds == 1, rng.uniform(0.5, 0.55, n), rng.uniform(0.9, 0.95, n))
    flips = rng.integers(0, 2, n)
    return features, np.where(one_hot(flips) > 0, sure[:, None], 1 - sure[:, None]), kinds


def test_overlap_detection_finds_the_rows_with_both_patterns() -> None:
    features, values, kinds = easy_hard_overlap()
    verdict = judge_by_overlap(features, values)
    assert np.array_equal(verdict.passing, kinds == 2)
    assert verdict.scores[kinds == 1].max() < verdict.scores[kinds == 0].min()
    assert verdict.scores[kinds == 0].max() < verdict.scores[kinds == 2].min()
    kept = fitted_on(Filter(student=Rows(), by="overlap", keep="auto"), problem(features, values))
    assert len(kept.features) == 20


def test_no_hard_label_is_hard_only() -> None:
    features, values, _ = easy_hard_overlap()
    verdict = judge_by_overlap(features, one_hot(values.argmax(axis=1)))
    assert verdict.passing.all() and not verdict.scores.any()


def test_cosines_are_absolute_and_zero_for_a_row_of_zeros() -> None:
    rows = np.array([[0.0, -2.0], [1.0, 1.0], [0.0, 0.0]])
    assert largest_cosine(rows, np.array([[0.0, 5.0]])) == pytest.approx([1.0, 0.5**0.5, 0.0])


def test_relabelling_by_neighbours_is_their_mean_without_the_row_itself() -> None:
    x = np.array([[0.0], [1.0], [2.2], [10.0]])
    values = np.array([[1.0, 0.0], [0.0, 1.0], [0.4, 0.6], [0.5, 0.5]])
    seen = fitted_on(Relabel(student=Rows(), neighbours=2), problem(x, values))
    assert seen.labels.values == pytest.approx(np.array([[0.2, 0.8], [0.7, 0.3], [0.5, 0.5], [0.2, 0.8]]))


@pytest.mark.parametrize("by", ["knn", "logistic"])
def test_relabelling_mends_labels_that_are_wrong_at_random(by: str) -> None:
    features, classes = two_clouds(150)
    labels, wrong = flipped(classes, 15)
    seen = fitted_on(Relabel(student=Rows(), by=by, neighbours=10), problem(features, softened(labels, 0.9)))
    right = seen.labels.values.argmax(axis=1) == classes
    assert right[wrong].all() and right.mean() >= 0.98
    assert seen.labels.values.sum(axis=1) == pytest.approx(1.0)


def test_relabelling_leaves_rows_that_are_known_and_smooths_each_member() -> None:
    x = np.array([[0.0], [1.0], [2.2], [10.0]])
    values = np.array([[1.0, 0.0], [0.0, 1.0], [0.4, 0.6], [0.5, 0.5]])
    known = np.array([True, False, False, False])
    given = problem(x, values, known=known, members=np.stack([values, values[:, ::-1]]))
    seen = fitted_on(Relabel(student=Rows(), neighbours=2), given)
    assert seen.labels.values[0].tolist() == [1.0, 0.0] and seen.labels.values[1] == pytest.approx([0.7, 0.3])
    assert seen.labels.members is not None and seen.labels.members[1, 1] == pytest.approx([0.3, 0.7])


def test_no_row_is_judged_by_a_fit_that_saw_its_label() -> None:
    features, classes = two_clouds(40)
    given = problem(features, one_hot(classes))
    other = given.labels.values.copy()
    other[7] = other[7, ::-1]
    fold = folds_of(40, given.context.seed) == folds_of(40, given.context.seed)[7]
    first = out_of_fold(given.features, given.labels.values, given)
    second = out_of_fold(given.features, other, given)
    assert np.array_equal(first[fold], second[fold]) and not np.array_equal(first[~fold], second[~fold])
    assert np.bincount(folds_of(13, 1)).tolist() == [3, 3, 3, 2, 2]


def test_neighbours_are_sought_in_the_own_model_alone() -> None:
    features, classes = two_clouds(60)
    noise = 100 * np.random.default_rng(2).normal(size=(60, 5))
    both = np.hstack([features, noise])
    values = softened(flipped(classes, 6)[0], 0.9)
    seen = fitted_on(Filter(student=Rows(), by="knn", keep=0.7, neighbours=5), problem(both, values, blocks=(2, 5)))
    alone = fitted_on(Filter(student=Rows(), by="knn", keep=0.7, neighbours=5), problem(features, values))
    assert np.array_equal(seen.labels.values, alone.labels.values) and seen.features.shape[1] == 7


@pytest.mark.parametrize("by", ["knn", "logistic", "topology", "overlap"])
def test_a_student_without_features_is_told_so(by: str) -> None:
    features, classes = two_clouds(20)
    given = network_problem(features, softened(classes, 0.9))
    with pytest.raises(Diverged, match=f"filter.by={by}. compares rows by their features"):
        Filter(student=Descent(), by=by).fit(given)


def test_filtering_by_confidence_subsets_the_inputs_of_a_network() -> None:
    features, classes = two_clouds(30)
    values = softened(classes, 0.9)
    values[:10] = 0.5
    given = network_problem(features, values)
    fitted = Filter(student=Descent(), keep="auto").fit(given)
    alone = Descent().fit(network_problem(features[10:], values[10:]))
    assert np.array_equal(fitted.weight, alone.weight)


def test_smoothers_wrap_smoothers_and_any_student() -> None:
    features, classes = two_clouds(80)
    given = problem(features, softened(flipped(classes, 8)[0], 0.9))
    nested = Filter(student=Relabel(student=Filter(student=Logistic(), by="topology"), neighbours=5), by="knn", neighbours=5)
    assert nested.outputs == {"classes", "preferences"} and nested.needs == "features"
    assert (nested.fit(given).predict(given.features).argmax(axis=1) == classes).mean() > 0.95
