"""Mixtures of softmax heads: projections in KL(student ‖ weak), for which the misfit law holds ever better as k grows."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from w2s_probes.distributions import KL_CLIP, clipped, softmax
from w2s_probes.mixture_fit import Growth, Heads
from w2s_probes.mixture_head import MixtureHead
from w2s_probes.mixture_losses import CrossEntropy, MixtureLoss, ReverseKL
from w2s_probes.mixture_shares import GAP, best_shares
from w2s_probes.reverse_kl import ReverseKLHeads
from w2s_probes.softmax_design import whitened_design

from w2s_bench.contracts import Array, Classes, FitContext, FitProblem, Labels
from w2s_bench.contracts.errors import Diverged
from w2s_bench.scoring.mixture_class import mixture_gap

N, D, K = 300, 5, 3


def kl(a: Array, b: Array) -> float:
    """Mean KL(a ‖ b) of rows, in nats."""
    return float((a * np.log(a / b)).sum(axis=1).mean())


def realizable(n: int = N, seed: int = 0) -> tuple[Array, Array, Array]:
    """Features, true probabilities that are a mixture of 6 softmax heads on them, and a teacher that bends these."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, D)).astype(np.float32)
    wide = x.astype(np.float64)
    truth = np.mean([softmax(wide @ rng.normal(0, 4 / np.sqrt(D), (D, K)) + rng.normal(0, 0.3, K)) for _ in range(6)], axis=0)
    weak = clipped(softmax(1.5 * np.log(truth) + np.tanh(wide[:, :3] @ rng.normal(size=(3, K)))))
    return x, truth, weak


def problem(x: Array, labels: Array, seed: int = 3, key: str = "") -> FitProblem:
    return FitProblem(x, Labels(labels, "weak"), FitContext(seed, Classes(labels.shape[1])), key)


@pytest.fixture(scope="module")
def by_k() -> dict[int, MixtureHead]:
    """Students of the realizable task."""
    x, _, weak = realizable()
    return {k: fitted(ReverseKLHeads(k), problem(x, weak)) for k in (1, 2, 5, 10, 50)}


def fitted(strategy: ReverseKLHeads, given: FitProblem) -> MixtureHead:
    head = strategy.fit(given)
    assert isinstance(head, MixtureHead)
    return head


def test_gain_minus_misfit_shrinks_with_the_number_of_heads(by_k: dict[int, MixtureHead]) -> None:
    """Mulgund and Pabbaraju (2025): a single softmax head falls short of its misfit, many heads hardly."""
    x, truth, weak = realizable()
    short = {}
    for k, head in by_k.items():
        f = head.predict(x)
        short[k] = kl(truth, weak) - kl(truth, f) - kl(f, weak)
    assert short[1] < -0.05
    sizes = [abs(value) for value in short.values()]
    assert all(after < before for before, after in pairwise(sizes)), short
    assert sizes[-1] < sizes[0] / 20


def test_training_misfit_never_grows_with_the_number_of_heads(by_k: dict[int, MixtureHead]) -> None:
    x, _, weak = realizable()
    misfits = [kl(head.predict(x), weak) for head in by_k.values()]
    assert all(after <= before + 1e-9 for before, after in pairwise(misfits))
    x, weak = x[:60], weak[:60]
    near = [kl(fitted(ReverseKLHeads(k), problem(x, weak)).predict(x), weak) for k in range(1, 6)]
    assert all(after <= before + 1e-9 for before, after in pairwise(near))


def test_the_scorer_certifies_the_fit_as_a_projection_onto_the_mixtures_of_its_heads(by_k: dict[int, MixtureHead]) -> None:
    x, _, weak = realizable()
    for head in by_k.values():
        assert mixture_gap(head.members(x), head.predict(x), weak) <= 1e-8


def test_where_the_truth_is_a_mixture_of_the_fitted_heads_gain_is_at_least_misfit(by_k: dict[int, MixtureHead]) -> None:
    x, _, weak = realizable()
    head, rng = by_k[10], np.random.default_rng(0)
    f, members = head.predict(x), head.members(x)
    for _ in range(200):
        truth = np.tensordot(rng.dirichlet(np.full(10, 0.3)), members, axes=1)
        assert kl(truth, weak) - kl(truth, f) >= kl(f, weak) - 1e-8


def test_members_and_weights_make_up_the_answer(by_k: dict[int, MixtureHead]) -> None:
    x, _, _ = realizable(700, seed=1)
    head = by_k[5]
    members = head.members(x)
    assert members.shape == (5, 700, K) and members.min() >= KL_CLIP / (1 + K * KL_CLIP)
    assert head.weights.shape == (5,) and head.weights.min() >= 0 and head.weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert np.abs(np.tensordot(head.weights, members, axes=1) - head.predict(x)).max() < 1e-14
    assert np.abs(head.predict(x).sum(axis=1) - 1).max() < 1e-15 * 4


def test_one_head_that_fits_is_found_by_one() -> None:
    x, _, _ = realizable(300)
    weak = softmax(x.astype(np.float64) @ np.random.default_rng(1).normal(size=(D, K)))
    f = fitted(ReverseKLHeads(1, penalty=0.0), problem(x, weak)).predict(x)
    assert np.abs(f - weak).max() < 1e-4


