"""The metrics that a reader of a classification table knows already, and what the student gains in each.

Truth and predictions are (n, k) rows of the simplex. A class is named by argmax, the first of several; truth that holds
probabilities counts as its likeliest class where a metric needs a class.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats
from sklearn.metrics import accuracy_score, roc_auc_score

from w2s_bench.contracts.seeds import generator_for
from w2s_bench.scoring.arrays import Array, check_same_shape
from w2s_bench.scoring.divergence import divergence
from w2s_bench.scoring.intervals import CONFIDENCE, Estimate, estimate
from w2s_bench.scoring.ratios import pgr

METRICS = ("accuracy", "auroc", "cross_entropy", "brier", "ece")

ECE_BINS = 15
"""Equal-width bins of (0, 1], each closed on the right (Guo et al. 2017, arXiv 1706.04599)."""

RESAMPLES = 256
"""Bootstrap resamples behind the standard error of a gain in `ece`; it is then itself known to about 4 %."""

_BLOCK = 500_000
"""About so many drawn examples are held at once while resampling."""


def classification_metrics(truth: npt.ArrayLike, prediction: npt.ArrayLike) -> dict[str, float | None]:
    """The METRICS of one prediction. truth, prediction: (n, k).

    accuracy in [0, 1]. auroc: of class 1 against class 0, None unless k = 2 and both occur. cross_entropy: −Σ y ln f in
    nats, f clipped and renormalised as for `kl`. brier: Σ (y − f)², summed over classes. ece: expected calibration error
    of the top class, Σ_b n_b/n·|accuracy_b − confidence_b|. Raises ShapeError and DomainError.
    """
    y, f = _pair(truth, prediction, "truth and prediction")
    return {
        "accuracy": float(accuracy_score(y.argmax(axis=1), f.argmax(axis=1))),
        "auroc": float(roc_auc_score(_of_class_1(y), f[:, 1])) if min(_binary_counts(y)) > 0 else None,
        "cross_entropy": float(_cross_entropy(y, f).mean()),
        "brier": float(divergence("brier").between(y, f).mean()),
        "ece": float(_ece(y, f, _once(len(y)))[0]),
    }


def metric_reasons(truth: npt.ArrayLike, names: Sequence[str] = ()) -> tuple[str, ...]:
    """Why a metric, or its gain, is None on this split, such as "auroc: no example of class 1". truth: (n, k).

    names: of the classes in the order of the columns; without them they are called by their number.
    """
    y = divergence("brier").conform(truth)
    if y.shape[1] != 2:
        return (f"auroc: for two classes, and there are {y.shape[1]}",)
    called = tuple(names) or ("0", "1")
    counts = _binary_counts(y)
    missing = [f"auroc: no example of class {called[j]}" for j in (0, 1) if counts[j] == 0]
    if missing:
        return tuple(missing)
    return tuple(f"auroc gain: one example of class {called[j]}, an interval needs two" for j in (0, 1) if counts[j] == 1)


def paired_gains(truth: npt.ArrayLike, weak: npt.ArrayLike, student: npt.ArrayLike) -> dict[str, Estimate | None]:
    """What the student gains on its teacher in each of METRICS, positive where it is better. All (n, k), paired.

    accuracy, cross_entropy, brier: means of per-example differences. auroc: the paired interval of DeLong, DeLong and
    Clarke-Pearson (1988), None unless k = 2 and both classes have two examples. ece: the difference of two plug-in values,
    each biased upwards; its standard error is that of RESAMPLES paired bootstrap resamples of the examples, drawn from a
    seed that only their number decides. Raises ShapeError and DomainError.
    """
    y, f_w = _pair(truth, weak, "truth and weak")
    _, f_sw = _pair(y, student, "truth and student")
    brier = divergence("brier")
    return {
        "accuracy": estimate(_wrong(y, f_w) - _wrong(y, f_sw)),
        "auroc": _auroc_gain(y, f_w, f_sw),
        "cross_entropy": estimate(_cross_entropy(y, f_w) - _cross_entropy(y, f_sw)),
        "brier": estimate(brier.between(y, f_w) - brier.between(y, f_sw)),
        "ece": _ece_gain(y, f_w, f_sw),
    }


def pgr_accuracy(truth: npt.ArrayLike, weak: npt.ArrayLike, student: npt.ArrayLike,
                 ceiling: npt.ArrayLike) -> tuple[float | None, str | None]:
    """`pgr` on 0/1 errors: the share of the gap in accuracy that the student recovers (Burns et al. 2023), or the reason
    where there is none. All (n, k). Raises ShapeError and DomainError."""
    y = divergence("brier").conform(truth)
    of_weak, of_student, of_ceiling = (
        _wrong(*_pair(y, f, f"truth and {name}"))
        for name, f in (("weak", weak), ("student", student), ("ceiling", ceiling))
    )
    return pgr(of_weak, of_student, of_ceiling)


def _auroc_gain(y: Array, f_w: Array, f_sw: Array) -> Estimate | None:
    """AUROC is a two-sample U-statistic; its variance is that of its structural components V10 (one a positive) and V01
    (one a negative), and a difference of two AUROCs has the differences of their components:

        se² = var(V10_sw − V10_w)/m + var(V01_sw − V01_w)/n,    a normal interval (DeLong et al. 1988)
    """
    if min(_binary_counts(y)) < 2:
        return None
    positive = _of_class_1(y)
    parts = [a - b for a, b in zip(_components(f_sw[:, 1], positive), _components(f_w[:, 1], positive), strict=True)]
    se = math.sqrt(sum(float(part.var(ddof=1)) / part.size for part in parts))
    return _interval(float(parts[0].mean()), se, len(y), float(stats.norm.ppf(0.5 + CONFIDENCE / 2.0)))


def _components(scores: Array, positive: npt.NDArray[np.bool_]) -> tuple[Array, Array]:
    """V10 (m,): for each positive, the share of negatives ranked below it, ties half; V01 (n,) likewise for negatives.

    From midranks among all and among their own kind, O(N log N) (Sun and Xu 2014).
    """
    among_all = stats.rankdata(scores)
    above, below = (among_all[kind] - stats.rankdata(scores[kind]) for kind in (positive, ~positive))
    return above / below.size, 1.0 - below / above.size


def _ece(y: Array, f: Array, drawn: npt.NDArray[np.intp]) -> Array:
    """ECE of r samples of these examples, (r,). drawn: (r, m), the examples of each sample, repeated or not."""
    confidence = f.max(axis=1)
    bins = np.clip(np.ceil(confidence * ECE_BINS).astype(np.intp) - 1, 0, ECE_BINS - 1)
    right_less_confidence = 1.0 - _wrong(y, f) - confidence
    cells = bins[drawn] + ECE_BINS * np.arange(len(drawn))[:, None]
    summed = np.bincount(cells.ravel(), right_less_confidence[drawn].ravel(), minlength=ECE_BINS * len(drawn))
    sizes: Array = np.abs(summed.reshape(len(drawn), ECE_BINS)).sum(axis=1) / drawn.shape[1]
    return sizes


def _ece_gain(y: Array, f_w: Array, f_sw: Array) -> Estimate:
    n = len(y)
    value = float((_ece(y, f_w, _once(n)) - _ece(y, f_sw, _once(n)))[0])
    if n == 1:
        return Estimate(value, math.nan, math.nan, math.nan, 1)
    generator = generator_for("ece resamples", n=n)
    rows = max(1, min(RESAMPLES, _BLOCK // n))
    resampled = []
    for start in range(0, RESAMPLES, rows):
        drawn = generator.integers(n, size=(min(rows, RESAMPLES - start), n))
        resampled.append(_ece(y, f_w, drawn) - _ece(y, f_sw, drawn))
    se = float(np.concatenate(resampled).std(ddof=1))
    return _interval(value, se, n, float(stats.t.ppf(0.5 + CONFIDENCE / 2.0, n - 1)))


def _once(n: int) -> npt.NDArray[np.intp]:
    return np.arange(n, dtype=np.intp)[None, :]


def _cross_entropy(y: Array, f: Array) -> Array:
    nats: Array = -np.einsum("nk,nk->n", y, np.log(divergence("kl").conform(f)))
    return nats


def _wrong(y: Array, f: Array) -> Array:
    wrong: Array = np.not_equal(f.argmax(axis=1), y.argmax(axis=1)).astype(np.float64)
    return wrong


def _of_class_1(y: Array) -> npt.NDArray[np.bool_]:
    ones: npt.NDArray[np.bool_] = np.equal(y.argmax(axis=1), 1)
    return ones


def _binary_counts(y: Array) -> tuple[int, int]:
    """Examples of class 0 and of class 1; (0, 0) unless there are two classes."""
    if y.shape[1] != 2:
        return 0, 0
    ones = int(_of_class_1(y).sum())
    return len(y) - ones, ones


def _pair(first: npt.ArrayLike, second: npt.ArrayLike, names: str) -> tuple[Array, Array]:
    brier = divergence("brier")
    a, b = brier.conform(first), brier.conform(second)
    check_same_shape(a, b, names)
    return a, b


def _interval(value: float, se: float, n: int, quantile: float) -> Estimate:
    return Estimate(value, se, value - quantile * se, value + quantile * se, n)
