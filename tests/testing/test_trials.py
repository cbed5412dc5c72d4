"""What is said of a check whatever the plugin does in it."""

from __future__ import annotations

import random
from pathlib import Path

from trying import subject_of

from w2s_bench.testing.checks import Subject, Unavailable, check
from w2s_bench.testing.trials import tried


def test_a_check_that_leaves_the_process_in_another_state_has_failed(tmp_path: Path) -> None:
    @check("tasks", says="nothing")
    def seeds(subject: Subject) -> None:
        random.seed(1)

    before = random.getstate()
    result = tried(seeds, subject_of("tasks", "Sound", tmp_path))
    random.setstate(before)
    assert (result.id, result.outcome) == ("task/sound::seeds", "failed") and "Python's random state" in result.reason


def test_what_is_raised_is_a_result(tmp_path: Path) -> None:
    @check("tasks", says="nothing")
    def leaves(subject: Subject) -> None:
        raise SystemExit(0)

    @check("tasks", says="nothing")
    def lacks(subject: Subject) -> None:
        raise Unavailable("no GPU")

    subject = subject_of("tasks", "Sound", tmp_path)
    assert (tried(leaves, subject).outcome, tried(leaves, subject).reason) == ("failed", "raises SystemExit: 0")
    assert (tried(lacks, subject).outcome, tried(lacks, subject).reason) == ("skipped", "no GPU")
