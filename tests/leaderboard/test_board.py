"""A board: what an entry does on each task, and what is told of the order of entries."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from made_boards import ERROR, drawn, made_checked
from made_seasons import made_season, made_task
from polars.testing import assert_frame_equal

from w2s_bench.contracts.errors import DataError
from w2s_bench.leaderboard.board import Board, Entry, board_from, board_of
from w2s_bench.leaderboard.checked import write_checked
from w2s_bench.leaderboard.reproductions import Cell as ReproducedCell
from w2s_bench.leaderboard.reproductions import Reproduction
from w2s_bench.tables.inference import Terms, inferred

SEASON = made_season(tuple(made_task(f"task-{number}", seeds=3, settings=2, n_test=60) for number in range(9)))
SMALL = made_season(tuple(made_task(f"task-{number}", seeds=3, settings=2, n_test=60) for number in range(2)))


def gains(season=SMALL, draw: int = 0, **how):
    return drawn(season, np.random.default_rng(draw), n=60, **how)


def entry(board: Board, name: str) -> Entry:
    return next(each for each in board.entries if each.name == name)


def test_an_empty_board_has_its_floor_and_its_controls_and_nobody() -> None:
    board = board_from(SMALL, [])
    assert board.entries == () and board.comparisons == 0 and len(board.floor) == 2
    assert board.rows.height == board.bounds.height == 0
    assert {"submission", "trust"} <= set(board.rows.columns) and {"submission", "certificate"} <= set(board.bounds.columns)
    assert [control.name for control in board.controls] == ["constant", "shuffled", "gold", "ceiling"]
    assert board.controls[0].mean == pytest.approx(-0.4)


def test_a_value_is_the_mean_over_settings_then_seeds_in_shares_of_the_unit_with_the_interval_of_the_tables() -> None:
    mine = gains(mean=0.5)
    checked = made_checked(SMALL, "ours", {"s": mine})
    value = entry(board_from(SMALL, [checked]), "ours/s").values[0]
    by_hand = np.mean([np.mean([mine["task-0", j, s].mean() for j in range(2)]) for s in range(3)]) / 2.0
    assert value.share is not None and value.share.mean == pytest.approx(by_hand, abs=1e-12)
    rows = checked.rows.filter(pl.col("task") == "task-0")
    found = inferred(rows, "gain", Terms(lambda: checked.terms))
    assert found is not None and value.share.over == found.over == "seeds and examples"
    ends = (found.estimate.low / 2.0, found.estimate.high / 2.0)
    assert (value.share.low, value.share.high) == pytest.approx(ends, abs=1e-7)  # terms are float32
    misfit = inferred(rows, "misfit", Terms(lambda: checked.terms))
    assert misfit is not None and value.misfit is not None and value.misfit.low == pytest.approx(misfit.estimate.low / 2.0)
    assert (value.done, value.planned, value.failed, value.imputed) == (6, 6, {}, pytest.approx(by_hand))


def test_classes_have_nats_and_accuracy_side_by_side_and_are_ordered_by_each() -> None:
    season = made_season((made_task("c", output="classes", seeds=3, n_test=60),))
    better, worse = gains(season, mean=1.5), gains(season, 1, mean=-1.5)
    board = board_from(season, [made_checked(season, "aa", {"s": better}), made_checked(season, "bb", {"s": worse})])
    value = entry(board, "aa/s").values[0]
    assert value.nats is not None and value.share is not None and value.accuracy is not None
    assert value.nats.mean == pytest.approx(2.0 * value.share.mean) and value.nats.low == pytest.approx(2.0 * value.share.low)
    assert value.accuracy.mean == pytest.approx(np.mean([better["c", 0, s] > 0 for s in range(3)]) - 0.5)
    assert value.ranks is not None and value.ranks_accuracy is not None
    assert (value.ranks.high, value.ranks_accuracy.high) == (1, 1)
    assert set(board.compared["measure"]) == {"share", "accuracy"}


def test_below_eight_tasks_entries_are_ordered_side_by_side_and_from_eight_on_over_tasks_too() -> None:
    for season in (SMALL, SEASON):
        board = board_from(season, [made_checked(season, "aa", {"s": gains(season, mean=1.5)}),
                                    made_checked(season, "bb", {"s": gains(season, 1)})])
        first, second = entry(board, "aa/s"), entry(board, "bb/s")
        assert [value.ranks is not None and value.ranks.high for value in first.values] == [1] * len(season.tasks)
        if season is SMALL:
            assert first.ranks is None and first.overall is None and first.beside == {}
        else:
            assert first.ranks is not None and second.ranks is not None and first.overall is not None
            assert (first.ranks.low, first.ranks.high, second.ranks.low, first.ranks.groups) == (1, 1, 2, (1,))
            assert second.ranks.groups == (2,) and first.overall.over == "task sets" and first.overall.n == 9
            assert set(first.beside) == {task.name for task in season.tasks}
            assert all(ranks.high == 1 for ranks in first.beside.values())


def test_the_order_is_that_of_the_page_whatever_the_order_in_which_submissions_come() -> None:
    several = [made_checked(SEASON, name, {"s": gains(SEASON, at, mean=0.2 * at)}) for at, name in enumerate(["aa", "bb", "cc"])]
    one, other = board_from(SEASON, several), board_from(SEASON, several[::-1])
    assert one.entries == other.entries
    assert_frame_equal(one.compared, other.compared)


def test_who_else_is_listed_changes_no_value_no_difference_no_p_and_no_sign() -> None:
    rng = np.random.default_rng(5)
    several = [made_checked(SEASON, f"e{at}", {"s": drawn(SEASON, rng, mean=0.6 * at, n=60)}) for at in range(7)]
    numbers = ["difference", "low", "high", "p", "imputed"]
    few = board_from(SEASON, several[:3])
    for more in (several[:4], several, [*several[:3], several[5]]):
        board = board_from(SEASON, more)
        both = few.compared.join(board.compared, on=["kind", "division", "measure", "task", "first", "second"], how="left",
                                 nulls_equal=True, suffix="_now")
        for name in numbers:
            assert both[name].equals(both[f"{name}_now"].alias(name))
        told = both.filter(pl.col("separable") & pl.col("separable_now"))
        assert told.height and (told["difference"].sign() == told["difference_now"].sign()).all()
        for each in few.entries:
            again = entry(board, each.name)
            assert [(value.share, value.misfit, value.imputed) for value in again.values] == [
                (value.share, value.misfit, value.imputed) for value in each.values]
            assert (again.mean, again.imputed, again.overall) == (each.mean, each.imputed, each.overall)


def test_a_failed_cell_is_shown_as_it_is_and_counts_as_the_worst_beside() -> None:
    mine = gains(mean=1.0)
    lost = [("task-0", 0, 1), ("task-0", 1, 1)]
    without = {where: values for where, values in mine.items() if where not in lost and where != ("task-1", 0, 0)}
    board = board_from(SMALL, [made_checked(SMALL, "ours", {"s": without}, failed=lost[:1])])
    first, second = entry(board, "ours/s").values
    assert (first.done, first.planned, dict(first.failed)) == (4, 6, {"failed": 1, "not run": 1})
    assert first.share is not None and first.share.n == 2
    kept = [np.mean([mine["task-0", j, s].mean() for j in range(2)]) / 2.0 for s in (0, 2)]
    assert first.share.mean == pytest.approx(np.mean(kept))
    assert first.imputed == pytest.approx((kept[0] + kept[1] - 0.5) / 3.0)  # the season's worst is −0.5
    assert dict(second.failed) == {"not run": 1}
    assert entry(board, "ours/s").imputed == pytest.approx((first.imputed + second.imputed) / 2.0)


def test_nobody_gains_by_failing_where_he_would_do_badly() -> None:
    """Another cell of the task is worse than the season's worst: a failed one counts as that."""
    mine = gains(mean=1.0)
    mine["task-0", 0, 0] = mine["task-0", 0, 0] - 9.0
    whole = entry(board_from(SMALL, [made_checked(SMALL, "ours", {"s": mine})]), "ours/s")
    del mine["task-0", 0, 1]
    board = board_from(SMALL, [made_checked(SMALL, "ours", {"s": mine})])
    assert entry(board, "ours/s").values[0].imputed < whole.values[0].imputed
    del mine["task-0", 0, 0]
    two = entry(board_from(SMALL, [made_checked(SMALL, "ours", {"s": mine})]), "ours/s").values[0]
    assert two.imputed > entry(board, "ours/s").values[0].imputed  # where both are hid it is the season's worst


