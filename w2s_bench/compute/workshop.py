"""What one job does, stage by stage. It reads the store and writes the store; no scheduling."""

from __future__ import annotations

import dataclasses
import functools
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from w2s_bench.compute.cell_score import Fitted, Pair, Yardsticks, score
from w2s_bench.compute.features import Features, embedded, features_of
from w2s_bench.compute.splits import (
    PARTS,
    LoadedTask,
    checked_splits,
    output_fields,
    overlaps,
    pack_pool,
    pack_splits,
    packed_ids,
    unpack_pool,
    unpack_splits,
)
from w2s_bench.contracts import PREDICTORS, Array, Columns, FitContext, FitProblem, Labels, Output, PrepareContext, can, declared
from w2s_bench.contracts.devices import asked, described, threads
from w2s_bench.contracts.errors import DataError, Diverged, PluginError, StoreError, W2SError
from w2s_bench.contracts.fitting import PREDICTOR_CAPABILITIES
from w2s_bench.contracts.kinds import BY_PLURAL
from w2s_bench.contracts.seeds import generator_for
from w2s_bench.planning.recipes import (
    Compare,
    Embed,
    Fit,
    Job,
    Load,
    Outcome,
    Part,
    Predict,
    Prepare,
    Score,
    foundation,
)
from w2s_bench.planning.recipes import job as job_of
from w2s_bench.registry.component import Component
from w2s_bench.registry.contract import check_capabilities, fingerprint
from w2s_bench.registry.sources import source_digest
from w2s_bench.registry.versions import versions_of
from w2s_bench.scoring.representations import Spectrum, compare, spectrum
from w2s_bench.store.artifacts import Artifact, DamagedArtifact, Store
from w2s_bench.store.checkpoints import StoredCheckpoints

_KEPT_ARTIFACTS = 48


