"""Memory and time of a head on features larger than memory, and beside what it took with the features copied and whole.

    .venv/bin/python benchmarks/big_head.py [ROWS [STRATEGY]]

Features (ROWS, 768) float32 lie in a file, which is mapped; a strategy is fitted on them and predicts them, in a process that may
have no more than 1.5 GiB of memory of its own (RLIMIT_DATA: what is mapped from a file does not count). Then the same with fewer
rows, streamed and as it was: copied, and in one float64 copy to predict. Memory is the largest RssAnon over that before the fit.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from w2s_bench.contracts import Classes, FitContext, FitProblem, Labels, Output, Regression
from w2s_bench.registry.loading import load_registry

ROWS, WIDTH, BOTH = 2_000_000, 768, 150_000
LIMIT = 3 << 29
"""1.5 GiB."""


def main() -> None:
    """Print seconds and memory."""
    if len(sys.argv) > 3:
        print(json.dumps(measured(Path(sys.argv[1]), sys.argv[2], whole=sys.argv[3] == "whole")))
        return
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    strategy = sys.argv[2] if len(sys.argv) > 2 else "ridge"
    with tempfile.TemporaryDirectory() as folder:
        large, both = (made(Path(folder) / str(size), size) for size in (rows, min(rows, BOTH)))
        told = in_a_process(large, strategy, "streamed")
        print(f"{strategy} on {rows:,} × {WIDTH}, within 1.5 GiB: {told['seconds']:.0f} s, {told['memory'] / 2**20:.0f} MiB")
        streamed, whole = (in_a_process(both, strategy, way) for way in ("streamed", "whole"))
        print(f"on {min(rows, BOTH):,} rows, streamed over whole: time {streamed['seconds'] / whole['seconds']:.2f}, memory "
              f"{streamed['memory'] / whole['memory']:.2f} ({whole['memory'] / 2**20:.0f} MiB whole), predictions differ by "
              f"{abs(streamed['mean'] - whole['mean']):.1e} in the mean")


def made(path: Path, rows: int) -> Path:
    """A file of features, drawn block by block."""
    features = np.memmap(path, np.float32, "w+", shape=(rows, WIDTH))
    rng = np.random.default_rng(0)
    scale = np.linspace(0.1, 2.0, WIDTH, dtype=np.float32)
    for start in range(0, rows, 4096):
        block = rng.standard_normal(features[start:start + 4096].shape, dtype=np.float32)
        features[start:start + 4096] = block * scale + 0.5
    features.flush()
    return path


def in_a_process(path: Path, strategy: str, way: str) -> dict[str, float]:
    """What `measured` says in a process of its own."""
    done = subprocess.run([sys.executable, __file__, str(path), strategy, way], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measured(path: Path, strategy: str, *, whole: bool) -> dict[str, float]:
    """Seconds, bytes and the mean prediction of a fit and its predictions."""
    mapped = np.memmap(path, np.float32, "r").reshape(-1, WIDTH)
    rng = np.random.default_rng(1)
    signal = np.concatenate([np.asarray(mapped[start:start + 4096, :5]).sum(axis=1) for start in range(0, len(mapped), 4096)])
    noisy = signal + rng.normal(size=len(signal))
    classes = strategy.startswith("logistic")
    output: Output = Classes(2) if classes else Regression(1)
    share = 1.0 / (1.0 + np.exp(-noisy))
    values = np.stack([1.0 - share, share], axis=1) if classes else noisy[:, None]
    made = load_registry().one("strategies", strategy).create()
    if whole:
        from w2s_probes import softmax_design, standardise

        standardise.WHOLE = softmax_design.HELD = 1 << 40
    else:
        resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
    before, peak = anonymous(), Peak()
    started = time.perf_counter()
    with peak:
        features = np.array(mapped) if whole else mapped
        head = made.fit(FitProblem(features, Labels(values, "weak"), FitContext(0, output), "features"))
        answers = head.predict(np.array(mapped) if whole else mapped)
    return {"seconds": time.perf_counter() - started, "memory": float(peak.most - before), "mean": float(answers[:, -1].mean())}


class Peak:
    """The most anonymous memory of this process while it is entered, looked at 50 times a second."""

    def __init__(self) -> None:
        self.most, self._ended = 0, threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.02):
            self.most = max(self.most, anonymous())


def anonymous() -> int:
    """Bytes of this process that no file holds."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("RssAnon:")).split()[1])


if __name__ == "__main__":
    main()
