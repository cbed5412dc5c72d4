"""A user's own teachers, each with its student: which to take, and what is said where that is not known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Ask = Callable[..., str]
A, B = ("--weak", "a.csv", "--student", "of-a.csv"), ("--weak", "b.csv", "--student", "of-b.csv")


def write(name: str, values: np.ndarray, order: np.ndarray | None = None) -> None:
    places = np.arange(len(values)) if order is None else order
    Path(name).write_text("\n".join(["id,value", *(f"x{i},{values[i]}" for i in places)]) + "\n")


@pytest.fixture
def files(ask: Ask) -> dict[str, np.ndarray]:
    """Two teachers of a linear truth, of which b is wrong in a way that its student learns; truth for 60 of 120 ids."""
    rng = np.random.default_rng(1)
    x = np.column_stack([np.ones(120), rng.standard_normal((120, 3))])
    truth = x @ np.array([0.3, 1.0, -1.0, 2.0])
    values = {"a": truth + 0.5 * rng.standard_normal(120), "b": truth + 2.0 * x[:, 1] + 0.5 * rng.standard_normal(120)}
    values |= {f"of-{name}": x @ np.linalg.lstsq(x, values[name], rcond=None)[0] for name in ("a", "b")}
    for name, column in values.items():
        write(f"{name}.csv", column, rng.permutation(120))
    write("truth.csv", truth[:60])
    return values | {"truth": truth}


def test_the_teacher_with_the_least_err_weak_less_misfit_is_taken_and_told_from_the_other(
        ask: Ask, files: dict[str, np.ndarray]) -> None:
    found = json.loads(ask("select", *B, *A, "--truth", "truth.csv", "--json"))
    lines = {line["weak"]: line for line in found["teachers"]}
    truth = files["truth"][:60]
    for name in ("a", "b"):
        weak, student = files[name][:60], files[f"of-{name}"][:60]
        assert lines[f"{name}.csv"]["criterion"] == pytest.approx(((truth - weak) ** 2 - (student - weak) ** 2).mean())
        assert lines[f"{name}.csv"]["misfit"] == pytest.approx(((files[f"of-{name}"] - files[name]) ** 2).mean())
        assert lines[f"{name}.csv"]["labelled"] == 60 and lines[f"{name}.csv"]["student"] == f"of-{name}.csv"
    said = " ".join(found["says"])
    assert "Take a.csv, by the least err_weak − misfit; the runner-up is b.csv" in said and "They can be told apart" in said
    assert "over 60 labelled ids" in said and "the student of a.csv errs least" in said


@pytest.mark.usefixtures("files")
def test_without_truth_there_is_a_ranking_by_misfit_and_no_recommendation(ask: Ask) -> None:
    shown = ask("select", *A, *B)
    assert "By misfit alone b.csv comes first" in shown and "This is a ranking by misfit only" in shown and "Take" not in shown
    assert ask("select", *A, *B, "--csv").startswith("weak,student,n,misfit")


def test_one_teacher_in_two_files_cannot_be_told_apart(ask: Ask, files: dict[str, np.ndarray]) -> None:
    write("b.csv", files["a"])
    write("of-b.csv", files["of-a"])
    assert "They cannot be told apart" in ask("select", *A, *B, "--truth", "truth.csv")


def test_a_student_of_noise_does_not_make_its_teacher_the_one_to_take(ask: Ask, files: dict[str, np.ndarray]) -> None:
    write("of-b.csv", 5.0 * np.random.default_rng(3).standard_normal(120))
    shown = ask("select", *A, *B, "--truth", "truth.csv")
    assert "b.csv has the least err_weak − misfit, and it is below 0" in shown and "Take" not in shown
    assert "the student of a.csv errs least" in shown


def test_a_student_that_is_a_projection_is_not_called_none_because_few_labelled_ids_say_so(
        ask: Ask, files: dict[str, np.ndarray]) -> None:
    truth, weak, student = files["truth"], files["a"], files["of-a"]
    criterion = (truth - weak) ** 2 - (student - weak) ** 2
    assert criterion.mean() > 0.0  # as theorem 1 says of the examples that the student was fitted on
    draws = (np.random.default_rng(seed).permutation(120)[:60] for seed in range(1000))
    write("truth.csv", truth, next(ids for ids in draws if criterion[ids].mean() < 0.0))
    shown = ask("select", *A, *B, "--truth", "truth.csv")
    assert "Take a.csv" in shown and "these ids do not tell it from 0" in shown


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(("words", "texts"), [
    ((*A, "--weak", "b.csv"), ("--student: b.csv has no student: 2 --weak and 1 --student",)),
    ((*A, "--student", "of-b.csv"), ("--weak: of-b.csv has no teacher: 1 --weak and 2 --student",)),
    (A, ("1 teacher, so there is nothing to choose",)), (("--truth", "truth.csv"), ("0 teacher",)),
    ((*A, *A), ("a.csv is named twice",)), ((*A, *B, "r"), ("RUNS goes with runs",)), ((*A, *B, "--by", "task"), ("--by goes",)),
    ((*A, *B, "--divergence", "kll"), ("no divergence",)),
    ((*A, "--weak", "c.csv", "--student", "of-b.csv"), ("c.csv", "no such")),
    ((*A, "--weak", "truth.csv", "--student", "of-b.csv"), ("ids do not match", "a.csv and truth.csv"))])
def test_what_is_missing_is_named(ask: Ask, words: tuple[str, ...], texts: tuple[str, ...]) -> None:
    said = ask("select", *words, code=2)
    assert all(text in said for text in texts), said
