"""Controls: what they take from the labels is taken, and what they leave is left."""

from __future__ import annotations

import importlib
from dataclasses import fields, replace
from typing import Any

import numpy as np
import polars as pl
import pytest
import w2s_controls
from conftest import Command
from label_problems import one_hot, problem, two_clouds
from w2s_controls.constant import Constant
from w2s_controls.uninformative import RandomLabels, ShuffledWeak
from w2s_probes.logistic import Logistic
from w2s_probes.ridge import Ridge

from w2s_bench.contracts import Array, FitProblem, Regression
from w2s_bench.contracts.errors import Diverged


class Seen:
    """A strategy that keeps the labels that it was given, and says their mean."""

    outputs = frozenset({"regression", "classes"})
    needs = "features"
    capabilities: frozenset[str] = frozenset()
    convex_in = None
    exact = False

    def __init__(self) -> None:
        self.labels: list[Array] = []

    def fit(self, given: FitProblem) -> Any:
        self.labels.append(given.labels.values)
        return Constant().fit(given)


def numbers(n: int = 400, outputs: int = 2, seed: int = 0) -> FitProblem:
    rng = np.random.default_rng(seed)
    given = problem(rng.normal(size=(n, 3)), 5.0 + rng.exponential(size=(n, outputs)) * np.array([1.0, 10.0])[:outputs])
    return replace(given, context=replace(given.context, output=Regression(outputs)))


@pytest.mark.parametrize("entry", [*w2s_controls.w2s_strategies()], ids=lambda entry: entry.name)
def test_entries_build_their_components(entry: Any) -> None:
    module, _, name = entry.target.partition(":")
    component = getattr(importlib.import_module(module), name)
    assert {field.name for field in fields(component)} == {parameter.name for parameter in entry.parameters}


def test_a_constant_is_the_mean_of_its_labels_and_comes_back_from_its_arrays() -> None:
    given = numbers()
    found = Constant().fit(given)
    assert np.allclose(found.predict(given.features[:5]), given.labels.values.mean(axis=0), rtol=1e-15)
    again = Constant().from_arrays(found.to_arrays())
    assert np.array_equal(again.predict(given.features), found.predict(given.features))
    broken = replace(given, labels=replace(given.labels, values=np.full((400, 2), np.nan)))
    with pytest.raises(Diverged, match="not finite"):
        Constant().fit(broken)


def test_shuffled_labels_are_the_same_labels_on_other_examples_and_members_are_not_believed_either() -> None:
    given, seen = numbers(), Seen()
    members = np.stack([given.labels.values + 1.0, given.labels.values - 1.0])
    ShuffledWeak(student=seen).fit(replace(given, labels=replace(given.labels, members=members)))  # type: ignore[arg-type]
    shuffled, = seen.labels
    assert np.array_equal(np.sort(shuffled, axis=0), np.sort(given.labels.values, axis=0))
    assert (shuffled == given.labels.values).all(axis=1).mean() < 0.02
    rows = {tuple(row) for row in given.labels.values.tolist()}
    assert all(tuple(row) in rows for row in shuffled.tolist()), "a row stays whole"


def test_random_labels_are_even_one_hot_classes_or_numbers_of_the_same_mean_and_spread() -> None:
    seen = Seen()
    features, classes = two_clouds(3000)
    RandomLabels(student=seen).fit(problem(features, one_hot(classes)))  # type: ignore[arg-type]
    drawn, = seen.labels
    assert set(np.unique(drawn)) == {0.0, 1.0} and (drawn.sum(axis=1) == 1.0).all()
    assert abs(drawn[:, 1].mean() - 0.5) < 0.04 and abs(np.corrcoef(drawn[:, 1], classes)[0, 1]) < 0.06
    given = numbers(4000)
    RandomLabels(student=seen).fit(given)  # type: ignore[arg-type]
    values, weak = seen.labels[1], given.labels.values
    assert np.abs(values.mean(axis=0) - weak.mean(axis=0)).max() < 4.0 * (weak.std(axis=0) / 4000**0.5).max()
    assert np.allclose(values.std(axis=0), weak.std(axis=0), rtol=0.06)


@pytest.mark.parametrize("control", [ShuffledWeak, RandomLabels])
def test_the_draw_is_the_seeds_and_known_truth_stays(control: Any) -> None:
    seen, given = Seen(), numbers()
    known = np.arange(400) % 4 == 0
    marked = replace(given, labels=replace(given.labels, known=known))
    for each in (marked, marked, replace(marked, context=replace(marked.context, seed=99))):
        control(student=seen).fit(each)
    first, again, other = seen.labels
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert np.array_equal(first[known], given.labels.values[known])


def test_a_head_learns_nothing_from_labels_of_other_examples() -> None:
    features, classes = two_clouds(2000)
    soft = problem(features, 0.1 + 0.8 * one_hot(classes))
    told = Logistic(penalty=0.01).fit(soft).predict(features)
    untold = ShuffledWeak(student=Logistic(penalty=0.01)).fit(soft).predict(features)
    assert (told.argmax(axis=1) == classes).mean() > 0.97
    assert np.ptp(untold[:, 1]) < 0.2 and abs(untold[:, 1].mean() - soft.labels.values[:, 1].mean()) < 1e-3
    line = numbers(2000, 1)
    fitted = ShuffledWeak(student=Ridge()).fit(line).predict(line.features)
    assert fitted.std() < 0.1 * line.labels.values.std()


def test_a_run_shows_what_a_student_gains_without_its_teacher(w2s: Command) -> None:
    strategies = ("ridge", "shuffled-weak[student=ridge]", "random-labels[student=ridge]", "constant")
    w2s("run", "--task", "diabetes", "--weak", "random-features[width=8]", "--strong", "raw", "--supervisor", "ridge",
        *(word for name in strategies for word in ("--strategy", name)), "--seeds", "0..2", "--executor", "here", "-o", "r",
        check=0)
    rows = pl.read_parquet(w2s.folder / "r" / "rows.parquet")
    assert set(rows["status"]) == {"ok"}
    student = dict(rows.group_by("strategy").agg(pl.col("err_student").mean()).iter_rows())
    nothing = rows["err_constant"].mean()
    assert isinstance(nothing, float) and student["ridge"] < 0.8 * nothing
    assert student["constant"] == pytest.approx(nothing, rel=0.1) and student["shuffled-weak[student=ridge]"] > 0.9 * nothing
