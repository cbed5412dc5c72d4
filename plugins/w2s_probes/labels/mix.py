"""Weak labels mixed with a share of true ones."""

from __future__ import annotations

from dataclasses import dataclass

from w2s_bench.contracts import FitProblem, PluginError, Strategy
from w2s_probes.labels.wrapped import Procedure, Shared, Wrapper


@dataclass(frozen=True, kw_only=True)
class Mix(Wrapper):
    """Fits the student on weak labels of which a share was replaced by the truth.

    The mixed regime of Mallen & Belrose ("Balancing label quantity and quality for scalable elicitation", 2024, arXiv
    2410.13215): few good labels together with many weak ones. Both are fitted at once and weigh the same, row by row.
    truth: share of the rows, in [0, 1]. The harness replaces them before the fit, so the strategy sees no other truth.
    """

    student: Strategy
    truth: float = 0.1

    @property
    def capabilities(self) -> frozenset[str]:
        """What the student can do, and a share of truth of its own."""
        return super().capabilities | {"truth_share"}

    @property
    def truth_share(self) -> float:
        """The share of the weak labels that the truth is to replace."""
        return self.truth

    def procedure(self, problem: FitProblem, shared: Shared) -> Procedure:
        """One fit. Raises PluginError for weak labels in which no true ones are marked."""
        if problem.labels.source == "weak" and problem.labels.known is None and self.truth > 0:
            raise PluginError("the weak labels came without the share of true ones that was asked for", where="mix")
        return (yield problem)
