"""terms.parquet: what each test example says of each cell (docs/scoring.md, "What a run keeps")."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import polars as pl

from derivation.divergences import Ledger
from derivation.metrics import named
from derivation.run_files import RunFiles

TERMS = ("err_weak", "err_student", "err_ceiling", "misfit")
RELATIVE = 2.0**-12
"""Half a unit of the twelfth binary digit that is kept."""


def differences(run: RunFiles, key: str, ledger: Ledger) -> Iterator[str]:
    """Sentences on one cell whose terms are kept."""
    if run.terms is None:
        return
    kept = run.terms.filter(pl.col("cell_key") == key)
    if kept.height == 0:
        return
    if kept.height != len(ledger.y) or kept["example"].n_unique() != kept.height:
        yield f"terms.parquet has {kept.height} lines of {kept['example'].n_unique()} examples for {len(ledger.y)} examples"
        return
    for name in TERMS:
        derived, given = ledger.terms[name], kept[name].to_numpy().astype(np.float64)
        apart = np.abs(derived - given) > RELATIVE * np.abs(derived) + 1e-12 * (1.0 + np.abs(derived).max())
        if apart.any():
            place = int(np.argmax(apart))
            yield (f"{name} of example {ledger.answers.ids[place]} is {given[place]:.6g} in terms.parquet, "
                   f"and {derived[place]:.6g} by its predictions")
    for who in ("weak", "student", "ceiling", "truth") if ledger.divergence.of_classes else ():
        values = ledger.y if who == "truth" else ledger.answers.predicted[who]
        if not np.array_equal(named(values), kept[f"class_{who}"].to_numpy()):
            yield f"class_{who} in terms.parquet is not what is predicted"


def unsaid(run: RunFiles) -> Iterator[str]:
    """Seeds whose test samples plainly have examples in common, of a row that says they have none: the ids that both have come
    with the same truth, and too often for chance."""
    for (task,), cells in run.rows.filter(pl.col("status") == "ok").group_by("task", maintain_order=True):
        tests = {row["seed"]: run.truth_of(row, "test") for row in cells.unique("seed", maintain_order=True).to_dicts()}
        for one, other in combinations(sorted(tests), 2):
            if not cells["test_shared"].all() and _alike(tests[one], tests[other]):
                yield f"{task}: seeds {one} and {other} have test examples in common, and test_shared says they have not"


def _alike(one: pl.DataFrame | None, other: pl.DataFrame | None) -> bool:
    if one is None or other is None:
        return False
    values = [name for name in one.columns if name.startswith("value_")]
    common = one.select("id", *values).join(other.select("id", *values), on="id", suffix="_too")
    same = common.filter(pl.all_horizontal(pl.col(name) == pl.col(f"{name}_too") for name in values))
    kinds = same.select(values).n_unique() if same.height else 0
    return same.height == common.height and (kinds >= 5 or (kinds > 1 and same.height >= 20))


def shared(run: RunFiles) -> dict[str, bool]:
    """By cell that is ok whether its task's seeds share a test example: whether its terms are kept, and they say so."""
    ok = run.rows.filter(pl.col("status") == "ok")
    if run.terms is None:
        return dict.fromkeys(ok["cell_key"].to_list(), False)
    seeds = run.terms.join(ok.select("cell_key", "task", "seed"), on="cell_key").group_by("task", "example").agg(
        pl.col("seed").n_unique())
    tasks = set(seeds.filter(pl.col("seed") > 1)["task"].to_list())
    return {key: task in tasks for key, task in ok.select("cell_key", "task").iter_rows()}
