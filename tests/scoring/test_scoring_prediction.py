"""The band about a misfit in nats is the bound of the table, and with the student as reference it binds any two predictors."""

from __future__ import annotations

import numpy as np
import pytest
from made_samples import bounds, divergence
from made_tables import NOTHING_KNOWN

from w2s_bench.scoring.prediction import accuracies, agreement_of, check_prediction, leeway_of_class, mean_spread, own_leeway

KL = divergence("kl")


@pytest.mark.parametrize("seed", range(5))
def test_the_band_is_what_kl_explicit_leaves_of_the_misfit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weak, student, ceiling = rng.dirichlet(np.ones(4), (3, 30))
    truth = np.eye(4)[rng.integers(4, size=30)]
    check = check_prediction(student, weak, truth, ceiling, KL)
    (bound,) = (b for b in bounds(truth, weak, student, ceiling, NOTHING_KNOWN) if b.bound == "kl-explicit")
    assert check.err_ceiling is not None
    found = leeway_of_class(check, check.err_ceiling.mean, KL)
    assert check.misfit.mean - found.half == pytest.approx(bound.lhs) and check.gain.mean == pytest.approx(bound.rhs)
    assert found.inside == (bound.lhs <= bound.rhs) and not found.two_sided
    assert found.half == pytest.approx(KL.reach(check.misfit.mean, check.err_ceiling.mean, mean_spread(student, weak, KL)))
    assert leeway_of_class(check, check.err_ceiling.mean, KL, slip=0.25).half == pytest.approx(found.half + 0.25)


def test_with_the_students_own_error_the_band_binds_any_two_predictors_on_both_sides() -> None:
    rng = np.random.default_rng(1)
    for loss in (KL, divergence("brier")):
        for k in (2, 5):
            for _ in range(300):
                weak, student = rng.dirichlet(rng.uniform(0.1, 2.0) * np.ones(k), (2, 6))
                truth = np.eye(k)[rng.integers(k, size=6)] if rng.uniform() < 0.5 else rng.dirichlet(np.ones(k), 6)
                found = own_leeway(check_prediction(student, weak, truth, None, loss), loss)
                assert found.two_sided and found.inside


def test_a_gain_beyond_the_band_is_outside_it() -> None:
    """The student goes from a right teacher to a wrong answer, and the ceiling is all but certain of the truth."""
    truth = np.eye(2)[[0, 1, 0, 1]]
    weak, student, ceiling = 0.8 * truth + 0.1, 0.4 * truth + 0.3, 0.9998 * truth + 0.0001
    check = check_prediction(student, weak, truth, ceiling, KL)
    assert check.err_ceiling is not None and not leeway_of_class(check, check.err_ceiling.mean, KL).inside


def test_accuracies_are_paired_and_agreement_needs_no_label() -> None:
    truth, weak = np.eye(2)[[0, 0, 1, 1]], np.eye(2)[[0, 1, 1, 0]]
    student = np.eye(2)[[0, 0, 1, 0]]
    found = accuracies(student, weak, truth)
    assert (found.weak.mean, found.student.mean, found.gain.mean) == (0.5, 0.75, 0.25)
    assert found.gain.se == pytest.approx(np.std([0, 1, 0, 0], ddof=1) / 2) and agreement_of(student, weak).mean == 0.75
