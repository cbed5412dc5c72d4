"""What is measured: divergences, metrics and bounds, and the record of one sample that they are given.

A sample is met once: its predictions are conformed to the divergence's domain and its ledger is computed when it is made,
and every metric and bound reads the same arrays. With truth y, teacher f_w, student f_sw and the ceiling as g,

    gain = misfit + <g − f_sw, Δ> + <y − g, Δ> = misfit + projection + realizability,   Δ = grad phi(f_sw) − grad phi(f_w)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import msgspec

from w2s_bench.contracts.data import Array
from w2s_bench.contracts.outputs import Output

Geometry: TypeAlias = Literal["quadratic", "entropic", "other"]


@runtime_checkable
class Divergence(Protocol):
    """A Bregman divergence D(a, b) = phi(a) − phi(b) − <grad phi(b), a − b>, example by example; the first argument is the
    truth or the student. What `conform` gives is what the other methods take: (n, k) float64 inside the domain.

    name: that of its entry, which tasks declare. output: the kind of output that it scores ("regression", "classes").
    unit: of D, in words. geometry: "quadratic" where D(a, b) = c·‖a − b‖² with a c that k alone decides, so that projections
    on linear classes can be certified; "entropic" where it is the relative entropy, so that softmax heads and mixtures can;
    else "other": nothing is certified then. rounding: what a divergence of two predictors near each other may be off by in
    float64, 0 for values with a unit of their own.
    law: who says that the gain is at least the misfit. explicit: name of the bound that says by how much it may be less.
    inexact: name of the bound that says so of a student whose misfit is δ above the least of its class, "" where there is none.
    two_sided: whether the gain is as near from above, in a class that is a linear subspace. spreads: whether `reach` reads
    `spread`. band: the explicit law in words. holds, fails: when the law is true of a student, and what a gain outside its band
    shows; ends of sentences.
    """

    name: str
    output: str
    unit: str
    geometry: Geometry
    rounding: float
    law: str
    explicit: str
    inexact: str
    two_sided: bool
    spreads: bool
    band: str
    holds: str
    fails: str

    def unit_of(self, output_unit: str) -> str:
        """The unit of D as it is printed, for labels in `output_unit`; "" where it has none."""

    def conform(self, values: Array) -> Array:
        """Predictions as float64 (n, k) inside the domain. Conforming twice changes nothing.

        Raises ShapeError, and DomainError for values that are not finite or outside the domain.
        """

    def conform_truth(self, truth: Array) -> Array:
        """Truth as float64 (n, k), which may lie on the edge of the domain: one-hot labels are left as they are."""

    def generator(self, values: Array) -> Array:
        """phi(v), (n,)."""

    def gradient(self, values: Array) -> Array:
        """grad phi(v), (n, k)."""

    def between(self, first: Array, second: Array) -> Array:
        """D(a, b), (n,), never negative beyond rounding, in `unit`."""

    def spread(self, student: Array, weak: Array) -> Array:
        """What `reach` wants to know of each example beside its divergences, (n,); zeros where that is nothing."""

    def reach(self, misfit: float, epsilon: float, spread: float) -> float:
        """How far the explicit law lets the gain fall below the misfit, ≥ 0, from means over a sample.

        misfit: D(f_sw, f_w). epsilon: D(y, g) of a predictor g in the student's class. spread: mean of `spread`.
        """


class Predictions(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What the predictors of one cell answered on one sample, as they answered: (n, k) float64 each.

    weak, student, ceiling: f_w, f_sw, f_s. gold, base, shuffled: references that a run may leave out.
    """

    weak: Array
    student: Array
    ceiling: Array
    gold: Array | None = None
    base: Array | None = None
    shuffled: Array | None = None

    def by_name(self) -> dict[str, Array]:
        """The predictions that there are, by the name of the predictor."""
        return {name: values for name in PREDICTORS if (values := getattr(self, name)) is not None}


REFERENCES = ("gold", "base", "shuffled")
PREDICTORS = ("weak", "student", "ceiling", *REFERENCES)


