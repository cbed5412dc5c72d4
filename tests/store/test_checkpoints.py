"""What a fit keeps while it goes on: the last of it, whole, or nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from w2s_bench.store.artifacts import Store
from w2s_bench.store.checkpoints import StoredCheckpoints

KEY = "cd" * 32


@pytest.fixture
def kept(tmp_path: Path) -> StoredCheckpoints:
    return StoredCheckpoints(Store(str(tmp_path / "store")), KEY)


def test_the_last_arrays_come_back_bit_for_bit_until_they_are_dropped(kept: StoredCheckpoints) -> None:
    assert kept.load() is None
    kept.save({"step": np.array([1])})
    weights = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    kept.save({"step": np.array([2]), "weights": weights})
    found = kept.load()
    assert found is not None and found["step"].tolist() == [2] and found["weights"].tobytes() == weights.tobytes()
    kept.drop()
    kept.drop()
    assert kept.load() is None


@pytest.mark.parametrize("damage", [lambda data: data[:-3], lambda data: data[:50] + b"!" + data[51:], lambda data: b""])
def test_a_damaged_checkpoint_counts_as_none(kept: StoredCheckpoints, tmp_path: Path, damage: object) -> None:
    kept.save({"weights": np.arange(9.0)})
    place = tmp_path / "store" / "checkpoints" / KEY
    place.write_bytes(damage(place.read_bytes()))  # type: ignore[operator]
    assert kept.load() is None


def test_checkpoints_are_no_artifacts(kept: StoredCheckpoints, tmp_path: Path) -> None:
    kept.save({"weights": np.arange(9.0)})
    assert Store(str(tmp_path / "store")).keys() == set()


def test_a_store_in_memory_keeps_them_too() -> None:
    kept = StoredCheckpoints(Store("memory://checkpointed"), KEY)
    kept.save({"a": np.arange(2)})
    kept.save({"a": np.arange(3)})
    found = kept.load()
    assert found is not None and found["a"].tolist() == [0, 1, 2]
