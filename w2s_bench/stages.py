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

import numpy as np

from w2s_bench.contracts import (
    Array,
    Classes,
    Columns,
    Embedding,
    FitContext,
    FitProblem,
    Labels,
    Output,
    PrepareContext,
    Regression,
)
from w2s_bench.errors import DataError, Diverged, PluginError, StoreError, W2SError
from w2s_bench.jobs import Compare, Embed, Fit, Job, Load, Outcome, Predict, Prepare, Score, foundation, recipe_fields
from w2s_bench.registry import Component, source_digest
from w2s_bench.score_stage import Pair, score
from w2s_bench.scoring.representations import Spectrum, compare, spectrum
from w2s_bench.splits_io import PARTS, LoadedTask, checked_splits, overlaps, pack_splits, unpack_splits
from w2s_bench.store import Artifact, DamagedArtifact, Store

_KEPT_ARTIFACTS = 48


class Workshop:
    """Computes jobs against one store. Holds recently read artifacts and instances; they never change a result."""

    def __init__(self, store: Store, components: Mapping[str, Component]) -> None:
        self.store, self.components = store, components
        self._artifact: Callable[[str], Artifact] = functools.lru_cache(_KEPT_ARTIFACTS)(lambda key: store.load(key)[0])
        self._loaded: Callable[[str], LoadedTask] = functools.lru_cache(8)(lambda key: unpack_splits(self._artifact(key)))
        self._instance: Callable[[str], Any] = functools.cache(self._created)
        self._spectrum: Callable[[str], Spectrum] = functools.lru_cache(16)(
            lambda key: spectrum(self._artifact(key).arrays["transfer"]))

    def run(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Compute jobs that may be handed over together (same stage, same component); one outcome per job."""
        artifacts, seconds = self._together(jobs)
        for job, artifact in zip(jobs, artifacts, strict=True):
            yield self._finish(job, artifact, seconds / len(jobs), len(jobs))

    def _together(self, jobs: Sequence[Job]) -> tuple[list[Artifact | Exception | None], float]:
        """What a component's batch method gave; None for each job that must be computed by itself.

        A batch that fails as a whole is taken apart, so that only the guilty job pays.
        """
        started = time.perf_counter()
        recipe = jobs[0].recipe
        found: list[Artifact | Exception | None] = [None] * len(jobs)
        try:
            if isinstance(recipe, Fit) and len(jobs) > 1 and hasattr(self._instance(recipe.strategy), "fit_many"):
                found = list(self._fit_many(jobs))
            elif isinstance(recipe, Prepare) and len(jobs) > 1 and hasattr(self._instance(recipe.model), "prepare_many"):
                found = list(self._prepare_many(jobs))
        except Exception:
            return [None] * len(jobs), 0.0
        return (found, time.perf_counter() - started) if len(found) == len(jobs) else ([None] * len(jobs), 0.0)

    def _created(self, key: str) -> Any:
        component = self.components[key]
        if source_digest(component.target) != component.source:
            raise DataError(f"the source of {component.name} changed since the run was planned", hint="run the command again")
        instance = component.create()
        self._check_files(key, instance)
        return instance

    def _check_files(self, key: str, instance: Any) -> None:
        """What is stored under a key must be made from what the key was made from."""
        component = self.components[key]
        if hasattr(instance, "fingerprint") and str(instance.fingerprint()) != component.fingerprint:
            raise DataError("the files that it reads changed since the run was planned", where=component.label,
                            hint="run the command again")

    def _compute(self, job: Job) -> Artifact:
        match job.recipe:
            case Load():
                return self._load(job.recipe)
            case Prepare():
                return Artifact(dict(self._instance(job.recipe.model).prepare(self._prepare_context(job.recipe))))
            case Embed():
                return self._embed(job.recipe)
            case Compare():
                between = compare(self._spectrum(job.recipe.weak_embed), self._spectrum(job.recipe.embed))
                return Artifact({}, dataclasses.asdict(between))
            case Fit():
                return self._fit(job.recipe)
            case Predict():
                return self._predict(job.recipe)
            case Score():
                return self._score(job.recipe)

    def _load(self, recipe: Load) -> Artifact:
        component, task = self.components[recipe.task], self._instance(recipe.task)
        splits = checked_splits(task, task.load(recipe.seed), component.label)
        self._check_files(recipe.task, task)
        facts = {"divergence": task.divergence, "unit": getattr(task.output, "unit", ""), "kind": task.output.kind,
                 "known_truth": bool(getattr(task, "known_truth", False)), "fingerprint": component.fingerprint,
                 "label_noise": getattr(task, "label_noise", None)}
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

    def _embed(self, recipe: Embed) -> Artifact:
        component, model = self.components[recipe.model], self._instance(recipe.model)
        loaded = self._loaded(recipe.load)
        state = self._artifact(recipe.prepare).arrays if recipe.prepare else {}
        arrays: dict[str, Array] = {}
        truncated = 0
        for part in PARTS:
            inputs = loaded.part(part).inputs
            if model.column and model.column not in inputs:
                raise PluginError(f"{component.label} reads the column {model.column!r}; the task has {', '.join(inputs)}")
            embedding = model.embed(inputs, state)
            arrays[part] = _checked_embedding(embedding, len(loaded.part(part).truth), component.label)
            truncated += embedding.truncated
        shared = overlaps(loaded.splits, model.column) if model.column else []
        return Artifact(arrays, {"truncated": truncated, "overlaps": shared})

    def _problem(self, recipe: Fit) -> FitProblem:
        task = self._loaded(recipe.load)
        features = self._artifact(recipe.embed).arrays[recipe.part]
        split = task.part(recipe.part)
        if recipe.weak is None:
            labels = Labels(split.truth, "truth")
        else:
            labels = Labels(self._artifact(recipe.weak).arrays[recipe.part], "weak")
        if recipe.source == "none":
            labels = Labels(np.zeros_like(split.truth), "truth")
        context = FitContext(recipe.seed, _output(task))
        return FitProblem(features, labels, context, f"{recipe.embed}:{recipe.part}")

    def _fit(self, recipe: Fit) -> Artifact:
        strategy, problem = self._instance(recipe.strategy), self._problem(recipe)
        if recipe.source == "none":
            untrained = getattr(strategy, "untrained", None)
            predictor = untrained(problem) if untrained else None
            return Artifact({}, {"absent": True}) if predictor is None else Artifact(dict(predictor.to_arrays()))
        return Artifact(dict(strategy.fit(problem).to_arrays()))

    def _fit_many(self, jobs: Sequence[Job]) -> list[Artifact | Exception]:
        recipes = [job.recipe for job in jobs if isinstance(job.recipe, Fit)]
        trained = [recipe for recipe in recipes if recipe.source != "none"]
        fitted = self._instance(recipes[0].strategy).fit_many([self._problem(recipe) for recipe in trained]) if trained else []
        answers = iter(fitted)
        artifacts: list[Artifact | Exception] = []
        for recipe in recipes:
            if recipe.source == "none":
                artifacts.append(self._fit(recipe))
            else:
                answer = next(answers)
                artifacts.append(answer if isinstance(answer, Exception) else Artifact(dict(answer.to_arrays())))
        return artifacts

    def _predict(self, recipe: Predict) -> Artifact:
        component, fit = self.components[recipe.strategy], self._artifact(recipe.fit)
        if fit.payload.get("absent"):
            return Artifact({}, {"absent": True})
        predictor = self._instance(recipe.strategy).from_arrays(fit.arrays)
        features = self._artifact(recipe.embed).arrays
        return Artifact({part: _checked_prediction(predictor.predict(features[part]), len(features[part]), component.label)
                         for part in PARTS})

    def _score(self, recipe: Score) -> Artifact:
        def predictions(key: str | None) -> Mapping[str, Array] | None:
            artifact = self._artifact(key) if key else None
            return None if artifact is None or artifact.payload.get("absent") else artifact.arrays

        strategy = self._instance(recipe.strategy)
        student = strategy.from_arrays(self._artifact(recipe.student_fit).arrays)
        embeds = [self._artifact(key) for key in (recipe.embed, recipe.weak_embed)]
        task = self._loaded(recipe.load)
        shared = {*task.payload["overlaps"], *embeds[0].payload["overlaps"]}
        pair = Pair(
            same=recipe.embed == recipe.weak_embed, weak_size=recipe.weak_size, strong_size=recipe.strong_size,
            truncated=max(int(embed.payload["truncated"]) for embed in embeds), overlap=bool(shared),
            independent=not recipe.weak_saw_transfer and "supervise+transfer" not in shared)
        between = self._artifact(recipe.compare).payload if recipe.compare else {}
        roles = {role: predictions(getattr(recipe, role)) for role in ("weak", "student", "ceiling", "gold", "base")}
        return score(task, strategy, student, embeds[0].arrays, roles, pair, between)

    def _finish(self, job: Job, artifact: Artifact | Exception | None, seconds: float, batch: int) -> Outcome:
        started = time.perf_counter()
        try:
            if isinstance(artifact, Exception):
                raise artifact
            if artifact is None:
                artifact, batch = self._compute(job), 1
            seconds += time.perf_counter() - started
            self.store.save(job.key, artifact, about={
                "recipe": recipe_fields(job.recipe), "components": self._about_components(job),
                "foundation": foundation(job.stage),
                "seconds": seconds, "batch": batch, "peak_memory": peak_memory()})
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
            status, error = "failed", f"{type(fault).__name__}: {fault}"
        return Outcome(job.key, status, error, time.perf_counter() - started, traceback.format_exc())

    def _about_components(self, job: Job) -> dict[str, Any]:
        found = {}
        for role in ("task", "model", "strategy"):
            if (key := getattr(job.recipe, role, None)) is not None:
                c = self.components[key]
                found[role] = {"name": c.name, "version": c.version, "params": dict(c.params), "source": c.source,
                               "fingerprint": c.fingerprint}
        return found


def peak_memory() -> float:
    """Largest resident size of this process so far, in MiB."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _output(task: LoadedTask) -> Output:
    return Classes(task.k) if task.payload["kind"] == "classes" else Regression(task.k, task.payload["unit"])


def _checked_embedding(embedding: Embedding, n: int, label: str) -> Array:
    values = np.asarray(embedding.values, dtype=np.float32)
    if values.ndim != 2 or len(values) != n:
        raise PluginError(f"{label} gave features of shape {values.shape} for {n} inputs")
    if not np.isfinite(values).all():
        raise Diverged(f"{label} gave features that are not finite")
    return values


def _checked_prediction(prediction: Array, n: int, label: str) -> Array:
    values = np.asarray(prediction, dtype=np.float64)
    if values.ndim != 2 or len(values) != n:
        raise PluginError(f"{label} predicted an array of shape {values.shape} for {n} inputs", hint="wanted (n, k)")
    if not np.isfinite(values).all():
        raise Diverged(f"{label} predicted values that are not finite")
    return values