def test_an_order_that_counting_failures_as_the_worst_would_turn_is_not_told() -> None:
    better, worse = gains(mean=0.6, noise=0.2, seeds=0.02), gains(draw=1, noise=0.2, seeds=0.02)
    whole = board_from(SMALL, [made_checked(SMALL, "aa", {"s": better}), made_checked(SMALL, "bb", {"s": worse})])
    assert whole.compared.filter((pl.col("task") == "task-0") & (pl.col("second") == "bb/s"))["separable"].all()
    kept = ((0, 0), (0, 1))
    lost = {where: values for where, values in better.items() if where[0] != "task-0" or where[1:] in kept}
    board = board_from(SMALL, [made_checked(SMALL, "aa", {"s": lost}), made_checked(SMALL, "bb", {"s": worse})])
    line = board.compared.filter((pl.col("task") == "task-0") & (pl.col("second") == "bb/s")).row(0, named=True)
    assert line["difference"] > 0.0 > line["imputed"] and line["p"] == 1.0 and not line["separable"]


def test_rows_that_nobody_derived_and_controls_are_shown_and_never_ordered() -> None:
    own, control = {"s": gains(mean=1.5)}, {"random-labels[student=ridge]": gains(draw=2)}
    board = board_from(SMALL, [made_checked(SMALL, "stated", own, trust="self-reported"),
                               made_checked(SMALL, "ours", own | control)])
    stated, labels = entry(board, "stated/s"), entry(board, "ours/random-labels[student=ridge]")
    assert not stated.ordered and not labels.ordered and stated.values[0].share is not None
    assert "as its sender states them" in stated.notes[0] and labels.notes == ("A control: it is shown and not ordered.",)
    assert board.compared.filter(pl.col("second") != "shuffled").is_empty()
    assert [each.name for each in board.entries if each.ordered] == ["ours/s"] and board.entries[0].name == "ours/s"


