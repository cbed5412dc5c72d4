"""The resolution floor: a difference of that size is found in 80 % of cases."""

from __future__ import annotations

import numpy as np
import pytest
from made_boards import drawn, made_checked
from made_seasons import made_season, made_task
from test_freezing import ABOUT, TOLD, as_run

from w2s_bench.leaderboard.board import board_from
from w2s_bench.leaderboard.floor import comparisons, floors, smallest_over_tasks, smallest_told_apart
from w2s_bench.leaderboard.freezing import freeze
from w2s_bench.leaderboard.season import Spread
from w2s_bench.scoring.intervals import student_t
from w2s_bench.tables.inference import over_task_sets


@pytest.mark.parametrize(("degrees", "level"), [(2.0, 0.05), (7.0, 0.05), (11.0, 0.001), (40.0, 1e-4)])
def test_a_difference_of_the_floor_is_found_in_80_percent_of_draws(degrees: float, level: float) -> None:
    rng = np.random.default_rng(0)
    floor = smallest_told_apart(0.3, degrees, level)
    t = (rng.standard_normal(400_000) + floor / 0.3) / np.sqrt(rng.chisquare(degrees, 400_000) / degrees)
    assert np.mean(t > student_t(degrees, 1.0 - level)) == pytest.approx(0.8, abs=0.005)


@pytest.mark.parametrize(("tasks", "level"), [(8, 0.05), (12, 0.001)])
def test_a_difference_over_tasks_of_the_floor_is_found_in_80_percent_of_draws(tasks: int, level: float) -> None:
    rng = np.random.default_rng(5)
    values = rng.standard_normal((2000, tasks)) + smallest_over_tasks(tasks, level) / tasks**0.5
    found = [over_task_sets(each, skewed=True).estimate.p < level for each in values]
    assert np.mean(found) == pytest.approx(0.8, abs=0.04)


def test_the_floor_rises_with_the_comparisons_that_are_shown_and_falls_with_the_spread() -> None:
    season = made_season((*(made_task(f"t{at}") for at in range(8)), made_task("c", output="classes")),
                         spread={"regression": Spread(3, 0.01, 0.02, 0.03, 7.0, "task sets")})
    assert comparisons(season, 10) == 9 * (45 + 10) + 1 * (2 * 45 + 10)
    few, many = floors(season, 2), floors(season, 40)
    assert [(floor.kind, floor.task) for floor in few] == [
        ("regression", None), *(("regression", f"t{at}") for at in range(8)), ("classes", "c")]
    for small, large in zip(few, many, strict=True):
        assert small.one == large.one < small.many < large.many and small.least < small.one < small.most
    assert few[0].one == pytest.approx(0.02 * smallest_over_tasks(8, 0.05))
    assert "over all tasks" in few[0].sentence and "the middle one of 3 pairs" in few[0].sentence


def test_a_season_without_spreads_has_no_floor_to_print() -> None:
    import msgspec

    bare = msgspec.structs.replace(made_task("t"), spread=None)
    assert floors(made_season((bare,))) == ()


@pytest.mark.slow
def test_two_entries_apart_by_the_floor_are_ordered_in_80_percent_of_draws(tmp_path_factory: pytest.TempPathFactory) -> None:
    """On one task of 5 seeds that share 100 test examples; the season is frozen from a run of two strategies drawn alike, so that
    its floor, itself an estimate, is averaged over seasons."""
    season = made_season((made_task("t", seeds=5, n_test=100),))
    found = []
    for draw in range(400):
        rng = np.random.default_rng([draw, 9])
        run = as_run(tmp_path_factory.mktemp("run"), made_checked(season, "run", {name: drawn(season, rng) for name in "ab"}))
        frozen = freeze(run, ABOUT, told=lambda name: TOLD)
        d = floors(frozen, 2)[0].one * frozen.tasks[0].unit
        two = [made_checked(frozen, name, {"s": drawn(season, rng, mean=mean)}, shuffled=None)
               for name, mean in (("aa", d), ("bb", 0.0))]
        found.append(bool(board_from(frozen, two).compared["separable"][0]))
    assert 0.70 <= np.mean(found) <= 0.90
