"""What jobs cost: seconds and memory by kind, measured while a run goes on, and noted in the store for the next one.

Jobs of one kind do the same with the same components: a stage, its strategy, the models that it reads (of a score the
student's, whose features take most of its time), and the task. A kind that was never measured has no cost: another kind's
does not stand in for it, but that of the same components on another task does, and is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from w2s_bench.contracts.digests import digest
from w2s_bench.planning.plan import Plan
from w2s_bench.planning.recipes import Also, Compare, Embed, Fit, Job, Load, Predict, Prepare, Recipe, Score, Stage
from w2s_bench.registry.component import Component
from w2s_bench.running.durations import lasting
from w2s_bench.store.artifacts import Store

_MOST_NAMED = 2
_NOTED = frozenset(4**power for power in range(16))
"""After how many jobs of a kind a note of their cost is left for the next run."""

_NOUNS: Mapping[Stage, str] = {
    "fit": "fits", "embed": "embeddings", "prepare": "preparations", "compare": "comparisons of features",
    "predict": "predictions", "score": "scores", "load": "loads"}
"""What jobs of a stage are called, those first that may take long."""


class Kind(msgspec.Struct, frozen=True):
    """What jobs have in common that cost alike. own: keys of the strategy and the models; task: key of the task, or "".

    untrained: a fit that is given no labels. network: whether the strategy trains the model's own network.
    """

    stage: Stage
    own: tuple[str, ...]
    task: str
    untrained: bool = False
    network: bool = False


class Cost(msgspec.Struct, frozen=True):
    """Mean seconds of some jobs of a kind, the most memory of one, in MiB, and the most seconds of one."""

    seconds: float
    memory: float
    longest: float = 0.0


class Left(msgspec.Struct, frozen=True):
    """What is left to compute. jobs: how many. seconds, memory (MiB): of the jobs whose kind has been measured, None for none.

    elsewhere: how many of these were measured on another task. unmeasured: how many are of no measured kind, by what they
    are, in the plural. spent: seconds that jobs of this run took so far.
    """

    jobs: int
    seconds: float | None
    memory: float | None
    elsewhere: int
    unmeasured: Mapping[str, int]
    spent: float = 0.0

    @property
    def share(self) -> float | None:
        """The share of the seconds that is done; None where a kind has not been measured, or nothing is left."""
        if self.seconds is None or self.unmeasured:
            return None
        return self.spent / (self.spent + self.seconds) if self.seconds else 1.0

    def words(self, workers: int = 1) -> str:
        """The time as a phrase that says what it leaves out, such as "about 40 s for what has been measured; 12 fits of
        finetune not yet measured"."""
        unknown = self.unknown()
        if self.seconds is None:
            return unknown or "nothing to compute"
        share = self.seconds / max(1, min(workers, self.jobs))
        about = f"about {lasting(share)}" if share >= 1 else lasting(share)
        return f"{about} for what has been measured; {unknown}" if unknown else about

    def unknown(self) -> str:
        """What has not been measured, what may take long first; "" where everything has."""
        named = list(self.unmeasured.items())
        said = [f"{count} {words if count > 1 else _singular(words)}" for words, count in named[:_MOST_NAMED]]
        if rest := sum(count for _, count in named[_MOST_NAMED:]):
            said.append(f"{rest} other jobs")
        return f"{', '.join(said)} not yet measured" if said else ""


class _Measured:
    """A sum of seconds, how many jobs it is over, and the most memory and the most seconds of one."""

    def __init__(self) -> None:
        self.seconds, self.jobs, self.memory, self.longest = 0.0, 0, 0.0, 0.0

    def add(self, seconds: float, memory: float) -> None:
        self.seconds += seconds
        self.jobs += 1
        self.memory = max(self.memory, memory)
        self.longest = max(self.longest, seconds)

    @property
    def cost(self) -> Cost:
        return Cost(self.seconds / self.jobs, self.memory, self.longest)


