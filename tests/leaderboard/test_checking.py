"""A submission's numbers are derived anew: the right ones come back to 1e-12, and each that was changed is found."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from conftest import Command
from made_submissions import edited, submitted

from w2s_bench.leaderboard.checking import Checked, check
from w2s_bench.tables.reading import read_runs

pytestmark = pytest.mark.usefixtures("decoded_here")

NUMBERS = ("--task", "diabetes", "--weak", "random-features[width=8]", "--strong", "raw", "--supervisor", "ridge")
CLASSES = ("--task", "class-mixture[transfer=60,test=80]", "--weak", "random-features[width=8]", "--strong", "raw",
           "--supervisor", "logistic")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Numbers and classes, two seeds each."""
    folder = tmp_path_factory.mktemp("run")
    w2s = Command(folder)
    w2s("run", *NUMBERS, "--strategy", "ridge", "--strategy", "least-squares", "--seeds", "0..1", "-o", "n", check=0)
    w2s("run", *CLASSES, "--strategy", "logistic", "--strategy", "knn[neighbours=5]", "--seeds", "0", "-o", "c", check=0)
    return folder


@pytest.fixture
def numbers(run: Path, tmp_path: Path) -> Path:
    return submitted(run / "n", tmp_path / "numbers")


@pytest.fixture
def classes(run: Path, tmp_path: Path) -> Path:
    return submitted(run / "c", tmp_path / "classes")


def refusals(checked: Checked) -> str:
    return "\n".join(f"{each.where}: {each.sentence}" for each in checked.findings if each.severity == "refused")


@pytest.mark.parametrize("kind", ["n", "c"])
def test_what_a_run_says_is_derived_again_to_1e_12(run: Path, tmp_path: Path, kind: str) -> None:
    rows = read_runs([run / kind])[0]
    checked = check(submitted(run / kind, tmp_path / "s"))
    assert checked.taken, refusals(checked)
    assert set(checked.rows["trust"]) == {"rescored"} and checked.terms.height == sum(rows["n_test"])
    for stated, derived in zip(rows.to_dicts(), checked.rows.to_dicts(), strict=True):
        assert {"gain", "misfit_se", "err_gold", "pgr", "flags", "fingerprint_test", "n_transfer"} <= set(derived["derived"])
        for name in derived["derived"]:
            if isinstance(stated[name], float) and name != "ledger_residue":
                assert math.isclose(stated[name], derived[name], rel_tol=1e-12, abs_tol=1e-14 * stated["err_weak"]), name
            elif name != "ledger_residue":
                assert stated[name] == derived[name], name


def test_times_and_what_features_decide_are_not_called_derived(numbers: Path) -> None:
    derived = set(check(numbers).rows["derived"][0])
    assert not derived & {"seconds_fit", "peak_memory", "projection_gap", "dim_weak", "direction", "truncated", "versions"}


def _sixth_digit(table: pl.DataFrame, name: str) -> pl.DataFrame:
    return table.with_columns(pl.when(pl.int_range(pl.len()) == 0).then(pl.col(name) * (1.0 + 3e-6)).otherwise(name).alias(name))


def test_a_number_that_was_changed_in_its_sixth_digit_is_found_in_each_column_in_turn(
        run: Path, tmp_path: Path) -> None:
    from w2s_bench.leaderboard.comparing import compared_row

    for kind in "nc":
        checked = check(submitted(run / kind, tmp_path / kind))
        row, tried = checked.rows.row(0, named=True), 0
        sent = read_runs([run / kind])[0].row(0, named=True)
        derived = {name: row[name] for name in row["derived"]}
        assert compared_row(sent, derived).wrong == ()
        for name, value in derived.items():
            if isinstance(value, float) and value != 0.0 and name != "ledger_residue" and abs(value) > 1e-13:
                wrong = compared_row({**sent, name: value * (1.0 + 3e-6)}, derived).wrong
                assert len(wrong) == 1 and wrong[0].startswith(f"{name} is "), name
                tried += 1
        assert tried > 50


@pytest.mark.parametrize("name", ["gain", "r2_student", "misfit_train"])
def test_a_row_whose_number_was_changed_is_refused_by_the_name_of_the_column(numbers: Path, name: str) -> None:
    checked = check(edited(numbers, "rows.parquet", lambda table: _sixth_digit(table, name)))
    assert not checked.taken and f"{name} is " in refusals(checked) and "diabetes, random-features" in refusals(checked)


