"""The label canary of a run sings of a student that was told the truth, and of no other; nothing else of a row changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from w2s_bench.contracts import Policy, StrategyEntry
from w2s_bench.contracts.executors import Isolation
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.catalogue import Plugin, Registered, Registry
from w2s_bench.registry.loading import load_registry
from w2s_bench.running.audience import Audience
from w2s_bench.running.canary import left_to_try, sampled
from w2s_bench.running.runs import Place, run

PEEKING = Path(__file__).parents[1] / "testing"
NAMES = {"lines": "peeking.lines:Lines", "restless": "peeking.lines:Restless",
         "by-frames": "peeking.stores:ByFrames", "objects": "peeking.memory:Objects", "bundled": "peeking.data:ScikitLearn"}


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.syspath_prepend(str(PEEKING))
    monkeypatch.setenv("PYTHONPATH", str(PEEKING))
    registry, owner = load_registry(), Plugin("peeking", "tests", "")
    strange = (Registered(owner, StrategyEntry(name, target)) for name, target in NAMES.items())
    return replace(registry, offered={**registry.offered, "strategies": (*registry.entries("strategies"), *strange)})


def spec(*strategies: str, seeds: tuple[int, ...] = (0,)) -> RunSpec:
    matrix = Matrix(("diabetes",), weak=("random-features[width=8]",), strong=("raw",), strategies=strategies,
                    supervisors=("ridge",), seeds=seeds)
    return RunSpec("peeks", (matrix,), references=(), representations=False)


@pytest.mark.slow
def test_it_sings_of_who_was_told_the_truth_alone_and_a_finished_run_can_be_asked_later(
        registry: Registry, tmp_path: Path) -> None:
    strange = [f"peeking/{name}" for name in NAMES if name != "objects"]
    plan = make_plan(spec(*strange, "mix[student=ridge,truth=0.2]"), registry)
    said: list[str] = []
    executor, audience = registry.make("executors", "local"), Audience(said.append)
    place = Place(tmp_path / "run", str(tmp_path / "store"))
    run(plan, place, executor, Policy(), audience)
    before = pl.read_parquet(place.folder / "rows.parquet")
    assert before["canary"].null_count() == len(before) == 5
    again = run(plan, replace(place, canary=8), executor, Policy(), audience)
    after = pl.read_parquet(place.folder / "rows.parquet")
    assert again.executed == 0 and after.drop("canary").equals(before.drop("canary"))
    heard = dict(zip(after["strategy"], after["canary"], strict=True))
    assert heard == {"lines": "silent", "restless": "silent", "by-frames": "sings", "bundled": "sings",
                     "mix[student=ridge,truth=0.2]": "silent"}
    assert [text for text in said if "canary" in text] == [
        f"the label canary sings: {name} (peeking) on diabetes, seed 0 is another student where the truth is another"
        for name in sorted(("by-frames", "bundled"), key=lambda name: next(i for i, text in enumerate(said) if name in text))]
    assert run(plan, replace(place, canary=4), executor, Policy(), audience).as_it_was


@pytest.mark.slow
@pytest.mark.parametrize(("isolate", "finds"), [("auto", False), ("never", True)])
def test_the_process_of_a_fit_by_others_on_weak_labels_holds_no_truth(isolate: Isolation, finds: bool, registry: Registry,
                                                                      tmp_path: Path) -> None:
    plan = make_plan(spec("peeking/lines", "peeking/objects"), registry)
    run(plan, Place(tmp_path / "run", str(tmp_path / "store")), registry.make("executors", "local"),
        Policy(workers=1, isolate=isolate), Audience(lambda said: None))
    rows = pl.read_parquet(tmp_path / "run" / "rows.parquet")
    assert rows["status"].to_list() == ["ok", "ok"] and (rows["err_student"].n_unique() > 1) == finds


def test_the_sample_is_the_same_for_whoever_plans_and_grows_with_what_is_asked(registry: Registry) -> None:
    plan = make_plan(spec("ridge", "least-squares", seeds=tuple(range(6))), registry)
    every = {cell.key for cell in plan.cells}
    few, more = sampled(plan, every, 3), sampled(plan, every, 7)
    assert more[:3] == few and len(more) == 7
    heard = {key for student in few for key in student.cells}
    assert left_to_try(plan, every, 7, heard) == more[3:]
    rest = every - heard
    assert sampled(plan, rest, 4) == more[3:]
