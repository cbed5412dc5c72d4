"""Strategies that wrap others: what each changes is exact, batches equal single fits, predictors survive a round trip."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import fields, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from label_problems import Descent, Kept, network, network_problem, one_hot, problem, relabelled, softened, two_clouds
from w2s_probes.labels.bootstrap import Bootstrap
from w2s_probes.labels.ensemble import Ensemble
from w2s_probes.labels.entries import label_strategies
from w2s_probes.labels.filter import Filter
from w2s_probes.labels.hard import Hard
from w2s_probes.labels.mix import Mix
from w2s_probes.labels.relabel import Relabel
from w2s_probes.labels.sampled import Sampled, drawn
from w2s_probes.labels.self_training import SelfTraining
from w2s_probes.labels.sharpened import Sharpened, sharpen
from w2s_probes.logistic import Logistic
from w2s_probes.ridge import Ridge

from w2s_bench.contracts import Array, FitProblem, Regression, Strategy
from w2s_bench.contracts.errors import Diverged, PluginError

MODEL: Any = SimpleNamespace(column="x", family="", size=None)
INNER = Logistic(penalty=0.01)
ONE_FIT = [Hard(student=INNER), Sharpened(student=INNER), Sampled(student=INNER), Relabel(student=INNER),
           Relabel(student=INNER, by="logistic"), Mix(student=INNER),
           *(Filter(student=INNER, by=by) for by in ("confidence", "knn", "logistic", "topology", "overlap"))]
SEVERAL_FITS = [SelfTraining(student=INNER, rounds=2), Ensemble(student=INNER), Ensemble(student=INNER, second=MODEL),
                Ensemble(student=INNER, weights="boosted", rounds=3), Ensemble(student=INNER, weights="student", rounds=2),
                Bootstrap(student=INNER, via=MODEL), Bootstrap(student=INNER, via=MODEL, then=MODEL),
                Hard(student=Bootstrap(student=Filter(student=INNER), via=MODEL)),
                Ensemble(second=MODEL, student=Bootstrap(student=INNER, via=MODEL))]
ALL = [*ONE_FIT, *SEVERAL_FITS]


def given(key: str = "", seed: int = 0, n: int = 60) -> FitProblem:
    """Three models' features side by side, soft labels of an ensemble of three, some rows known."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 6))
    logits = features[:, :3] @ rng.normal(size=(3, 3)) + rng.normal(size=(3, n, 3))
    members = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    known = np.arange(n) % 10 == 0
    values = np.where(known[:, None], one_hot(rng.integers(0, 3, n), 3), members.mean(axis=0))
    return problem(features, values, key=key, known=known, members=members, blocks=(3, 2, 1))


def arrays_of(answer: Any) -> dict[str, Array]:
    if isinstance(answer, Exception):
        raise answer
    return {name: np.array(array) for name, array in answer.to_arrays().items()}


