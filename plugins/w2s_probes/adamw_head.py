"""A linear head trained with AdamW on shuffled batches, many problems at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, FitProblem, Predictor
from w2s_bench.seeds import generator_for
from w2s_probes.linear import LinearHead, head_from_arrays
from w2s_probes.spectrum import one
from w2s_probes.standardise import check_features, check_labels, standard_of, unscaled

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class AdamWHead:
    """Minimises the mean squared error by AdamW from torch.nn.Linear's initial law, U(±1/√d).

    Charikar et al. (2024) train heads this way on the features as they are (`standardise=false`). With
    `standardise=true` features and labels have training mean 0 and variance 1 while training, so that one
    learning rate fits every task; the head that is returned answers in label units.
    epochs: passes over the labels. lr: learning rate. batch: examples in a step. decay: decoupled
    weight decay.
    """

    outputs = frozenset({"regression"})
    needs = "features"
    convex_in = "outputs"
    exact = False
    epochs: int = 200
    lr: float = 1e-3
    batch: int = 32
    decay: float = 0.01
    standardise: bool = True

    def fit(self, problem: FitProblem) -> Predictor:
        """The head for one problem. Raises Diverged when inputs or head are not finite."""
        return one(self.fit_many([problem])[0])

    def fit_many(self, problems: Sequence[FitProblem]) -> list[Predictor | Exception]:
        """One head, or the exception that it met, per problem; equal to single fits bit for bit."""
        answers: dict[int, Predictor | Exception] = {}
        started: dict[tuple[int, ...], list[tuple[int, Start]]] = {}
        designs: dict[str, tuple[LinearHead, Array]] = {}
        for index, problem in enumerate(problems):
            try:
                check_features(problem.features)
                check_labels(problem)
                start = self._start(problem, designs)
            except Exception as error:
                answers[index] = error
                continue
            started.setdefault((*start.z.shape, start.target.shape[1]), []).append((index, start))
        for group in started.values():
            starts = [start for _, start in group]
            weights, biases = train(
                [start.z for start in starts], np.stack([start.target for start in starts]),
                np.stack([start.weight for start in starts]), np.stack([start.bias for start in starts]),
                [start.batches for start in starts], self.lr, self.decay)
            for (index, start), weight, bias in zip(group, weights, biases, strict=True):
                try:
                    answers[index] = start.head(weight, bias).finite()
                except Exception as error:
                    answers[index] = error
        return [answers[index] for index in range(len(problems))]

    def untrained(self, problem: FitProblem) -> Predictor:
        """The initial head, before any label."""
        check_features(problem.features)
        standard = standard_of(problem.features) if self.standardise else unscaled(problem.features.shape[1])
        weight, bias = initial_head(_generator(problem), len(standard.kept), problem.context.output.k)
        return LinearHead(standard, None, weight, bias)

    def from_arrays(self, arrays: Mapping[str, Array]) -> Predictor:
        """The head whose `to_arrays` gave `arrays`."""
        return head_from_arrays(arrays)

    def _start(self, problem: FitProblem, designs: dict[str, tuple[LinearHead, Array]]) -> Start:
        rng, values = _generator(problem), np.asarray(problem.labels.values, dtype=np.float64)
        n, k = values.shape
        key = problem.features_key or f"#{id(problem.features)}"
        if key not in designs:
            d = problem.features.shape[1]
            standard = standard_of(problem.features) if self.standardise else unscaled(d)
            frame = LinearHead(standard, None, np.zeros((0, k)), np.zeros(k))
            designs[key] = (frame, frame.design(problem.features))
        frame, z = designs[key]
        weight, bias = initial_head(rng, z.shape[1], k)
        middle, spread = np.zeros(k), np.ones(k)
        if self.standardise:
            middle, deviation = values.mean(axis=0), values.std(axis=0)
            spread = np.where(deviation > 0, deviation, 1.0)
        return Start(frame, z, (values - middle) / spread, middle, spread, weight, bias,
                     shuffled_batches(rng, n, self.batch, self.epochs))


@dataclass(frozen=True)
class Start:
    """A problem ready to train: z (n, d) and target (n, k) as trained on, first head, batches to come."""

    frame: LinearHead
    z: Array
    target: Array
    middle: Array
    spread: Array
    weight: Array
    bias: Array
    batches: Iterator[Array]

    def head(self, weight: Array, bias: Array) -> LinearHead:
        """The trained head, answering in label units."""
        return LinearHead(self.frame.standard, None, weight * self.spread, bias * self.spread + self.middle)


def _generator(problem: FitProblem) -> np.random.Generator:
    return generator_for("adamw head", seed=problem.context.seed)


def initial_head(rng: np.random.Generator, d: int, k: int) -> tuple[Array, Array]:
    """Weight (d, k) and bias (k,) from U(±1/√d), the law of torch.nn.Linear."""
    bound = 1.0 / np.sqrt(max(d, 1))
    return rng.uniform(-bound, bound, (d, k)), rng.uniform(-bound, bound, k)


def shuffled_batches(rng: np.random.Generator, n: int, batch: int, epochs: int) -> Iterator[Array]:
    """Row numbers of each step; every epoch passes once over all n rows in a fresh order."""
    for _ in range(epochs):
        order = rng.permutation(n)
        for start in range(0, n, batch):
            yield order[start:start + batch]


def train(features: Sequence[Array], targets: Array, weight: Array, bias: Array,
          batches: Sequence[Iterator[Array]], lr: float, decay: float) -> tuple[Array, Array]:
    """Trained weights (P, d, k) and biases (P, k) of P problems side by side.

    features: P matrices (n, d); targets: (P, n, k); batches: P streams of row numbers, of equal lengths.
    Every product is a stacked matmul and everything else is elementwise, so a problem never feels another.
    """
    problems, _, k = targets.shape
    parameters = np.concatenate([weight, bias[:, None, :]], axis=1)
    first, second = np.zeros_like(parameters), np.zeros_like(parameters)
    with np.errstate(over="ignore", invalid="ignore"):
        for step, rows in enumerate(zip(*batches, strict=True), start=1):
            size = len(rows[0])
            x = np.ones((problems, size, parameters.shape[1]))
            for p in range(problems):
                x[p, :, :-1] = features[p][rows[p]]
            y = np.stack([targets[p, rows[p]] for p in range(problems)])
            error = np.matmul(x, parameters) - y
            gradient = np.matmul(np.ascontiguousarray(x.transpose(0, 2, 1)), error) * (2.0 / (size * k))
            first = first + (1 - BETA1) * (gradient - first)
            second = BETA2 * second + (1 - BETA2) * gradient**2
            size_of_step = np.sqrt(second) / np.sqrt(1 - BETA2**step) + EPSILON
            parameters = parameters * (1 - lr * decay) - lr / (1 - BETA1**step) * (first / size_of_step)
    return parameters[:, :-1], parameters[:, -1]
