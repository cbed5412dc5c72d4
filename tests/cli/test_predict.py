"""Gain is foretold from misfit: for runs, for a user's two files, and with an honest word where the law says little."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from conftest import Command
from made_tables import make_classes, make_family, make_tables

from w2s_bench.report.own.files import joined, read_predictions
from w2s_bench.scoring.columns import BOUNDS, polars_schema
from w2s_bench.tables.predictions import over_all, predictions

Ask = Callable[..., str]
OWN = ("predict", "--weak", "weak.csv", "--student", "student.csv")
NO_BOUNDS = pl.DataFrame(schema=polars_schema(BOUNDS))
TRUTH = np.linspace(0.0, 3.0, 40)
WEAK = TRUTH + np.where(np.arange(40) % 2, 0.9, -0.7)
STUDENT = TRUTH + np.where(np.arange(40) % 2, 0.45, -0.4)


def write(name: str, values: np.ndarray, ids: list[str] | None = None, header: str = "id,value") -> None:
    names = ids or [f"x{i}" for i in range(len(values))]
    Path(name).write_text("\n".join([header, *(f"{i},{v}" for i, v in zip(names, values, strict=True))]) + "\n")


@pytest.fixture
def files(ask: Ask) -> None:
    write("weak.csv", WEAK)
    write("student.csv", STUDENT[::-1], [f"x{i}" for i in reversed(range(40))])
    write("truth.csv", TRUTH[:25], header="id,label")
    write("ceiling.csv", TRUTH + 0.05)


def quantity(found: dict[str, Any], name: str, on: str = "labelled ids") -> dict[str, Any]:
    (line,) = (line for line in found["quantities"] if line["quantity"] == name and line["on"] == on)
    return dict(line)


@pytest.mark.usefixtures("files")
def test_two_files_joined_on_id_predict_a_gain_without_any_label(ask: Ask) -> None:
    found = json.loads(ask(*OWN, "--json"))
    line = quantity(found, "misfit = predicted gain", "all ids")
    squares = (STUDENT - WEAK) ** 2
    assert line["value"] == pytest.approx(squares.mean()) and line["n"] == 40
    assert line["se"] == pytest.approx(squares.std(ddof=1) / np.sqrt(40)) and line["low"] < line["value"] < line["high"]
    assert found["band"] is None and "No label was used" in found["says"][0]
    certain = f"{squares.mean() / 4.0:.3f}"
    assert f"some gain is certain only for ε below {certain}" in " ".join(ask(*OWN).split())


@pytest.mark.usefixtures("files")
def test_a_known_error_of_the_teacher_gives_the_predicted_error(ask: Ask) -> None:
    found = json.loads(ask(*OWN, "--err-weak", "0.65", "--json"))
    predicted = quantity(found, "predicted error of the student", "all ids")
    assert predicted["value"] == pytest.approx(0.65 - ((STUDENT - WEAK) ** 2).mean())
    assert "no gain can be" in ask(*OWN, "--err-weak", "0.1")


@pytest.mark.usefixtures("files")
def test_truth_for_a_part_sets_the_paired_gain_beside_the_misfit(ask: Ask) -> None:
    found = json.loads(ask(*OWN, "--truth", "truth.csv", "--ceiling", "ceiling.csv", "--json"))
    gains = ((TRUTH - WEAK) ** 2 - (TRUTH - STUDENT) ** 2)[:25]
    gain = quantity(found, "gain")
    assert gain["value"] == pytest.approx(gains.mean()) and gain["se"] == pytest.approx(gains.std(ddof=1) / 5.0)
    whole = quantity(found, "misfit = predicted gain", "all ids")
    assert quantity(found, "misfit = predicted gain")["n"] == 25 and whole["n"] == 40
    misfit = whole["value"]
    assert found["band"]["half_width"] == pytest.approx(2.0 * np.sqrt(misfit * 0.0025)) and found["band"]["low"] > 0.0
    assert any("The law says: a gain of at least" in text for text in found["says"])


@pytest.mark.usefixtures("files")
def test_without_a_ceiling_the_students_error_stands_in_and_the_law_says_little(ask: Ask) -> None:
    found = json.loads(ask(*OWN, "--truth", "truth.csv", "--json"))
    assert found["band"]["epsilon_from"] == "student" and found["band"]["gain_inside_on_labelled"]
    said = " ".join(found["says"])
    assert "true of any two predictors" in said and "The law says little here" in said and "Measured on 25 labelled ids" in said


def test_a_rule_teaching_an_encoder_gains_nothing_and_the_band_says_why(ask: Ask) -> None:
    """The shape of real data: misfit .11, gain about 0, because the class misses the truth by ε = .45."""
    rng = np.random.default_rng(1)
    truth = rng.standard_normal(400)
    weak, student, ceiling = (truth + size * rng.standard_normal(400) for size in (1.0, 1.0, 0.67))
    for name, values in (("weak", weak), ("student", weak + 0.33 * (student - weak)), ("truth", truth), ("ceiling", ceiling)):
        write(f"{name}.csv", values)
    assert "The law says little here" in ask(*OWN, "--truth", "truth.csv", "--ceiling", "ceiling.csv")


def test_three_formats_and_several_outputs_say_the_same(ask: Ask) -> None:
    rng = np.random.default_rng(2)
    weak, student = rng.dirichlet(np.ones(3), (2, 30))
    ids = np.arange(30)
    np.savez("weak.npz", id=ids, value=weak)
    pl.DataFrame({"id": ids, **{f"value_{j}": student[:, j] for j in (2, 0, 1)}}).write_parquet("student.parquet")
    words = ("predict", "--weak", "weak.npz", "--student", "student.parquet", "--json", "--divergence")
    value = {name: json.loads(ask(*words, name))["quantities"][0]["value"] for name in ("squared", "squared-mean", "brier", "kl")}
    apart = ((student - weak) ** 2).sum(axis=1).mean()
    assert value["squared"] == value["brier"] == pytest.approx(apart) and value["squared-mean"] == pytest.approx(apart / 3.0)
    assert value["kl"] == pytest.approx((student * np.log(student / weak)).sum(axis=1).mean())


@pytest.mark.usefixtures("files")
def test_a_table_for_programs_holds_every_quantity(ask: Ask) -> None:
    lines = ask(*OWN, "--truth", "truth.csv", "--csv").splitlines()
    assert lines[0] == "quantity,on,n,value,se,low,high" and len(lines) == 9


def test_files_are_paired_by_id_whatever_their_order(ask: Ask) -> None:
    write("weak.csv", np.arange(4.0), ["a", "b", "c", "d"])
    write("student.csv", np.array([30.0, 0.0, 20.0, 10.0]), ["d", "a", "c", "b"])
    write("truth.csv", np.array([7.0, 5.0]), ["c", "a"])
    found = joined(*(read_predictions(f"{name}.csv") for name in ("weak", "student", "truth")))
    assert found.student[:, 0].tolist() == [0.0, 10.0, 20.0, 30.0] and found.labelled.tolist() == [0, 2]
    assert found.truth is not None and found.truth[:, 0].tolist() == [5.0, 7.0]


@pytest.mark.parametrize(("name", "content", "texts"), [
    ("student.csv", "", ("student.csv", "the file is empty")),
    ("student.csv", "id,value\n", ("no row",)),
    ("student.csv", "value\n1\n", ("no column 'id'", "it has value")),
    ("student.csv", "id;value\na;1\n", ("no column 'id'", "commas")),
    ("student.csv", "id\na\nb\n", ("no column but 'id'",)),
    ("student.csv", "id,value\na,1\nb,nan\n", ("'value' holds NaN", "id b")),
    ("student.csv", "id,value\na,1\nb,\n", ("missing value", "id b")),
    ("student.csv", "id,value\na,1\nb,high\n", ("holds text", "'high'", "id b")),
    ("student.csv", "id,value,note\na,1,x\nb,2,y\n", ("'note' holds text",)),
    ("student.csv", "id,value\na,1\na,2\nb,3\n", ("1 id(s) occur more than once (a)",)),
    ("student.csv", "id,value\n,1\nb,2\n", ("1 row(s) have no id", "row 1")),
    ("student.csv", "id,value\na,1\n", ("ids do not match: 1 only in weak.csv (b); 1 in both",)),
    ("student.csv", "id,value\na,1\nc,2\nb,2\n", ("ids do not match: 1 only in student.csv (c); 2 in both",)),
    ("student.csv", "id,value\n1,1\n2,2\n", ("2 only in weak.csv (a, b), 2 only in student.csv (1, 2); 0 in both",)),
    ("student.csv", "id,p,q\na,1,2\nb,2,3\n", ("2 output columns (p, q)", "weak.csv has 1 output column (value)")),
    ("student.csv", ",id,value\n0,a,1\n1,b,2\n", ("column 1 has no name",)),
    ("student.csv", "id,value,value\na,1,2\nb,1,2\n", ("'value' more than once",)),
    ("student.csv", "id,value\na,1,2\nb,2\n", ("row 1 has 3 fields, the header 2",)),
    ("truth.csv", "id,value\na,1\nz,2\n", ("ids do not match: 1 only in truth.csv (z); 1 in both",)),
    ("ceiling.csv", "id,value\na,1\n", ("1 only in truth.csv (b)", "ceiling.csv")),
    ("weak.txt", "id,value\na,1\n", ("cannot read a .txt", ".parquet")),
])
def test_a_file_that_cannot_be_used_is_named_with_its_fault(ask: Ask, name: str, content: str, texts: tuple[str, ...]) -> None:
    for stem in ("weak", "student", "truth", "ceiling"):
        write(f"{stem}.csv", np.array([1.0, 2.0]), ["a", "b"])
    Path(name).write_text(content)
    weak = name if name.startswith("weak") else "weak.csv"
    said = ask("predict", "--weak", weak, "--student", "student.csv", "--truth", "truth.csv", "--ceiling", "ceiling.csv", code=2)
    assert all(text in said for text in texts), said


def test_other_files_that_cannot_be_used(ask: Ask) -> None:
    write("weak.csv", np.array([1.0, 2.0]), ["a", "b"])
    np.savez("objects.npz", id=np.array(["a", "b"], dtype=object), value=np.ones(2))
    np.savez("uneven.npz", id=np.array(["a", "b"]), value=np.ones(3))
    pl.DataFrame({"id": ["a", "b"], "value": [[1.0], [2.0]]}).write_parquet("lists.parquet")
    Path("torn.npz").write_bytes(b"PK")
    Path("torn.parquet").write_bytes(b"PAR1")
    Path("bytes.csv").write_bytes(b"id,value\n\xff,1\n")
    for name, text in (("objects.npz", "Python objects, which can run code"), ("uneven.npz", "shapes id (2,), value (3,)"),
                       ("lists.parquet", "'value' holds List"), ("torn.npz", "not a readable .npz"), ("bytes.csv", "not UTF-8"),
                       ("torn.parquet", "not a readable .parquet"), ("weka.csv", "did you mean weak.csv"),
                       (".", "this is a folder")):
        assert text in ask("predict", "--weak", "weak.csv", "--student", name, code=2)


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(("words", "text"), [
    (("--err-weak", "-1"), "0 or more"), (("--err-weak", "nan"), "0 or more"), (("--divergence", "kll"), "no divergence"),
    (("--divergence", "brier"), "no distribution"), (("--truth", "truth.csv", "--err-weak", "1"), "give one of the two"),
    (("--ceiling", "ceiling.csv"), "give --truth too"), (("--by", "task"), "--by goes with runs"),
    (("run",), "RUNS goes with runs")])
def test_words_that_do_not_go_together_are_refused(ask: Ask, words: tuple[str, ...], text: str) -> None:
    assert text in ask(*OWN, *words, code=2)


def test_half_a_pair_and_nothing_at_all_are_refused(ask: Ask) -> None:
    assert "--student is missing" in ask("predict", "--weak", "weak.csv", code=2)
    assert "`w2s-bench run`" in ask("predict", code=2)


def test_a_group_says_how_good_the_prediction_was() -> None:
    rows = make_family({"a": 1.0, "b": 1e4}, seeds=3)
    table = predictions(rows, NO_BOUNDS)
    assert table["task_set"].to_list() == ["a", "b"] and "panel" not in table.columns
    line = table.row(0, named=True)
    assert (line["n_cells"], line["n_seeds"], line["line_over"], line["misfit_over"]) == (18, 3, "seeds", "seeds")
    assert line["slope"] == pytest.approx(1.0, abs=0.2) and line["slope_low"] < 1.0 < line["slope_high"]
    assert line["gain_over_misfit"] == pytest.approx(rows.filter(pl.col("task_set") == "a").select(
        pl.col("gain").mean() / pl.col("misfit").mean()).item())
    assert line["banded"] == 18 and line["in_band"] == 1.0 and line["silent"] == 0
    assert line["band_width"] == pytest.approx(2.0 * np.sqrt(0.01 * rows["misfit"][:18]).mean() / rows["misfit"][:18].mean())


def test_several_units_are_shares_of_the_teachers_error_and_one_unit_is_not() -> None:
    both = make_family({"a": 1.0, "b": 1e4})
    line = over_all(both, NO_BOUNDS).row(0, named=True)
    assert (line["divergence"], line["output_unit"]) == (None, "share of err_weak")
    assert line["misfit"] == pytest.approx((both["misfit"] / both["err_weak"]).mean())
    alone = both.filter(pl.col("task_set") == "b")
    assert over_all(alone, NO_BOUNDS)["misfit"].item() == pytest.approx(predictions(alone, NO_BOUNDS)["misfit"].item())


def test_a_single_cell_has_its_interval_over_test_examples() -> None:
    line = predictions(make_family({"a": 1.0}, draws=1, seeds=1, teachers=1), NO_BOUNDS).row(0, named=True)
    assert line["misfit_over"] == "test examples" and line["misfit_high"] - line["misfit"] == pytest.approx(0.0196, rel=1e-3)
    assert line["slope"] is None and line["line_over"] is None


def test_the_command_prints_panels_the_line_over_all_and_what_the_law_says(ask: Ask) -> None:
    make_family({"a": 1.0, "b": 1e4}, panel="family").write_parquet("rows.parquet")
    shown = ask("predict", "rows.parquet")
    for text in ("over all", "share of err_weak", "in shares of the teacher's error", "In 0 of 36 cells",
                 "1 or more by Theorem 1"):
        assert text in shown
    found = json.loads(ask("predict", "rows.parquet", "--by", "panel,task_set", "--json"))
    assert [line["panel"] for line in found["groups"]] == ["family", "family"] and found["over_all"]["n_cells"] == 36
    lines = ask("predict", "rows.parquet", "--csv").splitlines()
    assert len(lines) == 4 and lines[0].startswith("panel,task_set,strategy,supervisor,direction")


def test_a_run_without_truth_still_predicts(ask: Ask) -> None:
    none = pl.lit(None, dtype=pl.Float64)
    blind = make_family({"a": 1.0}).with_columns(gain=none, err_weak=none, err_student=none, err_ceiling=none)
    blind.write_parquet("rows.parquet")
    found = json.loads(ask("predict", "rows.parquet", "--json"))
    assert found["groups"][0]["misfit"] > 0 and found["groups"][0]["slope"] is None and "No truth" in found["says"][0]
    assert "no row of 18 holds misfit and gain" in ask("relate", "rows.parquet", "--x", "misfit", "--y", "gain", code=2)


def test_runs_that_cannot_be_read_as_predictions_are_refused(ask: Ask) -> None:
    make_family({"a": 1.0, "b": 1.0}).write_parquet("rows.parquet")
    make_tables({"t": 1.0}, failed=2)[0].filter(pl.col("status") == "failed").write_parquet("failed.parquet")
    assert "mixed units" in ask("predict", "rows.parquet", "--by", "strategy", code=2)
    assert "cannot group by 'tsk'" in ask("predict", "rows.parquet", "--by", "tsk", code=2)
    assert "none of 2 rows has status ok" in ask("predict", "failed.parquet", code=2)
    assert "none of 2 rows has status ok" in ask("relate", "failed.parquet", "--x", "misfit", "--y", "gain", code=2)


@pytest.mark.parametrize("name", ["predict", "select", "relate"])
def test_help_imports_nothing_heavy(w2s: Command, name: str) -> None:
    code = ("import sys\nfrom w2s_bench.cli.main import main\ntry:\n    main()\nfinally:\n"
            "    print([m for m in ('torch', 'polars', 'scipy', 'numpy', 'rich') if m in sys.modules], file=sys.stderr)")
    done = subprocess.run([sys.executable, "-c", code, name, "--help"], capture_output=True, text=True, env=w2s.environment)
    assert done.returncode == 0 and done.stderr.strip() == "[]", done.stderr


@pytest.mark.parametrize("name", ["squared", "squared-mean", "brier", "kl"])
def test_help_says_where_the_divergences_are_listed_and_they_are(ask: Ask, name: str) -> None:
    assert "w2s-bench ls divergences" in " ".join(ask("predict", "--help").split()) and name in ask("ls", "divergences")


NAMES = ("no", "yes", "maybe")


@pytest.fixture
def of_classes(ask: Ask) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities of three classes for 60 ids, the student's columns in another order; class names of the first 40."""
    rng = np.random.default_rng(5)
    labels = rng.integers(3, size=60)
    weak, ceiling = (np.exp(1.5 * strength * np.eye(3)[labels] + 0.5 * rng.standard_normal((60, 3))) for strength in (0.4, 1.5))
    weak, ceiling = (values / values.sum(axis=1, keepdims=True) for values in (weak, ceiling))
    student = 0.5 * (weak + ceiling)
    for name, values, order in (("weak", weak, (0, 1, 2)), ("student", student, (2, 0, 1)), ("ceiling", ceiling, (1, 2, 0))):
        frame = pl.DataFrame({"id": [f"x{i}" for i in range(60)], **{NAMES[j]: values[:, j] for j in order}})
        frame.write_csv(f"{name}.csv")
    pl.DataFrame({"id": [f"x{i}" for i in range(40)], "label": [NAMES[j] for j in labels[:40]]}).write_csv("truth.csv")
    return weak, student, ceiling, labels


