"""Ten things that people come for, each by the commands that they would type; what is printed is computed here anew."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from conftest import Command, untimed_rows
from hub_fixtures import write_fixture
from polars.testing import assert_frame_equal
from sklearn.linear_model import LogisticRegression
from small_models import save_gpt2
from w2s_text import labelled_sets
from w2s_text.hub_set import declared_sets

N = 240
RNG = np.random.default_rng(11)
X = RNG.standard_normal((N, 3))
Y = X[:, 0] + X[:, 1] ** 2 + 0.3 * RNG.standard_normal(N)
MINE = ("--task", "arrays[path=mine.csv]", "--supervisor", "ridge", "--strong", "raw")
LEAST, RIDGE = ("--strategy", "least-squares"), ("--strategy", "ridge[penalty=0.5]")
PUBLISHED = Path(__file__).resolve().parents[2] / "leaderboard" / "studies"


@pytest.fixture
def mine(w2s: Command) -> Command:
    """The command beside my CSV: three columns of numbers and a label."""
    pl.DataFrame({"id": [f"p{i}" for i in range(N)], **{f"x{i}": X[:, i] for i in range(3)}, "y": Y}).write_csv(
        w2s.folder / "mine.csv")
    return w2s


def printed(w2s: Command, *words: str) -> Any:
    return json.loads(w2s(*words, "--json", check=0).stdout)


def kept(run: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of a run, and the answers that it kept."""
    answers = [pl.read_parquet(path) for path in (run / "predictions").glob("*.parquet") if path.name != "facts.parquet"]
    return pl.read_parquet(run / "rows.parquet"), pl.concat(answers)


