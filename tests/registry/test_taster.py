"""The processes in which plugins are looked at: none where there is nothing to look at, none that outlives who asked."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from hostile_plugins import Hostile, install_hostile

from w2s_bench.contracts import UsageError
from w2s_bench.registry.loading import load_registry
from w2s_bench.registry.orders import Look
from w2s_bench.registry.taster import SECONDS, Taster

SOUND = Hostile("@hookimpl\ndef w2s_tasks():\n    yield TaskEntry('a', 'nowhere:Task')\n", "")
LOADS = "from w2s_bench.registry.loading import load_registry\nload_registry()\n"


def _until(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


def test_bundled_plugins_alone_start_no_process() -> None:
    code = f"import subprocess\nsubprocess.Popen = None\n{LOADS}from w2s_bench.registry.measures import measures\nmeasures()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env={**os.environ, "W2S_BENCH_NO_PLUGINS": "all"})
    assert done.returncode == 0, done.stderr


def test_who_trusts_all_plugins_has_none_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_hostile(tmp_path, {"only_apart": Hostile(f"if os.getpid() != {os.getpid()}: os._exit(3)\n{SOUND.source}", "")})
    monkeypatch.syspath_prepend(str(tmp_path))
    for isolate, problem in (("auto", "its import ends the process with exit code 3"), ("never", "")):
        monkeypatch.setenv("W2S_BENCH_ISOLATE", isolate)
        assert {plugin.name: plugin.problem for plugin in load_registry().plugins}["only_apart"] == problem


def test_one_that_ends_the_process_that_begins_others_is_told_from_those_beside_it(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_hostile(tmp_path, {"ends_all": Hostile("import signal\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(30)\n", ""),
                               "beside": SOUND, "slowly": Hostile("time.sleep(0.3)\n" + SOUND.source, "")})
    monkeypatch.syspath_prepend(str(tmp_path))
    taster = Taster()
    found = taster.look({name: Look(name, f"odd_{name}") for name in ("beside", "ends_all", "slowly")})
    taster.close()
    assert {name: verdict.problem for name, verdict in found.items()} == {
        "beside": "", "slowly": "", "ends_all": "its import ends the process that looks at plugins"}


@pytest.mark.skipif(sys.platform != "linux", reason="it looks for what left its group, as Linux alone tells")
def test_what_a_plugin_left_behind_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = tmp_path / "number"
    install_hostile(tmp_path, {"leaves": Hostile(
        "import subprocess\nleft = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        f"open({str(note)!r}, 'w').write(str(left.pid))\n{SOUND.source}", "")})
    monkeypatch.syspath_prepend(str(tmp_path))
    taster = Taster()
    verdict = taster.look({0: Look("leaves", "odd_leaves")})[0]
    assert verdict.changes and _until(lambda: not psutil.pid_exists(int(note.read_text())))
    taster.close()


def test_a_command_that_is_killed_leaves_no_process_that_looks_at_a_plugin(tmp_path: Path) -> None:
    note = tmp_path / "number"
    install_hostile(tmp_path, {"stays": Hostile(f"open({str(note)!r}, 'w').write(str(os.getpid()))\nwhile True: pass\n", "")})
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    with subprocess.Popen([sys.executable, "-c", LOADS], env={**os.environ, "PYTHONPATH": path}) as command:
        assert _until(lambda: note.exists() and bool(note.read_text()))
        command.send_signal(signal.SIGKILL)
    number = int(note.read_text())
    gone = _until(lambda: not psutil.pid_exists(number))
    with contextlib.suppress(OSError):
        os.kill(number, signal.SIGKILL)
    assert gone


def test_a_limit_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_hostile(tmp_path, {"limited": SOUND})
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv(SECONDS, "soon")
    with pytest.raises(UsageError, match="'soon' is no number above 0"):
        load_registry()