KL = (*OWN, "--divergence", "kl")


def test_class_names_as_truth_are_matched_by_name_whatever_the_order_of_columns(ask: Ask, of_classes: tuple[Any, ...]) -> None:
    weak, student, ceiling, labels = of_classes
    found = json.loads(ask(*KL, "--truth", "truth.csv", "--ceiling", "ceiling.csv", "--json"))
    right = labels[:40]
    nats = np.log(student / weak)[np.arange(40), right]
    assert quantity(found, "gain")["value"] == pytest.approx(nats.mean())
    accuracy = (student[:40].argmax(axis=1) == right).mean()
    assert quantity(found, "accuracy of the student")["value"] == pytest.approx(accuracy)
    assert quantity(found, "gain in accuracy")["value"] == pytest.approx(accuracy - (weak[:40].argmax(axis=1) == right).mean())
    log_ratio = np.log(student / weak)
    osc = log_ratio.max(axis=1) - log_ratio.min(axis=1)
    error = -np.log(ceiling[np.arange(40), right]).mean()
    band = found["band"]
    assert band["half_width"] == pytest.approx(np.sqrt(0.5 * error * (osc ** 2).mean()), rel=1e-4) and band["high"] is None
    assert band["half_width_on_labelled"] == pytest.approx(np.sqrt(0.5 * error * (osc[:40] ** 2).mean()), rel=1e-4)
    assert band["gain_inside_on_labelled"] and "Mulgund and Pabbaraju's law predicts" in found["says"][0]
    assert any("40 labelled ids are few" in text for text in found["says"])


