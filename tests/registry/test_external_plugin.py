"""A separate distribution, installed by pip: listed, run, scored, and isolated when it breaks."""

from __future__ import annotations

import json
import os
from pathlib import Path

import polars as pl
import pytest
from conftest import Command, untimed_rows
from polars.testing import assert_frame_equal

from w2s_bench.contracts.kinds import KINDS, Kind

SOURCE = Path(__file__).parents[1] / "external_plugin"


MATRIX = ("--task", "waves", "--weak", "powers[degree=2]", "--strong", "powers[degree=[3,7]]", "--supervisor", "plain", "-o", "r")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.plural)
def test_it_offers_one_of_every_kind_and_ls_lists_it(outside: Command, kind: Kind) -> None:
    listed = json.loads(outside("ls", kind.plural, "--json", check=0).stdout)[kind.plural]
    mine = [entry for entry in listed if entry["name"].startswith("w2s_external/")]
    assert mine and all(entry["summary"] for entry in mine)


@pytest.mark.slow
def test_a_model_is_pretrained_on_a_strangers_descriptors_and_a_suite_of_its_runs(outside: Command) -> None:
    (outside.folder / "texts.csv").write_text("text,y\n" + "".join(f"{'word ' * (n % 7 + 1)},{n % 7}\n" for n in range(60)))
    nano = "nano[width=16,layers=1,steps=4,corpus=task,objective=descriptors,descriptors=lengths]"
    outside("run", "--task", "text[path=texts.csv,label=y]", "--weak", nano, "--strong", nano, "-o", "n", check=0)
    assert "2 ok" in outside("run", "waves-first", "-o", "s", check=0).stdout


def test_it_is_listed_and_runs_and_scores(outside: Command) -> None:
    assert "w2s_external/waves" in outside("ls", "tasks", check=0).stdout
    assert "w2s-external 0.3.0" in outside("plugin", "ls", check=0).stdout
    outside("run", *MATRIX, "--strategy", "plain", check=0)
    rows = pl.read_parquet(outside.folder / "r" / "rows.parquet")
    assert rows["status"].to_list() == ["ok", "ok"] and rows["direction"].to_list() == ["weak-to-strong"] * 2
    assert (rows["ledger_residue"] <= 1e-9 * (1 + rows["gain"].abs())).all()
    assert rows["err_base"].null_count() == 2
    assert outside("tally", "r", check=0).stdout == "2 records\n"


@pytest.mark.parametrize(("fault", "status"), [("raise", "failed"), ("nan", "diverged"), ("shape", "failed"), ("memory", "oom"),
                                               pytest.param("die", "lost", marks=pytest.mark.slow),
                                               pytest.param("hang", "timeout", marks=pytest.mark.slow)])
@pytest.mark.slow
def test_a_strategy_that_breaks_costs_its_own_cells_only(outside: Command, fault: str, status: str) -> None:
    done = outside("run", *MATRIX, "--strategy", f"plain[fault=[no,{fault}]]", "--timeout", "15" if fault != "hang" else "4",
                   check=3)
    assert "Traceback" not in done.stderr
    rows = pl.read_parquet(outside.folder / "r" / "rows.parquet")
    by_strategy = dict(rows.group_by("strategy").agg(pl.col("status").unique()).iter_rows())
    assert by_strategy == {"plain[fault=no]": ["ok"], f"plain[fault={fault}]": [status]}
    broken = rows.filter(pl.col("status") != "ok")
    assert broken["error"].null_count() == 0
    stage = "predict" if fault in ("nan", "shape") else "fit"
    assert broken["error"].str.starts_with(f"{stage} of plain[fault={fault}] (w2s_external), the strategy: ").all()
    placed = broken["error"].str.contains("(w2s_external/components.py:", literal=True)
    assert placed.all() == (fault in ("raise", "memory", "hang"))


