"""How long a plan of 100,000 cells takes, in passes over a plain loop that hashes as many small records.

    .venv/bin/python benchmarks/planning.py
"""

from __future__ import annotations

import hashlib
import json
import time

from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.loading import load_registry


def main() -> None:
    """Print seconds and the ratio."""
    registry = load_registry()
    spec = RunSpec("big", (Matrix(
        tasks=("diabetes",), models=("random-features[width=8..57]",), strategies=("ridge[penalty=[0.1,0.2,0.3,0.4]]",),
        supervisors=("ridge[penalty=[1.0,2.0]]",), seeds=tuple(range(6))),))
    started = time.perf_counter()
    plan = make_plan(spec, registry)
    planned = time.perf_counter() - started
    started = time.perf_counter()
    for index in range(len(plan.jobs)):
        hashlib.sha256(json.dumps(["fit", index, "a" * 64, "b" * 64, "c" * 64]).encode()).hexdigest()
    plain = time.perf_counter() - started
    per_cells = planned * 100_000 / len(plan.cells)
    print(f"{len(plan.cells)} cells, {len(plan.jobs)} jobs in {planned:.2f} s: {per_cells:.2f} s for 100,000 cells (at most 5), "
          f"{planned / plain:.1f} x a loop that only hashes")


if __name__ == "__main__":
    main()
