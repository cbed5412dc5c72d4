"""What a process has one of, and all code in it shares: read before and after code of others, and what is other then in words.

What an import leaves behind it is no change: a library that is loaded later, a filter for a library's own warnings, a variable
that a library sets for itself.
"""

from __future__ import annotations

import contextlib
import decimal
import functools
import gc
import locale
import os
import random
import resource
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from w2s_bench.registry.namespaces import Namespace, namespaces, replaced

if TYPE_CHECKING:
    from threadpoolctl import LibController

Filter = tuple[object, ...]
"""Of `warnings.filters`: action, message, category, module, line."""

_SET_BY_IMPORTS = ("KMP_", "_RJEM_", "RDBASE", "TORCHINDUCTOR_", "TRITON_", "TOKENIZERS_PARALLELISM", "LOKY_", "JOBLIB_")
"""How the names of variables begin that libraries set when they are imported or first used."""

_SIGNALS = tuple(getattr(signal, name) for name in (
    "SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGALRM", "SIGCHLD", "SIGPIPE", "SIGUSR1", "SIGUSR2"))
_LIMITS = {"memory": resource.RLIMIT_AS, "processor time": resource.RLIMIT_CPU, "size of files": resource.RLIMIT_FSIZE}
_SMALLEST, _TENTH, _FIFTH = 5e-324, 0.1, 0.2
_SHOWN = 40
_GRACE, _LOOK = 1.0, 0.02
"""Seconds that what was left running has to end by itself, and that pass before the first look whether it has."""

_RANDOM, _BLOCK, _BLOCKS = "Python's random state", 624 * 32, 4
"""Of Python's generator: bits that it draws at a time, and how many times an import may make it."""

_UNTOUCHED: Mapping[str, object] = {
    "torch's default dtype": "torch.float32", "torch's default device": "cpu", "torch's gradients": (True, False, False),
    "torch's precision of matrix products": ("highest", False), "torch's deterministic flags": (False, False, False, False)}
"""What a library says that was only just imported: what it is compared with where it was not there before."""


@dataclass(frozen=True)
class State:
    """facts: by what it is in words, values that are compared. environment, filters, search: variables, filters of warnings, and
    the path of modules. threads: names of Python's, by number. children: processes that it started and that run.
    spaces: what modules and classes hold that others compute with, by name.
    """

    facts: Mapping[str, object]
    environment: Mapping[str, str]
    filters: tuple[Filter, ...]
    search: tuple[str, ...]
    threads: Mapping[int, str]
    children: frozenset[int]
    spaces: Mapping[str, Namespace]


def state() -> State:
    """The state of this process, as the calling thread sees it."""
    facts = {**dict(_of_python()), **dict(_of_the_system()), **dict(_of_numbers()), **_of_torch()}
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    threads = {number: names.get(number, "without a name") for number in sys._current_frames()}
    return State(facts, os.environ.copy(), tuple(warnings.filters), tuple(sys.path), threads, _children(), namespaces())


def changed(before: State, after: State, *, left: bool = True) -> tuple[str, ...]:
    """What is other in the second state, each in words such as "NumPy's random state" or "numpy.dot was replaced".

    left: whether threads and processes that are there now count, too.
    """
    return tuple(dict.fromkeys([*_facts(before.facts, after.facts), *_environment(before.environment, after.environment),
                                *_filters(before.filters, after.filters), *_search(before.search, after.search),
                                *(_left(before, after) if left else ()), *replaced(before.spaces, after.spaces)]))


def changed_for_good(before: State, *, left: bool = True) -> tuple[State, tuple[str, ...]]:
    """The state of this process, and what is other in it than before, as `changed` says it.

    A thread or a process that ends by itself within a moment is no change: the threads of a pool that was shut down, say.
    It is waited for only where something was found.
    """
    until, pause = time.monotonic() + _GRACE, _LOOK
    now = state()
    while (found := changed(before, now, left=left)) and any(_left(before, now)) and time.monotonic() < until:
        time.sleep(pause)
        pause, now = 2 * pause, state()
    return now, found


