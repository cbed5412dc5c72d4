"""How the jobs of a run are computed: what an executor must offer, what it is given, and how a job can end."""

from __future__ import annotations

import math
import re
import signal
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from w2s_bench.contracts.devices import VARIABLE
from w2s_bench.contracts.errors import UsageError
from w2s_bench.contracts.progress import Step

BEAT = "W2S_BENCH_BEAT"
"""Environment variable with the seconds between two signs of life of a worker."""

MEMORY = "W2S_BENCH_MEMORY"
"""Environment variable with the MiB that a worker may hold."""

STACKS = signal.SIGUSR2
"""The signal at which a worker writes where its threads are."""

GIVES_BACK = 75
"""The exit code of a worker that can compute no more, once it has answered a job, and gives back the others of its batch: none
of them is at fault."""

Status = Literal["ok", "failed", "diverged", "oom", "timeout", "lost", "damaged", "store"]


Isolation = Literal["auto", "always", "never"]
"""How far the code of other distributions is kept apart. auto: a process that ran it runs that of no other owner, and none that
may know less of the truth. always: each batch of it has a process of its own besides. never: all jobs share all processes."""


@dataclass(frozen=True)
class Policy:
    """How jobs are handed out, and what they are given. workers: how many are computed at a time; auto: as `at_a_time` says.

    timeout: seconds for one job; auto: a generous multiple of what such jobs took before, where that is known, for a job that
    tells nothing meanwhile. silence, idle: seconds after which a process that gives no sign of life is ended, and a job that
    uses no processor and tells nothing, whatever the timeout. memory: MiB that the workers may hold together, each its share;
    auto: most of what the machine has, and a job goes over its share as long as there is room. gpus: those of the run, a name
    each, as CUDA numbers them; () leaves it to the machine. retries: how often a job whose process died is tried again.
    threads: of each process that computes, whatever the machine and the number of workers, because sums of floating-point
    numbers depend on how they are shared out. device: where networks run. The last digits of what is trained depend on these
    two, and on nothing else here. debug: whether what workers and libraries log is shown. isolate: how far the code of others is
    kept apart. Raises UsageError for values that mean nothing.
    """

    workers: int | Literal["auto"] = 1
    timeout: float | Literal["auto", "none"] = "auto"
    retries: int = 1
    threads: int = 2
    device: str = "auto"
    memory: float | Literal["auto", "none"] = "auto"
    gpus: tuple[str, ...] = ()
    silence: float = 300.0
    idle: float = 600.0
    debug: bool = False
    isolate: Isolation = "auto"

    def __post_init__(self) -> None:
        above = {"--jobs": self.workers, "--timeout": self.timeout, "--threads": self.threads, "--memory": self.memory,
                 "silence": self.silence, "idle": self.idle}
        for name, number in above.items():
            if not isinstance(number, str) and not (number > 0 and math.isfinite(number)):
                raise UsageError(f"{number:g} is no number above 0", where=name)
        if self.retries < 0:
            raise UsageError(f"{self.retries} is below 0", where="--retries")
        if len(set(self.gpus)) < len(self.gpus) or not all(re.fullmatch(r"[\w/-]+", gpu) for gpu in self.gpus):
            raise UsageError(f"{','.join(self.gpus)!r} names no GPUs", where="--gpus", hint="as in --gpus 0,1: each once")
        if self.gpus and self.device != "auto":
            raise UsageError("--gpus gives each worker a device, and --device names one", where="--gpus", hint="leave one out")

    def at_a_time(self) -> int:
        """How many jobs are computed at a time on this machine; of auto one a GPU, and without one a processor core."""
        if self.workers != "auto":
            return self.workers
        if self.gpus:
            return len(self.gpus)
        from joblib import cpu_count  # those that this process may use, by affinity and by its container

        return max(1, int(cpu_count()))

    def environment(self, gpu: str | None = None, memory: float | None = None) -> dict[str, str]:
        """Environment variables of a process that computes, beside those that it inherits. gpu: the one that it is to see, as
        CUDA knows it, None for all. memory: MiB that it may hold, where that is known."""
        libraries = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "BLIS_NUM_THREADS",
                     "VECLIB_MAXIMUM_THREADS")
        found = {"TOKENIZERS_PARALLELISM": "false", "OMP_WAIT_POLICY": "PASSIVE", VARIABLE: self.device,
                 BEAT: f"{min(5.0, self.silence / 5):g}", **dict.fromkeys(libraries, str(self.threads))}
        if gpu is not None:
            found |= {"CUDA_VISIBLE_DEVICES": gpu, VARIABLE: "cuda:0"}
        if memory is not None:
            found[MEMORY] = f"{memory:.0f}"
        return found


@dataclass(frozen=True)
class Fault:
    """Where a job failed. stage, plugin, component: whose code it was. exception: its type. place: "package/file.py:line".

    exception and place are "" where no exception was seen, because the process is gone.
    """

    stage: str
    plugin: str
    component: str
    exception: str = ""
    place: str = ""

    def words(self, error: str, role: str = "") -> str:
        """What a person reads: stage, component, plugin and the role that it has in the cell before the error."""
        where = f"{self.stage} of {self.component} ({self.plugin})" if self.component else self.stage
        return f"{where}{f', the {role}' if role else ''}: {error}"


