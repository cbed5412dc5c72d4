"""Perceptrons on any loss, and nearest neighbours."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pytest
import torch
from w2s_probes.class_entries import class_strategies
from w2s_probes.knn import KNN, Neighbours
from w2s_probes.logistic import Logistic
from w2s_probes.mlp_head import MlpHead
from w2s_probes.standardise import standard_of

from w2s_bench.contracts import Array, Classes, FitContext, FitProblem, Labels, Regression
from w2s_bench.contracts.errors import Diverged


@dataclass(frozen=True)
class Soft:
    """Soft-label cross-entropy."""

    outputs = frozenset({"classes"})

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        return -(labels * torch.log_softmax(logits, dim=1)).sum(dim=1).mean()


@dataclass(frozen=True)
class Squared:
    """Mean squared error."""

    outputs = frozenset({"regression"})

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        return ((logits - labels) ** 2).mean()


@dataclass(frozen=True)
class BreaksHalfway:
    """NaN from the middle of the training on."""

    outputs = frozenset({"classes"})

    def __call__(self, logits: Any, labels: Any, progress: float) -> Any:
        return logits.sum() * (float("nan") if progress >= 0.5 else 1.0)


def problem(n: int = 150, d: int = 6, k: int = 3, seed: int = 0, classes: bool = True, key: str = "") -> FitProblem:
    rng = np.random.default_rng(seed)
    x = rng.normal(3, 5, (n, d)).astype(np.float32)
    if not classes:
        return FitProblem(x, Labels(x[:, :k] * 2.0 + 150, "weak"), FitContext(5, Regression(k)), key)
    logits = (x - 3) / 5 @ rng.normal(size=(d, k))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return FitProblem(x, Labels(p, "weak"), FitContext(5, Classes(k)), key)


def either_or(n: int = 200) -> FitProblem:
    """Two classes that no linear head tells apart."""
    x = np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32)
    return FitProblem(x, Labels(np.eye(2)[(x[:, 0] * x[:, 1] > 0).astype(int)], "truth"), FitContext(1, Classes(2)))


HEADS = [MlpHead(loss=Soft(), epochs=3, hidden=8), MlpHead(loss=Soft(), epochs=3, hidden=0),
         MlpHead(loss=Soft(), epochs=2, hidden=4, layers=2, standardise=False)]
NEAREST = [KNN(), KNN(3, "euclidean")]


def test_entries_build_their_components_and_agree_with_their_defaults() -> None:
    for entry in class_strategies():
        module, _, name = entry.target.partition(":")
        component = getattr(importlib.import_module(module), name)
        given = {parameter.name: parameter.default for parameter in entry.parameters if not parameter.names}
        named = {parameter.name: Soft() for parameter in entry.parameters if parameter.names}
        assert component(**given, **named) == component(**named)
        assert {*given, *named} == {field.name for field in fields(component)}


@pytest.mark.parametrize("strategy", [*HEADS, *NEAREST], ids=str)
def test_fits_in_a_batch_are_the_single_fits_bit_for_bit(strategy: Any) -> None:
    first = problem(key="a")
    batch = [first, replace(first, labels=Labels(first.labels.values[::-1].copy(), "weak")), problem(60, 4, seed=2)]
    for together, alone in zip(strategy.fit_many(batch), map(strategy.fit, batch), strict=True):
        left, right = together.to_arrays(), alone.to_arrays()
        assert all(np.array_equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize("strategy", [*HEADS, *NEAREST, MlpHead(loss=Squared(), epochs=2, hidden=5)], ids=str)
def test_predictions_survive_a_round_trip_bit_for_bit(strategy: Any) -> None:
    classes = "classes" in strategy.outputs
    given, unseen = problem(classes=classes), problem(40, seed=3).features
    for fitted in (strategy.fit(given), strategy.untrained(given)):
        answers = fitted.predict(unseen)
        again = strategy.from_arrays({name: np.array(value) for name, value in fitted.to_arrays().items()})
        assert np.array_equal(answers, again.predict(unseen))
        assert answers.shape == (40, 3) and answers.dtype == np.float64
        assert not classes or np.allclose(answers.sum(axis=1), 1.0, atol=1e-12)


def test_a_perceptron_learns_what_a_linear_head_cannot() -> None:
    given = either_or()
    right = given.labels.values.argmax(axis=1)
    deep = MlpHead(loss=Soft(), hidden=32, epochs=40, lr=3e-2, batch=100).fit(given).predict(given.features)
    flat = MlpHead(loss=Soft(), hidden=0, epochs=40, lr=3e-2, batch=100).fit(given).predict(given.features)
    assert (deep.argmax(axis=1) == right).mean() > 0.95 > 0.7 > (flat.argmax(axis=1) == right).mean()


def test_a_linear_head_trained_long_meets_logistic_regression() -> None:
    given = problem()
    trained = MlpHead(loss=Soft(), layers=0, epochs=300, lr=5e-2, batch=150, decay=0.0).fit(given).predict(given.features)
    assert np.abs(trained - Logistic(0).fit(given).predict(given.features)).max() < 2e-2


def test_one_step_on_one_batch_is_torchs() -> None:
    given = problem(20, 3, 2)
    head = MlpHead(loss=Soft(), hidden=4, epochs=1, batch=20)
    start, end = head.untrained(given), head.fit(given)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    with torch.no_grad():
        for layer, (weight, bias) in zip((net[0], net[2]), start.layers, strict=True):
            layer.weight.copy_(torch.from_numpy(weight.T))
            layer.bias.copy_(torch.from_numpy(bias))
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.01)
    z = torch.from_numpy(standard_of(given.features)(given.features).astype(np.float32))
    torch.nn.functional.cross_entropy(net(z), torch.from_numpy(given.labels.values.astype(np.float32))).backward()
    optimiser.step()
    for layer, (weight, bias) in zip((net[0], net[2]), end.layers, strict=True):
        assert np.abs(layer.weight.detach().numpy().T - weight).max() < 1e-6
        assert np.abs(layer.bias.detach().numpy() - bias).max() < 1e-6


@pytest.mark.slow
def test_numbers_are_answered_in_label_units() -> None:
    given = problem(200, 4, 2, classes=False)
    said = MlpHead(loss=Squared(), hidden=0, epochs=200, lr=1e-2).fit(given).predict(given.features)
    assert np.abs(said - given.labels.values).mean() < 0.05 * given.labels.values.std()


def test_another_seed_starts_at_another_head_and_another_loss_does_not() -> None:
    given = problem()
    other = replace(given, context=FitContext(6, given.context.output))
    first = MlpHead(loss=Soft()).untrained(given).predict(given.features)
    assert np.array_equal(first, MlpHead(loss=BreaksHalfway()).untrained(given).predict(given.features))
    assert not np.array_equal(first, MlpHead(loss=Soft()).untrained(other).predict(given.features))


def test_a_loss_that_is_not_a_number_is_an_error_with_its_step() -> None:
    with pytest.raises(Diverged, match="nan at step 4 of 6"):
        MlpHead(loss=BreaksHalfway(), epochs=3, batch=75).fit(problem())


def test_a_head_has_the_outputs_of_its_loss() -> None:
    assert MlpHead(loss=Squared()).outputs == {"regression"} and MlpHead(loss=Soft()).outputs == {"classes", "preferences"}


def test_the_nearest_are_found_by_hand() -> None:
    x = np.array([[0.0], [1.0], [2.0], [10.0]], dtype=np.float32)
    labels = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0], [0.0, 1.0]])
    head = KNN(2, "euclidean").fit(FitProblem(x, Labels(labels, "weak"), FitContext(0, Classes(2))))
    assert np.allclose(head.predict(np.array([[0.4], [1.9], [99.0]])), [[0.75, 0.25], [0.25, 0.75], [0.0, 1.0]])


def test_equally_near_examples_are_taken_in_their_order() -> None:
    x = np.tile(np.array([[1.0, 2.0], [3.0, 0.5]], dtype=np.float32), (6, 1))
    labels = np.arange(12.0)[:, None]
    for metric in ("cosine", "euclidean"):
        head = KNN(3, metric).fit(FitProblem(x, Labels(labels, "weak"), FitContext(0, Regression())))
        assert isinstance(head, Neighbours)
        assert np.array_equal(head.nearest(x[:2]), [[0, 2, 4], [1, 3, 5]])


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_neighbours_are_those_of_brute_force(metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("w2s_probes.knn.ROWS", 7)
    monkeypatch.setattr("w2s_probes.standardise.ROWS", 16)
    given, unseen = problem(90, 5), problem(25, 5, seed=4).features
    head = KNN(6, metric).fit(given)
    assert isinstance(head, Neighbours)
    z, query = (head.standard(part) for part in (given.features, unseen))
    if metric == "cosine":
        z, query = z / np.linalg.norm(z, axis=1, keepdims=True), query / np.linalg.norm(query, axis=1, keepdims=True)
    order = np.argsort(((query[:, None] - z) ** 2).sum(axis=2), axis=1, kind="stable")[:, :6]
    assert np.array_equal(head.nearest(unseen), np.sort(order, axis=1))
    assert np.allclose(head.predict(unseen), given.labels.values[order].mean(axis=1))


def test_more_neighbours_than_examples_are_all_of_them() -> None:
    given = problem(8)
    assert np.allclose(KNN(50).fit(given).predict(given.features), given.labels.values.mean(axis=0))


@pytest.mark.parametrize("strategy", [*HEADS[:1], *NEAREST[:1]], ids=str)
def test_bad_inputs_are_refused_and_cost_only_themselves(strategy: Any) -> None:
    good = problem(key="a")
    bad: Array = good.labels.values.copy()
    bad[3] = 0.9
    answers = list(strategy.fit_many([good, replace(good, labels=Labels(bad, "weak")), good]))
    assert isinstance(answers[1], Diverged) and "row 3 is no distribution" in str(answers[1])
    assert np.array_equal(answers[0].predict(good.features), answers[2].predict(good.features))