def test_classes_without_labels_have_a_misfit_and_an_agreement(ask: Ask, of_classes: tuple[Any, ...]) -> None:
    weak, student, *_ = of_classes
    found = json.loads(ask(*KL, "--json"))
    same = quantity(found, "agreement of student and weak labels", "all ids")
    assert same["value"] == pytest.approx((weak.argmax(axis=1) == student.argmax(axis=1)).mean()) and same["high"] <= 1.0
    assert "some gain is certain only for ε below" in found["says"][1] and found["band"] is None
    assert any("no label" in text.lower() for text in found["says"])


def test_the_students_own_error_binds_any_two_predictors_in_nats_too(ask: Ask, of_classes: tuple[Any, ...]) -> None:
    found = json.loads(ask(*KL, "--truth", "truth.csv", "--json"))
    assert found["band"]["epsilon_from"] == "student" and found["band"]["high"] is not None
    assert found["band"]["gain_inside_on_labelled"]


@pytest.mark.usefixtures("of_classes")
def test_class_numbers_go_with_columns_that_end_in_them(ask: Ask) -> None:
    rng = np.random.default_rng(6)
    weak, student = rng.dirichlet(np.ones(2), (2, 4))
    for name, values in (("weak", weak), ("student", student)):
        np.savez(f"{name}.npz", id=np.arange(4), p=values)
    Path("numbers.csv").write_text("id,label\n0,1\n1,0\n2,1.0\n3,1\n")
    words = ("predict", "--weak", "weak.npz", "--student", "student.npz", "--truth", "numbers.csv", "--divergence", "brier")
    found = json.loads(ask(*words, "--json"))
    hit = weak.argmax(axis=1) == np.array([1, 0, 1, 1])
    assert quantity(found, "accuracy of the weak labels")["value"] == pytest.approx(hit.mean())
    assert any("An accuracy of" in text and "on 4 examples" in text for text in found["says"])


