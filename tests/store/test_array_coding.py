"""Arrays in packs: the same bits come back, repeated arrays lie there once, and what is damaged is told from what is whole."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_bench.contracts.digests import digest
from w2s_bench.store.array_coding import ALIKE, PLAIN, PLANES, SHUFFLED, Like, coded, decoded, packed, place_of_like
from w2s_bench.store.artifacts import Artifact, DamagedArtifact, Store
from w2s_bench.store.sealed import Damage, arrays_as_bytes

NOISE = np.random.default_rng(7)
KINDS = {
    "normal": NOISE.normal(size=(60, 1)), "constant": np.zeros((80, 2)), "counts": np.arange(30), "none": np.zeros((0, 3)),
    "long": NOISE.normal(size=(2000, 2)), "few values": NOISE.integers(0, 3, (500, 3)) / 7, "odd": np.arange(13, dtype=np.int8),
    "single": NOISE.normal(size=33).astype(np.float32), "not finite": np.array([np.nan, -0.0, np.inf, 1e-310] * 9)}


@pytest.mark.parametrize("like", [Like(), Like(24, bytes(arrays_as_bytes({"normal": KINDS["normal"]})))], ids=["alone", "like"])
@given(names=st.sets(st.sampled_from(sorted(KINDS)), min_size=1))
def test_the_same_bits_come_back(like: Like, names: set[str]) -> None:
    data = bytes(arrays_as_bytes({name: KINDS[name] for name in names}))
    coding, stored = coded(data, like)
    assert place_of_like(coding, stored) == like.place
    assert decoded(coding, stored, len(data), like.arrays) == data


def test_noise_is_left_as_it_is_and_takes_seven_of_eight_bytes() -> None:
    data = bytes(arrays_as_bytes({"test": 100 + NOISE.normal(size=(200, 1)), "transfer": 100 + NOISE.normal(size=(60, 1))}))
    coding, stored = coded(data, Like())
    assert coding == PLANES and len(stored) < 7 * 260 + 160


@given(st.sampled_from((PLAIN, SHUFFLED, ALIKE, PLANES, 4, 255)), st.sampled_from((0, 1, 2)), st.integers(0, 1 << 12),
       st.integers(1, 255), st.integers(-9, 9))
def test_whatever_is_stored_is_decoded_to_its_length_or_damaged(coding: int, sort: int, at: int, flip: int, more: int) -> None:
    data = bytes(arrays_as_bytes({"a": (KINDS["normal"], KINDS["few values"], KINDS["long"])[sort]}))
    stored = bytearray(coded(data, Like())[1])
    stored[at % len(stored)] ^= flip
    try:
        assert len(decoded(coding, bytes(stored), len(data) + more, data)) == len(data) + more
    except Damage:
        return


def test_a_record_that_unpacks_to_more_than_it_says_is_stopped_there() -> None:
    for coding, bomb in ((PLAIN, packed(bytes(1 << 24), b"", 9)), (PLANES, b"\xf0" + packed(bytes(1 << 24), b"", 9))):
        with pytest.raises(Damage, match="not as long"):
            decoded(coding, bomb, 1000)


def heads(store: Store, count: int, *, shared: bool = True) -> None:
    """Fits on the same features, or each on its own: directions and scale of 16 columns, and a weight."""
    for number in range(count):
        of_features, own = np.random.default_rng(0 if shared else number), np.random.default_rng(100 + number)
        store.save(digest(number), Artifact({"basis": of_features.normal(size=(16, 16)), "scale": of_features.normal(size=16),
                                             "weight": own.normal(size=16)}), about={"seconds": 0.5})


def packed_size(store: Store) -> int:
    return sum(store.packs.sizes().values())


def check_heads(store: Store, numbers: range) -> None:
    basis = np.random.default_rng(0).normal(size=(16, 16))
    for number in numbers:
        found = store.load(digest(number)).arrays
        assert np.array_equal(found["basis"], basis)
        assert np.array_equal(found["weight"], np.random.default_rng(100 + number).normal(size=16))


def test_what_is_fitted_on_the_same_features_holds_them_once(tmp_path: Path) -> None:
    alone, shared = Store(str(tmp_path / "alone")), Store(str(tmp_path / "shared"))
    heads(alone, 40, shared=False)
    heads(shared, 40)
    assert packed_size(shared) < packed_size(alone) - 38 * 16 * 16 * 8 * 0.8
    check_heads(Store(shared.url), range(40))


def test_what_named_a_dropped_record_is_read_and_written_anew_without_it(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    heads(store, 6)
    store.drop(digest(0))
    check_heads(Store(store.url), range(1, 6))
    Store(store.url).rewrite(list(store.packs.sizes()), ())
    reader = Store(store.url)
    assert reader.keys() == {digest(number) for number in range(1, 6)}
    check_heads(reader, range(1, 6))


def test_damage_to_arrays_that_others_repeat_costs_these_and_is_never_served(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    heads(store, 1)
    (pack,) = (tmp_path / "packs").iterdir()
    first = pack.stat().st_size
    heads(store, 4)
    content = bytearray(pack.read_bytes())
    content[first - 40] ^= 1
    pack.write_bytes(content)
    reader = Store(store.url)
    for number in range(4):
        with pytest.raises(DamagedArtifact):
            reader.load(digest(number))
    assert not Store(store.url).keys()
    heads(reader, 4)
    check_heads(Store(store.url), range(4))


def test_packs_of_the_first_version_are_read_and_written_anew(tmp_path: Path) -> None:
    shutil.copytree(Path(__file__).parent / "version-1", tmp_path / "packs")
    store = Store(str(tmp_path))
    for _ in range(2):
        assert store.keys() == {digest(["test", number]) for number in range(3)}
        for number in range(3):
            found = store.load(digest(["test", number]))
            assert np.array_equal(found.arrays["a"], np.arange(40.0) / 7 + number)
            assert found.arrays["b"].tolist() == [number > 0, True]
            assert found.arrays["c"].tolist() == list(range(number + 5))
            assert found.payload == {"number": number}
            assert (store.about(digest(["test", number])) or {})["seconds"] == number / 7
        assert store.latest(digest("x")) == digest(["test", 1])
        store.rewrite(list(store.packs.sizes()), ())
        assert "1.pack" not in store.packs.sizes()
        store = Store(store.url)
