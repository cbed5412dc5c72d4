"""Flags of a row, in the order of the table (docs/scoring.md, "Flags").

`splits-overlap`, `class-missing-in-supervise`, `answer-in-inputs` and `answer-in-order` rest on inputs and on a split that no run
keeps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from derivation.divergences import Ledger
from derivation.intervals import of_mean
from derivation.metrics import is_of_classes, named
from derivation.run_files import Array

UNKNOWN = ("splits-overlap", "class-missing-in-supervise", "answer-in-inputs", "answer-in-order")


def flags_of(test: Ledger, train: Ledger, facts: Mapping[str, Any], output: Mapping[str, Any]) -> list[str]:
    """The flags that what is kept decides. facts: those of the training inputs."""
    classes = is_of_classes(output)
    raised = {**_of_teacher(test, classes), **_of_gap(test),
              "student-equals-teacher": _copies(test),
              "student-equals-ceiling": _knows_the_truth(test),
              "labels-clipped": _clipped(test),
              "band-wider-than-misfit": band(test) > test.means["misfit"],
              "not-above-shuffled": _not_above_shuffled(test),
              "few-test-examples": len(test.y) < 50,
              "constant-labels": bool((np.ptp(test.y, axis=0) == 0.0).all()),
              "class-missing-in-transfer": classes and bool((train.y.sum(axis=0) == 0.0).any()),
              "class-missing-in-test": classes and bool((test.y.sum(axis=0) == 0.0).any()),
              "not-converged": _unfinished(train, facts)}
    return [name for name, is_raised in raised.items() if is_raised]


def same_flags(given: list[str], derived: list[str]) -> bool:
    """Whether two lists are one, leaving out what is not known here. Where the student is its teacher the misfit is rounding, and
    so is whether a band is wider."""
    left_out = {*UNKNOWN, *(["band-wider-than-misfit"] if "student-equals-teacher" in derived else [])}
    return [name for name in given if name not in left_out] == [name for name in derived if name not in left_out]


def _of_teacher(test: Ledger, classes: bool) -> dict[str, bool]:
    y, weak = test.y, test.answers.predicted["weak"]
    names, said = named(y), named(weak)
    first = int(np.bincount(names).argmax())
    ahead = of_mean((said == names).astype(np.float64) - (names == first))
    several = len(np.unique(names)) > 1
    constant = bool((np.ptp(y, axis=0) == 0.0).all())
    one_word = classes and several and len(np.unique(said)) == 1
    narrow = float(weak.var(axis=0).sum()) < 0.01 * float(y.var(axis=0).sum())
    return {"teacher-at-chance": not of_mean(test.terms["over_constant"]).low > 0.0,
            "teacher-at-majority": classes and not ahead.low > 0.0,
            "teacher-collapsed": not constant and (one_word or narrow)}


def _of_gap(test: Ledger) -> dict[str, bool]:
    gap = of_mean(test.terms["err_weak"] - test.terms["err_ceiling"])
    return {"ceiling-not-better": gap.value <= 0.0, "gap-inside-noise": gap.holds_zero}


def _not_above_shuffled(test: Ledger) -> bool:
    terms = test.terms
    return "err_shuffled" in terms and not of_mean(terms["err_shuffled"] - terms["err_student"]).low > 0.0


def _copies(test: Ledger) -> bool:
    weak, student = test.answers.predicted["weak"], test.answers.predicted["student"]
    return float(np.abs(student - weak).max()) <= 1e-6 * (1.0 + float(np.abs(weak).max()))


def _knows_the_truth(test: Ledger) -> bool:
    predicted = test.answers.predicted
    return bool((predicted["student"] == predicted["ceiling"]).all() and (predicted["weak"] != test.y).any())


def _clipped(test: Ledger) -> bool:
    changed = np.abs(test.f_w - test.answers.predicted["weak"]) > 1e-3 * np.abs(test.f_w)
    return float(changed.any(axis=1).mean()) > 0.01


def band(ledger: Ledger) -> float:
    """How far the explicit law lets the gain fall below the misfit, with ε = err_ceiling."""
    misfit, epsilon = ledger.means["misfit"], ledger.means["err_ceiling"]
    if not ledger.divergence.entropic:
        return 2.0 * math.sqrt(misfit * epsilon)
    return math.sqrt(max(0.5 * epsilon * float(squared_oscillation(ledger.f_sw, ledger.f_w).mean()), 0.0))


def squared_oscillation(student: Array, weak: Array) -> Array:
    """osc² of each example, osc = max − min over classes of ln(f_sw / f_w)."""
    return np.asarray(np.square(np.ptp(np.log(student / weak), axis=1)))


def _unfinished(train: Ledger, facts: Mapping[str, Any]) -> bool:
    weak = train.answers.predicted["weak"]
    allowed = max(0.01 * float(weak.var(axis=0).sum()), 1e-9 * float(np.square(weak).mean()))
    return facts["convex_in"] is not None and facts["delta"] is not None and facts["delta"] > allowed
