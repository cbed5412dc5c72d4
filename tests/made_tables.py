"""Tables that fill the schema, for tests of what reads them."""

from __future__ import annotations

from typing import Any

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
                    "run_id": "r", "cell_key": key, "status": "ok", "task": task, "task_set": task, "panels": [], "weak": weak, "strong": strong,
                    "strategy": "ridge", "supervisor": "least-squares", "seed": seed, "direction": direction,
                    "divergence": "squared", "output_unit": "kg", "err_weak": scale, "err_student": scale - gain,
                    "err_ceiling": 0.2 * scale, "gain": gain, "gain_se": 0.01 * scale, "misfit": misfit,
                    "gain_over_misfit": gain / misfit, "flags": ["few-test-examples"] if seed == 0 else []})
                rhs = scale - misfit + 2 * (misfit * 0.2 * scale) ** 0.5
                bounds.append({"run_id": "r", "cell_key": key, "bound": "theorem2-explicit", "split": "test",
                               "lhs": scale - gain, "rhs": rhs, "slack": rhs - scale + gain,
                               "tightness": (scale - gain) / rhs, "verdict": "holds"})
    for seed in range(failed):
        rows.append({**{name: rows[0][name] for name in ("run_id", "task", "task_set", "panels", "weak", "strong", "strategy", "supervisor")},
                     "cell_key": f"lost-{seed}", "seed": 100 + seed, "status": "failed", "error": "it <b>broke</b>", "flags": []})
    return pl.DataFrame(rows, schema=polars_schema(ROWS)), pl.DataFrame(bounds, schema=polars_schema(BOUNDS))
