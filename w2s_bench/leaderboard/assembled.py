"""The entries of a board, put together from what they do on each task and from what is told of their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from w2s_bench.leaderboard.aggregated import ENTRY, NOT_RUN
from w2s_bench.leaderboard.arrays import Key
from w2s_bench.leaderboard.checked import RANKED, TRUSTS, Trust
from w2s_bench.leaderboard.entries import Control, Entry, TaskValue, Value
from w2s_bench.leaderboard.season import CONTROLS, KINDS, Kind, Season, SeasonTask
from w2s_bench.leaderboard.standings import Standings
from w2s_bench.leaderboard.submission import DIVISIONS, Division
from w2s_bench.scoring.lines import ENOUGH_TASKS
from w2s_bench.scoring.verdict import STATED
from w2s_bench.tables.inference import Inferred, over_task_sets
from w2s_bench.tables.summary import bound_on_test

if TYPE_CHECKING:
    import polars as pl

_Line: TypeAlias = "Mapping[str, object]"
_On: TypeAlias = tuple[str, str, str, int]
"""Submission, strategy, output kind and the number of a task."""

_DIVISIONS: Mapping[str, Division] = {name: name for name in DIVISIONS}
_TRUSTS: Mapping[str, Trust] = {name: name for name in TRUSTS}


class _Told(NamedTuple):
    """What is known of the cells of an entry on a task, by `_On`: the lines of aggregated.by_task, how cells ended that are not
    ok, tightness and how many cells it is of; and by submission and strategy the division."""

    lines: Mapping[_On, _Line]
    ended: Mapping[_On, Mapping[str, int]]
    tightness: Mapping[_On, tuple[float, int]]
    divisions: Mapping[Key, Division]


def assembled(season: Season, table: pl.DataFrame, ended: pl.DataFrame, cells: pl.DataFrame, bounds: pl.DataFrame,
              found: Standings) -> tuple[Entry, ...]:
    """table, ended: of aggregated.by_task and aggregated.ended; cells: of aggregated.on_season. In the order of Board.entries."""
    lines = {_on(line): line for line in table.iter_rows(named=True)}
    how: dict[_On, dict[str, int]] = {}
    for line in ended.iter_rows(named=True):
        how.setdefault(_on(line), {})[str(line["state"])] = int(line["cells"])
    divisions = {(submission, strategy): _DIVISIONS[division] for submission, strategy, division in cells.select(
        *ENTRY, "division").unique().iter_rows()}
    told = _Told(lines, how, _tightness(cells, bounds), divisions)
    keys = sorted({(on[2], (on[0], on[1])) for on in lines})
    made = [_entry(season, kind, key, told, found) for kind in KINDS for of, key in keys if of == kind]
    return tuple(sorted(made, key=lambda each: (
        KINDS.index(each.kind), each.division, not each.ordered, -(each.imputed if each.imputed is not None else np.inf),
        each.name)))


def control_lines(season: Season) -> tuple[Control, ...]:
    """What the season fixed of its controls: by kind, in the order of CONTROLS."""
    made = []
    for kind in KINDS:
        for name in CONTROLS:
            values = {task.name: task.controls[name] for task in season.tasks if task.output == kind and name in task.controls}
            if values and name in season.controls:
                made.append(Control(name=name, kind=kind, values=values, mean=float(np.mean(list(values.values())))))
    return tuple(made)


def _entry(season: Season, kind: Kind, key: Key, told: _Told, found: Standings) -> Entry:
    tasks = [(at, task) for at, task in enumerate(season.tasks) if task.output == kind]
    values = tuple(_task_value(task, (*key, kind, at), key, told, found) for at, task in tasks if (*key, kind, at) in told.lines)
    shares = np.array([value.share.mean for value in values if value.share is not None])
    known = {value.task: value.imputed for value in values}
    imputed = [known[task.name] if task.name in known else float(np.mean([s.worst for s in task.settings])) for _, task in tasks]
    trusts = [_TRUSTS[str(told.lines[(*key, kind, at)]["trust"])] for at, _ in tasks if (*key, kind, at) in told.lines]
    ranks = found.ranks.get((kind, key, "share", None))
    return Entry(
        submission=key[0], strategy=key[1], division=told.divisions[key], kind=kind, trust=min(trusts, key=TRUSTS.index),
        done=sum(value.done for value in values), planned=sum(len(task.settings) * len(task.seeds) for _, task in tasks),
        values=values, mean=float(shares.mean()) if shares.size else None, imputed=float(np.mean(imputed)),
        overall=_value(over_task_sets(shares, skewed=True)) if shares.size >= ENOUGH_TASKS else None, ranks=ranks,
        ranks_accuracy=found.ranks.get((kind, key, "accuracy", None)), above_shuffled=_above(kind, key, values, len(tasks),
        found), beside=found.beside.get((kind, key), {}), notes=tuple(_notes(season, key, values, len(tasks), trusts)))


def _task_value(task: SeasonTask, on: _On, key: Key, told: _Told, found: Standings) -> TaskValue:
    line, kind = told.lines[on], on[2]
    values = {name: found.values.get((kind, key, task.name, name)) for name in ("share", "accuracy", "misfit")}
    share = _value(values["share"])
    done, planned = int(str(line["done"])), int(str(line["planned"]))
    ended = dict(told.ended.get(on, {}))
    missing = planned - done - sum(ended.values())
    tightness, certified = told.tightness.get(on, (None, 0))
    return TaskValue(
        task=task.name, share=share, nats=_scaled(share, task.unit) if kind == "classes" else None,
        accuracy=_value(values["accuracy"]), misfit=_value(values["misfit"]), tightness=tightness, certified=certified, done=done,
        planned=planned, failed=ended | ({NOT_RUN: missing} if missing else {}), imputed=float(str(line["imputed"])),
        copies=values["share"].copies if values["share"] is not None else 0,
        ranks=found.ranks.get((kind, key, "share", task.name)),
        ranks_accuracy=found.ranks.get((kind, key, "accuracy", task.name)),
        above_shuffled=found.above.get((kind, key, task.name)))


def _above(kind: str, key: Key, values: Sequence[TaskValue], tasks: int, found: Standings) -> bool | None:
    """Over tasks where there are enough of them; below, whether it is so on every task."""
    if tasks >= ENOUGH_TASKS:
        return found.above.get((kind, key, None))
    known = [value.above_shuffled for value in values if value.above_shuffled is not None]
    return all(known) if known else None


def _notes(season: Season, key: Key, values: Sequence[TaskValue], tasks: int, trusts: Iterable[str]) -> list[str]:
    notes = []
    if not season.ranks(key[1]):
        notes.append("A control: it is shown and not ordered.")
    if not any(trust in RANKED for trust in trusts):
        notes.append("Its numbers are as its sender states them: they are shown and not ordered.")
    if len(values) < tasks:
        notes.append(f"It has rows of {len(values)} of {tasks} tasks; the others count as the worst in what is imputed.")
    if lost := sum(sum(value.failed.values()) for value in values):
        notes.append(f"{lost} of its cells on these tasks did not end ok; no order is told that they would turn as the worst.")
    if copies := [value.task for value in values if value.copies]:
        notes.append(f"Seeds that are one row again count once: {', '.join(copies)}.")
    if alone := [value.task for value in values if value.share is not None and value.share.n == 1 and not value.copies]:
        notes.append(f"One seed says nothing of other fits, and orders nothing: {', '.join(alone)}.")
    return notes


def _tightness(cells: pl.DataFrame, bounds: pl.DataFrame) -> dict[_On, tuple[float, int]]:
    """Mean lhs over mean rhs of the bound by which a cell is judged, of the cells where it is certified and says something."""
    import polars as pl

    certified = bound_on_test(bounds).filter(pl.col("verdict").is_in(STATED) & pl.col("tightness").is_not_null())
    ok = cells.filter(pl.col("state") == "ok")
    joined = ok.join(certified, on=["run_id", "cell_key"], how="inner").group_by(*ENTRY, "kind", "task_at").agg(
        pl.col("lhs").mean(), pl.col("rhs").mean(), pl.len().alias("cells"))
    return {_on(line): (float(line["lhs"]) / float(line["rhs"]), int(line["cells"]))
            for line in joined.iter_rows(named=True) if line["rhs"]}


def _on(line: _Line) -> _On:
    return str(line["submission"]), str(line["strategy"]), str(line["kind"]), int(str(line["task_at"]))


def _value(found: Inferred | None) -> Value | None:
    if found is None:
        return None
    made = found.estimate
    known = made.low == made.low
    return Value(made.mean, made.low if known else None, made.high if known else None, found.over if known else None,
                 found.seeds)


def _scaled(value: Value | None, unit: float) -> Value | None:
    if value is None:
        return None
    low, high = (None if end is None else end * unit for end in (value.low, value.high))
    return Value(value.mean * unit, low, high, value.over, value.n)
