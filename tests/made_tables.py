"""Tables that fill the schema, for tests of what reads them."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import polars as pl
from made_samples import Case, made_sample

from w2s_bench.contracts import Array, Sample
from w2s_bench.contracts.seeds import generator_for
from w2s_bench.registry.measures import measures, row_columns
from w2s_bench.scoring.columns import BOUNDS, polars_schema
from w2s_bench.scoring.intervals import estimate
from w2s_bench.scoring.measured import metric_columns
from w2s_bench.scoring.verdict import bound_rows


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
                    "gain_over_misfit": gain / misfit, "n_test": 200, "test_shared": False,
                    "flags": ["few-test-examples"] if seed == 0 else []})
                rhs = scale - misfit + 2 * (misfit * 0.2 * scale) ** 0.5
                bounds.append({"run_id": "r", "cell_key": key, "bound": "inexact", "split": "test",
                               "lhs": scale - gain, "rhs": rhs, "slack": rhs - scale + gain,
                               "tightness": (scale - gain) / rhs, "verdict": "holds", "vacuous": False, "exceeded": False})
    for seed in range(failed):
        shared = ("run_id", "task", "task_set", "panels", "weak", "strong", "strategy", "supervisor")
        rows.append({**{name: rows[0][name] for name in shared},
                     "cell_key": f"lost-{seed}", "seed": 100 + seed, "status": "failed", "error": "it <b>broke</b>", "flags": []})
    return pl.DataFrame(rows, schema=polars_schema(row_columns())), pl.DataFrame(bounds, schema=polars_schema(BOUNDS))


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
                        "misfit_se": 0.01 * scale, "projection_gap": 0.9 - 0.1 * w, "n_test": 200, "test_shared": False,
                        "flags": []})
    return pl.DataFrame(rows, schema=polars_schema(row_columns()))


NOTHING_KNOWN = Case(
    split="test", divergence="kl", convex_in=None, exact=False, exact_projection=False, reference_in_class=False,
    contains_constant=False, delta=None, deterministic=False, n_transfer=100, head_norm=None, sum_squared_features=None)

STRENGTHS = {"small": 0.6, "large": 1.4}
"""How sharply a model of this name, fitted on the truth, tells the classes apart."""

SHARES = {"plain": 0.5, "copy": 0.1, "bold": 0.8}
"""How far a student of this strategy goes from its teacher to the ceiling."""


def make_classes(task_sets: dict[str, int], strategies: tuple[str, ...] = ("plain", "bold"), *, seeds: int = 3, n: int = 120,
                 divergence: str = "kl") -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows and bounds of classes, scored from drawn probabilities: task sets with their number of classes, two models both ways.

    A student of a strategy is its teacher moved towards the ceiling by a share of SHARES, in logarithms.
    """
    rows: list[dict[str, Any]] = []
    written: list[dict[str, Any]] = []
    for name, k in task_sets.items():
        for weak, strong in (("small", "large"), ("large", "small")):
            for seed in range(seeds):
                truth, f_w, f_s = _drawn(name, k, weak, strong, seed, n)
                for strategy in strategies:
                    student = np.exp((1.0 - SHARES[strategy]) * np.log(f_w) + SHARES[strategy] * np.log(f_s))
                    student /= student.sum(axis=1, keepdims=True)
                    cell = {"run_id": "r", "cell_key": f"{name}-{weak}-{strategy}-{seed}"}
                    names = {"status": "ok", "task": name, "task_set": name, "panels": [], "weak": weak, "strong": strong,
                             "strategy": strategy, "supervisor": "plain", "seed": seed, "divergence": divergence,
                             "direction": "weak-to-strong" if weak == "small" else "strong-to-weak", "output_unit": "",
                             "n_test": n, "n_transfer": 100, "flags": ["few-test-examples"] if n < 50 else []}
                    sample = made_sample(truth, f_w, student, f_s, divergence)
                    rows.append(cell | names | _scored(sample))
                    found, _ = bound_rows(sample, NOTHING_KNOWN.facts, measures().bounds)
                    written += [{**cell, **msgspec.to_builtins(bound), "all_assumptions": bound.all_assumptions}
                                for bound in found]
    return pl.DataFrame(rows, schema=polars_schema(row_columns())), pl.DataFrame(written, schema=polars_schema(BOUNDS))


def _drawn(name: str, k: int, weak: str, strong: str, seed: int, n: int) -> tuple[Array, Array, Array]:
    generator = generator_for("made classes", task=name, seed=seed)
    truth = np.eye(k)[generator.integers(k, size=n)]
    noise = generator.standard_normal((2, n, k))
    logits = [STRENGTHS[model] * truth + 0.8 * noise[place] for place, model in enumerate((weak, strong))]
    powers = [np.exp(values) for values in logits]
    f_w, f_s = (values / values.sum(axis=1, keepdims=True) for values in powers)
    return truth, f_w, f_s


def _scored(sample: Sample) -> dict[str, Any]:
    values = {"err_weak": sample.err_weak, "err_student": sample.err_student, "err_ceiling": sample.err_reference,
              "gain": sample.gain, "misfit": sample.misfit, "projection": sample.projection,
              "realizability": sample.realizability}
    row: dict[str, Any] = {"classes": sample.output.k}
    for name, found in ((name, estimate(of_name)) for name, of_name in values.items()):
        row |= {name: found.mean, f"{name}_se": found.se if math.isfinite(found.se) else None}
    measured, reasons = metric_columns(sample, measures().metrics)
    row |= measured | {"metrics_missing": reasons}
    return {**row, "gain_over_misfit": row["gain"] / row["misfit"]}
