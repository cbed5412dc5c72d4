"""The same for a user's files of probabilities: columns are classes, labels their names or numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from own_files import OWN, quantity

from w2s_bench.scoring.intervals import estimate

Ask = Callable[..., str]

NAMES = ("no", "yes", "maybe")


@pytest.fixture
def of_classes(ask: Ask) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities of three classes for 60 ids, the student's columns in another order; class names of the first 40."""
    rng = np.random.default_rng(5)
    labels = rng.integers(3, size=60)
    weak, ceiling = (np.exp(1.5 * strength * np.eye(3)[labels] + 0.5 * rng.standard_normal((60, 3))) for strength in (0.4, 1.5))
    weak, ceiling = (values / values.sum(axis=1, keepdims=True) for values in (weak, ceiling))
    student = 0.5 * (weak + ceiling)
    for name, values, order in (("weak", weak, (0, 1, 2)), ("student", student, (2, 0, 1)), ("ceiling", ceiling, (1, 2, 0))):
        frame = pl.DataFrame({"id": [f"x{i}" for i in range(60)], **{NAMES[j]: values[:, j] for j in order}})
        frame.write_csv(f"{name}.csv")
    pl.DataFrame({"id": [f"x{i}" for i in range(40)], "label": [NAMES[j] for j in labels[:40]]}).write_csv("truth.csv")
    return weak, student, ceiling, labels


KL = (*OWN, "--divergence", "kl")


def test_class_names_as_truth_are_matched_by_name_whatever_the_order_of_columns(ask: Ask, of_classes: tuple[Any, ...]) -> None:
    weak, student, ceiling, labels = of_classes
    words = (*KL, "--truth", "truth.csv", "--ceiling", "ceiling.csv")
    found = json.loads(ask(*words, "--delta", "0", "--json"))
    right = labels[:40]
    nats = np.log(student / weak)[np.arange(40), right]
    assert quantity(found, "gain")["value"] == pytest.approx(nats.mean())
    accuracy = (student[:40].argmax(axis=1) == right).mean()
    assert quantity(found, "accuracy of the student")["value"] == pytest.approx(accuracy)
    assert quantity(found, "gain in accuracy")["value"] == pytest.approx(accuracy - (weak[:40].argmax(axis=1) == right).mean())
    log_ratio = np.log(student / weak)
    osc = log_ratio.max(axis=1) - log_ratio.min(axis=1)
    errors = -np.log(ceiling[np.arange(40), right])
    error = estimate(errors).high
    band = found["band"]
    assert band["half_width"] == pytest.approx(np.sqrt(0.5 * error * (osc ** 2).mean()), rel=1e-4) and band["high"] is None
    assert band["half_width_on_labelled"] == pytest.approx(np.sqrt(0.5 * errors.mean() * (osc[:40] ** 2).mean()), rel=1e-4)
    assert band["gain_inside_on_labelled"] and "kl has no law of a student" in ask(*words, "--delta", "0.001", code=2)
    assert any("40 labelled ids are few" in text for text in found["says"])


def test_classes_without_labels_have_a_misfit_and_an_agreement(ask: Ask, of_classes: tuple[Any, ...]) -> None:
    weak, student, *_ = of_classes
    found = json.loads(ask(*KL, "--json"))
    same = quantity(found, "agreement of student and weak labels", "all ids")
    assert same["value"] == pytest.approx((weak.argmax(axis=1) == student.argmax(axis=1)).mean()) and same["high"] <= 1.0
    assert "a gain is certain only for ε below" in found["says"][2] and found["band"] is None
    assert any("no label" in text.lower() for text in found["says"])


def test_the_students_own_error_binds_any_two_predictors_in_nats_too(ask: Ask, of_classes: tuple[Any, ...]) -> None:
    found = json.loads(ask(*KL, "--truth", "truth.csv", "--json"))
    assert found["band"]["epsilon_from"] == "student" and found["band"]["high"] is not None
    assert found["band"]["gain_inside_on_labelled"]


