"""What a plan will cost, by what jobs of its kinds cost before, and why cells are stale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from w2s_bench.planning.plan import Plan
from w2s_bench.planning.recipes import STAGES, foundation, keys_in
from w2s_bench.running.costs import Costs, Left
from w2s_bench.running.durations import lasting
from w2s_bench.running.folder import cells_table
from w2s_bench.running.passes import todo
from w2s_bench.running.recorder import cell_identity
from w2s_bench.store.artifacts import Store

if TYPE_CHECKING:
    import polars as pl

_EXPLAINED_CELLS = 200


@dataclass(frozen=True)
class Forecast:
    """remaining: jobs to compute by stage. left: what they will cost, by what was measured of their kinds.

    stale: reason to number of cells that were computed under another key.
    """

    remaining: Mapping[str, int]
    left: Left
    stale: Mapping[str, int]

    def words(self) -> str:
        """The estimate as a sentence."""
        left = self.left
        if not left.jobs:
            return "nothing to compute"
        if left.seconds is None or left.memory is None:
            return f"none: {left.unknown()}"
        measured = left.jobs - sum(left.unmeasured.values())
        as_before = f"{measured} job{'' if measured == 1 else 's'} as measured before"
        if left.elsewhere:
            as_before += f", {left.elsewhere} of them on other tasks"
        unknown = f"; {left.unknown()}" if left.unmeasured else ""
        return f"about {lasting(left.seconds)} in one worker, {left.memory:.0f} MiB ({as_before}){unknown}"


@dataclass(frozen=True)
class Planned:
    """A plan, what the store holds of it, and in words where it is from. As text it is what `w2s-bench plan` prints."""

    plan: Plan
    forecast: Forecast
    origin: str

    @property
    def cells(self) -> pl.DataFrame:
        """One row a cell: cell_key, task, weak, strong, strategy, supervisor, seed."""
        return cells_table(self.plan)

    @property
    def jobs(self) -> Mapping[str, int]:
        """How many jobs there are of each stage."""
        return self.plan.stages()

    @property
    def remaining(self) -> Mapping[str, int]:
        """How many of them are to be computed."""
        return self.forecast.remaining

    def __str__(self) -> str:
        lines = [f"{self.origin}: {len(self.plan.cells)} cells, {len(self.plan.jobs)} jobs"]
        lines += [f"left out: {count} cells, because {reason}" for reason, count in self.plan.skipped.items()]
        lines += [*self.plan.inputs, *self.plan.unmeasured, *self.plan.absent]
        lines.append(f"{'stage':<10}{'jobs':>9}{'in store':>10}{'to compute':>12}")
        for stage, count in self.jobs.items():
            left = self.remaining[stage]
            lines.append(f"{stage:<10}{count:>9}{count - left:>10}{left:>12}")
        lines.append(f"estimate: {self.forecast.words()}")
        return "\n".join([*lines, *(f"stale: {count} cells, because {reason}" for reason, count in self.forecast.stale.items())])

    __repr__ = __str__


def forecast(plan: Plan, store: Store) -> Forecast:
    """Compare a plan with the store, which is left as it is. Reads metadata and notes only."""
    missing = todo(plan, store, set())
    counts = Counter(plan.jobs[key].stage for key in missing)
    return Forecast({stage: counts[stage] for stage in STAGES}, Costs(plan, store, missing).left(), _stale(plan, missing, store))


def _stale(plan: Plan, missing: set[str], store: Store) -> dict[str, int]:
    reasons: Counter[str] = Counter()
    examined = 0
    for cell in plan.cells:
        if cell.key in missing and examined < _EXPLAINED_CELLS:
            last = store.latest(cell_identity(cell))
            if last is not None and last != cell.key:
                examined += 1
                reasons[_first_change(plan, cell.key, last, store) or "an artifact that it rests on is gone"] += 1
    return dict(reasons)


def _first_change(plan: Plan, key: str, old: str, store: Store) -> str:
    """The first part, upstream first, that differs between a planned job and one that was computed."""
    about = store.about(old)
    if key == old or about is None:
        return ""
    recipe, job = about["recipe"], plan.jobs[key]
    for name, value in recipe.items():
        for now, before in zip(keys_in(getattr(job.recipe, name, None)), keys_in(value), strict=False):
            if now in plan.jobs and now != before and (change := _first_change(plan, now, before, store)):
                return change
    for role, component in about["components"].items():
        now_component = plan.components[getattr(job.recipe, role)]
        if change := _changed(now_component.rests_on(), component):
            return change
    for name, value in recipe.items():
        planned = getattr(job.recipe, name, None)
        if name not in ("stage", *about["components"]) and planned != value and not isinstance(planned, tuple) \
                and planned not in plan.jobs:
            if planned in plan.components:
                return f"the {name} of its {job.stage} job, {plan.components[planned].label}, or its source package changed"
            return f"{name} of its {job.stage} job changed from {value} to {planned}"
    now_on, then_on = foundation(job.stage), about["foundation"]
    changed = [name for name in sorted({*now_on, *then_on}) if now_on.get(name) != then_on.get(name)]
    return f"{changed[0]} changed" if changed else "what it rests on changed"


def _changed(now: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """What differs between a component and what was recorded of it, those within first."""
    for name, part in now["parts"].items():
        if name not in before["parts"]:
            return f"{part['name']} within {now['name']} is new"
        if change := _changed(part, before["parts"][name]):
            return change
    for library, version in now["libraries"].items():
        if before["libraries"].get(library) != version:
            return f"{library}, which {now['name']} rests on, changed"
    words = {"source": "source package", "fingerprint": "data or files", "params": "parameters"}
    differing = next((word for word in now if now[word] != before.get(word)), "")
    return f"the {words.get(differing, differing)} of {now['name']} changed" if differing else ""