def test_a_failed_row_says_nothing_of_trust_and_a_cell_that_was_not_derived_is_none_of_the_order() -> None:
    checked = made_checked(SMALL, "ours", {"s": gains(mean=1.5)}, failed=[("task-0", 0, 0)])
    keys = pl.col("cell_key")
    stated = pl.when(keys.is_in(["ours-s-task-0-0-0", "ours-s-task-0-1-1"])).then(pl.lit("self-reported")).otherwise("trust")
    rows = checked.rows.with_columns(stated.alias("trust"))
    ours = entry(board_from(SMALL, [msgspec.structs.replace(checked, rows=rows)]), "ours/s")
    assert ours.trust == "rescored" and ours.ordered
    assert dict(ours.values[0].failed) == {"failed": 1, "not derived": 1} and ours.values[0].done == 4


def test_entries_are_compared_within_an_output_kind_and_a_division() -> None:
    season = made_season((made_task("r", n_test=60), made_task("c", output="classes", n_test=60)))
    several = [made_checked(season, name, {"s": gains(season, at)}, division=division)
               for at, (name, division) in enumerate([("aa", "teacher-labels"), ("bb", "teacher-labels"), ("cc", "some-truth")])]
    pairs = board_from(season, several).compared.filter(pl.col("second") != "shuffled")
    assert set(zip(pairs["first"], pairs["second"], strict=True)) == {("aa/s", "bb/s")}
    assert pairs.select("kind", "measure").unique().height == 3


def test_a_copy_of_an_entry_is_tied_with_it() -> None:
    mine = gains(mean=0.5)
    board = board_from(SMALL, [made_checked(SMALL, "aa", {"s": mine}), made_checked(SMALL, "bb", {"s": mine})])
    lines = board.compared.filter(pl.col("second") == "bb/s")
    assert lines["difference"].to_list() == [0.0, 0.0] and lines["p"].to_list() == [1.0, 1.0] and not lines["separable"].any()


def test_one_seed_orders_nothing_and_seeds_that_are_one_row_again_count_once() -> None:
    single = made_season((made_task("t", seeds=1, n_test=60),))
    board = board_from(single, [made_checked(single, name, {"s": gains(single, at, mean=5.0 * at)}) for at, name in
                                enumerate(["aa", "bb"])])
    assert board.comparisons == 0 and not any(each.ordered for each in board.entries)
    assert "orders nothing: t." in board.entries[0].notes[0] and board.entries[0].values[0].share.over == "test examples"
    given = made_season((made_task("t", seeds=3, n_test=60),))
    again = [{("t", 0, s): gains(single, at, mean=2.0 * at)["t", 0, 0] for s in range(3)} for at in range(2)]
    board = board_from(given, [made_checked(given, name, {"s": each}, one_training=True)
                               for name, each in zip(["aa", "bb"], again, strict=True)])
    value = entry(board, "bb/s").values[0]
    assert value.copies == 2 and value.share is not None and value.share.over == "test examples"
    assert value.ranks is not None and value.ranks.high == 1  # neither side draws anything, so there are no other fits


