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
from w2s_bench.scoring.intervals import estimate, student_t
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
def test_two_files_joined_on_id_have_a_misfit_and_no_predicted_gain(ask: Ask) -> None:
    found = json.loads(ask(*OWN, "--json"))
    line = quantity(found, "misfit", "all ids")
    squares = (STUDENT - WEAK) ** 2
    assert line["value"] == pytest.approx(squares.mean()) and line["n"] == 40
    assert line["se"] == pytest.approx(squares.std(ddof=1) / np.sqrt(40)) and line["low"] < line["value"] < line["high"]
    assert found["band"] is None and len(found["quantities"]) == 1
    said = " ".join(found["says"])
    assert "over 40 ids" in said and "No label was used" in said and "no gain is predicted" in said
    certain = f"{squares.mean() / 4.0:.3f}"
    assert f"even with δ = 0 a gain is certain only for ε below {certain}" in said


@pytest.mark.usefixtures("files")
def test_a_known_error_of_the_teacher_is_told_under_its_conditions_and_never_below_zero(ask: Ask) -> None:
    found = json.loads(ask(*OWN, "--err-weak", "0.65", "--json"))
    least = 0.65 - ((STUDENT - WEAK) ** 2).mean()
    assert any(f"Under these conditions, and no others, the student would err by {least:.3f} or less" in text
               for text in found["says"])
    assert all("error" not in line["quantity"] for line in found["quantities"])
    small = ask(*OWN, "--err-weak", "0.1")
    assert "no gain can be" in small and "would err by" not in small


@pytest.mark.usefixtures("files")
def test_truth_for_a_part_sets_the_paired_gain_beside_the_misfit(ask: Ask) -> None:
    found = json.loads(ask(*OWN, "--truth", "truth.csv", "--ceiling", "ceiling.csv", "--delta", "0", "--json"))
    gains = ((TRUTH - WEAK) ** 2 - (TRUTH - STUDENT) ** 2)[:25]
    gain = quantity(found, "gain")
    assert gain["value"] == pytest.approx(gains.mean()) and gain["se"] == pytest.approx(gains.std(ddof=1) / 5.0)
    whole = quantity(found, "misfit", "all ids")
    assert quantity(found, "misfit")["n"] == 25 and whole["n"] == 40
    band = found["band"]
    assert band["half_width"] == pytest.approx(2.0 * np.sqrt(whole["value"] * 0.0025)) and band["low"] > 0.0
    assert band["delta"] == 0.0 and not band["gain_inside_on_labelled"]
    assert any("outside the band of the ceiling in the student's class" in text for text in found["says"])


@pytest.mark.usefixtures("files")
def test_the_band_grows_with_delta_and_a_ceiling_alone_makes_none(ask: Ask) -> None:
    truth = ("--truth", "truth.csv", "--ceiling", "ceiling.csv")
    found = json.loads(ask(*OWN, *truth, "--delta", "0.1", "--json"))
    apart = ((TRUTH + 0.05 - STUDENT)[:25] ** 2).mean()
    exact = json.loads(ask(*OWN, *truth, "--delta", "0", "--json"))["band"]["half_width"]
    assert found["band"]["half_width"] == pytest.approx(exact + 2.0 * np.sqrt(0.1) * max(np.sqrt(apart), np.sqrt(0.1)))
    assert found["band"]["epsilon_from"] == "ceiling" and found["band"]["delta"] == 0.1
    alone = json.loads(ask(*OWN, *truth, "--json"))
    assert alone["band"]["epsilon_from"] == "student" and any("δ is not known of files" in text for text in alone["says"])
    assert "part of the misfit" in ask(*OWN, *truth, "--delta", "3", code=2)


