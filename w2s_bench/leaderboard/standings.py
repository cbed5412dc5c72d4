"""Everything of a board that is a comparison: entries with entries, and each with its own control, on each task and over
tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from w2s_bench.leaderboard.aggregated import ENTRY
from w2s_bench.leaderboard.arrays import MEASURES, Key, OnTask, on_task
from w2s_bench.leaderboard.checked import RANKED
from w2s_bench.leaderboard.entries import Ranks
from w2s_bench.leaderboard.ranking import (
    Compared,
    Flags,
    compared_on_task,
    compared_over_tasks,
    compared_with_control,
    ranks_of,
    signs_of,
    standing,
    without_task,
)
from w2s_bench.leaderboard.season import KINDS, Season, SeasonTask
from w2s_bench.scoring.arrays import Array
from w2s_bench.scoring.lines import ENOUGH_TASKS
from w2s_bench.tables.cell_arrays import CellArrays, inferred_cells
from w2s_bench.tables.inference import Inferred

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.tables.values import Schema

Measure: TypeAlias = Literal["share", "accuracy", "above_shuffled"]
ORDERED: Mapping[str, tuple[Measure, ...]] = {"regression": ("share",), "classes": ("share", "accuracy")}
"""What entries of an output kind are ordered by, each by itself."""

LEAST_ACCURACY = -1.0
"""The gain in accuracy that a cell that is not ok counts as: there is no less."""

SHUFFLED = "shuffled"
"""What an entry's own control is called in the table of comparisons."""


@dataclass(frozen=True, eq=False)
class Family:
    """The comparisons of one measure among the entries of one output kind and division; of "above_shuffled" those of each entry
    with its own control. tasks: the season's of that kind. on_tasks: in their order, None where nobody has terms; over: over
    tasks. imputed: (e, t), means with cells that are not ok as the worst; complete: (e,), whether there are none such."""

    kind: str
    division: str
    measure: Measure
    tasks: tuple[SeasonTask, ...]
    entries: tuple[Key, ...]
    on_tasks: tuple[Compared, ...]
    over: Compared | None
    imputed: Array
    complete: Flags

    def parts(self, without: int | None = None) -> Iterator[tuple[str | None, Compared]]:
        """Each set of comparisons with its task, and None for that over tasks. without: a task that is left out."""
        yield from ((task.name, found) for at, (task, found) in enumerate(zip(self.tasks, self.on_tasks, strict=True))
                    if at != without)
        if self.over is not None:
            yield None, self.over if without is None else without_task(self.on_tasks, self.imputed, self.complete, without)


@dataclass
class Standings:
    """values: by output kind, entry, task and measure of arrays.MEASURES the mean with its interval. ranks: by kind, entry,
    measure and task (None: over tasks). beside: by kind and entry, the ranks by share without each task. above: by kind, entry
    and task (or None), whether its students are told to be better than its own control of shuffled labels. table: as
    Board.compared."""

    values: dict[tuple[str, Key, str, str], Inferred] = field(default_factory=dict)
    ranks: dict[tuple[str, Key, Measure, str | None], Ranks] = field(default_factory=dict)
    beside: dict[tuple[str, Key], dict[str, Ranks]] = field(default_factory=dict)
    above: dict[tuple[str, Key, str | None], bool] = field(default_factory=dict)
    table: pl.DataFrame | None = None


def standings(season: Season, cells: pl.DataFrame, terms: pl.DataFrame) -> Standings:
    """cells: of aggregated.on_season; terms: as running/terms.py, with `submission`.

    One false discovery rate is over all of it: every kind, division, measure, task and control.
    """
    found = Standings()
    families = [family for kind in KINDS for family in _families(season, kind, cells, terms, found)]
    parts = [(family, task, compared) for family in families for task, compared in family.parts()]
    stands = standing([compared for _, _, compared in parts], season.false_discovery)
    for (family, task, compared), flags in zip(parts, stands, strict=True):
        _tell(family, task, compared, flags, found)
    for family in families:
        if family.measure == "share" and family.over is not None:
            _tell_without_each(family, families, season.false_discovery, found)
    found.table = _table([line for (family, task, compared), flags in zip(parts, stands, strict=True)
                          for line in _lines(family, task, compared, flags)])
    return found


def ordered_entries(season: Season, cells: pl.DataFrame, kind: str, division: str) -> tuple[Key, ...]:
    """The entries that are compared: of whom a row was derived here, but for the season's controls."""
    import polars as pl

    known = cells.filter((pl.col("kind") == kind) & (pl.col("division") == division) & pl.col("trust").is_in(RANKED))
    keys = known.select(ENTRY).unique().sort(ENTRY).rows()
    return tuple((str(submission), str(strategy)) for submission, strategy in keys if season.ranks(str(strategy)))


def _families(season: Season, kind: str, cells: pl.DataFrame, terms: pl.DataFrame, found: Standings) -> list[Family]:
    """The comparisons of a kind; what its entries do on each task goes to `found`."""
    import polars as pl

    tasks = tuple(task for task in season.tasks if task.output == kind)
    of_kind = cells.filter(pl.col("kind") == kind)
    divisions = sorted(of_kind["division"].drop_nulls().unique().to_list())
    entries = {division: ordered_entries(season, of_kind, kind, division) for division in divisions}
    made = [_Growing(kind, division, measure, tasks, keys) for division, keys in entries.items() if keys
            for measure in (*ORDERED[kind], "above_shuffled")]
    for task in tasks:
        on = on_task(of_kind.filter(pl.col("task") == task.name), terms, task)
        for key, arrays in on.arrays.items():
            for measure in MEASURES:
                value = inferred_cells(arrays[measure], on.design)
                if value is not None:
                    found.values[kind, key, task.name, measure] = value
        for growing in made:
            growing.add(task, on)
    return [growing.family() for growing in made]


