"""`brier` and `kl` bounds on random problems whose assumptions hold by construction: 300,000 of them, none violated.

A class is the hull of a few predictors and the student its exact projection of the teacher, or the class is that of
softmax heads and the teacher's labels have the student's moments. Probabilities go down to 1e-12 and to exactly 0 and 1,
and predictors come as near to each other as float64 tells apart. For `kl` members are clipped before they are mixed, for
the values that are scored are then mixtures themselves.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pytest
from made_samples import Case, bounds, divergence, made_sample, met

from w2s_bench.scoring.mixture_class import mixture_gap

FACTS = Case(divergence="brier", convex_in="probabilities", truth_in_class=True, contains_constant=False, n_transfer=12,
             head_norm=None, sum_squared_features=None)

SHAPES = [(n, 2 + n % 4) for n in range(1, 13)]
KINDS = ("brier-realizable", "brier-hard", "brier-any", "kl-realizable", "kl-hard", "kl-dual")

TERMS = ("err_weak", "err_student", "err_reference", "gain", "misfit", "misfit_reverse", "projection", "realizability")

IN_BULK, AS_ROWS, ALL_AS_ROWS = 4200, 250, 1400
"""Problems of one kind and shape; there are 72 kinds and shapes."""


@dataclass(frozen=True)
class Problems:
    """truth, weak, student, g: (p, n, k), one problem a row; delta: (p,), up to what the student is certified."""

    truth: np.ndarray
    weak: np.ndarray
    student: np.ndarray
    g: np.ndarray
    delta: np.ndarray
    facts: Case

    def of(self, i: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The i-th problem's arrays as `bounds` and `ledger` take them."""
        return self.truth[i], self.weak[i], self.student[i], self.g[i]

    def only(self, kept: np.ndarray) -> Problems:
        """Those that are exact: where members depend on each other up to rounding, pinv may not find the projection."""
        return Problems(*(v[kept] for v in (self.truth, self.weak, self.student, self.g, self.delta)), self.facts)

    def facts_of(self, i: int) -> Case:
        return dataclasses.replace(self.facts, delta=float(self.delta[i]))


def problems(kind: str, p: int) -> Iterator[Problems]:
    """p problems of every shape."""
    for n, k in SHAPES:
        rng = np.random.default_rng([KINDS.index(kind), n, k])
        if kind == "kl-dual":
            yield softmax_heads(rng, p, n, k)
        elif kind == "brier-any":
            first = distributions(rng, p, n, k)
            others = [nearby(rng, first, distributions(rng, p, n, k)) for _ in range(3)]
            facts = dataclasses.replace(FACTS, convex_in=None, exact=False, exact_projection=False, truth_in_class=False)
            yield Problems(first, *others, np.zeros(p), facts)
        else:
            yield in_hull(kind, rng, p, n, k)


def distributions(rng: np.random.Generator, p: int, n: int, k: int) -> np.ndarray:
    """(p, n, k): spread out, peaked, with entries of 1e-12, or exactly one-hot, problem by problem."""
    spread = 10.0 ** rng.uniform(-1.5, 1.0, (p, 1, 1))
    rows = rng.standard_gamma(np.broadcast_to(spread, (p, n, k))) + 1e-300
    rows /= rows.sum(axis=2, keepdims=True)
    hard = one_hot(rng, p, n, k)
    tiny = np.where(hard == 1.0, 1.0 - 1e-12 * (k - 1), 1e-12)
    kind = rng.integers(8, size=(p, 1, 1))
    return np.where(kind == 0, hard, np.where(kind == 1, tiny, rows))


def one_hot(rng: np.random.Generator, p: int, n: int, k: int) -> np.ndarray:
    return np.eye(k)[rng.integers(k, size=(p, n))]


def nearby(rng: np.random.Generator, centre: np.ndarray, other: np.ndarray) -> np.ndarray:
    """`other`, in every third problem moved to within 1e-13 to 1e-1 of `centre`."""
    step = np.where(rng.integers(3, size=(len(centre), 1, 1)) == 0, 10.0 ** rng.uniform(-13, -1, (len(centre), 1, 1)), 1.0)
    return (1.0 - step) * centre + step * other