def of(answers: pl.DataFrame, predictor: str, seed: int, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Places in my file, and the value of each."""
    part = answers.filter(predictor=predictor, seed=seed, split=split)
    return part["id"].str.strip_prefix("p").cast(pl.Int64).to_numpy(), part["value_0"].to_numpy()


def pq(folder: str, split: str) -> pl.DataFrame:
    """A split of a folder of the hub."""
    return pl.read_parquet(next(Path(folder).rglob(f"{split}*.parquet")))


def test_1_two_strategies_on_my_csv_with_five_seeds(mine: Command) -> None:
    mine("run", *MINE, "--weak", "random-features[width=8]", *LEAST, *RIDGE, "--seeds", "0..4", "-o", "r", check=0)
    rows, answers = kept(mine.folder / "r")
    gains = []
    for row in rows.filter(strategy="least-squares").to_dicts():
        on, weak = of(answers, row["predictor_weak"], row["seed"], "train")
        test, truth = of(answers, "truth", row["seed"], "test")
        design = np.hstack([np.ones((N, 1)), X])
        student = design @ np.linalg.lstsq(design[on], weak, rcond=None)[0]
        assert row["err_student"] == pytest.approx(np.mean((Y[test] - student[test]) ** 2), rel=1e-6)
        np.testing.assert_allclose(truth, Y[test])
        other = rows.filter(pl.col("strategy").str.starts_with("ridge"), seed=row["seed"])["gain"].item()
        gains.append(other - row["gain"])
    (line,) = (line for line in printed(mine, "show", "r", "--by", "strategy", "--against", "least-squares")["comparisons"]
               if line["strategy"].startswith("ridge") and line["measure"] == "gain")
    assert line["pairs"] == 5 and line["difference"] == pytest.approx(np.mean(gains), rel=1e-9)
    assert line["difference_low"] < line["difference"] < line["difference_high"]


@pytest.mark.slow
def test_2_my_gpt2_folder_beside_tfidf(w2s: Command) -> None:
    save_gpt2(w2s.folder / "gpt2")
    words = ["amber", "bee", "cat", "dew"]
    drawn = RNG.integers(0, 4, (200, 3))
    good = drawn[:, 0] % 2
    pl.DataFrame({"text": [" ".join(words[i] for i in row) for row in drawn], "label": good}).write_csv(w2s.folder / "t.csv")
    task = ("--task", 'text[path=t.csv,output=classes,classes="bad,good"]', "--strategy", "logistic", "--supervisor", "logistic")
    w2s("run", *task, "--weak", "hf[path=gpt2]", "--strong", "tfidf[terms=4]", "-o", "r", check=0)
    row = pl.read_parquet(w2s.folder / "r" / "rows.parquet").row(0, named=True)
    assert (row["weak"], row["strong"], row["direction"]) == ("hf[path=gpt2]", "tfidf[terms=4]", "weak-to-strong")
    (line,) = printed(w2s, "show", "r")
    assert line["weak"] == "hf[path=gpt2]" and line["gain"] == pytest.approx(row["err_weak"] - row["err_student"], rel=1e-9)
    both = w2s("run", *task, "--models", "hf[path=gpt2]", "--models", "tfidf[terms=4]", "-o", "both", check=0).stdout
    assert "none of them declared weak-to-strong" in both


@pytest.mark.slow
def test_3_labels_that_an_llm_wrote(w2s: Command) -> None:
    truth = np.where(X[:, 0] + X[:, 1] > 0, "yes", "no")
    wrong = RNG.random(N) < 0.25
    answer = np.where(wrong, np.where(truth == "yes", "no", "yes"), truth)
    said = [["Yes ", "YES", "yes"][i % 3] if each == "yes" else ["no", " No"][i % 2] for i, each in enumerate(answer)]
    said[5] = said[9] = "unsure"
    pl.DataFrame({"id": [f"p{i}" for i in range(N)], "a": X[:, 0], "b": X[:, 1], "llm": said, "y": truth}).write_csv(
        w2s.folder / "t.csv")
    task = 'arrays[path=t.csv,output=classes,classes="no,yes",na=unsure]'
    done = w2s("run", "--task", task, "--weak", "given[column=llm]", "--supervisor", "as-is", "--strong", "raw", "--strategy",
               "logistic", "-o", "r", check=0)
    rows, answers = kept(w2s.folder / "r")
    row = rows.row(0, named=True)
    test, _ = of(answers, "truth", 0, "test")
    assert sum(row[f"n_{part}"] for part in ("supervise", "transfer", "test")) == N - 2
    assert f"2 of {N} rows have no answer of llm and leave the task" in " ".join((done.stdout + done.stderr).split())
    assert row["divergence"] == "brier" and row["accuracy_weak"] == pytest.approx(1 - wrong[test].mean())
    on, taught = of(answers, row["predictor_weak"], 0, "train")
    assert set(taught) == {0.0, 1.0}
    scale = X[on][:, :2].mean(axis=0), X[on][:, :2].std(axis=0)
    rival = LogisticRegression(C=1e3, max_iter=1000).fit((X[on][:, :2] - scale[0]) / scale[1], 1 - taught)
    right = rival.predict((X[test][:, :2] - scale[0]) / scale[1]) == (truth[test] == "yes")
    assert row["accuracy_student"] == pytest.approx(right.mean(), abs=0.05)
    assert row["accuracy_student"] > row["accuracy_weak"] + 0.1


@pytest.mark.slow
def test_4_which_of_three_teachers(mine: Command) -> None:
    teachers = (word for width in (8, 16, 128) for word in ("--weak", f"random-features[width={width}]"))
    mine("run", *MINE, *LEAST, *teachers, "--seeds", "0..3", "-o", "r", check=0)
    rows = pl.read_parquet(mine.folder / "r" / "rows.parquet")
    best = rows.group_by("weak").agg((pl.col("err_weak") - pl.col("misfit")).mean().alias("left")).sort("left")["weak"][0]
    (line,) = printed(mine, "select", "r")["teachers"]
    assert line["take"] == best == "random-features[width=128]" and line["candidates"] == 3


@pytest.mark.slow
def test_5_figure_2_of_the_paper_by_one_command(w2s: Command) -> None:
    fresh = "mlp[supervise=2000,transfer=2000,test=2000,reuse=false]"
    where = f'task_set == "{fresh}" and panels != pretraining-tasks'
    w2s("plot", "gain-misfit", str(PUBLISHED / "paper-synthetic"), "--by", "panel", "--where", where, "-o", "f.svg", check=0)
    rows = pl.read_parquet(PUBLISHED / "paper-synthetic" / "rows.parquet").filter(pl.col("task_set") == fresh)
    pairs = rows.explode("panels").filter(pl.col("panels") != "pretraining-tasks", strategy="least-squares").select(
        "panels", "weak", "strong").unique()
    drawn = (w2s.folder / "f.svg").read_text()
    assert all(f">{panel}</text>" in drawn for panel in pairs["panels"].unique())
    circles = len(re.findall(r"<path[^>]*A[^>]*>", drawn))
    assert circles == pairs.height  # a circle a pair; the other strategy has another shape


@pytest.mark.slow
def test_6_a_set_of_the_hub_without_a_network(w2s: Command) -> None:
    (declared,) = (each for each in declared_sets(labelled_sets).values() if each.name == "sst2")
    folder = write_fixture(declared, w2s.folder / "sst2")
    said = w2s("show-task", f"sst2[path={folder}]", "--examples", "1", check=0).stdout
    assert "negative" in said and "positive" in said
    words = ("--weak", "tfidf", "--strong", "tfidf[terms=50]", "--strategy", "logistic", "--supervisor", "logistic")
    missing = w2s("plan", "--task", "sst2", *words, check=0).stdout
    assert "sst2 needs what is not here: stanfordnlp/sst2@" in missing and "sst2[path=FOLDER]" in missing
    w2s("run", "--task", f"sst2[path={folder}]", *words, "-o", "r", check=0)
    assert pl.read_parquet(w2s.folder / "r" / "rows.parquet")["n_test"].to_list() == [len(pq(folder, "validation"))]


@pytest.mark.slow
def test_7_more_seeds_of_the_same_run(mine: Command) -> None:
    words = (*MINE, "--weak", "random-features[width=8]", *LEAST, "-o", "w2s-runs/mine")
    mine("run", *words, "--seeds", "0..1", check=0)
    first = untimed_rows(mine.folder / "w2s-runs" / "mine")
    mine("run", "mine", "--seeds", "0..5", check=0)
    rows = untimed_rows(mine.folder / "w2s-runs" / "mine")
    assert_frame_equal(rows.filter(pl.col("seed") < 2).drop("run_id", "test_shared"), first.drop("run_id", "test_shared"),
                       check_row_order=False)
    (line,) = printed(mine, "show", "mine", "--by", "weak", "--columns", "gain")
    assert line["seeds"] == 6 and line["gain"] == pytest.approx(rows["gain"].mean(), rel=1e-9)


@pytest.mark.slow
def test_8_the_runs_of_two_machines_are_one_table(mine: Command) -> None:
    words = (*MINE, "--weak", "random-features[width=8]", *LEAST)
    for seeds, machine in (("0..1", "a"), ("2..3", "b"), ("0..3", "c")):
        mine("run", *words, "--seeds", seeds, "--store", f"store-{machine}", "-o", machine, check=0)
    both, one = (printed(mine, "show", *runs, "--by", "weak", "--columns", "gain,misfit") for runs in (("a", "b"), ("c",)))
    assert len(both) == len(one) == 1 and both[0]["seeds"] == 4
    for name in ("gain", "gain_low", "gain_high", "misfit", "misfit_low"):
        assert both[0][name] == pytest.approx(one[0][name], rel=1e-12), name


@pytest.mark.slow
def test_9_latex_and_pandas(mine: Command) -> None:
    pandas = pytest.importorskip("pandas")
    mine("run", *MINE, "--weak", "random-features[width=8]", *LEAST, "--seeds", "0..3", "-o", "r", check=0)
    frame = pandas.read_parquet(mine.folder / "r" / "rows.parquet")
    latex = mine("show", "r", "--latex", check=0).stdout
    assert r"\toprule" in latex and latex.count(r"\begin{tabular}") == latex.count(r"\end{tabular}") == 1
    head = next(line for line in latex.splitlines() if "err student" in line and "&" in line)
    first = latex.split(r"\midrule", 1)[1].strip().splitlines()[0]
    heads, cells = (line.strip().removesuffix(r"\\").split("&") for line in (head, first))
    shown = dict(zip((head.strip().partition(",")[0] for head in heads), cells, strict=True))
    for head, name in (("err weak", "err_weak"), ("err student", "err_student"), ("misfit", "misfit")):
        assert float(shown[head].split()[0]) == pytest.approx(frame[name].mean(), rel=5e-3)
    assert "_" not in latex.replace(r"\_", "") and "%" not in latex.replace(r"\%", "").partition("\n")[2]


@pytest.mark.slow
def test_10_my_result_for_somebody_else(mine: Command, tmp_path_factory: pytest.TempPathFactory) -> None:
    mine("run", *MINE, "--weak", "random-features[width=8]", *LEAST, "--seeds", "0..3", "-o", "r", check=0)
    mine("show", "r", "--publish", "mine-for-you", "--predictions", check=0)
    elsewhere = Command(tmp_path_factory.mktemp("elsewhere"))
    (mine.folder / "mine-for-you").rename(elsewhere.folder / "theirs")
    before = pl.read_parquet(elsewhere.folder / "theirs" / "rows.parquet")
    said = elsewhere("rescore", "theirs", check=0).stdout
    assert "4 of 4 cells measured again, no fit" in said
    after = pl.read_parquet(elsewhere.folder / "theirs" / "rows.parquet")
    for name in ("gain", "misfit", "err_student", "projection"):
        np.testing.assert_allclose(after[name], before[name], rtol=1e-9)
    assert elsewhere("predict", "theirs", check=0).stdout and elsewhere("show", "theirs", check=0).stdout
    files = list((elsewhere.folder / "theirs").rglob("*.*"))
    tables = [pl.read_parquet(path).write_json() for path in files if path.suffix == ".parquet"]
    assert len(tables) >= 4 and str(mine.folder) not in "".join(
        [*tables, *(path.read_text() for path in files if path.suffix != ".parquet" and path.is_file())])
