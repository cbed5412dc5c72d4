"""A spec and the registry become cells and the jobs that they share: a DAG, before anything is computed."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, NamedTuple, ParamSpec, TypeVar

from w2s_bench.contracts import InputsRead, can, declared, scored_as
from w2s_bench.contracts.digests import digest
from w2s_bench.contracts.errors import PluginError, UsageError, W2SError, together
from w2s_bench.contracts.seeds import seed_for
from w2s_bench.planning.compatible import check_output, fitting, why_not
from w2s_bench.planning.direction import ModelPair, direction_of, sides_of
from w2s_bench.planning.recipes import (
    STAGES,
    Also,
    Compare,
    Embed,
    Fit,
    Job,
    LabelSource,
    Load,
    Part,
    Predict,
    Prepare,
    Reading,
    Recipe,
    Score,
    job,
)
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.planning.usual import suited, usual
from w2s_bench.registry.catalogue import Registry
from w2s_bench.registry.component import Component
from w2s_bench.registry.measures import measures_of
from w2s_bench.registry.names import Scalar, format_selector, parse

_SHOWN_REFUSALS = 12
Asked = ParamSpec("Asked")
Made = TypeVar("Made")


class Cell(NamedTuple):
    """One weak-to-strong experiment. key: that of its score job."""

    key: str
    task: Component
    weak: Component
    strong: Component
    strategy: Component
    supervisor: Component
    seed: int


class SecondTask(NamedTuple):
    """A second task that a cell is scored on; key: that of the job."""

    task: Component
    key: str


@dataclass(frozen=True)
class Plan:
    """cells in the order of the spec; jobs by key, upstream before downstream; components by key.

    panels: by cell key, the named panels of the spec that hold the cell. skipped: why cells of the spec are left out, by
    the reason, with their number. unmeasured: in words, the divergences, metrics and bounds that cannot be used. inputs: in
    words, which columns of a file are the input x of a task, and why the others are not. absent: in words, the files of a hub
    that are neither here nor to be had now, and where they were looked for. also: by cell key, the
    second tasks that its predictors are scored on, each with the key of the job that does.
    """

    spec: RunSpec
    cells: tuple[Cell, ...]
    jobs: dict[str, Job]
    components: dict[str, Component]
    panels: Mapping[str, tuple[str, ...]]
    skipped: Mapping[str, int]
    unmeasured: tuple[str, ...]
    inputs: tuple[str, ...]
    also: Mapping[str, tuple[SecondTask, ...]]
    absent: tuple[str, ...] = ()

    @functools.cached_property
    def run_id(self) -> str:
        """Digest of the spec and of every planned cell."""
        return digest([self.spec.to_toml(), [cell.key for cell in self.cells]])[:12]

    def stages(self) -> dict[str, int]:
        """How many jobs there are of each stage."""
        counts = Counter(job.stage for job in self.jobs.values())
        return {stage: counts[stage] for stage in STAGES}

    def score_of(self, cell: Cell) -> Score:
        """The recipe of a cell's score, which names all that the cell rests on."""
        recipe = self.jobs[cell.key].recipe
        assert isinstance(recipe, Score)
        return recipe

    def upstream(self, key: str) -> set[str]:
        """Keys of a job and of all that it rests on."""
        found: set[str] = set()
        pending = [key]
        while pending:
            current = pending.pop()
            if current not in found:
                found.add(current)
                pending.extend(self.jobs[current].needs)
        return found


def make_plan(spec: RunSpec, registry: Registry) -> Plan:
    """Plan a run; computes nothing.

    Raises one UsageError for all names that do not resolve, all that cannot be read, and all pairs that cannot be fitted, unless
    the spec skips these.
    """
    planner = _Planner(spec, registry)
    cells: dict[str, Cell] = {}
    panels: dict[str, tuple[str, ...]] = {}
    also: dict[str, tuple[SecondTask, ...]] = {}
    for matrix in spec.matrices:
        others = planner.known_tasks(matrix.also)
        for cell in planner.cells(matrix):
            cells.setdefault(cell.key, cell)
            if matrix.panel and matrix.panel not in panels.get(cell.key, ()):
                panels[cell.key] = (*panels.get(cell.key, ()), matrix.panel)
            if others:
                also[cell.key] = tuple(dict.fromkeys((*also.get(cell.key, ()), *planner.second_tasks(cell, others))))
    faults = [*planner.faults, *([planner.refusal()] if planner.refused and (not spec.skip_incompatible or not cells) else [])]
    if faults:
        raise together(faults)
    return Plan(spec, tuple(cells.values()), planner.jobs, planner.components, panels, dict(planner.refused), planner.unmeasured,
                tuple(planner.inputs), also, tuple(planner.absent))


