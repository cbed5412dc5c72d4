"""What a constant would answer, and the flags of teachers that know no more than that."""

from __future__ import annotations

import numpy as np
import pytest
from made_samples import divergence, made_sample

from w2s_bench.contracts import Classes
from w2s_bench.registry.measures import measures
from w2s_bench.scoring.baselines import constant_errors, majority_right
from w2s_bench.scoring.flags import band_wider_than_misfit, flags, labels_clipped, teacher_at_chance, teacher_at_majority
from w2s_bench.scoring.measured import metric_columns

TRUTH = np.eye(3)[np.random.default_rng(0).choice(3, 400, p=[0.5, 0.3, 0.2])]


@pytest.mark.parametrize("name", ["squared", "squared-mean", "brier", "kl"])
def test_no_constant_errs_less_than_the_mean_of_the_truth(name: str) -> None:
    """Banerjee, Guo and Wang (2005), checked: of every Bregman divergence."""
    loss, rng = divergence(name), np.random.default_rng(1)
    truth = loss.conform_truth(TRUTH if loss.output == "classes" else rng.standard_normal((400, 2)))
    least = constant_errors(loss, truth).mean()
    for _ in range(200):
        near = truth.mean(axis=0)
        other = rng.dirichlet(20.0 * near) if loss.output == "classes" else near + 0.1 * rng.normal(size=2)
        assert loss.between(truth, np.broadcast_to(loss.conform(other[None]), truth.shape)).mean() >= least
    if name == "kl":
        shares = truth.mean(axis=0)
        assert least == pytest.approx(-(shares * np.log(shares)).sum())
    if name == "squared":
        assert least == pytest.approx(truth.var(axis=0).sum())


def of_teacher(shown: np.ndarray, name: str = "kl") -> tuple[str, ...]:
    ceiling = 0.6 * TRUTH + 0.4 / 3.0
    raised = flags(made_sample(TRUTH, shown, 0.5 * shown + 0.5 * ceiling, ceiling, name))
    return tuple(flag for flag in raised if "teacher-at" in flag)


@pytest.mark.parametrize("name", ["kl", "brier"])
def test_a_teacher_is_at_chance_unless_it_is_separably_better_than_the_frequencies(name: str) -> None:
    rng = np.random.default_rng(2)
    frequencies = np.tile(TRUTH.mean(axis=0), (400, 1))
    noise = rng.dirichlet(5.0 * TRUTH.mean(axis=0), 400)
    assert of_teacher(frequencies, name) == of_teacher(noise, name) == ("teacher-at-chance", "teacher-at-majority")
    assert of_teacher(0.5 * TRUTH + 0.5 / 3.0, name) == ()


def test_a_teacher_may_name_the_majority_and_still_know_something_of_the_odds() -> None:
    """And one that names the right class more often may be worse than a constant in nats, for it is too sure."""
    frequencies = TRUTH.mean(axis=0)
    odds = 0.9 * frequencies + 0.1 * TRUTH
    assert (odds.argmax(axis=1) == frequencies.argmax()).all() and of_teacher(odds) == ("teacher-at-majority",)
    wrong = np.random.default_rng(3).random(400) < 0.2
    sure = np.where(wrong[:, None], np.roll(TRUTH, 1, axis=1), TRUTH)
    assert of_teacher(np.clip(sure, 1e-6, 1.0) / np.clip(sure, 1e-6, 1.0).sum(axis=1, keepdims=True)) == ("teacher-at-chance",)


def test_for_numbers_chance_is_the_mean_and_there_is_no_majority() -> None:
    rng = np.random.default_rng(4)
    y = rng.normal(3.0, 1.0, 300)
    shuffled, right = made_sample(y, rng.permutation(y), y, y), made_sample(y, y + 0.5 * rng.normal(size=300), y, y)
    assert teacher_at_chance(shuffled) and not teacher_at_chance(right)
    assert not teacher_at_majority(shuffled)


def test_hard_labels_are_clipped_under_kl_and_under_no_divergence_that_takes_them() -> None:
    soft = 0.7 * TRUTH + 0.1
    assert labels_clipped(made_sample(TRUTH, np.roll(TRUTH, 1, axis=0), soft, soft, "kl"))
    assert not labels_clipped(made_sample(TRUTH, np.roll(TRUTH, 1, axis=0), soft, soft, "brier"))
    in_float32 = (soft.astype(np.float32) / soft.astype(np.float32).sum(axis=1, keepdims=True)).astype(np.float64)
    assert not labels_clipped(made_sample(TRUTH, in_float32, soft, soft, "kl")), "renormalising float32 is rounding"
    few = np.where(np.arange(400)[:, None] < 3, TRUTH, soft)
    assert not labels_clipped(made_sample(TRUTH, few, soft, soft, "kl")), "three of 400 do not decide a misfit"


def test_the_band_is_wider_than_the_misfit_where_the_ceiling_errs_as_much_as_a_quarter_of_it() -> None:
    """2·sqrt(m·ε) > m where ε > m/4."""
    y = np.zeros(50)
    assert not band_wider_than_misfit(made_sample(y, y + 3.0, y + 1.0, y + 0.99))
    assert band_wider_than_misfit(made_sample(y, y + 3.0, y + 1.0, y + 1.01))
    assert not band_wider_than_misfit(made_sample(y, y + 3.0, y + 3.0, y + 1.0)), "a copy has no misfit to be foretold"


def test_the_majority_is_a_column_of_classes_and_its_share_is_that_of_the_baseline() -> None:
    soft = 0.7 * TRUTH + 0.1
    columns, _ = metric_columns(made_sample(TRUTH, soft, soft, soft, "kl", output=Classes(3)), measures().metrics)
    assert columns["accuracy_majority"] == majority_right(TRUTH).mean() == TRUTH.mean(axis=0).max()
    y = np.arange(40.0)
    assert "accuracy_majority" not in metric_columns(made_sample(y, y, y, y), measures().metrics)[0]
