"""A chain of models, each taught by the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from w2s_bench.contracts import Array, FitProblem, Model, Strategy
from w2s_probes.labels.blocks import OneBlock, block_columns, block_problems, count_of
from w2s_probes.labels.inner_fits import inner_fits
from w2s_probes.labels.relabelled import with_values
from w2s_probes.labels.wrapped import Procedure, Shared, Wrapper, answers_on, untrained_of
from w2s_probes.standardise import check_labels


@dataclass(frozen=True, kw_only=True)
class Bootstrap(Wrapper):
    """Fits the student on `via`'s features with the weak labels, then on the next model's with the answers, and so on.

    "Bootstrapping with intermediate model sizes" (Burns et al. 2023, arXiv 2312.09390): a chain of models that should grow,
    from the weak labels to the cell's own model. Each link relabels the very inputs that it was fitted on, so a student
    that can reproduce any labels passes them on unchanged. Rows known to be true keep their label. True labels are
    fitted plainly on the cell's own model, so that ceiling and chain are compared. The predictor reads the own model's
    features alone.
    via, then: the models between, in this order.
    """

    student: Strategy
    via: Model
    then: Model | None = None

    @property
    def named(self) -> int:
        """Models between the weak one and the cell's own."""
        return count_of(self.via, self.then)

    def procedure(self, problem: FitProblem, shared: Shared) -> Procedure:
        """One fit a link for weak labels, one for true ones."""
        check_labels(problem)
        fits = inner_fits(self.student, problem)
        own, *between = block_problems(problem, self.named)
        if problem.labels.source == "weak":
            values, members = problem.labels.values, problem.labels.members
            for link in between:
                taught = with_values(link, values) if members is None else link
                values, members = answers_on((yield from fits.fit(taught)), link), None
            own = with_values(own, values)
        return OneBlock((yield from fits.fit(own)), block_columns(problem, self.named)[0])

    def from_arrays(self, arrays: Mapping[str, Array]) -> OneBlock:
        """The predictor whose `to_arrays` gave `arrays`."""
        return OneBlock.from_arrays(self.student, arrays)

    def untrained(self, problem: FitProblem) -> OneBlock:
        """The fit of the first model before any label."""
        own = block_problems(problem, self.named)[0]
        return OneBlock(untrained_of(self.student, own), block_columns(problem, self.named)[0])
