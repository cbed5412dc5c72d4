"""From words to a run folder: what is asked for is planned, and computed where the words say, for Python and for the prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from w2s_bench.contracts import Policy
from w2s_bench.contracts.devices import check
from w2s_bench.contracts.errors import UsageError
from w2s_bench.planning.planner import Plan, make_plan
from w2s_bench.planning.wanted import SpecWords, wanted
from w2s_bench.registry.given import with_given
from w2s_bench.registry.loading import load_registry
from w2s_bench.running.audience import Audience
from w2s_bench.running.folder import default_folder
from w2s_bench.running.kept import Keep
from w2s_bench.running.runs import Place, Result, run

if TYPE_CHECKING:
    from w2s_bench.planning.spec import RunSpec
    from w2s_bench.registry.catalogue import Registry

_KINDS = {"tasks": "tasks", "models": "models", "weak": "models", "strong": "models", "strategies": "strategies",
          "supervisors": "strategies"}


class RunWords(SpecWords, total=False):
    """How a spec is computed besides: see `Policy`, and `w2s-bench ls executors`. keep: predictions that stay with the run,
    for `rescore`. debug: tracebacks of failing jobs."""

    workers: int
    timeout: float | None
    retries: int
    threads: int
    device: str
    executor: str
    keep: Keep
    debug: bool


@dataclass(frozen=True)
class Asked:
    """A plan, in words where it is from, and what the plugins offer. given: whether objects of this process are in it."""

    plan: Plan
    origin: str
    registry: Registry
    given: bool

    def words(self, folder: Path) -> list[str]:
        """What will run, where to, and what is left out."""
        left = [f"left out: {count} cells, because {reason}" for reason, count in self.plan.skipped.items()]
        return [f"running {self.origin}", f"{len(self.plan.cells)} cells, {len(self.plan.jobs)} jobs; folder {folder}", *left]


def ask(what: str | Path | RunSpec | None, words: SpecWords) -> Asked:
    """The plan of what is asked for, objects among the components too. Raises UsageError as `wanted` and `make_plan`."""
    registry = load_registry()
    named: dict[str, Any] = dict(words)
    given = False
    for word, kind in _KINDS.items():
        if word in named and named[word] is not None:
            grown, named[word] = with_given(registry, kind, named[word])
            given, registry = given or grown is not registry, grown
    spec, origin = wanted(registry, what, cast(SpecWords, named))
    return Asked(make_plan(spec, registry), origin, registry, given)


def start(asked: Asked, folder: Path | None, store: str, means: Mapping[str, object], audience: Audience) -> Result:
    """Compute what is not finished; the same words resume. means: `executor`, `keep` and the fields of `Policy`.

    Raises UsageError for means that are none, and as `run`.
    """
    said = {field.name: means[field.name] for field in fields(Policy) if means.get(field.name) is not None}
    try:
        policy = msgspec.convert(said, Policy)
    except msgspec.ValidationError as error:
        raise UsageError(str(error), where=", ".join(said)) from None
    executor = str(means.get("executor") or ("here" if asked.given else "local"))
    if asked.given and executor != "here":
        raise UsageError(f"components given as objects are computed in this process, and the executor is {executor}",
                         hint='leave it out, or say executor="here"')
    executing = asked.registry.make("executors", executor, where="executor")
    if policy.device != Policy.device:
        check(policy.device)
    into = folder or default_folder(asked.plan.spec)
    for line in asked.words(into):
        audience.say(line)
    for line in asked.plan.unmeasured:
        audience.warn(line)
    return run(asked.plan, Place(into, store, cast(Keep, means.get("keep") or "all")), executing, policy, audience)
