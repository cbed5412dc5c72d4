"""What a job tells is heard by whoever listens, and by nobody else."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Step, listening, tell
from w2s_bench.contracts.progress import as_part


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
    with listening(heard.append):
        tell(4, None, "texts \udcff\nof " + "a" * 99)
    assert heard[-1] == Step(4, None, "texts \\udcff of " + "a" * 24)
    assert type(within[0].done) is type(within[0].of) is int


def test_what_a_part_tells_is_told_of_the_whole() -> None:
    heard = list[Step]()
    with as_part(0, 2, 3):
        tell(1, 1, "texts")
    with listening(heard.append):
        with as_part(100, 50, 200):
            tell(1, 5, "texts")
            tell(5, 5, "texts")
            tell(7)
        tell(150, 200, "texts")
    assert heard == [Step(110, 200, "texts"), Step(150, 200, "texts"), Step(100, 200, "steps"), Step(150, 200, "texts")]
