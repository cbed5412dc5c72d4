"""A plan in parts, one for each of several machines: `w2s-bench run SPEC --shard 3/8`.

Which cells a part has follows from the plan alone, so that machines that know nothing of each other agree. Cells that share work
stay together: those of one task and seed, which is divided only where there are fewer such groups than parts, or where it is more
than twice a fair share; and the seeds of a task whose inputs are read once for all of them, where that is at most half of one.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from w2s_bench.contracts.errors import UsageError
from w2s_bench.planning.plan import Cell, Part, Plan
from w2s_bench.planning.recipes import Load
from w2s_bench.planning.spec import RunSpec
from w2s_bench.running.folder import default_folder, write_text, writing
from w2s_bench.running.schedule import Schedule

Only: TypeAlias = Literal["gpu"]
"""Which of its jobs a run computes."""

NAME = "shard.toml"
"""The file of a run folder that says which part of its spec it holds."""

_MOST = 100_000
_WRITTEN = re.compile(r"([0-9]{1,9})/([0-9]{1,9})")
_LINE = re.compile(r'shard = "([0-9/]+)"\n')


class Shard(NamedTuple):
    """Part `number` of `of`, counted from 1."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def shard_from(text: str) -> Shard:
    """A shard as it is written, such as 3/8. Raises UsageError."""
    found = _WRITTEN.fullmatch(text.strip())
    shard = Shard(int(found[1]), int(found[2])) if found else None
    if shard is None or not 1 <= shard.number <= shard.of <= _MOST:
        raise UsageError(f"{text!r} is no shard", where="--shard", hint="the third of eight is 3/8; they are counted from 1")
    return shard


def part_of(plan: Plan, shard: Shard) -> Plan:
    """The plan of one shard: its cells, in the order of the whole, and the jobs that they rest on. It may be empty."""
    mine = {cell.key for cell in cells_of(plan, shard.of)[shard.number - 1]}
    also = {key: others for key, others in plan.also.items() if key in mine}
    needed = rested_on(plan, keys_of(plan, (cell for cell in plan.cells if cell.key in mine)))
    return dataclasses.replace(
        plan, cells=tuple(cell for cell in plan.cells if cell.key in mine), also=also,
        jobs={key: job for key, job in plan.jobs.items() if key in needed},
        panels={key: names for key, names in plan.panels.items() if key in mine}, part=Part(str(shard), plan))


def cells_of(plan: Plan, of: int) -> list[list[Cell]]:
    """The cells of each of so many shards."""
    groups = _divided(plan, of)
    shards: list[list[Cell]] = [[] for _ in range(of)]
    for shard, chosen in zip(shards, _shared_out([group.weight for group in groups], of), strict=False):
        shard += [cell for i in chosen for cell in groups[i].cells]
    return shards


def keys_of(plan: Plan, cells: Iterable[Cell]) -> list[str]:
    """Keys of the jobs that end what is computed for these cells: their scores, and those on second tasks."""
    return [key for cell in cells for key in (cell.key, *(second.key for second in plan.also.get(cell.key, ())))]


def rested_on(plan: Plan, keys: Iterable[str]) -> set[str]:
    """Keys of jobs and of all that they rest on."""
    found: set[str] = set()
    pending = list(keys)
    while pending:
        key = pending.pop()
        if key not in found:
            found.add(key)
            pending.extend(plan.jobs[key].needs)
    return found


def for_gpus(plan: Plan, todo: set[str]) -> set[str]:
    """Of the jobs that are to be computed, those that ask for a GPU, and those that these rest on."""
    schedule = Schedule(plan.jobs, todo, plan.components)
    return rested_on(plan, (key for key in todo if schedule.demand(key).gpus)) & todo


def shard_folder(spec: RunSpec, shard: Shard) -> Path:
    """Where a shard runs unless told otherwise."""
    whole = default_folder(spec)
    return whole.with_name(f"{whole.name}-{shard.number}-of-{shard.of}")


def shard_folders(spec: RunSpec) -> list[Path]:
    """The folders of shards of a spec that are where they run unless told otherwise, in their order."""
    whole = default_folder(spec)
    found = [(shard.of, shard.number, folder) for folder in (whole.parent.iterdir() if whole.parent.is_dir() else ())
             if folder.name.startswith(f"{whole.name}-") and (shard := shard_in(folder))]
    return [folder for *_, folder in sorted(found)]


