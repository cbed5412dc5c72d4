"""Four Bregman divergences and the ledger on them (docs/scoring.md, "One divergence, every loss" and "The ledger")."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import rel_entr, xlogy

from derivation.run_files import Answers, Array

CLIP = 1e-7


@dataclass(frozen=True)
class Divergence:
    """D of one name on k outputs. `kl` is entropic, the others are c·‖a − b‖²."""

    name: str
    k: int

    @property
    def entropic(self) -> bool:
        """Whether D is the relative entropy."""
        return self.name == "kl"

    @property
    def of_classes(self) -> bool:
        """Whether D is between probabilities."""
        return self.name in ("kl", "brier")

    @property
    def scale(self) -> float:
        """c of c·‖a − b‖²."""
        return {"squared": 1.0, "brier": 1.0, "squared-mean": 1.0 / self.k}[self.name]

    @property
    def rounding(self) -> float:
        """What a divergence of two predictors near each other may be off by."""
        return 1e-15 if self.of_classes else 0.0

    def inside(self, predicted: Array) -> Array:
        """Predictions in the domain of D."""
        return clipped(predicted) if self.entropic else predicted

    def between(self, a: Array, b: Array) -> Array:
        """D(a, b), (n,)."""
        if self.entropic:
            return np.asarray(rel_entr(np.maximum(a, 0.0), b).sum(axis=1))
        return np.asarray(self.scale * np.square(a - b).sum(axis=1))

    def potential(self, values: Array) -> Array:
        """phi(v), (n,)."""
        return np.asarray(xlogy(values, values).sum(axis=1)) if self.entropic else self.scale * np.square(values).sum(axis=1)

    def slope(self, values: Array) -> Array:
        """grad phi(v), (n, k)."""
        return 1.0 + np.log(values) if self.entropic else 2.0 * self.scale * values


def clipped(predicted: Array) -> Array:
    """Rows of the simplex whose entries are at least 1e-7 before they are made to sum to 1; a row that is so already stays."""
    rows = np.maximum(predicted, 0.0)
    rows = rows / rows.sum(axis=1, keepdims=True)
    lowest = CLIP / (1.0 + rows.shape[1] * CLIP)
    raised = np.clip(rows, CLIP, 1.0)
    raised = raised / raised.sum(axis=1, keepdims=True)
    return np.asarray(np.where(rows.min(axis=1, keepdims=True) >= lowest * (1.0 - 1e-9), rows, raised))


@dataclass(frozen=True)
class Ledger:
    """One cell on one split: y, f_w, f_sw and g in the domain of D, (n, k), and the terms of the ledger, (n,)."""

    divergence: Divergence
    answers: Answers

    @cached_property
    def y(self) -> Array:
        """The truth, as it is."""
        return self.answers.truth

    @cached_property
    def f_w(self) -> Array:
        """The teacher."""
        return self.divergence.inside(self.answers.predicted["weak"])

    @cached_property
    def f_sw(self) -> Array:
        """The student."""
        return self.divergence.inside(self.answers.predicted["student"])

    @cached_property
    def g(self) -> Array:
        """The ceiling."""
        return self.divergence.inside(self.answers.predicted["ceiling"])

    @cached_property
    def change(self) -> Array:
        """Δ = grad phi(f_sw) − grad phi(f_w)."""
        return self.divergence.slope(self.f_sw) - self.divergence.slope(self.f_w)

    @cached_property
    def terms(self) -> dict[str, Array]:
        """Every per-example term that a row holds the mean of."""
        error, y = self.divergence.between, self.y
        best = np.broadcast_to(self.divergence.inside(y.mean(axis=0, keepdims=True)), y.shape)
        found = {"err_weak": error(y, self.f_w), "err_student": error(y, self.f_sw), "err_ceiling": error(y, self.g),
                 "err_constant": error(y, best),
                 "misfit": error(self.f_sw, self.f_w), "misfit_reverse": error(self.f_w, self.f_sw),
                 "projection": ((self.g - self.f_sw) * self.change).sum(axis=1),
                 "realizability": ((y - self.g) * self.change).sum(axis=1)}
        for name in ("gold", "base", "shuffled"):
            if name in self.answers.predicted:
                found[f"err_{name}"] = error(y, self.divergence.inside(self.answers.predicted[name]))
        found["gain"] = found["err_weak"] - found["err_student"]
        found["predicted_err"] = found["err_weak"] - found["misfit"]
        found["over_constant"] = found["err_constant"] - found["err_weak"]
        return found

    @cached_property
    def means(self) -> dict[str, float]:
        """The mean of each term."""
        return {name: float(values.mean()) for name, values in self.terms.items()}
