"""Columns, rows and files that give an answer away are named: see w2s_bench/contracts/giveaways.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import w2s_text
from scipy.stats import spearmanr
from w2s_tabular.arrays import Arrays, own_arrays

import w2s_bench as w2s
from w2s_bench.contracts.giveaways import rank_correlation, tells
from w2s_bench.registry.component import instantiate
from w2s_bench.registry.parameters import check_parameters

N = 60
RNG = np.random.default_rng(4)
P, Q, NOISE = RNG.normal(size=(3, N))
Y = P - 2 * Q + 0.3 * NOISE


def task(folder: Path, *, label: Any = Y, **columns: Any) -> Arrays:
    pl.DataFrame({"p": P, "q": Q, **columns, "y": label}).write_csv(folder / "a.csv")
    return Arrays(str(folder / "a.csv"))


def test_a_sound_table_has_nothing_to_look_at(tmp_path: Path) -> None:
    assert task(tmp_path).inputs_read().notes == ()
    assert task(tmp_path, kind=RNG.integers(0, 3, N)).inputs_read().notes == ()


@pytest.mark.parametrize("copy", [Y, -3.0 * Y + 2.0, np.exp(Y)])
def test_a_column_that_tells_the_label_is_named(tmp_path: Path, copy: Any) -> None:
    assert task(tmp_path, price=copy).inputs_read().notes == ("price in x tells y exactly",)
    assert task(tmp_path, price=copy).inputs_read().x == ("p", "q", "price")


def test_a_code_of_the_classes_and_a_threshold_are_named(tmp_path: Path) -> None:
    kinds = RNG.integers(0, 3, N)
    path = task(tmp_path, label=np.array(["b", "a", "c"])[kinds], code=np.array([7, 2, 5])[kinds]).path
    read = own_arrays(path, output="classes").inputs_read()
    assert read.notes == ("code in x tells y exactly",)
    ordered = np.array([1, 0, 2])[kinds]
    separated = task(tmp_path, label=np.array(["b", "a", "c"])[kinds], margin=ordered + np.clip(0.1 * P, -0.4, 0.4)).path
    assert own_arrays(separated, output="classes").inputs_read().notes == ("margin in x tells y exactly",)


def test_an_answer_that_x_gives_as_a_whole_is_named_and_the_teachers_too(tmp_path: Path) -> None:
    assert task(tmp_path, label=3 * P - Q + 1).inputs_read().notes == ("x gives y exactly, by least squares",)
    rule, whole = P**2 + Q, P - Q
    path = task(tmp_path, rule=rule, again=2 * rule).path
    assert Arrays(path, exclude="rule").inputs_read().notes == ("again in x tells rule exactly",)
    simulated = Arrays(task(tmp_path, rule=whole).path, exclude="rule")
    assert simulated.inputs_read().notes == ("x gives rule exactly, by least squares",)


def test_a_sorted_file_and_repeated_rows_are_named(tmp_path: Path) -> None:
    order = np.argsort(Y)
    pl.DataFrame({"row": np.arange(N), "p": P[order], "q": Q[order], "y": Y[order]}).write_csv(tmp_path / "s.csv")
    pl.read_csv(tmp_path / "s.csv").sample(fraction=1.0, shuffle=True, seed=1).write_csv(tmp_path / "shuffled.csv")
    said = "goes with y: a file that is sorted by it"
    assert Arrays(str(tmp_path / "s.csv")).inputs_read().notes == (f"the order of the rows {said}",)
    assert Arrays(str(tmp_path / "shuffled.csv")).inputs_read().notes == (f"row {said}",)
    frame = pl.DataFrame({"p": P, "q": Q, "y": Y})
    pl.concat([frame, frame.head(5)]).write_csv(tmp_path / "twice.csv")
    (line,) = Arrays(str(tmp_path / "twice.csv")).inputs_read().notes
    assert Arrays(str(tmp_path / "s.csv")).inputs_read().flags == ("answer-in-order",)
    assert Arrays(str(tmp_path / "twice.csv")).inputs_read().flags == ()
    assert line.startswith("5 of 65 rows repeat the x of an earlier one")


def test_rank_correlation_is_spearmans_with_ties() -> None:
    first, second = RNG.integers(0, 9, 50).astype(float), RNG.normal(size=50).round(1)
    assert rank_correlation(first, second) == pytest.approx(spearmanr(first, second).statistic)


def test_a_column_of_a_matrix_is_looked_at_by_itself(tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", x=np.column_stack([P, np.exp(Y), Q]), y=Y)
    read = Arrays(str(tmp_path / "m.npz")).inputs_read()
    assert read.notes == ("x[1] in x tells y exactly",) and read.flags == ("answer-in-inputs",)


def test_what_chance_lays_out_alike_is_no_leak() -> None:
    rare = np.zeros(60)
    rare[59] = 1.0
    assert not tells(np.arange(60.0), rare, classes=True), "one of 60 is last in one file of 60"
    assert tells(np.arange(60.0), np.repeat([0.0, 1.0], 30), classes=True)


def test_a_file_of_texts_sorted_by_its_classes_and_its_repeated_texts_are_named(tmp_path: Path) -> None:
    words = [f"text {number % 25}" if number % 25 else " " for number in range(30)]
    pl.DataFrame({"text": words, "label": ["bad"] * 15 + ["good"] * 15}).write_csv(tmp_path / "t.csv")
    entry = next(entry for entry in w2s_text.w2s_tasks() if entry.name == "text")
    read = instantiate(entry.target, check_parameters(entry, {"path": str(tmp_path / "t.csv"), "output": "classes"}, ""),
                       "text").inputs_read()
    assert read.notes == ("2 of 30 rows have an empty text", "the order of the rows goes with label: a file that is sorted by it",
                          "5 of 30 rows repeat the text of an earlier one, and may lie in another part than it")
    assert read.flags == ("answer-in-order",)


def test_what_a_plan_names_is_a_flag_of_every_row(tmp_path: Path) -> None:
    """A copy of the teacher's answers among the features, in a file of texts a sorted label; a sound file has no such flag."""
    def flags(task: str, weak: str, strong: str, strategy: str) -> set[str]:
        place = tmp_path / str(len(list(tmp_path.iterdir())))
        run = w2s.run(tasks=task, weak=weak, strong=strong, supervisors="as-is", strategies=strategy, seeds=0, folder=place / "r",
                      store=str(place / "s"), executor="here")
        return {flag for row in run.rows["flags"] for flag in row if flag.startswith("answer-")}

    file = task(tmp_path, rule=P**2 + Q, again=2 * (P**2 + Q)).path
    assert flags(f'arrays[path="{file}"]', "given[column=rule]", "raw", "ridge") == {"answer-in-inputs"}
    assert flags(f'arrays[path="{file}",exclude=again]', "given[column=rule]", "raw", "ridge") == set()
    rows = pl.DataFrame({"text": [f"text {number}" for number in range(30)], "label": ["bad"] * 15 + ["good"] * 15,
                         "llm": ["bad", "good", "bad"] * 10})
    rows.write_csv(tmp_path / "t.csv")
    file = str(tmp_path / "t.csv")
    told = flags(f'text[path="{file}",output=classes,divergence=brier]', "given[column=llm]", "tfidf", "logistic")
    assert told == {"answer-in-order"}
