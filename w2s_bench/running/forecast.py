"""What a plan will cost, measured from the jobs that the store remembers, and why cells are stale."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from w2s_bench.contracts.digests import digest
from w2s_bench.planning.planner import Plan
from w2s_bench.planning.recipes import STAGES, Job, foundation, keys_in
from w2s_bench.running.folder import cells_table
from w2s_bench.running.recorder import cell_identity
from w2s_bench.running.runs import todo
from w2s_bench.store.artifacts import Store

if TYPE_CHECKING:
    import polars as pl

_SAMPLED_ARTIFACTS = 2000
_EXPLAINED_CELLS = 200


@dataclass(frozen=True)
class Forecast:
    """remaining: jobs to compute by stage. seconds, memory (MiB): None where nothing like them was measured yet.

    basis: what the estimate rests on. stale: reason to number of cells that were computed under another key.
    """

    remaining: Mapping[str, int]
    seconds: float | None
    memory: float | None
    basis: str
    stale: Mapping[str, int]

    def words(self) -> str:
        """The estimate as a sentence."""
        if not sum(self.remaining.values()):
            return "nothing to compute"
        if self.seconds is None or self.memory is None:
            return f"none ({self.basis})"
        return f"about {self.seconds:.0f} s in one worker, {self.memory:.0f} MiB ({self.basis})"


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
        lines += self.plan.unmeasured
        lines.append(f"{'stage':<10}{'jobs':>9}{'in store':>10}{'to compute':>12}")
        for stage, count in self.jobs.items():
            left = self.remaining[stage]
            lines.append(f"{stage:<10}{count:>9}{count - left:>10}{left:>12}")
        lines.append(f"estimate: {self.forecast.words()}")
        return "\n".join([*lines, *(f"stale: {count} cells, because {reason}" for reason, count in self.forecast.stale.items())])

    __repr__ = __str__


def forecast(plan: Plan, store: Store) -> Forecast:
    """Compare a plan with the store, which is left as it is. Reads metadata only, of at most 2,000 artifacts."""
    missing = todo(plan, store, set())
    counts = Counter(plan.jobs[key].stage for key in missing)
    seconds, memory, basis = _estimate(plan, missing, store)
    return Forecast({stage: counts[stage] for stage in STAGES}, seconds, memory, basis, _stale(plan, missing, store))


def _estimate(plan: Plan, missing: set[str], store: Store) -> tuple[float | None, float | None, str]:
    """From the times of jobs whose components and parameters are the same, else of the same stage."""
    same: dict[str, list[float]] = defaultdict(list)
    alike: dict[str, list[float]] = defaultdict(list)
    memory: dict[str, float] = defaultdict(float)
    for key in sorted(store.keys())[:_SAMPLED_ARTIFACTS]:
        about = store.about(key)
        if about is not None:
            stage = about["recipe"]["stage"]
            parts = sorted([role, c["name"], sorted(c["params"].items())] for role, c in about["components"].items())
            same[digest([stage, parts])].append(about["seconds"])
            alike[stage].append(about["seconds"])
            memory[stage] = max(memory[stage], about["peak_memory"])
    total, exact, rough, unknown = 0.0, 0, 0, 0
    for key in missing:
        job = plan.jobs[key]
        if measured := same.get(digest([job.stage, _parts(plan, job)])):
            total, exact = total + fmean(measured), exact + 1
        elif measured := alike.get(job.stage):
            total, rough = total + fmean(measured), rough + 1
        else:
            unknown += 1
    peak = max((memory[plan.jobs[key].stage] for key in missing), default=0.0)
    basis = f"{exact} jobs as measured before, {rough} like others of their stage, {unknown} unknown"
    return (total, peak, basis) if exact + rough else (None, None, "nothing like it has been measured yet")


def _parts(plan: Plan, job: Job) -> list[Any]:
    found = []
    for role in ("task", "model", "strategy"):
        if (key := getattr(job.recipe, role, None)) is not None:
            component = plan.components[key]
            found.append([role, component.name, sorted(component.meaning.items())])
    return sorted(found)


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