class Sample(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One cell on one sample of n examples: "test", or "train", the student's training inputs.

    truth, weak, student, ceiling: y, f_w, f_sw and f_s = g, (n, k), conformed to the divergence. predicted: the predictions as
    they were made, which metrics read, because what a clip changes is tied. The rest is the ledger, (n,) each, in the
    divergence's unit: err_weak = D(y, f_w), err_student = D(y, f_sw), err_reference = D(y, g), gain = err_weak − err_student,
    misfit = D(f_sw, f_w), misfit_reverse = D(f_w, f_sw), projection = <g − f_sw, Δ>, realizability = <y − g, Δ>.
    """

    split: Literal["test", "train"]
    output: Output
    divergence: Divergence
    truth: Array
    weak: Array
    student: Array
    ceiling: Array
    predicted: Predictions
    err_weak: Array
    err_student: Array
    err_reference: Array
    gain: Array
    misfit: Array
    misfit_reverse: Array
    projection: Array
    realizability: Array


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the student's class on a sample: declared by task and strategy, or certified; never guessed from the
    numbers of a bound.

    convex_in: where the strategy declares its class convex, "outputs", "probabilities", "logits" or None.
    exact: the strategy declares its fit exact on its training inputs.
    exact_projection: certificate that on this sample the student is the class's projection of the weak labels.
    reference_in_class, truth_in_class, subspace, contains_constant: about the student's class on this sample.
    independent_transfer: the transfer inputs are independent of the weak model.
    delta: misfit minus the smallest misfit in the class on this sample, in the divergence's unit, None where nothing bounds
    it; below 0 by rounding only. Where the divergence is entropic, a duality gap that bounds it from above.
    spans_sample: the class has as many parameters as the sample has points.
    deterministic: statements are about this very sample, so intervals are points.
    n_transfer: examples that the student was fitted on. head_norm, sum_squared_features: W (Frobenius) and Σ‖h_i‖² on them,
    None if unknown. label_range: length of an interval that holds all labels, in output units, 0 if unknown.
    known_truth: labels are the true conditional probabilities, not draws from them.
    norm_bounded: head_norm is a bound that was fixed before the data was seen, for a class that holds the reference; a norm
    measured on the fitted head is not.
    """

    convex_in: Literal["outputs", "probabilities", "logits"] | None
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
    outputs_in_range: bool = False
    delta_rounding: float = 0.0
    beyond: float = 0.0


Sides: TypeAlias = Callable[[Array], tuple[float, float]]
"""From the means of the terms (m,) to (lhs, rhs), so that the statement is lhs ≤ rhs."""


class Statement(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a bound says of one sample: lhs ≤ rhs, where both are functions of means over its examples.

    terms: (n, m), paired per-example values. sides: one statement, or several that are all claimed; the row shows the one
    with the least slack. Each must be smooth, so write |x| ≤ y as x ≤ y and −x ≤ y.
    assumptions: what the statement rests on, by name, and whether it holds here; with all of them true a negative slack is
    an alarm. deterministic: it is about this very sample, so the interval of its slack is a point. equality: slack of either
    sign breaks it.
    vacuous: it says nothing on this sample, as the bound alone can know: it is true of any two predictors there (a class that
    fits anything, a reference that errs as much as the student), or it lets the student be no better than its teacher where it
    is about that.
    allowance: how far slack may fall below 0 because an assumption is certified up to rounding only, in the unit of the sides.
    """

    terms: Array
    sides: tuple[Sides, ...]
    assumptions: Mapping[str, bool]
    deterministic: bool = False
    equality: bool = False
    vacuous: bool = False
    allowance: float = 0.0


@runtime_checkable
class Bound(Protocol):
    """A theorem about a student, checked on every sample that it applies to. Its name is that of its entry.

    statement: the inequality in one line. source: the paper. divergences: names of those that it is about, empty for every
    one. It returns None where what it needs is unknown, and then has no row.
    """

    statement: str
    source: str
    divergences: frozenset[str]

    def __call__(self, sample: Sample, facts: Facts) -> Statement | None: ...


class SeedTerm(msgspec.Struct, frozen=True, kw_only=True):
    """One term of what a bound says over seeds, in the divergence's unit: a mean over seeds, example by example.

    meaning: its formula. above, below, zero: what it shows where its mean over examples is above or below 0 beyond noise, or is
    0 to rounding, in a clause; "" where that shows nothing.
    """

    name: str
    meaning: str
    above: str = ""
    below: str = ""
    zero: str = ""


class AcrossSeeds(Protocol):
    """`across_seeds`, of a bound: what it says of several seeds of one configuration together, from kept predictions.

    It is called with the test samples of 3 seeds or more, which hold the same examples in one order, and returns the values (n,)
    of each of `seed_terms` by name, or `Missing` where it has nothing to say of such samples.
    """

    seed_terms: tuple[SeedTerm, ...]

    def across_seeds(self, samples: Sequence[Sample]) -> Mapping[str, Array] | Missing: ...


BOUND_CAPABILITIES: Mapping[str, type] = {"across_seeds": AcrossSeeds}


class Measured(msgspec.Struct, frozen=True):
    """A value that is no mean of per-example terms, with its standard error over test examples."""

    value: float
    se: float


class Missing(msgspec.Struct, frozen=True):
    """Why there is no value, as a reader meets it: "auroc: no example of class 1"."""

    reason: str


class Recovered(msgspec.Struct, frozen=True, eq=False):
    """Errors whose performance gap recovered is asked for, (err_weak − err_student) / (err_weak − err_ceiling); (n,) each."""

    err_weak: Array
    err_student: Array
    err_ceiling: Array


Value: TypeAlias = float | Measured | Missing | Recovered | Array | None
"""What a metric gives for a column: a number; a number with its standard error; an array (n,), which is its mean with a
paired standard error; `Recovered`; or None or `Missing` where it is not defined."""


class MetricColumn(msgspec.Struct, frozen=True, kw_only=True):
    """One column that a metric fills. unit: "label" and "label²" for the task's own, "1" for a number without one.

    better: which way a predictor is better, "" where neither is. uses_truth: whether it needs ground truth.
    spread: whether a column <name>_se is written beside it. reason: whether a column <name>_reason is, for a `Missing`.
    """

    name: str
    unit: str
    meaning: str
    better: Literal["higher", "lower", ""] = ""
    source: str = ""
    uses_truth: bool = True
    spread: bool = False
    reason: bool = False


@runtime_checkable
class Metric(Protocol):
    """Columns of a row, measured on the test sample.

    of: "predictor" where each predictor of a cell is measured by itself, under <name>_<predictor>; "pair" where the student
    is compared with its teacher. outputs: the kinds of output that it is about.
    It is called with the sample and the prediction (n, k) to measure, for a pair that of the student, and returns a value
    for each of its columns, or {} where it has nothing to say of such a sample.
    """

    of: Literal["predictor", "pair"]
    outputs: frozenset[str]
    columns: tuple[MetricColumn, ...]

    def __call__(self, sample: Sample, prediction: Array) -> Mapping[str, Value]: ...
