"""Runs under faults: real processes that are killed, told to end, run out of disk, or find their files damaged.

    python -m benchmarks.faults [--kills 100] [--seed 7] [--only WORDS] [--short]

Each strike has a run folder and a store of its own. After it the same command is given again, and rows, bounds, terms and
predictions are compared with those of an undisturbed run, apart from timings. Counted are rows that are lost or doubled, files
that differ, processes, locks and temporary files that are left behind, and tracebacks. It knows nothing of workers and stores but
the tree of processes and the folder of the store. Linux alone, for /proc.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from w2s_bench.registry.measures import row_columns

MATRIX = ("--task", "diabetes", "--models", "raw", "--models", "random-features[width=[8,16]]",
          "--strategy", "ridge[penalty=auto]", "--strategy", "adamw-head[epochs=20]", "--seeds", "0..1", "-j", "2", "--no-page")
SHORT = ("--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "--strategy", "ridge", "--no-page")
_MARK = "W2S_BENCH_FAULTS_MARK"
_PATIENCE = 5.0
"""Seconds in which processes that a run leaves behind may find that it is gone."""

ENDED, STRUCK = frozenset({0}), frozenset({0, 2, 3})


@dataclass
class Tally:
    """What was seen of one kind of fault. said: the last line that a struck run said."""

    strikes: int = 0
    lost: int = 0
    doubled: int = 0
    different: int = 0
    processes: int = 0
    locks: int = 0
    temporary: int = 0
    tracebacks: int = 0
    codes: set[int] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    said: str = ""

    @property
    def sound(self) -> bool:
        """Whether nothing was lost, doubled, changed or left behind."""
        return not (self.lost or self.doubled or self.different or self.processes or self.locks or self.temporary
                    or self.tracebacks or self.faults)


@dataclass
class Site:
    """A folder in which one strike happens: the run `r` on the store `s`. words: of the run's command."""

    folder: Path
    words: tuple[str, ...]
    tally: Tally
    seconds: float = 1.0
    struck: list[str] = field(default_factory=list)

    @property
    def run(self) -> Path:
        return self.folder / "r"

    @property
    def store(self) -> Path:
        return self.folder / "s"

    def start(self, *words: str, limit: int | None = None, out: str = "r") -> subprocess.Popen[str]:
        """Start the run, or another command. limit: bytes that a file may have, as on a disk that is full."""
        words = words or ("run", *self.words, "--store", "s", "-o", out)
        environment = {**os.environ, "HOME": str(self.folder), "XDG_CACHE_HOME": str(self.folder / "cache"),
                       "XDG_CONFIG_HOME": str(self.folder / "config"), "HF_HUB_OFFLINE": "1", _MARK: str(self.folder)}

        def limited() -> None:
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        return subprocess.Popen([sys.executable, "-c", "from w2s_bench.cli.main import main; main()", *words], cwd=self.folder,
                                env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, errors="replace", preexec_fn=limited)

    def ended(self, process: subprocess.Popen[str], allowed: frozenset[int]) -> None:
        """Wait for its end, and note its exit code and what it said."""
        try:
            out, error = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            out, error = process.communicate()
            self.tally.faults.append("hung")
        self.tally.codes.add(process.returncode if process.returncode >= 0 else 128 - process.returncode)  # as a shell says it
        if process.returncode not in allowed:
            self.tally.faults.append(f"exit code {process.returncode}: {error[-300:]}")
        if "Traceback" in error or "fault of w2s-bench" in error:
            self.tally.tracebacks += 1
            self.tally.faults.append(error[-2000:])
        lines = [line for line in (*error.splitlines(), *out.splitlines()[-1:]) if "kept" in line or "error:" in line]
        self.tally.said = lines[-1].strip() if lines else self.tally.said

    def moment(self, dice: random.Random) -> None:
        """Wait until some moment of a run."""
        time.sleep(dice.uniform(0.05, 1.0) * self.seconds)


def content(folder: Path) -> dict[str, pl.DataFrame]:
    """All tables of a run without its timings."""
    timings = [column.name for column in row_columns() if column.timing]
    names = [path for pattern in ("rows.parquet", "bounds.parquet", "also.parquet", "terms.parquet", "predictions/*.parquet")
             for path in sorted(folder.glob(pattern))]
    return {str(path.relative_to(folder)): pl.read_parquet(path.read_bytes()).drop(timings, strict=False) for path in names}