@pytest.mark.usefixtures("of_classes")
@pytest.mark.parametrize(("name", "content", "texts"), [
    ("truth.csv", "id,label\nx0,no\nx1,yess\n", ("class 'yess' (id x1) is none of weak.csv", "did you mean yes?")),
    ("truth.csv", "id,label\nx0,no\nx1,\n", ("missing value (id x1)",)),
    ("truth.csv", "id,label\nx0,3\n", ("class '3'", "known: maybe, no, yes")),
    ("truth.csv", "id,no,yes\nx0,0,1\n", ("truth.csv: it has 2 output columns",)),
    ("truth.csv", "id,no,yes,maybe\nx0,0,1,1\n", ("id x0 sums to 2", "truth.csv")),
    ("student.csv", "id,no,yes,maybe\nx0,0.5,0.5,0.5\n", ("student.csv: 1 row(s) are no distribution; id x0 sums to 1.5",)),
    ("student.csv", "id,no,yes,maybe\nx0,1.5,-0.5,0\n", ("its least number is -0.5",)),
    ("student.csv", "id,yes\nx0,0.5\n", ("one output column (yes)", "a column for each class")),
    ("student.csv", "id,no,yes,perhaps\nx0,0.5,0.5,0\n", ("ids do not match",))])
def test_probabilities_that_are_none_and_classes_that_nobody_knows_are_refused(ask: Ask, name: str, content: str,
                                                                               texts: tuple[str, ...]) -> None:
    Path(name).write_text(content)
    said = ask(*KL, "--truth", "truth.csv", code=2)
    assert all(text in said for text in texts), said