def test_a_band_that_is_narrower_than_the_misfit_predicts(ask: Ask) -> None:
    """The student is the exact projection of a noisy teacher on linear functions, which hold the truth."""
    rng = np.random.default_rng(4)
    x = np.column_stack([np.ones(400), rng.standard_normal((400, 2))])
    truth = x @ np.array([0.5, 1.0, -2.0])
    weak = truth + rng.standard_normal(400)
    student = x @ np.linalg.lstsq(x, weak, rcond=None)[0]
    for name, values in (("weak", weak), ("student", student), ("truth", truth[:100]), ("ceiling", truth[:100])):
        write(f"{name}.csv", values)
    words = (*OWN, "--truth", "truth.csv", "--ceiling", "ceiling.csv", "--delta", "0")
    found = json.loads(ask(*words, "--json"))
    assert found["band"]["half_width"] == 0.0 and found["band"]["gain_inside_on_labelled"] is False
    write("truth.csv", truth)
    write("ceiling.csv", truth + 0.01)
    found = json.loads(ask(*words, "--json"))
    gain = quantity(found, "gain")["value"]
    assert found["band"]["gain_inside_on_labelled"] and found["band"]["low"] <= gain <= found["band"]["high"]
    assert "so far the misfit predicts it" in " ".join(found["says"])


@pytest.mark.usefixtures("files")
def test_without_a_ceiling_the_students_error_stands_in_and_says_little(ask: Ask) -> None:
    found = json.loads(ask(*OWN, "--truth", "truth.csv", "--json"))
    assert found["band"]["epsilon_from"] == "student" and found["band"]["gain_inside_on_labelled"]
    said = " ".join(found["says"])
    assert "Whatever the student's class" in said and "the misfit predicts no gain" in said and "over 25 labelled ids" in said


def test_a_rule_teaching_an_encoder_gains_nothing_and_the_band_says_why(ask: Ask) -> None:
    """The shape of real data: misfit .11, gain about 0, because the class misses the truth by ε = .45."""
    rng = np.random.default_rng(1)
    truth = rng.standard_normal(400)
    weak, student, ceiling = (truth + size * rng.standard_normal(400) for size in (1.0, 1.0, 0.67))
    for name, values in (("weak", weak), ("student", weak + 0.33 * (student - weak)), ("truth", truth), ("ceiling", ceiling)):
        write(f"{name}.csv", values)
    said = ask(*OWN, "--truth", "truth.csv", "--ceiling", "ceiling.csv", "--delta", "0.01")
    assert "which is all of it or more: the misfit predicts no gain" in said


def test_pure_noise_as_a_student_is_promised_no_gain(ask: Ask) -> None:
    rng = np.random.default_rng(7)
    truth = rng.standard_normal(300)
    for name, values in (("weak", truth + rng.standard_normal(300)), ("student", 3.0 * rng.standard_normal(300)),
                         ("truth", truth[:80])):
        write(f"{name}.csv", values)
    blind, seen = ask(*OWN), ask(*OWN, "--truth", "truth.csv")
    assert "no gain is predicted" in blind and "predicts a gain" not in blind and "errs by that much less" not in blind
    assert "The misfit is the gain only where the student is the best fit to the weak labels" in blind
    assert "so the student errs more than its teacher" in seen and "the misfit predicts no gain" in seen
    assert "The misfit is above the teacher's error" in seen


def test_a_teacher_that_is_the_truth_promises_nothing_however_large_the_misfit(ask: Ask) -> None:
    rng = np.random.default_rng(8)
    truth = rng.standard_normal(300)
    for name, values in (("weak", truth), ("student", truth + rng.standard_normal(300)), ("truth", truth[:100])):
        write(f"{name}.csv", values)
    assert "no gain is predicted" in ask(*OWN)
    seen = ask(*OWN, "--truth", "truth.csv")
    assert "above the teacher's error 0.000, and no gain can be" in seen and "errs more than its teacher" in seen
    assert "no gain can be" in ask(*OWN, "--err-weak", "0")


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
    assert lines[0] == "quantity,on,n,value,se,low,high" and len(lines) == 7


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
    (("--err-weak", "-1"), "0 or more"), (("--delta", "-1"), "δ is 0 or more"), (("--delta", "0"), "give --truth and --ceiling"),
    (("--err-weak", "nan"), "0 or more"), (("--divergence", "kll"), "no divergence"),
    (("--divergence", "brier"), "no distribution"), (("--truth", "truth.csv", "--err-weak", "1"), "give one of the two"),
    (("--ceiling", "ceiling.csv"), "give --truth too"), (("--by", "task"), "--by goes with runs"),
    (("run",), "RUNS goes with runs")])
