"""Ensembles, chains of models and learned weights: who is fitted on what, who votes how much, and who is believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from label_problems import one_hot, problem, relabelled, softened, two_clouds
from w2s_probes.labels.boosted import boosted, vote
from w2s_probes.labels.bootstrap import Bootstrap
from w2s_probes.labels.ensemble import Ensemble
from w2s_probes.labels.filter import Filter
from w2s_probes.labels.inner_fits import InnerFits
from w2s_probes.labels.self_training import SelfTraining
from w2s_probes.labels.student_weights import combined, stepped, surprise_of
from w2s_probes.logistic import Logistic

from w2s_bench.contracts import Array, FitProblem
from w2s_bench.contracts.errors import PluginError, UsageError

MODEL: Any = SimpleNamespace(column="x", family="", size=None)
INNER = Logistic(penalty=0.01)


def three_blocks(n: int = 200, **more: Any) -> tuple[FitProblem, Array]:
    """A good model's two columns, noise of three, a fair model's one column; soft labels from the truth."""
    features, classes = two_clouds(n, gap=4.0)
    rng = np.random.default_rng(8)
    fair = features[:, :1] + 2 * rng.normal(size=(n, 1))
    whole = np.hstack([features, rng.normal(size=(n, 3)), fair])
    return problem(whole, softened(classes, 0.9), blocks=(2, 3, 1), **more), classes


class Batches:
    """A student that notes how many problems it is handed at a time, and the problems."""

    outputs = frozenset({"classes"})
    needs = "features"
    convex_in = None
    exact = True
    capabilities = frozenset({"fit_many"})

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.seen: list[FitProblem] = []

    def fit(self, given: FitProblem) -> Any:
        return self.fit_many([given])[0]

    def fit_many(self, problems: Sequence[FitProblem]) -> list[Any]:
        self.sizes.append(len(problems))
        self.seen += problems
        return INNER.fit_many(problems)

    def from_arrays(self, arrays: Mapping[str, Array]) -> Any:
        return INNER.from_arrays(arrays)


def test_equal_weights_average_one_fit_per_model() -> None:
    whole, _ = three_blocks()
    fitted = Ensemble(student=INNER, second=MODEL, third=MODEL).fit(whole)
    alone = []
    for columns in (slice(0, 2), slice(2, 5), slice(5, 6)):
        part = replace(whole, features=np.ascontiguousarray(whole.features[:, columns]), blocks=())
        alone.append(INNER.fit(part).predict(part.features))
    assert np.array_equal(fitted.members(whole.features), np.stack(alone))
    assert fitted.predict(whole.features) == pytest.approx(np.mean(alone, axis=0), abs=1e-15)
    assert fitted.weights == pytest.approx([1 / 3] * 3)


def test_an_ensemble_of_one_is_the_student() -> None:
    features, classes = two_clouds()
    whole = problem(features, softened(classes, 0.8))
    assert np.array_equal(Ensemble(student=INNER).fit(whole).predict(features), INNER.fit(whole).predict(features))


def test_missing_blocks_are_named() -> None:
    features, classes = two_clouds()
    with pytest.raises(PluginError, match="2 blocks of features were wanted and 1 given"):
        Ensemble(student=INNER, second=MODEL).fit(problem(features, softened(classes, 0.8)))


def test_votes_are_those_of_samme() -> None:
    assert vote(0.25, 1000, 2) == pytest.approx(np.log(3))
    assert vote(0.5, 1000, 2) == vote(0.9, 1000, 2) == 0.0
    assert vote(0.5, 1000, 3) == pytest.approx(np.log(2)) and vote(2 / 3, 1000, 3) == pytest.approx(0.0)
    assert vote(0.0, 50, 2) == pytest.approx(np.log(99))


def test_the_second_member_sees_the_first_ones_mistakes_half_of_the_time() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3000, 2))
    values = one_hot(np.where(rng.random(3000) < 0.2, x[:, 0] < 0, x[:, 0] > 0).astype(int))
    given = problem(x, values)
    procedure = boosted(InnerFits(INNER, None), [given, given])
    first = INNER.fit(next(procedure))
    wrong = {tuple(row) for row in given.features[first.predict(given.features).argmax(axis=1) != values.argmax(axis=1)]}
    assert 0.15 < len(wrong) / 3000 < 0.25
    drawn = procedure.send(first)
    assert len(drawn.features) == 3000
    assert np.mean([tuple(row) in wrong for row in drawn.features]) == pytest.approx(0.5, abs=0.03)


def test_a_model_that_is_no_better_than_chance_has_no_vote() -> None:
    whole, classes = three_blocks(400)
    blind = replace(whole, features=np.hstack([whole.features[:, :2], np.zeros((400, 3), np.float32), whole.features[:, 5:]]))
    fitted = Ensemble(student=INNER, second=MODEL, third=MODEL, weights="boosted").fit(blind)
    assert fitted.weights.sum() == pytest.approx(1.0) and fitted.weights[0] > 0.5 and fitted.weights[1] < 0.1
    assert (fitted.predict(blind.features).argmax(axis=1) == classes).mean() > 0.95
    hopeless = problem(np.zeros((400, 1)), softened(np.arange(400) % 2, 0.9))
    none = Ensemble(student=INNER, weights="boosted", rounds=3).fit(hopeless)
    assert none.weights.sum() == pytest.approx(1.0)


def test_one_model_is_boosted_as_often_as_asked() -> None:
    features, classes = two_clouds(100, gap=2.0)
    student = Batches()
    fitted = Ensemble(student=student, weights="boosted", rounds=4).fit(problem(features, softened(classes, 0.9), key="k"))
    assert fitted.members(features.astype(np.float32)).shape == (4, 100, 2)
    assert student.seen[0].features_key == "k" and len({each.features_key for each in student.seen}) == 4
    again = Ensemble(student=Batches(), weights="boosted", rounds=4).fit(problem(features, softened(classes, 0.9)))
    assert np.array_equal(fitted.predict(features.astype(np.float32)), again.predict(features.astype(np.float32)))


def weak_ensemble(n: int = 400, good: int = 1, count: int = 3) -> tuple[FitProblem, Array]:
    """Labels of members that guess, but for one which is right on 85 of 100 rows; all are as sure of themselves."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(n, 4))
    classes = (x[:, 0] + 0.5 * x[:, 1] > 0).astype(int)
    members = np.stack([softened(np.where(rng.random(n) < (0.15 if j == good else 0.5), 1 - classes, classes), 0.8)
                        for j in range(count)])
    return problem(x, members.mean(axis=0), members=members), classes


