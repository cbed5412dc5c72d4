"""A linear head trained with AdamW on shuffled batches, many problems at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, Diverged, FitProblem, Predictor, generator_for, tell
from w2s_probes.linear import LinearHead
from w2s_probes.shared_features import in_order, one
from w2s_probes.standardise import Units, check_features, check_labels, standard_of, unscaled

SHARED = 8
"""Problems that are trained on one stream of orders, at most."""

DRAWN = 1 << 16
"""Row numbers drawn at a time: memory does not grow with the epochs."""


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
    capabilities = frozenset({"fit_many", "across_features", "untrained"})
    across_features = True
    convex_in = "outputs"
    exact = False
    epochs: int = 200
    lr: float = 1e-3
    batch: int = 32
    decay: float = 0.01
    standardise: bool = True

    def fit(self, problem: FitProblem) -> Predictor:
        """The head for one problem. Raises Diverged when inputs or head are not finite."""
        return one(self.fit_many([problem]))

    def fit_many(self, problems: Sequence[FitProblem]) -> Iterator[Predictor | Exception]:
        """One head, or the exception that it met, per problem; equal to single fits bit for bit."""
        from numba import config

        groups = alike(problems)
        with ThreadPoolExecutor(config.NUMBA_NUM_THREADS) as threads:
            found = threads.map(lambda group: self._fit_alike([problems[index] for index in group]), groups)
            yield from in_order(numbered for group, fitted in zip(groups, found, strict=True)
                                for numbered in zip(group, fitted, strict=True))

    def untrained(self, problem: FitProblem) -> Predictor:
        """The initial head, before any label."""
        check_features(problem.features)
        standard = standard_of(problem.features) if self.standardise else unscaled(problem.features.shape[1])
        weight, bias = initial_head(_generator(problem), len(standard.kept), problem.context.output.k)
        return LinearHead(standard, None, weight, bias)

    def from_arrays(self, arrays: Mapping[str, Array]) -> Predictor:
        """The head whose `to_arrays` gave `arrays`."""
        return LinearHead.from_arrays(arrays)

    def _fit_alike(self, problems: Sequence[FitProblem]) -> list[Predictor | Exception]:
        answers: list[Predictor | Exception | None] = [_refusal(problem) for problem in problems]
        sound = [index for index, answer in enumerate(answers) if answer is None]
        try:
            for index, head in zip(sound, self._heads([problems[index] for index in sound]), strict=True):
                answers[index] = head
        except Exception as error:
            answers = [error if answer is None else answer for answer in answers]
        return [answer for answer in answers if answer is not None]

    def _heads(self, problems: Sequence[FitProblem]) -> list[Predictor | Exception]:
        """Heads of sound problems that share features, seed and k, and so the first head and every order of rows."""
        if not problems:
            return []
        features, rng = problems[0].features, _generator(problems[0])
        standard = standard_of(features) if self.standardise else unscaled(features.shape[1])
        z = np.ascontiguousarray(standard(features))
        units = [self._units(problem.labels.values) for problem in problems]
        targets = [unit.of(problem.labels.values) for unit, problem in zip(units, problems, strict=True)]
        first = initial_head(rng, z.shape[1], problems[0].context.output.k)
        heads: list[Predictor | Exception] = []
        for unit, (weight, bias) in zip(units, self._trained(z, targets, *first, rng), strict=True):
            try:
                heads.append(LinearHead(standard, None, *unit.back(weight, bias)).finite())
            except Diverged as error:
                heads.append(error)
        return heads

    def _units(self, values: Array) -> Units:
        if not self.standardise:
            return Units(np.zeros(values.shape[1]), np.ones(values.shape[1]))
        deviation = values.std(axis=0)
        return Units(values.mean(axis=0), np.where(deviation > 0, deviation, 1.0))

    def _trained(self, z: Array, targets: Sequence[Array], weight: Array, bias: Array,
                 rng: np.random.Generator) -> list[tuple[Array, Array]]:
        """Weight (d, k) and bias (k,) after training on z (n, d), for each of the targets (n, k)."""
        from w2s_probes.adamw_steps import pass_over

        states = np.zeros((len(targets), 3, len(bias), len(weight) + 1))
        states[:, 0, :, :-1], states[:, 0, :, -1] = weight.T, bias
        step = 0
        for orders in shuffled(rng, len(z), self.epochs):
            for state, target in zip(states, targets, strict=True):
                pass_over(state, z, target, orders, step, self.lr, self.decay, self.batch)
            step += len(orders) * -(-len(z) // self.batch)
            tell(step, self.epochs * -(-len(z) // self.batch), "steps")
        return [(state[0, :, :-1].T.copy(), state[0, :, -1].copy()) for state in states]


def alike(problems: Sequence[FitProblem]) -> list[list[int]]:
    """Indices of problems that share features, seed and outputs, so that one stream of orders serves them all; at most
    SHARED to a group, so that there is work for every thread."""
    streams: dict[tuple[str, int, int], list[int]] = {}
    for index, problem in enumerate(problems):
        features = problem.features_key or f"#{id(problem.features)}"
        streams.setdefault((features, problem.context.seed, problem.context.output.k), []).append(index)
    return [stream[start:start + SHARED] for stream in streams.values() for start in range(0, len(stream), SHARED)]


def _refusal(problem: FitProblem) -> Exception | None:
    try:
        check_features(problem.features)
        check_labels(problem)
    except Exception as error:
        return error
    return None


def _generator(problem: FitProblem) -> np.random.Generator:
    return generator_for("adamw head", seed=problem.context.seed)


def initial_head(rng: np.random.Generator, d: int, k: int) -> tuple[Array, Array]:
    """Weight (d, k) and bias (k,) from U(±1/√d), the law of torch.nn.Linear."""
    bound = 1.0 / np.sqrt(max(d, 1))
    return rng.uniform(-bound, bound, (d, k)), rng.uniform(-bound, bound, k)


def shuffled(rng: np.random.Generator, n: int, epochs: int) -> Iterator[Array]:
    """Row numbers in the order of each epoch, (some epochs, n) int64 at a time; every epoch passes once over all rows."""
    many = max(1, DRAWN // n)
    for start in range(0, epochs, many):
        yield np.stack([rng.permutation(n) for _ in range(min(many, epochs - start))])
