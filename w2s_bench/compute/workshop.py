"""What one job does, stage by stage. It reads the store and writes the store; no scheduling."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from w2s_bench.compute.also_score import also_score
from w2s_bench.compute.cell_score import Fitted, Pair, Yardsticks, score
from w2s_bench.compute.faults import outcome_of
from w2s_bench.compute.features import Features, embedded, features_of
from w2s_bench.compute.lent import Loan, lent, with_truth_lent
from w2s_bench.compute.pool_features import PoolFeatures
from w2s_bench.compute.recorded import about
from w2s_bench.compute.splits import (
    PARTS,
    LoadedTask,
    checked_splits,
    output_fields,
    overlaps,
    pack_pool,
    pack_splits,
    packed_ids,
    unpack_splits,
)
from w2s_bench.contracts import (
    PREDICTORS,
    Array,
    Columns,
    FitContext,
    FitProblem,
    Labels,
    Outcome,
    Output,
    PrepareContext,
    Split,
    can,
    declared,
    one_by_one,
)
from w2s_bench.contracts.devices import asked
from w2s_bench.contracts.errors import DataError, Diverged, PluginError, StoreError
from w2s_bench.contracts.kinds import BY_PLURAL
from w2s_bench.contracts.seeds import generator_for
from w2s_bench.planning.recipes import (
    Also,
    Compare,
    Embed,
    Fit,
    Job,
    Load,
    Part,
    Predict,
    Prepare,
    Score,
    component_keys,
)
from w2s_bench.registry.component import Component
from w2s_bench.registry.contract import check_predictor, fingerprint
from w2s_bench.registry.sources import source_digest
from w2s_bench.registry.versions import versions_of
from w2s_bench.scoring.representations import Spectrum, compare, spectrum
from w2s_bench.store.artifacts import Artifact, Store
from w2s_bench.store.checkpoints import StoredCheckpoints

_KEPT_ARTIFACTS = 48
_Made = Artifact | Exception
Asked = TypeVar("Asked")


class Workshop:
    """Computes jobs against one store. Holds recently read artifacts and instances; they never change a result."""

    def __init__(self, store: Store, components: Mapping[str, Component]) -> None:
        self.store, self.components = store, components
        self._artifact: Callable[[str], Artifact] = functools.lru_cache(_KEPT_ARTIFACTS)(store.load)
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
        started = time.perf_counter()
        with asked() as devices:
            artifacts, note = self._together(jobs)
        share = (time.perf_counter() - started) / len(jobs)
        for index, (job, artifact) in enumerate(zip(jobs, artifacts, strict=True)):
            outcome = self._finish(job, artifact, 0.0 if artifact is None else share, len(jobs), devices)
            yield dataclasses.replace(outcome, note=note) if note and not index else outcome

    def _together(self, jobs: Sequence[Job]) -> tuple[list[_Made | None], str]:
        """What a component's batch method gave, None for each job that is to be computed by itself; and what to say of it.

        A batch that fails as a whole is taken apart, so that only the guilty job pays.
        """
        alone: list[_Made | None] = [None] * len(jobs)
        recipe = jobs[0].recipe
        if len(jobs) == 1 or not isinstance(recipe, Fit | Prepare):
            return alone, ""
        key, method = (recipe.strategy, "fit_many") if isinstance(recipe, Fit) else (recipe.model, "prepare_many")
        try:
            if not can(self._instance(key), method):
                return alone, ""
            return self._fit_many(jobs) if isinstance(recipe, Fit) else self._prepare_many(jobs), ""
        except StoreError as error:
            return [error] * len(jobs), ""
        except (Exception, SystemExit) as error:
            fault = outcome_of(error, jobs[0], self._named(jobs[0]), 0.0)
            component = self.components[key]
            return alone, (f"{method} of {component.label} ({component.plugin}) failed, and its jobs are computed one by one: "
                           f"{fault.error}")

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
            case Also():
                return self._also(job.recipe)

    def _load(self, recipe: Load) -> Artifact:
        component, task = self.components[recipe.task], self._instance(recipe.task)
        assert recipe.seed is not None
        splits = checked_splits(task, task.load(recipe.seed), component.label)
        self._check_files(recipe.task, task)
        facts = {"divergence": task.divergence, "output": output_fields(task.output),
                 "known_truth": bool(declared(task, "known_truth", False)), "fingerprint": component.fingerprint,
                 "label_noise": declared(task, "label_noise", None), "balanced": declared(task, "balanced", None)}
        raised = task.inputs_read().flags if can(task, "inputs_read") else ()
        if raised:
            facts["flags"] = list(raised)
        return pack_splits(splits, facts)

    def _prepare_context(self, recipe: Prepare) -> PrepareContext:
        return PrepareContext(recipe.seed, self._unlabelled(recipe.load) if recipe.load else None)

    def _prepare_many(self, jobs: Sequence[Job]) -> list[_Made | None]:
        recipes = [job.recipe for job in jobs if isinstance(job.recipe, Prepare)]
        asked = [_tried(functools.partial(self._prepare_context, recipe)) for recipe in recipes]
        return _answers(asked, self._instance(recipes[0].model).prepare_many, lambda state: Artifact(dict(state)))

    def _unlabelled(self, load: str) -> Columns:
        splits = self._loaded(load).splits
        return one_by_one({name: np.concatenate([splits.supervise.inputs[name], splits.transfer.inputs[name]])
                           for name in splits.supervise.inputs})

    def _embed(self, job: Job) -> Artifact:
        recipe = job.recipe
        assert isinstance(recipe, Embed)
        component, model = self.components[recipe.model], self._instance(recipe.model)
        inputs = self._artifact(recipe.load)
        state = self._state(recipe.prepare)
        if "pool" not in inputs.payload:
            splits = self._loaded(recipe.load)
            return embedded(model, component.label, {part: lent(splits.part(part).inputs) for part in PARTS}, state)
        found = PoolFeatures(self.store, self.components, self._instance).read(job, inputs, state)
        return Artifact({**found.arrays, **packed_ids(inputs.arrays)}, found.payload)

    def _state(self, prepare: str | None) -> Mapping[str, Array]:
        """What `prepare` left, lent."""
        return lent(self._artifact(prepare).arrays) if prepare else {}

    def _problem(self, job: Job, loan: Loan) -> FitProblem:
        recipe = job.recipe
        assert isinstance(recipe, Fit)
        split, output = self._loaded(recipe.load).part(recipe.part), self._loaded(recipe.load).output
        context = FitContext(recipe.seed, output, StoredCheckpoints(self.store, job.key))
        labels = self._labels(recipe, split.truth)
        if recipe.model is not None:
            model = self._instance(recipe.model).module(self._state(recipe.prepare))
            inputs = loan.columns(f"{recipe.load}:{recipe.part}", split.inputs)
            return FitProblem(np.zeros((len(split.truth), 0), np.float32), labels, context, model=model, inputs=inputs)
        name = f"{'+'.join(recipe.embeds)}:{recipe.load}:{recipe.part}"
        features = loan.array(name, lambda: self._stacked(recipe.embeds, recipe.load, recipe.part))
        return FitProblem(features, labels, context, name, self._blocks(recipe.embeds, recipe.load))

    def _stacked(self, embeds: Sequence[str], load: str, part: Part) -> Array:
        """Features of several models side by side, (n, Σd): lent."""
        return np.concatenate([self._features(embed, load).parts[part] for embed in embeds], axis=1)

    def _blocks(self, embeds: Sequence[str], load: str) -> tuple[int, ...]:
        """The width of each model's features; () for a model by itself."""
        if len(embeds) == 1:
            return ()
        return tuple(self._features(embed, load).parts["test"].shape[1] for embed in embeds)

    def _labels(self, recipe: Fit, truth: Array) -> Labels:
        """The labels that a fit is lent: the truth, none, or weak answers, its own or those of other examples, with the share of
        truth that it declares."""
        if recipe.source == "none":
            return Labels(np.zeros_like(truth), "truth")
        if recipe.weak is None:
            return Labels(np.array(truth), "truth")
        weak = self._artifact(recipe.weak).arrays
        rows = (generator_for("shuffled weak labels", seed=recipe.seed).permutation(len(truth)) if recipe.source == "shuffled"
                else np.arange(len(truth)))
        values, given = weak[recipe.part][rows], weak.get(f"{recipe.part}/members")
        members = None if given is None else given[:, rows]
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
            predictor = strategy.untrained(self._problem(job, Loan())) if can(strategy, "untrained") else None
            return Artifact({}, {"absent": True}) if predictor is None else Artifact(dict(predictor.to_arrays()))
        return Artifact(dict(strategy.fit(self._problem(job, Loan())).to_arrays()))

    def _fit_many(self, jobs: Sequence[Job]) -> list[_Made | None]:
        loan = Loan()
        recipe = jobs[0].recipe
        assert isinstance(recipe, Fit)
        asked = [_tried(functools.partial(self._problem, job, loan))
                 if isinstance(job.recipe, Fit) and job.recipe.source != "none" else None for job in jobs]
        return _answers(asked, self._instance(recipe.strategy).fit_many, lambda answer: Artifact(dict(answer.to_arrays())))

    def _predict(self, recipe: Predict) -> Artifact:
        component, fit = self.components[recipe.strategy], self._artifact(recipe.fit)
        if fit.payload.get("absent"):
            return Artifact({}, {"absent": True})
        predictor = self._instance(recipe.strategy).from_arrays(lent(fit.arrays))
        check_predictor(predictor, f"the predictor of {component.label}")
        task = self._loaded(recipe.load)
        found: dict[str, Array] = {}
        for part in PARTS:
            split = task.part(part)

            def read(part: Part = part, split: Split = split) -> tuple[Any, ...]:
                if recipe.model is None:
                    return (self._stacked(recipe.embeds, recipe.load, part),)
                return self._instance(recipe.model).module(self._state(recipe.prepare)), lent(split.inputs)

            found[part] = checked_prediction(predictor.predict(*read()), task.output, len(split.truth), component.label)
            if can(predictor, "members"):
                found[f"{part}/members"] = np.asarray(predictor.members(*read()), dtype=np.float64)
        return Artifact(found)

    def _score(self, recipe: Score) -> Artifact:
        def predictions(key: str | None) -> Mapping[str, Array] | None:
            artifact = self._artifact(key) if key else None
            return None if artifact is None or artifact.payload.get("absent") else lent(artifact.arrays)

        strategy = self._instance(recipe.strategy)
        student = strategy.from_arrays(lent(self._artifact(recipe.student_fit).arrays))
        read = [self._features(embed, recipe.load) for embed in (recipe.embed, recipe.weak_embed)]
        task = self._loaded(recipe.load)
        shared = {*task.payload["overlaps"], *(self._overlaps(recipe.load, read[0].column) if read[0].column else ())}
        pair = Pair(
            direction=recipe.direction, direction_by=recipe.direction_by,
            truncated=max(features.truncated for features in read), overlap=bool(shared),
            independent=not recipe.weak_saw_transfer and "supervise+transfer" not in shared)
        features: dict[str, Array] = {
            part: self._stacked((recipe.embed, *recipe.embeds), recipe.load, part) for part in PARTS}
        between = self._artifact(recipe.compare).payload if recipe.compare else {}
        roles = {role: predictions(getattr(recipe, role)) for role in PREDICTORS}
        return score(with_truth_lent(task), Fitted(strategy, student, features), roles, pair, between, self._measures(recipe))

    def _also(self, recipe: Also) -> Artifact:
        answers = {role: lent(self._artifact(key).arrays)["test"] for role, key in (
            ("weak", recipe.weak), ("student", recipe.student), ("ceiling", recipe.ceiling))}
        metrics = {self.components[key].label: self._instance(key) for key in recipe.metrics}
        measures = Yardsticks(self._instance(recipe.divergence), metrics, {})
        column = self._features(recipe.embed, recipe.load).column
        return also_score(with_truth_lent(self._loaded(recipe.load)), self._loaded(recipe.fitted_load), answers, measures, column)

    def _measures(self, recipe: Score) -> Yardsticks:
        def named(keys: Sequence[str]) -> dict[str, Any]:
            return {self.components[key].label: self._instance(key) for key in keys}

        return Yardsticks(self._instance(recipe.divergence), named(recipe.metrics), named(recipe.bounds))

    def _finish(self, job: Job, artifact: _Made | None, seconds: float, batch: int, devices: set[str]) -> Outcome:
        started = time.perf_counter()
        try:
            if isinstance(artifact, Exception):
                raise artifact
            if artifact is None:
                with asked() as devices:
                    artifact, batch = self._compute(job), 1
            seconds += time.perf_counter() - started
            self.store.save(job.key, artifact, about=about(job, self.components, seconds, batch, devices))
            if isinstance(job.recipe, Fit):
                StoredCheckpoints(self.store, job.key).drop()
            return Outcome(job.key, "ok", seconds=seconds)
        except (Exception, SystemExit) as error:
            return outcome_of(error, job, self._named(job), seconds + time.perf_counter() - started)

    def _named(self, job: Job) -> list[Component]:
        """The components that a job names."""
        return [self.components[key] for key in component_keys(job.recipe)]


def _tried(make: Callable[[], Asked]) -> Asked | Exception:
    """What is made, or the exception, which belongs to one job of a batch alone."""
    try:
        return make()
    except Exception as error:
        return error


def _answers(asked: Sequence[Asked | Exception | None], many: Callable[[list[Asked]], Iterable[Any]],
             made: Callable[[Any], Artifact]) -> list[_Made | None]:
    """What a batch method answers to what can be asked; an exception and None stand as they are.

    Raises PluginError where the numbers of questions and answers differ.
    """
    questions = [question for question in asked if question is not None and not isinstance(question, Exception)]
    answers = list(many(questions)) if questions else []
    if len(answers) != len(questions):
        raise PluginError("there are not as many answers as questions", hint="one for each, in their order")
    rest = iter(answers)
    found: list[_Made | None] = []
    for question in asked:
        if question is None or isinstance(question, Exception):
            found.append(question)
        else:
            answer = next(rest)
            found.append(answer if isinstance(answer, Exception) else _tried(functools.partial(made, answer)))
    return found


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
