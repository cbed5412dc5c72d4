"""What a person names is read literally and looked at before it is read; what lies in a run folder is not trusted."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from conftest import Command

from w2s_bench.running.folder import in_use, locked

PAIR = ("--models", "raw", "--models", "random-features[width=8]", "--executor", "here")
RUN = ("run", "--task", "diabetes", *PAIR, "--store", "s", "-o")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    command = Command(tmp_path_factory.mktemp("finished"))
    command(*RUN, "r", check=0)
    return command.folder


@pytest.fixture
def beside(finished: Path, w2s: Command) -> Command:
    """The command in a folder of its own with the run r and its store."""
    shutil.copytree(finished / "s", w2s.folder / "s")
    shutil.copytree(finished / "r", w2s.folder / "r")
    return w2s


def _in_words(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code and "fault of w2s-bench" not in done.stderr, done.stdout + done.stderr
    assert "Traceback" not in done.stderr and all(word in done.stderr for word in words), done.stderr


@pytest.mark.slow
def test_a_path_is_no_pattern(beside: Command) -> None:
    for name in ("r1", "r2"):
        shutil.copytree(beside.folder / "r", beside.folder / name)
    for words in (("show",), ("status",), ("report",), ("plot", "gain-misfit"), ("predict",), ("rescore",)):
        _in_words(beside(*words, "r[12]"), 2, "no such run")
    for name in ("r[1]", "x* ?#", "-dash::\nb"):
        beside(*RUN[:-1], f"--out={name}", check=0)
        assert (beside.folder / name / "rows.parquet").is_file()
        for words in (("show", "--json"), ("status",)):
            _in_words(beside(*words, "--", name), 0)
    name = os.fsdecode(b"[no]*utf8-\xff")
    beside(*RUN[:-3], "--store", f"s{name}", "-o", name, page=True, check=0)
    assert (beside.folder / f"s{name}").is_dir()
    for words in (("show",), ("status",), ("report",), ("rescore",), ("show", "--publish", name + "2", "--predictions")):
        _in_words(beside(*words, name), 0)


@pytest.mark.slow
def test_what_is_no_file_is_told_before_it_is_read(w2s: Command) -> None:
    for name in ("spec.toml", "data.csv", "data.npz", "data.parquet", "data.jsonl"):
        os.mkfifo(w2s.folder / name)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(w2s.folder / "socket.csv"))
    (w2s.folder / "folder.toml").mkdir()
    with open(w2s.folder / "large.toml", "wb") as file:
        file.truncate(2_000_000_000)
    _in_words(w2s("run", "spec.toml"), 2, "spec.toml: this is a pipe, not a file")
    _in_words(w2s("plan", "folder.toml"), 2, "folder.toml: this is a folder, not a file")
    _in_words(w2s("run", "large.toml"), 2, "large.toml: 2,000 MB is too large, at most 4 MB are read")
    for name in ("data.csv", "data.npz", "data.parquet", "data.jsonl", "socket.csv", "/dev/zero"):
        kind = {"/": "a device", "s": "a socket"}.get(name[0], "a pipe")
        _in_words(w2s("run", "--task", f"arrays[path={name}]", *PAIR), 2, f"{name}: this is {kind}, not a file")
        _in_words(w2s("predict", "--weak", name, "--student", name), 2, f"{name}: this is {kind}, not a file")
    _in_words(w2s("plan", "--task", "diabetes", "--models", "raw", "--models", "nano[corpus=data.csv]"), 2, "this is a pipe")
    config = w2s.folder / "home" / "config" / "w2s-bench" / "config.toml"
    config.parent.mkdir(parents=True)
    os.mkfifo(config)
    _in_words(w2s("ls", "tasks"), 2, "config.toml: this is a pipe")


@pytest.mark.slow
def test_a_table_of_five_thousand_columns_is_read(w2s: Command) -> None:
    names = [f"c{j}" for j in range(5000)]
    lines = [",".join(["id", *names]), *(f"i{i}," + ",".join(str((i * j) % 7) for j in range(5000)) for i in range(8))]
    (w2s.folder / "wide.csv").write_text("\n".join(lines))
    w2s("plan", "--task", "arrays[path=wide.csv,label=c1]", *PAIR[:4], check=0)
    w2s("predict", "--weak", "wide.csv", "--student", "wide.csv", check=0)


@pytest.mark.parametrize("column", ["id", "y"])
def test_half_a_character_in_an_id_or_a_class_is_told_with_its_row(w2s: Command, column: str) -> None:
    rows = [{"id": str(i), "x": i % 7, "y": "ab"[i % 2], column: "a\ud800" if i == 5 else f"{'' if column == 'y' else i}b"}
            for i in range(30)]
    (w2s.folder / "t.json").write_text(json.dumps(rows))
    done = w2s("run", "--task", "arrays[path=t.json,output=classes]", *PAIR)
    _in_words(done, 2, rf"{column} of row 6 holds half a character, '\ud800' at position 2")


def test_a_data_file_whose_name_is_no_unicode_is_refused(w2s: Command) -> None:
    name = os.fsdecode(b"p\xff.csv")
    (w2s.folder / name).write_text("x,y\n" + "1,2\n" * 30)
    _in_words(w2s("run", "--task", f"arrays[path={name}]", *PAIR), 2, "no UTF-8", "rename the file")


FILES = ["spec.toml", "plan.parquet", "journal.jsonl", "rows.parquet", "bounds.parquet", "predictions", "env.json", "report.html",
         "finished.json", "lock", "rows.parquet.new", "report.html.new"]


def _put(place: Path, kind: str) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    if kind == "folder":
        place.mkdir()
        (place / "x").touch()
    elif kind == "pipe":
        os.mkfifo(place)
    elif kind == "link":
        place.symlink_to("/nowhere/at/all")
    else:
        place.write_bytes(b"PAR1\xff\x00{")


def _told_in_words(command: Command, name: str, kind: str, asked: tuple[tuple[str, ...], ...]) -> None:
    place = command.folder / "r" / name
    for words in asked:
        shutil.rmtree(command.folder / "r")
        shutil.copytree(command.folder / "kept", command.folder / "r")
        if words[0] == "run":
            (command.folder / "r" / "finished.json").unlink()
        _put(place, kind)
        done = command(*words)
        assert done.returncode in (0, 2, 3), (name, kind, done.stderr)
        _in_words(done, done.returncode)
        if words[0] == "run" and name.endswith(".new") and kind != "folder":
            assert done.returncode == 0 and not place.exists() and not place.is_symlink()


RUN_AGAIN = (*RUN, "r")


@pytest.mark.slow
def test_what_lies_in_a_files_place_in_a_run_folder_is_told_in_words(beside: Command) -> None:
    shutil.copytree(beside.folder / "r", beside.folder / "kept")
    for name in ("rows.parquet", "bounds.parquet", "spec.toml"):
        _told_in_words(beside, name, "pipe", (("show", "r"),))
    for name in ("plan.parquet", "journal.jsonl"):
        _told_in_words(beside, name, "folder", (("status", "r"),))
        _told_in_words(beside, name, "pipe", (("status", "r"),))
    for name, kind in (("journal.jsonl", "folder"), ("rows.parquet.new", "pipe"), ("rows.parquet.new", "folder"),
                       ("finished.json", "pipe"), ("predictions", "pipe"), ("lock", "folder")):
        _told_in_words(beside, name, kind, (RUN_AGAIN,))
    for name, kind in (("report.html", "folder"), ("report.html.new", "folder"), ("spec.toml", "garbage")):
        _told_in_words(beside, name, kind, (("report", "r"),))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "garbage"])
@pytest.mark.parametrize("name", FILES)
def test_whatever_lies_in_a_files_place_is_told_in_words(beside: Command, name: str, kind: str) -> None:
    shutil.copytree(beside.folder / "r", beside.folder / "kept")
    _told_in_words(beside, name, kind, (("status", "r"), ("show", "r"), ("report", "r"), ("rescore", "r"),
                                        ("show", "r", "--publish", "p", "--predictions"), RUN_AGAIN))


def test_what_a_killed_sitting_was_writing_is_cleared_away(beside: Command) -> None:
    for name in ("rows.parquet.new", "predictions/facts.parquet.new", "env.json.new", "report.html.new"):
        (beside.folder / "r" / name).write_text("half of it")
    beside(*RUN, "r", check=0)
    assert not list((beside.folder / "r").rglob("*.new"))


def test_who_asks_whether_a_run_is_live_never_keeps_one_from_starting(tmp_path: Path) -> None:
    asking = subprocess.Popen([sys.executable, "-c", f"""
from pathlib import Path
from w2s_bench.running.folder import in_use
print("asking", flush=True)
while True: in_use(Path({str(tmp_path)!r}))"""], stdout=subprocess.PIPE)
    try:
        with locked(tmp_path):
            assert in_use(tmp_path)
        assert asking.stdout is not None
        asking.stdout.readline()
        for _ in range(300):
            with locked(tmp_path):
                time.sleep(0)
    finally:
        asking.kill()
        asking.communicate()


def test_a_second_run_in_a_folder_is_refused_at_once(beside: Command) -> None:
    with locked(beside.folder / "r"):
        started = time.monotonic()
        _in_words(beside(*RUN, "r"), 2, "a live run is using this folder")
        assert time.monotonic() - started < 10
        assert json.loads(beside("status", "r", "--json", check=0).stdout)["statuses"] == {"ok": 2}
    assert pl.read_parquet((beside.folder / "r" / "rows.parquet").read_bytes()).height == 2
