"""A best entry is judged on examples that did not choose it."""

from __future__ import annotations

import msgspec
import numpy as np
import polars as pl
import pytest
from made_boards import ERROR, drawn, made_checked
from made_seasons import made_season, made_task

from w2s_bench.leaderboard.board import board_from
from w2s_bench.leaderboard.checked import Checked
from w2s_bench.leaderboard.season import Season

SEASON = made_season((made_task("t", seeds=2, settings=2, n_test=40), made_task("u", seeds=1, n_test=40)))


def halved(season: Season, name: str, rng: np.random.Generator, mean: float = 0.0, **how: float) -> Checked:
    """A submission of one strategy whose rows have the means of both halves: even examples and odd ones."""
    mine = drawn(season, rng, mean=mean, n=40)
    checked = made_checked(season, name, {"s": mine})
    keys = {(cell.task.name, cell.setting.weak, cell.seed): mine[cell.task.name, cell.task.settings.index(cell.setting), at]
            for cell in season.cells() for at in [cell.task.seeds.index(cell.seed)]}
    found = [keys[key] for key in checked.rows.select("task", "weak", "seed").iter_rows()]
    columns = {f"err_student_half{half}": [ERROR - float(gains[half - 1::2].mean()) for gains in found] for half in (1, 2)}
    teacher = {f"err_weak_half{half}": pl.lit(ERROR) for half in (1, 2)}
    halves = [pl.Series(column, values) for column, values in columns.items()]
    return msgspec.structs.replace(checked, rows=checked.rows.with_columns(*halves, **teacher))


def test_the_value_beside_a_best_entry_is_of_the_half_that_did_not_choose_it() -> None:
    rng = np.random.default_rng(0)
    several = [halved(SEASON, f"e{at}", rng) for at in range(4)]
    best = board_from(SEASON, several).chosen[0]
    means = np.array([[np.mean([np.mean([_gain(rows, half, "t", seed) for seed in (0, 1)]), _gain(rows, half, "u", 0)]) / 2.0
                       for half in (1, 2)] for rows in (each.rows for each in several)])
    first, second = means.argmax(axis=0)
    assert best.names == (f"e{first}/s", f"e{second}/s") and best.entries == 4
    assert best.share == pytest.approx((means[first, 1] + means[second, 0]) / 2.0)
    assert best.as_chosen == pytest.approx((means[first, 0] + means[second, 1]) / 2.0)


def _gain(rows: pl.DataFrame, half: int, task: str, seed: int) -> float:
    mine = rows.filter((pl.col("task") == task) & (pl.col("seed") == seed))
    return float((mine[f"err_weak_half{half}"] - mine[f"err_student_half{half}"]).mean())  # type: ignore[arg-type]


@pytest.mark.slow
def test_where_nobody_is_better_the_best_is_not_made_to_look_so() -> None:
    found = []
    for draw in range(40):
        rng = np.random.default_rng([draw, 1])
        found.append(board_from(SEASON, [halved(SEASON, f"e{at}", rng) for at in range(5)]).chosen[0])
    values, chosen = np.array([each.share for each in found]), np.array([each.as_chosen for each in found])
    error = values.std(ddof=1) / len(values) ** 0.5
    assert abs(values.mean()) < 3.0 * error and chosen.mean() > 6.0 * error


def test_one_entry_alone_one_without_halves_and_one_that_failed_somewhere_are_not_named() -> None:
    rng = np.random.default_rng(2)
    first, second = (halved(SEASON, name, rng) for name in ("aa", "bb"))
    assert board_from(SEASON, [first]).chosen == ()
    lost = msgspec.structs.replace(second, rows=second.rows.slice(1))
    assert board_from(SEASON, [first, lost]).chosen == ()
    assert board_from(SEASON, [first, made_checked(SEASON, "cc", {"s": drawn(SEASON, rng, n=40)})]).chosen == ()
    assert len(board_from(SEASON, [first, second]).chosen) == 1