@dataclass(frozen=True)
class Outcome:
    """How one job ended. An executor makes those of status timeout (it took too long) and lost (its process died).

    Two are for the run alone, and never reach a row: damaged (an artifact that it reads was, and is to be computed again)
    and store (it cannot be written). fault: where it failed. trace: the traceback. note: what the run should say though
    the job went on. ran: false for a job that fell with one that it rests on. peak_memory: of its process so far, in MiB, where
    it is known. retires: what a person reads of a process that is not to compute anything more, because of what the job changed
    in it; it gives back the rest of its batch.
    """

    key: str
    status: Status
    error: str = ""
    seconds: float = 0.0
    fault: Fault | None = None
    trace: str = ""
    note: str = ""
    ran: bool = True
    peak_memory: float = 0.0
    retires: str = ""


@dataclass(frozen=True)
class Demand:
    """What a job asks of the machine that computes it. gpus: how many, or a share of one. memory: MiB, where known."""

    gpus: float = 0.0
    memory: float | None = None


class Demanding(Protocol):
    """`demand`, of a model or a strategy: what the jobs ask of the machine that compute with it."""

    @property
    def demand(self) -> Demand: ...


@dataclass(frozen=True)
class Told:
    """How far a job is, as a worker tells."""

    key: str
    step: Step


class Schedule(Protocol):
    """Which jobs are ready, by their keys. An executor takes batches and gives outcomes back, in any order."""

    @property
    def open(self) -> Collection[str]:
        """Keys of the jobs that have not ended."""

    def take(self, workers: int = 1, worker: str = "", most: Demand | None = None, group: str | None = None) -> list[str]:
        """The next jobs to hand over together, shared out among so many free workers; [] when none is ready.

        worker: a name of who will compute them, the same from batch to batch, so that it is given what rests on what it has
        read already. most: what a job may ask for at most; None for whatever it asks. group: of which alone; None for any.
        """

    def group(self, key: str) -> str:
        """Whose code the job runs, and whether that may know the truth: jobs of two groups are not to be computed by one process.
        "" for the project's own code, or for all where nothing is to be kept apart. The jobs of a batch are of one group.

        An executor that does not ask computes the same rows, as long as no code changes what is not its own.
        """

    def put_back_alone(self, keys: Iterable[str]) -> None:
        """Jobs of a batch that was lost: each is handed over again by itself, so that only the guilty one pays."""

    def finish(self, outcome: Outcome) -> list[Outcome]:
        """Take note of an outcome; what comes back is to be yielded: it, and those of the jobs that fall with it."""

    def progressed(self, key: str, step: Step) -> None:
        """Take note of how far a job is."""

    def demand(self, key: str) -> Demand:
        """What the job asks of the machine."""

    def expected(self, key: str) -> float | None:
        """The most seconds that such a job took before: the same components on the same task; None where none was measured."""

    def words(self, key: str) -> str:
        """The job in words: its stage and the components that it names."""


class Workbench(Protocol):
    """Computes jobs in this process."""

    def run(self, keys: Sequence[str]) -> Iterator[Outcome]:
        """Compute a batch as `Schedule.take` gave it; one outcome for each job."""


class Components(Protocol):
    """How the jobs of a plan are computed: at a workbench in this process, or by a worker in another, here or elsewhere.

    A worker is a process that reads messages, one a line, and answers a line at a time: when it is ready, every few seconds
    that it is alive, how far it is, and one outcome for each job of a message. Its two pipes are its standard input and
    output, which it keeps from the code of plugins, or descriptors whose numbers are added to its command: of the messages, of
    the answers, and of a pipe to which it writes where its threads are, when it crashes and at the signal `STACKS`. It ends by
    itself with `GIVES_BACK` after an outcome that says that it `retires`. Arrays go through the store.
    """

    def workbench(self, store: str) -> Workbench:
        """A workbench of this process, which keeps what it read for later jobs."""

    def command(self, store: str) -> list[str]:
        """The command of a worker; run it with `Policy.environment`."""

    def check(self) -> tuple[list[str], bytes]:
        """A command for another machine, and what it reads on its standard input: it prints what is other there than here, of
        the versions and sources that the jobs rest on, a line each; nothing where the jobs would compute the same."""

    def message(self, keys: Sequence[str]) -> bytes:
        """The line that asks a worker for a batch as `Schedule.take` gave it."""

    def answer(self, line: bytes) -> Outcome | Told | None:
        """What a worker's line says; None where it says no more than that it is alive.

        Raises DataError for what is no answer, W2SError where the sources changed since the run was planned.
        """


@runtime_checkable
class Executor(Protocol):
    """Where and how the jobs of a run are computed; the same rows whatever it is.

    run: takes batches until `schedule.open` is empty, has each computed by what `components` offers, and yields what
    `schedule.finish` gives for each outcome. It is a generator: a run that ends early closes it, and what it started is to
    end with it. store: root of the artifacts, a folder or a URL. It obeys the policy, or raises UsageError for what it
    cannot do.
    """

    def run(self, schedule: Schedule, components: Components, store: str, policy: Policy) -> Generator[Outcome, None, None]: ...
