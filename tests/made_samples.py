"""Samples and the rows of their bounds from bare arrays, by the divergences and bounds that the bundled plugin registers."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from w2s_bench.contracts import Classes, Divergence, Facts, Output, Predictions, Regression, Sample
from w2s_bench.registry.measures import measures
from w2s_bench.scoring.samples import sample_of
from w2s_bench.scoring.verdict import BoundRow, bound_rows


def divergence(name: str) -> Divergence:
    return measures().divergences[name]


@dataclass(frozen=True)
class Case:
    """Facts of a sample, with its split and its divergence."""

    split: str = "train"
    divergence: str = "squared"
    convex_in: str | None = "outputs"
    exact: bool = True
    exact_projection: bool = True
    reference_in_class: bool = True
    truth_in_class: bool = False
    subspace: bool = False
    independent_transfer: bool = True
    contains_constant: bool = True
    delta: float | None = 0.0
    spans_sample: bool = False
    deterministic: bool = True
    n_transfer: int = 1000
    head_norm: float | None = 1.0
    sum_squared_features: float | None = 1000.0
    label_range: float = 1.0
    known_truth: bool = False
    norm_bounded: bool = False
    delta_rounding: float = 0.0
    beyond: float = 0.0

    @property
    def facts(self) -> Facts:
        known = asdict(self)
        return Facts(**{name: known[name] for name in known if name not in ("split", "divergence")})


def made_sample(truth: np.ndarray, weak: np.ndarray, student: np.ndarray, ceiling: np.ndarray, name: str = "squared", *,
                split: str = "test", output: Output | None = None) -> Sample:
    """A sample of arrays (n, k), or (n,) for one output."""
    arrays = [np.asarray(values, dtype=np.float64) for values in (truth, weak, student, ceiling)]
    y, *predicted = (values if values.ndim == 2 else values[:, None] for values in arrays)
    of_classes = divergence(name).output == "classes"
    output = output or (Classes(y.shape[1]) if of_classes else Regression(y.shape[1]))
    return sample_of(split, output, divergence(name), y, Predictions(**dict(zip(("weak", "student", "ceiling"), predicted,
                                                                             strict=True))))


def bounds(truth: np.ndarray, weak: np.ndarray, student: np.ndarray, ceiling: np.ndarray, case: Case) -> list[BoundRow]:
    """The rows of every bound that is installed and about this divergence."""
    sample = made_sample(truth, weak, student, ceiling, case.divergence, split=case.split)
    rows, faults = bound_rows(sample, case.facts, measures().bounds)
    assert not faults
    return rows


def met(row: BoundRow) -> bool:
    """Whether every assumption is certified and the statement is true on this very sample, whether it says something or not."""
    return row.verdict in ("holds", "says nothing")