def in_hull(kind: str, rng: np.random.Generator, p: int, n: int, k: int) -> Problems:
    """Truth, or hard labels beside which every fourth problem has all its predictors, and a hull of 3 or 2 members."""
    loss = kind.split("-")[0]
    hard = one_hot(rng, p, n, k)
    away = np.where(rng.integers(4, size=(p, 1, 1)) == 0, 10.0 ** rng.uniform(-13, -1, (p, 1, 1)), 1.0)
    first, *others = (distributions(rng, p, n, k) for _ in range(4 if loss == "brier" else 3))
    drawn = [first, *(nearby(rng, first, other) for other in others)]
    *h, weak = (conform(loss, (1.0 - away) * hard + away * f) for f in drawn)
    hull = np.stack(h)
    student = nearest_mixture(hull, weak) if loss == "brier" else nearest_in_kl(hull, weak)
    shares = rng.dirichlet(np.full(len(hull), 0.4), size=(2, p))
    realizable = kind.endswith("realizable")
    truth = mix(shares[1], hull) if realizable else hard
    gap = frank_wolfe_gap(hull, student, weak, loss)
    facts = dataclasses.replace(FACTS, divergence=loss, truth_in_class=realizable)
    found = Problems(truth, weak, student, mix(shares[0], hull), gap if loss == "kl" else np.zeros(p), facts)
    return found.only(gap <= 1e-15 + 1e-10 * ((student - weak) ** 2).sum(axis=(1, 2))) if loss == "brier" else found


def conform(loss: str, values: np.ndarray) -> np.ndarray:
    return divergence(loss).conform(values.reshape(-1, values.shape[-1])).reshape(values.shape)


def mix(shares: np.ndarray, h: np.ndarray) -> np.ndarray:
    """shares: (p, m); h: (m, p, n, k)."""
    return np.einsum("pm,mpnk->pnk", shares, h)


def nearest_mixture(h: np.ndarray, weak: np.ndarray) -> np.ndarray:
    """The Euclidean projection of weak (p, n, k) on the hull of h (m, p, n, k), exactly: the best among the projections on
    the affine hulls of all sets of members that are mixtures."""
    best, least = h[0].copy(), np.full(len(weak), np.inf)
    for size in range(1, len(h) + 1):
        for chosen in map(list, combinations(range(len(h)), size)):
            shares, point = affine_projection(h[chosen], weak)
            distance = ((point - weak) ** 2).sum(axis=(1, 2))
            better = (shares >= 0.0).all(axis=1) & (distance < least)
            best[better], least[better] = point[better], distance[better]
    return best


