"""A kind of output, a divergence that scores it, a task that predicts it and a strategy that fits it: positive rates."""

from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import DataError, PluginError, as_rows, draw_splits, generator_for, seed_for
from w2s_external.components import Head, Plain


@dataclass(frozen=True)
class Rates:
    k: int = 1
    unit: str = ""
    kind: str = "rates"

    def check_truth(self, truth, ids, where):
        bad = np.flatnonzero((truth <= 0).any(axis=1))
        if len(bad):
            raise DataError(f"the rate of {ids[bad[0]]} is not positive", where=where)

    def conform(self, prediction, label):
        if prediction.min() <= 0:
            raise PluginError(f"{label} predicted a rate that is not positive")
        return prediction

    def describe(self):
        return f"a rate in {self.unit}"

    def word(self, truth, figure):
        return f"{figure(float(truth[0]))} {self.unit}"

    def summary(self, truth, figure):
        return {"rate": figure(float(np.exp(np.log(truth).mean())))}

    def summary_words(self):
        return "geometric mean", "output"


@dataclass(frozen=True)
class ItakuraSaito:
    """D(a, b) = a/b − ln(a/b) − 1, with phi(v) = −ln v."""

    name, output, unit, geometry, rounding = "itakura-saito", "rates", "", "other", 1e-12
    law, explicit, inexact, two_sided, spreads = "Itakura and Saito", "", "", False, False
    band = holds = fails = ""

    def unit_of(self, output_unit):
        return ""

    def conform(self, values):
        return np.maximum(as_rows(values, "rates"), 1e-12)

    conform_truth = conform

    def generator(self, values):
        return -np.log(values).sum(axis=1)

    def gradient(self, values):
        return -1.0 / values

    def between(self, first, second):
        ratio = first / second
        return np.maximum((ratio - np.log(ratio) - 1.0).sum(axis=1), 0.0)

    def spread(self, student, weak):
        return np.zeros(len(student))

    def reach(self, misfit, epsilon, spread):
        return float("inf")


@dataclass(frozen=True)
class Floods:
    output = Rates(1, "m³/s")
    divergence, licence, citation = "itakura-saito", "CC0", "made here, for the tests of w2s-bench"

    def fingerprint(self):
        return ""

    def load(self, seed):
        random = generator_for("floods", seed=seed)
        x = random.uniform(-2, 2, 300)
        rate = np.exp(np.sin(2 * x) + 0.1 * random.normal(size=300))
        ids = np.array([f"f{i}" for i in range(300)], dtype=object)
        return draw_splits({"x": x}, rate[:, None], ids, seed_for("split", task="floods", seed=seed))


@dataclass(frozen=True)
class PositiveHead(Head):
    def predict(self, features):
        return np.exp(super().predict(features))


@dataclass(frozen=True)
class LogPlain(Plain):
    outputs = frozenset({"rates"})
    convex_in, exact = None, False

    def fit(self, problem):
        design = np.c_[problem.features, np.ones(len(problem.features))].astype(float)
        return PositiveHead(np.linalg.lstsq(design, np.log(problem.labels.values), rcond=None)[0])

    def from_arrays(self, arrays):
        return PositiveHead(arrays["weights"])
