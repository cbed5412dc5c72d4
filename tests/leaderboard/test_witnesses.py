"""A true certificate is never called false, and one that predictions contradict is: heads fitted here, δ computed here."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_samples import divergence

from w2s_bench.contracts import Classes, Facts, Output, Predictions, Regression, Sample
from w2s_bench.leaderboard.witnesses import bare_facts, known_of
from w2s_bench.scoring.samples import sample_of

N, D = 60, 5
LINEAR = {"convex_in": "outputs", "exact": True, "deterministic": True}


def design(seed: int) -> tuple[np.random.Generator, np.ndarray]:
    random = np.random.default_rng(seed)
    return random, np.column_stack([np.ones(N), random.normal(size=(N, D))])


def linear(seed: int, ridge: float) -> tuple[Sample, float]:
    """A ridge student of noisy labels with its ceiling, both linear heads, and the student's δ in the class of all of these."""
    random, h = design(seed)
    y = h @ random.normal(size=D + 1) + random.normal(size=N)
    weak = y + random.normal(size=N)
    student = h @ np.linalg.solve(h.T @ h + ridge * np.diag([0.0, *np.ones(D)]), h.T @ weak)
    ceiling = h @ np.linalg.lstsq(h, y, rcond=None)[0]
    best = h @ np.linalg.lstsq(h, weak, rcond=None)[0]
    sample = sample_of("train", Regression(1), divergence("squared"), y[:, None], Predictions(
        weak=weak[:, None], student=student[:, None], ceiling=ceiling[:, None]))
    return sample, float(((student - weak) ** 2).mean() - ((best - weak) ** 2).mean())


def stated(delta: float, **more: object) -> Facts:
    return msgspec.structs.replace(bare_facts(LINEAR), reference_in_class=True, subspace=True, contains_constant=True,
                                   delta=delta, **more)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.1, 3.0, 50.0, 1000.0]))
def test_no_linear_head_is_refuted_with_its_own_delta(seed: int, ridge: float) -> None:
    sample, delta = linear(seed, ridge)
    known = known_of(stated(delta, exact_projection=ridge == 0.0), sample, LINEAR)
    assert known.refuted == () and known.witnessed.reference_in_class and known.witnessed.delta == delta


def test_a_student_that_is_no_projection_is_refuted_where_its_delta_is_left_out() -> None:
    sample, delta = linear(3, 50.0)
    assert delta > 0.0
    told = known_of(stated(0.0), sample, LINEAR).refuted
    assert told and all(each.startswith("δ = 0 is stated of a class that holds student and ") for each in told)
    assert known_of(stated(0.0), sample, LINEAR).witnessed.delta is None


def test_what_is_nearer_is_found_to_be_as_near_as_a_search_says() -> None:
    sample, _ = linear(3, 50.0)
    f, g, w = sample.student[:, 0], sample.ceiling[:, 0], sample.weak[:, 0]
    steps = np.linspace(-3.0, 3.0, 6_001)
    searched = ((f - w) ** 2).mean() - min(float(((f + t * (g - f) - w) ** 2).mean()) for t in steps)
    told = known_of(msgspec.structs.replace(stated(0.0), contains_constant=False), sample, LINEAR).refuted[0]
    assert float(told.rsplit(" ", 1)[1]) == pytest.approx(searched, rel=1e-3)


@pytest.mark.parametrize(("more", "words"), [
    ({"exact_projection": True, "delta": 1.0}, "an exact projection is stated with δ = 1"),
    ({"beyond": 1.0}, "beyond"), ({"delta_rounding": 1.0}, "delta_rounding"), ({"delta": -1.0}, "is no excess of a misfit"),
    ({"delta": 1e9}, "is no excess of a misfit"), ({"exact": False}, "exact is stated as false and is true"),
    ({"exact": False, "exact_projection": True}, "declares no exact fit"),
    ({"delta": float("inf")}, "not finite")])
def test_a_number_that_no_certificate_has_is_refused(more: dict[str, object], words: str) -> None:
    sample, delta = linear(5, 0.0)
    facts = msgspec.structs.replace(stated(delta), **more)
    assert any(words in each for each in known_of(facts, sample, LINEAR).refuted)


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def logistic(seed: int, steps: int) -> tuple[Sample, float]:
    """A softmax head that gradient descent fitted to soft labels for so many steps, and how far it is from the best one."""
    random, h = design(seed)
    truth = softmax(h @ random.normal(size=(D + 1, 3)))
    weak = softmax(np.log(truth) + 0.5 * random.normal(size=(N, 3)))

    def fitted(labels: np.ndarray, count: int) -> np.ndarray:
        head = np.zeros((D + 1, 3))
        for _ in range(count):
            head -= 0.5 * h.T @ (softmax(h @ head) - labels) / N
        return softmax(h @ head)

    output: Output = Classes(3)
    student, ceiling, best = fitted(weak, steps), fitted(truth, 1_000), fitted(weak, 6_000)
    kl = divergence("kl")
    sample = sample_of("train", output, kl, truth, Predictions(weak=weak, student=student, ceiling=ceiling))
    return sample, float(kl.between(weak, student).mean() - kl.between(weak, best).mean())


def test_a_softmax_head_is_borne_out_with_its_gap_and_refuted_without() -> None:
    own = {"convex_in": "logits", "exact": True, "deterministic": True}
    sample, delta = logistic(2, 20)
    facts = msgspec.structs.replace(bare_facts(own), reference_in_class=True, subspace=True, delta=delta + 1e-9)
    assert delta > 1e-3 and known_of(facts, sample, own).refuted == ()
    assert "nearer to the teacher" in known_of(msgspec.structs.replace(facts, delta=0.0), sample, own).refuted[0]