def test_words_that_do_not_go_together_are_refused(ask: Ask, words: tuple[str, ...], text: str) -> None:
    assert text in ask(*OWN, *words, code=2)


def test_half_a_pair_and_nothing_at_all_are_refused(ask: Ask) -> None:
    assert "--student is missing" in ask("predict", "--weak", "weak.csv", code=2)
    assert "`w2s-bench run`" in ask("predict", code=2)


def certified(rows: pl.DataFrame, reach: float, *, bound: str = "inexact", certain: bool = True) -> pl.DataFrame:
    """Bounds that let the gain of each of these cells be less than its misfit by so much."""
    return rows.select("run_id", "cell_key", bound=pl.lit(bound), split=pl.lit("test"), lhs="err_student",
                       slack=pl.col("gain") - pl.col("misfit") + reach, all_assumptions=pl.lit(certain)).pipe(
        lambda found: pl.concat([NO_BOUNDS, found], how="diagonal"))


def test_a_group_says_what_the_law_certifies_and_what_was_measured() -> None:
    rows = make_family({"a": 1.0, "b": 1e4}, seeds=3)
    table = predictions(rows, certified(rows, 0.2))
    assert table["task_set"].to_list() == ["a", "b"] and "panel" not in table.columns
    line = table.row(0, named=True)
    assert (line["n_cells"], line["n_seeds"], line["line_over"], line["misfit_over"]) == (18, 3, "means", "seeds")
    assert line["slope"] == pytest.approx(1.0, abs=0.2) and line["slope_low"] < 1.0 < line["slope_high"]
    mine = rows.filter(pl.col("task_set") == "a")
    assert line["gain_over_misfit"] == pytest.approx(mine.select(pl.col("gain").mean() / pl.col("misfit").mean()).item())
    assert (line["banded"], line["narrow"]) == (18, mine.filter(pl.col("misfit") > 0.2).height)
    assert line["band_width"] == pytest.approx(0.2 / mine["misfit"].mean()) and line["loses"] == 0


def test_what_is_not_certified_and_what_has_no_delta_has_no_band() -> None:
    rows = make_family({"a": 1.0}).with_columns(delta_exact=pl.when(pl.col("weak") == "teacher-0").then(0.0))
    for bounds in (certified(rows, 0.0, certain=False), certified(rows, 0.0, bound="theorem1"), NO_BOUNDS):
        line = predictions(rows, bounds).row(0, named=True)
        assert (line["banded"], line["band_width"], line["no_delta"], line["not_certified"]) == (0, None, 12, 6)


def test_a_small_band_of_an_exact_projection_is_no_band_of_a_student_that_is_none() -> None:
    """16 transfer points: ε is all but 0, δ is the misfit, and the gain is minus the misfit."""
    rows = make_family({"a": 1.0}).with_columns(gain=-pl.col("misfit"), delta_exact="misfit", err_ceiling=pl.lit(1e-9))
    bounds = pl.concat([certified(rows, 1e-4, bound="theorem2-explicit", certain=False), certified(rows, 2.0)])
    line = predictions(rows, bounds).row(0, named=True)
    assert line["band_width"] > 2.0 and line["narrow"] == 0 and line["loses"] == 18


def test_no_task_sets_are_pooled_below_eight_and_from_eight_on_each_is_one_value() -> None:
    few = make_family({f"t{i}": 1.0 for i in range(7)}).with_columns(output_unit=pl.lit("kg"))
    assert over_all(few, NO_BOUNDS).is_empty()
    pooled = predictions(few, NO_BOUNDS, ["strategy"]).row(0, named=True)
    assert (pooled["misfit"], pooled["gain"], pooled["slope"], pooled["n_cells"]) == (None, None, None, 126)
    rows = make_family({f"t{i}": 10.0**i for i in range(8)})
    line = over_all(rows, NO_BOUNDS).row(0, named=True)
    assert (line["task_sets"], line["misfit_over"]) == (8, "task sets")
    assert (line["output_unit"], line["divergence"]) == ("share of err_weak", None)
    assert line["slope"] is None and line["line_over"] is None
    shares = rows.with_columns(share=pl.col("misfit") / pl.col("err_weak"))
    assert line["misfit"] == pytest.approx(shares["share"].mean())
    sets = rows.with_columns(pl.col("gain", "misfit") / pl.col("err_weak")).group_by("task_set").agg(
        ratio=pl.col("gain").mean() / pl.col("misfit").mean())["ratio"]
    half = 2.364624 * float(sets.std()) / 8**0.5  # type: ignore[arg-type]
    assert line["gain_over_misfit"] == pytest.approx(sets.mean())
    assert line["gain_over_misfit_high"] - line["gain_over_misfit"] == pytest.approx(half, rel=1e-5)