class Costs:
    """Costs of the kinds of a plan, from this run and from the notes that earlier runs left in the store."""

    def __init__(self, plan: Plan, store: Store, todo: Iterable[str]) -> None:
        self.plan, self.store = plan, store
        self._open = Counter(kind_of(plan, plan.jobs[key]) for key in todo)
        self._spent = 0.0
        self._mine: dict[Kind, _Measured] = {}
        notes = store.notes("costs")
        self._names = {each: _name(plan, each) for kind in self._open for each in (kind, anywhere(kind))}
        read = {kind: self._note(name) for kind, name in self._names.items() if name in notes}
        self._noted = {kind: cost for kind, cost in read.items() if cost is not None}

    def ended(self, key: str, seconds: float | None, memory: float = 0.0) -> None:
        """Take note of a job that ended. seconds: None for one that was not computed or did not end well. memory: MiB."""
        kind = kind_of(self.plan, self.plan.jobs[key])
        self._open[kind] -= 1
        if seconds is None:
            return
        self._spent += seconds
        for each in {kind, anywhere(kind)}:
            measured = self._mine.setdefault(each, _Measured())
            measured.add(seconds, memory)
            if measured.jobs in _NOTED:
                self.store.write_note("costs", self._names[each], msgspec.json.encode(measured.cost))

    def left(self) -> Left:
        """What the jobs that have not ended will cost."""
        seconds, memory, measured, elsewhere = 0.0, 0.0, 0, 0
        unmeasured: Counter[tuple[int, str]] = Counter()
        for kind, count in self._open.items():
            if not count:
                continue
            exact = self._known(kind)
            cost = exact or self._known(anywhere(kind))
            if cost is None:
                unmeasured[list(_NOUNS).index(kind.stage), _words(self.plan.components, kind)] += count
                continue
            seconds, memory = seconds + count * cost.seconds, max(memory, cost.memory)
            measured += count
            elsewhere += count if exact is None else 0
        jobs = measured + sum(unmeasured.values())
        named = sorted(unmeasured.items(), key=lambda item: (item[0][0], -item[1], item[0][1]))
        return Left(jobs, seconds if measured else None, memory if measured else None, elsewhere,
                    {words: count for (_, words), count in named}, self._spent)

    def longest(self, key: str) -> float | None:
        """The most seconds that a job of the same kind took, as far as it was measured here or is noted; None where none was."""
        kind = kind_of(self.plan, self.plan.jobs[key])
        costs = [cost for cost in (self._known(kind), self._noted.get(kind)) if cost is not None]
        return max((max(cost.longest, cost.seconds) for cost in costs), default=None)

    def _known(self, kind: Kind) -> Cost | None:
        return self._mine[kind].cost if kind in self._mine else self._noted.get(kind)

    def _note(self, name: str) -> Cost | None:
        text = self.store.note("costs", name)
        try:
            return None if text is None else msgspec.json.decode(text, type=Cost)
        except msgspec.DecodeError:  # torn by a run that was ended; the next one writes it again
            return None


def kind_of(plan: Plan, job: Job) -> Kind:
    """What jobs that cost as this one have in common."""
    recipe = job.recipe
    task = "" if isinstance(recipe, Prepare) and recipe.load is None else _task(plan, recipe)
    match recipe:
        case Load():
            return Kind("load", ("pool",) if recipe.seed is None else (), task)
        case Prepare() | Embed():
            return Kind(recipe.stage, (recipe.model,), task)
        case Compare():
            return Kind("compare", (_model(plan, recipe.weak_embed), _model(plan, recipe.embed)), task)
        case Fit() | Predict():
            models = tuple(_model(plan, key) for key in recipe.embeds) or ((recipe.model,) if recipe.model else ())
            untrained = isinstance(recipe, Fit) and recipe.source == "none"
            return Kind(recipe.stage, (recipe.strategy, *models), task, untrained, not recipe.embeds)
        case Score() | Also():
            return Kind("score", (_model(plan, recipe.embed) if recipe.embed else _answering(plan, recipe.student),), task)


def anywhere(kind: Kind) -> Kind:
    """The same, whatever the task; of a load, which is the task's own, the same."""
    return kind if kind.stage == "load" else msgspec.structs.replace(kind, task="")


def _task(plan: Plan, recipe: Recipe) -> str:
    if isinstance(recipe, Load | Score | Also):
        return recipe.task
    load = plan.jobs[recipe.load or ""].recipe
    assert isinstance(load, Load)
    return load.task


def _model(plan: Plan, embed: str) -> str:
    recipe = plan.jobs[embed].recipe
    assert isinstance(recipe, Embed)
    return recipe.model


def _answering(plan: Plan, predict: str) -> str:
    """The network whose answers these are."""
    recipe = plan.jobs[predict].recipe
    assert isinstance(recipe, Predict) and recipe.model is not None
    return recipe.model


def _name(plan: Plan, kind: Kind) -> str:
    """Under which a cost is noted: whatever the versions and the sources, and whatever the draw of a task."""
    own = [plan.components[key].identity if key in plan.components else key for key in kind.own]
    task = plan.components[kind.task].pooled_label if kind.task else ""
    return digest([kind.stage, own, task, kind.untrained, kind.network])


def _words(components: Mapping[str, Component], kind: Kind) -> str:
    """What jobs of a kind are, in the plural."""
    noun = ("untrained " if kind.untrained else "") + _NOUNS[kind.stage]
    if kind.stage in ("compare", "score"):
        return noun
    of = components[kind.task if kind.stage == "load" else kind.own[0]].label
    networks = kind.own[1:2] if kind.network else ()
    return f"{noun} of {of}" + "".join(f" on {components[key].label}" for key in networks)


def _singular(words: str) -> str:
    plural = next(noun for noun in _NOUNS.values() if noun in words)
    first, _, rest = plural.partition(" ")
    return words.replace(plural, f"{first.removesuffix('s')} {rest}".rstrip(), 1)
