"""`show --across-seeds`: what a run keeps is enough, its seeds are those that share a test sample, and the rest is counted."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from conftest import Command
from distributions import install
from scipy.stats import skew, t

STRANGERS = """
@hookimpl
def w2s_bounds():
    yield BoundEntry("spread", "strangers_bounds:Spread")
    yield BoundEntry("faulty", "strangers_bounds:Faulty")
class Spread:
    statement, source, divergences = "the student's errors over seeds", "made up", frozenset({"squared"})
    capabilities = frozenset({"across_seeds"})
    seed_terms = (SeedTerm(name="range", meaning="max - min of D(y, f_sw)", above="the student's error varies"),)
    def __call__(self, sample, facts):
        return None
    def across_seeds(self, samples):
        errors = [sample.err_student for sample in samples]
        return {"range": max(errors, key=lambda e: e.mean()) - min(errors, key=lambda e: e.mean())}
class Faulty(Spread):
    def across_seeds(self, samples):
        return {"rnage": samples[0].gain}
"""
RUN = ("run", "--task", "arrays[path=t.csv]", "--weak", "random-features[width=8,redraw=true]", "--strong", "raw",
       "--supervisor", "ridge", "--strategy", "ridge")
QUICKSTART = Path(__file__).parents[2] / "leaderboard" / "studies" / "quickstart"


def written(folder: Path, *, given: bool = True) -> None:
    """180 rows of numbers; with one test sample for every seed, or none said."""
    draw = np.random.default_rng(1)
    x = draw.standard_normal((180, 3))
    table = pl.DataFrame(x, schema=list("abc")).with_columns(
        y=pl.Series(np.sin(x).sum(axis=1) + 0.1 * draw.standard_normal(180)))
    parts = pl.Series("split", np.array(["supervise", "transfer", "test"])[np.arange(180) % 3])
    (table.with_columns(parts) if given else table).write_csv(folder / "t.csv")


@pytest.fixture
def run(w2s: Command) -> Path:
    """Four seeds of one configuration, with one test sample."""
    written(w2s.folder)
    w2s(*RUN, "--seeds", "0..3", "-o", "r", check=0)
    return w2s.folder / "r"


def told(w2s: Command, *words: str) -> dict[str, dict[str, str]]:
    """The lines of `--csv` by term."""
    lines = list(csv.DictReader(io.StringIO(w2s("show", *words, "--across-seeds", "--csv", check=0).stdout)))
    return {line["term"]: line for line in lines}


def kept(run: Path) -> tuple[Path, pl.DataFrame, list[str], list[str]]:
    """The file of predictions, its table, and the keys of teachers and students in the order of seeds."""
    (path,) = (run / "predictions").glob("arrays*.parquet")
    rows = pl.read_parquet(run / "rows.parquet").sort("seed")
    return path, pl.read_parquet(path), rows["predictor_weak"].to_list(), rows["predictor_student"].to_list()


def answers(table: pl.DataFrame, predictor: str) -> np.ndarray:
    of_one = table.filter((pl.col("predictor") == predictor) & (pl.col("split") == "test"))
    return of_one.unique("id").sort("id")["value_0"].to_numpy()


def test_terms_and_intervals_are_those_of_the_predictions_that_lie_there(w2s: Command, run: Path) -> None:
    _, table, weak, student = kept(run)
    y, f_w, f_sw = answers(table, "truth"), *(np.stack([answers(table, key) for key in keys]) for keys in (weak, student))
    mean = f_w.mean(axis=0)
    gain, misfit = ((y - f_w)**2 - (y - f_sw)**2).mean(axis=0), ((f_sw - f_w)**2).mean(axis=0)
    spread, to_mean = ((f_w - mean)**2).mean(axis=0), ((f_sw - mean)**2).mean(axis=0)
    on_mean = ((y - mean)**2 - (y - f_sw)**2).mean(axis=0)
    covariance = 2.0 * ((f_sw - f_sw.mean(axis=0)) * (f_w - mean)).mean(axis=0)
    found = told(w2s, "r")
    wanted = {"gain": gain, "misfit": misfit, "variance": spread, "gain_on_mean": on_mean, "misfit_to_mean": to_mean,
              "covariance": covariance, "gain_less_misfit": gain - misfit, "nearer_to_mean": misfit - to_mean,
              "nearer_than_teachers": spread - to_mean}
    assert list(found) == list(wanted)
    for term, values in wanted.items():
        line, n = found[term], len(values)
        assert (line["seeds"], line["examples"], line["divergence"]) == ("4", "60", "squared")
        assert float(line["mean"]) == pytest.approx(values.mean(), rel=1e-9, abs=1e-12)
        se, g, quantile = values.std(ddof=1) / math.sqrt(n), skew(values, bias=False) / math.sqrt(n), t.ppf(0.975, n - 1)

        def hall(q: float, g: float = g) -> float:
            """The inverse of Hall's transformation."""
            return 3.0 / g * (np.cbrt(1.0 + g * (q - g / 6.0)) - 1.0)

        ends = values.mean() - se * max(quantile, hall(quantile)), values.mean() + se * max(quantile, -hall(-quantile))
        assert (float(line["low"]), float(line["high"])) == pytest.approx(ends, rel=1e-6), term
        assert line["side"] == ("above" if ends[0] > 0.0 else "below" if ends[1] < 0.0 else "noise")
    assert spread.mean() > 0.0
    shown = w2s("show", "r", "--across-seeds", check=0).stdout
    assert "4 seeds; 60 test examples" in shown and "over test examples, of these very seeds" in shown


