"""The jobs of a plan. A job's key is the digest of the recipe that is handed to whoever computes it."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping
from typing import ClassVar, Literal, get_args

import msgspec

from w2s_bench.contracts.digests import Json, digest_without_floats
from w2s_bench.registry.component import Component
from w2s_bench.registry.versions import versions_of

Part = Literal["supervise", "transfer", "test"]
LabelSource = Literal["truth", "weak", "shuffled", "none"]
Stage = Literal["load", "prepare", "embed", "compare", "fit", "predict", "score"]
STAGES: tuple[Stage, ...] = get_args(Stage)

FOUNDATIONS: Mapping[Stage, int] = {"load": 3, "prepare": 1, "embed": 2, "compare": 1, "fit": 1, "predict": 3, "score": 10}
"""Version of what the harness itself does in a stage. Raise one when what its jobs leave changes: the golden numbers of
tests/compute say when, and old artifacts of the stage and of all that rests on them are then left alone."""

_LIBRARIES: Mapping[Stage, tuple[str, ...]] = {
    **dict.fromkeys(STAGES, ("numpy",)), "compare": ("numpy", "scipy"), "score": ("numpy", "scipy")}
"""Distributions that the harness itself computes with. NumPy everywhere, for its arrays and random generators; what a component
computes with beside it, its entry says."""


class _Named(msgspec.Struct, frozen=True, tag_field="stage", forbid_unknown_fields=True):
    """As JSON, a recipe names its stage; a field that is missing or unknown is an error that names it."""


class Load(_Named, frozen=True, tag="load"):
    """Load the splits of a task, whose labels become an artifact of their own, or with seed None its pool. task: key of the
    component. pool: key of the job that loads the pool of which the splits are rows, None for a task without one."""

    stage: ClassVar[Stage] = "load"
    task: str
    seed: int | None
    pool: str | None = None


class Prepare(_Named, frozen=True, tag="prepare"):
    """Make a model here. seed, load: None unless the model asked for the cell's seed, or for the task's inputs."""

    stage: ClassVar[Stage] = "prepare"
    model: str
    seed: int | None
    load: str | None


class Embed(_Named, frozen=True, tag="embed"):
    """Frozen features of all inputs of a loaded task: of its pool, for a model that no seed and no task changes."""

    stage: ClassVar[Stage] = "embed"
    model: str
    load: str
    prepare: str | None


class Compare(_Named, frozen=True, tag="compare"):
    """Weak and strong features side by side on the transfer inputs: no labels, no strategy."""

    stage: ClassVar[Stage] = "compare"
    load: str
    embed: str
    weak_embed: str


class Reading(msgspec.Struct, frozen=True):
    """How a fit meets the inputs. embeds: keys of the features, the own model's first, then those that the strategy names.

    model, prepare: for a strategy that trains the network itself; embeds is empty then.
    """

    embeds: tuple[str, ...]
    model: str | None = None
    prepare: str | None = None


class Fit(_Named, frozen=True, kw_only=True, tag="fit"):
    """Weak fit, ceiling, gold, base, shuffled and student are this one job.

    embeds, model, prepare: as in `Reading`. part: the split whose inputs are fitted. weak: key of the weak predictions, or None.
    source: which labels: the truth, the weak predictions, shuffled ones, or none. seed: from (task, model, seed) alone.
    """

    stage: ClassVar[Stage] = "fit"
    strategy: str
    embeds: tuple[str, ...]
    model: str | None
    prepare: str | None
    load: str
    part: Part
    source: LabelSource
    weak: str | None
    seed: int


class Predict(_Named, frozen=True, kw_only=True, tag="predict"):
    """A fitted predictor's answers on the transfer and the test split. embeds, model, prepare: as in `Reading`."""

    stage: ClassVar[Stage] = "predict"
    strategy: str
    fit: str
    embeds: tuple[str, ...]
    model: str | None
    prepare: str | None
    load: str


class Score(_Named, frozen=True, kw_only=True, tag="score"):
    """Truth and every predictor side by side. embed, weak_embed: features of the strong and of the weak model, None for one that
    was trained itself, unless the features are compared. embeds: what the student's strategy reads beside its own model's.

    divergence, metrics, bounds: keys of the components that measure the cell. direction, direction_by: of the pair, and what
    declared it (see planning/direction.py).
    weak_saw_transfer: the weak model was made from the task's inputs, those of the transfer split among them.
    compare: None where the spec does not ask for a comparison of the features.
    """

    stage: ClassVar[Stage] = "score"
    task: str
    divergence: str
    metrics: tuple[str, ...]
    bounds: tuple[str, ...]
    load: str
    strategy: str
    embed: str | None
    weak_embed: str | None
    embeds: tuple[str, ...]
    compare: str | None
    weak: str
    student_fit: str
    student: str
    ceiling: str
    gold: str | None
    base: str | None
    shuffled: str | None
    direction: str
    direction_by: str | None
    weak_saw_transfer: bool


