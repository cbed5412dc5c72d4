"""Trust no label more than another: the control of every other criterion."""

from __future__ import annotations

from w2s_bench.contracts import generator_for
from w2s_probes.labels.keeping import Verdict


def judge_by_chance(n: int, seed: int) -> Verdict:
    """Scores are n uniform draws from the named seed, which read neither features nor labels; those of at least ½ pass."""
    scores = generator_for("filter at random", seed=seed).random(n)
    return Verdict(scores, scores >= 0.5)
