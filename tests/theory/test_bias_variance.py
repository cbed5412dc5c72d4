"""Gain and misfit over seeds of the teacher, against sums that share no line with the plugin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_samples import made_sample

from w2s_bench.contracts import Missing
from w2s_bench.registry.measures import measures

TERMS = ("gain", "misfit", "variance", "gain_on_mean", "misfit_to_mean", "covariance", "gain_less_misfit", "nearer_to_mean",
         "nearer_than_teachers")


def said(truth: np.ndarray, weak: np.ndarray, student: np.ndarray, name: str) -> dict[str, np.ndarray]:
    """What the installed bound says of answers (s, n, k)."""
    bound = measures().bounds["bias-variance"]
    samples = [made_sample(truth, f_w, f_sw, truth if name == "squared" else f_w, name)
               for f_w, f_sw in zip(weak, student, strict=True)]
    found = bound.across_seeds(samples)
    assert not isinstance(found, Missing) and tuple(found) == TERMS == tuple(term.name for term in bound.seed_terms)
    return dict(found)


def made(name: str, seed: int, seeds: int = 4, n: int = 30, k: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth (n, k), and answers of teachers and students (s, n, k), each student a mixture of its teacher and something else."""
    draw = np.random.default_rng(seed)
    mix = draw.uniform()
    if name == "squared":
        truth, weak = draw.normal(size=(n, k)), draw.normal(size=(seeds, n, k)) * draw.uniform(0.1, 3.0)
        return truth, weak, mix * weak + draw.normal(size=(seeds, n, k))
    weak = draw.dirichlet(np.full(k, 2.0), size=(seeds, n)) * 0.98 + 0.02 / k
    student = mix * weak + (1.0 - mix) * draw.dirichlet(np.full(k, 2.0), size=(seeds, n))
    return np.eye(k)[draw.integers(k, size=n)], weak, student


def kl(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.where(a > 0.0, a * (np.log(np.where(a > 0.0, a, 1.0)) - np.log(b)), 0.0).sum(axis=-1)


def squared(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return ((a - b) ** 2).sum(axis=-1)


def mean_teacher(weak: np.ndarray, name: str) -> np.ndarray:
    if name == "squared":
        return weak.mean(axis=0)
    geometric = np.prod(weak, axis=0) ** (1.0 / len(weak))
    return geometric / geometric.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("name", ["squared", "kl"])
def test_every_term_is_its_formula(name: str) -> None:
    truth, weak, student = made(name, 7)
    far, gradient = (squared, lambda v: 2.0 * v) if name == "squared" else (kl, np.log)
    mean, n = mean_teacher(weak, name), len(truth)
    inner = np.zeros(n)
    for f_w, f_sw in zip(weak, student, strict=True):
        inner += ((f_sw - student.mean(axis=0)) * gradient(f_w)).sum(axis=-1) / len(weak)
    wanted = {
        "gain": (far(truth, weak) - far(truth, student)).mean(axis=0), "misfit": far(student, weak).mean(axis=0),
        "variance": far(mean, weak).mean(axis=0), "gain_on_mean": (far(truth, mean) - far(truth, student)).mean(axis=0),
        "misfit_to_mean": far(student, mean).mean(axis=0), "covariance": inner}
    wanted["gain_less_misfit"] = wanted["gain"] - wanted["misfit"]
    wanted["nearer_to_mean"] = wanted["misfit"] - wanted["misfit_to_mean"]
    wanted["nearer_than_teachers"] = wanted["variance"] - wanted["misfit_to_mean"]
    found = said(truth, weak, student, name)
    for term in TERMS:
        np.testing.assert_allclose(found[term], wanted[term], rtol=1e-10, atol=1e-12, err_msg=term)


@given(name=st.sampled_from(["squared", "squared-mean", "brier", "kl"]), seed=st.integers(0, 10_000), seeds=st.integers(3, 6))
def test_gain_and_misfit_are_their_parts_example_by_example_for_any_student(name: str, seed: int, seeds: int) -> None:
    truth, weak, student = made("squared" if name.startswith("squared") else "kl", seed, seeds)
    t = said(truth, weak, student, name)
    size = 1e-11 * (1.0 + max(np.abs(values).max() for values in t.values()))
    assert np.abs(t["gain"] - t["variance"] - t["gain_on_mean"]).max() < size
    assert np.abs(t["misfit"] - t["variance"] - t["misfit_to_mean"] + t["covariance"]).max() < size
    assert np.abs(t["gain_less_misfit"] - t["gain_on_mean"] + t["misfit_to_mean"] - t["covariance"]).max() < size
    assert np.abs(t["nearer_to_mean"] - t["variance"] + t["covariance"]).max() < size
    assert t["variance"].min() > -size and t["misfit_to_mean"].min() > -size


@pytest.mark.parametrize("name", ["squared", "kl"])
def test_who_answers_as_the_mean_of_its_teachers_gains_its_misfit_whatever_the_truth(name: str) -> None:
    truth, weak, _ = made(name, 11)
    student = np.broadcast_to(mean_teacher(weak, name), weak.shape)
    t = said(truth, weak, student, name)
    np.testing.assert_allclose(t["gain"], t["misfit"], rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(t["misfit"], t["variance"], rtol=1e-9, atol=1e-13)
    assert t["variance"].min() > 0.0
    assert max(np.abs(t[term]).max() for term in ("gain_on_mean", "misfit_to_mean", "covariance")) < 1e-13


def test_a_student_that_is_its_own_teacher_gains_nothing_and_is_farther_from_their_mean() -> None:
    truth, weak, _ = made("kl", 3)
    t = said(truth, weak, weak, "kl")
    assert np.abs(t["gain"]).max() < 1e-12 and np.abs(t["misfit"]).max() < 1e-12
    assert t["nearer_to_mean"].max() < 0.0


def test_teachers_that_answer_alike_have_no_mean_apart_from_themselves() -> None:
    truth, weak, student = made("squared", 5)
    samples = [made_sample(truth, weak[0], f_sw, truth) for f_sw in student]
    found = measures().bounds["bias-variance"].across_seeds(samples)
    assert found == Missing("the teacher answers alike in every seed")