@pytest.mark.parametrize("good", [0, 1, 2])
def test_the_one_good_member_among_guessing_ones_is_believed(good: int) -> None:
    given, classes = weak_ensemble(good=good)
    fitted = Ensemble(student=INNER, weights="student", rounds=10).fit(given)
    assert fitted.weights.argmax() == good and fitted.weights[good] > 0.9 and fitted.weights.sum() == pytest.approx(1.0)
    plain = INNER.fit(given).predict(given.features)
    assert (fitted.predict(given.features).argmax(axis=1) == classes).mean() > (plain.argmax(axis=1) == classes).mean()


def test_the_first_student_sees_the_rows_on_which_all_members_agree() -> None:
    given, _ = weak_ensemble()
    assert given.labels.members is not None
    choices = given.labels.members.argmax(axis=2)
    agreed = (choices == choices[0]).all(axis=0)
    student = Batches()
    Ensemble(student=student, weights="student", rounds=2).fit(given)
    assert np.array_equal(student.seen[0].features, given.features[agreed])
    assert [len(each.features) for each in student.seen[1:]] == [400, 400]


def test_a_step_of_the_weights_follows_the_students_cross_entropy() -> None:
    members = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    surprise = surprise_of(members, np.array([[0.8, 0.2]]))
    assert surprise == pytest.approx([-np.log(0.8), -np.log(0.2)])
    step = 0.1 * (np.log(0.8) - np.log(0.2)) / 2
    assert stepped(np.array([0.5, 0.5]), surprise, 0.1) == pytest.approx([0.5 + step, 0.5 - step])
    assert stepped(np.array([0.5, 0.5]), surprise, 100.0) == pytest.approx([1.0, 0.0], abs=1e-5)
    assert combined(np.array([0.25, 0.75]), members) == pytest.approx(np.array([[0.25, 0.75]]))