class Also(_Named, frozen=True, kw_only=True, tag="also"):
    """Truth, weak, student and ceiling side by side on the test part of a second task, on which none of them was fitted.

    task, divergence, metrics, load: of the second task. fitted_load: of the task that the predictors were fitted on. embed: the
    strong model's features of the second one, None where it was trained itself. weak, student, ceiling: keys of their
    answers there.
    """

    stage: ClassVar[Stage] = "score"
    task: str
    divergence: str
    metrics: tuple[str, ...]
    load: str
    fitted_load: str
    embed: str | None
    weak: str
    student: str
    ceiling: str


Recipe = Load | Prepare | Embed | Compare | Fit | Predict | Score | Also
_COMPONENT_FIELDS = ("task", "model", "strategy", "divergence", "metrics", "bounds")
_UPSTREAM_FIELDS = ("pool", "load", "fitted_load", "prepare", "embed", "weak_embed", "embeds", "compare", "fit", "weak",
                    "student_fit", "student", "ceiling", "gold", "base", "shuffled")


class Job(msgspec.Struct, frozen=True):
    """A recipe and its key. needs: keys of the jobs whose artifacts it reads."""

    key: str
    recipe: Recipe
    needs: tuple[str, ...]

    @property
    def stage(self) -> Stage:
        return self.recipe.stage


def foundation(stage: Stage) -> dict[str, str]:
    """What every job of a stage rests on beside its recipe: the harness's own arithmetic, and the libraries of that."""
    return {f"stage {stage}": str(FOUNDATIONS[stage]), **foundation_libraries(stage)}


@functools.cache
def foundation_libraries(stage: Stage) -> Mapping[str, str]:
    """The libraries of the harness's own arithmetic in a stage, and their versions."""
    return dict(versions_of(_LIBRARIES[stage]))


@functools.cache
def _reader(recipe_type: type[Recipe]) -> tuple[Callable[[Recipe], tuple[Json, ...]], tuple[int, ...]]:
    names = recipe_type.__struct_fields__
    return operator.attrgetter(*names), tuple(i for i, name in enumerate(names) if name in _UPSTREAM_FIELDS)


def job(recipe: Recipe) -> Job:
    """The job of a recipe: planning and computing derive the key in this one place."""
    read, upstream = _reader(type(recipe))
    values = read(recipe)
    needs: dict[str, None] = {}
    for i in upstream:
        if isinstance(value := values[i], str):  # nearly every field, of as many jobs as there are
            needs[value] = None
        elif value:
            needs |= dict.fromkeys(keys_in(value))
    return Job(digest_without_floats([foundation(recipe.stage), recipe.stage, values]), recipe, tuple(needs))


def truth_key(load: str) -> str:
    """The key under which the labels of loaded splits lie, by the key of the job that loads them: whoever does not ask for them
    does not meet them."""
    return digest_without_floats(["truth", load])


def leaves(job: Job) -> tuple[str, ...]:
    """Keys of the artifacts that a job leaves: its own, and before it the truth of the splits that it loads."""
    splits = isinstance(job.recipe, Load) and job.recipe.seed is not None
    return (truth_key(job.key), job.key) if splits else (job.key,)


def key_on(recipe: Recipe, rests_on: Mapping[str, str]) -> str:
    """The key that a recipe had where its stage rested on these versions, as `foundation` says them of today's."""
    read, _ = _reader(type(recipe))
    return digest_without_floats([dict(rests_on), recipe.stage, read(recipe)])


def keys_in(value: Json) -> tuple[str, ...]:
    """The keys that a field of a recipe holds: one, several or none."""
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, (tuple, list)) else ()


def component_keys(recipe: Recipe) -> tuple[str, ...]:
    """Keys of the components that the recipe names."""
    return tuple(key for name in _COMPONENT_FIELDS for key in keys_in(getattr(recipe, name, None)))


def described(recipe: Recipe, components: Mapping[str, Component]) -> str:
    """The job in words, for errors and progress."""
    fitted = (getattr(recipe, name, None) for name in ("task", "model", "strategy"))
    labels = " ".join(components[key].label for key in fitted if key is not None and key in components)
    return f"{recipe.stage} {labels}".rstrip()
