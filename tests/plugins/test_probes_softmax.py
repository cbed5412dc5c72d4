"""The softmax head: exact to its stated gradient, the projection it claims to be, and equal in batches and alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_samples import made_sample
from sklearn.linear_model import LogisticRegression
from w2s_probes import softmax_design
from w2s_probes.as_is import AsIs
from w2s_probes.distributions import KL_CLIP
from w2s_probes.logistic import GRID, Logistic
from w2s_probes.softmax_solver import centred_basis

from w2s_bench.contracts import Array, Classes, FitContext, FitProblem, Labels, LinearPredictor, SoftmaxPredictor
from w2s_bench.contracts.errors import Diverged
from w2s_bench.scoring.certificates import NOTHING, certify
from w2s_bench.scoring.softmax_class import SoftmaxClass

EXACT = [Logistic(), Logistic(0.3), Logistic(1e-5), Logistic(0)]


def soft(n: int, k: int, seed: int = 0, features: Array | None = None, noise: float = 0.5) -> Array:
    """Probabilities that depend on the features and on chance."""
    rng = np.random.default_rng(seed)
    logits = noise * rng.normal(size=(n, k))
    if features is not None:
        logits += (features - features.mean(axis=0)) / 5 @ rng.normal(size=(features.shape[1], k))
    p = np.exp(logits)
    out: Array = p / p.sum(axis=1, keepdims=True)
    return out


def problem(n: int = 120, d: int = 6, k: int = 3, seed: int = 0, labels: Array | None = None, key: str = "",
            features: Array | None = None) -> FitProblem:
    rng = np.random.default_rng(seed)
    x = (rng.normal(3, 5, (n, d)) if features is None else features).astype(np.float32)
    values = soft(len(x), k, seed, x) if labels is None else labels
    return FitProblem(x, Labels(values, "weak"), FitContext(5, Classes(values.shape[1])), key)


def objective(head: SoftmaxPredictor, given: FitProblem, penalty: float) -> tuple[float, float]:
    """The objective and its gradient norm, written out."""
    z, y = head.design(given.features), given.labels.values
    logits = z @ head.weight + head.intercept
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    residual = (np.exp(log_p) - y) / len(y)
    slope = np.vstack([z.T @ residual + penalty * head.weight, residual.sum(axis=0)])
    return float(-(y * log_p).sum() / len(y) + penalty / 2 * (head.weight**2).sum()), float(np.linalg.norm(slope))


@pytest.mark.parametrize("strategy", EXACT, ids=str)
@pytest.mark.parametrize("shape", [(120, 6, 2), (120, 6, 5), (200, 30, 3)])
def test_the_gradient_vanishes_where_the_fit_says_so(strategy: Logistic, shape: tuple[int, int, int]) -> None:
    given = problem(*shape)
    head = strategy.fit(given)
    assert isinstance(head, SoftmaxPredictor)
    assert objective(head, given, float(strategy.penalty))[1] <= 1.001e-8
    assert np.allclose(head.weight.sum(axis=1), 0.0, atol=1e-12)
    if strategy.penalty:
        assert head.radius == pytest.approx(np.linalg.norm(head.weight), rel=1e-14)
    else:
        assert head.radius is None


@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize("penalty", [1e-3, 0.1])
def test_hard_labels_give_the_head_of_scikit_learn(k: int, penalty: float) -> None:
    given = problem(300, 8, k)
    classes = given.labels.values.argmax(axis=1)
    given = replace(given, labels=Labels(np.eye(k)[classes], "weak"))
    head = Logistic(penalty).fit(given)
    z = head.design(given.features)
    theirs = LogisticRegression(C=(2 if k == 2 else 1) / (penalty * 300), solver="newton-cg", tol=1e-9).fit(z, classes)
    assert np.allclose(head.predict(given.features), theirs.predict_proba(z), atol=1e-6)
    weight = np.hstack([-theirs.coef_.T, theirs.coef_.T]) / 2 if k == 2 else theirs.coef_.T
    assert np.allclose(head.weight, weight, atol=1e-5)


@pytest.mark.parametrize("strategy", EXACT, ids=str)
def test_the_scorer_certifies_the_fit_as_the_best_of_its_class(strategy: Logistic) -> None:
    given = problem(200, 10, 3)
    head = strategy.fit(given)
    gap = SoftmaxClass.of(head.design(given.features), head.radius).gap(head.weight, head.intercept, given.labels.values)
    assert gap is not None and gap <= 1e-9


def test_a_head_in_the_class_is_found_again_without_a_penalty() -> None:
    x = np.random.default_rng(0).normal(size=(80, 4)).astype(np.float32)
    weight, intercept = np.random.default_rng(1).normal(size=(4, 3)), np.array([0.3, -0.1, 0.5])
    p = np.exp(x.astype(np.float64) @ weight + intercept)
    p /= p.sum(axis=1, keepdims=True)
    assert np.abs(Logistic(0, tolerance=1e-11).fit(problem(features=x, labels=p)).predict(x) - p).max() < 1e-9


def test_one_feature_two_classes_by_hand() -> None:
    """x = ±1, P(class 1) = 0.8 where x = 1 and 0.2 where x = −1: logit difference ±ln 4 without a penalty."""
    x = np.array([[1.0], [-1.0]], dtype=np.float32)
    y = np.array([[0.2, 0.8], [0.8, 0.2]])
    head = Logistic(0).fit(problem(features=x, labels=y))
    logits = head.design(x) @ head.weight + head.intercept
    assert np.allclose(logits[:, 1] - logits[:, 0], [np.log(4), -np.log(4)], atol=1e-6)
    pulled = Logistic(0.1).fit(problem(features=x, labels=y))
    u = pulled.weight[0, 1] - pulled.weight[0, 0]
    assert 1 / (1 + np.exp(-u)) - 0.8 + 0.1 * u / 2 == pytest.approx(0.0, abs=1e-8)


@pytest.mark.parametrize("strategy", [*EXACT, Logistic("auto")], ids=str)
@pytest.mark.parametrize("shape", [(90, 7, 2), (90, 7, 4), (12, 40, 3)])
def test_fits_in_a_batch_are_the_single_fits_bit_for_bit(strategy: Logistic, shape: tuple[int, int, int]) -> None:
    first = problem(*shape, key="a")
    others = [replace(first, labels=Labels(soft(shape[0], shape[2], seed), "weak")) for seed in (1, 2)]
    batch = [first, *others, problem(*shape, seed=9, key="b"), problem(50, 4, 2)]
    for together, alone in zip(strategy.fit_many(batch), map(_attempt(strategy), batch), strict=True):
        if isinstance(alone, Exception):
            assert str(alone) == str(together)
            continue
        assert not isinstance(together, Exception)
        left, right = together.to_arrays(), alone.to_arrays()
        assert left.keys() == right.keys() and all(np.array_equal(left[name], right[name]) for name in left)


def _attempt(strategy: Logistic) -> Any:
    def attempt(given: FitProblem) -> Any:
        try:
            return strategy.fit(given)
        except Diverged as error:
            return error
    return attempt


@pytest.mark.parametrize("strategy", [Logistic(), Logistic(0), AsIs()], ids=str)
def test_predictions_are_distributions_and_survive_a_round_trip_bit_for_bit(strategy: Any) -> None:
    given, unseen = problem(features=soft(120, 3, 8)), soft(40, 3, 7).astype(np.float32)
    fitted = strategy.fit(given)
    again = strategy.from_arrays({name: np.array(value) for name, value in fitted.to_arrays().items()})
    answers = fitted.predict(unseen)
    assert np.array_equal(answers, again.predict(unseen))
    assert answers.shape == (40, 3) and answers.dtype == np.float64
    assert (answers >= 0).all() and np.abs(answers.sum(axis=1) - 1).max() <= 4e-16
    assert getattr(fitted, "radius", None) == getattr(again, "radius", None)


def test_products_over_blocks_of_rows_give_the_same_head(monkeypatch: pytest.MonkeyPatch) -> None:
    given = problem(300, 9, 3)
    whole = Logistic(1e-3).fit(given).predict(given.features)
    monkeypatch.setattr(softmax_design, "HELD", 0)
    monkeypatch.setattr("w2s_probes.standardise.ROWS", 64)
    assert np.abs(Logistic(1e-3).fit(given).predict(given.features) - whole).max() < 1e-7


def test_more_features_than_examples_have_a_best_head_in_the_ball() -> None:
    given = problem(20, 60, 3)
    head = Logistic(1e-3).fit(given)
    assert objective(head, given, 1e-3)[1] <= 1.001e-8
    z = head.design(given.features)
    outside = head.weight - np.linalg.pinv(z) @ z @ head.weight
    assert np.abs(outside).max() < 1e-9


def test_separable_labels_have_no_best_head_without_a_penalty() -> None:
    x = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    labels = np.eye(2)[(x[:, 0] > 0).astype(int)]
    with pytest.raises(Diverged, match=r"gradient norm .*\n.*penalty above 0"):
        Logistic(0).fit(problem(features=x, labels=labels))
    head = Logistic(1e-6).fit(problem(features=x, labels=labels))
    assert (head.predict(x).argmax(axis=1) == labels.argmax(axis=1)).all()


def test_an_unreachable_tolerance_is_an_error_with_the_norm_reached() -> None:
    with pytest.raises(Diverged, match=r"gradient norm \d.*e-1\d after 100 Newton steps, 1e-30 was asked for"):
        Logistic(0.1, tolerance=1e-30).fit(problem())


def test_a_class_without_mass_gets_the_clip_probability_and_leaves_the_rest_alone() -> None:
    given = problem(100, 5, 2)
    three = np.insert(given.labels.values, 1, 0.0, axis=1)
    head, plain = Logistic().fit(replace(given, labels=Labels(three, "weak"), context=FitContext(5, Classes(3)))), \
        Logistic().fit(given)
    p = head.predict(given.features)
    assert (p[:, 1] > 0).all() and (p[:, 1] <= KL_CLIP).all()
    assert np.allclose(p[:, [0, 2]], plain.predict(given.features), atol=2e-7)
    assert np.array_equal(head.weight[:, [0, 2]], plain.weight) and not head.weight[:, 1].any()


def test_one_class_only_is_a_constant_answer() -> None:
    head = Logistic().fit(problem(30, 4, labels=np.tile([0.0, 1.0, 0.0], (30, 1))))
    p = head.predict(np.random.default_rng(1).normal(size=(5, 4)))
    assert np.allclose(p, [KL_CLIP, 1 - 2 * KL_CLIP, KL_CLIP], rtol=1e-6) and head.radius == 0.0


@pytest.mark.parametrize("strategy", EXACT, ids=str)
def test_copies_and_constants_leave_predictions_alone(strategy: Logistic) -> None:
    x = np.random.default_rng(0).normal(size=(150, 4)).astype(np.float32)
    wide = np.column_stack([x, x[:, :2], np.full(150, 1e4, dtype=np.float32)])
    head = strategy.fit(problem(features=wide, labels=soft(150, 3, 0, x)))
    assert np.isfinite(head.weight).all() and np.linalg.norm(head.weight) < 50
    constant = strategy.fit(problem(features=np.ones((150, 2), dtype=np.float32), labels=soft(150, 3)))
    assert np.allclose(constant.predict(np.ones((1, 2))), soft(150, 3).mean(axis=0), atol=1e-8)


def test_auto_penalty_is_small_for_clean_labels_and_large_for_chance() -> None:
    x = np.random.default_rng(0).normal(size=(200, 20)).astype(np.float32)
    clean = problem(features=x, labels=soft(200, 2, 1, x, noise=0.0))
    chance = problem(features=x, labels=np.eye(2)[np.random.default_rng(2).integers(0, 2, 200)])
    norms = [Logistic("auto").fit(given).radius for given in (clean, chance)]
    grids = [[Logistic(float(penalty)).fit(given).radius for penalty in GRID] for given in (clean, chance)]
    assert norms[0] in grids[0] and grids[0].index(norms[0]) >= 8
    assert norms[1] in grids[1] and grids[1].index(norms[1]) <= 3


@pytest.mark.parametrize(("values", "said"), [
    (np.full((120, 3), 0.5), "no distribution"),
    (np.tile([1.5, -0.5, 0.0], (120, 1)), "no distribution"),
    (np.full((120, 3), np.nan), "NaN"),
    (np.full((120, 2), 0.5), "shape"),
])
def test_labels_that_are_no_distributions_are_refused(values: Array, said: str) -> None:
    with pytest.raises(Diverged, match=said):
        Logistic().fit(replace(problem(), labels=Labels(values, "weak")))


def test_a_bad_label_set_costs_only_itself() -> None:
    good = problem(key="a")
    bad = replace(good, labels=Labels(np.full((120, 3), np.inf), "weak"))
    answers = list(Logistic().fit_many([good, bad, good]))
    assert isinstance(answers[1], Diverged)
    assert not isinstance(answers[0], Exception) and not isinstance(answers[2], Exception)


def test_before_any_label_every_class_is_as_likely() -> None:
    assert np.array_equal(Logistic().untrained(problem()).predict(problem().features), np.full((120, 3), 1 / 3))


@pytest.mark.parametrize("k", [2, 3, 7])
def test_centred_basis_is_orthonormal_and_sums_to_zero(k: int) -> None:
    basis = centred_basis(k)
    assert np.allclose(basis.T @ basis, np.eye(k - 1)) and np.allclose(basis.sum(axis=0), 0)


def test_as_is_takes_probabilities_one_probability_or_class_numbers() -> None:
    p = soft(10, 3)
    assert np.allclose(AsIs().fit(problem(features=p, labels=p)).predict(p.astype(np.float32)), p, atol=1e-6)
    share = np.linspace(0, 1, 9, dtype=np.float32)[:, None]
    binary = AsIs().fit(problem(features=share, labels=soft(9, 2)))
    assert np.array_equal(binary.predict(share), np.hstack([1 - share, share]).astype(np.float64))
    numbers = np.array([[0], [2], [1], [2]], dtype=np.float32)
    assert np.array_equal(AsIs().fit(problem(features=numbers, labels=soft(4, 3))).predict(numbers),
                          np.eye(3)[[0, 2, 1, 2]])


@pytest.mark.parametrize(("features", "k", "said"), [
    (np.full((6, 3), 0.7), 3, "no distribution"),
    (np.full((6, 1), 1.5), 2, "neither"),
    (np.full((6, 1), 3.0), 3, "neither"),
    (np.full((6, 2), 0.5), 3, "2 columns"),
])
def test_as_is_refuses_columns_that_are_no_answer(features: Array, k: int, said: str) -> None:
    with pytest.raises(Diverged, match=said):
        AsIs().fit(problem(features=features, labels=soft(6, k)))


@pytest.mark.parametrize("strategy", EXACT)
def test_a_softmax_head_is_certified_in_nats_and_never_as_linear_in_its_outputs(strategy: Logistic) -> None:
    given = problem()
    head = strategy.fit(given)
    assert isinstance(head, SoftmaxPredictor) and not isinstance(head, LinearPredictor)
    answers = head.predict(given.features)
    samples = {name: made_sample(answers, given.labels.values, answers, answers, name) for name in ("brier", "kl")}
    assert certify(strategy, head, given.features, samples["brier"]) == NOTHING
    assert certify(strategy, head, given.features, samples["kl"]).exact_projection
