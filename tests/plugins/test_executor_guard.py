"""What ends workers whose run is gone sees its end, whoever else has its pipe."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil
from w2s_executors import guard

RUN = """
import os, subprocess, sys
path, token = sys.argv[1:]
worker = subprocess.Popen(["sleep", "100"], start_new_session=True, env={**os.environ, "W2S_BENCH_WORKER": token})
apart = subprocess.Popen(["sleep", "100"], start_new_session=True, env={**os.environ, "W2S_BENCH_WORKER": token})
watch = subprocess.Popen([sys.executable, "-I", "-S", path, str(os.getpid())], stdin=subprocess.PIPE, start_new_session=True)
watch.stdin.write(f"+ {worker.pid} {token}\\n".encode())
watch.stdin.flush()
if not os.fork():
    os.close(1)
    import time
    time.sleep(100)
print(worker.pid, apart.pid, watch.pid, flush=True)
sys.stdin.read()
"""


def test_workers_of_a_killed_run_end_though_another_child_of_it_keeps_the_pipe_open() -> None:
    run = subprocess.Popen([sys.executable, "-c", RUN, guard.__file__, "a-token"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert run.stdin and run.stdout
    theirs = [psutil.Process(int(number)) for number in run.stdout.readline().split()]
    other = next(child for child in psutil.Process(run.pid).children() if child not in theirs)
    try:
        assert all(process.is_running() for process in theirs)
        run.kill()
        run.communicate()
        _, alive = psutil.wait_procs(theirs, timeout=20.0)
        assert alive == [] and other.is_running()
    finally:
        other.kill()


def test_a_run_that_is_at_its_end_waits_for_nobody_who_has_the_pipe() -> None:
    sleeper = subprocess.Popen(["sleep", "100"], start_new_session=True)


    watch = subprocess.Popen([sys.executable, "-I", "-S", guard.__file__, str(os.getpid())], stdin=subprocess.PIPE)
    assert watch.stdin
    watch.stdin.write(f"+ {sleeper.pid} none\n- {sleeper.pid} none\n. . .\n".encode())
    watch.stdin.flush()
    assert watch.wait(20) == 0
    time.sleep(0.05)
    assert sleeper.poll() is None
    watch.stdin.close()
    sleeper.kill()
    sleeper.wait()