@pytest.mark.parametrize("strategy", ALL, ids=str)
def test_fits_in_a_batch_are_the_single_fits_bit_for_bit(strategy: Any) -> None:
    first = given("a")
    batch = [first, relabelled(first, 1), relabelled(first, 2), given("b", 1), given(seed=2, n=41)]
    for together, alone in zip(strategy.fit_many(batch), map(strategy.fit, batch), strict=True):
        left, right = arrays_of(together), arrays_of(alone)
        assert left.keys() == right.keys()
        assert all(np.array_equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize("strategy", ALL, ids=str)
def test_predictions_survive_a_round_trip_bit_for_bit(strategy: Any) -> None:
    fitted, unseen = strategy.fit(given()), given(seed=5).features
    again = strategy.from_arrays(arrays_of(fitted))
    found = fitted.predict(unseen)
    assert np.array_equal(found, again.predict(unseen))
    assert found.dtype == np.float64 and found.shape == (60, 3) and found.sum(axis=1) == pytest.approx(1.0)
    begun = strategy.untrained(given())
    assert np.array_equal(begun.predict(unseen), strategy.from_arrays(arrays_of(begun)).predict(unseen))


@pytest.mark.parametrize("strategy", ALL, ids=str)
def test_one_broken_problem_costs_only_itself(strategy: Any) -> None:
    whole, broken = given("a"), given("b", 1)
    values = broken.labels.values.copy()
    values[3] = np.nan
    answers = list(strategy.fit_many([replace(broken, labels=replace(broken.labels, values=values)), whole]))
    assert isinstance(answers[0], Diverged)
    assert np.array_equal(answers[1].predict(whole.features), strategy.fit(whole).predict(whole.features))


@pytest.mark.parametrize("strategy", ALL, ids=str)
def test_a_wrapper_handles_what_its_student_does_and_promises_nothing(strategy: Any) -> None:
    assert isinstance(strategy, Strategy)
    assert strategy.outputs == {"classes", "preferences"} and strategy.needs == "features"
    assert strategy.convex_in is None and strategy.exact is False
    assert replace(strategy, student=Descent()).needs == "module"
    assert not {"fit_many", "untrained"} & replace(strategy, student=Descent()).capabilities


def test_numbers_are_smoothed_chained_mixed_and_averaged_but_not_hardened() -> None:
    numbers = Ridge(0.1)
    assert Relabel(student=numbers).outputs == Bootstrap(student=numbers, via=MODEL).outputs == {"regression"}
    assert Mix(student=numbers).outputs == Ensemble(student=numbers).outputs == {"regression"}
    assert not Hard(student=numbers).outputs and not Filter(student=numbers).outputs
    assert not Relabel(student=numbers, by="logistic").outputs and not Ensemble(student=numbers, weights="boosted").outputs
    first = given()
    whole = replace(first, context=replace(first.context, output=Regression(3)))
    means = Relabel(student=numbers, neighbours=59).fit(replace(whole, labels=replace(whole.labels, known=None)))
    assert means.predict(whole.features).std(axis=0).max() < 0.05


def test_entries_build_their_strategies_and_agree_with_their_defaults() -> None:
    names = []
    for entry in label_strategies():
        names.append(entry.name)
        module, _, name = entry.target.partition(":")
        component = getattr(importlib.import_module(module), name)
        parameters = {parameter.name: parameter for parameter in entry.parameters}
        assert set(parameters) == {field.name for field in fields(component)}
        assert [parameter.names for parameter in entry.parameters].index("strategies") == len(parameters) - 1
        required: Mapping[str, Any] = {"student": INNER, **({"via": MODEL} if "via" in parameters else {})}
        named = component(**{**{each: parameter.default for each, parameter in parameters.items()}, **required})
        assert named == component(**required)
    assert names == ["hard", "sharpened", "sampled", "mix", "relabel", "filter", "self-training", "ensemble", "bootstrap"]


def test_hard_labels_are_the_largest_class_the_first_where_several_are() -> None:
    values = np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2], [0.0, 0.0, 1.0]])
    x = np.eye(3)
    hard, alone = Hard(student=INNER).fit(problem(x, values)), INNER.fit(problem(x, one_hot(np.array([1, 0, 2]), 3)))
    assert np.array_equal(hard.predict(x), alone.predict(x))


def test_labels_that_are_hard_already_are_fitted_as_by_the_student() -> None:
    features, classes = two_clouds()
    whole = problem(features, one_hot(classes))
    alone = INNER.fit(whole).predict(features)
    for strategy in (Hard(student=INNER), Sampled(student=INNER), Sharpened(student=INNER), Filter(student=INNER, keep=1.0)):
        assert np.array_equal(strategy.fit(whole).predict(features), alone)


def test_sharpening_raises_to_one_over_the_temperature_and_renormalises() -> None:
    values = np.array([[0.2, 0.3, 0.5], [0.0, 0.0, 1.0], [1e-300, 1.0, 0.0]])
    assert sharpen(values, 0.5)[0] == pytest.approx(np.array([4, 9, 25]) / 38)
    assert sharpen(values, 0.5)[1].tolist() == [0.0, 0.0, 1.0] and np.isfinite(sharpen(values, 0.01)).all()
    assert sharpen(values, 1) is values
    assert sharpen(values, 100.0)[0] == pytest.approx([1 / 3] * 3, abs=0.01)


def test_sampled_labels_have_the_soft_labels_as_their_mean() -> None:
    values = np.tile([[0.2, 0.5, 0.3]], (20_000, 1))
    uniform = np.random.default_rng(0).random(20_000)
    one = drawn(values, uniform)
    assert set(np.unique(one)) == {0.0, 1.0} and np.array_equal(one.sum(axis=1), np.ones(20_000))
    assert one.mean(axis=0) == pytest.approx([0.2, 0.5, 0.3], abs=0.015)
    assert drawn(np.array([[0.0, 1.0, 0.0]] * 2), np.array([0.0, 1 - 1e-16])).argmax(axis=1).tolist() == [1, 1]


def test_the_draw_depends_on_the_seed_and_on_nothing_else() -> None:
    features, classes = two_clouds(40)
    whole = problem(features, softened(classes, 0.7))
    again = replace(whole, context=replace(whole.context, seed=4))
    first, second, third = (Sampled(student=INNER).fit(each).predict(features) for each in (whole, whole, again))
    assert np.array_equal(first, second) and not np.array_equal(first, third)