@pytest.mark.parametrize("name", ["rhs", "slack_low"])
def test_a_bound_whose_number_was_changed_is_refused(numbers: Path, name: str) -> None:
    checked = check(edited(numbers, "bounds.parquet", lambda table: _sixth_digit(table, name)))
    assert not checked.taken and f"{name} of " in refusals(checked)


@pytest.mark.parametrize(("name", "value"), [("verdict", "holds"), ("fingerprint_test", "0" * 16), ("n_test", 90),
                                             ("pgr_reason", "because"), ("output_unit", "metres")])
def test_texts_and_counts_are_held_too(numbers: Path, name: str, value: object) -> None:
    file = "bounds.parquet" if name == "verdict" else "rows.parquet"
    checked = check(edited(numbers, file, lambda table: table.with_columns(pl.lit(value).alias(name))))
    assert not checked.taken and name in refusals(checked)


def test_a_flag_that_is_left_out_is_found_and_one_that_is_made_up(numbers: Path) -> None:
    def put(flags: list[str]) -> Callable[[pl.DataFrame], pl.DataFrame]:
        return lambda table: table.with_columns(pl.Series("flags", [flags] * table.height, pl.List(pl.String)))

    raised = check(numbers).rows["flags"][0].to_list()
    assert raised
    assert f"the flag {sorted(raised)[0]} is left out" in refusals(check(edited(numbers, "rows.parquet", put([]))))
    assert "do not raise it" in refusals(check(edited(numbers, "rows.parquet", put([*raised, "constant-labels"]))))


def test_the_command_says_each_finding_in_a_line_and_ends_with_0_or_2(w2s: Command, numbers: Path) -> None:
    shutil.move(numbers, w2s.folder / "s")
    said = w2s("leaderboard", "check", "s", "-o", "checked", check=0).stdout
    assert said.splitlines()[-1] == "taken: 4 rescored"
    assert {path.name for path in (w2s.folder / "checked").iterdir()} == {
        "rows.parquet", "bounds.parquet", "terms.parquet", "check.json"}
    edited(w2s.folder / "s", "rows.parquet", lambda table: _sixth_digit(table, "gain"))
    refused = w2s("leaderboard", "check", "s", check=2).stdout.splitlines()
    assert refused[0].startswith("refused: diabetes, ") and refused[-1].startswith("refused: ")
    told = json.loads(w2s("leaderboard", "check", "s", "--json", check=2).stdout)
    assert not told["taken"] and told["findings"][0]["severity"] == "refused"


def test_a_folder_that_is_no_submission_is_refused_in_a_line(w2s: Command) -> None:
    (w2s.folder / "empty").mkdir()
    said = w2s("leaderboard", "check", "empty", check=2).stdout
    assert said.startswith("refused: submission.toml: ") and said.splitlines()[-1] == "refused"


def test_a_column_and_a_bound_that_nothing_here_declares_are_left_out_and_named(numbers: Path) -> None:
    edited(numbers, "rows.parquet", lambda table: table.with_columns(pl.lit(1.0).alias("my_metric")))
    checked = check(edited(numbers, "bounds.parquet", lambda table: pl.concat(
        [table, table.head(1).with_columns(pl.lit("my-theorem").alias("bound"))])))
    said = [each.sentence for each in checked.findings if each.severity == "not-derived"]
    assert checked.taken and any("'my_metric'" in each for each in said) and any("'my-theorem'" in each for each in said)
    assert "my_metric" not in checked.rows.columns and "my-theorem" not in set(checked.bounds["bound"])


def test_a_verdict_is_witnessed_by_predictions_or_nobodys(numbers: Path) -> None:
    bounds = check(numbers).bounds
    held = bounds.filter(pl.col("verdict").is_in(["holds", "undecided", "violated"]))
    assert held.height and set(held["certificate"]) <= {"derived", "witnessed"}
    assert set(bounds.filter(pl.col("certificate") == "stated")["verdict"]) <= {"no statement", "not derived"}


