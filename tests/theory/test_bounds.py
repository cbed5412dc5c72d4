"""Every bound on problems where its assumptions hold by construction, and the rows that it is written as."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from made_samples import Case, bounds, made_sample, met
from w2s_theory.generalization import excess_risk

from w2s_bench.scoring.samples import residue
from w2s_bench.scoring.verdict import BoundRow

FACTS = Case()


def by_name(rows: list[BoundRow]) -> dict[str, BoundRow]:
    return {row.bound: row for row in rows}


def convex_problems(
    seed: int, count: int, n: int = 6, r: int = 3, ball: bool = True
) -> dict[str, np.ndarray]:
    """`count` problems on n points: heads on r orthonormal columns, the first constant, the rest in a ball
    or free.

    Each value (count, n): y anything, weak anything, student the exact projection, g and loose in the class.
    """
    rng = np.random.default_rng(seed)
    columns = rng.standard_normal((count, n, r))
    columns[:, :, 0] = 1.0
    basis = np.linalg.qr(columns)[0]
    scale = 10.0 ** rng.uniform(-1.5, 1.5, (4, count, 1))
    weak = scale[0] * rng.standard_normal((count, n)) + rng.standard_normal((count, 1))
    radius = scale[1] if ball else np.full((count, 1), np.inf)

    def into_class(head: np.ndarray) -> np.ndarray:
        norm = np.linalg.norm(head[:, 1:], axis=1, keepdims=True)
        head[:, 1:] *= np.minimum(1.0, radius / norm)
        return np.einsum("pnr,pr->pn", basis, head)

    student = into_class(np.einsum("pnr,pn->pr", basis, weak))
    g = into_class(scale[2] * rng.standard_normal((count, r)))
    loose = into_class(scale[2] * rng.standard_normal((count, r)))
    y = g + scale[3] * rng.standard_normal((count, n))
    return {"y": y, "weak": weak, "student": student, "g": g, "loose": loose}


def mean_square(v: np.ndarray) -> np.ndarray:
    return (v**2).mean(axis=1)


def sides_in_bulk(p: dict[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """lhs and rhs of three bounds for all problems at once, each (count,)."""
    y, w, s, c = p["y"], p["weak"], p["student"], p["weak"].mean(axis=1, keepdims=True)
    err_w, err_s, m, eps = (mean_square(v) for v in (y - w, y - s, s - w, y - p["g"]))
    reach = np.sqrt(np.maximum((np.sqrt(err_w) + np.sqrt(eps)) ** 2 - m, 0.0))
    low = np.sqrt(mean_square(y - (w + c) / 2.0)) - np.sqrt(mean_square(w - c)) / 2.0
    return {
        "theorem2-explicit": (err_s, err_w - m + 2.0 * np.sqrt(m * eps)),
        "theorem2-triangle": (err_s, (np.sqrt(eps) + reach) ** 2),
        "lower-ball": (np.maximum(low, 0.0) ** 2, err_s),
    }


@pytest.mark.parametrize("ball", [True, False])
def test_squared_bounds_are_never_violated_in_100_000_convex_problems(ball: bool) -> None:
    found = sides_in_bulk(convex_problems(1, 100_000, ball=ball))
    for name, (lhs, rhs) in found.items():
        assert (rhs - lhs >= -1e-9 * (1.0 + np.abs(rhs) + np.abs(lhs))).all(), name
    explicit, triangle = found["theorem2-explicit"][1], found["theorem2-triangle"][1]
    assert (triangle - explicit >= -1e-9 * (1.0 + triangle)).all()


@pytest.mark.slow
@pytest.mark.parametrize("ball", [True, False])
def test_rows_are_the_bulk_formulas_and_hold_with_every_assumption(ball: bool) -> None:
    p = convex_problems(2, 2000, ball=ball)
    bulk = sides_in_bulk(p)
    facts = dataclasses.replace(FACTS, subspace=not ball)
    for i in range(2000):
        y, w, s, g = (p[name][i] for name in ("y", "weak", "student", "g"))
        rows = by_name(bounds(y, w, s, g, facts))
        for name, (lhs, rhs) in bulk.items():
            assert rows[name].lhs == pytest.approx(lhs[i], rel=1e-9, abs=1e-9)
            assert rows[name].rhs == pytest.approx(rhs[i], rel=1e-9, abs=1e-9)
        assert all(met(row) for row in rows.values() if row.all_assumptions)
        assert ("theorem2-two-sided" in rows) is not ball
        realizable = dataclasses.replace(facts, truth_in_class=True)
        assert by_name(bounds(g, w, s, g, realizable))["theorem1"].verdict == "holds"


@pytest.mark.slow
def test_inexact_holds_for_any_member_of_the_class() -> None:
    p = convex_problems(3, 1500)
    misfit, least = mean_square(p["loose"] - p["weak"]), mean_square(p["student"] - p["weak"])
    for i in range(1500):
        facts = dataclasses.replace(FACTS, exact_projection=False, delta=float(misfit[i] - least[i]))
        rows = by_name(bounds(p["y"][i], p["weak"][i], p["loose"][i], p["g"][i], facts))
        assert met(rows["inexact"])
        assert not rows["theorem2-explicit"].all_assumptions


def tilted(rng: np.random.Generator, n: int, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """weak, student, and two members of the class {f : E<f, c> ≥ τ}, whose KL projections are exponential
    tilts."""
    weak, cost = rng.dirichlet(np.ones(k), size=n), rng.standard_normal((n, k))
    student = weak * np.exp(rng.uniform(0.1, 3.0) * cost)
    student /= student.sum(axis=1, keepdims=True)
    least = (student * cost).sum()
    best = np.eye(k)[cost.argmax(axis=1)]

    def member() -> np.ndarray:
        f = rng.dirichlet(np.full(k, 0.5), size=n)
        reached, most = (f * cost).sum(), (best * cost).sum()
        share = max(0.0, (least - reached) / (most - reached))
        return (1.0 - share) * f + share * best

    return weak, student, member(), member()


# The tilted student is the projection before probabilities are clipped; clipping moves slack by some 1e-6.
CLIPPING = 1e-5


@pytest.mark.slow
def test_kl_and_disagreement_bounds_hold_where_assumed() -> None:
    rng = np.random.default_rng(4)
    facts = dataclasses.replace(FACTS, divergence="kl", convex_in="probabilities", truth_in_class=True)
    for _ in range(1500):
        n, k = int(rng.integers(2, 9)), int(rng.integers(2, 5))
        weak, student, truth, g = tilted(rng, n, k)
        assert by_name(bounds(truth, weak, student, g, facts))["kl-realizable"].slack >= -CLIPPING
        hard = np.eye(k)[rng.integers(k, size=n)]
        rows = by_name(bounds(hard, weak, student, g, dataclasses.replace(facts, truth_in_class=False)))
        assert rows["kl-explicit"].slack >= -CLIPPING and rows["disagreement-01"].verdict == "holds"
        free = by_name(bounds(hard, weak, truth, g, dataclasses.replace(facts, divergence="brier")))
        assert free["disagreement-brier"].verdict == free["disagreement-01"].verdict == "holds"


def test_kl_dual_is_an_equality_for_softmax_linear_heads() -> None:
    rng = np.random.default_rng(5)
    facts = dataclasses.replace(
        FACTS, divergence="kl", convex_in="logits", truth_in_class=True, known_truth=True, subspace=True
    )
    for _ in range(200):
        design = np.column_stack([np.ones(12), rng.standard_normal((12, 2))])
        logits = [design @ rng.standard_normal((3, 3)) * 0.5 for _ in range(2)]
        student, truth = (np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) for z in logits)
        noise = rng.standard_normal((12, 3))
        noise -= noise.mean(axis=1, keepdims=True)
        noise -= design @ np.linalg.lstsq(design, noise, rcond=None)[0]
        weak = student + 0.5 * student.min() / np.abs(noise).max() * noise
        row = by_name(bounds(truth, weak, student, truth, facts))["kl-dual"]
        assert row.verdict == "holds" and row.all_assumptions
    off = by_name(bounds(truth, weak, truth * 0.5 + 0.5 / 3.0, truth, facts))["kl-dual"]
    assert off.verdict == "violated"


def test_rows_of_a_worked_example() -> None:
    rows = by_name(bounds([0.0, 2.0], [2.0, 2.0], [1.0, 1.0], [0.0, 1.0], FACTS))
    assert (rows["theorem1"].lhs, rows["theorem1"].rhs, rows["theorem1"].slack) == (1.0, 1.0, 0.0)
    assert rows["theorem2-explicit"].rhs == pytest.approx(1.0 + 2.0 * np.sqrt(0.5))
    assert rows["theorem2-explicit"].lhs == 1.0 and rows["theorem2-explicit"].tightness is None
    assert rows["theorem1"].fails == ("truth_in_class",) and rows["theorem1"].assumes == ("convex", "exact_projection")


def test_negative_slack_is_not_clipped_and_is_violated() -> None:
    facts = dataclasses.replace(FACTS, truth_in_class=True)
    row = by_name(bounds([0.0, 0.0], [0.0, 0.0], [3.0, 3.0], [0.0, 0.0], facts))["theorem1"]
    assert (row.slack, row.verdict, row.tightness) == (-18.0, "violated", None)


def test_a_sampled_slack_has_the_paired_standard_error() -> None:
    rng = np.random.default_rng(6)
    y, w, s, g = rng.standard_normal((4, 80))
    row = by_name(bounds(y, w, s, g, dataclasses.replace(FACTS, deterministic=False)))["theorem1"]
    per_example = (y - w) ** 2 - (y - s) ** 2 - (s - w) ** 2
    assert row.slack_se == pytest.approx(per_example.std(ddof=1) / np.sqrt(80), rel=1e-6)
    assert row.slack_low < row.slack < row.slack_high


def test_student_equal_to_teacher_leaves_no_nan() -> None:
    rng = np.random.default_rng(7)
    y, w, g = rng.standard_normal((3, 80))
    for row in bounds(y, w, w, g, dataclasses.replace(FACTS, deterministic=False, split="test")):
        assert np.isfinite([row.slack, row.slack_se, row.slack_low, row.slack_high]).all(), row.bound


def test_theorem2_hp_scales_with_the_label_range_and_is_vacuous_for_small_samples() -> None:
    facts = dataclasses.replace(
        FACTS, split="test", n_transfer=100, sum_squared_features=100.0, label_range=2.0
    )
    excess = excess_risk(facts.facts)
    assert excess == pytest.approx(4.0 * (0.5 * 10.0 / 100.0 + 0.05) + np.sqrt(2.0 * np.log(40.0) / 100.0))
    rows = by_name(bounds([0.0, 2.0], [2.0, 2.0], [1.0, 1.0], [0.0, 1.0], facts))
    assert rows["theorem2-hp"].rhs - rows["theorem2-explicit"].rhs == pytest.approx(8.0 * np.sqrt(excess))
    assert rows["theorem2-hp"].vacuous
    assert "theorem2-hp" not in by_name(bounds([0.0], [1.0], [1.0], [0.0], FACTS))


@pytest.mark.parametrize("unit", [1e-6, 1e-3, 1e3, 1e6])
def test_verdicts_and_the_ledger_do_not_depend_on_the_unit_of_the_labels(unit: float) -> None:
    random = np.random.default_rng(3)
    design = np.column_stack([np.ones(60), random.normal(size=(60, 4))])
    project = design @ np.linalg.pinv(design)
    y = design @ random.normal(size=(5, 1)) + 1e-6 * random.normal(size=(60, 1))
    weak = y + random.normal(size=(60, 1))

    def rows(scale: float) -> list[tuple[str, str, bool]]:
        truth, f_w = scale * (y + 100.0), scale * (weak + 100.0)
        student, ceiling = project @ f_w, project @ truth
        facts = Case(subspace=True, head_norm=None, sum_squared_features=None)
        entries = made_sample(truth, f_w, student, ceiling)
        assert residue(entries) <= 1e-9 * float(entries.err_weak.mean())
        assert entries.gain.mean() == pytest.approx((entries.err_weak - entries.err_student).mean(), rel=1e-9)
        return [(b.bound, b.verdict, b.exceeded, b.vacuous) for b in bounds(truth, f_w, student, ceiling, facts)]

    assert rows(unit) == rows(1.0)
    assert "holds" in {row[1] for row in rows(unit)} and not any(row[2] for row in rows(unit) if row[1] != "no statement")


def test_a_class_of_constants_alone_is_a_class() -> None:
    from w2s_bench.scoring.linear_class import LinearClass

    nothing = np.zeros((5, 0))
    heads = LinearClass.of(nothing)
    assert heads.smallest_misfit(np.arange(5.0)) == pytest.approx(2.0)
    assert heads.contains(np.full(5, 3.0)) and not heads.contains(np.arange(5.0)) and not heads.spans_sample
