"""What is left is weighed by what jobs of the same kind cost; a kind that was never measured has no cost, and that is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Command

from w2s_bench.planning.plan import Plan
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.recipes import Fit
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.loading import load_registry
from w2s_bench.running.costs import Costs, Left, kind_of
from w2s_bench.running.durations import lasting
from w2s_bench.running.forecast import forecast
from w2s_bench.store.artifacts import Store

SMALL = ("--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "--executor", "here")


def planned(**changes: tuple[object, ...]) -> Plan:
    words: dict[str, object] = {"tasks": ("diabetes",), "models": ("raw", "random-features[width=[8,16]]"), **changes}
    return make_plan(RunSpec("t", (Matrix(**words),)), load_registry())  # type: ignore[arg-type]


@pytest.mark.parametrize(("seconds", "words"), [
    (0.2, "less than 1 s"), (1.4, "1 s"), (59.4, "59 s"), (60, "1 min"), (200, "3 min 20 s"), (7800, "2 h 10 min"), (7200, "2 h"),
    (3599.7, "1 h"), (86399, "1 d"), (100 * 3600, "4 d 4 h")])
def test_a_time_is_worded_in_its_own_units(seconds: float, words: str) -> None:
    assert lasting(seconds) == words


def test_what_is_left_is_the_sum_of_what_its_kinds_cost(tmp_path: Path) -> None:
    plan = planned(strategies=("ridge", "adamw-head"), seeds=(0, 1, 2))
    costs = Costs(plan, Store(str(tmp_path)), plan.jobs)
    assert costs.left().seconds is None and sum(costs.left().unmeasured.values()) == len(plan.jobs)
    price = {kind: 2.0 ** index for index, kind in enumerate({kind_of(plan, job): None for job in plan.jobs.values()})}
    first = {kind_of(plan, job): key for key, job in reversed(plan.jobs.items())}
    for kind, key in first.items():
        costs.ended(key, price[kind])
    left = costs.left()
    rest = [key for key in plan.jobs if key not in first.values()]
    assert left.seconds == sum(price[kind_of(plan, plan.jobs[key])] for key in rest) and not left.unmeasured
    assert left.jobs == len(rest) and left.elsewhere == 0
    for key in rest:
        costs.ended(key, 1.0)
    assert costs.left() == Left(0, None, None, 0, {}, sum(price.values()) + len(rest))


def test_one_strategy_or_model_does_not_stand_in_for_another(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    plan = planned(strategies=("ridge",))
    costs = Costs(plan, store, plan.jobs)
    for key in plan.jobs:
        costs.ended(key, 3.0)
    other = planned(strategies=("adamw-head",), supervisors=("ridge",), models=("raw", "random-features[width=8]"))
    fits = [key for key, job in other.jobs.items() if isinstance(job.recipe, Fit) and job.recipe.source != "none"
            and other.components[job.recipe.strategy].label == "adamw-head"]
    left = Costs(other, store, other.jobs).left()
    assert left.unmeasured["fits of adamw-head"] == len(fits) > 0
    assert "fits of adamw-head" in left.words() and "for what has been measured" in left.words()
    known = len(other.jobs) - sum(left.unmeasured.values())
    assert left.seconds == pytest.approx(3.0 * known)


def test_the_cost_of_another_task_is_counted_as_such(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    plan = planned()
    costs = Costs(plan, store, plan.jobs)
    for key in plan.jobs:
        costs.ended(key, 2.0)
    again, other = planned(seeds=(5,)), planned(tasks=("arrays[path=a.csv]",))
    assert Costs(again, store, again.jobs).left().elsewhere == 0
    left = Costs(other, store, other.jobs).left()
    assert list(left.unmeasured) == ["loads of arrays[path=a.csv]"] and left.elsewhere == left.jobs - 2  # and its pool
    said = f"{left.elsewhere} of them on other tasks); 2 loads of arrays[path=a.csv] not yet measured"
    assert said in forecast(other, store).words()


@pytest.fixture(autouse=True)
def a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("x,z,y\n" + "".join(f"{i},{i % 3},{i % 7}\n" for i in range(40)))


def test_a_job_that_failed_measures_nothing(tmp_path: Path) -> None:
    plan = planned()
    costs = Costs(plan, Store(str(tmp_path)), plan.jobs)
    for key in plan.jobs:
        costs.ended(key, None)
    again = Costs(plan, Store(str(tmp_path)), plan.jobs).left()
    assert again.seconds is None and again.words().endswith("not yet measured")


def test_a_torn_note_is_no_note(tmp_path: Path) -> None:
    store, plan = Store(str(tmp_path)), planned()
    Costs(plan, store, plan.jobs).ended(next(iter(plan.jobs)), 1.0)
    assert Costs(plan, store, plan.jobs).left().seconds is not None
    for pack in (tmp_path / "packs").iterdir():
        pack.write_bytes(pack.read_bytes()[:140])
    assert Costs(plan, store, plan.jobs).left().seconds is None


def test_plan_says_what_has_not_been_measured_and_gives_no_number_for_it(w2s: Command) -> None:
    bare = w2s("plan", *SMALL[:-2], check=0).stdout
    assert "estimate: none: " in bare and "fits of ridge" in bare and "MiB" not in bare
    w2s("run", *SMALL, "--quiet", check=0)
    more = w2s("plan", *SMALL[:-2], "--seeds", "0..1", "--strategy", "adamw-head", "--strategy", "ridge", check=0).stdout
    assert " in one worker, " in more and "jobs as measured before" in more and "fits of adamw-head" in more
    found = json.loads(w2s("plan", *SMALL[:-2], "--seeds", "0..1", "--json", check=0).stdout)
    assert found["unmeasured"] == {} and found["seconds"] > 0 and found["memory_mib"] > 0


@pytest.mark.slow
def test_what_comes_after_the_last_job_is_said(w2s: Command) -> None:
    said = w2s("run", *SMALL, check=0, page=True).stderr.splitlines()
    assert said[-3:] == ["writing the tables", "keeping predictions with the run", "writing the page"]


@pytest.mark.slow
def test_a_run_without_a_page_says_nothing_of_one_and_report_makes_it(w2s: Command) -> None:
    done = w2s("run", *SMALL, "--no-page", "-o", "r", check=0, page=True)
    assert "Page:" not in done.stdout and "writing the page" not in done.stderr
    assert not (w2s.folder / "r" / "report.html").exists()
    w2s("report", "r", check=0)
    assert (w2s.folder / "r" / "report.html").is_file()