class Workshop:
    """Computes jobs against one store. Holds recently read artifacts and instances; they never change a result."""

    def __init__(self, store: Store, components: Mapping[str, Component]) -> None:
        self.store, self.components = store, components
        self._artifact: Callable[[str], Artifact] = functools.lru_cache(_KEPT_ARTIFACTS)(lambda key: store.load(key)[0])
        self._loaded: Callable[[str], LoadedTask] = functools.lru_cache(8)(lambda key: unpack_splits(self._artifact(key)))
        self._instance: Callable[[str], Any] = functools.cache(self._created)
        self._features: Callable[[str, str], Features] = functools.lru_cache(24)(
            lambda embed, load: features_of(self._artifact(embed), self._loaded(load)))
        self._spectrum: Callable[[str, str], Spectrum] = functools.lru_cache(16)(
            lambda embed, load: spectrum(self._features(embed, load).parts["transfer"]))
        self._overlaps: Callable[[str, str], frozenset[str]] = functools.lru_cache(64)(
            lambda load, column: frozenset(overlaps(self._loaded(load).splits, column)))

    def run(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Compute jobs that may be handed over together (same stage, same component); one outcome per job."""
        with asked() as devices:
            artifacts, seconds = self._together(jobs)
        for job, artifact in zip(jobs, artifacts, strict=True):
            yield self._finish(job, artifact, seconds / len(jobs), len(jobs), devices)

    def _together(self, jobs: Sequence[Job]) -> tuple[list[Artifact | Exception | None], float]:
        """What a component's batch method gave; None for each job that must be computed by itself.

        A batch that fails as a whole is taken apart, so that only the guilty job pays.
        """
        started = time.perf_counter()
        recipe = jobs[0].recipe
        found: list[Artifact | Exception | None] = [None] * len(jobs)
        try:
            if isinstance(recipe, Fit) and len(jobs) > 1 and can(self._instance(recipe.strategy), "fit_many"):
                found = list(self._fit_many(jobs))
            elif isinstance(recipe, Prepare) and len(jobs) > 1 and can(self._instance(recipe.model), "prepare_many"):
                found = list(self._prepare_many(jobs))
        except Exception:
            return [None] * len(jobs), 0.0
        return (found, time.perf_counter() - started) if len(found) == len(jobs) else ([None] * len(jobs), 0.0)

    def _created(self, key: str) -> Any:
        component = self.components[key]
        _check_sources(component)
        instance = component.create()
        self._check_files(key, instance)
        return instance

    def _check_files(self, key: str, instance: Any) -> None:
        """What is stored under a key must be made from what the key was made from."""
        component = self.components[key]
        if fingerprint(BY_PLURAL[component.kind], instance, component.name) != component.fingerprint:
            raise DataError("the files that it reads changed since the run was planned", where=component.label,
                            hint="run the command again")

    def _compute(self, job: Job) -> Artifact:
        match job.recipe:
            case Load(task=task, seed=None):
                return pack_pool(self._instance(task).pool(), self.components[task].label)
            case Load():
                return self._load(job.recipe)
            case Prepare():
                return Artifact(dict(self._instance(job.recipe.model).prepare(self._prepare_context(job.recipe))))
            case Embed():
                return self._embed(job)
            case Compare(load=load, embed=embed, weak_embed=weak_embed):
                return Artifact({}, dataclasses.asdict(compare(self._spectrum(weak_embed, load), self._spectrum(embed, load))))
            case Fit():
                return self._fit(job)
            case Predict():
                return self._predict(job.recipe)
            case Score():
                return self._score(job.recipe)

    def _load(self, recipe: Load) -> Artifact:
        component, task = self.components[recipe.task], self._instance(recipe.task)
        assert recipe.seed is not None
        splits = checked_splits(task, task.load(recipe.seed), component.label)
        self._check_files(recipe.task, task)
        facts = {"divergence": task.divergence, "output": output_fields(task.output),
                 "known_truth": bool(declared(task, "known_truth", False)), "fingerprint": component.fingerprint,
                 "label_noise": declared(task, "label_noise", None), "balanced": declared(task, "balanced", None)}
        return pack_splits(splits, facts)

    def _prepare_context(self, recipe: Prepare) -> PrepareContext:
        return PrepareContext(recipe.seed, self._unlabelled(recipe.load) if recipe.load else None)

    def _prepare_many(self, jobs: Sequence[Job]) -> list[Artifact | Exception]:
        recipes = [job.recipe for job in jobs if isinstance(job.recipe, Prepare)]
        states = self._instance(recipes[0].model).prepare_many([self._prepare_context(recipe) for recipe in recipes])
        return [state if isinstance(state, Exception) else Artifact(dict(state)) for state in states]

    def _unlabelled(self, load: str) -> Columns:
        splits = self._loaded(load).splits
        return {name: np.concatenate([splits.supervise.inputs[name], splits.transfer.inputs[name]])
                for name in splits.supervise.inputs}

    def _embed(self, job: Job) -> Artifact:
        recipe = job.recipe
        assert isinstance(recipe, Embed)
        component, model = self.components[recipe.model], self._instance(recipe.model)
        inputs = self._artifact(recipe.load)
        state = self._state(recipe.prepare)
        if "pool" not in inputs.payload:
            splits = self._loaded(recipe.load)
            return embedded(model, component.label, {part: splits.part(part).inputs for part in PARTS}, state)
        contents = job_of(msgspec.structs.replace(recipe, load=inputs.payload["pool"])).key
        known = self.store.latest(contents)  # the same texts under another task: another reading of the labels, say
        if known is not None and self.store.about(known) is not None:
            found, _ = self.store.load(known)
        else:
            found = embedded(model, component.label, {"pool": unpack_pool(inputs).inputs}, state)
            self.store.remember(contents, job.key)
        return Artifact({**found.arrays, **packed_ids(inputs.arrays)}, found.payload)

    def _state(self, prepare: str | None) -> Mapping[str, Array]:
        return self._artifact(prepare).arrays if prepare else {}

    def _problem(self, job: Job) -> FitProblem:
        recipe = job.recipe
        assert isinstance(recipe, Fit)
        split, output = self._loaded(recipe.load).part(recipe.part), self._loaded(recipe.load).output
        context = FitContext(recipe.seed, output, StoredCheckpoints(self.store, job.key))
        labels = self._labels(recipe, split.truth)
        if recipe.model is not None:
            model = self._instance(recipe.model).module(self._state(recipe.prepare))
            return FitProblem(np.zeros((len(split.truth), 0), np.float32), labels, context, model=model, inputs=split.inputs)
        features, blocks = self._stacked(recipe.embeds, recipe.load, recipe.part)
        return FitProblem(features, labels, context, f"{'+'.join(recipe.embeds)}:{recipe.load}:{recipe.part}", blocks)

    def _stacked(self, embeds: Sequence[str], load: str, part: Part) -> tuple[Array, tuple[int, ...]]:
        """Features of several models side by side (n, Σd) float32, and the width of each; () for a model by itself."""
        blocks = [self._features(embed, load).parts[part] for embed in embeds]
        if len(blocks) == 1:
            return blocks[0], ()
        return np.hstack(blocks), tuple(block.shape[1] for block in blocks)

    def _labels(self, recipe: Fit, truth: Array) -> Labels:
        """The labels that a fit is given: the truth, none, or the weak answers with the share of truth that it declares."""
        if recipe.source == "none":
            return Labels(np.zeros_like(truth), "truth")
        if recipe.weak is None:
            return Labels(truth, "truth")
        weak = self._artifact(recipe.weak).arrays
        values, members = weak[recipe.part], weak.get(f"{recipe.part}/members")
        share = float(declared(self._instance(recipe.strategy), "truth_share", 0.0))
        if not share:
            return Labels(values, "weak", None, members)
        known = np.zeros(len(truth), dtype=bool)
        known[generator_for("known truth", seed=recipe.seed).permutation(len(truth))[:round(share * len(truth))]] = True
        return Labels(np.where(known[:, None], truth, values), "weak", known, members)

    def _fit(self, job: Job) -> Artifact:
        recipe = job.recipe
        assert isinstance(recipe, Fit)
        strategy = self._instance(recipe.strategy)
        if recipe.source == "none":
            predictor = strategy.untrained(self._problem(job)) if can(strategy, "untrained") else None
            return Artifact({}, {"absent": True}) if predictor is None else Artifact(dict(predictor.to_arrays()))
        return Artifact(dict(strategy.fit(self._problem(job)).to_arrays()))

    def _fit_many(self, jobs: Sequence[Job]) -> list[Artifact | Exception]:
        fits = [(job, job.recipe) for job in jobs if isinstance(job.recipe, Fit)]
        problems = [self._problem(job) for job, recipe in fits if recipe.source != "none"]
        answers = iter(self._instance(fits[0][1].strategy).fit_many(problems) if problems else [])
        artifacts: list[Artifact | Exception] = []
        for job, recipe in fits:
            if recipe.source == "none":
                artifacts.append(self._fit(job))
            else:
                answer = next(answers)
                artifacts.append(answer if isinstance(answer, Exception) else Artifact(dict(answer.to_arrays())))
        return artifacts

    def _predict(self, recipe: Predict) -> Artifact:
        component, fit = self.components[recipe.strategy], self._artifact(recipe.fit)
        if fit.payload.get("absent"):
            return Artifact({}, {"absent": True})
        predictor = self._instance(recipe.strategy).from_arrays(fit.arrays)
        check_capabilities(PREDICTOR_CAPABILITIES, predictor, f"the predictor of {component.label}")
        task = self._loaded(recipe.load)
        found: dict[str, Array] = {}
        read: tuple[Any, ...]
        for part in PARTS:
            split = task.part(part)
            if recipe.model is not None:
                read = (self._instance(recipe.model).module(self._state(recipe.prepare)), split.inputs)
            else:
                read = (self._stacked(recipe.embeds, recipe.load, part)[0],)
            found[part] = checked_prediction(predictor.predict(*read), task.output, len(split.truth), component.label)
            if can(predictor, "members"):
                found[f"{part}/members"] = np.asarray(predictor.members(*read), dtype=np.float64)
        return Artifact(found)

    def _score(self, recipe: Score) -> Artifact:
        def predictions(key: str | None) -> Mapping[str, Array] | None:
            artifact = self._artifact(key) if key else None
            return None if artifact is None or artifact.payload.get("absent") else artifact.arrays

        strategy = self._instance(recipe.strategy)
        student = strategy.from_arrays(self._artifact(recipe.student_fit).arrays)
        read = [self._features(embed, recipe.load) for embed in (recipe.embed, recipe.weak_embed)]
        task = self._loaded(recipe.load)
        shared = {*task.payload["overlaps"], *(self._overlaps(recipe.load, read[0].column) if read[0].column else ())}
        pair = Pair(
            same=recipe.embed == recipe.weak_embed, weak_size=recipe.weak_size, strong_size=recipe.strong_size,
            truncated=max(features.truncated for features in read), overlap=bool(shared),
            independent=not recipe.weak_saw_transfer and "supervise+transfer" not in shared)
        features: dict[str, Array] = {
            part: self._stacked((recipe.embed, *recipe.embeds), recipe.load, part)[0] for part in PARTS}
        between = self._artifact(recipe.compare).payload if recipe.compare else {}
        roles = {role: predictions(getattr(recipe, role)) for role in PREDICTORS}
        return score(task, Fitted(strategy, student, features), roles, pair, between, self._measures(recipe))

    def _measures(self, recipe: Score) -> Yardsticks:
        def named(keys: Sequence[str]) -> dict[str, Any]:
            return {self.components[key].label: self._instance(key) for key in keys}

        return Yardsticks(self._instance(recipe.divergence), named(recipe.metrics), named(recipe.bounds))

    def _finish(self, job: Job, artifact: Artifact | Exception | None, seconds: float, batch: int, devices: set[str]) -> Outcome:
        started = time.perf_counter()
        try:
            if isinstance(artifact, Exception):
                raise artifact
            if artifact is None:
                with asked() as devices:
                    artifact, batch = self._compute(job), 1
            seconds += time.perf_counter() - started
            self.store.save(job.key, artifact, about={
                "recipe": msgspec.to_builtins(job.recipe), "components": self._about_components(job),
                "foundation": foundation(job.stage),
                "seconds": seconds, "batch": batch, "peak_memory": peak_memory(),
                "device": described(devices), "threads": threads()})
            if isinstance(job.recipe, Fit):
                StoredCheckpoints(self.store, job.key).drop()
            return Outcome(job.key, "ok", seconds=seconds)
        except DamagedArtifact as damaged:
            status, error = "damaged", damaged.message()
        except StoreError as fault:
            status, error = "store", fault.message()
        except MemoryError:
            status, error = "oom", "out of memory"
        except Diverged as diverged:
            status, error = "diverged", diverged.message()
        except W2SError as fault:
            status, error = "failed", fault.message()
        except Exception as fault:
            of_device = type(fault).__name__ == "OutOfMemoryError"  # torch's; nothing here imports it
            status, error = ("oom", f"out of memory: {fault}") if of_device else ("failed", f"{type(fault).__name__}: {fault}")
        return Outcome(job.key, status, error, time.perf_counter() - started, traceback.format_exc())

    def _about_components(self, job: Job) -> dict[str, Any]:
        keys = {role: getattr(job.recipe, role, None) for role in ("task", "model", "strategy")}
        return {role: self.components[key].rests_on() for role, key in keys.items() if key is not None}


def peak_memory() -> float:
    """Largest resident size of this process so far, in MiB."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _check_sources(component: Component) -> None:
    for what, changed in (("source", source_digest(component.target) != component.source),
                          ("libraries", versions_of(name for name, _ in component.libraries) != component.libraries)):
        if changed:
            raise DataError(f"the {what} of {component.name} changed since the run was planned", hint="run the command again")
    for _, part in component.parts:
        _check_sources(part)


def checked_prediction(prediction: Array, output: Output, n: int, label: str) -> Array:
    """A prediction as (n, k) float64, as its output has it. Raises PluginError, Diverged."""
    values = np.asarray(prediction, dtype=np.float64)
    if values.shape != (n, output.k):
        raise PluginError(f"{label} predicted an array of shape {values.shape} for {n} inputs", hint=f"wanted ({n}, {output.k})")
    if not np.isfinite(values).all():
        raise Diverged(f"{label} predicted values that are not finite")
    return output.conform(values, label)
