"""From words to a run folder: what is asked for is planned, and computed where the words say, for Python and for the prompt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec

from w2s_bench.contracts import Policy
from w2s_bench.contracts.devices import check
from w2s_bench.contracts.errors import UsageError, nearest
from w2s_bench.planning.own_files import registry_with, with_files
from w2s_bench.planning.plan import Plan
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import OwnFile, RunSpec, numbers, spec_from_file
from w2s_bench.planning.wanted import SpecWords, wanted
from w2s_bench.planning.wider import with_seeds
from w2s_bench.registry.given import with_given
from w2s_bench.registry.isolation import isolation
from w2s_bench.running.audience import Audience
from w2s_bench.running.folder import default_folder
from w2s_bench.running.kept import Keep
from w2s_bench.running.known_runs import run_folders
from w2s_bench.running.runs import Place, Result, run
from w2s_bench.running.shards import Only, part_of, shard_folder, shard_from, shard_in
from w2s_bench.store.artifacts import Store

if TYPE_CHECKING:
    from w2s_bench.registry.catalogue import Registry

_KINDS = {"tasks": "tasks", "models": "models", "weak": "models", "strong": "models", "strategies": "strategies",
          "supervisors": "strategies", "also": "tasks"}


class RunWords(SpecWords, total=False):
    """How a spec is computed besides: see `Policy`, and `w2s-bench ls executors`. keep: predictions that stay with the run,
    for `rescore`. debug: tracebacks of failing jobs. canary: how many student fits are made once more where the truth is another.
    shard: which part of it, such as "3/8". only: "gpu" for the jobs that ask for one, and what they rest on."""

    workers: int | Literal["auto"]
    timeout: float | Literal["auto", "none"]
    retries: int
    threads: int
    device: str
    memory: float | Literal["auto", "none"]
    gpus: str | Sequence[str | int]
    silence: float
    idle: float
    executor: str
    keep: Keep
    debug: bool
    canary: int | None
    shard: str | None
    only: Only | None
    isolate: Literal["auto", "always", "never"] | None


@dataclass(frozen=True)
class Asked:
    """A plan, in words where it is from, and what the plugins offer. given: whether objects of this process are in it.

    folder: of the run that was asked for by its name, None where a spec was.
    """

    plan: Plan
    origin: str
    registry: Registry
    given: bool
    folder: Path | None = None

    def words(self, folder: Path) -> list[str]:
        """What will run, where to, and what is left out."""
        left = [f"left out: {count} cells, because {reason}" for reason, count in self.plan.skipped.items()]
        part = self.plan.part
        which = f", shard {part.name} of {len(part.whole.cells)} cells" if part else ""
        return [f"running {self.origin}{which}", f"{len(self.plan.cells)} cells, {len(self.plan.jobs)} jobs; folder {folder}",
                *left]


def ask(what: str | Path | RunSpec | None, words: SpecWords) -> Asked:
    """The plan of what is asked for, objects among the components too. Raises UsageError as `asked_spec` and `make_plan`."""
    registry = registry_with(given_files(words))
    named: dict[str, Any] = dict(words)
    given = False
    for word, kind in _KINDS.items():
        if word in named and named[word] is not None:
            grown, named[word] = with_given(registry, kind, named[word])
            given, registry = given or grown is not registry, grown
    spec, origin, folder = asked_spec(registry, what, cast(SpecWords, named))
    if set(spec.plugins) - set(given_files(words)):  # those of a spec file, beside which there are no objects
        registry = registry_with(spec.plugins)
    return Asked(make_plan(spec, registry), origin, registry, given, folder)


def asked_spec(registry: Registry, what: str | Path | RunSpec | None, words: SpecWords) -> tuple[RunSpec, str, Path | None]:
    """The spec of what is asked for, where it is from, and the folder of a run that is named, with more seeds where they are.

    Raises UsageError as `wanted`, for words beside a run that are no seeds, and for seeds that leave out one of its own.
    """
    folder = None if what is None or isinstance(what, RunSpec) else _run_named(registry, what)
    if folder is None:
        spec, origin = wanted(registry, what, words)
        return with_files(spec, given_files(words)), origin, None
    others = sorted(word for word, value in words.items()
                    if value and word in SpecWords.__annotations__ and word not in ("seeds", "plugins"))
    if others:
        raise UsageError(f"a run goes with seeds alone, not with {', '.join(others)}", where=str(what),
                         hint="its spec.toml says all else; copy it to run another")
    spec = spec_from_file(folder / "spec.toml")
    seeds = words.get("seeds")
    if seeds is not None:
        spec = with_seeds(spec, numbers(seeds if isinstance(seeds, str | int) else tuple(seeds)))
    spec = with_files(spec, given_files(words))
    return spec, f"the spec of {folder}", folder


def given_files(words: SpecWords) -> tuple[OwnFile, ...]:
    """The plugin files that words name."""
    return tuple(OwnFile(Path(file)) for file in words.get("plugins", ()))


def _run_named(registry: Registry, what: str | Path) -> Path | None:
    """The folder of a run, by its path or its name under w2s-runs/; a suite of that name comes first."""
    suites = [name for offer in registry.entries("suites") for name in (offer.entry.name, offer.full_name)]
    if what in suites:
        return None
    if (Path(what) / "spec.toml").is_file():
        return Path(what)
    if isinstance(what, Path) or what.endswith(".toml") or Path(what).is_file():
        return None
    runs = [folder for folder in run_folders() if (folder / "spec.toml").is_file()]
    found = [run for run in runs if run.name == what] or [run for run in runs if run.name.startswith(what)]
    if len(found) > 1:
        raise UsageError("several runs match", where=what, hint=f"runs here: {', '.join(run.name for run in found[:8])}")
    if not found:
        known = [offer.entry.name for offer in registry.entries("suites")] + [run.name for run in runs]
        raise UsageError(f"unknown suite {what!r}, and no run is called so", hint=nearest(what, known))
    return found[0]


def start(asked: Asked, folder: Path | None, store: str, means: Mapping[str, object], audience: Audience) -> Result:
    """Compute what is not finished; the same words resume. means: `executor`, `keep`, `shard` and the fields of `Policy`.

    Raises UsageError for means that are none, and as `run`.
    """
    said = {"isolate": isolation(),
            **{field.name: means[field.name] for field in fields(Policy) if means.get(field.name) is not None}}
    if gpus := said.get("gpus"):
        said["gpus"] = gpus.split(",") if isinstance(gpus, str) else [str(gpu) for gpu in cast(Iterable[object], gpus)]
    try:
        policy = msgspec.convert({**said, "debug": audience.debug}, Policy)
    except msgspec.ValidationError as error:
        raise UsageError(str(error), where=", ".join(said)) from None
    executor = str(means.get("executor") or ("here" if asked.given else "local"))
    if asked.given and executor != "here":
        raise UsageError(f"components given as objects are computed in this process, and the executor is {executor}",
                         hint='leave it out, or say executor="here"')
    if not Store(store).shared and executor != "here":
        raise UsageError("no other process sees a store in memory", where=store, hint="a folder, or --executor here")
    executing = asked.registry.make("executors", executor, where="executor")
    if policy.device != Policy.device:
        check(policy.device)
    shard = shard_from(str(means["shard"])) if means.get("shard") else shard_in(asked.folder) if asked.folder else None
    if shard:
        asked = replace(asked, plan=part_of(asked.plan, shard))
    into = folder or asked.folder or (shard_folder(asked.plan.spec, shard) if shard else default_folder(asked.plan.spec))
    for line in asked.words(into):
        audience.say(line)
    for line in asked.plan.inputs:
        audience.say(line)
    for line in (*asked.plan.unmeasured, *asked.plan.absent):
        audience.warn(line)
    canary = int(cast(int, means.get("canary") or 0))
    if canary and asked.given:
        raise UsageError("the label canary computes in a process of its own, where objects of this one are not", where="canary",
                         hint="a plugin's strategies can be tried")
    place = Place(into, store, cast(Keep, means.get("keep") or "all"), cast("Only | None", means.get("only")), canary)
    return run(asked.plan, place, executing, policy, audience)
