"""The command line as a user and a program meet it."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib

import polars as pl
import pytest
from conftest import Command

SMALL = ("--task", "diabetes", "--models", "raw", "--models", "random-features[width=[8,16]]", "--seeds", "0..1")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Command:
    folder = tmp_path_factory.mktemp("cli")
    Command(folder, apart=True)("run", *SMALL, "-o", "r", check=0)
    return Command(folder)


@pytest.mark.parametrize("words", [("--help",), ("ls",), ("ls", "models", "--json"), ("plugin", "ls"), ("run", "--help")])
def test_looking_around_imports_nothing_heavy(w2s: Command, words: tuple[str, ...]) -> None:
    code = ("import sys\nfrom w2s_bench.cli.main import main\ntry:\n    main()\nfinally:\n"
            "    heavy = ('torch', 'transformers', 'datasets', 'polars', 'sklearn')\n"
            "    print([m for m in heavy if m in sys.modules], file=sys.stderr)")
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, env=w2s.environment)
    assert done.returncode == 0 and done.stderr.strip() == "[]", done.stderr


def test_importing_the_package_imports_nothing_of_its_own() -> None:
    code = "import sys, w2s_bench; print([m for m in sys.modules if m.startswith('w2s_bench.') or m == 'numpy'])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_flags_and_the_spec_that_they_print_are_the_same_run(finished: Command) -> None:
    spec = finished("run", *SMALL, "--print-spec", check=0).stdout
    assert tomllib.loads(spec)["matrix"][0]["seeds"] == [0, 1]
    (finished.folder / "same.toml").write_text(spec)
    assert finished("run", "same.toml", "--print-spec", check=0).stdout == spec
    assert "0 jobs computed" in finished("run", "same.toml", "-o", "r", check=0).stdout


def test_models_stand_for_all_pairs_in_both_directions(finished: Command) -> None:
    rows = pl.read_parquet(finished.folder / "r" / "rows.parquet")
    pairs = set(rows.select("weak", "strong").iter_rows())
    assert len(pairs) == 6 and all((strong, weak) in pairs for weak, strong in pairs)
    sized = rows.filter(pl.col("direction_by") == "size")
    assert set(sized.select("weak", "direction").iter_rows()) == {
        ("random-features[width=8]", "weak-to-strong"), ("random-features[width=16]", "strong-to-weak")}


def test_show_filters_sorts_groups_and_prints_for_programs(finished: Command) -> None:
    rows = json.loads(finished("show", "r", "--where", "weak == raw", "--sort", "-gain", "--json", check=0).stdout)
    assert len(rows) == 4 and [r["gain"] for r in rows] == sorted((r["gain"] for r in rows), reverse=True)
    csv = finished("show", "r", "--csv", "--columns", "weak,gain,flags", check=0).stdout.splitlines()
    assert csv[0] == "weak,gain,flags" and len(csv) == 13
    assert "raw" in finished("show", "r", "--by", "weak", check=0).stdout
    meanings = finished("show", "--columns", check=0).stdout
    assert "gain_over_misfit" in meanings and "uses truth" in meanings
    assert "nearest" not in finished("show", "r", "--sort", "gian").stderr
    assert "did you mean gain" in finished("show", "r", "--sort", "gian").stderr


@pytest.mark.slow
def test_status_and_report_and_plan_speak_of_the_run(finished: Command) -> None:
    assert json.loads(finished("status", "r", "--json", check=0).stdout)["statuses"] == {"ok": 12}
    assert finished("report", "r", check=0).stdout.strip().endswith("report.html")
    plan = finished("plan", *SMALL, check=0).stdout
    assert "12 cells" in plan and "nothing to compute" in plan


def test_quiet_prints_nothing(finished: Command) -> None:
    done = finished("run", *SMALL, "-o", "r", "--quiet", check=0)
    assert done.stdout == done.stderr == ""


def test_registered_names_complete_in_the_shell(w2s: Command) -> None:
    environment = {**w2s.environment, "_W2S_BENCH_COMPLETE": "bash_complete", "COMP_WORDS": "w2s-bench run --task diab",
                   "COMP_CWORD": "3"}
    done = subprocess.run(w2s.words(), capture_output=True, text=True, env=environment)
    assert "plain,diabetes" in done.stdout, done.stdout + done.stderr


def test_published_predictions_give_the_row_again(finished: Command) -> None:
    import numpy as np

    rows = pl.read_parquet(finished.folder / "r" / "rows.parquet")
    (file,) = (finished.folder / "r" / "predictions").glob("diabetes-*.parquet")
    table = pl.read_parquet(file).filter(pl.col("split") == "test")
    row = rows.row(0, named=True)

    def values(predictor: str) -> np.ndarray:
        found = table.filter((pl.col("predictor") == predictor) & (pl.col("seed") == row["seed"])).sort("id")
        return found["value_0"].to_numpy()

    truth, weak, student = values("truth"), values(row["predictor_weak"]), values(row["predictor_student"])
    gain = ((truth - weak) ** 2 - (truth - student) ** 2).mean()
    assert gain == pytest.approx(row["gain"], rel=1e-12) and ((student - weak) ** 2).mean() == pytest.approx(row["misfit"])


def test_every_identity_and_every_certified_bound_holds_on_the_rows(finished: Command) -> None:
    rows = pl.read_parquet(finished.folder / "r" / "rows.parquet")
    bounds = pl.read_parquet(finished.folder / "r" / "bounds.parquet")
    assert (rows["ledger_residue"] <= 1e-9 * (1 + rows["gain"].abs())).all()
    assert bounds.filter(pl.col("all_assumptions") & (pl.col("verdict") == "violated")).is_empty()
