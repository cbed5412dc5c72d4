"""Classification metrics on cases worked by hand, against scikit-learn, and with intervals that cover."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_samples import made_sample
from scipy import stats
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from w2s_theory.simplex import KL_CLIP

from w2s_bench.contracts import Classes
from w2s_bench.registry.measures import measures
from w2s_bench.scoring.intervals import CONFIDENCE, Estimate, estimate
from w2s_bench.scoring.measured import metric_columns


def binary(ones: list[float] | np.ndarray) -> np.ndarray:
    """Rows (1 − p, p)."""
    return np.column_stack([1.0 - np.asarray(ones, dtype=float), ones])


TRUTH = binary([0, 1, 1, 0])

METRICS = ("accuracy", "auroc", "cross_entropy", "brier", "ece")


def measured(truth: np.ndarray, weak: np.ndarray, student: np.ndarray, ceiling: np.ndarray | None = None,
             names: tuple[str, ...] = ()) -> tuple[dict[str, float | str | None], list[str]]:
    """The columns of every metric of classes, and why some are missing."""
    output = Classes(truth.shape[1], names)
    sample = made_sample(truth, weak, student, student if ceiling is None else ceiling, "brier", output=output)
    return metric_columns(sample, measures().metrics)


def classification_metrics(truth: np.ndarray, prediction: np.ndarray) -> dict[str, float | None]:
    row, _ = measured(truth, prediction, prediction)
    return {name: row[f"{name}_student"] for name in METRICS}


def metric_reasons(truth: np.ndarray, names: tuple[str, ...] = ()) -> tuple[str, ...]:
    even = np.full(truth.shape, 1.0 / truth.shape[1])
    return tuple(reason for reason in measured(truth, even, even, names=names)[1] if reason.startswith("auroc"))


def paired_gains(truth: np.ndarray, weak: np.ndarray, student: np.ndarray) -> dict[str, Estimate | None]:
    """Gains with normal intervals."""
    row, _ = measured(truth, weak, student)
    z, found = float(stats.norm.ppf(0.5 + CONFIDENCE / 2.0)), {}
    for name in METRICS:
        value, se = row[f"gain_{name}"], row[f"gain_{name}_se"]
        se = math.nan if se is None else se
        found[name] = None if value is None else Estimate(value, se, value - z * se, value + z * se, len(truth))
    return found


def pgr_accuracy(truth: np.ndarray, *predictions: np.ndarray) -> tuple[float | None, str | None]:
    row, _ = measured(truth, *predictions)
    return row["pgr_accuracy"], row["pgr_accuracy_reason"]


def test_metrics_of_four_examples_worked_by_hand() -> None:
    found = classification_metrics(TRUTH, binary([0.1, 0.8, 0.4, 0.6]))
    assert found["accuracy"] == 0.5
    assert found["auroc"] == 0.75
    assert found["cross_entropy"] == pytest.approx(-(math.log(0.9) + math.log(0.8) + 2.0 * math.log(0.4)) / 4.0)
    assert found["brier"] == pytest.approx(2.0 * (0.01 + 0.04 + 0.36 + 0.36) / 4.0)
    assert found["ece"] == pytest.approx((0.1 + 0.2 + 1.2) / 4.0)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_metrics_agree_with_scikit_learn(k: int) -> None:
    rng = np.random.default_rng(k)
    labels, f = rng.integers(k, size=400), rng.dirichlet(np.ones(k), size=400)
    found = classification_metrics(np.eye(k)[labels], f)
    assert found["accuracy"] == accuracy_score(labels, f.argmax(axis=1))
    assert found["cross_entropy"] == pytest.approx(log_loss(labels, np.clip(f, KL_CLIP, 1.0), labels=range(k)), rel=1e-5)
    assert found["auroc"] == (pytest.approx(roc_auc_score(labels, f[:, 1])) if k == 2 else None)


def test_probabilities_of_0_and_1_have_a_finite_cross_entropy() -> None:
    found = classification_metrics(TRUTH, binary([1.0, 1.0, 1.0, 0.0]))
    assert found["cross_entropy"] == pytest.approx(-math.log(KL_CLIP) / 4.0, rel=1e-6)
    assert found["ece"] == pytest.approx(0.25)


@pytest.mark.slow
def test_a_calibrated_predictor_has_a_small_calibration_error_and_a_sure_one_has_its_error_rate() -> None:
    rng = np.random.default_rng(3)
    p = rng.uniform(size=50_000)
    truth = binary((rng.uniform(size=p.size) < p).astype(float))
    assert classification_metrics(truth, binary(p))["ece"] < 0.01
    sure = classification_metrics(truth, binary(np.round(p)))
    assert sure["ece"] == pytest.approx(1.0 - sure["accuracy"])


def test_soft_truth_counts_as_its_likeliest_class() -> None:
    soft, f = binary([0.2, 0.9, 0.6, 0.4]), binary([0.1, 0.8, 0.4, 0.6])
    found, hard = classification_metrics(soft, f), classification_metrics(TRUTH, f)
    assert [found[name] for name in ("accuracy", "auroc", "ece")] == [hard[name] for name in ("accuracy", "auroc", "ece")]
    assert found["brier"] == pytest.approx(2.0 * (0.01 + 0.01 + 0.04 + 0.04) / 4.0)


def test_a_metric_without_its_class_is_none_and_says_why() -> None:
    one_class = binary([0, 0, 0])
    found = classification_metrics(one_class, binary([0.2, 0.3, 0.6]))
    assert found["auroc"] is None and found["accuracy"] == pytest.approx(2.0 / 3.0)
    assert metric_reasons(one_class) == ("auroc: no example of class 1",)
    assert metric_reasons(1.0 - one_class, ("bad", "good")) == ("auroc: no example of class bad",)
    assert metric_reasons(binary([0, 0, 1])) == ("auroc gain: one example of class 1, an interval needs two",)
    assert metric_reasons(TRUTH) == ()
    assert metric_reasons(np.eye(3)) == ("auroc: for two classes, and there are 3",)


def test_a_reason_is_given_exactly_where_something_is_none() -> None:
    rng = np.random.default_rng(5)
    for truth in (TRUTH, binary([0, 0]), binary([0, 1]), binary([1, 0, 0]), np.eye(3), binary([1])):
        f, g = (rng.dirichlet(np.ones(truth.shape[1]), size=len(truth)) for _ in range(2))
        missing = [*classification_metrics(truth, f).values(), *paired_gains(truth, f, g).values()].count(None)
        assert bool(missing) == bool(metric_reasons(truth))


def test_gains_are_positive_where_the_student_is_better_and_paired() -> None:
    weak, student = binary([0.4, 0.6, 0.4, 0.6]), binary([0.1, 0.9, 0.8, 0.3])
    gains = paired_gains(TRUTH, weak, student)
    before, after = classification_metrics(TRUTH, weak), classification_metrics(TRUTH, student)
    assert {name: gains[name].mean > 0.0 for name in METRICS} == {**dict.fromkeys(METRICS, True), "ece": False}
    for name in METRICS:
        sign = 1.0 if name in ("accuracy", "auroc") else -1.0
        assert gains[name].mean == pytest.approx(sign * (after[name] - before[name]))
    expected = estimate([0.0, 0.0, 1.0, 1.0])
    assert (gains["accuracy"].mean, gains["accuracy"].se) == (expected.mean, expected.se)
    assert gains["brier"].se == pytest.approx(estimate([0.30, 0.30, 0.64, 0.54]).se)


def test_the_delong_variance_is_that_of_all_pairs() -> None:
    rng = np.random.default_rng(7)
    labels = np.arange(60) % 3 == 0
    weak, student = (np.round(rng.uniform(size=60), 1) for _ in range(2))

    def components(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        wins = np.sign(p[labels][:, None] - p[~labels]) / 2.0 + 0.5
        return wins.mean(axis=1), wins.mean(axis=0)

    change = [a - b for a, b in zip(components(student), components(weak), strict=True)]
    gain = paired_gains(binary(labels.astype(float)), binary(weak), binary(student))["auroc"]
    assert gain.mean == pytest.approx(roc_auc_score(labels, student) - roc_auc_score(labels, weak))
    assert gain.se == pytest.approx(math.sqrt(change[0].var(ddof=1) / 20 + change[1].var(ddof=1) / 40))
    assert (gain.high - gain.low) / 2.0 == pytest.approx(1.959963984540054 * gain.se)


@pytest.mark.slow
def test_the_delong_interval_covers_between_93_and_97_percent() -> None:
    rng = np.random.default_rng(11)
    labels = np.arange(160) % 2 == 0
    truth, target = binary(labels.astype(float)), stats.norm.cdf(1.4 / math.sqrt(2.0)) - stats.norm.cdf(0.7 / math.sqrt(2.0))
    inside, repeats = 0, 1500
    for _ in range(repeats):
        shared = rng.standard_normal(160)
        scores = (m * labels + 0.6 * shared + 0.8 * rng.standard_normal(160) for m in (0.7, 1.4))
        gain = paired_gains(truth, *(binary(stats.logistic.cdf(score)) for score in scores))["auroc"]
        inside += gain.low <= target <= gain.high
    assert 0.93 <= inside / repeats <= 0.97


@pytest.mark.slow
def test_the_interval_of_a_calibration_gain_is_one_of_resampled_examples_and_repeats_itself() -> None:
    rng = np.random.default_rng(13)
    truth = binary((rng.uniform(size=300) < 0.7).astype(float))
    weak, student = binary(rng.uniform(size=300)), binary(rng.uniform(0.4, 0.9, size=300))
    gain = paired_gains(truth, weak, student)["ece"]
    again = np.array([
        paired_gains(truth[drawn], weak[drawn], student[drawn])["ece"].mean
        for drawn in rng.integers(300, size=(300, 300))
    ])
    assert gain.se == pytest.approx(again.std(ddof=1), rel=0.2)
    assert gain == paired_gains(truth, weak, student)["ece"]
    assert paired_gains(truth, weak, weak)["ece"].se == 0.0


def test_pgr_on_accuracy_is_a_ratio_of_accuracies() -> None:
    truth = binary(np.arange(100) % 2)
    wrong = [np.where(np.arange(100)[:, None] < errors, 1.0 - truth, truth) for errors in (40, 25, 10)]
    assert pgr_accuracy(truth, *wrong) == (pytest.approx(0.5), None)
    assert pgr_accuracy(truth, wrong[0], wrong[1], wrong[0]) == (None, "gap's 95 % interval contains 0")


def test_one_example_has_gains_and_no_interval() -> None:
    gains = paired_gains(TRUTH[:1], binary([0.6]), binary([0.2]))
    assert gains["accuracy"].mean == 1.0 and gains["auroc"] is None
    assert all(math.isnan(gains[name].se) for name in ("accuracy", "ece", "brier"))
