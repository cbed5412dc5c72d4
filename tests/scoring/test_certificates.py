"""Nothing is certified of a student that is not the head it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from w2s_bench.contracts import Array
from w2s_bench.contracts.errors import PluginError
from w2s_bench.scoring.certificates import certify
from w2s_bench.scoring.divergence import divergence

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
    head_norm: float = 1.0


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
    roles = {"weak": WEAK, "student": answers, "ceiling": WEAK}
    return certify(strategy, student, FEATURES, roles, WEAK, divergence(measure)).delta


@pytest.mark.parametrize(("student", "measure"), [
    (Affine(of_logits, WEIGHT, INTERCEPT), "kl"),
    (Affine(lambda logits: in_float32(of_logits(logits)), WEIGHT, INTERCEPT), "kl"),
    (Linear(as_it_is, WEIGHT, INTERCEPT), "squared"),
    (Linear(in_float32, WEIGHT, INTERCEPT, radius=1.0), "squared"),
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