@pytest.mark.parametrize("made_to_fail", [
    {"direction": pl.lit("strong-to-weak")}, {"flags": pl.lit(["ceiling-not-better"])}, {"misfit": pl.lit(0.2)}])
def test_no_line_goes_through_what_cannot_gain_or_does_not_vary(made_to_fail: dict[str, pl.Expr]) -> None:
    rows = make_family({"a": 1.0})
    assert predictions(rows, NO_BOUNDS)["slope"].item() is not None
    assert predictions(rows.with_columns(**made_to_fail), NO_BOUNDS)["slope"].item() is None


def test_a_single_cell_has_its_interval_over_test_examples() -> None:
    line = predictions(make_family({"a": 1.0}, draws=1, seeds=1, teachers=1), NO_BOUNDS).row(0, named=True)
    assert line["misfit_over"] == "test examples" and line["misfit_high"] - line["misfit"] == pytest.approx(0.01 * student_t(199))
    assert line["slope"] is None and line["line_over"] is None


def test_the_command_says_predicts_only_where_the_band_is_narrower_than_the_misfit(ask: Ask) -> None:
    rows = make_family({"a": 1.0, "b": 1.0}, panel="family").with_columns(delta_exact=pl.lit(0.0))
    rows.write_parquet("rows.parquet")
    certified(rows, 0.01).write_parquet("bounds.parquet")
    shown = ask("predict", "rows.parquet")
    assert "In 36 of 36 cells the law certifies a band narrower than the misfit: there the misfit predicts" in shown
    assert "Measured, the student errs more than its teacher in 0 of 36 cells" in shown and "over all" not in shown
    certified(rows, 0.5).write_parquet("bounds.parquet")
    shown = ask("predict", "rows.parquet")
    assert "In none of 36 cells" in shown and "36 have a band as wide as the misfit or wider" in shown
    assert "Theorem 1" not in shown
    found = json.loads(ask("predict", "rows.parquet", "--by", "panel,task_set", "--json"))
    assert [line["panel"] for line in found["groups"]] == ["family", "family"] and found["over_all"] is None
    lines = ask("predict", "rows.parquet", "--csv").splitlines()
    assert len(lines) == 3 and lines[0].startswith("panel,task_set,strategy,supervisor,direction")


def test_eight_task_sets_have_a_line_of_their_own_and_a_sentence(ask: Ask) -> None:
    make_family({f"t{i}": 1.0 for i in range(8)}).write_parquet("rows.parquet")
    shown = ask("predict", "rows.parquet")
    assert "over weak-to-strong cells of 8 task sets" in shown and "over task sets, each of which is one value" in shown
    assert "Over 144 weak-to-strong cells of 8 task sets, in shares of the teacher's error because units differ" in shown


