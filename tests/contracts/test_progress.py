"""What a job tells is heard by whoever listens, and by nobody else."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Step, listening, tell


def test_what_is_told_is_heard_where_somebody_listens_and_costs_nothing_elsewhere() -> None:
    heard, within = list[Step](), list[Step]()
    tell(0, 3, "texts")
    with listening(heard.append):
        tell(1, 3, "texts")
        with listening(within.append):
            tell(np.int64(2), np.int64(3), "texts")
        tell(3)
    tell(4)
    assert heard == [Step(1, 3, "texts"), Step(3, None, "steps")] and within == [Step(2, 3, "texts")]
    assert type(within[0].done) is type(within[0].of) is int
