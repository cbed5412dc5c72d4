"""Every bound that applies to a row, with its tightness: the table "Bounds and their tightness" of the
scoring reference."""

from __future__ import annotations

import numpy.typing as npt

from w2s_bench.contracts.errors import W2SError
from w2s_bench.scoring.bounds_disagreement import disagreement_01, disagreement_brier
from w2s_bench.scoring.bounds_kl import kl_bounds
from w2s_bench.scoring.bounds_quadratic import quadratic_bounds
from w2s_bench.scoring.divergence import divergence
from w2s_bench.scoring.facts import Facts
from w2s_bench.scoring.ledger import ledger
from w2s_bench.scoring.verdict import Assumptions, Bound

__all__ = ["Assumptions", "Bound", "Facts", "bounds"]


def bounds(
    truth: npt.ArrayLike,
    weak: npt.ArrayLike,
    student: npt.ArrayLike,
    reference: npt.ArrayLike,
    facts: Facts,
) -> list[Bound]:
    """The bounds of one sample, in the order of the table; a bound whose inputs are unknown gives no row.

    truth, weak, student, reference: (n, k) or (n,), y, f_w, f_sw and g. Raises W2SError for a split or a
    divergence that does not exist, ShapeError and DomainError as `ledger`.
    """
    if facts.split not in ("train", "test"):
        raise W2SError(f"no split is called '{facts.split}'", hint="train or test")
    loss = divergence(facts.divergence)
    y, f_w, f_sw, g = (loss.conform(v) for v in (truth, weak, student, reference))
    terms = ledger(y, f_w, f_sw, g, loss)
    rows: list[Bound] = []
    if loss.name == "kl":
        rows += kl_bounds(y, f_w, f_sw, terms, facts)
    else:
        rows += quadratic_bounds(y, f_w, f_sw, g, terms, loss, facts)
    if loss.name == "brier":
        rows.append(disagreement_brier(terms, facts))
    if loss.name in ("brier", "kl"):
        rows.append(disagreement_01(y, f_w, f_sw, facts))
    return rows