def test_a_run_without_truth_predicts_no_gain(ask: Ask) -> None:
    none = pl.lit(None, dtype=pl.Float64)
    blind = make_family({"a": 1.0}).with_columns(gain=none, err_weak=none, err_student=none, err_ceiling=none)
    blind.write_parquet("rows.parquet")
    found = json.loads(ask("predict", "rows.parquet", "--json"))
    assert found["groups"][0]["misfit"] > 0 and found["groups"][0]["slope"] is None and "No truth" in found["says"][1]
    assert "no gain is predicted" in found["says"][1]
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
    words = (*KL, "--truth", "truth.csv", "--ceiling", "ceiling.csv")
    found = json.loads(ask(*words, "--delta", "0", "--json"))
    right = labels[:40]
    nats = np.log(student / weak)[np.arange(40), right]
    assert quantity(found, "gain")["value"] == pytest.approx(nats.mean())
    accuracy = (student[:40].argmax(axis=1) == right).mean()
    assert quantity(found, "accuracy of the student")["value"] == pytest.approx(accuracy)
    assert quantity(found, "gain in accuracy")["value"] == pytest.approx(accuracy - (weak[:40].argmax(axis=1) == right).mean())
    log_ratio = np.log(student / weak)
    osc = log_ratio.max(axis=1) - log_ratio.min(axis=1)
    errors = -np.log(ceiling[np.arange(40), right])
    error = estimate(errors).high
    band = found["band"]
    assert band["half_width"] == pytest.approx(np.sqrt(0.5 * error * (osc ** 2).mean()), rel=1e-4) and band["high"] is None
    assert band["half_width_on_labelled"] == pytest.approx(np.sqrt(0.5 * errors.mean() * (osc[:40] ** 2).mean()), rel=1e-4)
    assert band["gain_inside_on_labelled"] and "kl has no law of a student" in ask(*words, "--delta", "0.001", code=2)
    assert any("40 labelled ids are few" in text for text in found["says"])


def test_classes_without_labels_have_a_misfit_and_an_agreement(ask: Ask, of_classes: tuple[Any, ...]) -> None:
    weak, student, *_ = of_classes
    found = json.loads(ask(*KL, "--json"))
    same = quantity(found, "agreement of student and weak labels", "all ids")
    assert same["value"] == pytest.approx((weak.argmax(axis=1) == student.argmax(axis=1)).mean()) and same["high"] <= 1.0
    assert "a gain is certain only for ε below" in found["says"][2] and found["band"] is None
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


def test_a_band_of_kl_is_that_of_an_exact_projection_or_none() -> None:
    rows, bounds = make_classes({"t": 2})
    lhs = bounds.filter(pl.col("bound") == "kl-explicit").select("cell_key", "lhs")
    exact = bounds.with_columns(all_assumptions=pl.lit(True))
    line = predictions(rows, exact, ["task_set"]).row(0, named=True)
    with_lhs = rows.join(lhs, on="cell_key")
    assert line["banded"] == with_lhs.height == 12
    assert line["band_width"] == pytest.approx((with_lhs["misfit"] - with_lhs["lhs"]).mean() / with_lhs["misfit"].mean())
    assert line["narrow"] == with_lhs.filter(pl.col("lhs") > 0).height
    for none in (bounds, NO_BOUNDS):
        assert predictions(rows, none, ["task_set"])["banded"].item() == 0


def test_predict_of_both_kinds_of_rows_counts_what_has_no_band(ask: Ask) -> None:
    (rows, bounds), (more, of_more) = make_classes({"t": 2}), make_tables({"u": 1.0})
    pl.concat([rows, more]).write_parquet("rows.parquet")
    assert "of 18 δ is not known" in ask("predict", "rows.parquet")
    pl.concat([bounds, of_more.with_columns(all_assumptions=pl.lit(True))]).write_parquet("bounds.parquet")
    shown = ask("predict", "rows.parquet")
    assert "kl in nats" in shown and "band: how far below the misfit" in shown and "of 12 δ is not known" in shown
    assert "kl-explicit or theorem2-explicit or inexact" in shown
    assert "slope" in ask("relate", "rows.parquet", "--x", "misfit", "--y", "gain_accuracy", "--by", "task_set")


def test_a_first_try_with_two_files_through_the_installed_command(w2s: Command) -> None:
    (w2s.folder / "weak.csv").write_text("id,value\na,0.5\nb,1.5\nc,2.0\n")
    (w2s.folder / "student.csv").write_text("id,value\na,0.7\nb,1.2\nc,2.3\n")
    done = Command(w2s.folder, apart=True)(*OWN, check=0)
    assert "no gain is predicted" in done.stdout and "0.073 ± 0.017" in done.stdout and done.stderr == ""
