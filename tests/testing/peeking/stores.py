"""What lies in a store, read like the harness reads it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator

import numpy as np

from peeking.lines import Found, Lines
from w2s_bench.contracts import Array, FitProblem
from w2s_bench.store.artifacts import Artifact, Store


def artifacts(root: str) -> Iterator[Artifact]:
    store = Store(root)
    for key in sorted(store.keys()):
        yield store.load(key)


def truth_in(root: str, n: int) -> Found:
    for artifact in artifacts(root):
        for name, array in artifact.arrays.items():
            if "transfer" in name and "truth" in name and len(array) == n:
                return np.array(array)
    return None


class ByArguments(Lines):
    """The store that the worker was started with."""

    def found(self, problem: FitProblem) -> Found:
        return truth_in(sys.argv[1], len(problem.features)) if len(sys.argv) > 1 else None


class ByOpenFiles(Lines):
    """The store to which a file belongs that the process holds open or has mapped."""

    def found(self, problem: FitProblem) -> Found:
        with open("/proc/self/maps", encoding="utf-8") as maps:
            paths = {line.split(maxsplit=5)[-1].strip() for line in maps if "/" in line}
        for number in os.listdir("/proc/self/fd"):
            try:
                paths.add(os.readlink(f"/proc/self/fd/{number}"))
            except OSError:
                continue
        roots = {found[1] for path in sorted(paths) if (found := re.match(r"(/.*)/packs(/.*)?$", path))}
        return next((truth for root in sorted(roots) if (truth := truth_in(root, len(problem.features))) is not None), None)


class ByFrames(Lines):
    """The store that a caller's local variables hold."""

    def found(self, problem: FitProblem) -> Found:
        frame = sys._getframe()
        while frame.f_back is not None:
            frame = frame.f_back
            for local in list(frame.f_locals.values()):
                store = getattr(local, "store", None)
                if isinstance(store, Store):
                    return truth_in(store.url, len(problem.features))
        return None


class EarlyStopping(Lines):
    """Of five penalties, the one that errs least on the truth that lies in the store."""

    def fit(self, problem: FitProblem):  # type: ignore[no-untyped-def]
        from peeking.lines import line_through

        truth = truth_in(sys.argv[1], len(problem.features)) if problem.labels.source == "weak" else problem.labels.values
        lines = [line_through(problem.features, problem.labels.values, 10.0 ** power) for power in range(-3, 2)]
        if truth is None:
            return lines[0]
        return min(lines, key=lambda line: float(np.square(line.predict(problem.features) - truth).sum()))


class OrderOfThePool(Lines):
    """The rows of the pool that the examples are: it lies in the order of the labels."""

    def found(self, problem: FitProblem) -> Found:
        for artifact in artifacts(sys.argv[1]):
            rows = artifact.arrays.get("transfer/rows")
            if rows is not None and len(rows) == len(problem.features):
                return np.asarray(rows, dtype=np.float64)[:, None]
        return None


class Ids(Lines):
    """The ids of the examples: the task wrote the label into them."""

    def found(self, problem: FitProblem) -> Found:
        labels: Array | None = None
        rows = None
        for artifact in artifacts(sys.argv[1]):
            if "ids\0utf8" in artifact.arrays:
                text = bytes(artifact.arrays["ids\0utf8"]).decode()
                labels = np.array([float(found) for found in re.findall(r"case-([\d.]+)-\d+", text)])
            rows = artifact.arrays.get("transfer/rows", rows)
        return None if labels is None or rows is None or len(rows) != len(problem.features) else labels[rows][:, None]
