"""Members that are fitted one after another, each on the rows that those before it get wrong."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np

from w2s_bench.contracts import Array, FitProblem, generator_for
from w2s_probes.labels.inner_fits import InnerFits
from w2s_probes.labels.members import equal_weights
from w2s_probes.labels.relabelled import of_rows
from w2s_probes.labels.wrapped import answers_on


def boosted(fits: InnerFits, problems: Sequence[FitProblem]) -> Generator[FitProblem, Any, tuple[list[Any], Array]]:
    """Predictors of the problems in order, and their vote weights (m,), shares with sum 1.

    EnsemW2S (Agrawal et al. 2024, arXiv 2410.04571): weak models are boosted on the labelled data and label together by
    the weighted sum of their probabilities. Weights are those of SAMME (Zhu, Zou, Rosset & Hastie, "Multi-class
    AdaBoost", 2009): with ε the weighted share of rows that a member gets wrong, its vote is
    α = ln((1 − ε)/ε) + ln(k − 1), and the weight of each row that it gets wrong is multiplied by e^α. Row weights enter a
    fit by drawing n rows from them (the resampling form of boosting; the named seed of the context), since a strategy
    has no weights for rows; the first member is fitted on all rows. Only classification of whole rows is taken, not their
    token-level scheme.
    ε is at least half a row, so that a member without mistakes has a finite vote; a member that is no better than chance
    has none and leaves the row weights alone. Where no member has a vote, all have the same.
    problems: one a member, on the same rows with the same labels.
    """
    values = problems[0].labels.values
    n, k = values.shape
    right_class = values.argmax(axis=1)
    weights = np.full(n, 1.0 / n)
    draws = generator_for("boosted rows", seed=problems[0].context.seed)
    fitted: list[Any] = []
    votes = np.zeros(len(problems))
    for number, problem in enumerate(problems):
        rows: Array = np.asarray(draws.choice(n, size=n, p=weights)) if number else np.arange(n)
        predictor = yield from fits.fit(of_rows(problem, rows))
        wrong = answers_on(predictor, problem).argmax(axis=1) != right_class
        votes[number] = vote(float(weights[wrong].sum()), n, k)
        weights = weights * np.exp(votes[number] * wrong)
        weights /= weights.sum()
        fitted.append(predictor)
    return fitted, votes / votes.sum() if votes.any() else equal_weights(len(votes))


def vote(error: float, n: int, k: int) -> float:
    """α = ln((1 − ε)/ε) + ln(k − 1) for an error in [0, 1] on n rows of k classes; 0 where that is negative."""
    error = min(max(error, 0.5 / n), 1.0 - 0.5 / n)
    return max(0.0, float(np.log((1.0 - error) / error) + np.log(max(k - 1, 1))))