class _Growing:
    """A family whose tasks are compared one after the other, so that the terms of one task alone are in memory."""

    def __init__(self, kind: str, division: str, measure: Measure, tasks: tuple[SeasonTask, ...], entries: tuple[Key, ...]
                 ) -> None:
        self.kind, self.division, self.measure, self.tasks, self.entries = kind, division, measure, tasks, entries
        self.on_tasks: list[Compared] = []
        self.imputed: list[Array] = []
        self.complete = np.ones(len(entries), dtype=bool)

    def add(self, task: SeasonTask, on: OnTask) -> None:
        shape = (len(task.settings), len(task.seeds))
        nothing = CellArrays(np.full(shape, np.nan), None if on.design is None else np.zeros(
            (*shape, on.design.places.shape[1])), np.zeros((1, *shape), dtype=np.uint64))
        arrays = [on.arrays[key][self.measure] if key in on.arrays else nothing for key in self.entries]
        if self.measure == "above_shuffled":
            self.on_tasks.append(compared_with_control(arrays, on.design))
            self.imputed.append(np.zeros(len(arrays)))
            return
        worst = np.array([_worst(own, task, self.measure) for own in arrays])
        self.on_tasks.append(compared_on_task(arrays, worst, on.design))
        self.imputed.append(np.array([own.filled(least).values.mean() for own, least in zip(arrays, worst, strict=True)]))
        self.complete &= np.array([own.there.all() for own in arrays])

    def family(self) -> Family:
        imputed = np.stack(self.imputed, axis=1)
        enough = len(self.tasks) >= ENOUGH_TASKS
        over = compared_over_tasks(self.on_tasks, imputed, self.complete) if enough else None
        return Family(self.kind, self.division, self.measure, self.tasks, self.entries, tuple(self.on_tasks), over, imputed,
                      self.complete)


def _worst(own: CellArrays, task: SeasonTask, measure: Measure) -> Array:
    """(j, s): what a cell that is not ok counts as (see aggregated.by_task)."""
    season = [setting.worst if measure == "share" else LEAST_ACCURACY for setting in task.settings]
    least = float(own.values[own.there].min()) if own.there.any() else np.inf
    return np.asarray(np.broadcast_to(np.minimum(season, least)[:, None], own.values.shape))


def _tell(family: Family, task: str | None, compared: Compared, flags: Flags, found: Standings) -> None:
    if family.measure == "above_shuffled":
        known = np.isfinite(compared.p)
        found.above |= {(family.kind, key, task): bool(flags[at] and compared.difference[at] > 0.0)
                        for at, key in enumerate(family.entries) if known[at]}
        return
    found.ranks |= {(family.kind, key, family.measure, task): ranks
                    for key, ranks in _ranks(family, task, compared, flags).items()}


def _ranks(family: Family, task: str | None, compared: Compared, flags: Flags) -> dict[Key, Ranks]:
    """Of the entries that take part: on a task those that have a cell of it, over tasks those that have enough tasks."""
    at = [number for number, each in enumerate(family.tasks) if each.name == task]
    means = family.imputed[:, at[0]] if at else family.imputed.mean(axis=1)
    signs = signs_of(compared, flags, len(family.entries))
    part = _taking_part(compared, len(family.entries))
    ranks = ranks_of(signs[np.ix_(part, part)], means[part])
    return {family.entries[number]: each for number, each in zip(part, ranks, strict=True)}


def _taking_part(compared: Compared, entries: int) -> list[int]:
    """Those that are tested against somebody; a single entry takes part alone."""
    tests = np.isfinite(compared.p)
    part = sorted({*compared.first[tests].tolist(), *compared.second[tests].tolist()})
    return part if entries > 1 else list(range(entries))


def _tell_without_each(family: Family, families: Sequence[Family], level: float, found: Standings) -> None:
    for left, task in enumerate(family.tasks):
        parts = [(each, name, compared) for each in families
                 for name, compared in each.parts(left if each.tasks == family.tasks else None)]
        stands = standing([compared for _, _, compared in parts], level)
        for (each, name, compared), flags in zip(parts, stands, strict=True):
            if each is family and name is None:
                for key, ranks in _ranks(family, None, compared, flags).items():
                    found.beside.setdefault((family.kind, key), {})[task.name] = ranks


def _lines(family: Family, task: str | None, compared: Compared, flags: Flags) -> Iterator[tuple[object, ...]]:
    control = family.measure == "above_shuffled"
    names = [f"{submission}/{strategy}" for submission, strategy in family.entries]
    for at, (i, j) in enumerate(zip(compared.first.tolist(), compared.second.tolist(), strict=True)):
        numbers = (float(getattr(compared, name)[at]) for name in ("difference", "low", "high", "p", "imputed"))
        yield (family.kind, family.division, "share" if control else family.measure, task, names[i],
               SHUFFLED if control else names[j], *numbers, compared.over[at], bool(flags[at]))


def _table(lines: Sequence[tuple[object, ...]]) -> pl.DataFrame:
    import polars as pl

    words, numbers = ("kind", "division", "measure", "task", "first", "second"), ("difference", "low", "high", "p", "imputed")
    schema: Schema = {**dict.fromkeys(words, pl.String), **dict.fromkeys(numbers, pl.Float64), "over": pl.String,
                      "separable": pl.Boolean}
    return pl.DataFrame(lines, schema=schema, orient="row").with_columns(pl.col(pl.Float64).fill_nan(None))