def processes(mark: str) -> list[int]:
    """Processes that carry the mark of a site in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if f"{_MARK}={mark}".encode() in (entry / "environ").read_bytes().split(b"\0") and \
                        " Z " not in (entry / "stat").read_text().rpartition(")")[2][:3]:
                    found.append(int(entry.name))
    return found


def workers(site: Site, parent: int) -> list[int]:
    """Processes of a site that are not the run itself."""
    return [number for number in processes(str(site.folder)) if number != parent]


def compare(site: Site, calm: dict[str, pl.DataFrame]) -> None:
    """Count what is not as in an undisturbed run, and what was left behind."""
    tally, found = site.tally, content(site.run)
    rows, wanted = found.get("rows.parquet", calm["rows.parquet"].clear()), calm["rows.parquet"]
    ok = rows.filter(pl.col("status") == "ok")
    tally.lost += len(set(wanted["cell_key"]) - set(ok["cell_key"]))
    tally.doubled += rows.height - rows["cell_key"].n_unique()
    for name in calm.keys() | found.keys():
        if name not in calm or name not in found or not calm[name].equals(found[name]):
            tally.different += 1
            tally.faults.append(f"{name} differs; struck were {', '.join(site.struck) or 'no files'}")
    end = time.monotonic() + _PATIENCE
    while (left := processes(str(site.folder))) and time.monotonic() < end:
        time.sleep(0.05)
    tally.processes += len(left)
    with open(site.run / "lock", "rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            tally.locks += 1
    temporary = [path for path in (*site.run.rglob("*.new"), *(site.store / "tmp").glob("*")) if path.exists()]
    tally.temporary += len(temporary)
    tally.faults += [f"left: {path}" for path in temporary]


Strike = Callable[[Site, random.Random], None]


def killed(site: Site, dice: random.Random) -> None:
    """The run is killed; its workers find that out."""
    process = site.start()
    site.moment(dice)
    process.kill()
    process.communicate()


def worker_killed(site: Site, dice: random.Random) -> None:
    """A worker is killed, which costs nothing: its job is tried again."""
    process = site.start()
    end = time.monotonic() + site.seconds * dice.uniform(0.3, 0.9)
    while process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    if process.poll() is None and (found := workers(site, process.pid)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(dice.choice(found), signal.SIGKILL)
    site.ended(process, ENDED)


def signalled(*numbers: signal.Signals, apart: float = 0.0) -> Strike:
    """The run is told to end, once or more often."""
    def strike(site: Site, dice: random.Random) -> None:
        process = site.start()
        time.sleep(dice.uniform(0.3, 1.0) * site.seconds)
        for number in numbers:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)
            time.sleep(apart)
        site.ended(process, ENDED | {128 + numbers[0], -numbers[0]})

    return strike


def stopped(site: Site, dice: random.Random) -> None:
    """Run and workers are stopped for a second, and go on."""
    process = site.start()
    site.moment(dice)
    struck = processes(str(site.folder))
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for each in struck:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, number)
        time.sleep(1.0)
    site.ended(process, ENDED)


def full(site: Site, dice: random.Random) -> None:
    """No file may grow past some bytes, in the store and in the run folder: as on a full disk or beyond a quota."""
    site.ended(site.start(limit=dice.choice((0, 300, 2_000, 6_000, 20_000, 60_000))), STRUCK)


def store_gone(site: Site, dice: random.Random) -> None:
    """The store is deleted under the run."""
    process = site.start()
    site.moment(dice)
    shutil.rmtree(site.store, ignore_errors=True)
    site.ended(process, STRUCK)


def damaged(way: Callable[[Path, list[Path], random.Random], None]) -> Strike:
    """A file of the store is damaged while no run goes on, and the tables are to be made again."""
    def strike(site: Site, dice: random.Random) -> None:
        site.ended(site.start(), ENDED)
        files = sorted(path for path in site.store.rglob("*") if path.is_file() and not path.is_symlink())
        for _ in range(3):
            struck = dice.choice([path for path in files if path.is_file()])
            way(struck, files, dice)
            site.struck.append(str(struck.relative_to(site.store)))
        shutil.rmtree(site.run)
        site.ended(site.start(), STRUCK)

    return strike


def _truncated(file: Path, files: list[Path], dice: random.Random) -> None:
    os.truncate(file, dice.randrange(file.stat().st_size + 1))


def _flipped(file: Path, files: list[Path], dice: random.Random) -> None:
    data = bytearray(file.read_bytes())
    if data:
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        file.write_bytes(data)


def _another(file: Path, files: list[Path], dice: random.Random) -> None:
    file.write_bytes(dice.choice([other for other in files if other.is_file()]).read_bytes())


def _a_folder(file: Path, files: list[Path], dice: random.Random) -> None:
    file.unlink()
    (file / "inside").mkdir(parents=True)


def _a_link(file: Path, files: list[Path], dice: random.Random) -> None:
    file.unlink()
    file.symlink_to(dice.choice(("/nowhere", "/etc/hostname", file.name)))


def journal(way: Callable[[bytes, random.Random], bytes]) -> Strike:
    """The journal of a finished run is damaged, and the tables are to be made again."""
    def strike(site: Site, dice: random.Random) -> None:
        site.ended(site.start(), ENDED)
        file = site.run / "journal.jsonl"
        file.write_bytes(way(file.read_bytes(), dice))
        for name in ("finished.json", "rows.parquet"):
            (site.run / name).unlink(missing_ok=True)

    return strike


def read_beside(site: Site, dice: random.Random) -> None:
    """status, show and report in other processes, from before the run starts until it has ended."""
    asked = [("status", "r"), ("show", "r"), ("report", "r")]
    readers = [site.start(*words) for words in asked]
    process = site.start()
    while process.poll() is None:
        for number, reader in enumerate(readers):
            if reader.poll() is not None:
                site.ended(reader, STRUCK)
                readers[number] = site.start(*asked[number])
        time.sleep(0.05)
    for reader in readers:
        site.ended(reader, STRUCK)
    site.ended(process, ENDED)


def two_runs(site: Site, dice: random.Random) -> None:
    """Two runs on one store, and a third in the folder of the first, which is refused."""
    first, second = site.start(), site.start(out="other")
    while first.poll() is None and not (site.run / "journal.jsonl").exists():
        time.sleep(0.01)
    third = site.start()
    site.ended(third, ENDED if first.poll() is not None else frozenset({0, 2}))
    site.ended(second, ENDED)
    site.ended(first, ENDED)


def clock_back(site: Site, dice: random.Random) -> None:
    """A sitting is broken off, and the clock is set back by a year before the next: all files are from the future."""
    killed(site, dice)
    for path in [path for path in site.folder.rglob("*") if path.exists()]:
        os.utime(path, (time.time() + 3e7, time.time() + 3e7))


_INT, _TERM, _HUP, _QUIT = signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT
_OFTEN: dict[str, Strike] = {"the run killed (SIGKILL)": killed, "a worker killed": worker_killed}
_ONCE: dict[str, Strike] = {
    "SIGINT": signalled(_INT), "SIGINT twice": signalled(_INT, _INT, apart=0.7),
    "SIGINT ten times": signalled(*[_INT] * 10, apart=0.1),
    "SIGTERM": signalled(_TERM), "SIGHUP": signalled(_HUP), "SIGQUIT": signalled(_QUIT), "SIGSTOP, SIGCONT": stopped,
    "a full disk": full, "the store deleted under the run": store_gone,
    "files of the store truncated": damaged(_truncated), "a bit of them flipped": damaged(_flipped),
    "replaced by another's": damaged(_another), "by a folder": damaged(_a_folder), "by a link": damaged(_a_link),
    "the journal torn": journal(lambda data, dice: data[:-dice.randrange(1, 1 + len(data.rstrip(b"\n").rpartition(b"\n")[2]))]),
    "NULs at its end": journal(lambda data, dice: data + b"\0" * dice.randrange(1, 5000)),
    "lines of it garbage": journal(lambda data, dice: data.replace(b"\n", b"\n{\xff\n", 3)),
    "the journal gone": journal(lambda data, dice: b""),
    "readers beside the run": read_beside, "two runs on one store": two_runs, "the clock set back": clock_back}
_IN_SHORT = ("the run killed (SIGKILL)", "SIGTERM", "files of the store truncated", "a full disk")


@contextlib.contextmanager
def _site(words: tuple[str, ...], tally: Tally, seconds: float) -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="w2s-faults-") as folder:
        yield Site(Path(folder), words, tally, seconds)


def _table(tallies: dict[str, Tally]) -> str:
    counted = ("strikes", "lost", "doubled", "different", "processes", "locks", "temporary", "tracebacks")
    lines = ["| fault | strikes | rows lost | doubled | tables that differ | processes left | locks | temporary files | "
             "tracebacks | exit codes | what was said |", "| --- |" + " ---: |" * len(counted) + " --- | --- |"]
    for name, tally in tallies.items():
        figures = " | ".join(str(getattr(tally, each)) for each in counted)
        codes = ", ".join(map(str, sorted(tally.codes)))
        lines.append(f"| {name} | {figures} | {codes} | {tally.said[:120].replace('|', ' ')} |")
    return "\n".join(lines)


def main() -> int:
    """Strike, print the table, and on standard error what was found wrong; exit code 1 then."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=10, help="SIGKILLs of the run, and of its workers")
    parser.add_argument("--times", type=int, default=2, help="strikes of every other kind")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", default="", help="kinds whose name holds this")
    parser.add_argument("--short", action="store_true", help="a few faults of a small run")
    asked = parser.parse_args()
    dice, words = random.Random(asked.seed), SHORT if asked.short else MATRIX
    tallies: dict[str, Tally] = {}
    with _site(words, Tally(), 1.0) as site:
        started = time.monotonic()
        site.ended(site.start(), ENDED)
        seconds, calm = time.monotonic() - started, content(site.run)
        assert not site.tally.faults, site.tally.faults
    kinds = {**_OFTEN, **_ONCE}
    for name in [name for name in kinds if asked.only in name and (not asked.short or name in _IN_SHORT)]:
        tally = tallies[name] = Tally()
        for _ in range(1 if asked.short else asked.kills if name in _OFTEN else asked.times):
            with _site(words, tally, seconds) as site:
                tally.strikes += 1
                kinds[name](site, dice)
                said = tally.said
                site.ended(site.start(), ENDED)
                tally.said = said
                compare(site, calm)
        print(f"{name}: {'sound' if tally.sound else 'NOT SOUND'}", file=sys.stderr, flush=True)
        for fault in tally.faults:
            print(f"  {fault}", file=sys.stderr)
    print(_table(tallies))
    return 0 if all(tally.sound for tally in tallies.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
