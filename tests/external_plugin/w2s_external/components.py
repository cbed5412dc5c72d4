"""The components, as small as the contracts allow. `fault` breaks fits on weak labels in a chosen way."""

import os
import time
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Embedding, Regression, draw_splits, generator_for, seed_for


@dataclass(frozen=True)
class Waves:
    output = Regression(1, "m")
    divergence = "squared"
    licence = "CC0"
    citation = "made here, for the tests of w2s-bench"

    def fingerprint(self):
        return ""

    def load(self, seed):
        x = generator_for("waves", seed=seed).uniform(-2, 2, 400)
        ids = np.array([f"w{i}" for i in range(400)], dtype=object)
        return draw_splits({"x": x}, np.sin(2 * x)[:, None], ids, seed_for("split", task="waves", seed=seed))


@dataclass(frozen=True)
class Powers:
    degree: int
    column = "x"
    family = "powers"

    @property
    def size(self):
        return self.degree

    def fingerprint(self):
        return ""

    def embed(self, inputs, state):
        x = np.asarray(inputs["x"]).reshape(len(inputs["x"]), -1)[:, 0]
        return Embedding(np.stack([x ** p for p in range(1, self.degree + 1)], 1).astype(np.float32))


@dataclass(frozen=True)
class Head:
    weights: np.ndarray

    def predict(self, features):
        return np.c_[features, np.ones(len(features))].astype(float) @ self.weights

    def to_arrays(self):
        return {"weights": self.weights}


@dataclass(frozen=True)
class Plain:
    fault: str = "no"
    outputs = frozenset({"regression"})
    needs = "features"
    convex_in = "outputs"
    exact = True

    def fit(self, problem):
        design = np.c_[problem.features, np.ones(len(problem.features))].astype(float)
        weights = np.linalg.lstsq(design, problem.labels.values, rcond=None)[0]
        if problem.labels.source == "weak":
            if self.fault == "raise":
                raise RuntimeError("broken on purpose")
            if self.fault == "memory":
                raise MemoryError
            if self.fault == "die":
                os._exit(7)
            if self.fault == "hang":
                time.sleep(600)
            weights = {"nan": weights * np.nan, "shape": weights[:, 0]}.get(self.fault, weights)
        return Head(weights)

    def from_arrays(self, arrays):
        return Head(arrays["weights"])
