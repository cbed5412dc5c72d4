"""Small components for tests of what a job leaves: nothing of the bundled plugins, so that only the harness is on trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from w2s_bench.compute.workshop import Workshop
from w2s_bench.contracts import (
    Array,
    Classes,
    Columns,
    Embedding,
    Entry,
    FitProblem,
    ModelEntry,
    Parameter,
    Pool,
    PrepareContext,
    Regression,
    Splits,
    StrategyEntry,
    TaskEntry,
    device,
    draw_splits,
    generator_for,
    seed_for,
)
from w2s_bench.planning.plan import Plan
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.catalogue import Plugin, Registered, Registry
from w2s_bench.registry.loading import load_registry
from w2s_bench.store.artifacts import Store

ROWS = 60


@dataclass(frozen=True)
class Words:
    """Texts whose label is their length and more: a number, or three classes with probabilities."""

    reading: str = "number"
    pooled: bool = True
    licence, citation = "", ""

    @property
    def capabilities(self) -> frozenset[str]:
        return frozenset({"pool"}) if self.pooled else frozenset()

    @property
    def output(self) -> Regression | Classes:
        return Regression(1, "letters") if self.reading == "number" else Classes(3, ("a", "b", "c"))

    @property
    def divergence(self) -> str:
        return "squared" if self.reading == "number" else "kl"

    def fingerprint(self) -> str:
        return ""

    def pool(self) -> Pool:
        texts = np.empty(ROWS, dtype=object)
        texts[:] = ["ab"[row % 2] * (row % 11 + 1) + "é" * (row % 3) for row in range(ROWS)]
        return Pool({"text": texts}, np.array([f"w{row}" for row in range(ROWS)], dtype=object))

    def load(self, seed: int) -> Splits:
        pool = self.pool()
        lengths = np.array([len(text) for text in pool.inputs["text"]], dtype=float)
        noise = generator_for("words").random(ROWS)
        truth = (lengths + noise)[:, None]
        if self.reading == "classes":
            shares = np.stack([lengths, 3 + 4 * noise, np.ones(ROWS)], axis=1)
            truth = shares / shares.sum(axis=1, keepdims=True)
        return draw_splits(pool.inputs, truth, pool.ids, seed_for("split", task="words", seed=seed))


@dataclass(frozen=True)
class Letters:
    """Frozen features of a text: powers of its length, and its share of the letter a. hurried: of speed alone."""

    degree: int = 1
    hurried: bool = False
    column, family, size = "text", "letters", None
    truncating = 9
    unit = 10.0
    """What a library that it rests on may change."""

    def fingerprint(self) -> str:
        return ""

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        lengths = np.array([len(text) for text in inputs["text"]], dtype=np.float32)
        share = np.array([text.count("a") for text in inputs["text"]], dtype=np.float32) / lengths
        powers = [(lengths / self.unit) ** power for power in range(1, self.degree + 1)]
        return Embedding(np.stack([share, *powers], axis=1), lengths > self.truncating)


@dataclass(frozen=True)
class Degrees(Letters):
    """Letters whose powers one pass gives to all degrees. passes: how many models each pass was for."""

    capabilities = frozenset({"embed_many"})
    read_by = "degree"
    passes: ClassVar[list[int]] = []

    def embed_many(self, models: Sequence[Letters], inputs: Columns) -> list[Embedding]:
        self.passes.append(len(models))
        return [model.embed(inputs, {}) for model in models]


@dataclass(frozen=True)
class Projected:
    """Letters times weights that are made here, of the cell's seed and the task's texts; on the device that it is told."""

    width: int = 2
    column, family, capabilities = "text", "projected", frozenset({"prepare"})
    prepare_from = frozenset({"seed", "task"})

    @property
    def size(self) -> int:
        return self.width

    def fingerprint(self) -> str:
        return ""

    def prepare(self, context: PrepareContext) -> dict[str, Array]:
        assert context.inputs is not None
        device()
        letters = Letters(2).embed(context.inputs, {}).values
        drawn = generator_for("projected", seed=context.seed).normal(size=(letters.shape[1], self.width))
        return {"weights": drawn.astype(np.float32), "mean": letters.mean(axis=0)}

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        return Embedding((Letters(2).embed(inputs, {}).values - state["mean"]) @ state["weights"])


@dataclass(frozen=True)
class Head:
    """Affine in the features; of classes, what is left after negative values are dropped and rows sum to one."""

    weight: Array
    classes: bool
    radius: None = None

    @property
    def head_norm(self) -> float:
        return float(np.linalg.norm(self.weight[1:]))

    def design(self, features: Array) -> Array:
        return np.asarray(features, dtype=np.float64)

    def predict(self, features: Array) -> Array:
        values = self.weight[0] + self.design(features) @ self.weight[1:]
        values = np.maximum(values, 1e-3) if self.classes else values
        return values / values.sum(axis=1, keepdims=True) if self.classes else values

    def to_arrays(self) -> dict[str, Array]:
        return {"weight": self.weight, "classes": np.array([self.classes])}


@dataclass(frozen=True)
class Lines:
    """Least squares, with a share of true labels among the weak ones. Before any label: a head drawn from the fit's seed."""

    truth_share: float = 0.0
    outputs, capabilities = frozenset({"regression", "classes"}), frozenset({"untrained", "truth_share"})
    needs, convex_in, exact = "features", None, False

    def fit(self, problem: FitProblem) -> Head:
        design = np.hstack([np.ones((len(problem.features), 1)), problem.features.astype(np.float64)])
        return Head(np.linalg.pinv(design) @ problem.labels.values, self._of_classes(problem))

    def untrained(self, problem: FitProblem) -> Head:
        shape = (problem.features.shape[1] + 1, problem.context.output.k)
        return Head(generator_for("untrained", seed=problem.context.seed).normal(size=shape), self._of_classes(problem))

    def from_arrays(self, arrays: Mapping[str, Array]) -> Head:
        return Head(arrays["weight"], bool(arrays["classes"][0]))

    def _of_classes(self, problem: FitProblem) -> bool:
        return problem.context.output.kind == "classes"


