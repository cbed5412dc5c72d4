"""Columns, rows and files that give an answer away are named: see plugins/w2s_tabular/leaks.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import spearmanr
from w2s_tabular.arrays import Arrays, own_arrays
from w2s_tabular.leaks import rank_correlation

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
    assert line.startswith("5 of 65 rows repeat the x of an earlier one")


def test_rank_correlation_is_spearmans_with_ties() -> None:
    first, second = RNG.integers(0, 9, 50).astype(float), RNG.normal(size=50).round(1)
    assert rank_correlation(first, second) == pytest.approx(spearmanr(first, second).statistic)