@pytest.mark.usefixtures("of_classes")
def test_names_of_classes_without_a_divergence_of_classes_say_which_to_name(ask: Ask) -> None:
    assert "go with a --divergence of classes" in ask(*OWN, "--truth", "truth.csv", code=2)
    Path("truth.csv").write_text("id,label\nx0,no\nx1,no\n")
    assert "No labelled id is of class yes, maybe" in ask(*KL, "--truth", "truth.csv")


def test_a_band_of_kl_comes_from_the_bounds_and_has_no_upper_end() -> None:
    rows, bounds = make_classes({"t": 2})
    lhs = bounds.filter(pl.col("bound") == "kl-explicit").select("cell_key", "lhs")
    joined_rows = rows.join(lhs, on="cell_key")
    joined_rows = joined_rows.filter(pl.col("direction") == "weak-to-strong")
    line = over_all(rows, bounds).row(0, named=True)
    assert line["banded"] == joined_rows.height == 6
    assert line["in_band"] == pytest.approx((joined_rows["gain"] >= joined_rows["lhs"]).mean())
    assert line["band_width"] == pytest.approx((joined_rows["misfit"] - joined_rows["lhs"]).mean() / joined_rows["misfit"].mean())
    assert line["silent"] == (joined_rows["lhs"] <= 0).sum()
    broken = bounds.with_columns(slack=pl.when(pl.col("bound") == "kl-explicit").then(-10.0).otherwise("slack"))
    assert over_all(rows, broken)["in_band"].item() == 0.0
    assert over_all(rows, NO_BOUNDS)["banded"].item() == 0


