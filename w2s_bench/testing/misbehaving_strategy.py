"""The supervisor of the kit's own task, with a fault that the checks of executors ask for."""

from __future__ import annotations

import os
from dataclasses import dataclass

from w2s_bench.contracts import FitProblem
from w2s_bench.testing.peekable_models import WeakLine, WeakLines


@dataclass(frozen=True)
class Misbehaving(WeakLines):
    """fault: "raise", or "die": the process ends, but for the one that is spared, which raises."""

    fault: str = "raise"
    spared: int = 0

    def fit(self, problem: FitProblem) -> WeakLine:
        """Never ends well."""
        if self.fault == "die" and os.getpid() != self.spared:
            os._exit(7)
        raise ValueError("a fit that fails, for the checks of executors")
