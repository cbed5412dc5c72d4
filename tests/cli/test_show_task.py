"""`w2s-bench show-task`: what a task holds, for every kind of task, and no data can steer the terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from w2s_bench.cli.show_task import balance_table, example_lines, harmless
from w2s_bench.contracts import Classes, Regression, Split, Splits

Ask = Callable[..., str]


def test_classes_are_counted_by_part_and_examples_carry_id_and_label(ask: Ask, tmp_path: Path) -> None:
    parts = ["supervise"] * 4 + ["transfer"] * 2 + ["test"] * 3
    labels = ["no", "yes", "yes", "yes", "no", "yes", "no", "no", "no"]
    pl.DataFrame({"text": [f"text {i}\nsecond line" for i in range(9)], "label": labels, "split": parts,
                  "id": [f"r{i}" for i in range(9)]}).write_csv(tmp_path / "t.csv")
    said = ask("show-task", "text[path=t.csv,output=classes]", "--examples", "2")
    lines = [line.split() for line in said.splitlines()]
    assert ["predicts", "2", "classes:", "no,", "yes"] in lines and ["divergence", "kl"] in lines
    assert ["no", "1", "25.0", "%", "1", "50.0", "%", "3", "100.0", "%"] in lines
    assert ["yes", "3", "75.0", "%", "1", "50.0", "%", "0", "0.0", "%"] in lines
    assert ["all", "examples", "4", "2", "3"] in lines
    assert "r0: no\n  text:\n    text 0\n    second line\n" in said and "r1: yes" in said and "r2:" not in said
    assert "\x1b" not in said


def test_numbers_have_mean_and_spread_and_other_tasks_are_shown_too(ask: Ask) -> None:
    said = ask("show-task", "diabetes", "--examples", "1", "--seed", "3")
    assert "a number in progression score" in said and "squared" in said and "seed 3" in said
    assert "BSD-3-Clause" in said and "Least Angle Regression" in said and "scikit-learn" in said
    assert "… (10 numbers)" in said
    assert "overlaps" in said and "balanced    no" in said


@pytest.mark.slow
def test_several_tasks_are_shown_and_unknown_ones_named(ask: Ask) -> None:
    assert ask("show-task", "python-functions[limit=[20,30]]", "--examples", "0").count("predicts") == 2
    assert "did you mean diabetes" in ask("show-task", "diabetis", code=2)
    assert "needs the parameter path" in ask("show-task", "sst2-local", code=2)
    assert "Missing argument" in ask("show-task", code=2)


def test_escapes_in_data_are_made_harmless() -> None:
    assert harmless("a\x1b[31mb\x07\u202e") == "a\\x1b[31mb\\x07\\u202e"
    assert harmless("café 日本語") == "café 日本語" and harmless("\ud800") == "\\ud800"
    text = np.empty(1, dtype=object)
    text[0] = "one\x1b]0;title\x07\ntwo"
    split = Split({"te\x1bxt": text}, np.array([[0.0, 1.0]]), np.array(["id\x1b"], dtype=object))
    shown = "\n".join(example_lines(split, 0, Classes(2, ("a", "b\x1b[0m"))))
    assert "\x1b" not in shown and "\x07" not in shown and "    two" in shown


def test_long_texts_are_cut_and_empty_ones_seen() -> None:
    text = np.empty(2, dtype=object)
    text[:] = ["x" * 2500, ""]
    split = Split({"text": text}, np.array([[1.0], [2.5]]), np.array(["a", "b"]))
    assert example_lines(split, 0, Regression())[1].endswith("x … (500 more characters)")
    assert example_lines(split, 1, Regression(1, "kg")) == ["b: 2.500 kg", '  text: ""']


def test_labels_and_outputs_are_put_in_words() -> None:
    assert Classes(3, ("low", "mid", "high"), ordered=True).describe() == "3 ordered classes: low, mid, high"
    assert Classes(4).describe() == "4 classes" and Regression(2, "kg").describe() == "2 numbers in kg"
    assert Regression().describe() == "a number"
    assert Classes(2, ("no", "yes")).word(np.array([0.25, 0.75]), str) == "no 0.250, yes 0.750"
    assert Classes(2).word(np.array([0.0, 1.0]), str) == "1"


def test_uncertain_truth_is_counted_by_its_probabilities() -> None:
    split = Split({}, np.array([[0.5, 0.5], [0.25, 0.75]]), np.array(["a", "b"]))
    _, heads, lines = balance_table(Classes(2), Splits(split, split, split))
    assert heads == ["class", "supervise", "transfer", "test"]
    assert [line[1].split() for line in lines[:2]] == [["0.8", "37.5", "%"], ["1.2", "62.5", "%"]]


def test_help_lists_the_command(ask: Ask) -> None:
    assert "show-task" in ask("--help")
