"""What a plan will cost, measured from the jobs that the store remembers, and why cells are stale."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from w2s_bench.jobs import STAGES, Job, component_keys
from w2s_bench.plan import Plan
from w2s_bench.run import cell_identity, todo
from w2s_bench.store import Store

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


def forecast(plan: Plan, store: Store, warn: Callable[[str], None]) -> Forecast:
    """Compare a plan with the store. Reads metadata only, at most 2,000 artifacts for the estimate."""
    missing = todo(plan, store, set(), warn)
    counts = Counter(plan.jobs[key].stage for key in missing)
    seconds, memory, basis = _estimate(plan, missing, store)
    return Forecast({stage: counts[stage] for stage in STAGES}, seconds, memory, basis, _stale(plan, missing, store))


def _estimate(plan: Plan, missing: set[str], store: Store) -> tuple[float | None, float | None, str]:
    by_component: dict[tuple[str, ...], list[float]] = defaultdict(list)
    by_stage: dict[str, list[float]] = defaultdict(list)
    memory: list[float] = []
    for key in sorted(store.keys())[:_SAMPLED_ARTIFACTS]:
        about = store.about(key)
        if about is not None:
            stage = about["recipe"]["stage"]
            by_component[(stage, *_names(about))].append(about["seconds"])
            by_stage[stage].append(about["seconds"])
            memory.append(about["peak_memory"])
    total, same, alike, unknown = 0.0, 0, 0, 0
    for key in missing:
        job = plan.jobs[key]
        if measured := by_component.get((job.stage, *_planned_names(plan, job))):
            total, same = total + fmean(measured), same + 1
        elif measured := by_stage.get(job.stage):
            total, alike = total + fmean(measured), alike + 1
        else:
            unknown += 1
    basis = f"{same} jobs from the same component's measured times, {alike} from their stage's, {unknown} unknown"
    known = same + alike
    return (total, max(memory), basis) if known and memory else (None, None, "nothing like it has been measured yet")


def _names(about: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(component["name"] for component in about["components"].values())


def _planned_names(plan: Plan, job: Job) -> tuple[str, ...]:
    return tuple(plan.components[key].name for key in component_keys(job.recipe))


def _stale(plan: Plan, missing: set[str], store: Store) -> dict[str, int]:
    reasons: Counter[str] = Counter()
    examined = 0
    for cell in plan.cells:
        if cell.key in missing and examined < _EXPLAINED_CELLS:
            last = store.last_of_cell(cell_identity(cell))
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
        now = getattr(job.recipe, name, None)
        differs = isinstance(now, str) and now in plan.jobs and value and now != value
        if differs and (change := _first_change(plan, str(now), value, store)):
            return change
    for role, component in about["components"].items():
        now_component = plan.components[getattr(job.recipe, role)]
        current = {"version": now_component.version, "params": dict(now_component.params), "source": now_component.source,
                   "fingerprint": now_component.fingerprint}
        for part, value in current.items():
            if component[part] != value:
                word = {"source": "source package", "fingerprint": "data or files"}.get(part, part)
                return f"the {word} of {now_component.name} changed"
    for name, value in recipe.items():
        if name != "stage" and getattr(job.recipe, name) != value and getattr(job.recipe, name) not in plan.jobs \
                and name not in about["components"]:
            return f"{name} of its {job.stage} job changed from {value} to {getattr(job.recipe, name)}"
    return "the format of artifacts changed"
