"""Examples where student and teacher differ most: in the right order, with the truth's side, and texts where they may be."""

from __future__ import annotations

import csv
import io
import json
import shutil

import numpy as np
import polars as pl
import pytest
from conftest import Command

from w2s_bench.report.wording import figure
from w2s_bench.tables.examples import SIDES, examples

WORDS = ("--weak", "nano[width=8,layers=1,context=16,steps=0]", "--strong", "nano[width=16,layers=1,context=16,steps=0]",
         "--supervisor", "logistic", "--strategy", "logistic", "--strategy", "knn", "--seeds", "0..1", "-o", "r",
         "--executor", "here")
SECRET = "words of the data set"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Command:
    command = Command(tmp_path_factory.mktemp("examples"))
    with (command.folder / "t.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows([f"{'no' if row % 2 else 'yes'} {row * 37 % 101}\x1b[31m {SECRET}", "no" if row % 2 else "yes"]
                         for row in range(60))
    command("run", "--task", "text[path=t.csv,output=classes]", *WORDS, check=0, page=True)
    return command


def test_they_are_the_largest_of_all_cells_each_once_and_add_up_to_the_misfit(ran: Command) -> None:
    rows = pl.read_parquet(ran.folder / "r" / "rows.parquet")
    found = examples([ran.folder / "r"], rows, 1000, figure)
    assert [each.apart for each in found] == sorted((each.apart for each in found), reverse=True)
    assert len({each.id for each in found}) == len(found) and {each.sides for each in found} <= set(SIDES)
    for each in found:
        nearer = "student" if each.err_student < each.err_teacher else "teacher"
        assert each.sides in (nearer, "neither")
    assert examples([ran.folder / "r"], rows, 3, figure) == found[:3]
    one = rows.head(1)
    alone = examples([ran.folder / "r"], one, 1000, figure)
    assert np.mean([each.apart for each in alone]) == pytest.approx(one["misfit"].item(), rel=1e-9)
    assert np.mean([each.err_teacher - each.err_student for each in alone]) == pytest.approx(one["gain"].item(), rel=1e-9)


def test_an_example_of_which_both_say_the_same_is_none_and_an_undirected_pair_counts(w2s: Command) -> None:
    w2s("run", "--task", "diabetes", "--weak", "random-features[width=8]", "--strong", "raw",
        "--supervisor", "ridge", "--strategy", "ridge", "-o", "same", check=0)
    rows = pl.read_parquet(w2s.folder / "same" / "rows.parquet")
    assert examples([w2s.folder / "same"], rows.with_columns(direction=pl.lit("undirected")), 1000, figure)
    copies = rows.with_columns(predictor_student=pl.col("predictor_weak"))
    assert examples([w2s.folder / "same"], copies, 1000, figure) == []


def test_the_command_prints_them_with_their_texts_and_lets_no_text_steer_the_terminal(ran: Command) -> None:
    said = ran("examples", "r", "-n", "2", "--where", "strategy == knn", check=0).stdout
    assert said.count(SECRET) == 2 and said.count("the truth sides with") == 3 and "knn, seed" in said and "\x1b" not in said
    assert "logistic, seed" not in said and "Of the 2 examples the truth sides with the student in" in said
    found = json.loads(ran("examples", "r", "-n", "2", "--json", check=0).stdout)
    assert len(found["examples"]) == 2 and found["examples"][0]["text"].endswith(SECRET)
    lines = list(csv.DictReader(io.StringIO(ran("examples", "r", "--csv", check=0).stdout)))
    assert len(lines) == 10 and lines[0]["id"] == found["examples"][0]["id"]
    assert "the rows have task_set" in ran("examples", "r", "--task", "other", check=2).stderr


def test_without_the_store_they_are_told_without_texts(ran: Command) -> None:
    said = ran("examples", "r", "-n", "2", "--store", "elsewhere", check=0).stdout
    assert SECRET not in said and "teacher  " in said and not (ran.folder / "elsewhere").exists()


@pytest.mark.slow
def test_the_page_of_a_run_has_texts_and_what_is_given_away_has_none(ran: Command) -> None:
    page = (ran.folder / "r" / "report.html").read_text(encoding="utf-8")
    assert "Where student and teacher differ most" in page and page.count(SECRET) == 5
    ran("report", "r", "-o", "away.html", check=0)
    ran("show", "r", "--publish", "published", "--predictions", check=0)
    ran("report", "published", check=0)
    for path in (ran.folder / "away.html", ran.folder / "published" / "report.html"):
        text = path.read_text(encoding="utf-8")
        assert "Where student and teacher differ most" in text and SECRET not in text and "Texts stay with the store" in text


def test_a_run_that_kept_nothing_says_how_to_keep_it(ran: Command) -> None:
    shutil.copytree(ran.folder / "r", ran.folder / "bare")
    shutil.rmtree(ran.folder / "bare" / "predictions")
    done = ran("examples", "bare", check=2)
    assert "no predictions are kept" in done.stderr and "--keep" in done.stderr
    ran("report", "bare", check=0)
    assert "differ most" not in (ran.folder / "bare" / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_several_runs_are_one_page_with_each_origin(ran: Command) -> None:
    words = [word if word != "0..1" else "2..3" for word in WORDS[:-2]]
    ran("run", "--task", "text[path=t.csv,output=classes]", *words, "-o", "s", check=0)
    assert "say where with -o" in ran("report", "r", "s", check=2).stderr
    ran("report", "r", "s", "-o", "both.html", check=0)
    text = (ran.folder / "both.html").read_text(encoding="utf-8")
    assert "<b>r</b>: began 20" in text and "<b>s</b>: began 20" in text and text.count("With this spec") == 2
    assert len(json.loads(ran("examples", "r", "s", "-n", "4", "--json", check=0).stdout)["examples"]) == 4
