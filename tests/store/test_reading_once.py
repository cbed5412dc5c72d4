"""An artifact is verified once in the life of a process, and a large one is mapped, not read."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

import numpy as np
import pytest

from w2s_bench.store.artifacts import Artifact, DamagedArtifact, Store

KEY = "ab" * 32


def test_the_arrays_of_a_large_artifact_are_the_file_itself_and_cannot_be_written(tmp_path: Path) -> None:
    values = np.arange(3_000_000.0).reshape(-1, 3)
    Store(str(tmp_path)).save(KEY, Artifact({"a": values, "b": np.arange(3, dtype=np.int8)}), about={})
    store = Store(str(tmp_path))
    store.load(KEY)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    held = [store.load(KEY).arrays for _ in range(40)]
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * (1 if sys.platform == "darwin" else 1024)
    assert grown < 2 * values.nbytes
    found = held[0]
    assert found["a"].tobytes() == values.tobytes() and found["b"].tolist() == [0, 1, 2] and found["a"].shape == (1_000_000, 3)
    with pytest.raises(ValueError, match="read-only"):
        found["a"][0, 0] = 1.0


@pytest.mark.parametrize("length", [40_000, 3_000_000])
def test_a_checksum_is_computed_once_a_process_and_again_when_the_file_has_changed(tmp_path: Path, length: int) -> None:
    Store(str(tmp_path)).save(KEY, Artifact({"a": np.zeros(length)}), about={})
    store = Store(str(tmp_path))
    assert store.load(KEY).arrays["a"][-1] == 0
    path = tmp_path / "ab" / KEY / "arrays.safetensors"
    written = path.stat().st_mtime_ns
    with open(path, "r+b") as file:
        file.seek(-8, os.SEEK_END)
        file.write(np.float64(1.0).tobytes())
    os.utime(path, ns=(written, written))
    assert store.load(KEY).arrays["a"][-1] == 1  # nobody looked again: not at what seems to be the same file
    os.utime(path)
    with pytest.raises(DamagedArtifact):
        store.load(KEY)
