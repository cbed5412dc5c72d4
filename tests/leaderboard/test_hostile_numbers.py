"""Submissions whose numbers lie: each is refused with a sentence that says where, and what the lie is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from conftest import Command
from made_submissions import edited, sealed, submitted

from w2s_bench.compute.splits import output_from
from w2s_bench.leaderboard.checking import Checked, check, write_checked
from w2s_bench.leaderboard.opening import opened
from w2s_bench.leaderboard.season import FINGERPRINTS, Season, SeasonTask, Setting, Splits
from w2s_bench.leaderboard.untrusted import Refused
from w2s_bench.running.table_files import BOUND, ROW, table_of, write_table
from w2s_bench.scoring.columns import polars_schema

pytestmark = pytest.mark.usefixtures("decoded_here")

NUMBERS = ("--task", "diabetes", "--weak", "random-features[width=8]", "--strong", "raw", "--supervisor", "ridge")
CLASSES = ("--task", "class-mixture[transfer=60,test=80]", "--weak", "random-features[width=8]", "--strong", "raw",
           "--supervisor", "logistic")
ANSWERS = {"n": "predictions/diabetes", "c": "predictions/class-mixture"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    w2s = Command(folder)
    w2s("run", *NUMBERS, "--strategy", "ridge", "--strategy", "knn[neighbours=5]", "--seeds", "0..1", "-o", "n", check=0)
    w2s("run", *CLASSES, "--strategy", "logistic", "--seeds", "0", "-o", "c", check=0)
    return folder


@pytest.fixture
def sent(run: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A submission of numbers (n) or of classes (c)."""
    return lambda kind: submitted(run / kind, tmp_path / kind)


def refusals(checked: Checked) -> str:
    return "\n".join(f"{each.where}: {each.sentence}" for each in checked.findings if each.severity == "refused")


