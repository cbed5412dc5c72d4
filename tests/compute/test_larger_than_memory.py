"""Features larger than memory lie in a file, are lent as they lie to strategies that read them by blocks, and give the heads
that a whole copy gives."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Command, untimed_rows
from w2s_probes import adamw_head, ridge, softmax_design, standardise

from w2s_bench.compute.kept import heap_bytes
from w2s_bench.contracts import Array, Classes, FitContext, FitProblem, Labels, Output, Regression, StoreError, mapped
from w2s_bench.registry.loading import load_registry
from w2s_bench.scoring import long_designs
from w2s_bench.store.artifacts import Artifact, Store

N, D = 12_000, 96


@pytest.fixture
def features(tmp_path: Path) -> Array:
    """(N, D) float32 of a file, which cannot be written."""
    drawn = np.random.default_rng(0).normal(size=(N, D)).astype(np.float32) * np.linspace(0.1, 3, D, dtype=np.float32) + 1
    drawn.tofile(tmp_path / "features")
    found: Array = np.memmap(tmp_path / "features", np.float32, "r").reshape(N, D)
    return found


def problem(features: Array, output: Output) -> FitProblem:
    noisy = features[:, :3].sum(axis=1) + np.random.default_rng(1).normal(size=N)
    share = 1.0 / (1.0 + np.exp(-noisy.astype(np.float64)))
    values = np.stack([1 - share, share], axis=1) if isinstance(output, Classes) else noisy[:, None].astype(np.float64)
    return FitProblem(features, Labels(values, "weak"), FitContext(0, output), "features")


def peak(work: Callable[[], Any]) -> tuple[Any, int]:
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("strategy", "output"), [
    ("ridge", Regression(1)), ("logistic", Classes(2)), *(pytest.param(name, output, marks=pytest.mark.slow) for name, output in (
        ("ridge[penalty=auto]", Regression(1)), ("least-squares", Regression(1)), ("gradient-flow", Regression(1)),
        ("logistic[penalty=0]", Classes(2)), ("logistic[penalty=auto]", Classes(2))))])
def test_a_head_that_streams_is_that_of_a_whole_copy_and_keeps_no_copy(
        strategy: str, output: Output, features: Array, monkeypatch: pytest.MonkeyPatch) -> None:
    made = load_registry().one("strategies", strategy).create()
    assert made.streams
    whole = made.fit(problem(np.array(features), output)).predict(np.array(features))
    monkeypatch.setattr(standardise, "WHOLE", 1)
    monkeypatch.setattr(standardise, "ROWS", 512)
    monkeypatch.setattr(softmax_design, "HELD", 1)
    given = problem(features, output)
    answers, most = peak(lambda: made.fit(given).predict(features))
    np.testing.assert_allclose(answers, whole, rtol=1e-9, atol=1e-10)
    assert most < 0.75 * 8 * N * D, "a float64 copy of the features was made"


def test_a_strategy_that_streams_is_lent_features_as_they_lie_and_others_a_copy(
        w2s: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    lent: dict[str, list[Array]] = {"ridge": [], "adamw-head": []}
    solve, check = ridge.solve_each, adamw_head.check_features

    def solved(problems: Any, *rest: Any) -> Any:
        lent["ridge"] += [each.features for each in problems]
        return solve(problems, *rest)

    def checked(given: Array) -> None:
        lent["adamw-head"].append(given)
        check(given)

    monkeypatch.setattr(ridge, "solve_each", solved)
    monkeypatch.setattr(adamw_head, "check_features", checked)
    w2s("run", "--task", "diabetes", "--weak", "random-features[width=8,seed=1]", "--strong", "random-features[width=16]",
        "--strategy", "ridge", "--strategy", "adamw-head[epochs=2]", "--supervisor", "ridge", "-o", "r", "--store", "s",
        "--executor", "here", check=0)
    assert lent["ridge"] and not any(array.flags.writeable for array in lent["ridge"])
    assert lent["adamw-head"] and all(array.flags.writeable for array in lent["adamw-head"])


def test_a_large_array_lies_in_a_file_without_a_name_and_counts_as_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "LARGE", 1 << 12)
    array = np.arange(6000.0).reshape(2000, 3)
    rows = np.random.default_rng(0).permutation(2000)[:1500]
    found, few = mapped.gathered(array, rows), mapped.gathered(array, rows[:9])
    assert isinstance(found, np.memmap) and not isinstance(few, np.memmap)
    assert np.array_equal(found, array[rows]) and np.array_equal(few, array[rows[:9]])
    assert heap_bytes(found) == found.nbytes


def test_a_large_artifact_is_written_without_a_copy_in_memory_and_comes_back(
        features: Array, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors.numpy import load_file

    monkeypatch.setattr(mapped, "LARGE", 1 << 12)
    many = np.concatenate([features] * 4)
    arrays = {"pool": many, "cut": np.arange(N) % 3 == 0, "few\0ends": np.arange(3), "none": np.zeros((0, 2), np.float32)}
    store, key = Store(str(tmp_path / "s")), "ab" * 32
    _, most = peak(lambda: store.save(key, Artifact(arrays, {"column": "x"}), about={}))
    assert most < many.nbytes / 2
    found = Store(str(tmp_path / "s")).load(key)
    (file,) = (tmp_path / "s").rglob("arrays.safetensors")
    for read in (found.arrays, load_file(file)):
        assert read.keys() == arrays.keys()
        assert all(np.array_equal(read[name], arrays[name]) and read[name].dtype == arrays[name].dtype for name in arrays)


def test_a_disk_without_room_is_said_before_anything_is_written() -> None:
    with pytest.raises(StoreError, match="no room for .* GiB of arrays") as caught:
        mapped.roomy((1 << 46, 8), np.float64)
    assert "TMPDIR" in str(caught.value)


def test_a_run_of_large_features_gives_the_rows_of_one_in_memory(w2s: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"{'ab' * (row % 9)} {row * 37 % 101},{row % 7}" for row in range(300)]
    (w2s.folder / "texts.csv").write_text("\n".join(["text,label", *lines]) + "\n")
    matrix = ["--task", "text[path=texts.csv]", "--weak", "nano[width=16,layers=1,steps=0,context=16,corpus=python,seed=1]",
              "--strong", "nano[width=32,layers=1,steps=0,context=32,corpus=python]", "--strategy", "ridge", "--strategy",
              "least-squares"]
    w2s("run", *matrix, "-o", "small", "--store", "s1", "--executor", "here", check=0)
    monkeypatch.setattr(mapped, "LARGE", 1 << 10)
    monkeypatch.setattr(long_designs, "LONG", 1)
    monkeypatch.setattr(long_designs, "ROWS", 50)
    monkeypatch.setattr(standardise, "WHOLE", 1)
    w2s("run", *matrix, "-o", "large", "--store", "s2", "--executor", "here", check=0)
    small, large = (untimed_rows(w2s.folder / name).to_dicts() for name in ("small", "large"))
    assert len(small) == len(large) == 2
    for one, other in zip(small, large, strict=True):
        for name, value in one.items():
            if isinstance(value, float):
                assert other[name] == pytest.approx(value, rel=1e-6, abs=1e-9), name
            elif name != "run_id":
                assert other[name] == value, name
