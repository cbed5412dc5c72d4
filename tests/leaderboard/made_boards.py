"""Submissions as a check leaves them, of gains that a test draws, for a season that it made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from w2s_bench.contracts import Array
from w2s_bench.leaderboard.checked import Checked, Trust
from w2s_bench.leaderboard.season import Season, SeasonTask
from w2s_bench.leaderboard.submission import Division, Submission
from w2s_bench.registry.measures import row_columns
from w2s_bench.running.table_files import BOUND, table_of
from w2s_bench.running.terms import read_terms
from w2s_bench.scoring.columns import polars_schema

ERROR = 3.0
"""What every teacher errs by, on each example."""

Gains = Mapping[tuple[str, int, int], Array]
"""By task, number of a setting and number of a seed the gain of each example, (n,), in the divergence's unit. A cell that is
not in it has no row."""


def made_checked(season: Season, name: str, strategies: Mapping[str, Gains], *, failed: Sequence[tuple[str, int, int]] = (),
                 shared: bool = True, trust: Trust = "rescored", division: Division = "teacher-labels", shuffled: float | None =
                 0.0, one_training: bool = False) -> Checked:
    """A submission of these strategies. failed: cells that have a row of status failed. shared: whether the seeds of a task
    have the same test examples. shuffled: what the control of shuffled labels gains on each example; None for no such
    control."""
    rows: list[dict[str, object]] = []
    terms: list[pl.DataFrame] = [read_terms([])]
    for strategy, gains in strategies.items():
        for cell in season.cells():
            where = (cell.task.name, cell.task.settings.index(cell.setting), cell.task.seeds.index(cell.seed))
            about = _about(name, strategy, cell.task, where, one_training=one_training) | {
                "trust": trust, "division": division, "weak": cell.setting.weak, "strong": cell.setting.strong,
                "supervisor": cell.setting.supervisor, "seed": cell.seed}
            if where in failed:
                rows.append({**about, "status": "failed"})
            elif where in gains:
                mine = np.asarray(gains[where])
                rows.append({**about, **_means(cell.task, mine, shuffled)})
                terms.append(_terms(str(about["cell_key"]), cell.task, mine, where[2], shared, shuffled))
    schema = {**polars_schema(row_columns()), "submission": pl.String, "trust": pl.String, "division": pl.String}
    table = pl.DataFrame([{key: row.get(key) for key in schema} for row in rows], schema=schema)
    submission = Submission(name=name, title=name, who=("a test",), season=season.label, division=division)
    return Checked(submission, table, table_of([], BOUND), pl.concat(terms), ())


def drawn(season: Season, rng: np.random.Generator, *, mean: Mapping[str, float] | float = 0.0, seeds: float = 0.1,
          noise: float = 1.0, common: Mapping[str, Array] | None = None, n: int = 100, skewed: bool = False) -> dict[
              tuple[str, int, int], Array]:
    """Gains of a strategy: an effect of each example that all its cells share, one of each seed, and noise."""
    def draw(*shape: int) -> Array:
        return np.asarray((np.exp(rng.normal(size=shape)) - np.exp(0.5)) / 2.16 if skewed else rng.normal(size=shape))

    found = {}
    for task in season.tasks:
        level = mean if isinstance(mean, float) else mean.get(task.name, 0.0)
        own = draw(n) if common is None else 0.7 * draw(n) + 0.7 * common[task.name]
        for s in range(len(task.seeds)):
            of_seed = seeds * float(rng.normal())
            for j in range(len(task.settings)):
                found[task.name, j, s] = level + of_seed + noise * (0.7 * own + 0.7 * draw(n))
    return found


def _about(name: str, strategy: str, task: SeasonTask, where: tuple[str, int, int], *, one_training: bool) -> dict[str, object]:
    splits = task.splits[where[2]]
    return {"run_id": name, "cell_key": f"{name}-{strategy}-{task.name}-{where[1]}-{where[2]}", "task": task.name,
            "task_set": task.name, "panels": [], "strategy": strategy, "submission": name, "direction": "weak-to-strong",
            "divergence": task.divergence, "output_unit": "", "classes": 2 if task.output == "classes" else None,
            "n_test": splits.n_test, "test_shared": True, "fingerprint_task": splits.task, "fingerprint_data": splits.data,
            "fingerprint_supervise": "one" if one_training else splits.supervise,
            "fingerprint_transfer": "one" if one_training else splits.transfer,
            "fingerprint_test": "one" if one_training else splits.test, "flags": []}


def _means(task: SeasonTask, gains: Array, shuffled: float | None) -> dict[str, object]:
    right = gains > 0.0
    return {"status": "ok", "err_weak": ERROR, "err_student": ERROR - float(gains.mean()), "err_ceiling": 1.0,
            "err_shuffled": None if shuffled is None else ERROR - shuffled, "gain": float(gains.mean()),
            "misfit": 0.5 + float(np.abs(gains).mean()),
            "gain_accuracy": float(right.mean()) - 0.5 if task.output == "classes" else None}


def _terms(key: str, task: SeasonTask, gains: Array, seed: int, shared: bool, shuffled: float | None) -> pl.DataFrame:
    n = gains.size
    examples = np.arange(n, dtype=np.uint64) + np.uint64(0 if shared else seed * n)
    columns: dict[str, object] = {
        "cell_key": [key] * n, "example": examples, "err_weak": np.full(n, ERROR), "err_student": ERROR - gains,
        "err_ceiling": np.full(n, 1.0), "misfit": 0.5 + np.abs(gains)}
    columns["err_shuffled"] = None if shuffled is None else np.full(n, ERROR - shuffled)
    if task.output == "classes":
        columns |= {"class_truth": np.zeros(n), "class_student": np.where(gains > 0.0, 0, 1), "class_ceiling": np.zeros(n),
                    "class_weak": np.arange(n) % 2}
    schema = read_terms([]).schema
    made = pl.DataFrame({name: columns[name] for name in schema if columns.get(name) is not None})
    return made.select(pl.col(name).cast(kind) if name in made.columns else pl.lit(None, kind).alias(name)
                       for name, kind in schema.items())
