"""A season frozen from a run: its unit, its controls, what a failed cell counts as, and what its design can tell apart."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from made_boards import drawn, made_checked
from made_seasons import made_season, made_task

from w2s_bench.contracts.errors import DataError, UsageError
from w2s_bench.leaderboard.checked import Checked
from w2s_bench.leaderboard.freezing import About, Told, freeze, mismatches
from w2s_bench.leaderboard.season import Season, read_season
from w2s_bench.running.table_files import BOUND, ROW, write_table
from w2s_bench.running.terms import FILE, write_term_tables

ABOUT = About("pilot", "A pilot", rules=("One rule.",))
TOLD = Told("CC0-1.0", "nobody", "travels")


def as_run(folder: Path, checked: Checked, **columns: pl.Expr) -> Path:
    """A folder that is read as a run's."""
    folder.mkdir(exist_ok=True)
    filled = {"err_constant": pl.lit(2.5) + 0.1 * pl.col("seed"), "err_gold": pl.lit(2.8)} | columns
    write_table(checked.rows.drop("submission", "trust", "division").with_columns(**filled), folder / "rows.parquet", ROW)
    write_table(checked.bounds, folder / "bounds.parquet", BOUND)
    write_term_tables([checked.terms], folder / FILE)
    return folder


def run_of(season: Season, folder: Path, seed: int = 0, **columns: pl.Expr) -> Path:
    rng = np.random.default_rng(seed)
    strategies = {name: drawn(season, rng, mean=mean, n=60) for name, mean in (("a", 0.4), ("b", 0.1), ("random-labels", -1.0))}
    return as_run(folder, made_checked(season, "run", strategies, shuffled=-0.7), **columns)


SEASON = made_season((made_task("t", seeds=4, settings=2, n_test=60),))


def test_a_season_of_a_run_has_its_unit_its_controls_and_its_splits(tmp_path: Path) -> None:
    made = freeze(run_of(SEASON, tmp_path / "run"), ABOUT, told=lambda name: TOLD)
    rows = pl.read_parquet(tmp_path / "run" / "rows.parquet")
    task = made.tasks[0]
    assert (made.label, made.rules) == ("pilot/1", ("One rule.",))
    assert made.unranked == ("constant", "shuffled-weak", "random-labels"), "what plugins declare as controls"
    assert not made.ranks("w2s_controls/random-labels[student=ridge]") and not made.ranks("constant") and made.ranks("ridge")
    assert (task.name, task.output, task.divergence) == ("t", "regression", "squared")
    assert task.unit == pytest.approx(np.mean([2.5, 2.6, 2.7, 2.8]))
    assert task.splits == SEASON.tasks[0].splits and task.seeds == (0, 1, 2, 3)
    assert task.controls["ceiling"] == pytest.approx((3.0 - 1.0) / task.unit)
    assert task.controls["gold"] == pytest.approx((3.0 - 2.8) / task.unit)
    assert task.controls["shuffled"] == pytest.approx(-0.7 / task.unit)
    assert task.controls["constant"] == pytest.approx((3.0 - task.unit) / task.unit)
    drawn_labels = rows.filter(pl.col("strategy") == "random-labels")["gain"].mean()
    assert task.controls["random-labels"] == pytest.approx(drawn_labels / task.unit)
    for setting in task.settings:
        mine = rows.filter((pl.col("strategy") == "random-labels") & (pl.col("weak") == setting.weak))["gain"].mean()
        assert setting.worst == pytest.approx(min(mine, -0.7, 0.0) / task.unit)
    assert (task.licence, task.citation, task.truth) == TOLD


def test_the_middle_of_the_paired_differences_of_a_run_is_what_its_season_keeps_of_them(tmp_path: Path) -> None:
    task = freeze(run_of(SEASON, tmp_path / "run"), ABOUT, told=lambda name: TOLD).tasks[0]
    rows = pl.read_parquet(tmp_path / "run" / "rows.parquet")
    assert task.spread is not None and task.spread.pairs == 3 and task.spread.over == "seeds and examples"
    means = {name: part.group_by("seed").agg(pl.col("gain").mean()).sort("seed")["gain"].to_numpy()
             for (name,), part in rows.group_by("strategy")}
    alone = [(means[a] - means[b]).std(ddof=1) / 2.0 / task.unit for a, b in combinations(means, 2)]
    assert task.spread.least <= task.spread.middle <= task.spread.most
    assert task.spread.least >= min(alone)  # over examples too it is wider than over seeds alone


def test_over_eight_tasks_a_season_keeps_how_pairs_differ_over_them(tmp_path: Path) -> None:
    season = made_season(tuple(made_task(f"t{at}", seeds=2, n_test=60) for at in range(8)))
    made = freeze(run_of(season, tmp_path / "run"), ABOUT, told=lambda name: TOLD)
    rows = pl.read_parquet(tmp_path / "run" / "rows.parquet").filter(pl.col("strategy") != "random-labels")
    by_task = rows.group_by("strategy", "task").agg(pl.col("gain").mean() / 2.55).sort("strategy", "task")
    first, second = (by_task.filter(pl.col("strategy") == name)["gain"].to_numpy() for name in ("a", "b"))
    spread = made.spread["regression"]
    assert (spread.pairs, spread.degrees, spread.over) == (3, 7.0, "task sets")
    mine = (first - second).std(ddof=1) / 8**0.5
    assert spread.least - 1e-12 <= mine <= spread.most + 1e-12