def test_a_gain_that_is_not_above_that_of_shuffled_labels_says_so() -> None:
    strong, weak, none = gains(mean=1.5), gains(draw=1, mean=0.0), gains(draw=2)
    board = board_from(SMALL, [made_checked(SMALL, "aa", {"s": strong}), made_checked(SMALL, "bb", {"s": weak}),
                               made_checked(SMALL, "cc", {"s": none}, shuffled=None)])
    assert [entry(board, f"{name}/s").above_shuffled for name in ("aa", "bb", "cc")] == [True, False, None]
    assert [value.above_shuffled for value in entry(board, "aa/s").values] == [True, True]


def test_an_accuracy_or_share_without_terms_is_over_seeds_unchecked_and_orders_nothing() -> None:
    made = [made_checked(SMALL, name, {"s": gains(draw=at, mean=3.0 * at)}) for at, name in enumerate(["aa", "bb"])]
    bare = [msgspec.structs.replace(each, terms=each.terms.clear()) for each in made]
    board = board_from(SMALL, bare)
    value = entry(board, "bb/s").values[0]
    assert value.share is not None and value.share.over == "seeds, unchecked" and value.ranks is None
    assert board.comparisons == 0


def test_terms_of_other_examples_are_an_error_and_so_is_a_cell_that_is_there_twice() -> None:
    one, other = (made_checked(SMALL, name, {"s": gains(draw=at)}) for at, name in enumerate(["aa", "bb"]))
    moved = msgspec.structs.replace(other, terms=other.terms.with_columns(pl.col("example") + 1))
    with pytest.raises(DataError, match="other test examples"):
        board_from(SMALL, [one, moved])
    twice = msgspec.structs.replace(one, rows=pl.concat([one.rows, one.rows.head(1)]))
    with pytest.raises(DataError, match="in it twice: task task-0"):
        board_from(SMALL, [twice])


def test_no_number_is_made_of_nan() -> None:
    checked = made_checked(SMALL, "ours", {"s": gains()})
    key = checked.rows["cell_key"][0]
    holed = checked.rows.with_columns(
        pl.when(pl.col("cell_key") == key).then(float("nan")).otherwise(pl.col("gain")).alias("gain"))
    value = entry(board_from(SMALL, [msgspec.structs.replace(checked, rows=holed)]), "ours/s").values[0]
    assert (value.done, dict(value.failed)) == (5, {"failed": 1}) and np.isfinite(value.imputed)
    assert value.share is not None and np.isfinite(value.share.mean)


def test_a_board_of_a_folder_is_of_the_active_submissions_of_that_season(tmp_path: Path) -> None:
    (tmp_path / "seasons").mkdir()
    (tmp_path / "seasons" / "pilot.toml").write_text(SMALL.to_toml())
    lines = []
    for at, (name, season, state) in enumerate([("aa", "pilot/1", "active"), ("bb", "pilot/1", "withdrawn"),
                                                ("cc", "pilot/2", "active")]):
        write_checked(made_checked(SMALL, name, {"s": gains(draw=at)}), tmp_path / "checked" / name)
        lines.append(f'[[submissions]]\nname = "{name}"\nsha256 = "{at:064x}"\nseason = "{season}"\nadded = "2026-11-27"\n'
                     f'state = "{state}"\nreason = ""\n')
    (tmp_path / "index.toml").write_text("\n".join(['schema = "w2s-index/1"\n', *lines]))
    board = board_of(tmp_path, "pilot/1")
    assert [(each.name, each.state) for each in board.submissions] == [("aa", "active"), ("bb", "withdrawn")]
    assert [each.name for each in board.entries] == ["aa/s"]
    value = board.entries[0].values[0]
    assert value.share is not None and value.share.low is not None
    assert board.entries[0].trust == "rescored"
    cells = tuple(ReproducedCell(task=task.name, weak="w", strong="s", strategy="s", supervisor="v", seed=1_000 + at, fresh=True,
                                 stated=1.0, found=1.0, low=0.0, high=2.0) for task in SMALL.tasks[:1] for at in range(3))
    (tmp_path / "reproductions").mkdir()
    (tmp_path / "reproductions" / "aa--you.toml").write_text(
        Reproduction(submission="aa", sha256="0" * 64, who="you", draw=0, cells=cells).to_toml())
    assert board_of(tmp_path, "pilot/1").entries[0].trust == "reproduced"
    assert ERROR == 3.0 and board.rows["err_weak"].unique().to_list() == [ERROR]
