"""The entries of one task as arrays: rows for the values, per-example terms for what is said of new examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from w2s_bench.contracts.errors import DataError
from w2s_bench.leaderboard.aggregated import ENTRY
from w2s_bench.scoring.arrays import Array
from w2s_bench.tables.cell_arrays import CellArrays, Design, design_of
from w2s_bench.tables.inference import COPY

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.leaderboard.season import SeasonTask

MEASURES = ("share", "accuracy", "misfit", "above_shuffled")
"""Of aggregated.MEASURES those that are arrays; nats are shares in another unit."""

Names: TypeAlias = npt.NDArray[np.uint64]
Key: TypeAlias = tuple[str, str]
"""An entry: submission and strategy."""


class OnTask(NamedTuple):
    """What the entries do on one task, measure by measure; design: what its seeds share, None where no terms say it."""

    arrays: Mapping[Key, Mapping[str, CellArrays]]
    design: Design | None


def on_task(cells: pl.DataFrame, terms: pl.DataFrame, task: SeasonTask) -> OnTask:
    """cells: of aggregated.on_season, on this task alone. terms: as running/terms.py, with `submission`.

    A cell whose terms are not kept, or not for a measure, leaves its entry without terms for that measure. Raises DataError where
    the terms of two cells of one seed are of different examples.
    """
    import polars as pl

    ok = cells.filter(pl.col("state") == "ok").with_columns(
        pl.struct(name for name in COPY if name in cells.columns).hash().alias("alike")).sort(
        *ENTRY, "setting_at", "seed_at")
    kept = terms.join(ok.select("submission", "cell_key", pl.int_range(pl.len()).alias("row")), on=["submission", "cell_key"],
                      how="inner").sort("row", "example")
    counted = kept.group_by("row", maintain_order=True).len()
    starts = np.concatenate([[0], np.cumsum(counted["len"].to_numpy())]).astype(np.intp)
    slices = {row: slice(starts[at], starts[at + 1]) for at, row in enumerate(counted["row"].to_list())}
    columns = {name: kept[name].to_numpy() for name in kept.columns if name not in ("submission", "cell_key", "row")}
    names = _examples(ok, columns, slices, len(task.seeds))
    design = None if names is None else design_of(names, one_training=len({s.supervise for s in task.splits}) == 1)
    read = {name: _terms_of(name, columns, task.unit) for name in MEASURES}
    found: dict[Key, dict[str, CellArrays]] = {}
    numbered = ok.with_columns(pl.int_range(pl.len()).alias("row"))
    for key, part in numbered.group_by(ENTRY, maintain_order=True):
        found[str(key[0]), str(key[1])] = {
            name: _arrays(part, name, read[name], slices, task, None if design is None else design.places.shape[1])
            for name in MEASURES}
    return OnTask(found, design)


def _examples(ok: pl.DataFrame, columns: Mapping[str, Array], slices: Mapping[int, slice], seeds: int) -> list[Names] | None:
    """Of each seed the names of its examples, none where nobody has terms there; None where nobody has any."""
    names: dict[int, Names] = {}
    for row, (seed, submission) in enumerate(ok.select("seed_at", "submission").iter_rows()):
        if row in slices:
            mine = columns["example"][slices[row]].astype(np.uint64)
            if not np.array_equal(names.setdefault(seed, mine), mine):
                raise DataError(f"the terms of seed number {seed} are of other test examples than those of another submission",
                                where=str(submission), hint="check it again: w2s-bench leaderboard check")
    return [names.get(seed, np.zeros(0, dtype=np.uint64)) for seed in range(seeds)] if names else None


def _terms_of(measure: str, columns: Mapping[str, Array], unit: float) -> Array | None:
    """The per-example terms of a measure, of all cells one after the other; NaN where they do not tell."""
    if not columns["example"].size:
        return None
    return _READ[measure]({name: values.astype(np.float64) for name, values in columns.items() if name != "example"}, unit)


_READ: Mapping[str, Callable[[Mapping[str, Array], float], Array]] = {
    "share": lambda terms, unit: (terms["err_weak"] - terms["err_student"]) / unit,
    "misfit": lambda terms, unit: terms["misfit"] / unit,
    "above_shuffled": lambda terms, unit: (terms["err_shuffled"] - terms["err_student"]) / unit,
    "accuracy": lambda terms, unit: np.where(
        np.isnan(terms["class_truth"]), np.nan,
        (terms["class_student"] == terms["class_truth"]).astype(np.float64) - (terms["class_weak"] == terms["class_truth"]))}


def _arrays(part: pl.DataFrame, measure: str, terms: Array | None, slices: Mapping[int, slice], task: SeasonTask,
            width: int | None) -> CellArrays:
    shape = (len(task.settings), len(task.seeds))
    at = (part["setting_at"].to_numpy(), part["seed_at"].to_numpy())
    values = np.full(shape, np.nan)
    values[at] = part[measure].cast(float).to_numpy()
    alike = np.zeros((1, *shape), dtype=np.uint64)
    alike[0][at] = part["alike"].to_numpy()
    influence = None if terms is None or width is None else np.zeros((*shape, width))
    for setting, seed, row in zip(*at, part["row"].to_list(), strict=True):
        if influence is None or not np.isfinite(values[setting, seed]):
            continue
        own = None if row not in slices or terms is None else terms[slices[row]]
        if own is None or np.isnan(own).any():
            influence = None
        else:
            influence[setting, seed, :own.size] = (own - own.mean()) / own.size
    return CellArrays(values, influence, alike)
