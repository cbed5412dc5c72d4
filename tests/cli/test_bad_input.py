"""Bad input, through the real command: one clear message, the right exit code, no traceback."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest
from conftest import Command, untimed_rows
from polars.testing import assert_frame_equal
from stored import abouts, damage

PAIR = ("--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]")


def _says(command: Command, words: tuple[str, ...], *texts: str, code: int = 2) -> None:
    done = command(*words)
    assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}"
    assert "Traceback" not in done.stderr
    for text in texts:
        assert text in done.stderr, done.stderr


@pytest.mark.parametrize(("words", "texts"), [
    (("run", "--task", "diabets", "--models", "r*"), ("unknown task 'diabets'", "diabetes")),
    (("run", "--task", "diabetes", "--models", "rawr", "--models", "raw"), ("unknown model 'rawr'", "raw")),
    (("run", *PAIR, "--strategy", "rigde"), ("unknown strategy 'rigde'", "ridge")),
    (("run", *PAIR, "--strategy", "ridge[penalt=1]"), ("no parameter 'penalt'", "penalty")),
    (("run", *PAIR, "--strategy", "@nowhere"), ("no strategy has the tag @nowhere", "regression")),
    (("run", "--task", "diabetes", "--models", "zz*"), ("no model matches zz*",)),
    (("run", *PAIR, "--strategy", "ridge[penalty=-1]"), ("out of range",)),
    (("run", *PAIR, "--strategy", "ridge[penalty=much]"), ("should be a number or auto",)),
    (("run", "--task", "diabetes", "--models", "raw", "--models", "random-features[width=8.5]"), ("should be a whole number",)),
    (("run", *PAIR, "--seeds", "zero"), ("cannot read 'zero' as whole numbers",)),
    (("run", *PAIR, "--strategy", "ridge["), ("expected parameter=value at character 7",)),
    (("run", "quickstrat"), ("unknown suite 'quickstrat'", "quickstart")),
    (("run", "--task", "diabetes", "--models", "raw"), ("at least two models",)),
    (("run", "--task", "diabetes"), ("no pair of models",)),
    (("run", "nowhere.toml"), ("no such spec file",)),
    (("show", "nowhere"), ("no such run",)),
    (("rnu",), ("no command 'rnu'", "run")),
    (("run", *PAIR, "--name", "../escaped"), ("cannot name a folder",)),
    (("run", *PAIR, "--seeds", "-1"), ("from 0 to",)),
    (("run", *PAIR, "--seeds", "99999999999999999999"), ("cannot read",)),
    (("run", *PAIR, "--strategy", "adamw-head[epochs=99999999999999999999999]"), ("should be a whole number",)),
])
def test_a_wrong_word_is_named_with_the_nearest_right_one(w2s: Command, words: tuple[str, ...], texts: tuple[str, ...]) -> None:
    _says(w2s, words, *texts)


@pytest.mark.parametrize(("text", "texts"), [
    ("name = \n", ("not valid TOML", "line 1")),
    ("name = 'x'\nmatrx = 1\n", ("unknown key 'matrx'", "matrix")),
    ("name = 'x'\n[[matrix]]\ntasks = ['diabetes']\nmodel = ['raw']\n", ("unknown key 'model'", "models")),
    ("name = 'x'\n", ("no [[matrix]]",)),
    ("name = 'x'\n[[matrix]]\ntasks = ['diabetes']\nmodels = ['raw', 'raw*']\nstrategies = []\n", ("no strategy",)),
    ("name = '../x'\n[[matrix]]\ntasks = ['diabetes']\nmodels = ['raw']\n", ("cannot name a folder",)),
])
def test_a_spec_that_cannot_be_read_is_named_with_its_place(w2s: Command, text: str, texts: tuple[str, ...]) -> None:
    (w2s.folder / "spec.toml").write_text(text)
    _says(w2s, ("run", "spec.toml"), "spec.toml", *texts)


@pytest.mark.parametrize(("name", "content", "texts"), [
    ("a.csv", b"x,y\n1,\xff\xfe\n" * 9, ("UTF-8",)),
    ("a.csv", b"x,z\n" + b"1,2\n" * 9, ("'y'",)),
    ("a.csv", b"x,y\n" + b"1,2\n" * 8 + b"1,two\n", ("two",)),
    ("a.csv", b"x,y\n" + b"1,2\n" * 8 + b"1,nan\n", ("nan",)),
    ("a.csv", b"x,y\n" + b"1,2\n" * 8 + b"1,inf\n", ("inf",)),
    ("a.csv", b"x,y\n1,2\n", ("1 ",)),
])
def test_a_table_that_cannot_be_scored_says_where(w2s: Command, name: str, content: bytes, texts: tuple[str, ...]) -> None:
    (w2s.folder / name).write_bytes(content)
    done = w2s("run", "--task", f"arrays[path={name}]", "--models", "raw", "--models", "random-features[width=8]", "-o", "r")
    assert done.returncode in (2, 3) and "Traceback" not in done.stderr
    assert name in done.stderr
    for text in texts:
        assert text.lower() in done.stderr.lower(), done.stderr


def test_an_npz_that_holds_objects_is_refused_unread(w2s: Command) -> None:
    np.savez(w2s.folder / "a.npz", x=np.array([{"a": 1}] * 9, dtype=object), y=np.arange(9.0))
    done = w2s("run", "--task", "arrays[path=a.npz]", "--models", "raw", "--models", "random-features[width=8]", "-o", "r")
    assert done.returncode in (2, 3) and "a.npz" in done.stderr and "object" in done.stderr and "Traceback" not in done.stderr


TEXTS = "\n".join(["text,label"] + [f"word {i},{i % 5}" for i in range(40)]) + "\n"


@pytest.mark.parametrize(("files", "text"), [
    ({}, "no such"),
    ({"config.json": b'{"model_type": "gpt2"}'}, "weights"),
    ({"config.json": b'{"model_type": "gpt2"}', "pytorch_model.bin": b"cos\nsystem\n"}, "pickled"),
])
def test_a_model_folder_that_cannot_be_used_says_why(w2s: Command, files: dict[str, bytes], text: str) -> None:
    (w2s.folder / "t.csv").write_text(TEXTS)
    for name, content in files.items():
        (w2s.folder / "model").mkdir(exist_ok=True)
        (w2s.folder / "model" / name).write_bytes(content)
    done = w2s("run", "--task", "text[path=t.csv]", "--weak", "nano[width=16,layers=1,steps=0,corpus=python]", "--strong",
               "hf[path=./model]", "-o", "r")
    assert done.returncode in (2, 3) and "Traceback" not in done.stderr and text in done.stderr, done.stderr


def test_splits_that_share_ids_are_refused(w2s: Command) -> None:
    parts = ["supervise", "transfer", "test"]
    lines = ["id,x,y,split"] + [f"{i % 20},{i},{i * i % 7},{parts[i % 3]}" for i in range(60)]
    (w2s.folder / "a.csv").write_text("\n".join(lines) + "\n")
    done = w2s("run", "--task", "arrays[path=a.csv]", "--models", "raw", "--models", "random-features[width=8]", "-o", "r")
    assert done.returncode in (2, 3) and "Traceback" not in done.stderr and "a.csv" in done.stderr, done.stderr


def test_a_model_that_reads_another_column_says_which_there_are(w2s: Command) -> None:
    done = w2s("run", "--task", "diabetes", "--weak", "raw", "--strong", "given[column=calc]", "-o", "r", check=2)
    assert "the strong model given[column=calc] reads the input 'calc', and diabetes has x" in done.stderr


def test_a_store_that_cannot_be_written_ends_the_run(w2s: Command) -> None:
    (w2s.folder / "file").write_text("")
    _says(w2s, ("run", *PAIR, "--store", "file/store", "-o", "r"), "file/store", "--store", code=3)
    assert json.loads(w2s("status", "r", "--json", check=0).stdout)["statuses"] == {"interrupted": 2}


def test_constant_labels_and_overlapping_splits_are_flagged(w2s: Command) -> None:
    lines = ["x,z,y"] + [f"{i % 7},{i % 5},3" for i in range(300)]
    (w2s.folder / "a.csv").write_text("\n".join(lines) + "\n")
    w2s("run", "--task", "arrays[path=a.csv]", "--models", "raw", "--models", "random-features[width=8]", "-o", "r", check=0)
    rows = json.loads(w2s("show", "r", "--json", check=0).stdout)
    assert all({"constant-labels", "splits-overlap"} <= set(row["flags"]) for row in rows)


def test_a_folder_of_another_spec_is_refused(w2s: Command) -> None:
    w2s("run", *PAIR, "-o", "r", check=0)
    _says(w2s, ("run", *PAIR, "--seeds", "1", "-o", "r"), "belongs to another spec", "-o")
    (w2s.folder / "full").mkdir()
    (w2s.folder / "full" / "thesis.txt").write_text("mine")
    _says(w2s, ("run", *PAIR, "-o", "full"), "not a run folder")


def test_a_folder_in_use_is_refused(w2s: Command) -> None:
    from filelock import FileLock

    w2s("run", *PAIR, "-o", "r", check=0)
    with FileLock(w2s.folder / "r" / "lock"):
        _says(w2s, ("run", *PAIR, "-o", "r"), "a live run is using this folder")


def test_a_folder_that_cannot_be_written_is_refused(w2s: Command) -> None:
    (w2s.folder / "file").write_text("")
    _says(w2s, ("run", *PAIR, "-o", "file/r"), "cannot write here")


@pytest.mark.slow
def test_a_full_disk_costs_the_cells_that_it_hits_and_a_larger_one_finishes_them(w2s: Command) -> None:
    small = w2s.folder / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small disk can be mounted by root only")
    try:
        _says(w2s, ("run", *PAIR, "--store", "small/store", "-o", "r"), "No space left on device", "free some disk", code=3)
    finally:
        subprocess.run(["umount", str(small)], check=True)
    w2s("run", *PAIR, "--store", "store", "-o", "r", check=0)


@pytest.mark.slow
def test_a_damaged_artifact_is_dropped_recomputed_and_warned_of(w2s: Command) -> None:
    w2s("run", *PAIR, "--store", "store", "-o", "r", check=0)
    scores = [key for key, about in abouts(w2s.folder / "store").items() if about["recipe"]["stage"] == "score"]
    damage(w2s.folder / "store", scores[0])
    done = w2s("run", *PAIR, "--store", "store", "-o", "again", check=0)
    assert "damaged" in done.stderr and "1 jobs computed" in done.stdout
    assert_frame_equal(untimed_rows(w2s.folder / "r"), untimed_rows(w2s.folder / "again"), check_exact=True)


def test_debug_shows_the_traceback(w2s: Command) -> None:
    assert "Traceback" in w2s("run", "quickstrat", "--debug").stderr
