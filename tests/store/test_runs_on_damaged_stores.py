"""Whatever befalls a store between two runs or under one, the same command ends with the same rows, and says what happened."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Command, untimed_rows
from damaging import OTHERS, put_in_place
from polars.testing import assert_frame_equal
from stored import abouts, damage

WORDS = ("run", "--task", "mlp[supervise=900,transfer=900,test=3000]", "--models", "random-features[width=[8,24]]",
         "--store", "store", "--executor", "here", "--quiet")
"""Their predictions lie in folders, their fits in packs."""

STAGES = ("load", "prepare", "embed", "compare", "fit", "predict", "score")


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    w2s = Command(tmp_path_factory.mktemp("calm"))
    w2s(*WORDS, "-o", "r", check=0)
    assert {about["recipe"]["stage"] for about in abouts(w2s.folder / "store").values()} == set(STAGES)
    assert any((w2s.folder / "store").glob("??/*/meta.json"))
    return w2s.folder


def ends_the_same(calm: Path, folder: Path, harm: Callable[[Path], None]) -> str:
    """What the command says on a copy of the store that was harmed; its rows are those of the calm run."""
    shutil.copytree(calm / "store", folder / "store", symlinks=True)
    harm(folder / "store")
    w2s = Command(folder)
    done = w2s(*WORDS, "-o", "r", check=0)
    assert "Traceback" not in done.stderr
    assert_frame_equal(untimed_rows(calm / "r"), untimed_rows(folder / "r"), check_exact=True)
    w2s(*WORDS, "-o", "again", check=0)
    assert_frame_equal(untimed_rows(calm / "r"), untimed_rows(folder / "again"), check_exact=True)
    return done.stderr


def test_an_artifact_of_each_stage_damaged_is_said_and_recomputed(calm: Path, tmp_path: Path) -> None:
    def harm(store: Path) -> None:
        known = abouts(store)
        for stage in STAGES:
            damage(store, max(key for key, about in known.items() if about["recipe"]["stage"] == stage))

    assert "damaged" in ends_the_same(calm, tmp_path, harm)


@pytest.mark.slow
@pytest.mark.parametrize("what", OTHERS)
@pytest.mark.parametrize("of", ["packs", "a pack", "shelves", "artifacts", "arrays.safetensors", "meta.json", "tmp"])
def test_something_else_in_the_place_of_what_a_store_holds_is_said_and_recomputed(calm: Path, tmp_path: Path, what: str,
                                                                                  of: str) -> None:
    def harm(store: Path) -> None:
        (store / "tmp").mkdir(exist_ok=True)
        places = {"packs": [store / "packs"], "a pack": list((store / "packs").iterdir()), "tmp": [store / "tmp"],
                  "shelves": list(store.glob("??")), "artifacts": list(store.glob("??/*"))}
        for place in places.get(of) or list(store.glob(f"??/*/{of}")):
            put_in_place(what, place)

    ends_the_same(calm, tmp_path, harm)


@pytest.mark.slow
@pytest.mark.parametrize("harm", [lambda data: b"", lambda data: data[:len(data) // 3], lambda data: data[:-1],
                                  lambda data: b"\0" * len(data), lambda data: data + b"W2SPACK1" + data[:1000]])
def test_files_emptied_cut_zeroed_or_longer_are_recomputed(calm: Path, tmp_path: Path, harm: Callable[[bytes], bytes]) -> None:
    def harmed(store: Path) -> None:
        for path in store.rglob("*"):
            if path.is_file():
                path.write_bytes(harm(path.read_bytes()))

    ends_the_same(calm, tmp_path, harmed)


@pytest.mark.slow
def test_bytes_that_flip_anywhere_are_recomputed(calm: Path, tmp_path: Path) -> None:
    def harm(store: Path) -> None:
        draws = random.Random(3)
        for path in sorted(store.rglob("*")):
            if path.is_file():
                data = bytearray(path.read_bytes())
                for _ in range(3):
                    data[draws.randrange(len(data))] ^= 1 << draws.randrange(8)
                path.write_bytes(data)

    ends_the_same(calm, tmp_path, harm)


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["deleted", "a file", "packs deleted", "packs truncated"])
def test_a_store_that_is_harmed_under_a_run_ends_it_in_words_or_not_at_all(calm: Path, tmp_path: Path, harm: str) -> None:
    w2s = Command(tmp_path)
    words = tuple(word for word in WORDS if word not in ("--executor", "here"))
    store = tmp_path / "store"
    for moment in (0.0, 0.1, 0.3):
        process = w2s.start(*words, "-j", "2", "-o", "r")
        while process.poll() is None and not any(store.glob("packs/*")):
            time.sleep(0.01)
        time.sleep(moment)
        if harm == "deleted":
            shutil.rmtree(store, ignore_errors=True)
        elif harm == "a file" and store.exists():
            store.rename(tmp_path / f"was-{moment}")
            store.write_text("mine")
        elif harm == "packs deleted":
            shutil.rmtree(store / "packs", ignore_errors=True)
        else:
            for pack in store.glob("packs/*"):
                os.truncate(pack, pack.stat().st_size // 2)
        assert process.wait(timeout=120) in (0, 3)
        if store.is_file():
            store.unlink()
    done = w2s(*words, "-o", "r", check=0)
    assert "Traceback" not in done.stderr
    assert_frame_equal(untimed_rows(calm / "r"), untimed_rows(tmp_path / "r"), check_exact=True)