def test_of_a_student_that_is_the_mean_of_its_teachers_the_gain_is_the_misfit_whatever_order_the_examples_lie_in(
        w2s: Command, run: Path) -> None:
    path, table, weak, student = kept(run)
    mean = table.filter(pl.col("predictor").is_in(weak), pl.col("split") == "test").group_by("id").agg(pl.col("value_0").mean())
    changed = table.join(mean, on="id", how="left", suffix="_mean").with_columns(
        value_0=pl.when(pl.col("predictor").is_in(student) & (pl.col("split") == "test"))
        .then("value_0_mean").otherwise("value_0")).drop("value_0_mean").select(table.columns)
    reverse = changed.filter(pl.col("seed") == 2)[::-1]
    pl.concat([changed.filter(pl.col("seed") != 2), reverse]).write_parquet(path)
    found = told(w2s, "r")
    assert float(found["gain"]["mean"]) == pytest.approx(float(found["variance"]["mean"]), rel=1e-9)
    assert found["gain_less_misfit"]["side"] == "zero" and found["misfit_to_mean"]["side"] == "zero"
    assert "Of 1 configuration: the gain is the misfit in 1." in w2s("show", "r", "--across-seeds", check=0).stdout


def test_a_folder_that_was_published_with_its_predictions_says_the_same_and_one_without_says_why_not(
        w2s: Command, run: Path) -> None:
    w2s("show", "r", "--publish", "with", "--predictions", check=0)
    w2s("show", "r", "--publish", "without", check=0)
    assert told(w2s, "with") == told(w2s, "r") == told(w2s, "with/rows.parquet")
    said = w2s("show", "without", "--across-seeds", check=0).stdout
    assert "says nothing of 1 configuration: no predictions kept" in said and "--keep test" in said


def test_two_seeds_and_test_samples_of_their_own_and_one_teacher_for_all_are_counted_with_the_reason(
        w2s: Command, run: Path) -> None:
    few = json.loads(w2s("show", "r", "--across-seeds", "--where", "seed < 2", "--json", check=0).stdout)
    assert few["lines"] == [] and [line["reason"] for line in few["unsaid"]] == ["fewer than 3 seeds"]
    w2s(*[word.replace("redraw=true", "redraw=false") for word in RUN], "--seeds", "0..2", "-o", "alike", check=0)
    assert "the teacher answers alike in every seed (1)" in w2s("show", "alike", "--across-seeds", check=0).stdout
    written(w2s.folder, given=False)
    w2s(*RUN, "--seeds", "0..2", "-o", "apart", check=0)
    assert "seeds with test examples of their own (1)" in w2s("show", "apart", "--across-seeds", check=0).stdout
    pl.read_parquet(run / "rows.parquet").drop("fingerprint_test").write_parquet(run / "rows.parquet")
    assert "rows that do not say which test examples their seeds share (1)" in w2s("show", "r", "--across-seeds", check=0).stdout


def test_an_option_that_says_another_table_is_refused(w2s: Command) -> None:
    said = w2s("show", str(QUICKSTART), "--across-seeds", "--by", "strategy", check=2).stderr
    assert "--across-seeds does not go with --by" in said


def test_a_strangers_bound_over_seeds_is_asked_too_and_one_that_breaks_costs_itself_alone(
        w2s: Command, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    install(site, monkeypatch, "strangers", {"strangers": "strangers_bounds"}, strangers_bounds=STRANGERS)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH", "")])))
    said = Command(w2s.folder, apart=True)("show", "r", "--across-seeds", "--json", check=0).stdout
    found = json.loads(said)
    assert {line["bound"] for line in found["lines"]} == {"bias-variance", "spread"}
    errors = pl.read_parquet(run / "rows.parquet")["err_student"].to_list()
    (line,) = (line for line in found["lines"] if line["bound"] == "spread")
    assert line["mean"] == pytest.approx(max(errors) - min(errors), rel=1e-9) and line["term"] == "range"
    assert [line["reason"] for line in found["unsaid"]] == ["it raises KeyError: 'range'"]
