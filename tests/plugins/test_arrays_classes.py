"""Classes, fixed samples and balance of a table of numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from w2s_tabular.arrays import own_arrays

from w2s_bench.contracts import Classes, Regression, Splits, Task, UsageError

N = 40
KINDS = ["spam" if row % 4 == 0 else "ham" for row in range(N)]


def csv(folder: Path, **columns: Any) -> str:
    rng = np.random.default_rng(0)
    pl.DataFrame({"p": rng.normal(size=N), "q": rng.normal(size=N), "y": KINDS, **columns}).write_csv(folder / "a.csv")
    return str(folder / "a.csv")


def by_row(splits: Splits) -> dict[int, list[float]]:
    return {int(name.removeprefix("row ")): truth for part in (splits.supervise, splits.transfer, splits.test)
            for name, truth in zip(part.ids, part.truth.tolist(), strict=True)}


def test_a_column_of_words_is_classes_by_name(tmp_path: Path) -> None:
    task = own_arrays(csv(tmp_path), output="classes")
    assert isinstance(task, Task) and task.output == Classes(2, ("ham", "spam")) and task.divergence == "kl"
    assert by_row(task.load(0)) == {row: [0.0, 1.0] if kind == "spam" else [1.0, 0.0] for row, kind in enumerate(KINDS)}
    named = own_arrays(task.path, output="ordinal", classes="spam,ham", divergence="brier")
    assert named.output == Classes(2, ("spam", "ham"), True) and named.divergence == "brier"
    assert by_row(named.load(0))[0] == [1.0, 0.0]


def test_numbers_stay_the_default_and_words_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    task = own_arrays(csv(tmp_path, y=np.arange(N) % 7))
    assert task.output == Regression(1, "y") and task.divergence == "squared"
    with pytest.raises(UsageError, match="are for classes"):
        own_arrays(task.path, balance="on").output  # noqa: B018
    for output, divergence in (("number", "kl"), ("classes", "squared")):
        with pytest.raises(UsageError, match=f"divergence={divergence} does not score {output}"):
            own_arrays(task.path, output=output, divergence=divergence).divergence  # noqa: B018


def test_balance_and_limit_are_the_same_rows_for_every_seed(tmp_path: Path) -> None:
    path = csv(tmp_path)
    found = [by_row(own_arrays(path, output="classes", balance="on").load(seed)) for seed in (0, 1)]
    assert found[0].keys() == found[1].keys() and np.sum(list(found[0].values()), axis=0).tolist() == [10.0, 10.0]
    few = [by_row(own_arrays(path, output="classes", limit=12).load(seed)) for seed in (0, 1)]
    assert few[0] == few[1] and len(few[0]) == 12
    parts = ["supervise"] * 16 + ["transfer"] * 16 + ["test"] * 8
    splits = own_arrays(csv(tmp_path, split=parts), output="classes", balance="on").load(0)
    counts = [part.truth.sum(axis=0).tolist() for part in (splits.supervise, splits.transfer, splits.test)]
    assert counts == [[4, 4], [4, 4], [2, 2]]


def test_rows_of_probabilities_are_labels(tmp_path: Path) -> None:
    shares = np.random.default_rng(1).dirichlet([1.0, 1.0, 1.0], N)
    np.savez(tmp_path / "a.npz", x=np.random.default_rng(2).normal(size=(N, 2)), y=shares)
    task = own_arrays(str(tmp_path / "a.npz"), output="classes", classes="a,b,c")
    assert task.output == Classes(3, ("a", "b", "c"))
    assert np.allclose([by_row(task.load(0))[row] for row in range(N)], shares)
