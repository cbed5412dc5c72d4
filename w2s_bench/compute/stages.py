"""What one job leaves, stage by stage: it reads the store and what a worker keeps of it, and writes nothing."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from w2s_bench.compute.also_score import also_score
from w2s_bench.compute.batches import Made, answers, tried
from w2s_bench.compute.cell_score import Fitted, Pair, Yardsticks, score
from w2s_bench.compute.features import embedded, features_of
from w2s_bench.compute.instances import check_files, made_once
from w2s_bench.compute.kept import Kept, a_share_of_the_machine
from w2s_bench.compute.known_truth import known_rows
from w2s_bench.compute.lent import Loan, lent
from w2s_bench.compute.pool_features import PoolFeatures
from w2s_bench.compute.splits import (
    PARTS,
    LoadedTask,
    checked_splits,
    labels_of,
    overlaps,
    pack_pool,
    pack_splits,
    packed_ids,
    task_facts,
    unpack_pool,
    unpack_splits,
    with_truth,
)
from w2s_bench.compute.trained import TrainedNetwork
from w2s_bench.contracts import (
    PREDICTORS,
    Array,
    Columns,
    FitContext,
    FitProblem,
    Labels,
    Output,
    PrepareContext,
    can,
    declared,
    one_by_one,
    pair_names,
)
from w2s_bench.contracts.errors import Diverged, PluginError
from w2s_bench.contracts.mapped import RowsOf, unwritable
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
    truth_key,
)
from w2s_bench.registry.component import Component
from w2s_bench.registry.contract import check_predictor
from w2s_bench.scoring.linear_class import LinearClass, factorised
from w2s_bench.scoring.long_designs import Design, LongDesign
from w2s_bench.scoring.representations import compare, spectrum
from w2s_bench.store.artifacts import Artifact, Store
from w2s_bench.store.checkpoints import StoredBlocks, StoredCheckpoints

ANSWERED: tuple[Part, ...] = ("transfer", "test")
"""The parts that predictors answer: what students learn from and are measured on. Nobody asks for what taught the teacher."""


class Stages:
    """kept: what was read last, of `memory` bytes at most. It and the instances of components never change a result."""

    def __init__(self, store: Store, components: Mapping[str, Component], memory: int | None = None) -> None:
        self.store, self.components = store, components
        self.kept = Kept(memory or a_share_of_the_machine())
        self.instance = made_once(components)
        self._network: tuple[Hashable, TrainedNetwork] | None = None
        self._pools = PoolFeatures(store, components, self.instance)
        self._artifact = self.kept.of("artifact", store.load)
        self._pool = self.kept.of("pool", lambda key: unpack_pool(self._artifact(key)))
        self._loaded = self.kept.of("task", lambda key: unpack_splits(self._artifact(key), self._pool))
        self._features = self.kept.of("features", lambda embed, load: features_of(self._artifact(embed), self._loaded(load)))
        self._spectrum = self.kept.of("spectrum", lambda embed, load: spectrum(self._features(embed, load).parts["transfer"]))
        self._overlaps: Callable[[str, str], frozenset[str]] = functools.lru_cache(64)(
            lambda load, column: frozenset(overlaps(self._loaded(load).splits, column)))

    def compute(self, job: Job) -> Artifact:
        """What a job leaves. Raises what its component raises, and DamagedArtifact for what it reads."""
        if isinstance(job.recipe, Prepare | Embed | Fit):
            self._network = None  # these may need its memory
        match job.recipe:
            case Load(task=task, seed=None):
                return pack_pool(self.instance(task).pool(), self.components[task].label)
            case Load():
                return self._load(job.recipe)
            case Prepare():
                return Artifact(dict(self.instance(job.recipe.model).prepare(self._prepare_context(job.recipe))))
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
        component, task = self.components[recipe.task], self.instance(recipe.task)
        assert recipe.seed is not None
        splits = checked_splits(task, task.load(recipe.seed), component.label)
        check_files(component, task)
        facts = task_facts(task, component.fingerprint)
        return pack_splits(splits, facts, recipe.pool, None if recipe.pool is None else self._pool(recipe.pool))

    def _prepare_context(self, recipe: Prepare) -> PrepareContext:
        return PrepareContext(recipe.seed, self._unlabelled(recipe.load) if recipe.load else None)

    def prepare_many(self, jobs: Sequence[Job]) -> Iterator[Made | None]:
        """What preparations of one model leave, as its `prepare_many` gives it."""
        recipes = [job.recipe for job in jobs if isinstance(job.recipe, Prepare)]
        asked = [tried(functools.partial(self._prepare_context, recipe)) for recipe in recipes]
        return answers(asked, self.instance(recipes[0].model).prepare_many, lambda state: Artifact(dict(state)))

    def _unlabelled(self, load: str) -> Columns:
        splits = self._loaded(load).splits
        first, second = splits.supervise.inputs, splits.transfer.inputs
        if isinstance(first, RowsOf) and isinstance(second, RowsOf):
            return one_by_one(first.followed_by(second))
        return one_by_one({name: np.concatenate([first[name], second[name]]) for name in first})

    def _embed(self, job: Job) -> Artifact:
        recipe = job.recipe
        assert isinstance(recipe, Embed)
        component, model = self.components[recipe.model], self.instance(recipe.model)
        inputs = self._artifact(recipe.load)
        state = self._state(recipe.prepare)
        if "pool" not in inputs.payload:
            splits = self._loaded(recipe.load)
            return embedded(model, component.label, {part: lent(splits.part(part).inputs) for part in PARTS}, state,
                            StoredBlocks(self.store, job.key))
        found = self._pools.read(job, inputs, state)
        return Artifact({**found.arrays, **packed_ids(inputs.arrays)}, found.payload)

    def _state(self, prepare: str | None) -> Mapping[str, Array]:
        """What `prepare` left, lent."""
        return lent(self._artifact(prepare).arrays) if prepare else {}

    def _problem(self, job: Job, loan: Loan) -> FitProblem:
        recipe = job.recipe
        assert isinstance(recipe, Fit)
        split, output = self._loaded(recipe.load).part(recipe.part), self._loaded(recipe.load).output
        context = FitContext(recipe.seed, output, StoredCheckpoints(self.store, job.key))
        labels = self._labels(recipe, len(split.ids), output.k)
        if recipe.model is not None:
            model = self.instance(recipe.model).module(self._state(recipe.prepare))
            inputs = loan.columns(f"{recipe.load}:{recipe.part}", split.inputs)
            return FitProblem(np.zeros((len(split.ids), 0), np.float32), labels, context, model=model, inputs=inputs)
        name = f"{'+'.join(recipe.embeds)}:{recipe.load}:{recipe.part}"
        features = loan.array(name, lambda: self._stacked(recipe, recipe.embeds, recipe.part))
        return FitProblem(features, labels, context, name, self._blocks(recipe.embeds, recipe.load))

    def _stacked(self, recipe: Fit | Predict | Score, embeds: Sequence[str], part: Part) -> Array:
        """Features of several models side by side, (n, Σd): lent, or of one model to a strategy that streams as they are."""
        read = [self._features(embed, recipe.load).parts[part] for embed in embeds]
        if len(read) == 1 and declared(self.instance(recipe.strategy), "streams", False):
            return unwritable(read[0])
        return np.concatenate(read, axis=1)

    def _blocks(self, embeds: Sequence[str], load: str) -> tuple[int, ...]:
        """The width of each model's features; () for a model by itself."""
        if len(embeds) == 1:
            return ()
        return tuple(self._features(embed, load).parts["test"].shape[1] for embed in embeds)

    def _with_truth(self, load: str) -> LoadedTask:
        """A task with a copy of its labels, which nothing keeps: for who measures."""
        return with_truth(self._loaded(load), self._artifact(truth_key(load)))

    def _labels(self, recipe: Fit, n: int, k: int) -> Labels:
        """The labels (n, k) that a fit is lent: the truth, none, or weak answers, its own or those of other examples, with the
        share of truth that it declares."""
        if recipe.source == "none":
            return Labels(np.zeros((n, k)), "truth")
        if recipe.weak is None:
            return Labels(labels_of(self._artifact(truth_key(recipe.load)), recipe.part), "truth")
        weak = self._artifact(recipe.weak).arrays
        rows = (generator_for("shuffled weak labels", seed=recipe.seed).permutation(n) if recipe.source == "shuffled"
                else np.arange(n))
        values, given = weak[recipe.part][rows], weak.get(f"{recipe.part}/members")
        members = None if given is None else given[:, rows]
        share = float(declared(self.instance(recipe.strategy), "truth_share", 0.0))
        if not share:
            return Labels(values, "weak", None, members)
        known, truth = known_rows(n, share, recipe.seed), labels_of(self._artifact(truth_key(recipe.load)), recipe.part)
        return Labels(np.where(known[:, None], truth, values), "weak", known, members)

    def _fit(self, job: Job) -> Artifact:
        recipe = job.recipe
        assert isinstance(recipe, Fit)
        strategy = self.instance(recipe.strategy)
        if recipe.source == "none":
            predictor = strategy.untrained(self._problem(job, Loan())) if can(strategy, "untrained") else None
            return Artifact({}, {"absent": True}) if predictor is None else Artifact(dict(predictor.to_arrays()))
        return Artifact(dict(strategy.fit(self._problem(job, Loan())).to_arrays()))

    def fit_many(self, jobs: Sequence[Job]) -> Iterator[Made | None]:
        """What fits of one strategy leave, as its `fit_many` gives it; None for one without labels, which is no fit."""
        loan = Loan()
        recipe = jobs[0].recipe
        assert isinstance(recipe, Fit)
        asked = [tried(functools.partial(self._problem, job, loan))
                 if isinstance(job.recipe, Fit) and job.recipe.source != "none" else None for job in jobs]
        return answers(asked, self.instance(recipe.strategy).fit_many, lambda answer: Artifact(dict(answer.to_arrays())))

    def _predict(self, recipe: Predict) -> Artifact:
        component, fit = self.components[recipe.strategy], self._artifact(recipe.fit)
        if fit.payload.get("absent"):
            return Artifact({}, {"absent": True})
        task = self._loaded(recipe.load)
        found: dict[str, Array] = {}
        cuts: list[Array | None] = []
        network = None if recipe.model is None else self._trained_network(recipe, recipe.model)
        predictor: Any = None if network else self._predictor(recipe)
        for part in ANSWERED:
            split = task.part(part)
            if network:
                said, members, cut = network.answers(split.inputs)
                cuts.append(cut)
            else:
                said = predictor.predict(self._stacked(recipe, recipe.embeds, part))
                members = (predictor.members(self._stacked(recipe, recipe.embeds, part)) if can(predictor, "members")
                           else None)
            found[part] = checked_prediction(said, task.output, len(split.ids), component.label)
            if members is not None:
                found[f"{part}/members"] = np.asarray(members, dtype=np.float64)
        if recipe.model is None:
            return Artifact(found)
        read = "" if pair_names(task.splits.test.inputs) else self.instance(recipe.model).column
        assert network is not None
        cuts.append(network.cut(task.splits.supervise.inputs))
        truncated = None if any(cut is None for cut in cuts) else sum(int(cut.sum()) for cut in cuts if cut is not None)
        return Artifact(found, {"column": read, "truncated": truncated})

    def _predictor(self, recipe: Predict) -> Any:
        """What was fitted, made anew of copies of its arrays."""
        predictor = self.instance(recipe.strategy).from_arrays(lent(self._artifact(recipe.fit).arrays))
        check_predictor(predictor, f"the predictor of {self.components[recipe.strategy].label}")
        return predictor

    def _trained_network(self, recipe: Predict, model: str) -> TrainedNetwork:
        """The network that a fit trained: the last one stays for those who ask the same, until something else is computed."""
        asked = (recipe.strategy, recipe.fit, model, recipe.prepare)
        if self._network is None or self._network[0] != asked:
            self._network = asked, TrainedNetwork(
                self._predictor(recipe), lambda: self.instance(model).module(self._state(recipe.prepare)), self.instance(model),
                self.components[model].label)
        return self._network[1]

    def _read_by(self, embed: str | None, predict: str, load: str) -> tuple[int | None, str]:
        """How many inputs a model cut, None where it does not say, and the column that it reads, "" for one that picks by itself:
        of one that was trained itself by its answers."""
        if embed is not None:
            features = self._features(embed, load)
            return features.truncated, features.column
        payload = self._artifact(predict).payload
        return payload["truncated"], payload["column"]

    def _score(self, recipe: Score) -> Artifact:
        def predictions(key: str | None) -> Mapping[str, Array] | None:
            artifact = self._artifact(key) if key else None
            return None if artifact is None or artifact.payload.get("absent") else lent(artifact.arrays)

        strategy = self.instance(recipe.strategy)
        student = strategy.from_arrays(lent(self._artifact(recipe.student_fit).arrays))
        task = self._with_truth(recipe.load)
        strong_cut, column = self._read_by(recipe.embed, recipe.student, recipe.load)
        weak_cut, _ = self._read_by(recipe.weak_embed, recipe.weak, recipe.load)
        shared = {*task.payload["overlaps"], *(self._overlaps(recipe.load, column) if column else ())}
        pair = Pair(
            direction=recipe.direction, direction_by=recipe.direction_by,
            truncated=(weak_cut, strong_cut), overlap=bool(shared),
            independent=not recipe.weak_saw_transfer and "supervise+transfer" not in shared)
        features: dict[str, Array] = {
            part: self._stacked(recipe, (recipe.embed, *recipe.embeds), part) if recipe.embed else
            np.zeros((len(task.part(part).truth), 0), np.float32) for part in PARTS}
        between = self._artifact(recipe.compare).payload if recipe.compare else {}
        roles = {role: predictions(getattr(recipe, role)) for role in PREDICTORS}
        fitted = Fitted(strategy, student, features, self._factorised)
        return score(task, fitted, roles, pair, between, self._measures(recipe))

    def _factorised(self, design: Design, constant: bool) -> LinearClass:
        """The factorisation of a design, which students of one strong model share: kept by what it holds."""
        content = hashlib.sha256()
        for block in (block for _, block in design.blocks()) if isinstance(design, LongDesign) else [design]:
            content.update(np.ascontiguousarray(block).data)
        known = ("factorised", content.hexdigest(), design.shape, constant)
        return self.kept.once(known, lambda: factorised(design, constant))

    def _also(self, recipe: Also) -> Artifact:
        answers = {role: lent(self._artifact(key).arrays)["test"] for role, key in (
            ("weak", recipe.weak), ("student", recipe.student), ("ceiling", recipe.ceiling))}
        metrics = {self.components[key].label: self.instance(key) for key in recipe.metrics}
        measures = Yardsticks(self.instance(recipe.divergence), metrics, {})
        _, column = self._read_by(recipe.embed, recipe.student, recipe.load)
        return also_score(self._with_truth(recipe.load), self._loaded(recipe.fitted_load), answers, measures, column)

    def _measures(self, recipe: Score) -> Yardsticks:
        def named(keys: Sequence[str]) -> dict[str, Any]:
            return {self.components[key].label: self.instance(key) for key in keys}

        return Yardsticks(self.instance(recipe.divergence), named(recipe.metrics), named(recipe.bounds))

    def feature_bytes(self, job: Job) -> int:
        """Bytes of the features that a fit reads."""
        recipe = job.recipe
        assert isinstance(recipe, Fit)
        found = tried(lambda: sum(self._features(embed, recipe.load).parts[recipe.part].nbytes for embed in recipe.embeds))
        return 0 if isinstance(found, Exception) else found  # which the fit itself meets, and tells

    def forget(self, job: Job) -> None:
        """What a job kept of itself while it went on goes with its end."""
        if isinstance(job.recipe, Fit | Embed):
            StoredCheckpoints(self.store, job.key).drop()
        if isinstance(job.recipe, Embed) and "pool" in (inputs := self._artifact(job.recipe.load)).payload:
            self._pools.forget(job.recipe, inputs)


def checked_prediction(prediction: Array, output: Output, n: int, label: str) -> Array:
    """A prediction as (n, k) float64, as its output has it. Raises PluginError, Diverged."""
    values = np.asarray(prediction, dtype=np.float64)
    if values.shape != (n, output.k):
        raise PluginError(f"{label} predicted an array of shape {values.shape} for {n} inputs", hint=f"wanted ({n}, {output.k})")
    if not np.isfinite(values).all():
        raise Diverged(f"{label} predicted values that are not finite")
    return output.conform(values, label)