def test_predict_of_both_kinds_of_rows_names_both_bands_or_says_which_is_missing(ask: Ask) -> None:
    (rows, bounds), (more, of_more) = make_classes({"t": 2}), make_tables({"u": 1.0})
    pl.concat([rows, more]).write_parquet("rows.parquet")
    assert "No band for kl" in ask("predict", "rows.parquet")
    pl.concat([bounds, of_more]).write_parquet("bounds.parquet")
    shown = ask("predict", "rows.parquet")
    assert "band: kl-explicit" in shown and "band: Theorem 2" in shown and "kl in nats" in shown
    rows.write_parquet("rows.parquet")
    assert "1 or more by Mulgund and Pabbaraju's law" in ask("predict", "rows.parquet")
    assert "slope" in ask("relate", "rows.parquet", "--x", "misfit", "--y", "gain_accuracy", "--by", "direction")


def test_a_first_try_with_two_files_through_the_installed_command(w2s: Command) -> None:
    (w2s.folder / "weak.csv").write_text("id,value\na,0.5\nb,1.5\nc,2.0\n")
    (w2s.folder / "student.csv").write_text("id,value\na,0.7\nb,1.2\nc,2.3\n")
    done = Command(w2s.folder, apart=True)(*OWN, check=0)
    assert "misfit = predicted gain" in done.stdout and "0.073 ± 0.017" in done.stdout and done.stderr == ""