@pytest.mark.slow
def test_a_strangers_executor_is_listed_and_gives_the_rows_of_local(outside: Command) -> None:
    assert "w2s_external/counting" in outside("ls", "executors", check=0).stdout
    words = (*MATRIX[:-2], "--strategy", "plain", "--seeds", "0..1")
    counted = {}
    for folder, executor in (("r", "local"), ("all", "counting"), ("one", "counting[most=1]")):
        done = outside("run", *words, "--executor", executor, "--store", f"{folder}-store", "-o", folder, check=0)
        counted[executor] = [line for line in done.stderr.splitlines() if line.startswith("counted")]
        assert_frame_equal(untimed_rows(outside.folder / folder), untimed_rows(outside.folder / "r"), check_exact=True)
    jobs = json.loads(outside("plan", *words, "--json", check=0).stdout)["jobs"]
    assert counted["counting"] == counted["counting[most=1]"] == [f"counted {sum(jobs.values())} ok"]
    assert "counting cannot end a job" in outside("run", *words, "--executor", "counting", "--timeout", "9", check=2).stderr


def test_a_missing_extra_says_what_to_install(outside: Command) -> None:
    done = outside("run", "--task", "waves", "--weak", "powers", "--strong", "starlight", check=2)
    assert "starlight needs the extra 'telescope'" in done.stderr and "pip install 'w2s-external[telescope]'" in done.stderr


@pytest.mark.parametrize(("what", "said"), [
    ("raise", "observer w2s_external: RuntimeError: observed ok"), ("exit", "observer w2s_external: SystemExit: enough of r"),
    ("change", "")])
@pytest.mark.slow
def test_an_observer_neither_ends_a_run_nor_changes_a_row(outside: Command, monkeypatch: pytest.MonkeyPatch, what: str,
                                                          said: str) -> None:
    monkeypatch.setenv("W2S_EXTERNAL_OBSERVER", what)
    done = outside("run", *MATRIX, "--strategy", "plain", check=0)
    assert said in done.stderr
    rows = pl.read_parquet(outside.folder / "r" / "rows.parquet")
    assert set(rows["status"]) == {"ok"} and (rows["gain"] != 0.0).all() and "mine" not in rows["flags"].explode().to_list()


@pytest.mark.slow
def test_a_plan_says_which_part_of_a_stale_cell_changed(outside: Command, installed: Path) -> None:
    words = (*MATRIX[:-2], "--strategy", "plain")
    outside("run", *words, "-o", "r", check=0)
    assert "stale" not in outside("plan", *words, check=0).stdout
    source = installed / "w2s_external" / "components.py"
    before = source.read_text()
    try:
        source.write_text(before + "\n# another version\n")
        said = outside("plan", *words, check=0).stdout
    finally:
        source.write_text(before)
    assert "stale: 2 cells, because the source package of w2s_external/waves changed" in said


@pytest.mark.slow
def test_two_plugins_that_claim_one_name_are_both_refused(outside: Command, installed: Path, tmp_path: Path) -> None:
    rival = tmp_path / "rival" / "rival-1.0.dist-info"
    rival.mkdir(parents=True)
    (rival / "METADATA").write_text("Metadata-Version: 2.1\nName: rival\nVersion: 1.0\n")
    (rival / "entry_points.txt").write_text("[w2s_bench]\nw2s_external = json\nbroken = no_such_module\n")
    os.environ["PYTHONPATH"] = f"{rival.parent}{os.pathsep}{os.environ['PYTHONPATH']}"
    done = outside("plugin", "doctor", check=3)
    assert "w2s-external 0.3.0" in done.stdout and "rival 1.0" in done.stdout
    assert "no_such_module" in done.stdout and "Traceback" not in done.stdout
    assert "Traceback" in outside("plugin", "doctor", "--verbose", check=3).stdout
    listed = outside("ls", "tasks", check=0)
    assert "waves" not in listed.stdout and "diabetes" in listed.stdout


CLASSES = ("--task", "sentences", "--models", "letters[width=[4,32]]", "--supervisor", "logistic", "-o", "r")


