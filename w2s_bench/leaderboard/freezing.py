"""A season made from a finished run: its tasks, settings, seeds and splits, its unit and its controls, frozen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from w2s_bench.contracts.errors import DataError, UsageError, W2SError, nearest
from w2s_bench.leaderboard.licences import truth_travels
from w2s_bench.leaderboard.places import LABELS, names_without_places
from w2s_bench.leaderboard.season import (
    CONTROLS,
    FINGERPRINTS,
    KINDS,
    LABELS_AT_RANDOM,
    Season,
    SeasonTask,
    Setting,
    Splits,
    Spread,
    name_of,
)
from w2s_bench.scoring.intervals import across_seeds
from w2s_bench.scoring.lines import ENOUGH_TASKS
from w2s_bench.tables.comparisons import PAIR
from w2s_bench.tables.inference import READS, TASK_SETS, Inferred, Terms, inferred, without_copies
from w2s_bench.tables.reading import read_runs, terms_of

if TYPE_CHECKING:
    import polars as pl

SETTING = ("weak", "strong", "supervisor")
TEACHER = "the teacher itself"
"""What a strategy is paired with that is the only one: its gain is that difference."""

_ERRORS = {"constant": "err_constant", "shuffled": "err_shuffled", "gold": "err_gold", "ceiling": "err_ceiling"}


class Told(NamedTuple):
    """What a task says of itself: licence, citation, and whether the first lets its truth travel."""

    licence: str
    citation: str
    truth: Literal["travels", "from-task"]


class _Pair(NamedTuple):
    """A paired difference of a run, on one task, in shares of the unit. of_seeds: as of a Spread."""

    names: tuple[str, str]
    mean: float
    se: float
    degrees: float
    over: str
    of_seeds: float = 1.0


class About(NamedTuple):
    """What a season says beside its tasks; see `Season`."""

    name: str
    title: str
    version: str = "1.0"
    opens: str = ""
    closes: str = ""
    rules: tuple[str, ...] = ()


def freeze(run: Path, about: About, *, reference: str | None = None, told: Callable[[str], Told] | None = None,
           data: Path | None = None) -> Season:
    """A season of the tasks, settings, seeds and splits of a finished run.

    Of a run in a direction the cells from weak to strong alone are taken. reference: the strategy whose gold, shuffled and
    ceiling are the lines of these controls; on a task that lacks it, or where none is named, the task's first that is no
    control. told: what a task of that name says of itself, read from the task itself where it is not given. data: the folder
    that `{data}` in names is to stand for; a season names files as submissions do, and no place of a machine.

    Raises DataError for a run of which a cell is missing or not ok, or whose tasks are draws of one task set; UsageError for a
    strategy that is not in it.
    """
    import polars as pl

    rows, _ = read_runs([run])
    names = names_without_places(rows, data)
    rows, here = _renamed(rows, names), {new: old for old, new in names.items()}
    reference = None if reference is None else names.get(reference, reference)
    if rows.filter(pl.col("direction") == "weak-to-strong").height:
        rows = rows.filter(pl.col("direction") == "weak-to-strong")
    strategies = rows["strategy"].unique(maintain_order=True).to_list()
    unranked = controls_here()
    own = [strategy for strategy in strategies if name_of(strategy) not in unranked]
    if reference is not None and reference not in strategies:
        raise UsageError(f"no strategy of this run is {reference!r}", where="--reference", hint=nearest(reference, strategies))
    if not own:
        raise DataError("no strategy of this run could be entered", where=str(run), hint=f"{', '.join(unranked)} are controls")
    _check_sets(rows, run)
    terms = terms_of([run])
    tasks, pairs = [], []
    for (name,), part in rows.group_by("task", maintain_order=True):
        about_it = (told or told_by_task)(here[str(name)])
        there = [strategy for strategy in part["strategy"].unique(maintain_order=True).to_list()
                 if strategy == reference or strategy in own]
        chosen = reference if reference is not None and reference in there else str(next(iter(there), own[0]))
        made, found = _task(str(name), part, chosen, terms, about_it, run)
        tasks.append(made)
        pairs.append(found)
    by_kind = {kind: [found for task, found in zip(tasks, pairs, strict=True) if task.output == kind] for kind in KINDS}
    spread = {kind: over for kind, found in by_kind.items() if (over := _over_tasks(found)) is not None}
    return Season(**about._asdict(), unranked=unranked, tasks=tuple(tasks), spread=spread)


def controls_here() -> tuple[str, ...]:
    """The strategies that are declared as controls by what is installed."""
    from w2s_bench.registry.loading import load_registry

    return tuple(offer.entry.name for offer in load_registry("strategies").entries("strategies") if "control" in offer.entry.tags)


def told_by_task(name: str) -> Told:
    """What the task of that name says of itself; nothing where it is not to be had here, and then its truth does not travel."""
    from w2s_bench.registry.loading import load_registry

    try:
        task = load_registry("tasks").select("tasks", [name])[0].create()
    except W2SError:
        return Told("", "", "from-task")
    return Told(task.licence, task.citation, "travels" if truth_travels(task.licence) else "from-task")


def mismatches(season: Season, run: Path, data: Path | None = None) -> list[str]:
    """Why rows of a run are not what the season fixed, in sentences, each once; [] where all are. data: as of `freeze`."""
    rows, _ = read_runs([run])
    rows = _renamed(rows, names_without_places(rows, data))
    known = set(rows["task"].unique().to_list())
    lacking = [f"{task.name}: the run has no row of it" for task in season.tasks if task.name not in known]
    found = [season.mismatch(row) for row in rows.filter(rows["status"] == "ok").iter_rows(named=True)]
    return [*lacking, *dict.fromkeys(sentence for sentence in found if sentence is not None)]


def _renamed(rows: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    import polars as pl

    return rows.with_columns(pl.col(column).replace(names) for column in LABELS)


def _check_sets(rows: pl.DataFrame, run: Path) -> None:
    import polars as pl

    twice = rows.group_by("task_set", maintain_order=True).agg(pl.col("task").unique(maintain_order=True)).filter(
        pl.col("task").list.len() > 1)
    if twice.height:
        first, second = twice["task"].to_list()[0][:2]
        raise DataError(f"{first} and {second} are draws of one task set, and each task of a season is to be one by itself",
                        where=str(run), hint="keep one draw of it")


def _task(name: str, part: pl.DataFrame, reference: str, terms: Terms, about: Told, run: Path
          ) -> tuple[SeasonTask, list[_Pair]]:
    import polars as pl

    ok = part.filter(pl.col("status") == "ok")
    _check_whole(name, part, ok, run)
    seeds = sorted(part["seed"].unique().to_list())
    first = ok.unique("seed", keep="first", maintain_order=True)
    unit = float(first["err_constant"].cast(pl.Float64).to_numpy().mean())
    if not unit > 0.0:
        raise DataError(f"{name}: the best constant errs by {unit}, so a gain has no unit", where=str(run))
    settings = tuple(Setting(weak, strong, supervisor, _worst(ok, (weak, strong, supervisor), unit))
                     for weak, strong, supervisor in part.select(SETTING).unique(maintain_order=True).rows())
    pairs = list(_pairs(ok, terms, unit))
    return SeasonTask(
        name, "classes" if ok["classes"].is_not_null().any() else "regression", str(ok["divergence"][0]), unit, tuple(seeds),
        about.licence, about.citation, about.truth, settings, tuple(_splits(ok, seed, name, run) for seed in seeds),
        _controls(ok, reference, unit), _spread(pairs)), pairs


def _check_whole(name: str, part: pl.DataFrame, ok: pl.DataFrame, run: Path) -> None:
    """Raise DataError where a setting lacks a seed, or a strategy a cell that is ok: what is frozen rests on all of them."""
    seeds = part["seed"].n_unique()
    if ok["err_constant"].null_count() or ok.is_empty():
        raise DataError(f"{name}: no row says what the best constant errs by", where=str(run), hint="run it again")
    for strategy in part["strategy"].unique(maintain_order=True).to_list():
        mine = ok.filter(ok["strategy"] == strategy)
        planned = part.select(SETTING).n_unique() * seeds
        if mine.height != planned:
            raise DataError(f"{name}: {strategy} has {mine.height} cells that are ok, and {seeds} seeds want {planned}",
                            where=str(run), hint="the run's own command tries again what failed")


def _splits(ok: pl.DataFrame, seed: int, name: str, run: Path) -> Splits:
    import polars as pl

    columns = [f"fingerprint_{each}" for each in FINGERPRINTS]
    found = ok.filter(pl.col("seed") == seed).select(*columns, "n_test").unique()
    if found.height != 1 or any(value is None for value in found.row(0)):
        raise DataError(f"{name}, seed {seed}: the rows do not agree on the examples, or do not say which they are",
                        where=str(run))
    *prints, n_test = found.row(0)
    return Splits(seed=seed, n_test=int(n_test), **dict(zip(FINGERPRINTS, map(str, prints), strict=True)))


def _worst(ok: pl.DataFrame, setting: tuple[str, str, str], unit: float) -> float:
    """What a failed cell counts as: the least mean gain of a control that knows nothing, in shares; 0 at most."""
    import polars as pl

    weak, strong, supervisor = setting
    mine = ok.filter((pl.col("weak") == weak) & (pl.col("strong") == strong) & (pl.col("supervisor") == supervisor))
    known = [_gain(part, _ERRORS[name], unit) for _, part in mine.group_by("strategy", maintain_order=True)
             for name in ("constant", "shuffled")]
    known += [_gain(part, "err_student", unit) for (strategy,), part in mine.group_by("strategy", maintain_order=True)
              if name_of(str(strategy)) == LABELS_AT_RANDOM]
    return min([0.0, *(gain for gain in known if gain is not None)])


def _controls(ok: pl.DataFrame, reference: str, unit: float) -> dict[str, float]:
    """The gains of the controls in shares: means over settings, then seeds."""
    import polars as pl

    mine = ok.filter(pl.col("strategy") == reference)
    labels = [strategy for strategy in ok["strategy"].unique(maintain_order=True).to_list()
              if name_of(strategy) == LABELS_AT_RANDOM]
    drawn = ok.filter(pl.col("strategy") == labels[0]) if labels else None
    found = {name: _gain(mine, _ERRORS[name], unit) for name in _ERRORS}
    found["random-labels"] = None if drawn is None else _gain(drawn, "err_student", unit)
    return {name: gain for name in CONTROLS if (gain := found[name]) is not None}


def _gain(part: pl.DataFrame, error: str, unit: float) -> float | None:
    import polars as pl

    known = part.filter(pl.col(error).is_finite().fill_null(False))
    if known.is_empty():
        return None
    by_seed = known.group_by("seed").agg(((pl.col("err_weak") - pl.col(error)) / unit).mean().alias("gain"))
    return float(np.mean(by_seed.sort("seed")["gain"].to_numpy()))


def _pairs(ok: pl.DataFrame, terms: Terms, unit: float) -> Iterator[_Pair]:
    """Of each two strategies the paired difference; of one alone that from its teacher."""
    import polars as pl

    strategies = ok["strategy"].unique(maintain_order=True).to_list()
    more = [name for name in READS if name not in PAIR and name != "strategy"]
    mine = {name: ok.filter(pl.col("strategy") == name).select(*PAIR, *more, "strategy", "gain", "gain_se", "n_test")
            for name in strategies}
    if len(strategies) == 1:
        alone = mine[strategies[0]]
        yield from _as_pair((strategies[0], TEACHER), inferred(alone, "gain", terms), unit, _of_seeds(alone, "gain"))
    for first, second in combinations(strategies, 2):
        both = mine[first].join(mine[second].select(*PAIR, "gain", "cell_key", "err_student", "misfit"), on=list(PAIR),
                                suffix="_against", nulls_equal=True, maintain_order="left")
        apart = both.with_columns((pl.col("gain") - pl.col("gain_against")).alias("difference")).drop("gain_se")
        yield from _as_pair((first, second), inferred(apart, "gain", terms, value="difference"), unit,
                            _of_seeds(apart, "difference"))


def _as_pair(names: tuple[str, str], found: Inferred | None, unit: float, of_seeds: float) -> Iterator[_Pair]:
    """of_seeds: the squared standard error over seeds alone. One seed orders nothing, and makes no pair."""
    if found is not None and found.over is not None and found.seeds > 1 and found.estimate.se > 0.0:
        made = found.estimate
        yield _Pair(names, made.mean / unit, made.se / unit, made.degrees, found.over, min(1.0, of_seeds / made.se**2))


def _of_seeds(cells: pl.DataFrame, column: str) -> float:
    import polars as pl

    means = without_copies(cells)[0].group_by("seed").agg(pl.col(column).mean()).sort("seed")[column].to_numpy()
    return float(means.var(ddof=1)) / len(means) if len(means) > 1 else 0.0


def _spread(pairs: Sequence[_Pair]) -> Spread | None:
    """The least, the middle and the most of the pairs; None where none has an interval."""
    found = sorted(pairs, key=lambda pair: pair.se)
    if not found:
        return None
    middle = found[(len(found) - 1) // 2]
    return Spread(len(found), found[0].se, middle.se, found[-1].se, middle.degrees, middle.over,
                  middle.of_seeds)


def _over_tasks(by_task: Sequence[Sequence[_Pair]]) -> Spread | None:
    """How the same pairs differ over tasks; None below ENOUGH_TASKS tasks."""
    if len(by_task) < ENOUGH_TASKS:
        return None
    means: dict[tuple[str, str], list[float]] = {}
    for pairs in by_task:
        for pair in pairs:
            means.setdefault(pair.names, []).append(pair.mean)
    found = [(names, across_seeds(values)) for names, values in means.items() if len(values) == len(by_task)]
    return _spread([_Pair(names, made.mean, made.se, made.degrees, TASK_SETS) for names, made in found if made.se > 0.0])
