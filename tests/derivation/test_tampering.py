"""What the derivation finds in a run that somebody has changed.

It finds whatever is not what the kept predictions, the kept certificates and the plan make of it, also where several columns
were changed in agreement with each other. It cannot find:

- predictions or truth that were changed and everything after them computed anew: the predictions are where it begins. (The
  store's artifacts, or the run made again, would show it.)
- what no run keeps: the supervise split, inputs and features, so projection_gap and dimensions, and seconds and versions.
- names that were changed throughout, in every row and in the plan.
- a certificate whose change stays within what predictions allow, such as a head's norm with the right side of `theorem2-hp`, or a
  δ that is not below what the known members of the class say, with all that rests on it.
- a cell that was left out of rows, bounds and plan together.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import w2s_bench as w2s
from derivation.check import discrepancies

STRATEGIES = ("ridge", "least-squares")
TEACHERS = ("random-features[width=8]", "random-features[width=16]")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    run = w2s.run(tasks="diabetes", weak=list(TEACHERS), strong="raw", strategies=list(STRATEGIES), seeds=range(2),
                  folder=folder / "run", store=str(folder / "store"), executor="here")
    return Path(str(run.folder))


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "run"))


def rewrite(path: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    change(pl.read_parquet(path)).write_parquet(path)


def rows(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Path], None]:
    return lambda folder: rewrite(folder / "rows.parquet", change)


def in_rows_and_plan(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Path], None]:
    def both(folder: Path) -> None:
        for name in ("rows.parquet", "plan.parquet"):
            rewrite(folder / name, change)

    return both


def bounds(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Path], None]:
    return lambda folder: rewrite(folder / "bounds.parquet", change)


def predictions(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Path], None]:
    return lambda folder: rewrite(next((folder / "predictions").glob("diabetes*.parquet")), change)


def in_first_row(**values: pl.Expr) -> Callable[[pl.DataFrame], pl.DataFrame]:
    first = pl.int_range(pl.len()) == 0
    return lambda table: table.with_columns(
        pl.when(first).then(value).otherwise(pl.col(name)).alias(name) for name, value in values.items())


def in_lines(where: pl.Expr, **values: pl.Expr) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda table: table.with_columns(
        pl.when(where).then(value).otherwise(pl.col(name)).alias(name) for name, value in values.items())


def raised_gain(table: pl.DataFrame) -> pl.DataFrame:
    """The student errs 100 less, in every column of it that a reader could add up."""
    more = {"gain": 100.0, "gain_low": 100.0, "gain_high": 100.0, "err_student": -100.0, "err_student_low": -100.0,
            "err_student_high": -100.0, "realizability": 100.0}
    return in_first_row(**{name: pl.col(name) + by for name, by in more.items()},
                        gain_over_misfit=(pl.col("gain") + 100.0) / pl.col("misfit"))(table)


def swapped(column: str, one: Any, other: Any) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda table: table.with_columns(pl.col(column).replace({one: other, other: one}))


def one_strategy_swaps_teachers(table: pl.DataFrame) -> pl.DataFrame:
    other = swapped("weak", *TEACHERS)(table)["weak"]
    return table.with_columns(pl.when(pl.col("strategy") == "ridge").then(other).otherwise(pl.col("weak")).alias("weak"))


def one_example(predictor: str, split: str) -> pl.Expr:
    """The first line of that predictor on that split."""
    mine = (pl.col("predictor") == predictor) & (pl.col("split") == split)
    return mine & (mine.cast(pl.Int64).cum_sum() == 1)


def edited_prediction(folder: Path) -> None:
    student = pl.read_parquet(folder / "rows.parquet")["predictor_student"][0]
    predictions(in_lines(one_example(student, "test"), value_0=pl.col("value_0") + 1.0))(folder)


def said_to_have_failed(folder: Path) -> None:
    """A row without its numbers and its bounds; its certificates are forgotten."""
    def change(table: pl.DataFrame) -> pl.DataFrame:
        kept = ("run_id", "cell_key", "task", "weak", "strong", "strategy", "supervisor", "seed")
        empty = {name: pl.lit(None, kind) for name, kind in table.schema.items() if name not in kept}
        return in_first_row(**{**empty, "status": pl.lit("failed")})(table)

    key = pl.read_parquet(folder / "rows.parquet")["cell_key"][0]
    rows(change)(folder)
    bounds(lambda table: table.filter(pl.col("cell_key") != key))(folder)


def independent_seeds(folder: Path) -> None:
    """Nothing is left of the terms, and an interval over these seeds would be one over independent samples."""
    (folder / "terms.parquet").unlink()
    rows(lambda table: table.with_columns(test_shared=pl.lit(False)))(folder)


def unanswered(folder: Path) -> None:
    weak = pl.read_parquet(folder / "rows.parquet")["predictor_weak"][0]
    predictions(lambda table: table.filter(~one_example(weak, "test")))(folder)


def student_is_ceiling(folder: Path) -> None:
    row = pl.read_parquet(folder / "rows.parquet").row(0, named=True)

    def change(table: pl.DataFrame) -> pl.DataFrame:
        ceiling = table.filter(pl.col("predictor") == row["predictor_ceiling"]).with_columns(
            pl.lit(row["predictor_student"]).alias("predictor"))
        return pl.concat([table.filter(pl.col("predictor") != row["predictor_student"]), ceiling])

    predictions(change)(folder)


def certificates(strategy: str, **facts: Any) -> Callable[[Path], None]:
    """Facts on test of the first cell of a strategy."""
    def change(folder: Path) -> None:
        key = cell_of(folder, strategy)

        def certify(table: pl.DataFrame) -> pl.DataFrame:
            lines = table.to_dicts()
            line = next(line for line in lines if (line["cell_key"], line["split"]) == (key, "test"))
            line["facts"] = json.dumps({**json.loads(line["facts"]), **facts})
            return pl.DataFrame(lines, schema=table.schema)

        rewrite(folder / "predictions" / "facts.parquet", certify)

    return change


def cell_of(folder: Path, strategy: str) -> str:
    return str(pl.read_parquet(folder / "rows.parquet").filter(pl.col("strategy") == strategy)["cell_key"][0])


def lowered_certificate(folder: Path) -> None:
    """δ is 0 on test, in the certificate, in the row and in the bound that rests on it."""
    certificates("least-squares", delta=0.0)(folder)
    key = cell_of(folder, "least-squares")
    rows(in_lines(pl.col("cell_key") == key, delta_exact=pl.lit(0.0)))(folder)
    mine = (pl.col("cell_key") == key) & (pl.col("split") == "test")
    lines = pl.read_parquet(folder / "bounds.parquet").filter(mine)
    explicit = lines.row(by_predicate=pl.col("bound") == "theorem2-explicit", named=True)
    sides = {name: pl.lit(explicit[column]) for name, column in (
        ("rhs", "rhs"), ("slack", "slack"), ("slack_low", "slack"), ("slack_high", "slack"))}
    bounds(in_lines(mine & (pl.col("bound") == "inexact"), **sides))(folder)


TAMPERED: dict[str, tuple[Callable[[Path], None], str]] = {
    "an error made 1 % smaller": (rows(in_first_row(err_student=0.99 * pl.col("err_student"))), "err_student is "),
    "a gain raised, and all that adds up to it": (rows(raised_gain), "gain is "),
    "a misfit, and what is predicted by it": (
        rows(in_first_row(misfit=0.9 * pl.col("misfit"), predicted_err=pl.col("err_weak") - 0.9 * pl.col("misfit"))),
        "misfit is "),
    "an interval made narrower": (rows(in_first_row(gain_se=0.8 * pl.col("gain_se"),
                                                    gain_low=pl.col("gain") - 0.8 * (pl.col("gain") - pl.col("gain_low")))),
                                  "gain_se is "),
    "a flag taken away": (rows(in_first_row(flags=pl.col("flags").list.slice(1))), "flags is "),
    "a sample made larger": (rows(in_first_row(n_test=pl.col("n_test") * 10)), "n_test is "),
    "a row removed": (rows(lambda table: table.slice(1)), "planned once, and 0 rows"),
    "a cell said to have failed": (said_to_have_failed, "failed, and yet there is what it was scored by"),
    "a failed cell with a number": (
        rows(in_first_row(status=pl.lit("failed"))), "failed, and yet there is "),
    "a row counted twice": (rows(lambda table: pl.concat([table, table.head(1)])), "planned once, and 2 rows"),
    "strategies that change places": (rows(swapped("strategy", *STRATEGIES)), "the row says strategy"),
    "seeds that change places": (rows(swapped("seed", 0, 1)), "the row says seed"),
    "cells that change places, in the plan too": (
        in_rows_and_plan(swapped("seed", 0, 1)), "the examples of"),
    "cells that change teachers, in the plan too": (
        in_rows_and_plan(one_strategy_swaps_teachers), "2 weak predictors under one"),
    "a verdict turned to holds": (bounds(in_lines(
        pl.int_range(pl.len()) == pl.arg_where(pl.col("verdict") == "no statement").first(),
        verdict=pl.lit("holds"), fails=pl.lit([], pl.List(pl.String)), all_assumptions=pl.lit(True))), "verdict is holds"),
    "a right side lowered, and its slack": (
        bounds(in_first_row(rhs=pl.col("rhs") - 1.0, slack=pl.col("slack") - 1.0)), "rhs is "),
    "a bound left out": (bounds(lambda table: table.filter(pl.int_range(pl.len()) != 3)), "0 lines"),
    "a term of one example": (
        lambda folder: rewrite(folder / "terms.parquet", in_first_row(err_student=0.5 * pl.col("err_student"))),
        "in terms.parquet"),
    "seeds said to share no test example": (independent_seeds, "seeds 0 and 1 have test examples in common"),
    "one prediction": (edited_prediction, "err_student is "),
    "predictions of the student that are the ceiling's": (student_is_ceiling, "gain is "),
    "the truth of one example": (
        predictions(in_lines(one_example("truth", "test"), value_0=pl.col("value_0") + 1.0)), "err_weak is "),
    "an example that one predictor did not answer": (unanswered, "are not those of the truth"),
    "a certificate of an exact projection": (
        certificates("ridge", exact_projection=True), "an exact projection is certified with δ"),
    "a δ lowered, and all that rests on it": (lowered_certificate, "is nearer to the weak labels by"),
}


def test_a_run_as_it_was_made_has_nothing_to_say(sound: Path) -> None:
    assert discrepancies(sound) == []


@pytest.mark.parametrize("kind", TAMPERED)
def test_what_was_changed_is_found(copy: Path, kind: str) -> None:
    change, sentence = TAMPERED[kind]
    change(copy)
    found = discrepancies(copy)
    assert any(sentence in line for line in found), found
