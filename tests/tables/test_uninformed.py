"""Teachers that know no more than a constant are in no average, win no star, and are counted."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from made_tables import make_tables

from w2s_bench.contracts.errors import DataError
from w2s_bench.registry.measures import row_columns
from w2s_bench.scoring.columns import polars_schema
from w2s_bench.tables.comparisons import compared_by, comparisons, dropped, dropped_words
from w2s_bench.tables.means import means
from w2s_bench.tables.predictions import over_all, predictions
from w2s_bench.tables.summary import summary
from w2s_bench.tables.uninformed import averaged, left_out_words, uninformed

CHANCE = "teacher-at-chance"
NOISE_OF_TEST = 0.08


def cells(teachers: dict[str, list[float]], flagged: dict[str, list[bool]], strategies: tuple[str, ...] = ("a", "b"),
          task_sets: tuple[str, ...] = ("t",)) -> pl.DataFrame:
    """Cells of teachers that err by so much less than a constant, seed by seed, some of them flagged as at chance."""
    rows = [
        {"run_id": "r", "cell_key": f"{task}{weak}{strategy}{seed}", "status": "ok", "task": task, "task_set": task, "panels": [],
         "weak": weak, "strong": "s", "strategy": strategy, "supervisor": "u", "seed": seed, "direction": "weak-to-strong",
         "divergence": "squared", "output_unit": "", "err_constant": 1.0, "err_weak": 1.0 - less, "err_student": 0.5,
         "over_constant": less, "over_constant_se": NOISE_OF_TEST, "n_test": 100,
         "err_ceiling": 0.2, "gain": 0.5 - less + (strategy == "b") * (0.1 + 0.01 * seed), "misfit": 0.3, "gain_se": 0.01,
         "flags": [CHANCE] if flagged[weak][seed] else []}
        for task in task_sets for weak, lesser in teachers.items() for strategy in strategies for seed, less in enumerate(lesser)]
    return pl.DataFrame(rows, schema=polars_schema(row_columns()))


NOISE, WISE = [0.01, -0.02, 0.02, -0.01], [0.4, 0.5, 0.45, 0.42]
ROWS = cells({"noise": NOISE, "wise": WISE}, {"noise": [True, True, False, True], "wise": [False] * 4})


def test_a_teacher_at_chance_is_out_in_all_its_seeds_also_where_noise_was_kind() -> None:
    assert uninformed(ROWS).to_dicts() == [{"task_set": "t", "weak": "noise", "supervisor": "u", "reason": CHANCE}]
    assert averaged(ROWS)["weak"].unique().to_list() == ["wise"]


def test_a_teacher_that_is_above_chance_over_its_seeds_stays_also_where_single_seeds_cannot_tell() -> None:
    faint = cells({"faint": [0.1, 0.12, 0.11, 0.09]}, {"faint": [True] * 4})
    assert uninformed(faint).is_empty() and left_out_words(faint, ["strategy"]) == ""
    few = cells({"faint": [0.02, 0.01, 0.01], "bad": [-0.1, 0.05, 0.03]}, {"faint": [True] * 3, "bad": [True] * 3})
    assert uninformed(few)["weak"].to_list() == ["bad"], "what decides is the mean over seeds"


def test_a_teacher_that_one_of_two_seeds_cannot_tell_stays_and_a_table_without_the_column_has_its_flags() -> None:
    uneven = cells({"uneven": [0.12, 0.6]}, {"uneven": [True, False]})
    assert uninformed(uneven).is_empty()
    unknown = cells({"noise": NOISE}, {"noise": [True] * 4}).with_columns(over_constant=pl.lit(None, dtype=pl.Float64))
    assert uninformed(unknown)["reason"].to_list() == [CHANCE], "a table without the column has its flags"


@pytest.mark.parametrize("flag", ["constant-labels", "teacher-collapsed"])
def test_what_is_no_matter_of_noise_puts_a_teacher_out_where_every_cell_has_it(flag: str) -> None:
    every = ROWS.with_columns(flags=pl.when(pl.col("weak") == "wise").then(pl.lit([flag])).otherwise(pl.lit([CHANCE])))
    assert set(uninformed(every).select("weak", "reason").iter_rows()) == {("noise", CHANCE), ("wise", flag)}
    some = ROWS.with_columns(flags=pl.when(pl.col("seed") == 0).then(pl.lit([flag])).otherwise("flags"))
    assert "wise" not in uninformed(some)["weak"].to_list()


def test_averages_over_teachers_are_without_it_and_its_own_line_stays() -> None:
    wise = float(np.mean([1.0 - less for less in WISE]))
    assert means(ROWS, ["strategy"], ["err_weak"])["err_weak"].to_list() == [pytest.approx(wise)] * 2
    assert means(ROWS, ["weak"], ["err_weak"])["weak"].to_list() == ["noise", "wise"]
    nothing = make_tables({"t": 1.0})[1].clear()
    assert summary(ROWS, nothing, ["strategy"])["n_cells"].to_list() == [4, 4]
    assert summary(ROWS, nothing)["n_cells"].to_list() == [4] * 4
    assert predictions(ROWS, nothing)["n_cells"].to_list() == [4, 4]


def test_a_statement_over_all_is_without_it() -> None:
    sets = tuple(f"t{number}" for number in range(8))
    rows = cells({"noise": NOISE, "wise": WISE}, {"noise": [True] * 4, "wise": [False] * 4}, task_sets=sets)
    nothing = make_tables({"t": 1.0})[1].clear()
    (line,) = over_all(rows, nothing).to_dicts()
    assert line["n_cells"] == 8 * 2 * 4
    assert over_all(rows.filter(pl.col("weak") == "noise"), nothing).is_empty()


def test_comparisons_are_without_it_and_say_so() -> None:
    assert set(comparisons(ROWS).filter(pl.col("measure") == "gain")["pairs"]) == {4}
    lost = dropped(ROWS)
    assert lost.select("reason", "cells").row(0) == (CHANCE, 4)
    assert dropped_words(ROWS, lost) == ["b: 4 of 8 cells make no pair: 4 teacher-at-chance."]
    alone = ROWS.filter(pl.col("weak") == "noise")
    assert comparisons(alone).height > 0 and dropped(alone).is_empty(), "there is nobody to be set apart from"
    with pytest.raises(DataError):
        compared_by(ROWS, "weak")


def test_the_sentence_counts_and_names_them() -> None:
    assert left_out_words(ROWS, ["strategy"]) == "In no average: 8 of 16 cells, teacher-at-chance (noise on t)."
    assert left_out_words(ROWS, ["weak", "strategy"]) == ""
