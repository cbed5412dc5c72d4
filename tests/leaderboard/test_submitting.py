"""A run as a submission: the same numbers, what proves them, and nothing of the machine that made it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import polars as pl
import pytest
from conftest import Command
from made_seasons import made_season, made_task
from polars.testing import assert_frame_equal

from w2s_bench.leaderboard.machine import this_machine
from w2s_bench.leaderboard.opening import opened
from w2s_bench.leaderboard.submission import Refused, Submission
from w2s_bench.leaderboard.submitting import submit

WORDS = ("zebediah", "quuxhost", "secretfolder", "hunter2hunter2")
ABOUT = Submission(name="mine", title="Mine", who=("Somebody",))


@pytest.fixture
def telling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command on a machine whose every name can be recognised, in a folder that holds a table."""
    folder = tmp_path / "zebediah" / "secretfolder"
    folder.mkdir(parents=True)
    lines = [f"{i},{i % 7},{i % 5},{2 * (i % 7) + i % 5 + i % 3}" for i in range(60)]
    (folder / "table.csv").write_text("\n".join(["id,a,b,y", *lines]) + "\n", encoding="utf-8")
    told = {"USER": "zebediah", "LOGNAME": "zebediah", "HOSTNAME": "quuxhost", "MY_API_KEY": "hunter2hunter2"}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("platform.node", lambda: "quuxhost.example.org")
    return Command(folder)


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Every text of every file, of tables decoded too."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        yield path.name, path.name
        yield path.name, path.read_bytes().decode("latin-1")
        if path.suffix == ".parquet":
            yield path.name, pl.read_parquet(path).select(pl.exclude(pl.Float64)).write_ndjson()
            yield path.name, str(pl.read_parquet_metadata(path))


def test_no_file_holds_a_folder_a_user_a_host_or_a_key(telling: Command) -> None:
    folder = telling.folder
    telling("run", "--task", f'arrays[path="{folder}/table.csv"]', "--weak", "random-features[width=8]", "--strong", "raw",
            "--strategy", "ridge", "--keep", "all", "-o", "r", "--executor", "here", check=0)
    rows = pl.read_parquet(folder / "r" / "rows.parquet")
    broke = pl.lit(f"cannot read '{folder}/table two.csv' for zebediah on quuxhost: hunter2hunter2 is wrong\nTraceback: /usr/lib")
    failed = rows.with_columns(cell_key=pl.lit("lost-cell"), status=pl.lit("failed"), error=broke, seed=pl.lit(9, pl.Int64))
    pl.concat([rows, failed.select(rows.columns)]).write_parquet(folder / "r" / "rows.parquet")
    said = telling("leaderboard", "submit", "r", "--name", "mine", "--title", "Mine", "--who", "Somebody", "-o", "sent", check=0)
    found = {(word, name) for name, text in texts(folder / "sent") for word in (*WORDS, str(folder)) if word in text.casefold()}
    assert found == set()
    assert 'the truth of arrays[path="{data}/table.csv"] stays here' in said.stdout
    with opened(folder / "sent") as sent:
        assert sent.tasks == ('arrays[path="{data}/table.csv"]',) and 'path=\\"{data}/table.csv\\"' in sent.spec
        table = sent.table(sent.tasks[0])
        assert table is not None and table.height and "truth" not in table["predictor"]
        assert sent.rows["error"].to_list()[-1] == "cannot read …/table two.csv for … on …: … is wrong"
        kept = pl.read_parquet(next((folder / "r" / "predictions").glob("arrays*")))
        assert_frame_equal(table, _sent_of(kept, sent.rows).filter(pl.col("predictor") != "truth"))