def affine_projection(h: np.ndarray, weak: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares (p, m) and point (p, n, k) of the affine hull of h nearest to weak."""
    if len(h) == 1:
        return np.ones((len(weak), 1)), h[0]
    edges = (h[1:] - h[0]).reshape(len(h) - 1, len(weak), -1).transpose(1, 2, 0)
    free = (np.linalg.pinv(edges) @ (weak - h[0]).reshape(len(weak), -1, 1))[..., 0]
    return np.column_stack([1.0 - free.sum(axis=1), free]), h[0] + (edges @ free[..., None])[..., 0].reshape(weak.shape)


def nearest_in_kl(h: np.ndarray, weak: np.ndarray) -> np.ndarray:
    """argmin KL(f ‖ weak) over the segment between two members, by bisection of its derivative to the last bit."""
    low, high = np.zeros((len(weak), 1, 1)), np.ones((len(weak), 1, 1))
    edge, log_weak = h[1] - h[0], np.log(weak)
    for _ in range(54):
        t = (low + high) / 2.0
        rising = (edge * (np.log(h[0] + t * edge) - log_weak)).sum(axis=(1, 2), keepdims=True) > 0.0
        low, high = np.where(rising, low, t), np.where(rising, t, high)
    t = (low + high) / 2.0
    return (1.0 - t) * h[0] + t * h[1]


def frank_wolfe_gap(h: np.ndarray, student: np.ndarray, weak: np.ndarray, loss: str) -> np.ndarray:
    """The most that a step from the student to a member promises to lower the misfit, (p,); `mixture_gap` for `kl`."""
    gradient = np.log(student) - np.log(weak) if loss == "kl" else 2.0 * (student - weak)
    return np.maximum((gradient * (student - h)).sum(axis=3).mean(axis=2).max(axis=0), 0.0)


def softmax_heads(rng: np.random.Generator, p: int, n: int, k: int) -> Problems:
    """Weak labels whose moments on the design are those of the student, which is what the best head satisfies."""
    r = min(2, n - 1)
    design = np.concatenate([np.ones((p, n, 1)), rng.standard_normal((p, n, r))], axis=2)
    scale = 10.0 ** rng.uniform(-2.0, 0.3, (2, p, 1, 1))
    student, truth = (softmax(design @ (s * rng.standard_normal((p, 1 + r, k)))) for s in scale)
    noise = rng.standard_normal((p, n, k))
    noise -= noise.mean(axis=2, keepdims=True)
    basis = np.linalg.qr(design)[0]
    for _ in range(2):
        noise -= basis @ (basis.transpose(0, 2, 1) @ noise)
    reach = 0.9 * student.min(axis=(1, 2), keepdims=True) / np.maximum(np.abs(noise).max(axis=(1, 2), keepdims=True), 1e-3)
    weak = student + rng.uniform(0.0, 1.0, (p, 1, 1)) * reach * noise
    facts = dataclasses.replace(FACTS, divergence="kl", convex_in="logits", known_truth=True, subspace=True)
    return Problems(truth, weak, student, truth, np.zeros(p), facts)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Of logits (p, n, k), scaled down problem by problem to a range of 12 so that no probability is clipped."""
    z = logits * np.minimum(1.0, 12.0 / np.ptp(logits, axis=(1, 2), keepdims=True))
    f = np.exp(z - z.max(axis=2, keepdims=True))
    return f / f.sum(axis=2, keepdims=True)


def sides_in_bulk(q: Problems, means: dict[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """lhs and rhs, each (p,), of the bounds whose assumptions hold for these problems, written once more from scoring.md."""
    err_w, err_s, m, eps = (means[name] for name in ("err_weak", "err_student", "misfit", "err_reference"))
    right, of_weak, of_student = (v.argmax(axis=2) for v in (q.truth, q.weak, q.student))
    changed = (of_student != right).mean(axis=1) - (of_weak != right).mean(axis=1)
    found = {"disagreement-01": (np.abs(changed), (of_weak != of_student).mean(axis=1))}
    if q.facts.divergence == "brier":
        found["disagreement-brier"] = (np.abs(np.sqrt(err_s) - np.sqrt(err_w)), np.sqrt(m))
        if q.facts.exact_projection:
            found["theorem2-explicit"] = (err_s, err_w - m + 2.0 * np.sqrt(m * eps))
        if q.facts.truth_in_class:
            found["theorem1"] = (err_s, err_w - m)
    elif q.facts.convex_in == "probabilities":
        log_ratio = np.log(conform("kl", q.student)) - np.log(conform("kl", q.weak))
        squared_osc = (np.ptp(log_ratio, axis=2) ** 2).mean(axis=1)
        found["kl-explicit"] = (m - np.sqrt(0.5 * np.maximum(eps, 0.0) * squared_osc), err_w - err_s)
        if q.facts.truth_in_class:
            found["kl-realizable"] = (m, err_w - err_s)
    else:
        kl = divergence("kl")
        y = kl.conform(flat(q.truth))
        kl_w_y, kl_s_y = (bulk_mean(q, kl.between(kl.conform(flat(a)), y)) for a in (q.weak, q.student))
        found["kl-dual"] = (means["misfit_reverse"], kl_w_y - kl_s_y)
    return found


def ledger_in_bulk(q: Problems) -> dict[str, np.ndarray]:
    """The means of every term of the ledger, (p,) each, from one call for all problems."""
    parts = made_sample(*(flat(v) for v in (q.truth, q.weak, q.student, q.g)), q.facts.divergence)
    return {name: bulk_mean(q, getattr(parts, name)) for name in TERMS}


def flat(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, values.shape[-1])


def bulk_mean(q: Problems, per_example: np.ndarray) -> np.ndarray:
    return per_example.reshape(q.truth.shape[:2]).mean(axis=1)


@pytest.mark.parametrize("kind", KINDS)
def test_no_bound_is_violated_and_every_gain_splits_in_over_50_000_problems_of_each_kind(kind: str) -> None:
    count = 0
    for q in problems(kind, IN_BULK):
        means = ledger_in_bulk(q)
        residue = np.abs(means["gain"] - means["misfit"] - means["projection"] - means["realizability"])
        assert (residue <= 1e-9 * (1.0 + np.abs(means["gain"]))).all()
        assert q.delta.max() <= 1e-8
        rounding = 1e-9 * (means["err_weak"] + means["err_student"] + np.abs(means["misfit"])) + 1e-14 + q.delta
        for name, (lhs, rhs) in sides_in_bulk(q, means).items():
            assert (rhs - lhs >= -rounding).all(), name
            if name == "kl-dual":
                assert (rhs - lhs <= rounding).all()
        count += len(q.truth)
    assert count > 50_000


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_the_bulk_formulas_and_hold_with_every_assumption(kind: str) -> None:
    for q in problems(kind, AS_ROWS):
        bulk = sides_in_bulk(q, ledger_in_bulk(q))
        for i in range(len(q.truth)):
            rows = {row.bound: row for row in bounds(*q.of(i), q.facts_of(i))}
            assert all(met(row) for row in rows.values() if row.all_assumptions)
            assert {name for name, row in rows.items() if row.all_assumptions} - {"inexact"} == set(bulk)
            for name, (lhs, rhs) in bulk.items():
                assert rows[name].lhs == pytest.approx(lhs[i], rel=1e-9, abs=1e-12)
                assert rows[name].rhs == pytest.approx(rhs[i], rel=1e-9, abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_no_row_of_100_000_problems_is_violated(kind: str) -> None:
    count = 0
    for q in problems(kind, ALL_AS_ROWS):
        for i in range(len(q.truth)):
            rows = bounds(*q.of(i), q.facts_of(i))
            assert all(met(row) for row in rows if row.all_assumptions)
            count += 1
    assert count > 16_700


@pytest.mark.slow
def test_a_mixture_that_is_no_projection_misses_the_law_by_its_gap_at_most() -> None:
    rng = np.random.default_rng(20)
    beyond = 0
    for _ in range(600):
        n, k = int(rng.integers(1, 13)), int(rng.integers(2, 6))
        h = conform("kl", np.stack([distributions(rng, 1, n, k)[0] for _ in range(4)]))
        weak = conform("kl", distributions(rng, 1, n, k)[0])
        student, truth = (np.einsum("m,mnk->nk", rng.dirichlet(np.full(4, 0.5)), h) for _ in range(2))
        gap = mixture_gap(h, student, weak)
        parts = made_sample(truth, weak, student, truth, "kl")
        assert parts.projection.mean() >= -gap - 1e-9
        facts = dataclasses.replace(FACTS, divergence="kl", delta=gap)
        assert all(row.verdict == "holds" for row in bounds(truth, weak, student, truth, facts))
        beyond += parts.gain.mean() < parts.misfit.mean() - 1e-6
    assert beyond > 50


def test_a_student_that_overshoots_the_projection_is_caught() -> None:
    h = np.array([[[0.2, 0.8]], [[0.8, 0.2]]])
    weak, truth = np.array([[0.1, 0.9]]), np.array([[0.2, 0.8]])
    facts = dataclasses.replace(FACTS, divergence="kl")
    rows = {row.bound: row for row in bounds(truth, weak, h[1], truth, facts)}
    assert rows["kl-realizable"].verdict == "violated"
    rows = {row.bound: row for row in bounds(truth, weak, h[1], truth, dataclasses.replace(facts, divergence="brier"))}
    assert rows["theorem1"].verdict == rows["theorem2-explicit"].verdict == "violated"


def test_kl_dual_is_claimed_of_the_whole_class_and_of_a_student_that_the_clip_leaves_alone() -> None:
    rng = np.random.default_rng(21)
    q = softmax_heads(rng, 1, 6, 3)

    def claimed(student: np.ndarray, facts: Case) -> bool:
        return {row.bound: row for row in bounds(q.truth[0], q.weak[0], student, q.g[0], facts)}["kl-dual"].all_assumptions

    assert claimed(q.student[0], q.facts)
    assert not claimed(q.student[0], dataclasses.replace(q.facts, subspace=False))
    assert not claimed(np.eye(3)[[0, 1, 2, 0, 1, 2]], q.facts)
