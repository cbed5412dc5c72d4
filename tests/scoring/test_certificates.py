"""Nothing is certified of a student that is not the head it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from made_samples import made_sample
from scipy.special import softmax
from w2s_theory.quadratic import Squared

from w2s_bench.contracts import Array
from w2s_bench.contracts.errors import PluginError
from w2s_bench.scoring.certificates import NOTHING, ClassCertificate, certify

RANDOM = np.random.default_rng(0)
FEATURES = RANDOM.normal(size=(40, 3))
WEIGHT, INTERCEPT = RANDOM.normal(size=(3, 3)), RANDOM.normal(size=3)
WEAK = softmax(RANDOM.normal(size=(40, 3)), axis=1)


@dataclass
class Affine:
    """A head that shows a design, a weight and an intercept, and answers with what `link` makes of them."""

    link: Callable[[Array], Array]
    weight: Array
    intercept: Array
    radius: float | None = None

    def design(self, features: Array) -> Array:
        return features

    def predict(self, features: Array) -> Array:
        return self.link(features @ self.weight + self.intercept)

    def to_arrays(self) -> dict[str, Array]:
        return {}


@dataclass
class Linear(Affine):
    @property
    def head_norm(self) -> float:
        return float(np.linalg.norm(self.weight))


@dataclass
class Mixture:
    """Two softmax heads, and the shares in which it says that it mixes them."""

    shown: tuple[float, float]
    link: Callable[[Array], Array]
    capabilities = frozenset({"members"})

    @property
    def weights(self) -> Array:
        return np.array(self.shown)

    def members(self, features: Array) -> Array:
        return np.stack([softmax(features @ WEIGHT, axis=1), softmax(features @ -WEIGHT, axis=1)])

    def predict(self, features: Array) -> Array:
        return self.link(np.tensordot([0.3, 0.7], self.members(features), axes=1))


def as_it_is(values: Array) -> Array:
    return values


def in_float32(values: Array) -> Array:
    return values.astype(np.float32).astype(np.float64)


def of_logits(values: Array) -> Array:
    return np.asarray(softmax(values, axis=1))


def hardened(values: Array) -> Array:
    return of_logits(3.0 * values)


def certified(student: Any, measure: str) -> float | None:
    strategy = SimpleNamespace(convex_in="probabilities" if measure == "kl" else "outputs", exact=False)
    answers = student.predict(FEATURES)
    return certify(strategy, student, FEATURES, made_sample(WEAK, WEAK, answers, WEAK, measure)).delta


@pytest.mark.parametrize(("student", "measure"), [
    (Affine(of_logits, WEIGHT, INTERCEPT), "kl"),
    (Affine(lambda logits: in_float32(of_logits(logits)), WEIGHT, INTERCEPT), "kl"),
    (Linear(as_it_is, WEIGHT, INTERCEPT), "squared"),
    (Linear(in_float32, WEIGHT, INTERCEPT, radius=9.0), "squared"),
    (Mixture((0.3, 0.7), as_it_is), "kl"),
])
def test_a_student_that_is_the_head_it_shows_gets_a_delta(student: Any, measure: str) -> None:
    found = certified(student, measure)
    assert found is not None and found > 0.0


def test_a_mixture_that_does_not_show_its_shares_is_not_certified() -> None:
    shown = Mixture((0.3, 0.7), as_it_is)
    assert certified(SimpleNamespace(members=shown.members, predict=shown.predict), "kl") is None


@pytest.mark.parametrize(("student", "measure"), [
    (Affine(hardened, WEIGHT, INTERCEPT), "kl"),
    (Linear(np.abs, WEIGHT, INTERCEPT), "squared"),
    (Mixture((0.5, 0.5), as_it_is), "kl"),
    (Mixture((0.3, 0.7), lambda mixed: of_logits(np.log(mixed) * 2.0)), "kl"),
])
def test_a_student_that_shows_another_head_than_it_is_breaks_the_contract(student: Any, measure: str) -> None:
    with pytest.raises(PluginError, match="something else than the head"):
        certified(student, measure)


def exact_in_ball(radius: float, beyond: float) -> Linear:
    """The projection of WEAK onto heads of norm `radius`, its weight then made longer by the factor `beyond`."""
    centred = FEATURES - FEATURES.mean(axis=0)
    gram, moments = centred.T @ centred, centred.T @ WEAK
    low, high = 0.0, 1e9
    for _ in range(200):
        middle = (low + high) / 2.0
        norm = np.linalg.norm(np.linalg.solve(gram + middle * np.eye(3), moments))
        low, high = (middle, high) if norm > radius else (low, middle)
    weight = beyond * np.linalg.solve(gram + high * np.eye(3), moments)
    return Linear(as_it_is, weight, WEAK.mean(axis=0) - FEATURES.mean(axis=0) @ weight, radius)


EXACT_STRATEGY = SimpleNamespace(convex_in="outputs", exact=True)


def of_exact(student: Linear, name: str = "squared") -> ClassCertificate:
    sample = made_sample(WEAK, WEAK, student.predict(FEATURES), WEAK, name)
    return certify(EXACT_STRATEGY, student, FEATURES, sample)


@pytest.mark.parametrize("beyond", [1.0 + 1e-6, 1.001, 1.1, 3.0])
def test_nothing_is_certified_of_a_head_outside_its_ball(beyond: float) -> None:
    """Its misfit is below the least of the class, δ < 0, so that every bound would be violated with all assumptions true."""
    radius = 0.05
    assert of_exact(exact_in_ball(radius, 1.0)).exact_projection
    found = of_exact(exact_in_ball(radius, beyond))
    assert found.delta is None and not found.exact_projection and not found.reference_in_class


def test_a_head_that_says_that_its_norm_is_inside_is_measured_all_the_same() -> None:
    @dataclass
    class Liar(Linear):
        @property
        def head_norm(self) -> float:
            return 0.01

    outside = exact_in_ball(0.05, 1.1)
    found = of_exact(Liar(as_it_is, outside.weight, outside.intercept, 0.05))
    assert found.delta is None and not found.exact_projection


def test_delta_is_in_the_unit_of_the_divergence() -> None:
    student = Linear(as_it_is, 0.5 * exact_in_ball(9.0, 1.0).weight, WEAK.mean(axis=0))
    sums, means = of_exact(student, "squared"), of_exact(student, "squared-mean")
    assert sums.delta == pytest.approx(3.0 * means.delta) and sums.delta > 0.0


def test_what_float64_may_hide_of_delta_is_certified_beside_it() -> None:
    found = of_exact(exact_in_ball(9.0, 1.0))
    assert found.exact_projection and abs(found.delta) <= found.delta_rounding < 1e-12


def test_of_a_divergence_without_a_geometry_of_its_own_nothing_is_certified() -> None:
    class Other(Squared):
        geometry = "other"

    sample = made_sample(WEAK, WEAK, WEAK, WEAK)
    student = exact_in_ball(9.0, 1.0)
    assert certify(EXACT_STRATEGY, student, FEATURES, msgspec.structs.replace(sample, divergence=Other())) == NOTHING
