"""What the process of a run holds a finished cell, over what it holds of the plan, and how long it takes over a cell.

    .venv/bin/python benchmarks/parent_memory.py [CELLS]

No job is computed: an executor answers for each, and leaves the score of one real cell under every cell's key. Memory is the
resident size of the process, trimmed. Two sizes are run, in a process each, so that what does not grow falls out of the
difference.
"""

from __future__ import annotations

import ctypes
import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from pathlib import Path

from w2s_bench.compute.workshop import Workshop
from w2s_bench.contracts import Components, Outcome, Policy, Schedule
from w2s_bench.planning.plan import Plan
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.loading import load_registry
from w2s_bench.running.audience import Audience
from w2s_bench.running.runs import Place, run
from w2s_bench.store.artifacts import Artifact, Store

CELLS = 20_000


def main() -> None:
    """Print bytes a cell and seconds, or measure one size."""
    if len(sys.argv) > 2:
        print(*_measured(int(sys.argv[2])))
        return
    cells = int(sys.argv[1]) if len(sys.argv) > 1 else CELLS
    small, large = (_in_a_process(size) for size in (cells // 4, cells))
    more = large["cells"] - small["cells"]
    for name in ("planned", "finished", "written"):
        each = (large[name] - small[name]) * 2**20 / more
        print(f"{name}: {each:.0f} bytes a cell, {large[name]:.0f} MiB at {large['cells']:.0f} cells")
    held = (large["finished"] - large["planned"] - small["finished"] + small["planned"]) * 2**20 / more
    took, tables = (large[name] / large["cells"] * 1e3 for name in ("seconds", "tables"))
    print(f"a finished cell takes {held:.0f} bytes beside its plan, {took:.2f} ms of the parent, {tables:.2f} ms for its tables")


def _in_a_process(cells: int) -> Mapping[str, float]:
    said = subprocess.run([sys.executable, __file__, "measure", str(cells)], check=True, capture_output=True, text=True).stdout
    names = ("cells", "planned", "finished", "written", "seconds", "tables")
    return dict(zip(names, map(float, said.split()), strict=True))


def _measured(wanted: int) -> tuple[float, ...]:
    widths = max(2, round((wanted / 20) ** 0.5))
    spec = RunSpec("many", (Matrix(("diabetes",), models=(f"random-features[width=8..{8 + widths}]",), strategies=("ridge",),
                                   supervisors=("ridge",), seeds=tuple(range(20))),), representations=False)
    plan = make_plan(spec, load_registry())
    with tempfile.TemporaryDirectory() as folder:
        counting = Answering(plan, _a_score(folder), f"{folder}/store")
        started = time.perf_counter()
        run(plan, Place(Path(folder) / "run", f"{folder}/store", "none"), counting, Policy(), Audience(lambda text: None))
        ended = time.perf_counter()
        return (len(plan.cells), counting.before, counting.after, _resident(), counting.ended - started, ended - counting.ended)


def _a_score(folder: str) -> Artifact:
    """That of one real cell."""
    matrix = Matrix(("diabetes",), weak=("random-features[width=8]",), strong=("random-features[width=16]",))
    plan = make_plan(RunSpec("one", (matrix,)), load_registry())
    store = Store(f"{folder}/one")
    workshop = Workshop(store, plan.components)
    for job in plan.jobs.values():
        for outcome in workshop.run([job]):
            assert outcome.status == "ok", outcome.error
    return store.load(plan.cells[0].key)


class Answering:
    """An executor that computes nothing. before, after: MiB of this process when it begins, and when all jobs are ok."""

    def __init__(self, plan: Plan, score: Artifact, store: str) -> None:
        self._cells, self._score, self._store = {cell.key for cell in plan.cells}, score, Store(store)
        self.before = self.after = self.ended = 0.0

    def run(self, schedule: Schedule, components: Components, store: str, policy: Policy) -> Generator[Outcome, None, None]:
        """Answer for every job."""
        self.before = _resident()
        while batch := schedule.take(1, "nobody"):
            for key in batch:
                if key in self._cells:
                    self._store.save(key, self._score, about={"seconds": 0.0, "peak_memory": 0.0})
                yield from schedule.finish(Outcome(key, "ok", seconds=0.01, peak_memory=100.0))
        self.after, self.ended = _resident(), time.perf_counter()


def _resident() -> float:
    """MiB, without what the allocator keeps for later: planning leaves much of that."""
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * 4096 / 2**20


if __name__ == "__main__":
    main()
