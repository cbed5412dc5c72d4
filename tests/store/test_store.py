"""Artifacts: whole or not at all, verified on read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from w2s_bench.contracts.errors import StoreError
from w2s_bench.store.artifacts import Artifact, DamagedArtifact, Store

KEY = "ab" * 32


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(str(tmp_path / "store"))
    store.save(KEY, Artifact({"a": np.arange(5.0), "b": np.zeros((0, 2), np.float32)}, {"x": 0.1}), about={"seconds": 1.0})
    return store


def test_an_artifact_comes_back_bit_for_bit(store: Store) -> None:
    artifact = store.load(KEY)
    assert artifact.arrays["a"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0] and artifact.arrays["b"].shape == (0, 2)
    assert artifact.payload == {"x": 0.1} and store.about(KEY) == {"seconds": 1.0} and store.keys() == {KEY}


@pytest.fixture
def large(tmp_path: Path) -> Store:
    store = Store(str(tmp_path / "store"))
    store.save(KEY, Artifact({"a": np.arange(20_000.0)}, {"x": 0.1}), about={})
    return store


@pytest.mark.parametrize("name", ["arrays.safetensors", "meta.json"])
@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:20] + b"!" + data[21:], lambda data: b""])
def test_a_damaged_artifact_is_dropped(large: Store, name: str, damage: object) -> None:
    store, path = large, Path(large.root) / KEY[:2] / KEY / name
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(DamagedArtifact):
        store.load(KEY)
    assert KEY not in store.keys()  # noqa: SIM118


@pytest.mark.parametrize(("made", "length"), [("store", 5), ("large", 20_000)])
def test_saving_twice_keeps_one(request: pytest.FixtureRequest, made: str, length: int) -> None:
    store: Store = request.getfixturevalue(made)
    held = sorted(path.stat().st_size for path in Path(store.root).rglob("*") if path.is_file())
    store.save(KEY, Artifact({"a": np.zeros(length)}, {"x": 0.1}), about={})
    assert store.load(KEY).arrays["a"].tolist() == list(range(length))
    assert sorted(path.stat().st_size for path in Path(store.root).rglob("*") if path.is_file()) == held


def test_any_file_system_will_do() -> None:
    store = Store("memory://some/store")
    store.save(KEY, Artifact({"a": np.ones(3)}), about={})
    assert Store("memory://some/store").load(KEY).arrays["a"].sum() == 3
    store.drop(KEY)
    assert KEY not in store.keys()  # noqa: SIM118


def test_an_unknown_kind_of_url_is_refused() -> None:
    with pytest.raises(StoreError):
        Store("nonsense://x")


def test_an_array_of_no_dimension_keeps_its_shape(store: Store) -> None:
    store.save("cd" * 32, Artifact({"a": np.array(2.5)}), about={})
    assert store.load("cd" * 32).arrays["a"].shape == ()
