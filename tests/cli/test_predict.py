"""What the misfit of a user's two files says of the gain, with an honest word where the law says little."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from conftest import Command
from own_files import OWN, quantity, write

from w2s_bench.report.own.files import joined, read_predictions

Ask = Callable[..., str]
TRUTH = np.linspace(0.0, 3.0, 40)
WEAK = TRUTH + np.where(np.arange(40) % 2, 0.9, -0.7)
STUDENT = TRUTH + np.where(np.arange(40) % 2, 0.45, -0.4)


@pytest.fixture
def files(ask: Ask) -> None:
    write("weak.csv", WEAK)
    write("student.csv", STUDENT[::-1], [f"x{i}" for i in reversed(range(40))])
    write("truth.csv", TRUTH[:25], header="id,label")
    write("ceiling.csv", TRUTH + 0.05)


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
    ("student.csv", "id:value\na:1\n", ("no column 'id'", "commas")),
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


@pytest.mark.parametrize("name", ["predict", "select", "relate"])
def test_help_imports_nothing_heavy(w2s: Command, name: str) -> None:
    code = ("import sys\nfrom w2s_bench.cli.main import main\ntry:\n    main()\nfinally:\n"
            "    print([m for m in ('torch', 'polars', 'scipy', 'numpy', 'rich') if m in sys.modules], file=sys.stderr)")
    done = subprocess.run([sys.executable, "-c", code, name, "--help"], capture_output=True, text=True, env=w2s.environment)
    assert done.returncode == 0 and done.stderr.strip() == "[]", done.stderr


@pytest.mark.parametrize("name", ["squared", "squared-mean", "brier", "kl"])
def test_help_says_where_the_divergences_are_listed_and_they_are(ask: Ask, name: str) -> None:
    assert "w2s-bench ls divergences" in " ".join(ask("predict", "--help").split()) and name in ask("ls", "divergences")


def test_a_first_try_with_two_files_through_the_installed_command(w2s: Command) -> None:
    (w2s.folder / "weak.csv").write_text("id,value\na,0.5\nb,1.5\nc,2.0\n")
    (w2s.folder / "student.csv").write_text("id,value\na,0.7\nb,1.2\nc,2.3\n")
    done = Command(w2s.folder, apart=True)(*OWN, check=0)
    assert "no gain is predicted" in done.stdout and "0.073 ± 0.017" in done.stdout and done.stderr == ""
