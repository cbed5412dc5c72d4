"""Tables that fill the schema, for tests of what reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from w2s_bench.columns import BOUNDS, ROWS, polars_schema


def make_tables(tasks: dict[str, float], seeds: int = 3, failed: int = 0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows and bounds that fill the schema: for each task of a given scale two directions and some seeds."""
    rows: list[dict[str, Any]] = []
    bounds: list[dict[str, Any]] = []
    for task, scale in tasks.items():
        for direction, share in (("weak-to-strong", 0.3), ("strong-to-weak", 0.1)):
            for seed in range(seeds):
                misfit = scale * (share + 0.02 * seed)
                gain = misfit * (0.9 if share == 0.3 else -0.5)
                key = f"{task}-{direction}-{seed}"
                weak, strong = ("small", "large") if share == 0.3 else ("large", "small")
                rows.append({
                    "run_id": "r", "cell_key": key, "status": "ok", "task": task, "task_set": task, "panels": [],
                    "weak": weak, "strong": strong,
                    "strategy": "ridge", "supervisor": "least-squares", "seed": seed, "direction": direction,
                    "divergence": "squared", "output_unit": "kg", "err_weak": scale, "err_student": scale - gain,
                    "err_ceiling": 0.2 * scale, "gain": gain, "gain_se": 0.01 * scale, "misfit": misfit,
                    "gain_over_misfit": gain / misfit, "flags": ["few-test-examples"] if seed == 0 else []})
                rhs = scale - misfit + 2 * (misfit * 0.2 * scale) ** 0.5
                bounds.append({"run_id": "r", "cell_key": key, "bound": "theorem2-explicit", "split": "test",
                               "lhs": scale - gain, "rhs": rhs, "slack": rhs - scale + gain,
                               "tightness": (scale - gain) / rhs, "verdict": "holds"})
    for seed in range(failed):
        shared = ("run_id", "task", "task_set", "panels", "weak", "strong", "strategy", "supervisor")
        rows.append({**{name: rows[0][name] for name in shared},
                     "cell_key": f"lost-{seed}", "seed": 100 + seed, "status": "failed", "error": "it <b>broke</b>", "flags": []})
    return pl.DataFrame(rows, schema=polars_schema(ROWS)), pl.DataFrame(bounds, schema=polars_schema(BOUNDS))


def make_family(task_sets: dict[str, float], *, draws: int = 2, seeds: int = 3, teachers: int = 3, noise: float = 0.02,
                panel: str | None = None) -> pl.DataFrame:
    """Rows of several teachers for one student: draws of each task set (of a given scale), some seeds, gain ≈ misfit.

    Teacher w errs by 1 + 0.2·w, and its student gains 0.1 + 0.15·w of that and a little noise that the seed draws: the
    worst teacher is named last, the best student has the first.
    """
    rng = np.random.default_rng(0)
    rows: list[dict[str, Any]] = []
    for name, scale in task_sets.items():
        for draw in range(draws):
            for seed in range(seeds):
                for w in range(teachers):
                    err_weak = scale * (1.0 + 0.2 * w)
                    misfit = scale * (0.1 + 0.15 * w + 0.01 * draw)
                    gain = misfit + scale * noise * rng.standard_normal()
                    rows.append({
                        "run_id": "r", "cell_key": f"{name}-{draw}-{seed}-{w}", "status": "ok", "task": f"{name}[task={draw}]",
                        "task_set": name, "panels": [panel] if panel else [], "weak": f"teacher-{w}", "strong": "large",
                        "strategy": "ridge", "supervisor": "ridge", "seed": seed, "direction": "weak-to-strong",
                        "divergence": "squared", "output_unit": f"unit of {name}", "err_weak": err_weak,
                        "err_student": err_weak - gain, "err_ceiling": 0.01 * scale, "gain": gain, "misfit": misfit,
                        "misfit_se": 0.01 * scale, "projection_gap": 0.9 - 0.1 * w, "flags": []})
    return pl.DataFrame(rows, schema=polars_schema(ROWS))