def _of_python() -> Iterator[tuple[str, object]]:
    context = decimal.getcontext()
    yield _RANDOM, random.getstate()
    yield "the precision of decimal numbers", (context.prec, context.rounding)
    yield "the recursion limit", sys.getrecursionlimit()
    yield "the garbage collector", (gc.isenabled(), gc.get_threshold())
    yield "the tracing of Python's calls", (sys.gettrace(), sys.getprofile())
    yield "how warnings are shown", (warnings.showwarning, warnings.formatwarning)
    for name in ("stdin", "stdout", "stderr"):
        stream = getattr(sys, name)
        yield f"sys.{name}", (id(stream), getattr(stream, "closed", None))


def _of_the_system() -> Iterator[tuple[str, object]]:
    mask = os.umask(0o077)
    os.umask(mask)
    yield "the umask", mask
    yield "the working folder", _folder()
    yield "the locale", locale.setlocale(locale.LC_ALL)
    for number in _SIGNALS:
        yield f"the handler of {number.name}", signal.getsignal(number)
    yield "blocked signals", frozenset(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
    yield "the alarm clock", signal.getitimer(signal.ITIMER_REAL)[1:] if signal.getitimer(signal.ITIMER_REAL)[0] else None
    for name, limit in _LIMITS.items():
        yield f"the system's limit of {name}", resource.getrlimit(limit)
    for number, name in enumerate(("input", "output", "error")):
        yield f"standard {name}", _file_of(number)


def _folder() -> str | None:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return None


def _file_of(descriptor: int) -> tuple[int, int] | None:
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _of_numbers() -> Iterator[tuple[str, object]]:
    """Of the processor, NumPy and what it computes with."""
    yield "how the processor rounds", (_SMALLEST * 1.0, _TENTH + _FIFTH, -_TENTH - _FIFTH)
    numpy: Any = sys.modules.get("numpy")
    if hasattr(numpy, "get_printoptions"):  # not while it is being imported
        drawn = numpy.random.get_state(legacy=False)
        yield "NumPy's random state", (drawn["bit_generator"], repr(drawn.get("gauss")), *map(_plain, drawn["state"].values()))
        yield "NumPy's error handling", tuple(numpy.geterr().values())
        yield "NumPy's print options", repr(numpy.get_printoptions())
        yield "the size of NumPy's buffers", numpy.getbufsize()
        for library in _pools(len(sys.modules)):
            yield f"the number of threads of {library.internal_api}", library.get_num_threads()
    sklearn: Any = sys.modules.get("sklearn")
    if hasattr(sklearn, "get_config"):
        yield "scikit-learn's configuration", tuple(sklearn.get_config().items())


def _plain(value: object) -> object:
    into_bytes = getattr(value, "tobytes", None)
    return into_bytes() if into_bytes else value


@functools.lru_cache(maxsize=1)
def _pools(modules: int) -> list[LibController]:
    """The libraries of this process that compute in several threads: looked for anew when modules were imported."""
    from threadpoolctl import ThreadpoolController

    return list(ThreadpoolController().lib_controllers)


def _of_torch() -> dict[str, object]:
    torch: Any = sys.modules.get("torch")
    if not hasattr(torch, "get_float32_matmul_precision"):  # nobody imported it, or somebody is about to
        return {}
    cudnn = torch.backends.cudnn
    return {
        "torch's random state": torch.get_rng_state().numpy().tobytes(),
        "torch's default dtype": str(torch.get_default_dtype()),
        "torch's default device": str(torch.get_default_device()),
        "torch's number of threads": torch.get_num_threads(),
        "torch's gradients": (torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.is_anomaly_enabled()),
        "torch's precision of matrix products": (torch.get_float32_matmul_precision(), torch.is_autocast_enabled("cpu")),
        "torch's deterministic flags": (torch.are_deterministic_algorithms_enabled(), cudnn.deterministic, cudnn.benchmark,
                                        torch.is_deterministic_algorithms_warn_only_enabled())}


def _facts(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[str]:
    for words, value in after.items():
        if words in before:
            expected = before[words]
        elif words in _UNTOUCHED:
            expected = _UNTOUCHED[words]
        else:
            continue
        if expected != value and not (words == _RANDOM and _only_drawn_from(expected, value)):
            yield f"{words}{_from_to(expected, value)}"


def _only_drawn_from(before: object, after: object) -> bool:
    """Whether Python's generator went on where it was, by a little: an import may draw from it, and no number rests on
    where a process began."""
    assert isinstance(before, tuple) and isinstance(after, tuple)
    generator = random.Random()
    generator.setstate(before)
    for _ in range(_BLOCKS):
        if generator.getstate()[1][:-1] == after[1][:-1]:
            return True
        generator.getrandbits(_BLOCK)
    return False


def _from_to(before: object, after: object) -> str:
    shown = [_as_shown(value) for value in (before, after)]
    return f" ({shown[0]} before, {shown[1]} after)" if all(shown) else ""


def _as_shown(value: object) -> str:
    """A value that a person can read in a line; "" for others."""
    text = "nothing" if value is None else str(value) if isinstance(value, str | int | float) else ""
    return text if len(text) <= _SHOWN else ""


def _environment(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    if before == after:
        return
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name) and not name.startswith(_SET_BY_IMPORTS):
            yield f"the environment variable {name}"


def _filters(before: tuple[Filter, ...], after: tuple[Filter, ...]) -> Iterator[str]:
    """Filters that are gone, that make an error of a warning, or that hide those of everybody: a filter for a module, a message
    or a category of its own is what a library brings along."""
    if before == after:
        return
    if any(each not in after for each in before):
        yield "filters of warnings were removed"
    for action, message, category, module, _ in (each for each in after if each not in before):
        of_everybody = message is None and module is None and isinstance(category, type) and category.__module__ == "builtins"
        if of_everybody and action in ("error", "ignore"):
            yield f"a filter of warnings: {action} for every {getattr(category, '__name__', '')}"


def _search(before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[str]:
    if after[:len(before)] != before:
        yield "sys.path"


def _left(before: State, after: State) -> Iterator[str]:
    """Threads and processes that were not there. What tqdm runs to watch itself is a library's, and what fsspec reads and writes
    a store with is the store's."""
    for number in after.threads.keys() - before.threads.keys():
        if not _is_a_monitor(number) and number not in _threads_of_stores():
            yield f"a thread left behind ({after.threads[number]})"
    if found := len(after.children - before.children):
        yield f"{found} process{'es' if found > 1 else ''} left behind"


def _is_a_monitor(number: int) -> bool:
    return any(thread.ident == number and type(thread).__module__.startswith("tqdm.") for thread in threading.enumerate())


def _threads_of_stores() -> frozenset[int | None]:
    """fsspec's one thread for all that it reads and writes elsewhere, and those that its loop asks names of machines with."""
    asyn: Any = sys.modules.get("fsspec.asyn")
    loop, thread = (asyn.loop[0], asyn.iothread[0]) if hasattr(asyn, "iothread") else (None, None)
    pool = getattr(loop, "_default_executor", None)
    return frozenset(each.ident for each in (thread, *getattr(pool, "_threads", ())) if each is not None)


def _children() -> frozenset[int]:
    """Processes that this one started, that have not ended."""
    if not _has_children():
        return frozenset()
    found: set[int] = set()
    for task in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
            found |= set(map(int, task.read_text().split()))
    return frozenset(number for number in found if _runs(number))


def _runs(number: int) -> bool:
    import psutil

    try:
        process = psutil.Process(number)
        return process.status() != psutil.STATUS_ZOMBIE and "multiprocessing.resource_tracker" not in " ".join(process.cmdline())
    except psutil.Error:
        return False


def _has_children() -> bool:
    """Whether there are any, which Linux says at once; elsewhere they are not looked for."""
    if sys.platform != "linux":
        return False
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
