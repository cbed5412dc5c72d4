"""What ends a job: figures of its process in, a verdict out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from w2s_executors.machine import _allowed, gpu_of

from w2s_bench.contracts import Deaths, Limits, Policy, Signs, Starts, Step, Usage, UsageError, Verdict


def _kind(limits: Limits, signs: Signs, now: float, jobs: int = 1, expected: float | None = None, ready: bool = True) -> str:
    verdict = limits.verdict(signs, now, jobs, expected, ready)
    return verdict.kind if verdict else ""


def _limits(machine: float = 1000.0, **words: Any) -> Limits:
    return Limits.on_a_machine(Policy(**words), lambda: machine)


def _at_work(begun: float, heard: float, processor: float, seen: float) -> Signs:
    """Of a worker that used so many seconds of a processor by the time that it was seen last."""
    signs = Signs()
    signs.measure(Usage(0.0, 10.0, 1), begun)
    signs.start(begun)
    signs.measure(Usage(processor, 10.0, 1), seen)
    signs.heard = heard
    return signs


def test_a_process_that_says_nothing_is_lost_only_if_it_uses_no_processor_either() -> None:
    limits = _limits()
    assert _kind(limits, _at_work(0, 1, 0.0, 400), 400) == "silent"
    assert _kind(limits, _at_work(0, 1, 350.0, 400), 400) == ""
    assert _kind(limits, _at_work(0, 399, 0.0, 400), 400) == ""
    assert _kind(limits, _at_work(0, 1, 0.0, 290), 299) == ""


def test_a_job_hangs_that_uses_no_processor_and_tells_nothing_for_ten_minutes() -> None:
    limits = _limits()
    waiting = _at_work(0, 700, 0.3, 700)  # what a process uses that only says that it is alive
    assert _kind(limits, waiting, 700) == "idle" and _kind(limits, waiting, 599) == ""
    waiting.tell(Step(1, 9, "texts"), 650)
    waiting.heard = 1250
    assert _kind(limits, waiting, 700) == "" and _kind(limits, waiting, 1251) == "idle"
    waiting.tell(Step(1, 9, "texts"), 1250)
    assert _kind(limits, waiting, 1251) == "idle"
    assert _kind(limits, waiting, 1251, jobs=0) == "" and _kind(limits, waiting, 1251, ready=False) == ""


def test_auto_gives_many_times_what_such_jobs_took_and_no_limit_where_that_is_not_known() -> None:
    limits = _limits()
    busy = _at_work(0, 9_999, 9_990.0, 9_999)
    assert _kind(limits, busy, 10_000) == ""
    assert _kind(limits, busy, 601, expected=1.0) == "time" and _kind(limits, busy, 599, expected=1.0) == ""
    assert _kind(limits, busy, 1999, expected=100.0) == "" and _kind(limits, busy, 2001, expected=100.0) == "time"
    together: dict[str, Any] = {"jobs": 5, "expected": 100.0}
    assert _kind(limits, busy, 9_999, **together) == "" and _kind(limits, busy, 10_001, **together) == "time"
    busy.tell(Step(3, None, "steps"), 9_900)
    assert _kind(limits, busy, 10_000, expected=1.0) == ""
    assert _kind(_limits(timeout="none"), busy, 10_250, expected=1.0) == ""


def test_a_limit_given_by_hand_is_of_one_job_and_telling_does_not_lengthen_it() -> None:
    limits = _limits(timeout=60)
    busy = _at_work(0, 100, 99.0, 100)
    busy.tell(Step(3, None, "steps"), 60)
    assert _kind(limits, busy, 59) == "" and _kind(limits, busy, 61) == "time"
    assert _kind(limits, busy, 61, jobs=9) == "time"
    assert _kind(limits, busy, 61, jobs=9, expected=10.0) == "" and _kind(limits, busy, 271, jobs=9, expected=10.0) == "time"


def _holding(*amounts: float) -> list[Signs]:
    found = [Signs() for _ in amounts]
    for signs, amount in zip(found, amounts, strict=True):
        signs.measure(Usage(0.0, amount, 1), 1.0)
    return found


def test_memory_that_is_given_is_shared_out_and_that_of_the_machine_is_lent_while_there_is_room() -> None:
    given, there = _limits(memory=800.0, workers=2), _limits(machine=1000.0, workers=2)
    assert (given.share, there.share) == (400.0, 450.0)
    over = _holding(10.0, 500.0)
    found = given.greedy(over)
    assert found and found[0] is over[1] and found[1].status == "oom" and "held 500 MiB, more than the 400 MiB" in found[1].words
    assert there.greedy(over) is None and given.greedy(_holding(399.0, 399.0)) is None
    full = _holding(430.0, 500.0)
    found = there.greedy(full)
    assert found and found[0] is full[1] and "all workers more than the 900 MiB" in found[1].words
    assert _limits(memory="none").greedy(_holding(1e9)) is None and there.greedy([Signs()]) is None


def test_a_lost_job_is_tried_again_after_a_pause_that_grows_but_never_after_the_same_failure_twice() -> None:
    deaths = Deaths(retries=9)
    waits = [deaths.wait("a", Verdict("lost", f"signal {number}", f"it ended with signal {number}")) for number in range(8)]
    pauses = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert all(wait is not None and most / 2 <= wait <= most for wait, most in zip(waits, pauses, strict=True))
    assert deaths.wait("a", Verdict("lost", "signal 3", "it ended with signal 3")) is None
    assert deaths.words("a") == "it ended with signal 3, 9 times"
    assert Deaths(9).wait("a", Verdict("timeout", "time", "took more than 3 s")) is None
    assert Deaths(0).wait("a", Verdict("oom", "memory", "it held 9 MiB")) is None


def test_a_job_whose_node_is_gone_is_tried_again_three_times_whatever_else_befell_it() -> None:
    deaths, gone = Deaths(retries=0), Verdict("lost", "node", "the node b is gone", blamed=False)
    assert [deaths.wait("a", gone) is not None for _ in range(4)] == [True, True, True, False]
    assert Deaths(1).wait("a", Verdict("lost", "silent", "it was silent")) is not None


def test_two_workers_in_a_row_that_end_before_they_are_ready_are_enough_and_six_that_were_killed() -> None:
    ended, killed = Starts(), Starts()
    assert [ended.hopeless(), ended.hopeless()] == [False, True]
    ended.succeeded()
    assert not ended.hopeless()
    assert [killed.hopeless(killed=True) for _ in range(6)] == [False] * 5 + [True]


def test_the_memory_of_a_control_group_is_the_least_of_those_that_it_is_in(tmp_path: Path) -> None:
    (tmp_path / "root/job/step").mkdir(parents=True)
    for folder, limit in (("", "max"), ("job", "5000"), ("job/step", "9000")):
        (tmp_path / "root" / folder / "memory.max").write_text(limit + "\n")
    (tmp_path / "cgroup").write_text("0::/job/step\n")
    assert min(_allowed(tmp_path / "cgroup", tmp_path / "root")) == 5000
    (tmp_path / "root/memory/here").mkdir(parents=True)
    (tmp_path / "root/memory/here/memory.limit_in_bytes").write_text("700\n")
    (tmp_path / "cgroup").write_text("3:cpu:/here\n2:memory:/here\n")
    assert _allowed(tmp_path / "cgroup", tmp_path / "root") == [700]
    assert _allowed(tmp_path / "absent", tmp_path / "root") == []


@pytest.mark.parametrize(("words", "where"), [
    ({"workers": 0}, "--jobs"), ({"timeout": 0.0}, "--timeout"), ({"timeout": float("nan")}, "--timeout"),
    ({"memory": -1.0}, "--memory"), ({"retries": -1}, "--retries"), ({"gpus": ("0", "0")}, "--gpus"),
    ({"gpus": ("a,b",)}, "--gpus"),
    ({"gpus": ("0",), "device": "cuda:1"}, "--gpus"), ({"silence": 0.0}, "silence")])
def test_a_policy_that_means_nothing_is_refused(words: dict[str, Any], where: str) -> None:
    with pytest.raises(UsageError) as refused:
        Policy(**words)
    assert refused.value.where == where


def test_auto_is_a_worker_a_gpu_or_a_core() -> None:
    assert Policy(workers="auto", gpus=("0", "1", "2")).at_a_time() == 3 and Policy(workers="auto").at_a_time() >= 1
    assert Policy(workers=5, gpus=("0",)).at_a_time() == 5


@pytest.mark.parametrize(("name", "visible", "known"), [
    ("1", None, "1"), ("1", "", "1"), ("1", "4,6", "6"), ("0", "GPU-7f, GPU-8a", "GPU-7f"), ("GPU-8a", "GPU-7f,GPU-8a", "GPU-8a"),
    ("2", "4,6", "2")])
def test_the_number_of_a_gpu_is_among_those_that_the_run_sees(name: str, visible: str | None, known: str) -> None:
    assert gpu_of(name, visible) == known