def test_known_rows_keep_the_truth_under_every_transform() -> None:
    values = softened(np.array([0, 1, 0, 1]), 0.7)
    known = np.array([True, False, False, False])
    whole = problem(np.eye(4), values, known=known)
    for strategy in (Hard(student=INNER), Sharpened(student=INNER)):
        changed = next(strategy.procedure(whole, None))
        assert changed.labels.values[0].tolist() == values[0].tolist() and not np.allclose(changed.labels.values[1], values[1])


def test_members_are_transformed_as_labels_are() -> None:
    changed = next(Hard(student=INNER).procedure(given(), None))
    assert np.array_equal(changed.labels.members, np.stack([one_hot(member.argmax(axis=1), 3)
                                                           for member in given().labels.members]))


def test_mixing_asks_for_its_share_and_fits_what_comes() -> None:
    features, classes = two_clouds(40)
    mixed = Mix(student=INNER, truth=0.25)
    assert mixed.truth_share == Filter(student=mixed).truth_share == 0.25
    assert "truth_share" not in Filter(student=INNER).capabilities
    whole = problem(features, softened(classes, 0.7), known=np.arange(40) < 10)
    assert np.array_equal(mixed.fit(whole).predict(features), INNER.fit(whole).predict(features))
    with pytest.raises(PluginError, match="without the share of true ones"):
        mixed.fit(problem(features, softened(classes, 0.7)))
    mixed.fit(problem(features, one_hot(classes), source="truth"))


def test_self_training_refits_on_hard_labels_of_its_own_for_the_surest_half() -> None:
    features, classes = two_clouds(200, gap=4.0)
    wrong = np.abs(features[:, 0]) < 1.2
    whole = problem(features, softened(np.where(wrong, 1 - classes, classes), 0.8))
    seen = next(steps := SelfTraining(student=INNER, keep=0.5).procedure(whole, None))
    second = steps.send(INNER.fit(seen))
    assert second.labels.values.max(axis=1).tolist() == [1.0] * len(second.features)
    assert 98 <= len(second.features) <= 102 and np.abs(second.features[:, 0]).min() > 1.2
    last = SelfTraining(student=INNER, keep=0.5).fit(whole).predict(features)
    assert np.array_equal(last, INNER.fit(second).predict(features))


def test_no_round_of_self_training_is_the_student_alone() -> None:
    features, classes = two_clouds(40)
    whole = problem(features, softened(classes, 0.8))
    assert np.array_equal(SelfTraining(student=INNER, rounds=0).fit(whole).predict(features), INNER.fit(whole).predict(features))


@pytest.mark.parametrize("strategy", [Hard(student=Descent()), SelfTraining(student=Descent(), rounds=2),
                                      Ensemble(student=Descent(), weights="boosted", rounds=3),
                                      SelfTraining(student=Ensemble(student=Descent(), weights="boosted", rounds=2))], ids=str)
def test_each_fit_and_each_prediction_gets_a_fresh_network(strategy: Any) -> None:
    features, classes = two_clouds(40)
    fitted = strategy.fit(network_problem(features, softened(classes, 0.8)))
    inputs = {"x": features.astype(np.float32)}
    found = fitted.predict(network(inputs), inputs)
    again = strategy.from_arrays(arrays_of(fitted)).predict(network(inputs), inputs)
    assert np.array_equal(found, again) and (found.argmax(axis=1) == classes).mean() > 0.9


def test_a_killed_chain_of_network_fits_goes_on_where_it_was() -> None:
    features, classes = two_clouds(40)
    values = softened(classes, 0.8)
    for wrap in (lambda student: SelfTraining(student=student, rounds=2),
                 lambda student: SelfTraining(student=Ensemble(student=student, weights="boosted", rounds=2), rounds=1)):
        whole = arrays_of(wrap(Descent()).fit(network_problem(features, values)))
        checkpoints, taken = Kept(), []
        with pytest.raises(KeyboardInterrupt):
            wrap(Descent(taken=(taken,), dies_at=6)).fit(network_problem(features, values, checkpoints))
        assert taken == [0, 1, 2, 3, 0, 1, 2]
        resumed: list[int] = []
        found = arrays_of(wrap(Descent(taken=(resumed,))).fit(network_problem(features, values, checkpoints)))
        assert resumed[:2] == [2, 3] and len(taken) + len(resumed) - 1 == 4 * (3 if len(whole) < 5 else 4)
        assert all(np.array_equal(found[name], whole[name]) for name in whole)