def test_a_run_that_is_not_whole_or_pools_draws_of_one_task_makes_no_season(tmp_path: Path) -> None:
    whole = pl.col("cell_key") == "run-a-t-0-1"
    lost = run_of(SEASON, tmp_path / "lost", status=pl.when(whole).then(pl.lit("failed")).otherwise("status"))
    with pytest.raises(DataError, match="t: a has 7 cells that are ok, and 4 seeds want 8"):
        freeze(lost, ABOUT, told=lambda name: TOLD)
    two = made_season((made_task("t[task=0]"), made_task("t[task=1]")))
    with pytest.raises(DataError, match="are draws of one task set"):
        freeze(run_of(two, tmp_path / "draws", task_set=pl.lit("t")), ABOUT, told=lambda name: TOLD)
    mixed = pl.when(whole).then(pl.lit("else")).otherwise("fingerprint_test")
    with pytest.raises(DataError, match="t, seed 1: the rows do not agree on the examples"):
        freeze(run_of(SEASON, tmp_path / "mixed", fingerprint_test=mixed), ABOUT, told=lambda name: TOLD)
    with pytest.raises(UsageError, match="no strategy of this run is 'c'"):
        freeze(run_of(SEASON, tmp_path / "run"), ABOUT, reference="c", told=lambda name: TOLD)


def test_a_run_of_a_changed_split_belongs_to_a_new_season(tmp_path: Path) -> None:
    season = freeze(run_of(SEASON, tmp_path / "run"), ABOUT, told=lambda name: TOLD)
    assert mismatches(season, tmp_path / "run") == []
    moved = run_of(SEASON, tmp_path / "moved", fingerprint_test=pl.lit("else"))
    said = mismatches(season, moved)
    assert len(said) == 4 and "fingerprint_test is else" in said[0]
    other = made_season((made_task("u", seeds=4, settings=2, n_test=60),))
    assert mismatches(season, run_of(other, tmp_path / "other")) == ["t: the run has no row of it"]


def test_a_season_is_made_shown_and_checked_by_commands_and_never_written_again(kept_run: Path, ask: Callable[..., str]) -> None:
    words = ("leaderboard", "season", "new", str(kept_run), "--name", "pilot", "--title", "A pilot", "-o", "seasons/pilot.toml")
    said = ask(*words)
    assert "Season pilot/1 (version 1.0): A pilot" in said and "truth travels" in said and "BSD-3-Clause" in said
    assert "the better is told in 80 % of cases" in said
    made = read_season(Path("seasons/pilot.toml"))
    rows = pl.read_parquet(kept_run / "rows.parquet")
    assert made.tasks[0].unit == pytest.approx(rows["err_constant"].mean())
    assert made.tasks[0].controls["gold"] == pytest.approx(((rows["err_weak"] - rows["err_gold"]) / made.tasks[0].unit).mean())
    assert "have the splits that it fixed" in ask("leaderboard", "season", "check", "seasons/pilot.toml", str(kept_run))
    assert "among 2655 comparisons" not in ask("leaderboard", "season", "show", "seasons/pilot.toml", "--entries", "2")
    assert "never written again" in ask(*words, code=2)


def test_a_season_names_files_as_submissions_do_wherever_they_lay(tmp_path: Path) -> None:
    """Else no submission would be of its tasks, and the season would tell of the machine that made it."""
    asked: list[str] = []
    made = []
    for folder in ("/home/ada/sets", "../data"):
        name = pl.lit(f'arrays[path="{folder}/t.csv"]')
        run = run_of(SEASON, tmp_path / folder.replace("/", "-"), task=name, task_set=name)
        made.append(freeze(run, ABOUT, told=lambda name: asked.append(name) or TOLD, data=Path(folder)))
        assert mismatches(made[0], run, Path(folder)) == []
    assert made[0] == made[1] and made[0].tasks[0].name == 'arrays[path="{data}/t.csv"]'
    assert asked == ['arrays[path="/home/ada/sets/t.csv"]', 'arrays[path="../data/t.csv"]'], "each is asked here"


def test_each_task_takes_its_lines_from_a_strategy_that_it_has(tmp_path: Path) -> None:
    season = made_season((made_task("t", seeds=3, n_test=40), made_task("u", seeds=3, n_test=40)))
    other = pl.when(pl.col("task") == "u").then(pl.col("strategy").replace({"a": "c", "b": "constant"})).otherwise("strategy")
    made = freeze(run_of(season, tmp_path / "run", strategy=other), ABOUT, reference="b", told=lambda name: TOLD)
    assert [set(task.controls) for task in made.tasks] == [{"constant", "shuffled", "random-labels", "gold", "ceiling"}] * 2
