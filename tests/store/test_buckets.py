"""A store among the objects of an S3 server, for real, on this machine: behind networks that lose, cut and change what passes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import numpy as np
import pytest
from conftest import Command, untimed_rows
from polars.testing import assert_frame_equal
from rough_network import Fault, Rough, always, first, often

from w2s_bench.contracts.digests import digest
from w2s_bench.contracts.errors import StoreError
from w2s_bench.store.artifacts import AbsentArtifact, Artifact, DamagedArtifact, Store
from w2s_bench.store.checkpoints import StoredBlocks, StoredCheckpoints

moto_server = pytest.importorskip("moto.server", reason="moto's S3 server is not installed")
pytest.importorskip("s3fs", reason="s3fs is not installed: pip install 'w2s-bench[s3]'")
pytestmark = pytest.mark.slow

BIG = np.arange(20_000.0)
KEYS = [digest(["bucket", number]) for number in range(40)]
Faults = Callable[[str, str], "Fault | None"]


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    import logging

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture
def bucket(server: int, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """The URL of an empty bucket; whoever asks reaches the server itself."""
    for name, value in (("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server}"), ("AWS_ACCESS_KEY_ID", "somebody"),
                        ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(name, value)
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    name = f"b{digest(request.node.nodeid)[:20]}"
    fsspec.filesystem("s3").mkdir(name)
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    return f"s3://{name}"


@pytest.fixture
def behind(server: int, monkeypatch: pytest.MonkeyPatch, bucket: str) -> Iterator[Callable[[Faults], Rough]]:
    """From now on the server is reached through a network with these faults."""
    import contextlib

    with contextlib.ExitStack() as stack:
        def made(faults: Faults) -> Rough:
            network = stack.enter_context(Rough(server, faults))
            monkeypatch.setenv("AWS_ENDPOINT_URL", network.url)
            fsspec.get_filesystem_class("s3").clear_instance_cache()
            return network

        yield made
        fsspec.get_filesystem_class("s3").clear_instance_cache()


def save(store: Store, *keys: str, values: np.ndarray = BIG) -> None:
    for key in keys:
        store.save(key, Artifact({"a": values}, {"of": key}), about={"seconds": 1.0})


def check(store: Store, *keys: str, values: np.ndarray = BIG) -> None:
    for key in keys:
        found = store.load(key)
        assert found.payload == {"of": key} and found.arrays["a"].tobytes() == values.tobytes()


def test_what_one_saves_others_list_and_read_at_once(bucket: str) -> None:
    writer, reader = Store(f"{bucket}/store"), Store(f"{bucket}/store")
    assert reader.keys() == set() and writer.shared
    save(writer, *KEYS[:2])
    assert reader.keys() == set(KEYS[:2])
    check(reader, *KEYS[:2])
    with writer.together():
        save(writer, *KEYS[2:40], values=np.arange(3.0))
        check(writer, KEYS[2], values=np.arange(3.0))
    assert reader.keys() == set(KEYS)
    check(reader, *KEYS[2:], values=np.arange(3.0))
    assert len(fsspec.filesystem("s3").find(f"{bucket}/store/packs")) <= 2
    for key in KEYS[:3]:
        writer.drop(key)
    assert reader.keys() == set(KEYS[3:])
    writer.remember(KEYS[0], KEYS[1])
    writer.write_note("costs", KEYS[5], b"five")
    assert reader.latest(KEYS[0]) == KEYS[1] and reader.latest(KEYS[7]) is None and reader.notes("costs") == {KEYS[5]}


@pytest.mark.slow
def test_checkpoints_and_blocks_lie_among_objects_too(bucket: str) -> None:
    store = Store(f"{bucket}/store")
    kept, blocks = StoredCheckpoints(store, KEYS[0]), StoredBlocks(store, KEYS[1])
    kept.save({"a": np.arange(3)})
    kept.save({"a": np.arange(4)})
    blocks.save("one", {"a": np.arange(5)})
    found, block = kept.load(), blocks.load("one")
    assert found is not None and found["a"].tolist() == [0, 1, 2, 3] and block is not None and len(block["a"]) == 5
    kept.drop()
    blocks.drop()
    assert kept.load() is None and blocks.load("one") is None and store.keys() == set()


@pytest.mark.parametrize("faults", [
    pytest.param(often(0.2, "reset", "late", "busy", "cut"), id="a fifth of the calls"),
    pytest.param(often(0.15, "flip"), id="flipped answers", marks=pytest.mark.slow),
    pytest.param(first("lost", "lost", method="PUT"), id="lost writes", marks=pytest.mark.slow),
    pytest.param(first("absent", of="meta.json", method="GET"), id="no to what is there", marks=pytest.mark.slow),
    pytest.param(first("absent", of="meta.json", method="HEAD"), id="no to a look", marks=pytest.mark.slow),
    pytest.param(first("flip", "flip", of="safetensors", method="GET"), id="arrays flipped", marks=pytest.mark.slow),
    pytest.param(first("cut", "cut", "cut", method="GET"), id="answers cut", marks=pytest.mark.slow)])
def test_what_fails_in_passing_is_tried_again_and_the_bytes_are_the_same(bucket: str, behind: Callable[[Faults], Rough],
                                                                        faults: Faults) -> None:
    network = behind(faults)
    store = Store(f"{bucket}/store")
    save(store, *KEYS[:4])
    with store.together():
        save(store, *KEYS[4:12], values=np.arange(3.0))
    reader = Store(f"{bucket}/store")
    check(reader, *KEYS[:4])
    check(reader, *KEYS[4:12], values=np.arange(3.0))
    assert reader.keys() == set(KEYS[:12])
    assert sum(network.seen.values()) > network.seen["none"]


@pytest.mark.slow
@pytest.mark.parametrize(("faults", "words"), [
    (always("expired"), "credentials"), (always("denied"), "credentials"), (always("denied", method="PUT"), "credentials"),
    (always("lost", method="PUT"), "not there afterwards")], ids=["expired", "denied", "read only", "nothing stays"])
def test_what_fails_for_good_is_told_in_words(bucket: str, behind: Callable[[Faults], Rough], faults: Faults, words: str,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    behind(faults)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    with pytest.raises(StoreError) as told:
        save(Store(f"{bucket}/store"), KEYS[0])
    assert words in told.value.message() and bucket in told.value.message() and len(told.value.message().splitlines()) <= 2


@pytest.mark.slow
def test_a_bucket_that_is_not_there_and_nobody_who_asks_are_told_in_words(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError, match="cannot write the store.*\n.*bucket"):
        save(Store("s3://nobody-has-made-this/store"), KEYS[0])
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    with pytest.raises(StoreError, match="credentials"):
        Store(f"{bucket}/store").keys()


@pytest.mark.slow
def test_arrays_without_meta_json_are_no_artifact_and_nobody_drops_them(bucket: str) -> None:
    files, store = fsspec.filesystem("s3"), Store(f"{bucket}/store")
    save(store, *KEYS[:2])
    folder = f"{bucket}/store/{KEYS[0][:2]}/{KEYS[0]}"
    files.rm_file(f"{folder}/meta.json")
    assert store.keys() == {KEYS[1]} and store.about(KEYS[0]) is None
    with pytest.raises(AbsentArtifact):
        Store(store.url).load(KEYS[0])
    assert len(files.find(folder)) == 1
    save(store, KEYS[0])
    check(Store(store.url), KEYS[0])


@pytest.mark.slow
@pytest.mark.parametrize("part", ["meta.json", "arrays.safetensors"])
@pytest.mark.parametrize("damage", [lambda data: data[:len(data) // 2], lambda data: b"", lambda data: data[:-1] + b"!"])
def test_an_object_that_is_damaged_at_rest_is_dropped_and_saved_again(bucket: str, part: str,
                                                                      damage: Callable[[bytes], bytes]) -> None:
    files, store = fsspec.filesystem("s3"), Store(f"{bucket}/store")
    save(store, *KEYS[:2])
    (path,) = (path for path in files.find(f"{bucket}/store/{KEYS[0][:2]}/{KEYS[0]}") if path.endswith(part))
    files.pipe_file(path, damage(files.cat_file(path)))
    with pytest.raises(DamagedArtifact):
        store.load(KEYS[0])
    assert store.keys() == {KEYS[1]}
    save(store, KEYS[0])
    check(Store(store.url), *KEYS[:2])


@pytest.mark.slow
def test_another_artifact_in_the_place_of_one_is_not_served(bucket: str) -> None:
    files, store = fsspec.filesystem("s3"), Store(f"{bucket}/store")
    save(store, *KEYS[:2])
    folders = [f"{bucket}/store/{key[:2]}/{key}" for key in KEYS[:2]]
    files.rm(folders[0], recursive=True)
    for path in files.find(folders[1]):
        files.copy(path, f"{folders[0]}/{path.rpartition('/')[2]}")
    with pytest.raises(DamagedArtifact):
        store.load(KEYS[0])
    check(store, KEYS[1])
    assert store.keys() == {KEYS[1]}


@pytest.mark.slow
def test_readers_of_a_key_that_many_write_see_one_of_them_whole(bucket: str) -> None:
    urls, failed = f"{bucket}/store", []

    def write(number: int) -> None:
        for _ in range(4):
            save(Store(urls), KEYS[0], values=BIG + number)

    def read() -> None:
        store = Store(urls)
        for _ in range(15):
            try:
                values = store.load(KEYS[0]).arrays["a"]
                if values[0] not in (0, 1, 2) or not np.array_equal(values - values[0], BIG):
                    failed.append("mixed")
            except AbsentArtifact:
                continue
            except StoreError as error:
                failed.append(error.message())

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    threads += [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == [] and Store(urls).keys() == {KEYS[0]}


SMALL = ("--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "--strategy", "ridge")


def test_what_is_saved_together_is_told_when_it_is_there_and_lost_as_a_whole_when_it_cannot_be(
        bucket: str, behind: Callable[[Faults], Rough]) -> None:
    store = Store(f"{bucket}/store")
    with store.together():
        save(store, *KEYS[:5], values=np.arange(3.0))
        assert store.waits and Store(store.url).keys() == set()
        store.flush()
        assert not store.waits and Store(store.url).keys() == set(KEYS[:5])
        assert store.about(KEYS[0]) == {"seconds": 1.0}
    behind(always("denied", method="PUT"))
    store = Store(f"{bucket}/store")
    with store.together():
        save(store, *KEYS[5:9], values=np.arange(3.0))
        with pytest.raises(StoreError, match="cannot write"):
            store.flush()
        assert not store.waits
    assert Store(store.url).keys() == set(KEYS[:5])


@pytest.mark.slow
@pytest.mark.parametrize("faults", [often(0.0, "busy"), often(0.2, "reset", "late", "busy", "cut"), often(0.1, "flip", "absent")],
                         ids=["calm", "a fifth of the calls", "flipped, or said not to be there"])
def test_a_run_on_a_bucket_ends_with_the_rows_of_one_on_a_disk(bucket: str, behind: Callable[[Faults], Rough], w2s: Command,
                                                               faults: Faults) -> None:
    w2s("run", *SMALL, "--store", "disk", "-o", "disk-run", check=0)
    behind(faults)
    for folder in ("first", "again"):
        w2s("run", *SMALL, "--store", f"{bucket}/store", "-o", folder, "-j", "2", check=0)
        assert_frame_equal(untimed_rows(w2s.folder / "disk-run"), untimed_rows(w2s.folder / folder), check_exact=True)
    packed = fsspec.filesystem("s3").find(f"{bucket}/store/packs")
    assert 0 < len(packed) < len(Store(f"{bucket}/store").keys())


@pytest.mark.slow
def test_a_bucket_is_looked_into_cleaned_and_carried_as_a_disk_is(bucket: str, w2s: Command) -> None:
    import json

    url = ("--store", f"{bucket}/store")
    for seed in ("0", "1"):
        w2s("run", *SMALL, "--seeds", seed, *url, "-o", f"w2s-runs/{seed}", "--executor", "here", check=0)
    held = Store(url[1]).keys()
    assert sum(line["artifacts"] for line in json.loads(w2s("store", "ls", *url, "--json", check=0).stdout)) == len(held)
    assert "0 damaged" in w2s("store", "verify", *url, check=0).stdout
    kept = json.loads(w2s("store", "gc", *url, "--json", "--days", "0", "--yes", check=0).stdout)
    assert kept["artifacts"] == [] and Store(url[1]).keys() == held
    gone = json.loads(w2s("store", "gc", *url, "--json", "--days", "0", "--yes", "--without", "1", check=0).stdout)
    assert gone["done"] and gone["artifacts"] and Store(url[1]).keys() == held - set(gone["artifacts"])
    w2s("store", "export", "0", "r.tar", *url, check=0)
    w2s("store", "import", "r.tar", "--store", f"{bucket}/other", check=0)
    done = w2s("run", *SMALL, "--seeds", "0", "--store", f"{bucket}/other", "-o", "r", check=0)
    assert "; 0 jobs computed" in done.stdout


@pytest.mark.slow
def test_a_run_on_a_server_that_is_not_there_is_one_line(w2s: Command, monkeypatch: pytest.MonkeyPatch, bucket: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    done = w2s("run", *SMALL, "--store", f"{bucket}/store", "-o", "r")
    assert done.returncode == 3 and "Traceback" not in done.stderr and "server" in done.stderr


def test_stores_that_no_other_process_sees_or_that_cannot_be_written_are_refused_at_once(w2s: Command) -> None:
    for url, words in (("memory://here/store", "--executor here"), ("http://127.0.0.1:9/store", "can only be read"),
                       ("memory:here", "memory://here")):
        done = w2s("run", *SMALL, "--store", url, "-o", "r")
        assert done.returncode in (2, 3) and words in done.stderr and "Traceback" not in done.stderr, done.stderr
    w2s("run", *SMALL, "--store", "memory://here/store", "-o", "r", "--executor", "here", check=0)
    assert not Path(w2s.folder / "memory:").exists()
