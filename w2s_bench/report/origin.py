"""What a folder says of how its run came about: its spec, its times, its machine, its versions."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from w2s_bench.report.wording import counted
from w2s_bench.running.environment import Environment, read_environment
from w2s_bench.running.folder import spec_text


class Origin(msgspec.Struct, frozen=True):
    """One run. folder: its name. spec: the text of its spec.toml, "" for none. environment: None where nothing is known."""

    folder: str
    spec: str = ""
    environment: Environment | None = None

    @property
    def name(self) -> str:
        """The name that its spec gives it, else that of its folder."""
        try:
            return str(tomllib.loads(self.spec).get("name") or self.folder)
        except tomllib.TOMLDecodeError:
            return self.folder

    @property
    def words(self) -> str:
        """When it ran, how long, where, and by which version; nothing where nothing is known."""
        found = self.environment
        if found is None:
            return ""
        return "; ".join(filter(None, (_times(found), _machine(found.machine), _version(found))))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Which columns of a file were the input x of a task, why others were not, and what to look at."""
        return self.environment.inputs if self.environment else ()

    def lines(self) -> list[tuple[str, str]]:
        """All that is known of machine and versions, a line each."""
        found = self.environment or Environment()
        commit = [("commit", found.commit)] if found.commit else []
        return [*sorted(found.machine.items()), *commit, *sorted(found.versions.items())]


def origin_of(folder: Path) -> Origin:
    """What a run folder or published folder says; of a rows file nothing but its name."""
    if not folder.is_dir():
        return Origin(folder.name)
    return Origin(folder.resolve().name, spec_text(folder) or "", read_environment(folder))


def several(names: Sequence[str]) -> str:
    """Names as one title."""
    return ", ".join(dict.fromkeys(names))


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, in two figures where that is enough."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _times(found: Environment) -> str:
    clock = found.clock
    if clock is None:
        return ""
    began = f"began {clock.started.replace('T', ' ').replace('Z', ' UTC')}"
    if not clock.ended:
        return f"{began}, not ended"
    return f"{began}, took {duration(clock.seconds)} for {counted(clock.jobs, 'job')} (what the store held is not among them)"


def _version(found: Environment) -> str:
    known = found.versions.get("w2s-bench", "")
    changed = ", with changes" if found.commit.endswith("+") else ""
    return f"w2s-bench {known}{f' at commit {found.commit[:12]}{changed}' if found.commit else ''}" if known else ""


def _machine(machine: dict[str, str]) -> str:
    cores = f"{machine['cores']} cores" if "cores" in machine else ""
    return ", ".join(filter(None, (machine.get("processor", ""), cores, machine.get("memory", ""), machine.get("system", ""))))
