"""No more room: a line that says so and exit code 3, whichever file it is; with room the same command goes on."""

from __future__ import annotations

import contextlib
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from conftest import Command

RUN = ("run", "--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "--strategy", "ridge", "--seeds",
       "0..1", "--also", "diabetes[limit=200]", "--executor", "here", "--store", "s", "-o", "r")


@contextlib.contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    """What is written past these bytes of a file fails as on a full disk: Python ignores the signal."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    command = Command(tmp_path_factory.mktemp("finished"))
    command(*RUN, check=0, page=True)
    return command.folder


@pytest.mark.slow
@pytest.mark.parametrize("some", [slice(2, None, 6), pytest.param(slice(None), marks=pytest.mark.slow)])
def test_any_file_of_a_run_folder_may_be_the_one_for_which_there_is_no_room(finished: Path, w2s: Command, some: slice) -> None:
    shutil.copytree(finished / "s", w2s.folder / "s")
    files = sorted((finished / "r").rglob("*.*"), key=lambda path: path.stat().st_size)
    sizes = sorted({path.stat().st_size for path in files if path.is_file() and path.name != "finished.json"})
    assert len(sizes) > 8
    for size in [0, *sizes[:-1]][some]:  # the next larger file finds no room
        shutil.rmtree(w2s.folder / "r", ignore_errors=True)
        with _files_of_at_most(size):
            done = w2s(*RUN, page=True)
        assert done.returncode == 3 and "Traceback" not in done.stderr, (size, done.stderr)
        assert done.stderr.count("error: ") == 1 and "cannot write" in done.stderr, (size, done.stderr)
        done = w2s(*RUN, check=0, page=True)
        assert not list((w2s.folder / "r").rglob("*.new"))
        for name in ("rows.parquet", "bounds.parquet", "terms.parquet", "also.parquet"):
            assert pl.read_parquet((w2s.folder / "r" / name).read_bytes()).height == \
                pl.read_parquet((finished / "r" / name).read_bytes()).height
        assert [path.name for path in sorted((w2s.folder / "r" / "predictions").iterdir())] == \
            [path.name for path in sorted((finished / "r" / "predictions").iterdir())]


@pytest.mark.parametrize("words", [
    ("report", "r"), ("rescore", "r"), ("plot", "gain-misfit", "r", "-o", "f.html"),
    ("show", "r", "--publish", "p", "--predictions")])
def test_other_commands_say_that_there_is_no_room(finished: Path, w2s: Command, words: tuple[str, ...]) -> None:
    shutil.copytree(finished / "r", w2s.folder / "r")
    before = {path: path.read_bytes() for path in (w2s.folder / "r").rglob("*") if path.is_file()}
    with _files_of_at_most(600):
        done = w2s(*words)
    assert done.returncode in (2, 3) and "Traceback" not in done.stderr and done.stderr.count("error: ") == 1, done.stderr
    assert {path: path.read_bytes() for path in (w2s.folder / "r").rglob("*") if path.is_file()} == before
