"""What is there is what was asked for: all else is put aside, said and computed again, and nobody's files are deleted."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from damaging import OTHERS, put_in_place

from w2s_bench.contracts.errors import StoreError
from w2s_bench.store.artifacts import AbsentArtifact, Artifact, DamagedArtifact, Store

KEY, OTHER = "ab" * 32, "ac" * 32
BIG = np.arange(20_000.0)


def saved(tmp_path: Path, key: str = KEY, values: np.ndarray = BIG) -> Store:
    store = Store(str(tmp_path / "store"))
    store.save(key, Artifact({"a": values}, {"of": key}), about={"recipe": {"stage": "fit"}})
    return store


def place_of(store: Store, key: str = KEY) -> Path:
    return Path(store.root) / key[:2] / key


def test_a_sound_artifact_of_another_key_is_not_served(tmp_path: Path) -> None:
    store = saved(tmp_path)
    saved(tmp_path, OTHER, BIG + 1)
    shutil.rmtree(place_of(store))
    shutil.copytree(place_of(store, OTHER), place_of(store))
    for read in (store.payload, store.load):
        with pytest.raises(DamagedArtifact) as told:
            read(KEY)
    assert KEY[:12] in told.value.what and len(told.value.message().splitlines()) <= 2
    assert store.about(KEY) is None and len(list((tmp_path / "store" / "aside").iterdir())) == 1
    saved(tmp_path)
    assert store.load(KEY).payload == {"of": KEY} and store.load(OTHER).arrays["a"][0] == 1.0


@pytest.mark.parametrize("what", OTHERS)
@pytest.mark.parametrize("where", ["", "arrays.safetensors", "meta.json"])
def test_what_lies_in_place_of_an_artifact_is_put_aside_and_the_artifact_saved_again(tmp_path: Path, what: str,
                                                                                    where: str) -> None:
    store = saved(tmp_path)
    put_in_place(what, place_of(store) / where if where else place_of(store))
    assert store.about(KEY) is None or where == "arrays.safetensors"
    with pytest.raises(DamagedArtifact):
        store.load(KEY)
    saved(tmp_path)
    assert Store(store.url).load(KEY).arrays["a"].tobytes() == BIG.tobytes()
    if (what == "folder" and where) or (what, where) == ("file", ""):
        assert [path for path in (tmp_path / "store" / "aside").rglob("*") if path.is_file() and path.read_bytes() == b"mine"]
    if what == "link to outside":
        assert (tmp_path / "outside" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("what", [what for what in OTHERS if what != "folder"])
@pytest.mark.parametrize("where", ["ab", "tmp", "aside", "checkpoints"])
def test_what_lies_in_place_of_a_folder_of_the_store_is_put_aside_and_said(tmp_path: Path, what: str, where: str) -> None:
    store = saved(tmp_path)
    put_in_place(what, tmp_path / "store" / where)
    said = store.put_in_order()
    assert len(said) == 1 and where in said[0] and store.put_in_order() == []
    saved(tmp_path)
    assert store.keys() == {KEY} and store.load(KEY).arrays["a"].tobytes() == BIG.tobytes()


@pytest.mark.parametrize("what", [what for what in OTHERS if what != "file"])
def test_what_lies_in_place_of_a_pack_is_put_aside_and_said(tmp_path: Path, what: str) -> None:
    store = saved(tmp_path, values=np.arange(3.0))
    (pack,) = (tmp_path / "store" / "packs").iterdir()
    put_in_place(what, pack)
    (said,) = store.put_in_order()
    assert pack.name in said and store.put_in_order() == [] and store.keys() == set()
    with pytest.raises(AbsentArtifact):
        store.load(KEY)
    saved(tmp_path, values=np.arange(3.0))
    assert store.load(KEY).payload == {"of": KEY}


@pytest.mark.parametrize("what", [what for what in OTHERS if what != "folder"])
def test_without_a_word_before_it_a_save_makes_its_own_way(tmp_path: Path, what: str) -> None:
    store = Store(str(tmp_path / "store"))
    (tmp_path / "store").mkdir()
    for folder in ("ab", "tmp"):
        put_in_place(what, tmp_path / "store" / folder)
    saved(tmp_path)
    assert store.load(KEY).payload == {"of": KEY}


def test_absent_is_not_damaged_and_a_reader_drops_nothing(tmp_path: Path) -> None:
    store = saved(tmp_path)
    (place_of(store) / "meta.json").rename(place_of(store) / "meta.json.part")
    with pytest.raises(AbsentArtifact):
        store.load(KEY)
    assert (place_of(store) / "arrays.safetensors").exists()
    saved(tmp_path)
    assert store.load(KEY).payload == {"of": KEY}
    with pytest.raises(AbsentArtifact):
        store.load(OTHER)


def test_a_look_for_what_is_not_there_leaves_nothing_behind(tmp_path: Path) -> None:
    store = saved(tmp_path)
    before = sorted(path for path in (tmp_path / "store").rglob("*"))
    with pytest.raises(AbsentArtifact):
        store.load(OTHER)
    assert sorted((tmp_path / "store").rglob("*")) == before
    with pytest.raises(AbsentArtifact):
        Store(str(tmp_path / "nowhere")).load(KEY)
    assert not (tmp_path / "nowhere").exists()


def test_a_store_that_is_deleted_under_a_run_is_written_again(tmp_path: Path) -> None:
    store = saved(tmp_path)
    shutil.rmtree(store.root)
    with pytest.raises(AbsentArtifact):
        store.load(KEY)
    assert store.keys() == set() and store.about(KEY) is None and store.latest(KEY) is None and store.notes("costs") == set()
    saved(tmp_path)
    store.remember(KEY, OTHER)
    assert store.load(KEY).payload == {"of": KEY} and store.latest(KEY) == OTHER


def test_an_artifact_that_does_not_say_whose_it_is_is_computed_again(tmp_path: Path) -> None:
    import json

    from w2s_bench.contracts.digests import canonical_json
    from w2s_bench.store.sealed import sha256

    store = saved(tmp_path)
    meta = json.loads((place_of(store) / "meta.json").read_bytes())
    old = {name: meta[name] for name in ("payload", "about", "arrays_sha256")}
    old["meta_sha256"] = sha256(canonical_json(old).encode())
    (place_of(store) / "meta.json").write_text(canonical_json(old))
    with pytest.raises(DamagedArtifact, match="older version"):
        store.load(KEY)


def test_a_drop_leaves_what_another_process_has_put_there_meanwhile(tmp_path: Path) -> None:
    store = saved(tmp_path)
    inode = place_of(store).stat().st_ino
    place_of(store).rename(tmp_path / "old")
    saved(tmp_path)
    store.place.remove(f"ab/{KEY}", inode)
    assert store.load(KEY).payload == {"of": KEY}


@pytest.mark.parametrize("in_place", ["a file", "nothing to be written"])
def test_a_root_that_cannot_be_a_store_is_told_in_words(tmp_path: Path, in_place: str) -> None:
    root = tmp_path / "store"
    if in_place == "a file":
        root.write_text("mine")
    else:
        root.mkdir(mode=0o500)
    import os

    store = Store(str(root))
    if in_place == "a file" or os.geteuid() != 0:
        with pytest.raises(StoreError, match="cannot write"):
            store.save(KEY, Artifact(), about={})