class _Drawn(NamedTuple):
    """A task as a seed draws it; load: key of the job that does."""

    task: Component
    load: str
    seed: int


class _Taught(NamedTuple):
    """What a fit learns from: a part of the task, and whose labels; weak: key of the weak model's predictions."""

    part: Part
    source: LabelSource
    weak: str | None = None


class _Planner:
    """Collects jobs and components while cells are laid out."""

    def __init__(self, spec: RunSpec, registry: Registry) -> None:
        self.spec, self.registry = spec, registry
        self.jobs: dict[str, Job] = {}
        self.components: dict[str, Component] = {}
        self.refused: Counter[str] = Counter()
        self.faults: list[W2SError] = []
        self._named: dict[tuple[str, tuple[str, ...]], tuple[Component, ...]] = {}
        self._suited: dict[tuple[str, str], Component] = {}
        self._hints: dict[str, None] = {}
        self._models: dict[str, Any] = {}
        self._tasks: dict[str, Any] = {}
        self._strategies: dict[str, Any] = {}
        self._shared: dict[Any, str] = {}
        self._scored_by: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {}
        self._measures = measures_of(registry)
        self.inputs: dict[str, None] = {}
        self.absent: dict[str, None] = {}
        self._untaught: dict[str, Component] = {}
        self._hard: dict[str, frozenset[str]] = {}
        self.unmeasured = tuple(each.words() for each in self._measures.left_out)
        self._seeds: dict[tuple[str, str, int], int] = {}
        self._unlike: set[tuple[str, str]] = set()

    def cells(self, matrix: Matrix) -> Iterator[Cell]:
        pairs = self._pairs(matrix)
        for texts in (matrix.supervisors, matrix.strategies):
            self._known_strategies(texts)
        tasks = self.known_tasks(matrix.tasks)
        supervisors, strategies = ({task.key: self._fitters(task, texts) for task in tasks}
                                   for texts in (matrix.supervisors, matrix.strategies))
        for task, seed in product(tasks, matrix.seeds):
            here = _Drawn(task, self._add(Load(task.key, seed)), seed)
            for weak, strong in pairs:
                for supervisor, strategy in product(supervisors[task.key], strategies[task.key]):
                    taught = self._possible(task, weak, supervisor, "supervisor") and self._scored(task, weak, supervisor)
                    if not taught and self.spec.skip_incompatible:
                        continue
                    if self._possible(task, strong, strategy, "strategy") and taught:
                        yield from self._tried(self._cell, here, weak, strong, strategy, supervisor)

    def _tried(self, make: Callable[Asked, Made], *given: Asked.args, **named: Asked.kwargs) -> tuple[Made, ...]:
        """What is made, and nothing where it fails, which is one of the faults."""
        try:
            return (make(*given, **named),)
        except W2SError as error:
            self.faults.append(error)
            return ()

    def _fitters(self, task: Component, texts: tuple[str, ...]) -> tuple[Component, ...]:
        """Strategies or supervisors for a task: the usual one of its kind where none is named, and within those that fit another
        strategy and do not say which."""
        kind = self._tasks[task.key].output.kind
        named = (texts,) if texts else tuple((name,) for name in self._tried(usual, self.registry, kind))
        found = [self._for_kind(strategy, kind) for names in named for strategy in self._known_strategies(names)]
        return tuple({strategy.key: strategy for strategy in found}.values())

    def _for_kind(self, strategy: Component, kind: str) -> Component:
        if kind in self._strategies[strategy.key].outputs or not strategy.parts:
            return strategy
        if (strategy.key, kind) not in self._suited:
            name = suited(self.registry, strategy.label, kind)
            made, _ = self.registry.selected("strategies", (name,))  # none where it wants a student of another sort: a network
            fits = bool(made) and kind in made[0].create().outputs
            self._suited[strategy.key, kind] = self._known_strategies((name,))[0] if fits else strategy
        return self._suited[strategy.key, kind]

    def refusal(self) -> UsageError:
        """Every pair that cannot be fitted, in one error."""
        lines = [f"{reason} ({count} cell{'s' if count > 1 else ''})" for reason, count in self.refused.items()]
        shown = lines[:_SHOWN_REFUSALS] + ([f"and {len(lines) - _SHOWN_REFUSALS} more"] if len(lines) > _SHOWN_REFUSALS else [])
        hints = [*filter(None, self._hints), "--skip-incompatible goes on without them"]
        return UsageError("\n  ".join(["these pairs cannot be fitted:", *shown]), hint="\n  ".join(hints))

    def _possible(self, task: Component, model: Component, strategy: Component, role: str) -> bool:
        output = self._tasks[task.key].output.kind
        reason = why_not(self.registry, (task, model, strategy), self._tasks[task.key], self._models[model.key],
                         self._strategies[strategy.key])
        owner = ("weak" if role == "supervisor" else "strong") + " model" if reason.startswith(model.label) else role
        reason = f"the {owner} {reason}" if reason else ""
        if reason:
            self.refused[reason] += 1
            if output not in self._strategies[strategy.key].outputs:
                self._hints[fitting(self.registry, output)] = None
        return not reason

    def _scored(self, task: Component, weak: Component, supervisor: Component) -> bool:
        """Whether the teacher's labels can be scored: classes alone cannot where the divergence is infinite at them."""
        model, divergence = self._models[weak.key], self._tasks[task.key].divergence
        if not declared(self._strategies[supervisor.key], "unfitted", False):
            return True
        hard = declared(model, "answers", model.column) in self._hard.get(task.key, ())
        if not hard or self._measures.divergences[divergence].geometry != "entropic":
            return True
        self.refused[f"{weak.label} answers with classes alone under {supervisor.label}, and {divergence}, which scores "
                     f"{task.label}, is infinite there"] += 1
        self._hints["score it by divergence=brier, a parameter of the task"] = None
        return False

    def _cell(self, here: _Drawn, weak: Component, strong: Component, strategy: Component, supervisor: Component) -> Cell:
        task, load, seed = here
        weak_predict = self._fitted(here, weak, supervisor, _Taught("supervise", "truth"))[1]
        student_fit, student = self._fitted(here, strong, strategy, _Taught("transfer", "weak", weak_predict))
        ceiling = self._fitted(here, strong, strategy, _Taught("transfer", "truth"))[1]
        gold = base = shuffled = None
        if "gold" in self.spec.references:
            gold = self._fitted(here, strong, strategy, _Taught("supervise", "truth"))[1]
        if "base" in self.spec.references:
            base = self._fitted(here, strong, strategy, _Taught("transfer", "none"))[1]
        if "shuffled" in self.spec.references:
            shuffled = self._fitted(here, strong, strategy, _Taught("transfer", "shuffled", weak_predict))[1]
        embed, weak_embed = (self._embed(model, here, here) for model in (strong, weak))
        compare = self._add(Compare(load, embed, weak_embed)) if self.spec.representations else None
        others = self._reading(here, strong, strategy).embeds[1:]
        direction, direction_by = direction_of((weak.key, strong.key), self._sides, self._sizes(weak, strong))
        divergence, metrics, bounds = self._measured_by(task)
        score = Score(
            task=task.key, divergence=divergence, metrics=metrics, bounds=bounds, load=load, strategy=strategy.key, embed=embed,
            weak_embed=weak_embed, embeds=others, compare=compare,
            weak=weak_predict, student_fit=student_fit, student=student, ceiling=ceiling, gold=gold, base=base,
            shuffled=shuffled,
            direction=direction, direction_by=direction_by,
            weak_saw_transfer="task" in (self._prepared_from(weak) or ()))
        return Cell(self._add(score), task, weak, strong, strategy, supervisor, seed)

    def second_tasks(self, cell: Cell, tasks: tuple[Component, ...]) -> Iterator[SecondTask]:
        """The jobs that score a cell's predictions on second tasks; its own task is none. One with another kind of output, or
        with more or fewer classes, is among the faults.
        """
        for second in tasks:
            if second.key != cell.task.key and self._alike(cell.task, second):
                yield SecondTask(second, self._second(cell, second))

    def _alike(self, first: Component, second: Component) -> bool:
        here, there = self._tasks[first.key].output, self._tasks[second.key].output
        alike = bool((here.kind, here.k) == (there.kind, there.k))
        if not alike and (first.key, second.key) not in self._unlike:
            self._unlike.add((first.key, second.key))
            self.faults.append(UsageError(
                f"{second.label} has {there.describe()}, and what is fitted on {first.label} predicts {here.describe()}",
                where="also", hint="a second task has as many numbers or classes"))
        return alike

    def _second(self, cell: Cell, second: Component) -> str:
        recipe = self.jobs[cell.key].recipe
        assert isinstance(recipe, Score)
        made = _Drawn(cell.task, recipe.load, cell.seed)
        read = _Drawn(second, self._add(Load(second.key, cell.seed)), cell.seed)
        weak = self._answers(recipe.weak, read, made, (cell.weak, cell.supervisor))
        strong = cell.strong, cell.strategy
        student, ceiling = (self._answers(key, read, made, strong) for key in (recipe.student, recipe.ceiling))
        divergence, metrics, _ = self._measured_by(second)
        return self._add(Also(
            task=second.key, divergence=divergence, metrics=metrics, load=read.load, fitted_load=recipe.load,
            embed=self._embed(cell.strong, read, made), weak=weak, student=student, ceiling=ceiling))

    def _answers(self, predict: str, read: _Drawn, made: _Drawn, by: tuple[Component, Component]) -> str:
        """Key of the answers to another task's inputs of what was fitted for `predict`. by: its model and its strategy."""
        first, (model, strategy) = self.jobs[predict].recipe, by
        assert isinstance(first, Predict)
        named = () if first.model is not None else (model, *strategy.named("models"))
        embeds = tuple(self._embed(each, read, made) for each in named)
        return self._add(Predict(strategy=first.strategy, fit=first.fit, embeds=embeds, model=first.model, prepare=first.prepare,
                                 load=read.load))

    @functools.cached_property
    def _sides(self) -> frozenset[ModelPair]:
        """The pairs that any matrix of the spec sets against each other."""
        return sides_of((self._known_models(matrix.weak), self._known_models(matrix.strong)) for matrix in self.spec.matrices)

    def _measured_by(self, task: Component) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """Keys of the divergence that scores a task, and of the metrics and bounds that are about it."""
        if task.key not in self._scored_by:
            instance = self._tasks[task.key]
            divergence = self._measures.components["divergences"][instance.divergence]
            metrics, bounds = self._measures.of(scored_as(instance.output), instance.divergence)
            self._known((divergence, *metrics, *bounds))
            self._scored_by[task.key] = (divergence.key, tuple(component.key for component in metrics),
                                         tuple(component.key for component in bounds))
        return self._scored_by[task.key]

    def _fitted(self, here: _Drawn, model: Component, strategy: Component, taught: _Taught) -> tuple[str, str]:
        """Keys of a fit and of its predictions."""
        task, load, seed = here
        shared = (load, model.key, strategy.key, *taught)
        if shared in self._shared:
            fit = self._shared[shared]
        else:
            read = self._reading(here, model, strategy)
            recipe = Fit(strategy=strategy.key, embeds=read.embeds, model=read.model, prepare=read.prepare, load=load,
                         part=taught.part, source=taught.source, weak=taught.weak, seed=self._fit_seed(task, model, seed))
            fit = self._shared[shared] = self._add(recipe)
            self._shared[fit] = self._add(Predict(
                strategy=strategy.key, fit=fit, embeds=read.embeds, model=read.model, prepare=read.prepare, load=load))
        return fit, self._shared[fit]

    def _reading(self, here: _Drawn, model: Component, strategy: Component) -> Reading:
        """What a fit reads: the network of the model, or its features and those of models that the strategy names."""
        if self._strategies[strategy.key].needs == "module":
            return Reading((), model.key, self._prepare(model, here.load, here.seed))
        return Reading(tuple(self._embed(each, here, here) for each in (model, *strategy.named("models"))))

    def _embed(self, model: Component, read: _Drawn, made: _Drawn) -> str:
        """Key of the features of the inputs that are read, by the model as it is made for a task: the same, or another one."""
        shared = ("embed", model.key, read.load, made.load)
        if shared not in self._shared:
            prepare = self._prepare(model, made.load, made.seed)
            seeded = bool(self._prepared_from(model))
            pooled = can(self._tasks[read.task.key], "pool") and not seeded
            inputs = self._add(Load(read.task.key, None)) if pooled else read.load
            self._shared[shared] = self._add(Embed(model.key, inputs, prepare))
        return self._shared[shared]

    def _prepare(self, model: Component, load: str, seed: int) -> str | None:
        sources = self._prepared_from(model)
        if sources is None:
            return None
        return self._add(Prepare(self._maker(model), seed if "seed" in sources else None, load if "task" in sources else None))

    def _prepared_from(self, model: Component) -> frozenset[str] | None:
        """Dimensions that the state of a model depends on; None for a model that has none."""
        instance = self._models[model.key]
        return frozenset(instance.prepare_from) if can(instance, "prepare") else None

    def _maker(self, model: Component) -> str:
        """Key of the component that prepares a model: itself, or the one that the model says it is prepared as."""
        shared = ("maker", model.key)
        if shared not in self._shared:
            made_as: dict[str, Scalar] = dict(declared(self._models[model.key], "prepared_as", {}))
            params = dict(model.params)
            if unknown := made_as.keys() - params.keys():
                raise PluginError(f"{model.label} is prepared as a parameter that it does not have: {', '.join(sorted(unknown))}",
                                  where=model.target)
            changed = {name: value for name, value in made_as.items() if params[name] != value}
            maker = self._replaced(model, changed) if changed else model
            self.components.setdefault(maker.key, maker)
            self._shared[shared] = maker.key
        return self._shared[shared]

    def _replaced(self, model: Component, changed: Mapping[str, Scalar]) -> Component:
        """The component of the same entry with other values of some parameters."""
        named = parse(model.label)
        return self.registry.one("models", format_selector(
            replace(named, params=tuple({**dict(named.params), **changed}.items()))))

    def _fit_seed(self, task: Component, model: Component, seed: int) -> int:
        dimensions = (task.identity, model.identity, seed)
        if dimensions not in self._seeds:
            self._seeds[dimensions] = seed_for("fit", task=task.identity, model=model.identity, seed=seed)
        return self._seeds[dimensions]

    def _pairs(self, matrix: Matrix) -> list[tuple[Component, Component]]:
        if matrix.models:
            models = self._known_models(matrix.models)
            if len(models) < 2 and not self.faults:
                self.faults.append(UsageError("pairs need at least two models", where=", ".join(matrix.models),
                                              hint="add a model, or give --weak and --strong"))
            return [(weak, strong) for weak, strong in product(models, models) if weak.key != strong.key]
        return list(product(self._known_models(matrix.weak), self._known_models(matrix.strong)))

    def known_tasks(self, texts: tuple[str, ...]) -> tuple[Component, ...]:
        found: list[Component] = []
        for named in self._selected("tasks", texts):
            found += self._tried(self._checked, named)
        return self._known(found)

    def _checked(self, named: Component) -> Component:
        """The task that is named, as the spec reads it, with an output that can be scored."""
        task = self._without_teachers(named)
        if task.key not in self._tasks:
            instance = task.create()
            check_output(self.registry, task, instance, self._measures)
            self._tasks[task.key] = instance
            self._look_for(task, instance)
        return task

    def _selected(self, kind: str, texts: tuple[str, ...]) -> tuple[Component, ...]:
        """The components that names stand for; what is wrong with the others is among the faults."""
        if (kind, texts) not in self._named:
            self._named[kind, texts], faults = self.registry.selected(kind, texts)
            self.faults += faults
        return self._named[kind, texts]

    def _without_teachers(self, task: Component) -> Component:
        """The task that knows which of its columns teach, where it can be told; they are then no part of its input x."""
        if task.key in self._untaught:
            return self._untaught[task.key]
        key, instance = task.key, task.create()
        read: InputsRead | None = instance.inputs_read() if can(instance, "inputs_read") else None
        parameter = declared(instance, "leaves_out", "")
        taught = [name for name in self._teachers
                  if read and parameter and name in {*read.x, *read.left_out} and (name != read.name or self._is_own(name, read))]
        if read and taught:
            before = [name for name in str(dict(task.params)[parameter] or "").split("+") if name and name not in taught]
            task = self.registry.one("tasks", task.label, {parameter: "+".join([*before, *taught])})
            read = task.create().inputs_read()
        if read:
            left_out = {name: f"{self._teachers[name]} teaches with it" if name in taught else why
                        for name, why in read.left_out.items()}
            x, others = replace(read, left_out=left_out).words()
            self.inputs[f"{task.label}: x is {x}; not in x: {others}"] = None
            self.inputs.update((f"{task.label}: look at this: {line}", None) for line in read.notes)
            self._hard[task.key] = read.hard
        self._untaught[key] = task
        return task

    def _is_own(self, name: str, read: InputsRead) -> bool:
        """Whether a column that is called as the input is one of several in it, and a model declares that it holds answers."""
        return len(read.x) > 1 and any(declared(model, "answers", "") == name for model in self._models.values())

    @functools.cached_property
    def _teachers(self) -> dict[str, str]:
        """The columns with answers that weak models of the spec teach with, and the name of such a model: those that a model
        declares, and those that a model reads whose numbers a supervisor takes as they are.
        """
        found: dict[str, str] = {}
        for matrix in self.spec.matrices:
            as_it_is = any(declared(self._strategies[supervisor.key], "unfitted", False)
                           for supervisor in self._known_strategies(matrix.supervisors))
            for model in self._known_models((*matrix.weak, *matrix.models)):
                instance = self._models[model.key]
                column = declared(instance, "answers", instance.column if as_it_is else "")
                if column:
                    found.setdefault(column, model.label)
        return found

    def _known_strategies(self, texts: tuple[str, ...]) -> tuple[Component, ...]:
        strategies = self._known(self._selected("strategies", texts))
        for strategy in strategies:
            if strategy.key not in self._strategies:
                self._strategies[strategy.key] = strategy.create()
                self._instances_of(strategy.named("models"))
        return strategies

    def _known_models(self, texts: tuple[str, ...]) -> tuple[Component, ...]:
        return self._instances_of(self._selected("models", texts))

    def _instances_of(self, models: tuple[Component, ...]) -> tuple[Component, ...]:
        for model in self._known(models):
            if model.key not in self._models:
                self._models[model.key] = model.create()
                self._look_for(model, self._models[model.key])
        return models

    def _look_for(self, component: Component, instance: object) -> None:
        """Note the files of a hub that the component would need and that are not there."""
        if can(instance, "absent") and (missing := instance.absent()):  # type: ignore[attr-defined]
            self.absent[f"{component.label} needs what is not here: {missing}"] = None

    def _sizes(self, weak: Component, strong: Component) -> tuple[int | None, int | None]:
        first, second = self._models[weak.key], self._models[strong.key]
        return (first.size, second.size) if first.family == second.family else (None, None)

    def _known(self, components: Iterable[Component]) -> tuple[Component, ...]:
        found = tuple(components)
        self.components.update((component.key, component) for component in found)
        return found

    def _add(self, recipe: Recipe) -> str:
        made = job(recipe)
        self.jobs.setdefault(made.key, made)
        return made.key
