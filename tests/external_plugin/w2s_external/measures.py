"""A metric of one predictor, as small as the contract allows."""

import numpy as np

from w2s_bench.contracts import MetricColumn


class Worst:
    of = "predictor"
    outputs = frozenset({"regression"})
    columns = (MetricColumn(name="worst", unit="label", meaning="largest error", better="lower"),)

    def __call__(self, sample, prediction):
        return {"worst": float(np.abs(sample.truth - prediction).max())}
