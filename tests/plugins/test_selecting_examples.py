"""Examples are chosen without their truth: by projection gap, by chance, and the same share by each criterion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from label_problems import one_hot, problem, softened, two_clouds
from w2s_probes.labels.by_chance import judge_by_chance
from w2s_probes.labels.by_projection import judge_by_projection, projection_gaps
from w2s_probes.labels.filter import Filter
from w2s_probes.logistic import Logistic

import w2s_bench as w2s
from w2s_bench.contracts import Array, Classes, FitContext, FitProblem, Labels, Regression, Split, Splits

SHUFFLED: list[str] = []
"""Parts whose truth is shuffled."""
ALL = ["confidence", "overlap", "projection-gap", "random"]


class Seen:
    """A student that tells which rows it was fitted on by their first feature, and fits nothing."""

    outputs = frozenset({"classes", "regression"})
    needs = "features"
    convex_in = None
    exact = True

    def fit(self, given: FitProblem) -> Any:
        return given

    def from_arrays(self, arrays: Any) -> Any:
        return arrays


def gaps_by_refitting(features: Array, values: Array) -> Array:
    """The definition: a ridge fit with an intercept for each row left out, by its normal equations."""
    n = len(features)
    z = (features - features.mean(axis=0)) / features.std(axis=0)
    penalty = 0.1 * (z**2).sum() / n * np.diag([0.0] + [1.0] * z.shape[1])
    design = np.hstack([np.ones((n, 1)), z])
    found = []
    for row in range(n):
        rest = np.delete(np.arange(n), row)
        weight = np.linalg.solve(design[rest].T @ design[rest] + penalty, design[rest].T @ values[rest])
        found.append(np.linalg.norm(values[row] - design[row] @ weight))
    return np.array(found)


@pytest.mark.parametrize(("n", "d"), [(30, 4), (12, 20)])
def test_a_projection_gap_is_the_distance_to_a_fit_on_the_other_labels(n: int, d: int) -> None:
    rng = np.random.default_rng(5)
    features, values = rng.normal(size=(n, d)) * rng.uniform(0.1, 9, d) + 3, rng.dirichlet(np.ones(3), n)
    assert projection_gaps(features, values) == pytest.approx(gaps_by_refitting(features, values), rel=1e-9)


def test_labels_that_the_class_can_say_have_the_smaller_gaps() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(200, 3))
    y = (x @ [1.0, -2.0, 0.5])[:, None]
    y[:20] += rng.choice([-3.0, 3.0], (20, 1))
    verdict = judge_by_projection(x, y)
    assert verdict.passing.tolist() == [False] * 20 + [True] * 180
    context = FitContext(3, Regression())
    kept = Filter(student=Seen(), by="projection-gap", keep=0.9).fit(FitProblem(x, Labels(y, "weak"), context))
    assert np.array_equal(kept.features, x[20:])


def test_constant_features_leave_the_distance_to_the_mean_of_the_others() -> None:
    values = np.array([[0.0], [1.0], [5.0]])
    assert projection_gaps(np.ones((3, 2)), values) == pytest.approx([3.0, 1.5, 4.5])


@pytest.mark.parametrize("by", ALL)
def test_each_criterion_keeps_the_same_share_of_each_class(by: str) -> None:
    rng = np.random.default_rng(1)
    features, classes = two_clouds(101)
    given = problem(features, softened(classes, 1.0) * 0.8 + rng.uniform(0, 0.1, (101, 1)) * [1, -1] + 0.1)
    kept = Filter(student=Seen(), by=by, keep=0.5).fit(given)
    of_all = np.bincount(given.labels.values.argmax(axis=1))
    assert np.bincount(kept.labels.values.argmax(axis=1)).tolist() == [int(count / 2 + 0.5) for count in of_all]


def test_a_choice_by_chance_reads_neither_labels_nor_features() -> None:
    features, classes = two_clouds(400)
    first = Filter(student=Seen(), by="random", among="all").fit(problem(features, one_hot(classes)))
    other = Filter(student=Seen(), by="random", among="all").fit(problem(features, one_hot(1 - classes)[:, ::-1]))
    again = Filter(student=Seen(), by="random", among="all").fit(problem(-features, one_hot(1 - classes)))
    assert len(first.features) == 200
    assert np.array_equal(first.features, other.features) and np.array_equal(first.features, -again.features)
    third = Filter(student=Seen(), by="random", among="all").fit(problem(features, one_hot(classes), seed=4))
    shared = len(set(map(bytes, first.features)) & set(map(bytes, third.features)))
    assert 70 < shared < 130
    assert 150 < judge_by_chance(400, 3).passing.sum() < 250


def test_numbers_are_filtered_by_gap_and_by_chance_alone() -> None:
    assert Filter(student=Seen(), by="random").outputs == {"classes", "regression"}
    assert Filter(student=Seen(), by="projection-gap").outputs == {"classes", "regression"}
    assert Filter(student=Seen(), by="confidence").outputs == {"classes"}
    assert Filter(student=Logistic(), by="random").outputs == {"classes", "preferences"}


@dataclass(frozen=True)
class Signs:
    """Two classes; the truth of the transfer set may be shuffled behind everybody's back: neither name nor key knows it."""

    output, divergence, licence, citation = Classes(2, ("down", "up")), "kl", "", ""

    def fingerprint(self) -> str:
        return ""

    def load(self, seed: int) -> Splits:
        rng = np.random.default_rng(8)
        x = rng.normal(size=(240, 4))
        truth = one_hot((x @ [1.0, 1.0, -1.0, 0.5] + rng.normal(size=240) > 0).astype(int))
        if SHUFFLED:
            truth[80:160] = rng.permutation(truth[80:160])
        rows = np.arange(240).reshape(3, 80)
        return Splits(*(Split({"x": x[part]}, truth[part], part.astype(str)) for part in rows))


def test_students_do_not_change_when_the_truth_of_the_transfer_set_is_shuffled(tmp_path: Path) -> None:
    students, ceilings = [], []
    for shuffled in (False, True):
        SHUFFLED[:] = ["transfer"] * shuffled
        run = w2s.run(tasks=Signs(), weak="random-features[width=8]", strong="raw", supervisors="logistic",
                      strategies=[f"filter[by={by}]" for by in ALL],
                      seeds=[0], folder=tmp_path / str(shuffled), store=str(tmp_path / f"store {shuffled}"))
        rows = run.rows.sort("strategy")
        assert rows["status"].to_list() == ["ok"] * len(ALL)
        students.append(rows["err_student"].to_list())
        ceilings.append(rows["err_ceiling"].to_list())
    assert len(set(students[0])) == len(ALL)
    assert students[0] == students[1] and ceilings[0] != ceilings[1]