@pytest.mark.slow
def test_a_model_of_twenty_lines_and_a_loss_of_ten_join_the_comparison(outside: Command) -> None:
    for name, most in (("letters.py", 20), ("cautious.py", 10)):
        lines = (SOURCE / "w2s_external" / name).read_text().partition('"""\n')[2].splitlines()
        assert sum(bool(line.strip()) for line in lines) <= most
    assert "cautious" in outside("ls", "losses", check=0).stdout
    losses = "mlp-head[hidden=0,epochs=5,loss=[xent,cautious[share=0.3]]]"
    outside("run", *CLASSES, "--strategy", "logistic", "--strategy", losses, "--seeds", "0..1", check=0)
    rows = pl.read_parquet(outside.folder / "r" / "rows.parquet")
    assert rows.height == 2 * 3 * 2 and set(rows["status"]) == {"ok"}
    assert (rows["ledger_residue"] <= 1e-9 * (1 + rows["gain"].abs())).all() and set(rows["residue_01"]) == {0.0}
    cautious = rows.filter(pl.col("strategy").str.contains("cautious"))
    assert set(cautious["strategy"]) == {"mlp-head[hidden=0,epochs=5,loss=cautious[share=0.3]]"}
    assert cautious["gain"].n_unique() == cautious.height


@pytest.mark.slow
def test_each_text_is_embedded_once_per_model_whatever_the_tasks_seeds_pairs_and_losses(
        outside: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("W2S_EXTERNAL_LOG", str(outside.folder / "read.txt"))
    spec = outside.folder / "both.toml"
    models = 'models = ["letters[width=[4,16,32]]"]\nseeds = "0..2"\n'
    spec.write_text(f'''[[matrix]]
tasks = ["sentences"]\nsupervisors = ["logistic"]
strategies = ["logistic", "hard[student=logistic]", "mlp-head[hidden=0,epochs=2]"]\n{models}
[[matrix]]
tasks = ["sentences[reading=number]"]\n{models}''')
    outside("run", str(spec), "-o", "r", check=0)
    rows = pl.read_parquet(outside.folder / "r" / "rows.parquet")
    assert rows.height == 6 * 3 * (3 + 1) and set(rows["status"]) == {"ok"}
    read = [line.split() for line in (outside.folder / "read.txt").read_text().splitlines()]
    assert sorted(read) == [["16", "400"], ["32", "400"], ["4", "400"]]


@pytest.mark.slow
def test_pairs_that_cannot_be_fitted_are_refused_one_by_one_or_left_out(outside: Command) -> None:
    words = ("--task", "sentences", "--weak", "letters[width=4]", "--strong", "letters[width=32]", "--supervisor", "logistic",
             "--strategy", "logistic", "--strategy", "ridge", "--strategy", "finetune")
    said = outside("plan", *words, check=2).stderr
    assert "ridge fits numbers, and sentences has classes (1 cell)" in said and "logistic" in said
    assert "finetune trains a network, and letters[width=32] offers none (1 cell)" in said and "--skip-incompatible" in said
    assert "Traceback" not in said
    said = outside("plan", *words, "--skip-incompatible", check=0).stdout
    assert "1 cells" in said and said.count("left out: 1 cells") == 2
    outside("run", *words, "--skip-incompatible", "-o", "r", check=0)
    assert pl.read_parquet(outside.folder / "r" / "rows.parquet")["strategy"].to_list() == ["logistic"]


@pytest.mark.slow
def test_a_strangers_kind_of_output_is_predicted_scored_and_put_in_words(outside: Command) -> None:
    assert "w2s_external/rates" in outside("ls", "outputs", check=0).stdout
    shown = outside("show-task", "floods", "--examples", "1", check=0).stdout
    assert "a rate in m³/s" in shown and "geometric mean" in shown
    words = ("--task", "floods", "--weak", "powers[degree=1]", "--strong", "powers[degree=5]", "--supervisor", "log-plain")
    assert "plain fits numbers, and floods has rates" in outside("plan", *words, "--strategy", "plain", check=2).stderr
    outside("run", *words, "--strategy", "log-plain", "-o", "r", check=0)
    row = pl.read_parquet(outside.folder / "r" / "rows.parquet").row(0, named=True)
    assert row["status"] == "ok" and row["divergence"] == "itakura-saito" and row["output_unit"] == "m³/s"
    assert row["ledger_residue"] <= 1e-9 * (1 + abs(row["gain"])) and row["err_student"] < row["err_weak"]