def shard_in(folder: Path) -> Shard | None:
    """The shard that a run folder holds, None for a whole run. Raises UsageError for a file that says none."""
    path = folder / NAME
    if not path.is_file():
        return None
    found = _LINE.fullmatch(path.read_text(encoding="utf-8", errors="replace"))
    if found is None:
        raise UsageError("this does not say which shard the folder holds", where=str(path),
                         hint='it is one line such as: shard = "3/8"')
    return shard_from(found[1])


def claim_shard(folder: Path, plan: Plan, *, begun: bool) -> None:
    """Say in the locked folder which shard it holds. begun: whether a run was in it before.

    Raises UsageError where it holds another one, or the whole.
    """
    held, asked = shard_in(folder), shard_from(plan.part.name) if plan.part else None
    if held == asked:
        return
    if held is None and begun:
        raise UsageError("this folder holds the whole run, not a shard of it", where=str(folder),
                         hint="choose another folder with -o, or leave --shard out")
    if held is not None:
        raise UsageError(f"this folder holds shard {held}, not {asked or 'the whole run'}", where=str(folder),
                         hint=f"choose another folder with -o; `w2s-bench run {folder}` goes on with its shard")
    with writing(folder):
        write_text(folder / NAME, f'shard = "{asked}"\n')


class _Group(NamedTuple):
    """Cells that stay together. level: how finely they were divided. weight: how many jobs they rest on."""

    level: int
    cells: Sequence[Cell]
    weight: int

    def too_much(self, fair: float) -> bool:
        """Whether it is to be divided where this many jobs are a fair share."""
        return len(self.cells) > 1 and self.weight > (fair / 2 if self.level == 0 else fair * 2)


def _divided(plan: Plan, of: int) -> list[_Group]:
    """Groups of cells in the order of the plan, divided until there are enough of them and none is too much for one shard."""
    pooled = {job.recipe.task for job in plan.jobs.values() if isinstance(job.recipe, Load) and job.recipe.seed is None}
    groups = _grouped(plan, [(0 if cell.task.key in pooled else 1, cell) for cell in plan.cells])
    fair = len(plan.jobs) / of
    while True:
        able = [i for i, group in enumerate(groups) if group.too_much(fair) or (len(groups) < of and len(group.cells) > 1)]
        if not able:
            return groups
        heaviest = max(able, key=lambda i: (groups[i].weight, -i))
        finer = groups[heaviest].level + 1
        groups[heaviest:heaviest + 1] = _grouped(plan, [(finer, cell) for cell in groups[heaviest].cells])


def _grouped(plan: Plan, cells: Iterable[tuple[int, Cell]]) -> list[_Group]:
    """Cells that have in common: on level 0 the task, on 1 the seed too, then the strong model, then the strategy."""
    found: dict[tuple[object, ...], tuple[int, list[Cell]]] = {}
    for depth, cell in cells:
        same = (cell.task.key, cell.seed, cell.strong.key, cell.strategy.key, cell.key)[:depth + 1]
        found.setdefault(same, (depth, []))[1].append(cell)
    return [_Group(depth, each, len(rested_on(plan, (cell.key for cell in each)))) for depth, each in found.values()]


def _shared_out(weights: Sequence[int], of: int) -> list[list[int]]:
    """Runs of neighbours, `of` of them or one for each, whose largest sum is as small as can be, and the others alike."""
    low, high = max(weights, default=0), sum(weights)
    while low < high:
        middle = (low + high) // 2
        if _runs_needed(weights, middle)[0] <= of:
            high = middle
        else:
            low = middle + 1
    needed, rest, held = _runs_needed(weights, low), sum(weights), 0
    runs: list[list[int]] = []
    for i, weight in enumerate(weights):
        others = of - len(runs)
        enough = held + weight > low or held + weight / 2 > (held + rest) / (others + 1) or len(weights) - i <= others
        if not runs or (enough and needed[i] <= others):
            runs.append([])
            held = 0
        runs[-1].append(i)
        held, rest = held + weight, rest - weight
    return runs


def _runs_needed(weights: Sequence[int], most: int) -> list[int]:
    """For each place, into how few runs of a sum of at most `most` the rest from there on can be cut."""
    needed = [0] * (len(weights) + 1)
    end, held = len(weights), 0
    for start in reversed(range(len(weights))):
        held += weights[start]
        while held > most:
            end -= 1
            held -= weights[end]
        needed[start] = needed[end] + 1
    return needed
