"""Answers of a teacher as an LLM writes them: words for classes, in any letters, some missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import w2s_text
from w2s_tabular.arrays import own_arrays

import w2s_bench as w2s
from w2s_bench.contracts import DataError, Splits, UsageError
from w2s_bench.registry.component import instantiate
from w2s_bench.registry.parameters import check_parameters

N = 120
RNG = np.random.default_rng(7)
P, Q = RNG.normal(size=(2, N))
TRUTH = np.where(P + Q > 0, "positive", "negative")
RIGHT = RNG.random(N) < 0.8
ANSWER = np.where(RIGHT, TRUTH, np.where(TRUTH == "positive", "negative", "positive"))
SPELT = [("Positive", "positive ", "POSITIVE")[row % 3] if each == "positive" else ("negative", " Negative")[row % 2]
         for row, each in enumerate(ANSWER)]
SILENT = {3: "", 40: "NA", 77: "None"}


def csv(folder: Path, answers: list[Any] | None = None, **columns: Any) -> str:
    said = [SILENT.get(row, each) for row, each in enumerate(SPELT)] if answers is None else answers
    pl.DataFrame({"p": P, "q": Q, "text": [f"text {row}" for row in range(N)], "llm": said, **columns, "y": TRUTH}).write_csv(
        folder / "a.csv")
    return str(folder / "a.csv")


def text(**settings: Any) -> Any:
    entry = next(entry for entry in w2s_text.w2s_tasks() if entry.name == "text")
    return instantiate(entry.target, check_parameters(entry, {"label": "y", "output": "classes", **settings}, "text"), "text")


def answered(splits: Splits, first: str) -> dict[int, list[float]]:
    return {int(name.removeprefix("row ")) - (first == "1"): answer for part in (splits.supervise, splits.transfer, splits.test)
            for name, answer in zip(part.ids, part.inputs["llm"].tolist(), strict=True)}


@pytest.mark.parametrize("classes", ["", "positive,negative"])
def test_words_are_classes_by_name_and_rows_without_an_answer_leave(tmp_path: Path, classes: str) -> None:
    order = classes.split(",") if classes else ["negative", "positive"]
    right = {row: np.eye(2)[order.index(each)].tolist() for row, each in enumerate(ANSWER) if row not in SILENT}
    path = csv(tmp_path)
    table = own_arrays(path, output="classes", classes=classes, answers="llm")
    assert answered(table.load(0), "0") == right
    assert table.inputs_read().notes == (
        "3 of 120 rows have no answer of llm and leave the task",
        "llm gives classes the probability 0: scored by brier, for kl is infinite there")
    assert table.inputs_read().x == ("p", "q")
    texts = text(path=path, classes=classes, answers="llm")
    assert answered(texts.load(0), "1") == right and len(texts.pool().ids) == 117
    assert texts.inputs_read().notes == table.inputs_read().notes and texts.inputs_read().left_out["llm"] == "it holds answers"


def test_an_answer_that_is_no_class_is_named_with_its_row_and_may_be_an_abstention(tmp_path: Path) -> None:
    said = ["unsure" if row == 5 else each for row, each in enumerate(SPELT)]
    path = csv(tmp_path, said)
    with pytest.raises(DataError, match="llm of row 6 is 'unsure', which is none of the classes negative, positive\n.*na=unsure"):
        own_arrays(path, output="classes", answers="llm").load(0)
    assert 5 not in answered(own_arrays(path, output="classes", answers="llm", na="unsure").load(0), "0")
    wordy = csv(tmp_path, [{3: "–", 4: "Answer: none"}.get(row, f"**{each.strip()}.**") for row, each in enumerate(TRUTH)])
    with pytest.raises(DataError, match='llm of row 5 is .*\n.*na="Answer: none"'):
        own_arrays(wordy, output="classes", answers="llm").load(0)
    kept = answered(own_arrays(wordy, output="classes", answers="llm", na="Answer: none").load(0), "0")
    assert kept == {row: [float(each == "negative"), float(each == "positive")] for row, each in enumerate(TRUTH)
                    if row not in (3, 4)}


def test_numbers_of_classes_are_read_by_the_names_of_the_task_and_shares_stay(tmp_path: Path) -> None:
    stars = np.where(TRUTH == "positive", 2, 1)
    path = csv(tmp_path, list(stars), stars=stars)
    found = answered(own_arrays(path, label="stars", output="classes", answers="llm", exclude="y").load(0), "0")
    assert found == {row: [0.0, 1.0] if each == 2 else [1.0, 0.0] for row, each in enumerate(stars)}
    shares = csv(tmp_path, [None if row == 9 else 0.25 for row in range(N)])
    kept = answered(own_arrays(shares, output="classes", answers="llm").load(0), "0")
    assert set(kept.values()) == {0.25} and 9 not in kept and len(kept) == N - 1


def test_a_run_teaches_with_them(tmp_path: Path) -> None:
    run = w2s.run(tasks=f"arrays[path={csv(tmp_path)},output=classes,divergence=brier]", weak="given[column=llm]", strong="raw",
                  supervisors="as-is", strategies="logistic", seeds=0, store=str(tmp_path / "s"), folder=tmp_path / "r",
                  executor="here")
    (row,) = run.rows.to_dicts()
    splits = own_arrays(csv(tmp_path), output="classes", answers="llm").load(0)
    tested = [int(name.removeprefix("row ")) for name in splits.test.ids]
    assert row["status"] == "ok" and row["n_test"] == len(tested)
    assert row["accuracy_weak"] == pytest.approx(RIGHT[tested].mean())
    assert row["err_weak"] == pytest.approx(2.0 * (1.0 - RIGHT[tested].mean()))


def test_classes_of_a_teacher_are_scored_by_brier_unless_the_person_says_otherwise(tmp_path: Path) -> None:
    """kl of hard labels is a clip; the Brier gain is of probabilities: E|y − w|² − E|y − s|², computed from the predictions."""
    def ran(words: str, supervisor: str = "as-is", answers: list[Any] | None = None) -> w2s.Run:
        task = f"arrays[path={csv(tmp_path, answers)},output=classes{words}]"
        return w2s.run(tasks=task, weak="given[column=llm]", strong="raw", supervisors=supervisor, strategies="logistic", seeds=0,
                       store=str(tmp_path / "s"), folder=tmp_path / f"r{words}{supervisor}", executor="here")

    (row,) = ran("").rows.to_dicts()
    assert row["divergence"] == "brier" and "labels-clipped" not in row["flags"]
    assert 0.0 < row["misfit"] <= 2.0 and row["err_weak"] == pytest.approx(2.0 * (1.0 - row["accuracy_weak"]))
    with pytest.raises(UsageError, match=r"llm. gives classes the probability 0 under as-is.*\n(.*\n)*.*divergence=brier"):
        ran(",divergence=kl")
    shares = np.clip(np.where(TRUTH == "positive", 0.8, 0.2) + 0.3 * RNG.normal(size=N), 0.0, 1.0).round(1)
    (rounded,) = ran(",limit=119", answers=list(shares)).rows.to_dicts()
    assert 0.01 < np.isin(shares, (0.0, 1.0)).mean() < 1.0 and rounded["status"] == "ok" and rounded["divergence"] == "brier"
    (soft,) = ran(",limit=118", answers=list(np.clip(shares, 0.1, 0.9))).rows.to_dicts()
    assert soft["status"] == "ok" and soft["divergence"] == "kl"
    (fitted,) = ran(",divergence=kl", "logistic").rows.to_dicts()
    assert fitted["status"] == "ok" and fitted["divergence"] == "kl"


def test_labels_that_turn_out_hard_while_running_give_no_ok_row(tmp_path: Path) -> None:
    """One neighbour answers with classes, which no plan can know."""
    run = w2s.run(tasks=f"arrays[path={csv(tmp_path)},output=classes]", weak="random-features[width=8]", strong="raw",
                  supervisors="knn[neighbours=1]", strategies="logistic", seeds=0, store=str(tmp_path / "s"),
                  folder=tmp_path / "r", executor="here")
    (row,) = run.rows.to_dicts()
    assert row["status"] == "failed" and row["gain"] is None
    assert "give a class the probability 0, where kl is infinite" in row["error"] and "divergence=brier" in row["error"]
