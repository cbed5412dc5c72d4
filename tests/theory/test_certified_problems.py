"""Random problems through the certificates themselves: what they certify up to rounding, a verdict allows for."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from made_samples import Case, bounds, made_sample, met

from w2s_bench.contracts import Array
from w2s_bench.scoring.certificates import certify

STRATEGY = SimpleNamespace(convex_in="outputs", exact=True)


@dataclass
class Head:
    """A linear head that shows its design, its norm and the radius of its class."""

    weight: Array
    radius: float | None

    @property
    def head_norm(self) -> float:
        return float(np.linalg.norm(self.weight))

    def design(self, features: Array) -> Array:
        return features

    def predict(self, features: Array) -> Array:
        return features @ self.weight

    def to_arrays(self) -> dict[str, Array]:
        return {}


def alarms(seed: int, count: int) -> tuple[int, int]:
    """Rows with every assumption true, and how many of them are violated, of problems whose teacher is right to 5 digits.

    Truth and ceiling are heads of the class up to a billionth of their size, as is a student that float32 or an iterative
    solver leaves: all of it inside what certificates tolerate.
    """
    rng = np.random.default_rng(seed)
    certified = violated = 0
    for _ in range(count):
        n, r = int(rng.integers(8, 14)), int(rng.integers(1, 4))
        features = rng.standard_normal((n, r))
        head = rng.standard_normal((r, 1))
        inside = features @ head + rng.standard_normal()
        spread = float(inside.std())
        truth, ceiling = (inside + 10.0 ** rng.uniform(-12, -9.3) * spread * rng.standard_normal((n, 1)) for _ in range(2))
        weak = truth + 10.0 ** rng.uniform(-6, -4) * spread * rng.standard_normal((n, 1))
        centred = features - features.mean(axis=0)
        fitted = np.linalg.lstsq(centred, weak - weak.mean(), rcond=None)[0]
        fitted = fitted * (1.0 + 10.0 ** rng.uniform(-15, -9) * rng.standard_normal())
        radius = None if rng.uniform() < 0.5 else 10.0 * float(np.linalg.norm(fitted))
        student = Head(fitted, radius)
        answers = centred @ fitted + weak.mean()
        sample = made_sample(truth, weak, answers, ceiling, split="train")
        found = certify(STRATEGY, student, features, sample)
        case = Case(exact_projection=found.exact_projection, reference_in_class=found.reference_in_class,
                    truth_in_class=found.truth_in_class, subspace=radius is None, delta=found.delta,
                    spans_sample=found.spans_sample, delta_rounding=found.delta_rounding, beyond=found.beyond)
        rows = [row for row in bounds(truth, weak, answers, ceiling, case) if row.all_assumptions]
        certified += len(rows)
        violated += sum(not met(row) for row in rows)
    return certified, violated


@pytest.mark.slow
def test_a_teacher_that_is_right_to_5_digits_raises_no_false_alarm() -> None:
    certified, violated = alarms(0, 1500)
    assert certified > 4000 and violated == 0


@pytest.mark.slow
def test_a_teacher_that_is_right_to_5_digits_raises_no_false_alarm_in_120_000_problems() -> None:
    assert [alarms(seed, 12_000)[1] for seed in range(1, 11)] == [0] * 10


def test_what_is_allowed_is_far_from_what_a_wrong_student_does() -> None:
    """A student 1e-3 of its size away from the projection is still caught."""
    rng = np.random.default_rng(3)
    features = rng.standard_normal((12, 2))
    truth = features @ rng.standard_normal((2, 1))
    weak = truth + 1e-2 * rng.standard_normal((12, 1))
    case = Case(truth_in_class=True, beyond=1e-9, delta_rounding=1e-18)
    away = weak + 3.0 * (weak - truth)
    assert {row.bound for row in bounds(truth, weak, away, truth, case) if row.verdict == "violated"} >= {
        "theorem1", "theorem2-explicit"}