@pytest.mark.slow
def test_students_of_every_strategy_of_ours_are_taken_as_they_are(w2s: Command) -> None:
    classes = ["logistic[penalty=0.1]", "hard[student=logistic[penalty=0.1]]", "knn", "reverse-kl[k=5]", "constant", "logistic",
               "mlp-head[loss=[xent,logconf],epochs=5]", "filter[by=[confidence,knn],keep=0.5,student=logistic[penalty=0.1]]",
               "self-training[student=logistic[penalty=0.1]]", "relabel[by=knn,student=logistic[penalty=0.1]]",
               "random-labels[student=logistic[penalty=0.1]]", "sampled[student=logistic[penalty=0.1]]"]
    numbers = ["ridge[penalty=auto]", "least-squares", "gradient-flow", "knn", "random-labels[student=ridge[penalty=auto]]",
               "constant", "adamw-head"]
    (w2s.folder / "spec.toml").write_text("\n".join([
        'name = "wide"', "representations = false", *(line for tasks, strategies, supervisor in (
            (["digits[limit=600]", "breast-cancer", "class-mixture[test=500]"], classes, "logistic[penalty=0.1]"),
            (["diabetes", "mlp[supervise=300,transfer=300,test=300,unit_variance=true]", "sphere", "correlated"], numbers,
             "ridge[penalty=auto]")) for line in ("[[matrix]]", f"tasks = {tasks!r}", "weak = ['random-features[width=8]']",
                                                  "strong = ['random-features[width=128]']", f"strategies = {strategies!r}",
                                                  f"supervisors = ['{supervisor}']", "seeds = [0, 1]"))]))
    w2s("run", "spec.toml", "-o", "r", check=0)
    w2s("leaderboard", "submit", "r", "-o", "s", "--name", "wide", "--title", "All", "--who", "me", check=0)
    said = w2s("leaderboard", "check", "s", check=0).stdout.splitlines()
    assert said[-1] == f"taken: {2 * (3 * 14 + 4 * 7)} rescored"


@pytest.mark.parametrize(("name", "value"), [("delta_exact", 1.0), ("ceiling_in_class", False)])
def test_what_only_repeats_another_statement_has_to_repeat_it_and_is_not_called_derived(
        numbers: Path, name: str, value: object) -> None:
    assert name not in check(numbers).rows["derived"][0].to_list()
    changed = edited(numbers, "rows.parquet", lambda table: table.with_columns(pl.lit(value).alias(name)))
    assert f"{name} is " in refusals(check(changed))


def test_findings_tell_nothing_of_the_machine_of_whoever_checks(run: Path, tmp_path: Path) -> None:
    folder = submitted(run / "n", tmp_path / "s")
    edited(folder, "rows.parquet", lambda table: table.with_columns(pl.lit("arrays[path={data}/gone.csv]").alias("task")))
    for path in (folder / "predictions").glob("diabetes*"):
        path.unlink()
    data = tmp_path / "somebodys-own"
    data.mkdir()
    said = [each.sentence for each in check(edited(folder, "bounds.parquet", lambda table: table), data=data).findings]
    assert said and any("no such file" in each for each in said) and not any(str(tmp_path) in each for each in said)


TAKEN = {"ledger_residue", "projection_gap", "dim_weak", "dim_strong", "dim_overlap", "peak_memory"}
"""Numbers that no prediction decides, beside times: what features, clocks and rounding say."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["n", "c"])
@pytest.mark.parametrize("file", ["rows.parquet", "bounds.parquet"])
def test_every_numeric_column_in_turn_is_refused_when_its_sixth_digit_changes_or_is_not_derived(
        run: Path, tmp_path: Path, kind: str, file: str) -> None:
    whole = submitted(run / kind, tmp_path / "whole")
    derived = {name for names in check(whole).rows["derived"].to_list() for name in names}
    table, tried = pl.read_parquet(whole / file), 0
    for name, held in table.schema.items():
        said = table.filter(pl.col(name).is_not_null() & (pl.col(name).abs() > 1e-9)) if held.is_numeric() else table.head(0)
        if not said.height or name in TAKEN or name.startswith("seconds_"):
            continue
        here = (pl.col("cell_key") == said["cell_key"][0]) & (pl.col(name) == said[name][0])
        new = pl.col(name) * (1.0 + 3e-6) if held.is_float() else pl.col(name) + 1
        shutil.copytree(whole, tmp_path / name)
        edited(tmp_path / name, file, lambda t, here=here, new=new, name=name, held=held: t.with_columns(  # type: ignore[misc]
            pl.when(here).then(new).otherwise(name).cast(held).alias(name)))
        assert not check(tmp_path / name).taken, name
        tried += 1
    assert tried >= (7 if file == "bounds.parquet" else 70) and not derived & TAKEN
