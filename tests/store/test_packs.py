"""Small artifacts in few files: whole or not at all, whoever writes beside, wherever a pack ends or is damaged."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_bench.contracts.digests import digest
from w2s_bench.contracts.errors import StoreError
from w2s_bench.store import records
from w2s_bench.store.artifacts import AbsentArtifact, Artifact, DamagedArtifact, Store

LONG = {"name": "ridge", "source": "ab" * 32, "libraries": {f"library {i}": f"{i}.{i}" for i in range(40)}}


def key(number: int) -> str:
    return digest(["test", number])


def save(store: Store, *numbers: int) -> None:
    for number in numbers:
        store.save(key(number), Artifact({"a": np.full(5, number, float), "b": np.array([number > 0])}, {"number": number}),
                   about={"recipe": {"stage": "fit"}, "components": LONG, "seconds": number / 7})


def check(store: Store, *numbers: int) -> None:
    for number in numbers:
        found = store.load(key(number))
        assert found.arrays["a"].tolist() == [number] * 5 and found.arrays["b"].tolist() == [number > 0]
        assert found.payload == {"number": number} == store.payload(key(number))
        about = store.about(key(number))
        assert about is not None and about["seconds"] == number / 7 and about["components"] == LONG


def packs(store: Store) -> list[Path]:
    return sorted((Path(store.root) / "packs").iterdir())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(str(tmp_path / "store"))
    save(store, *range(20))
    return store


def test_twenty_small_artifacts_of_one_process_are_one_file_and_mostly_their_own_numbers(store: Store) -> None:
    (pack,) = packs(store)
    assert [path for path in Path(store.root).rglob("*") if path.is_file()] == [pack]
    assert pack.stat().st_size < 20 * 450 + len(json.dumps(LONG)) < 20 * len(json.dumps(LONG))
    for each in (store, Store(store.url)):
        check(each, *range(20))
        assert each.keys() == {key(number) for number in range(20)}


def test_readers_find_what_others_append_after_they_have_looked(store: Store) -> None:
    reader = Store(store.url)
    assert len(reader.keys()) == 20
    with pytest.raises(AbsentArtifact):
        reader.load(key(20))
    save(store, 20, 21)
    other = Store(store.url)
    save(other, 22)
    check(reader, 20, 21, 22)
    assert len(reader.keys()) == 23 and len(packs(store)) == 2


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_wherever_a_pack_ends_what_is_whole_before_is_served_and_nothing_else(data: st.DataObject) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        ends = []
        for number in range(6):
            save(store, number)
            ends.append(packs(store)[0].stat().st_size)
        (pack,) = packs(store)
        length = data.draw(st.integers(0, ends[-1]))
        pack.write_bytes(pack.read_bytes()[:length])
        whole = [number for number, end in enumerate(ends) if end <= length]
        reader = Store(folder)
        assert reader.keys() == {key(number) for number in whole}
        check(reader, *whole)
        save(reader, *range(6))
        check(Store(folder), *range(6))


@pytest.mark.parametrize("field", [16, 24], ids=["body", "anchor"])
def test_a_record_that_names_a_place_that_no_file_has_is_damaged(tmp_path: Path, field: int) -> None:
    writer = Store(str(tmp_path))
    save(writer, 0)
    (pack,) = packs(writer)
    second = pack.stat().st_size
    save(writer, 1)
    reader = Store(str(tmp_path))
    assert reader.keys() == {key(0), key(1)}
    content = bytearray(pack.read_bytes())
    content[(16 if field == 16 else second + 16) + field + 7] ^= 128  # the segment's head of 16 bytes, then the record's
    pack.write_bytes(content)
    with pytest.raises(DamagedArtifact):
        check(reader, 1)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_byte_that_changed_costs_the_records_that_it_belongs_to_and_is_never_served(data: st.DataObject) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        writer = Store(folder)
        save(writer, 0)
        (pack,) = packs(writer)
        anchor = pack.stat().st_size
        save(writer, *range(1, 6))
        content = bytearray(pack.read_bytes())
        changed = data.draw(st.integers(0, len(content) - 1))
        content[changed] ^= data.draw(st.integers(1, 255))
        pack.write_bytes(content)
        reader, sound = Store(folder), 0
        for number in range(6):
            try:
                check(reader, number)
                sound += 1
            except DamagedArtifact:
                assert key(number) not in Store(folder).keys()  # noqa: SIM118
        assert sound == 5 or (changed < anchor and sound == 0)  # the first record is the anchor of the others
        save(reader, *range(6))
        check(Store(folder), *range(6))


def test_a_copy_of_a_segment_somewhere_else_in_a_pack_is_no_segment(store: Store) -> None:
    (pack,) = packs(store)
    data = pack.read_bytes()
    pack.write_bytes(data + data[:2000] + data)
    reader = Store(store.url)
    assert reader.keys() == {key(number) for number in range(20)}
    check(reader, *range(20))


def test_what_is_dropped_is_gone_for_all_and_can_be_saved_again(store: Store) -> None:
    other = Store(store.url)
    assert len(other.keys()) == 20
    store.drop(key(3))
    for each in (store, other, Store(store.url)):
        assert key(3) not in each.keys()  # noqa: SIM118
    save(other, 3)
    for each in (store, other, Store(store.url)):
        assert len(each.keys()) == 20
        check(each, 3)


def test_two_writers_of_one_key_leave_it_whole_and_dropping_it_drops_both(store: Store) -> None:
    other = Store(store.url)
    save(other, 30)
    save(store, 30)
    check(Store(store.url), 30)
    Store(store.url).drop(key(30))
    assert key(30) not in Store(store.url).keys()  # noqa: SIM118


def test_a_damaged_record_beside_a_sound_one_of_its_key_is_passed_over(store: Store) -> None:
    other = Store(store.url)
    save(other, 30)
    save(store, 30)
    path, start, length = Store(store.url).pieces(key(30))[0]
    with open(Path(store.root) / path, "r+b") as file:
        file.seek(start + length // 2)
        file.write(b"\0\xff\0")
    check(Store(store.url), 30)


@pytest.mark.parametrize("what", ["deleted", "emptied", "the folder is a link"])
def test_a_pack_that_is_gone_under_its_writer_is_begun_anew(store: Store, what: str, tmp_path: Path) -> None:
    (pack,) = packs(store)
    if what == "deleted":
        pack.unlink()
    elif what == "emptied":
        pack.write_bytes(b"")
    else:
        pack.parent.rename(tmp_path / "elsewhere")
        pack.parent.symlink_to(tmp_path / "elsewhere")
    save(store, 40)
    check(store, 40)
    check(Store(store.url), 40)
    if what != "the folder is a link":
        assert store.keys() == {key(40)}


def test_a_full_disk_leaves_no_torn_record_in_the_way_of_later_ones(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk."""
    code = """
        import resource, signal, sys
        sys.path[:0] = [{tests!r}]
        from test_packs import save, check, key
        from w2s_bench.contracts.errors import StoreError
        from w2s_bench.store.artifacts import Store
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        store = Store({root!r})
        save(store, 1, 2)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2300, 100_000))
        saved = [1, 2]
        for number in range(3, 12):
            try:
                save(store, number)
                saved.append(number)
            except StoreError as error:
                assert "large" in error.what and "disk" in error.hint, error
                break
        else:
            raise SystemExit("the limit was not met")
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        save(store, 20, 21)
        for each in (store, Store({root!r})):
            check(each, *saved, 20, 21)
            assert len(each.keys()) == len(saved) + 2
    """.format(tests=str(Path(__file__).parent), root=str(tmp_path / "store"))
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_last_note_of_a_name_counts_even_when_the_clock_was_set_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    other = Store(store.url)
    store.remember(key(1), key(2))
    assert other.latest(key(1)) == key(2) and other.latest(key(9)) is None
    monkeypatch.setattr(time, "time_ns", lambda: 1)
    other.remember(key(1), key(3))
    time.sleep(0.06)
    for each in (store, other, Store(store.url)):
        assert each.latest(key(1)) == key(3)
    store.write_note("costs", key(5), b"five")
    assert other.notes("costs") == {key(5)} and other.notes("latest") == {key(1)} and other.note("costs", key(5)) == b"five"


@pytest.mark.slow
def test_three_processes_that_save_at_once_lose_nothing(tmp_path: Path) -> None:
    code = ("import sys; sys.path[:0] = [sys.argv[1]]\nfrom test_packs import save\nfrom w2s_bench.store.artifacts import Store\n"
            "save(Store(sys.argv[2]), *range(int(sys.argv[3]), 60, 2))")
    running = [subprocess.Popen([sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path), str(first % 2)])
               for first in range(3)]
    assert [process.wait() for process in running] == [0] * 3
    store = Store(str(tmp_path))
    assert store.keys() == {key(number) for number in range(60)}
    check(store, *range(60))


def test_many_thousand_records_are_told_by_their_heads(tmp_path: Path) -> None:
    count = 20_000
    names = [number.to_bytes(32, "big") for number in range(1, count + 1)]
    at, parts = 0, []
    for name in names:
        parts.append(records.segment([records.Record(records.ARTIFACT, name, b"{}")], at))
        at += len(parts[-1])
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs" / "a.pack").write_bytes(b"".join(parts))
    assert Store(str(tmp_path)).keys() == {name.hex() for name in names}


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("mine")
    with pytest.raises(StoreError, match="cannot write"):
        save(Store(str(tmp_path / "store")), 1)