def _sent_of(kept: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """All but what references answer on the student's inputs."""
    references = [key for role in ("gold", "base", "shuffled") for key in rows[f"predictor_{role}"].drop_nulls().to_list()]
    return kept.filter(~pl.col("predictor").is_in(references) | (pl.col("split") == "test"))


def test_what_is_sent_has_the_numbers_and_the_truth_of_the_run(kept_run: Path, tmp_path: Path) -> None:
    written = submit(kept_run, tmp_path / "sent", ABOUT)
    assert (written.rows, written.kept, written.home, written.renamed) == (2, 2, {}, {})
    assert submit(kept_run, tmp_path / "again", ABOUT) == written, "same run, same bytes: these hold the digests of all files"
    for name in ("rows.parquet", "bounds.parquet", "predictions/facts.parquet",
                 *(path.relative_to(kept_run).as_posix() for path in (kept_run / "predictions").glob("diabetes-*"))):
        kept = pl.read_parquet(kept_run / name)
        kept = _sent_of(kept, pl.read_parquet(kept_run / "rows.parquet")) if "diabetes" in name else kept
        assert_frame_equal(pl.read_parquet(tmp_path / "sent" / name), kept, check_row_order=False)
    assert "w2s-bench run spec.toml --keep all -o run" in (tmp_path / "sent" / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_published_table_is_submitted_too(kept_run: Path, tmp_path: Path) -> None:
    command = Command(tmp_path)
    command("show", str(kept_run), "--publish", "published", "--predictions", check=0)
    written = submit(tmp_path / "published", tmp_path / "sent", ABOUT)
    assert (written.rows, written.kept) == (2, 2)
    with opened(tmp_path / "sent") as sent:
        assert sent.spec and not sent.versions and len(sent.facts()) == 4


def test_a_strategy_that_was_given_truth_stands_in_its_division(kept_run: Path, tmp_path: Path) -> None:
    shutil.copytree(kept_run, tmp_path / "run")
    rows = pl.read_parquet(kept_run / "rows.parquet").with_columns(pl.lit(0.1).alias("truth_share"))
    rows.write_parquet(tmp_path / "run" / "rows.parquet")
    assert submit(tmp_path / "run", tmp_path / "sent", ABOUT).submission.division_of("ridge") == "some-truth"


def test_a_season_says_whose_truth_stays(kept_run: Path, tmp_path: Path) -> None:
    task = msgspec.structs.replace(made_task("diabetes"), truth="from-task", licence="as its owner says")
    written = submit(kept_run, tmp_path / "sent", ABOUT, season=made_season((task,)))
    assert written.home == {"diabetes": "as its owner says"}
    kept = pl.read_parquet(next((kept_run / "predictions").glob("diabetes-*")))
    sent = pl.read_parquet(next((tmp_path / "sent" / "predictions").glob("diabetes-*")))
    rows = pl.read_parquet(kept_run / "rows.parquet")
    assert_frame_equal(sent, _sent_of(kept, rows).filter(pl.col("predictor") != "truth"))


def test_an_id_that_tells_of_the_machine_is_refused(kept_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "patient")
    with pytest.raises(Refused, match=r"predictions/diabetes-\w+\.parquet, column id: this would hold the name of this machine"):
        submit(kept_run, tmp_path / "sent", ABOUT)
    assert not (tmp_path / "sent").exists() and list(tmp_path.iterdir()) == []


def test_a_user_may_be_called_as_a_strategy_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("USER", "LOGNAME", "HOSTNAME"):
        monkeypatch.setenv(name, "Ridge")
    assert "Ridge" not in this_machine().names
    monkeypatch.setenv("USER", "zebediah")
    machine = this_machine(tmp_path)
    assert machine.told_by("ridge[penalty=1]") == "" and machine.told_by("kg/m, a/b and 3 /4, wiki/home/x") == ""
    for text in ("of Zebediah's", f"at {tmp_path}/x", "in /home/bob/x", "~/x", "C:\\x", f"ghp_{'a1' * 18}"):
        assert machine.told_by(text) and machine.told_by(machine.without(text)) == "", text


@pytest.mark.slow
def test_two_files_of_one_name_need_the_folder_of_both(telling: Command) -> None:
    tasks = []
    for name in ("one", "two"):
        (telling.folder / name).mkdir()
        table = (telling.folder / "table.csv").read_text(encoding="utf-8")
        (telling.folder / name / "table.csv").write_text(f"{table}{name},1,2,{len(tasks)}\n", encoding="utf-8")
        tasks += ["--task", f"arrays[path={name}/table.csv]"]
    telling("run", *tasks, "--weak", "random-features[width=8]", "--strong", "raw", "--strategy", "ridge", "-o", "r",
            "--executor", "here", check=0)
    words = ("leaderboard", "submit", "r", "--name", "mine", "--title", "Mine", "--who", "Somebody", "-o", "sent")
    assert "say with --data which folder holds all files" in telling(*words, check=2).stderr
    telling(*words, "--data", ".", check=0)
    with opened(telling.folder / "sent") as sent:
        assert sent.tasks == ('arrays[path="{data}/one/table.csv"]', 'arrays[path="{data}/two/table.csv"]')
    telling("run", "sent/spec.toml", "--data", ".", "-o", "again", "--executor", "here", check=0)
    keys = [set(pl.read_parquet(telling.folder / name / "rows.parquet")["cell_key"]) for name in ("r", "again")]
    assert keys[0] == keys[1], "the spec that was sent makes the same cells again, wherever the files lie"


def test_a_folder_that_holds_something_is_left_alone(w2s: Callable[..., object], kept_run: Path, tmp_path: Path) -> None:
    (tmp_path / "sent").mkdir()
    (tmp_path / "sent" / "mine.txt").write_text("mine", encoding="utf-8")
    words = ("leaderboard", "submit", str(kept_run), "--name", "mine", "--title", "Mine", "--who", "Somebody", "-o", "sent")
    command = Command(tmp_path)
    assert "there is something here already" in command(*words, check=2).stderr
    assert "no division is called 'all'" in command(*words, "--division", "all", check=2).stderr
    assert "`name` is no name" in command(*words[:-2], "-o", "other", "--name", "Mine!", check=2).stderr
    assert "no season is called 'pilot/1'" in command(*words, "--season", "pilot/1", "--board", "nowhere", check=2).stderr
    assert [path.name for path in (tmp_path / "sent").iterdir()] == ["mine.txt"] and not (tmp_path / "other").exists()
