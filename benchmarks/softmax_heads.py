"""Softmax heads: `logistic` on all label sets in one call beside scikit-learn's LogisticRegression on each, to one objective.

    .venv/bin/python benchmarks/softmax_heads.py [--examples 10000] [--width 768] [--classes 2 20] [--sets 6] [--penalty 0.01]

Features have the decaying spectrum of frozen activations, label sets are drawn from softmax teachers of their own, one
class an example, since LogisticRegression takes no soft labels. It gets the standardised features ready-made and is run
with each of --solvers, `tol` set as strictly as it allows; the fastest solver whose objectives agree with ours to 1e-8
counts. Where its gradient norm is larger than ours, the ratio is a lower bound of the one at equal norms. Times of `logistic`
hold everything: standardising, the shared eigendecomposition and the certificate. Both use --threads threads. The C of
LogisticRegression that gives the same objective is 1/(n·penalty), twice that for two classes, where it penalises the one
column u = w₁ − w₀ and ‖W‖² = ‖u‖²/2.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits
from w2s_probes.logistic import Logistic
from w2s_probes.softmax_head import SoftmaxHead
from w2s_probes.standardise import standard_of

from w2s_bench.contracts import Classes, FitContext, FitProblem, Labels

Array = npt.NDArray[np.float64]
TOLERANCE = 1e-8
"""`tol` of the solvers: on the largest entry of the gradient."""

SAME = 1e-8
"""Nats by which objectives may differ."""


def features_of(n: int, width: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """(n, width): singular values fall as j^−0.7, in a random rotation."""
    turn = np.linalg.qr(rng.normal(size=(width, width)))[0]
    return np.asarray(rng.normal(size=(n, width)) * np.arange(1, width + 1) ** -0.7 @ turn, dtype=np.float32)


def classes_of(z: Array, k: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """(n,) classes drawn from a random softmax head on z."""
    logits = z @ rng.normal(0.0, 0.15, (z.shape[1], k))
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray((p.cumsum(axis=1) < rng.random((len(z), 1)) * p.sum(axis=1, keepdims=True)).sum(axis=1))


def certificate(z: Array, truth: Array, weight: Array, intercept: Array, penalty: float) -> tuple[float, float]:
    """Objective in nats and Euclidean gradient norm of one head, both on z, whoever fitted it."""
    logits = z @ weight + intercept
    top = logits.max(axis=1, keepdims=True)
    log_p = logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
    missing = (np.exp(log_p) - truth) / len(z)
    slope = z.T @ missing + penalty * weight
    value = -(truth * log_p).sum() / len(z) + 0.5 * penalty * (weight**2).sum()
    return float(value), float(np.sqrt((slope**2).sum() + (missing.sum(axis=0) ** 2).sum()))


def by_sklearn(z: Array, classes: npt.NDArray[np.int64], k: int, penalty: float, solver: str) -> tuple[Array, Array, float]:
    """Weight, intercept and seconds of one fit."""
    c = (2.0 if k == 2 else 1.0) / (penalty * len(z))
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        head = LogisticRegression(C=c, solver=solver, tol=TOLERANCE, max_iter=3000).fit(z, classes)
    seconds = time.perf_counter() - began
    weight, intercept = head.coef_.T, head.intercept_
    if k == 2:
        return np.column_stack([-weight, weight]) / 2, np.array([-intercept[0], intercept[0]]) / 2, seconds
    return weight - weight.mean(axis=1, keepdims=True), intercept, seconds


def compare(x: npt.NDArray[np.float32], k: int, sets: int, penalty: float, tolerance: float,
            solvers: list[str]) -> None:
    """Print one block: `logistic`, each solver, and the ratio to the best of them."""
    z = standard_of(x)(x)
    label_sets = [classes_of(z, k, np.random.default_rng(100 + each)) for each in range(sets)]
    truths = [np.eye(k)[classes] for classes in label_sets]
    problems = [FitProblem(x, Labels(truth, "weak"), FitContext(each, Classes(k)), "x") for each, truth in enumerate(truths)]
    began = time.perf_counter()
    fitted = Logistic(penalty, tolerance).fit_many(problems)
    ours = time.perf_counter() - began
    heads = [head for head in fitted if isinstance(head, SoftmaxHead)]
    found = [certificate(z, truth, head.weight, head.intercept, penalty) for truth, head in zip(truths, heads, strict=True)]
    worst = max(norm for _, norm in found)
    print(f"\n{k} classes, {len(z)} × {z.shape[1]}, {sets} label sets, penalty {penalty:g}")
    print(f"  logistic   {ours:8.2f} s   gradient norm ≤ {worst:.1e}", flush=True)
    comparable = {}
    for solver in solvers:
        fits = [by_sklearn(z, classes, k, penalty, solver) for classes in label_sets]
        theirs = [certificate(z, truth, *fit[:2], penalty) for truth, fit in zip(truths, fits, strict=True)]
        seconds, norm = sum(fit[2] for fit in fits), max(norm for _, norm in theirs)
        apart = max(abs(a - b) for (a, _), (b, _) in zip(theirs, found, strict=True))
        comparable |= {solver: seconds} if apart <= SAME else {}
        print(f"  {solver:10s} {seconds:8.2f} s   gradient norm ≤ {norm:.1e}   objectives within {apart:.1e}", flush=True)
    if comparable:
        best = min(comparable, key=comparable.__getitem__)
        print(f"  ratio      {comparable[best] / ours:8.1f} × faster than {best}")


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--classes", type=int, nargs="+", default=[2, 20])
    parser.add_argument("--sets", type=int, default=6)
    parser.add_argument("--penalty", type=float, default=1e-2)
    parser.add_argument("--tolerance", type=float, default=1e-8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--solvers", nargs="+", default=["newton-cg", "lbfgs"])
    given = parser.parse_args()
    x = features_of(given.examples, given.width, np.random.default_rng(0))
    with threadpool_limits(given.threads):
        for k in given.classes:
            compare(x, k, given.sets, given.penalty, given.tolerance, given.solvers)


if __name__ == "__main__":
    main()