MADE: Mapping[str, tuple[Entry, ...]] = {
    "tasks": (TaskEntry("words", f"{__name__}:Words", parameters=(
        Parameter("reading", str, "number", "what is predicted", choices=("number", "classes")),
        Parameter("pooled", bool, True, "whether the texts are known as a whole"))),),
    "models": (
        ModelEntry("letters", f"{__name__}:Letters", parameters=(
            Parameter("degree", int, 1, "powers of the length"),
            Parameter("hurried", bool, False, "faster", role="speed"))),
        ModelEntry("degrees", f"{__name__}:Degrees", parameters=(
            Parameter("degree", int, 1, "powers of the length"), Parameter("hurried", bool, False, "faster"))),
        ModelEntry("projected", f"{__name__}:Projected", parameters=(Parameter("width", int, 2, "features"),))),
    "strategies": (StrategyEntry("lines", f"{__name__}:Lines", parameters=(
        Parameter("truth_share", float, 0.0, "share of true labels"),)),)}


OWNER = Plugin("made", "made", "1")
"""Its name is a part of the names of these components, and so of the seeds that golden numbers rest on."""


def made_registry() -> Registry:
    """The registry, with these components."""
    registry = load_registry()
    offered = {kind: (*registry.entries(kind), *(Registered(OWNER, entry) for entry in entries))
               for kind, entries in MADE.items()}
    return replace(registry, offered={**registry.offered, **offered})


def made_plan(*, task: str = "words", weak: str = "letters", strong: str = "projected", strategy: str = "lines") -> Plan:
    """The plan of one cell of these components."""
    matrix = Matrix((task,), weak=(weak,), strong=(strong,), strategies=(strategy,), supervisors=("lines",), seeds=(3,))
    return make_plan(RunSpec("made", (matrix,)), made_registry())


@dataclass(frozen=True)
class Computed:
    """A plan whose every job is in a store."""

    plan: Plan
    store: Store
    keys: Mapping[str, list[str]] = field(default_factory=dict)


def computed(plan: Plan, root: Path) -> Computed:
    """Compute what the store lacks, job by job in this process."""
    store = Store(str(root))
    workshop = Workshop(store, plan.components)
    present = store.keys()
    by_stage: dict[str, list[str]] = {}
    for key, job in plan.jobs.items():
        if key not in present:
            (outcome,) = workshop.run([job])
            assert outcome.status == "ok", outcome.error + outcome.trace
        by_stage.setdefault(job.stage, []).append(key)
    return Computed(plan, store, by_stage)