def test_labels_without_members_are_fitted_plainly() -> None:
    features, classes = two_clouds()
    given = problem(features, one_hot(classes), source="truth")
    fitted = Ensemble(student=INNER, weights="student").fit(given)
    assert np.array_equal(fitted.predict(given.features), INNER.fit(given).predict(given.features)) and len(fitted.weights) == 0


def test_learned_weights_take_no_further_model() -> None:
    with pytest.raises(UsageError, match="fits no further model of its own"):
        Ensemble(student=INNER, second=MODEL, weights="student")


def test_a_chain_is_each_model_fitted_on_the_answers_of_the_one_before() -> None:
    given, _ = three_blocks()
    fitted = Bootstrap(student=INNER, via=MODEL, then=MODEL).fit(given)
    values = given.labels.values
    for columns in (slice(2, 5), slice(5, 6), slice(0, 2)):
        part = np.ascontiguousarray(given.features[:, columns])
        values = INNER.fit(problem(part, values)).predict(part)
    assert np.array_equal(fitted.predict(given.features), values)
    other = np.hstack([given.features[:, :2], np.full((200, 4), 7, np.float32)])
    assert np.array_equal(fitted.predict(other), values)


def test_a_chain_through_a_better_model_mends_weak_labels() -> None:
    features, classes = two_clouds(300, gap=5.0)
    rng = np.random.default_rng(3)
    own = np.hstack([features, rng.normal(size=(300, 120))])
    flips = rng.random(300) < 0.3
    given = problem(np.hstack([own, features]), softened(np.where(flips, 1 - classes, classes), 0.9), blocks=(122, 2))
    chained = Bootstrap(student=INNER, via=MODEL).fit(given).predict(given.features)
    straight = INNER.fit(problem(own, given.labels.values)).predict(own)
    right, left = ((answers.argmax(axis=1) == classes).mean() for answers in (chained, straight))
    assert left < 0.9 and right > left + 0.08


def test_a_chain_of_true_labels_is_a_plain_fit_and_known_rows_stay() -> None:
    given, _ = three_blocks()
    truth = replace(given, labels=replace(given.labels, source="truth"))
    own = problem(given.features[:, :2], given.labels.values)
    plain = INNER.fit(own).predict(own.features)
    assert np.array_equal(Bootstrap(student=INNER, via=MODEL, then=MODEL).fit(truth).predict(given.features), plain)
    student = Batches()
    known = np.arange(200) < 20
    Bootstrap(student=student, via=MODEL, then=MODEL).fit(replace(given, labels=replace(given.labels, known=known)))
    assert all(np.array_equal(each.labels.values[:20], given.labels.values[:20]) for each in student.seen)
    assert not np.array_equal(student.seen[1].labels.values[20:], given.labels.values[20:])


def test_blocks_of_a_student_come_behind_those_of_its_wrapper() -> None:
    given, _ = three_blocks()
    student = Batches()
    Ensemble(second=MODEL, student=Bootstrap(student=student, via=MODEL)).fit(given)
    read = [each.features for each in student.seen]
    expected = [given.features[:, 5:], given.features[:, :2], given.features[:, 5:], given.features[:, 2:5]]
    assert all(np.array_equal(left, right) for left, right in zip(read, expected, strict=True))


def test_problems_go_to_the_student_in_one_batch_a_step() -> None:
    features, classes = two_clouds(50)
    first = problem(features, softened(classes, 0.8), key="a")
    student = Batches()
    strategy = SelfTraining(student=Filter(student=student, by="knn"), rounds=2)
    assert len(list(strategy.fit_many([first, relabelled(first, 1), relabelled(first, 2)]))) == 3
    assert student.sizes == [3, 3, 3]
