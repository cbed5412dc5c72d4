"""A run gets more seeds in its own folder: what is finished stays, and nothing narrower or other takes its place."""

from __future__ import annotations

import tomllib
from pathlib import Path

import polars as pl
import pytest
from conftest import Command, untimed_rows
from polars.testing import assert_frame_equal

import w2s_bench as w2s
from w2s_bench.contracts.errors import UsageError
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.planning.wider import is_wider, ranges, with_seeds

MATRIX = ("--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "--executor", "here")
SPEC = RunSpec("t", (Matrix(("a",), ("m", "n"), seeds=(0, 1)), Matrix(("b",), ("m", "n"), seeds=(0, 2))))


def test_seeds_are_written_as_ranges() -> None:
    assert ranges((0, 1, 2, 5, 7, 8)) == "0..2,5,7..8" and ranges(()) == ""


def test_wider_is_the_same_with_more_seeds_in_every_matrix() -> None:
    wide = with_seeds(SPEC, (0, 1, 2, 3))
    assert is_wider(wide, than=SPEC) and not is_wider(SPEC, than=wide) and is_wider(SPEC, than=SPEC)
    assert not is_wider(RunSpec("u", wide.matrices), than=SPEC) and not is_wider(RunSpec("t", wide.matrices[:1]), than=SPEC)
    with pytest.raises(UsageError, match="the run has the seed 2 too") as caught:
        with_seeds(SPEC, (0, 1))
    assert "--seeds 0..2" in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("words", [("w2s-runs/mine",), ("mine",), ("min",)])
def test_a_run_gets_more_seeds_by_its_name(w2s: Command, words: tuple[str, ...]) -> None:
    w2s("run", *MATRIX, "--seeds", "0..1", "-o", "w2s-runs/mine", "--quiet", check=0)
    folder = w2s.folder / "w2s-runs" / "mine"
    before = untimed_rows(folder)
    planned = w2s("plan", *words, "--seeds", "0..3", check=0).stdout
    assert "8 cells" in planned
    done = w2s("run", *words, "--seeds", "0..3", "--executor", "here", check=0)
    assert "8 ok; 56 jobs computed" in done.stdout, done.stdout
    after = untimed_rows(folder)
    kept = after.filter(pl.col("seed") < 2)
    assert_frame_equal(kept.drop("run_id"), before.drop("run_id"), check_exact=True, check_row_order=False)
    spec = (folder / "spec.toml").read_text()
    assert tomllib.loads(spec)["matrix"][0]["seeds"] == [0, 1, 2, 3]
    assert "; 0 jobs computed" in w2s("run", *words, "--executor", "here", check=0).stdout
    assert (folder / "spec.toml").read_text() == spec and untimed_rows(folder).equals(after)


def test_a_narrower_spec_and_other_words_are_refused(w2s: Command) -> None:
    w2s("run", *MATRIX, "--seeds", "0..2", "-o", "r", "--quiet", check=0)
    assert "w2s-bench run r" in w2s("run", *MATRIX, "--seeds", "0", "-o", "r", check=2).stderr
    said = w2s("run", "r", "--seeds", "2..5", check=2).stderr
    assert "the run has the seeds 0..1 too" in said and "--seeds 0..5" in said
    assert "seeds alone, not with strategies" in w2s("run", "r", "--strategy", "ridge", check=2).stderr
    other = w2s("run", *MATRIX, "--seeds", "0..5", "--strategy", "least-squares", "-o", "r", check=2).stderr
    assert "belongs to another spec" in other and "its own spec.toml" in other


def test_a_wider_spec_goes_into_the_folder_of_the_narrower(w2s: Command) -> None:
    w2s("run", *MATRIX, "--seeds", "1", "-o", "r", "--quiet", check=0)
    w2s("run", *MATRIX, "--seeds", "0..1", "-o", "r", "--quiet", check=0)
    assert sorted(untimed_rows(w2s.folder / "r")["seed"]) == [0, 0, 1, 1]


def test_nothing_runs_into_a_published_folder(w2s: Command) -> None:
    w2s("run", *MATRIX, "-o", "r", "--quiet", check=0)
    w2s("show", "r", "--publish", "published", check=0)
    for words in (("published",), ("published", "--seeds", "0..1"), (*MATRIX, "-o", "published")):
        assert "published table, not a run" in w2s("run", *words, check=2).stderr
    w2s("run", "published/spec.toml", "-o", "again", "--quiet", check=0)


def test_a_suite_comes_before_a_run_of_its_name(w2s: Command) -> None:
    w2s("run", *MATRIX, "-o", "quickstart", "--quiet", check=0)
    assert "the suite quickstart" in w2s("plan", "quickstart", check=0).stdout
    assert "the spec of quickstart" in w2s("plan", "./quickstart", check=0).stdout


def test_a_misspelt_run_is_named_with_the_near_one(w2s: Command) -> None:
    w2s("run", *MATRIX, "-o", "w2s-runs/molecules-1", "--quiet", check=0)
    assert "did you mean molecules-1" in w2s("run", "molecuels-1", check=2).stderr


def test_python_widens_a_run_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = {"tasks": "diabetes", "models": ["raw", "random-features[width=8]"]}
    run = w2s.run(**words, folder="r", store="s", executor="here")  # type: ignore[arg-type]
    assert run.folder is not None
    assert w2s.run(run.folder, seeds=range(2), store="s", executor="here").rows["seed"].n_unique() == 2