@pytest.mark.usefixtures("of_classes")
def test_class_numbers_go_with_columns_that_end_in_them(ask: Ask) -> None:
    rng = np.random.default_rng(6)
    weak, student = rng.dirichlet(np.ones(2), (2, 4))
    for name, values in (("weak", weak), ("student", student)):
        np.savez(f"{name}.npz", id=np.arange(4), p=values)
    Path("numbers.csv").write_text("id,label\n0,1\n1,0\n2,1.0\n3,1\n")
    words = ("predict", "--weak", "weak.npz", "--student", "student.npz", "--truth", "numbers.csv", "--divergence", "brier")
    found = json.loads(ask(*words, "--json"))
    hit = weak.argmax(axis=1) == np.array([1, 0, 1, 1])
    assert quantity(found, "accuracy of the weak labels")["value"] == pytest.approx(hit.mean())
    assert any("An accuracy of" in text and "on 4 examples" in text for text in found["says"])


@pytest.mark.usefixtures("of_classes")
@pytest.mark.parametrize(("name", "content", "texts"), [
    ("truth.csv", "id,label\nx0,no\nx1,yess\n", ("class 'yess' (id x1) is none of weak.csv", "did you mean yes?")),
    ("truth.csv", "id,label\nx0,no\nx1,\n", ("missing value (id x1)",)),
    ("truth.csv", "id,label\nx0,3\n", ("class '3'", "known: maybe, no, yes")),
    ("truth.csv", "id,no,yes\nx0,0,1\n", ("truth.csv: it has 2 output columns",)),
    ("truth.csv", "id,no,yes,maybe\nx0,0,1,1\n", ("id x0 sums to 2", "truth.csv")),
    ("student.csv", "id,no,yes,maybe\nx0,0.5,0.5,0.5\n", ("student.csv: 1 row(s) are no distribution; id x0 sums to 1.5",)),
    ("student.csv", "id,no,yes,maybe\nx0,1.5,-0.5,0\n", ("its least number is -0.5",)),
    ("student.csv", "id,yes\nx0,0.5\n", ("one output column (yes)", "a column for each class")),
    ("student.csv", "id,no,yes,perhaps\nx0,0.5,0.5,0\n", ("ids do not match",))])
def test_probabilities_that_are_none_and_classes_that_nobody_knows_are_refused(ask: Ask, name: str, content: str,
                                                                               texts: tuple[str, ...]) -> None:
    Path(name).write_text(content)
    said = ask(*KL, "--truth", "truth.csv", code=2)
    assert all(text in said for text in texts), said


@pytest.mark.usefixtures("of_classes")
def test_names_of_classes_without_a_divergence_of_classes_say_which_to_name(ask: Ask) -> None:
    assert "go with a --divergence of classes" in ask(*OWN, "--truth", "truth.csv", code=2)
    Path("truth.csv").write_text("id,label\nx0,no\nx1,no\n")
    assert "No labelled id is of class yes, maybe" in ask(*KL, "--truth", "truth.csv")


def test_hard_weak_labels_have_a_misfit_in_brier_and_none_in_nats(ask: Ask, of_classes: tuple[Any, ...]) -> None:
    weak, student, *_ = of_classes
    hard = np.eye(3)[weak.argmax(axis=1)]
    pl.DataFrame({"id": [f"x{i}" for i in range(60)], **dict(zip(NAMES, hard.T, strict=True))}).write_csv("weak.csv")
    assert (hard == 0.0).any(axis=1).all() and student.min() > 0.0
    said = ask(*KL, code=2)
    assert "60 of 60 weak labels give a class the probability 0" in said and "--divergence brier" in said
    other = ("--weak", "ceiling.csv", "--student", "student.csv")
    assert "60 of 60 weak labels" in ask("select", *OWN[1:], *other, "--divergence", "kl", code=2)
    found = json.loads(ask(*OWN, "--divergence", "brier", "--json"))
    assert quantity(found, "misfit", "all ids")["value"] == pytest.approx(((student - hard) ** 2).sum(axis=1).mean())
