"""What a process has one of, put back as it was, as far as that can be done."""

from __future__ import annotations

import functools
import locale
import os
import random
import sys
import warnings
from collections.abc import Callable
from typing import TextIO

Undo = Callable[[], object]


def putting_back() -> Callable[[], None]:
    """What puts back, when it is called, what is as it is now: random states, how NumPy and torch compute and print, warnings,
    the environment, the working folder, the locale, the umask, and the path of modules. Functions that were replaced, threads
    and processes stay as they are."""
    undo = [*_of_the_process(), *_of_numpy(), *_of_torch()]

    def put_back() -> None:
        for each in undo:
            each()

    return put_back


def _of_the_process() -> list[Undo]:
    mask = os.umask(0o077)
    os.umask(mask)
    return [functools.partial(random.setstate, random.getstate()), _to_the_folder(),
            functools.partial(locale.setlocale, locale.LC_ALL, locale.setlocale(locale.LC_ALL)),
            functools.partial(os.umask, mask), functools.partial(_environment, os.environ.copy()),
            functools.partial(setattr, warnings, "filters", list(warnings.filters)), functools.partial(_path, list(sys.path)),
            functools.partial(_streams, sys.stdin, sys.stdout, sys.stderr)]


def _to_the_folder() -> Undo:
    try:
        return functools.partial(os.chdir, os.getcwd())
    except FileNotFoundError:  # somebody deleted it
        return os.getpid


def _path(before: list[str]) -> None:
    sys.path[:] = before


def _streams(*before: TextIO) -> None:
    sys.stdin, sys.stdout, sys.stderr = before


def _environment(before: dict[str, str]) -> None:
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)


def _of_numpy() -> list[Undo]:
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return []
    return [functools.partial(numpy.random.set_state, numpy.random.get_state(legacy=False)),
            functools.partial(numpy.seterr, **numpy.geterr()), functools.partial(numpy.setbufsize, numpy.getbufsize()),
            functools.partial(numpy.set_printoptions, **numpy.get_printoptions())]


def _of_torch() -> list[Undo]:
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "get_float32_matmul_precision"):
        return []
    deterministic = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    return [functools.partial(torch.set_rng_state, torch.get_rng_state()),
            functools.partial(torch.set_default_dtype, torch.get_default_dtype()),
            functools.partial(torch.set_num_threads, torch.get_num_threads()),
            functools.partial(torch.set_grad_enabled, torch.is_grad_enabled()),
            functools.partial(torch.set_float32_matmul_precision, torch.get_float32_matmul_precision()),
            functools.partial(torch.use_deterministic_algorithms, deterministic[0], warn_only=deterministic[1])]
