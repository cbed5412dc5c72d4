"""Where, when and by which version a run is computed: what its env.json says, and its tables do not."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from w2s_bench.contracts.errors import DataError
from w2s_bench.contracts.files import read_bytes
from w2s_bench.registry.versions import installed
from w2s_bench.running.folder import write_text, writing

NAME = "env.json"
_PACKAGES = ("w2s-bench", "numpy", "scipy", "torch", "transformers", "datasets", "scikit-learn", "polars", "numba", "rdkit")
_HERE = Path(__file__).resolve().parent.parent
_WAIT = 10.0
"""Seconds that git may take to say where a checkout stands."""


class Clock(msgspec.Struct, frozen=True):
    """When a run began first and ended last, in UTC, and the seconds and jobs of all its sittings."""

    started: str
    ended: str = ""
    seconds: float = 0.0
    jobs: int = 0


class Environment(msgspec.Struct, frozen=True):
    """What env.json holds. machine: its operating system, processor, cores and memory, what is known of them. commit: of the
    source, where it lies in a checkout or was installed from one. versions: of what a result may depend on; policy: threads and
    device of the last sitting that computed, on which last digits depend. inputs: in words, which columns of a file were the
    input x of a task, and what to look at."""

    machine: dict[str, str] = {}
    commit: str = ""
    versions: dict[str, str] = {}
    clock: Clock | None = None
    policy: dict[str, str] = {}
    inputs: tuple[str, ...] = ()

    def text(self) -> str:
        """As JSON; the same environment gives the same text."""
        return json.dumps(msgspec.to_builtins(self), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def environment(clock: Clock, policy: Mapping[str, str], inputs: tuple[str, ...]) -> Environment:
    """That of this process, at this reading of the clock."""
    versions = {"python": platform.python_version(), **installed(_PACKAGES)}
    return Environment(_machine(), _commit(), versions, clock, dict(policy), inputs)


def read_environment(folder: Path) -> Environment | None:
    """What a folder says of the run that filled it; None where it says nothing. Raises DataError for what cannot be read."""
    path = folder / NAME
    if not path.exists():
        return None
    try:
        found = msgspec.json.decode(read_bytes(path), type=dict[str, Any])
        return msgspec.convert(found if "versions" in found else {"versions": found}, Environment)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise DataError(f"this says nothing of a run: {error}", where=str(path), hint="delete it; nothing is computed from it"
                        ) from None


class Sitting:
    """One sitting of a run. Its folder says since when, and at the end until when and how long all sittings took."""

    def __init__(self, folder: Path, policy: Mapping[str, str], inputs: tuple[str, ...]) -> None:
        self._folder, self._before, self._begun, self._policy = folder, read_environment(folder), time.monotonic(), policy
        self._inputs = inputs
        earlier = self._before.clock if self._before else None
        self._clock = msgspec.structs.replace(earlier, ended="") if earlier else Clock(_now())
        self._write(environment(self._clock, policy, inputs))

    @property
    def otherwise(self) -> str:
        """In words, which means that last digits depend on are other ones than in the sitting before; "" where none is."""
        before = self._before.policy if self._before else {}
        other = [name for name, value in self._policy.items() if before.get(name, value) != value]
        if not other:
            return ""
        was, now = (" ".join(f"--{name} {values[name]}" for name in other) for values in (before, self._policy))
        return (f"this run was computed with {was} before, and goes on with {now}: the last digits of trained models depend on "
                f"that; give {was} to have them alike")

    def end(self, jobs: int) -> None:
        """Say that it is over and how many jobs it computed; one that found all done leaves what was said before."""
        if not jobs and self._before and self._before.clock and self._before.clock.ended:
            self._write(self._before)
            return
        seconds = round(self._clock.seconds + time.monotonic() - self._begun, 3)
        self._write(environment(Clock(self._clock.started, _now(), seconds, self._clock.jobs + jobs), self._policy,
                                self._inputs))

    def _write(self, found: Environment) -> None:
        with writing(self._folder):
            write_text(self._folder / NAME, found.text())


def _now() -> str:
    """This second in UTC, as 2026-01-31T12:00:00Z."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _machine() -> dict[str, str]:
    known = {"system": f"{sys.platform} {platform.machine()}", "processor": _processor(), "cores": str(os.cpu_count() or ""),
             "memory": _memory()}
    return {name: text for name, text in known.items() if text}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor())


def _memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):  # not every system can say
        return ""
    return f"{size / 2**30:.0f} GiB"


def _commit() -> str:
    """The commit of the source, with + where files of it were changed since; empty where it is of none."""
    if installed_from := _installed_commit():
        return installed_from
    try:
        if not _git("ls-files", "__init__.py"):
            return ""
        return _git("rev-parse", "HEAD") + ("+" if _git("status", "--porcelain", "--untracked-files=no", ".") else "")
    except (OSError, subprocess.SubprocessError):  # no git, or no checkout
        return ""


def _installed_commit() -> str:
    """The commit that pip installed from, as it notes it (PEP 610)."""
    try:
        noted = metadata.distribution("w2s-bench").read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return ""
    return str(json.loads(noted or "{}").get("vcs_info", {}).get("commit_id", ""))


def _git(*words: str) -> str:
    return subprocess.run(["git", "-C", str(_HERE), *words], capture_output=True, text=True, check=True,
                          timeout=_WAIT).stdout.strip()