def test_two_answers_the_student_takes_the_one_that_a_head_can_say() -> None:
    """One head that looks at nothing, and a teacher with two opinions: the best constant in KL(f ‖ w) is the normalised
    geometric mean of the teacher's answers, where the other direction has the arithmetic one."""
    weak = np.array([[0.9, 0.1], [0.3, 0.7]] * 10)
    f = fitted(ReverseKLHeads(1), problem(np.ones((20, 1), dtype=np.float32), weak)).predict(np.ones((1, 1)))
    odds = np.sqrt((0.9 / 0.1) * (0.3 / 0.7))
    assert f[0, 0] == pytest.approx(odds / (1 + odds), abs=1e-6)


def test_hard_labels_get_the_best_cross_entropy_of_a_mixture() -> None:
    x, truth, _ = realizable()
    labels = np.eye(K)[(truth.cumsum(axis=1) < np.random.default_rng(5).random((N, 1))).sum(axis=1)]
    one, many = (fitted(ReverseKLHeads(k), problem(x, labels)) for k in (1, 8))
    entropy = [-float((labels * np.log(head.predict(x))).sum() / N) for head in (one, many)]
    assert entropy[1] < entropy[0] - 0.01
    weak = ReverseKLHeads(1).fit(problem(x, clipped(labels))).predict(x)
    assert entropy[0] < -float((labels * np.log(weak)).sum() / N) - 0.01


@pytest.mark.parametrize("hard", [False, True])
def test_shares_of_fixed_heads_are_the_best_to_the_stated_gap(hard: bool) -> None:
    rng = np.random.default_rng(0)
    members = rng.dirichlet(np.ones(K), (12, 80)).transpose(0, 2, 1)
    labels = np.eye(K)[rng.integers(0, K, 80)] if hard else rng.dirichlet(np.ones(K), 80)
    loss: MixtureLoss = CrossEntropy.of(labels) if hard else ReverseKL.of(labels)
    shares, gap = best_shares(members, loss)
    best = loss.mean(np.tensordot(shares, members, axes=1))
    assert gap <= GAP and shares.min() >= 0 and shares.sum() == pytest.approx(1.0, abs=1e-12)
    for other in rng.dirichlet(np.full(12, 0.5), 300):
        mixed = 0.99 * shares + 0.01 * other
        assert loss.mean(np.tensordot(mixed, members, axes=1)) >= best - GAP


def test_equal_members_share_as_they_like() -> None:
    member = np.random.default_rng(0).dirichlet(np.ones(K), 30).T
    shares, gap = best_shares(np.stack([member] * 4), ReverseKL.of(np.full((30, K), 1 / 3)))
    assert gap <= GAP and shares.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("hard", [False, True])
def test_the_gradient_of_the_heads_is_that_of_the_objective(hard: bool) -> None:
    x, truth, weak = realizable(40)
    labels = np.eye(K)[truth.argmax(axis=1)] if hard else weak
    loss: MixtureLoss = CrossEntropy.of(labels) if hard else ReverseKL.of(labels)
    growth, rng = Growth(*whitened_design(x, 0.1), loss, 0.1, K), np.random.default_rng(0)
    heads, logs = Heads(rng.normal(size=(2, K - 1, D)), rng.normal(size=(2, K - 1))), rng.normal(size=3)
    others = rng.dirichlet(np.ones(K), 40).T
    _, slope, pull = growth.derivatives(heads, softmax(logs), others)
    at, away = np.concatenate([heads.vector, logs]), rng.normal(size=heads.vector.size + 3)

    def value(t: float) -> float:
        vector = at + t * away
        return growth.derivatives(heads.like(vector[:-3]), softmax(vector[-3:]), others)[0]

    assert np.concatenate([slope.vector, pull]) @ away == pytest.approx((value(1e-5) - value(-1e-5)) / 2e-5, rel=1e-6)


def test_fits_in_a_batch_are_the_single_fits_bit_for_bit() -> None:
    x, truth, weak = realizable(120)
    first, strategy = problem(x, weak, key="a"), ReverseKLHeads(3)
    batch = [first, replace(first, labels=Labels(truth, "weak")), problem(*realizable(60, 1)[::2], key="b")]
    for together, alone in zip(strategy.fit_many(batch), map(strategy.fit, batch), strict=True):
        assert not isinstance(together, Exception)
        left, right = together.to_arrays(), alone.to_arrays()
        assert all(np.array_equal(left[name], right[name]) for name in left)


def test_predictions_survive_a_round_trip_bit_for_bit(by_k: dict[int, MixtureHead]) -> None:
    x, _, _ = realizable(30, seed=2)
    for head in (by_k[5], ReverseKLHeads().untrained(problem(*realizable()[::2]))):
        again = ReverseKLHeads().from_arrays({name: np.array(value) for name, value in head.to_arrays().items()})
        assert np.array_equal(head.predict(x), again.predict(x))
    assert np.allclose(head.predict(x), 1 / K)


def test_a_class_without_mass_and_wide_features_are_no_trouble() -> None:
    rng = np.random.default_rng(0)
    labels = np.insert(rng.dirichlet(np.ones(2), 25), 1, 0.0, axis=1)
    f = fitted(ReverseKLHeads(3), problem(rng.normal(size=(25, 60)).astype(np.float32), labels)).predict(
        rng.normal(size=(7, 60)))
    assert np.isfinite(f).all() and f[:, 1].max() < 0.05


def test_labels_that_are_no_distributions_are_refused() -> None:
    x, _, weak = realizable(30)
    with pytest.raises(Diverged, match="no distribution"):
        ReverseKLHeads(2).fit(problem(x, 2 * weak))
