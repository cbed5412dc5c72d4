"""A worker answers on the pipes that it is given, and nothing that a job starts has them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from made_components import made_plan

from w2s_bench.compute.messages import OfferedComponents
from w2s_bench.contracts import DataError, Outcome, Policy, W2SError
from w2s_bench.registry.wire import Wire


@pytest.mark.slow
def test_standard_input_and_output_are_the_pipes_of_a_worker_that_is_given_no_others(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    plan = made_plan()
    load = next(key for key, job in plan.jobs.items() if not job.needs)
    components = OfferedComponents(plan.jobs, plan.components)
    done = subprocess.run(components.command(str(tmp_path / "s")), input=components.message([load]), capture_output=True,
                          env={**os.environ, **Policy().environment()}, timeout=60)
    answers = [components.answer(line) for line in done.stdout.splitlines()]
    assert answers[0] is None and isinstance(answers[-1], Outcome) and (answers[-1].key, answers[-1].status) == (load, "ok")
    assert done.returncode == 0 and done.stderr == b""


@pytest.mark.parametrize("line", [
    b"", b"not a word", b'{"colour":"green"}', b'{"outcome":{"key":"a","status":"fine"}}', b"[" * 100_000, b"\xff\xfe", b"null",
    b'{"told":{"key":"a","step":{"done":"many"}}}', b'{"outcome":null} {}'])
def test_what_is_no_answer_is_refused_in_words(line: bytes) -> None:
    with pytest.raises(DataError, match=r"^no answer of a worker: '.{0,200}'(, and more)?$"):
        OfferedComponents({}, {}).answer(line)


def test_a_worker_that_makes_other_keys_is_told_from_one_that_babbles() -> None:
    with pytest.raises(W2SError, match="sources of w2s-bench changed"):
        OfferedComponents({}, {}).answer(b'{"changed":true}')


def test_a_forked_child_neither_reads_orders_nor_answers_and_hides_no_end() -> None:
    theirs, orders = os.pipe()
    answers, mine = os.pipe()
    wire = Wire(theirs, mine)
    os.write(orders, b"first\nsec")
    lines = wire.lines()
    assert next(lines) == b"first"
    child = os.fork()
    if not child:
        wire.say(b"from the child")
        os._exit(len(list(lines)))
    assert os.waitpid(child, 0)[1] == 0
    wire.say(b"from the worker")
    os.write(orders, b"ond\n")
    assert next(lines) == b"second" and not wire.deserted()
    os.close(orders)
    assert wire.deserted() and list(lines) == []
    assert os.read(answers, 100) == b"from the worker\n" and not os.get_inheritable(theirs)
    child = os.fork()
    if not child:
        os.close(answers)
        os.execvp("sleep", ["sleep", "2"])
    os.close(mine)
    assert os.read(answers, 1) == b""  # though the child lives
    os.kill(child, 9)
    os.waitpid(child, 0)
    os.close(theirs)
    os.close(answers)
