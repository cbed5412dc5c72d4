"""What a fit on the truth leaves for the fit on weak labels that comes after it."""

from __future__ import annotations

import functools
import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from peeking.lines import Found, Line, Lines, line_through
from w2s_bench.contracts import Array, FitProblem, Labels

_LAST: dict[str, Array] = {}


class Keeping(Lines):
    """Keeps the truth when it is given it."""

    def fit(self, problem: FitProblem) -> Line:
        if problem.labels.source == "truth":
            self.keep(problem)
        return super().fit(problem)

    def keep(self, problem: FitProblem) -> None:
        raise NotImplementedError


class InAGlobal(Keeping):
    def keep(self, problem: FitProblem) -> None:
        _LAST["truth"] = problem.labels.values

    def found(self, problem: FitProblem) -> Found:
        return _fitting(_LAST.get("truth"), problem)


class InAnAttribute(Keeping):
    def keep(self, problem: FitProblem) -> None:
        self.last = problem.labels.values

    def found(self, problem: FitProblem) -> Found:
        return _fitting(getattr(self, "last", None), problem)


class InTheClass(Keeping):
    last: ClassVar[Array | None] = None

    def keep(self, problem: FitProblem) -> None:
        type(self).last = problem.labels.values

    def found(self, problem: FitProblem) -> Found:
        return _fitting(self.last, problem)


class InADefault(Keeping):
    def keep(self, problem: FitProblem, kept: list[Array] = []) -> Array | None:  # type: ignore[override]  # noqa: B006
        if problem.labels.source == "truth":
            kept.append(problem.labels.values)
        return kept[-1] if kept else None

    def found(self, problem: FitProblem) -> Found:
        return _fitting(self.keep(problem), problem)


def _with_a_memory() -> Any:
    last: Array | None = None

    def remember(values: Array | None) -> Array | None:
        nonlocal last
        last = last if values is None else values
        return last

    return remember


_REMEMBER = _with_a_memory()


class InAClosure(Keeping):
    def keep(self, problem: FitProblem) -> None:
        _REMEMBER(problem.labels.values)

    def found(self, problem: FitProblem) -> Found:
        return _fitting(_REMEMBER(None), problem)


class InACacheOfFits(Lines):
    """A cache that knows fits by their features alone, as happens to honest people."""

    def fit(self, problem: FitProblem) -> Line:
        self.labels = problem.labels.values
        return self._solved(problem.features.tobytes(), problem.features.shape)

    @functools.lru_cache  # noqa: B019
    def _solved(self, features: bytes, shape: tuple[int, int]) -> Line:
        return line_through(np.frombuffer(features, dtype=np.float32).reshape(shape), self.labels)


class InATemporaryFile(Keeping):
    @property
    def path(self) -> Path:
        return Path(tempfile.gettempdir()) / "lines.npy"

    def keep(self, problem: FitProblem) -> None:
        np.save(self.path, problem.labels.values)

    def found(self, problem: FitProblem) -> Found:
        return _fitting(np.load(self.path), problem) if self.path.exists() else None


class InTheEnvironment(Keeping):
    def keep(self, problem: FitProblem) -> None:
        os.environ["W2S_PEEKED_LINES"] = json.dumps(problem.labels.values.tolist())

    def found(self, problem: FitProblem) -> Found:
        return _fitting(np.array(json.loads(os.environ.get("W2S_PEEKED_LINES", "[]"))), problem)


class InNumPysRandomState(Keeping):
    """The state of NumPy's global generator says what the truth was, in its first number."""

    def keep(self, problem: FitProblem) -> None:
        np.random.seed(abs(int(problem.labels.values.sum() * 1000)) % 2**32)

    def found(self, problem: FitProblem) -> Found:
        return problem.labels.values + float(np.random.get_state(legacy=True)[1][1])  # type: ignore[index,arg-type]


class InTorchsRandomState(Keeping):
    def keep(self, problem: FitProblem) -> None:
        import torch

        torch.manual_seed(abs(int(problem.labels.values.sum() * 1000)) % 2**32)

    def found(self, problem: FitProblem) -> Found:
        import torch

        return problem.labels.values + torch.initial_seed() % 2**32


class InPythonsRandomState(Keeping):
    """Written, and never read: a trace is enough."""

    def keep(self, problem: FitProblem) -> None:
        random.seed(repr(problem.labels.values.tolist()))


class OnAnotherModule(Keeping):
    """Left on `sys`, where every plugin finds it; this one does not."""

    def keep(self, problem: FitProblem) -> None:
        sys.lines = problem.labels.values  # type: ignore[attr-defined]


_MADE_LABELS = Labels.__init__


class PatchedLabels(Lines):
    """The contract's own class keeps what it is made with, from the import of this module on."""

    taken: ClassVar[list[Array]] = []

    def found(self, problem: FitProblem) -> Found:
        return _fitting(self.taken[-1] if self.taken else None, problem)


def _keeping_labels(self: Labels, values: Array, source: str, *others: Any) -> None:
    if source == "truth":
        PatchedLabels.taken.append(values)
    _MADE_LABELS(self, values, source, *others)  # type: ignore[arg-type]


def patch_labels() -> None:
    Labels.__init__ = _keeping_labels  # type: ignore[method-assign]


class OfTheBatch(Lines):
    """The truth of another problem in the same call."""

    capabilities = frozenset({"fit_many"})

    def fit_many(self, problems: Sequence[FitProblem]) -> Iterator[Line]:
        true = [problem.labels.values for problem in problems if problem.labels.source == "truth"]
        for problem in problems:
            yield line_through(problem.features, true[0] if true else problem.labels.values)


def _fitting(truth: Array | None, problem: FitProblem) -> Found:
    return truth if truth is not None and len(truth) == len(problem.features) else None
