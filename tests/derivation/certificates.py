"""What predictions say of the certificates in facts.parquet (docs/scoring.md, "Certificates" and "What a run keeps").

δ itself wants the features, which no run keeps: it can be too small in ways that this does not see. But it is never below what
the members of the class that are known say, since none of them may be nearer to the weak labels than the least misfit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from derivation.divergences import Ledger
from derivation.run_files import SPLITS, Array, Cell

EXACT = 1e-9


def doubts(cell: Cell, ledgers: Mapping[str, Ledger]) -> Iterator[str]:
    """Sentences on certificates that cannot be."""
    truth = cell.answers["train"].truth
    for split in SPLITS:
        facts, ledger = cell.facts[split], ledgers[split]
        expected = {"deterministic": split == "train", "n_transfer": len(truth)}
        for name, value in expected.items():
            if facts[name] != value:
                yield f"{name} is certified as {facts[name]} on {split}, and it is {value}"
        if abs(facts["label_range"] - float(np.ptp(truth))) > 1e-12 * float(np.ptp(truth)):
            yield f"label_range is certified as {facts['label_range']:.6g}, and labels range over {float(np.ptp(truth)):.6g}"
        yield from (f"on {split} {sentence}" for sentence in _of_projection(ledger, facts))
    for name in OF_THE_CLASS:
        if cell.facts["test"][name] != cell.facts["train"][name]:
            yield f"{name} is certified differently on the two samples"


OF_THE_CLASS = ("convex_in", "exact", "subspace", "independent_transfer", "contains_constant", "n_transfer", "head_norm",
                "sum_squared_features", "label_range", "known_truth", "norm_bounded", "outputs_in_range")
"""Facts that are about the fit, and the same on both samples."""


def _of_projection(ledger: Ledger, facts: Mapping[str, Any]) -> Iterator[str]:
    delta = facts["delta"]
    if delta is None:
        if facts["exact_projection"] or facts["reference_in_class"] or facts["truth_in_class"]:
            yield "something is certified of a class of which no δ is known"
        return
    size = _size(ledger, facts)
    if facts["exact_projection"] and not abs(delta) <= EXACT * size:
        yield f"an exact projection is certified with δ = {delta:.3g}"
    least = nearest_member(ledger, facts)
    if delta < least - EXACT * size - facts["delta_rounding"]:
        yield f"δ is certified as {delta:.6g}, and a member of the class is nearer to the weak labels by {least:.6g}"


def _size(ledger: Ledger, facts: Mapping[str, Any]) -> float:
    """Beside what δ is rounding: misfit and variance of the weak labels, or a nat and the misfit."""
    if not ledger.divergence.entropic:
        return ledger.means["misfit"] + ledger.divergence.scale * float(ledger.f_w.var(axis=0).sum())
    return 1.0 + ledger.means["misfit" if facts["convex_in"] == "probabilities" else "misfit_reverse"]


def nearest_member(ledger: Ledger, facts: Mapping[str, Any]) -> float:
    """The misfit less that of the known member of the class nearest to the weak labels: what δ is at least."""
    weak, student = ledger.f_w, ledger.f_sw
    reverse = ledger.divergence.entropic and facts["convex_in"] != "probabilities"

    def misfit(f: Array) -> float:
        return float((ledger.divergence.between(weak, f) if reverse else ledger.divergence.between(f, weak)).mean())

    members = [ledger.g] if facts["reference_in_class"] else []
    if facts["contains_constant"] and not ledger.divergence.entropic:
        members.append(np.broadcast_to(weak.mean(axis=0), weak.shape))
        if facts["subspace"]:
            span = np.hstack([np.ones((len(weak), 1)), student, *members[:-1]])
            members.append(span @ np.linalg.lstsq(span, weak, rcond=None)[0])
    return max((misfit(student) - misfit(member) for member in members), default=0.0)
