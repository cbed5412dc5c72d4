"""What the harness knows of a cell and a sample before any bound is read."""

from __future__ import annotations

from dataclasses import dataclass

SIMPLEX_ROUNDING = 1e-15
"""A few roundings of a number of size 1."""


@dataclass(frozen=True)
class Facts:
    """Declared by the task and the strategy, or certified by the harness; never guessed from the numbers of
    a bound.

    split: "train" (the student's training inputs) or "test". divergence: its name.
    convex_in: where the strategy declares its class convex, "outputs", "probabilities", "logits" or None.
    exact: the strategy declares its fit exact on its training inputs.
    exact_projection: certificate that on this sample the student is the class's projection of the weak
    labels. reference_in_class, truth_in_class, subspace, contains_constant: about the student's class on
    this sample. independent_transfer: the transfer inputs are independent of the weak model.
    delta: misfit minus the smallest misfit in the class on this sample, in the divergence's unit, None if
    unknown; for `kl` a duality gap, which bounds it from above: `mixture_gap` or `SoftmaxClass.gap`.
    spans_sample: the head has as many parameters as the sample has points.
    deterministic: statements are about this very sample, so intervals are points.
    n_transfer: examples that the student was fitted on. head_norm, sum_squared_features: W (Frobenius) and
    Σ‖h_i‖² on them, None if unknown. label_range: length of an interval that holds all labels, in output
    units, 0 if unknown. known_truth: labels are the true conditional probabilities, not draws from them.
    norm_bounded: head_norm is a bound that was fixed before the data was seen, for a class that holds the
    reference; a norm measured on the fitted head is not.
    """

    split: str
    divergence: str
    convex_in: str | None
    exact: bool
    exact_projection: bool
    reference_in_class: bool
    truth_in_class: bool
    subspace: bool
    independent_transfer: bool
    contains_constant: bool
    delta: float | None
    spans_sample: bool
    deterministic: bool
    n_transfer: int
    head_norm: float | None
    sum_squared_features: float | None
    label_range: float
    known_truth: bool
    norm_bounded: bool = False

    @property
    def rounding(self) -> float:
        """What slack may lack of 0 in float64 however near the predictors are to each other: probabilities are of size 1,
        and differences of them are known to that. 0 for labels with a unit of their own."""
        return SIMPLEX_ROUNDING if self.divergence in ("brier", "kl") else 0.0