def answered(folder: Path, kind: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Path:
    return edited(folder, ANSWERS[kind], change)


def roles(folder: Path) -> Mapping[str, str]:
    """The keys of the first row's predictors."""
    row = pl.read_parquet(folder / "rows.parquet").row(0, named=True)
    return {name: row[f"predictor_{name}"] for name in ("weak", "student", "ceiling")}


def replaced(folder: Path, kind: str, role: str, split: str, values: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Path:
    """The predictions of the first row's predictor on a sample as others: of what they were, and of the truth."""
    row = pl.read_parquet(folder / "rows.parquet").row(0, named=True)
    key = row[f"predictor_{role}"]

    def change(table: pl.DataFrame) -> pl.DataFrame:
        columns = [name for name in table.columns if name.startswith("value_")]
        mine = (pl.col("predictor") == key) & (pl.col("split") == split)
        truth = table.filter((pl.col("predictor") == "truth") & (pl.col("seed") == row["seed"]) & (pl.col("split") == split))
        part = table.filter(mine)
        new = values(part.select(columns).to_numpy(), truth.select(columns).to_numpy())
        part = part.with_columns(pl.Series(name, new[:, j]) for j, name in enumerate(columns))
        return pl.concat([table.filter(~mine), part])

    return answered(folder, kind, change)


def restated(folder: Path) -> Path:
    """The submission with the numbers that follow from its predictions now, as a liar who can compute sends it."""
    rows = check(folder).rows
    declared = [column.name for column in ROW.columns]
    write_table(rows.select(declared), folder / "rows.parquet", ROW)
    write_table(table_of([], BOUND), folder / "bounds.parquet", BOUND)
    return sealed(folder)


def of_key(key: str) -> pl.Expr:
    return (pl.col("predictor") == key) & (pl.col("split") == "test")


def test_a_submission_that_does_not_lie_is_taken(sent: Callable[[str], Path]) -> None:
    for kind in "nc":
        assert check(sent(kind)).taken


@pytest.mark.parametrize(("change", "words"), [
    (lambda t, key: t.filter(~(of_key(key) & (pl.col("id").is_in(t.filter(of_key(key))["id"].head(2).to_list())))),
     "2 ids are missing"),
    (lambda t, key: pl.concat([t, t.filter(of_key(key)).head(3)]), "3 ids are doubled"),
    (lambda t, key: pl.concat([t, t.filter(of_key(key)).head(1).with_columns(pl.lit("d9999").alias("id"))]),
     "1 ids are added ('d9999')"),
    (lambda t, key: pl.concat([t.filter(~of_key(key)), t.filter(of_key(key)).reverse()]), "in another order"),
    (lambda t, key: t.with_columns(pl.when(of_key(key)).then(pl.lit("x") + pl.col("id")).otherwise("id").alias("id")),
     "of other examples"),
    (lambda t, key: t.filter(~of_key(key)), "no predictions of its student on test"),
    (lambda t, key: pl.concat([t, t.filter(of_key(key)).with_columns(pl.lit("nobody").alias("predictor"))]), "'nobody'"),
], ids=["missing", "doubled", "added", "permuted", "another task's", "none", "nobody's"])
def test_ids_are_those_of_the_task_each_once_in_its_order(
        sent: Callable[[str], Path], change: Callable[[pl.DataFrame, str], pl.DataFrame], words: str) -> None:
    folder = sent("n")
    key = roles(folder)["student"]
    try:
        said = refusals(check(answered(folder, "n", lambda table: change(table, key))))
    except Refused as error:  # what the form forbids already is refused before any number is looked at
        said = str(error)
    assert words in said


@pytest.mark.parametrize(("kind", "value", "words"), [
    ("n", float("nan"), "NaN or infinity"), ("n", float("inf"), "NaN or infinity"), ("n", 1e200, "beyond 1e+60"),
    ("c", 0.7, "no distribution"),
    ("c", -0.1, "no distribution")])
def test_numbers_are_finite_and_probabilities_lie_on_the_simplex(
        sent: Callable[[str], Path], kind: str, value: float, words: str) -> None:
    folder = sent(kind)

    def put(old: np.ndarray, truth: np.ndarray) -> np.ndarray:
        new = old.copy()
        new[0, 0] = value
        return new

    try:
        said = refusals(check(replaced(folder, kind, "student", "test", put)))
    except Refused as error:
        said = str(error)
    assert words in said or "value_0" in said


def _few(old: np.ndarray, truth: np.ndarray) -> np.ndarray:
    new = truth.copy()
    new[::10] = old[::10]
    return new


def _near(old: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return np.asarray(truth + 1e-3 * (old - truth))


@pytest.mark.parametrize(("kind", "role", "split", "values", "words"), [
    ("n", "student", "test", lambda old, truth: truth, "with the truth itself on all"),
    ("c", "student", "test", lambda old, truth: truth, "with the truth itself on all"),
    ("n", "student", "test", _few, "with the truth itself on 79 of 88"),
    ("c", "student", "test", _few, "with the truth itself on 72 of 80"),
    ("n", "student", "test", _near, "less than a hundredth"),
    ("c", "student", "test", lambda old, truth: 0.9 * np.eye(3)[truth.argmax(axis=1)] + 0.1 / 3.0, "names a wrong class on 0"),
    ("n", "weak", "test", lambda old, truth: truth, "its weak predictions are the truth itself on all 88"),
    ("c", "weak", "test", _few, "one teacher does not answer so differently"),
    ("n", "weak", "train", lambda old, truth: truth, "one teacher does not answer so differently"),
    ("n", "ceiling", "test", _few, "its ceiling answers with the truth itself"),
])
def test_whoever_answers_with_the_truth_is_refused_though_every_number_follows(
        sent: Callable[[str], Path], kind: str, role: str, split: str,
        values: Callable[[np.ndarray, np.ndarray], np.ndarray], words: str) -> None:
    said = refusals(check(restated(replaced(sent(kind), kind, role, split, values))))
    assert words in said


def test_a_student_that_is_its_ceiling_is_refused(sent: Callable[[str], Path]) -> None:
    folder = sent("n")
    table = pl.read_parquet(next((folder / "predictions").glob("diabetes*")))
    ceiling = table.filter(of_key(roles(folder)["ceiling"])).select("value_0").to_numpy()
    said = refusals(check(restated(replaced(folder, "n", "student", "test", lambda old, truth: ceiling))))
    assert "to the last bit as its ceiling" in said


def test_another_truth_than_the_tasks_is_refused(sent: Callable[[str], Path]) -> None:
    folder = sent("n")
    changed = answered(folder, "n", lambda table: table.with_columns(
        pl.when((pl.col("predictor") == "truth") & (pl.col("split") == "test") & (pl.int_range(pl.len()) % 7 == 0)).then(
            pl.col("value_0") + 1.0).otherwise("value_0").alias("value_0")))
    assert "is not that of the task" in refusals(check(changed))


@pytest.mark.parametrize(("field", "value", "words"), [
    ("delta", 0.0, "between them is a predictor"), ("n_transfer", 1_000_000, "n_transfer is stated as 1000000 and is 177"),
    ("convex_in", None, "convex_in is stated as none and is outputs"), ("known_truth", True, "known_truth is stated as true"),
    ("label_range", 1.0, "label_range is stated as 1 ")])
def test_a_certificate_that_the_predictions_contradict_is_refused(
        sent: Callable[[str], Path], field: str, value: object, words: str) -> None:
    folder = sent("n")

    def put(table: pl.DataFrame) -> pl.DataFrame:
        said = [json.dumps({**json.loads(text), "reference_in_class": True, field: value}) for text in table["facts"]]
        return table.with_columns(pl.Series("facts", said))

    said = refusals(check(edited(folder, "predictions/facts", put)))
    assert words in said or (field == "convex_in" and "convex_in" in said)


def test_two_rows_of_one_cell_a_failed_row_with_numbers_and_a_number_that_is_none(sent: Callable[[str], Path]) -> None:
    folder = sent("n")
    twice = edited(folder, "rows.parquet", lambda t: pl.concat([t, t.head(1).with_columns(pl.lit("other").alias("cell_key"))]))
    assert "two rows are of this cell" in refusals(check(twice))
    edited(folder, "rows.parquet", lambda t: t.head(-1).with_columns(pl.when(pl.int_range(pl.len()) == 0).then(
        pl.lit("failed")).otherwise("status").alias("status")))
    assert "it ended as failed and states err_weak" in refusals(check(folder))


def test_a_strategy_that_sees_truth_stands_in_the_division_that_says_so(sent: Callable[[str], Path]) -> None:
    folder = sent("n")
    edited(folder, "rows.parquet", lambda t: t.with_columns(pl.lit(0.1).alias("truth_share")))
    assert "its division is some-truth and not teacher-labels" in refusals(check(folder))
    sealed(folder, division="some-truth")
    assert "truth_share is 0.1" in refusals(check(folder))  # and ridge sees none


def season_of(run: Path) -> Season:
    rows = pl.read_parquet(run / "n" / "rows.parquet").unique("seed").sort("seed").to_dicts()
    splits = tuple(Splits(row["seed"], *(row[f"fingerprint_{part}"] for part in FINGERPRINTS), row["n_test"]) for row in rows)
    return Season(name="pilot", version="1.0", title="A season", tasks=(SeasonTask(
        name="diabetes", output="regression", divergence="squared", unit=5_900.0, seeds=(0, 1), licence="BSD", citation="",
        truth="travels", settings=(Setting("random-features[width=8]", "raw", "ridge", 0.0),), splits=splits),))


def test_a_season_holds_rows_to_its_fingerprints_and_its_name(run: Path, sent: Callable[[str], Path]) -> None:
    folder, season = sealed(sent("n"), season="pilot/1"), season_of(run)
    assert check(folder, season=season).taken
    other = msgspec.structs.replace(season.tasks[0].splits[0], test="0" * 16)
    moved = msgspec.structs.replace(season, tasks=(msgspec.structs.replace(
        season.tasks[0], splits=(other, *season.tasks[0].splits[1:])),))
    assert "belong to a new season" in refusals(check(folder, season=moved))
    assert "it is for the season pilot/2" in refusals(check(sealed(folder, season="pilot/2"), season=season))


def test_a_season_that_is_not_there_is_refused_and_one_that_is_there_is_found(
        run: Path, sent: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "board" / "seasons").mkdir(parents=True)
    (tmp_path / "board" / "seasons" / "pilot.toml").write_text(season_of(run).to_toml())
    folder = sealed(sent("n"), season="pilot/7")
    assert "no season is called 'pilot/7'" in refusals(check(folder, board=tmp_path / "board"))
    other = season_of(run).tasks[0].splits[0].test[:-1]
    text = (tmp_path / "board" / "seasons" / "pilot.toml").read_text()
    assert check(sealed(folder, season="pilot/1"), board=tmp_path / "board").taken
    (tmp_path / "board" / "seasons" / "pilot.toml").write_text(text.replace(other, "x" * len(other)))
    assert "belong to a new season" in refusals(check(folder, board=tmp_path / "board"))


def test_splits_that_no_season_has_are_not_loaded_whatever_their_number(run: Path, sent: Callable[[str], Path]) -> None:
    season = season_of(run)
    first = msgspec.structs.replace(season.tasks[0], seeds=(0,), splits=season.tasks[0].splits[:1])
    checked = check(sealed(sent("n"), season="pilot/1"), season=msgspec.structs.replace(season, tasks=(first,)))
    assert dict(checked.rows.select("seed", "trust").iter_rows()) == {0: "rescored", 1: "self-reported"}


def test_rows_of_a_task_that_the_season_lacks_are_not_derived_and_not_ranked(run: Path, tmp_path: Path) -> None:
    folder = submitted(run / "c", tmp_path / "c", season="pilot/1")
    for path in (folder / "predictions").glob("class*"):
        table = pl.read_parquet(path)
        table.filter(pl.col("predictor") != "truth").write_parquet(path)
    checked = check(sealed(folder), season=season_of(run))
    assert checked.taken and set(checked.rows["trust"]) == {"self-reported"} and checked.rows["derived"][0].to_list() == []
    assert checked.bounds.height == 0 and any(each.severity == "not-derived" for each in checked.findings)


def test_anothers_entry_under_a_new_name_is_named(sent: Callable[[str], Path], tmp_path: Path) -> None:
    write_checked(check(sent("n")), tmp_path / "board" / "checked" / "theirs")
    (tmp_path / "again").mkdir()
    again = sealed(shutil.copytree(tmp_path / "n", tmp_path / "again" / "n"), name="new-idea")
    rows = pl.read_parquet(tmp_path / "board" / "checked" / "theirs" / "rows.parquet")
    rows.with_columns(pl.lit("theirs").alias("submission")).write_parquet(
        tmp_path / "board" / "checked" / "theirs" / "rows.parquet", metadata={"schema": "w2s-row/1"})
    assert "every one of its 4 students answers as that of theirs" in refusals(check(again, board=tmp_path / "board"))
    older = sealed(again, supersedes="theirs")
    told = tmp_path / "board" / "checked" / "theirs" / "check.json"
    told.write_text(told.read_text().replace('"name": "mine"', '"name": "theirs"'))
    assert check(older, board=tmp_path / "board").taken
    assert "of which it has none of the people: 'somebody'" in refusals(
        check(sealed(older, who=("another",)), board=tmp_path / "board"))
    sealed(again, supersedes=None)
    edited(again, "rows.parquet", lambda t: t.with_columns(
        pl.when(pl.col("strategy") == "ridge").then(pl.lit("my-idea")).otherwise("strategy").alias("strategy")))
    key = pl.read_parquet(again / "rows.parquet").filter(pl.col("strategy") != "my-idea")["predictor_student"][0]
    said = refusals(check(restated_other(again, key), board=tmp_path / "board"))
    assert "every student of my-idea answers as ridge of theirs, to the last bit" in said


def test_what_is_on_the_board_is_not_sent_again_with_other_files(sent: Callable[[str], Path], tmp_path: Path) -> None:
    folder = sent("n")
    with opened(folder) as given:
        line = f'name = "mine"\nsha256 = "{given.sha256}"\nseason = "pilot/1"\nadded = "2026-11-27"\n'
    (tmp_path / "board").mkdir()
    (tmp_path / "board" / "index.toml").write_text(f'schema = "w2s-index/1"\n[[submissions]]\n{line}')
    assert check(folder, board=tmp_path / "board").taken
    said = refusals(check(sealed(folder, title="Another title"), board=tmp_path / "board"))
    assert "mine is on the board with other files" in said


def restated_other(folder: Path, key: str) -> Path:
    """One student made another, so that not everything is a copy."""
    edited(folder, ANSWERS["n"], lambda t: t.with_columns(pl.when(pl.col("predictor") == key).then(
        pl.col("value_0") + 1.0).otherwise("value_0").alias("value_0")))
    return folder


def test_another_teacher_under_the_names_of_a_known_one_is_refused(sent: Callable[[str], Path], tmp_path: Path) -> None:
    write_checked(check(sent("n")), tmp_path / "board" / "checked" / "theirs")
    worse = replaced(sealed(tmp_path / "n", name="other"), "n", "weak", "test", lambda old, truth: old + 30.0)
    said = refusals(check(restated(worse), board=tmp_path / "board"))
    assert "its teacher errs otherwise than that of mine under the same names" in said


def test_an_output_is_what_the_task_has(sent: Callable[[str], Path]) -> None:
    folder = sent("c")
    made = output_from(json.loads(pl.read_parquet(folder / "predictions" / "facts.parquet")["output"][0]))
    extra = [f"value_{j}" for j in range(made.k, made.k + 1)]
    answered(folder, "c", lambda t: t.with_columns(pl.lit(0.0).alias(name) for name in extra))
    assert f"have {made.k + 1} columns, and the task has {made.k} outputs" in refusals(check(folder))


def test_columns_that_a_check_writes_cannot_be_sent(sent: Callable[[str], Path]) -> None:
    folder = edited(sent("n"), "rows.parquet", lambda t: t.with_columns(
        pl.lit("reproduced").alias("trust"), pl.lit("somebody").alias("submission"), pl.lit(["x"]).alias("derived")))
    checked = check(folder)
    assert set(checked.rows["trust"]) == {"rescored"} and set(checked.rows["submission"]) == {"mine"}
    assert set(checked.rows.columns) == {*polars_schema(ROW.columns), "submission", "trust", "division", "derived", "digest_weak",
                                         "digest_student", "digest_ceiling"}


@pytest.mark.parametrize("size", [1e30, 1e50])
def test_numbers_out_of_all_proportion_are_refused_or_scored_and_break_nothing(sent: Callable[[str], Path], size: float) -> None:
    folder = replaced(sent("n"), "n", "student", "test", lambda old, truth: old * size)
    checked = check(folder)
    assert not checked.taken and ("err_student is " in refusals(checked) or "out of all proportion" in refusals(checked))
