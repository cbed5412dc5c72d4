"""Metrics are those of scikit-learn and SciPy to the last bit, without the second that these take to import in every worker."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from made_samples import made_sample
from scipy import stats
from sklearn.metrics import accuracy_score, mean_absolute_error, r2_score, root_mean_squared_error
from w2s_theory.classification import Accuracy
from w2s_theory.ranks import midranks
from w2s_theory.regression import MAE, R2, RMSE, Spearman


@pytest.mark.parametrize("k", [1, 3])
def test_metrics_of_numbers_are_theirs(k: int) -> None:
    rng = np.random.default_rng(k)
    for n in (2, 3, 17, 88, 1000):
        for scale in (1.0, 1e4):
            y, f = scale * rng.normal(size=(n, k)), scale * np.round(rng.normal(size=(n, k)), 1 if n > 3 else 9)
            assert R2().measured(y, f) == r2_score(y, f)
            assert RMSE().measured(y, f) == root_mean_squared_error(y, f)
            assert MAE().measured(y, f) == mean_absolute_error(y, f)
            assert Spearman().measured(y, f) == np.mean([stats.spearmanr(y[:, j], f[:, j]).statistic for j in range(k)])
            assert np.array_equal(midranks(f[:, 0]), stats.rankdata(f[:, 0]))


def test_accuracy_is_theirs() -> None:
    rng = np.random.default_rng(0)
    for n in (2, 7, 88, 1001):
        y, f = np.eye(3)[rng.integers(0, 3, n)], rng.dirichlet(np.ones(3), n)
        measured = Accuracy().measured(made_sample(y, f, f, f, "brier"), f)
        assert measured == accuracy_score(y.argmax(axis=1), f.argmax(axis=1))


def test_a_regression_cell_is_scored_without_scipy_stats_scikit_learn_and_pandas() -> None:
    code = ("import sys, numpy as np\nfrom w2s_bench.registry.measures import measures\n"
            "from w2s_theory.regression import R2, Spearman\nimport w2s_bench.compute.workshop, w2s_bench.tables.summary\n"
            "measures()\ny = np.arange(6.0)[:, None]\nR2().measured(y, y), Spearman().measured(y, y)\n"
            "print([name for name in ('scipy.stats', 'sklearn', 'pandas', 'torch', 'numba') if name in sys.modules])")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
