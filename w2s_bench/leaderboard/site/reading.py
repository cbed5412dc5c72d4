"""How a board is read: its words, what intervals are over, whom to believe, and every column."""

from __future__ import annotations

from w2s_bench.leaderboard.site.contents import Contents
from w2s_bench.leaderboard.site.quoting import TRUST_IN_WORDS
from w2s_bench.leaderboard.site.standings import CONTROL_WORDS
from w2s_bench.running.table_files import BOUND, ROW
from w2s_bench.scoring.columns import Column
from w2s_bench.tables.inference import MEANINGS

OF_CHECK = (
    Column("submission", "str", "", "the submission that the row is of"),
    Column("trust", "str", "", "published, self-reported, rescored or reproduced; the last two alone are ordered"),
    Column("division", "str", "", "what the strategy may see: teacher-labels, unlabelled-inputs or some-truth"),
    Column("derived", "list", "", "columns of the row that were derived here, and held against what was sent"),
    Column("digest_weak", "str", "", "digest of the weak predictions on test with their ids; null where all are one"),
    Column("digest_student", "str", "", "the same of the student"),
    Column("digest_ceiling", "str", "", "the same of the ceiling"))
"""The columns that the check adds to a row."""

OF_CHECKED_BOUND = (
    Column("submission", "str", "", "the submission that the row is of"),
    Column("certificate", "str", "", "what the verdict rests on: derived, witnessed or stated"))
"""The columns that the check adds to a bound."""


def chapters(contents: Contents) -> list[tuple[str, list[str]]]:
    """Chapters of sentences."""
    season = contents.board.season
    return [
        ("What is measured", [
            "A weak model is fitted on the truth of a few examples and labels others; a strong model is fitted on those labels: "
            "the student. Its gain is the teacher's error less its own, on test examples that neither was fitted on. Its misfit "
            "is its distance from the labels that it was fitted on, which needs no truth.",
            "Gains and misfits are in percent of the error of the best constant, which is frozen with the season: for squared "
            "error that is the variance of the task. For classes the gain in nats and in accuracy stands beside it. The share "
            "of a gap that is recovered (PGR) is never ranked on: it divides by a gap that can be near 0."]),
        ("What is ordered", [
            "An entry is a strategy of a submission. Entries are compared on the cells that both have, within one kind of "
            "output and one division, which is what a strategy may see. Each task has the same weight, whatever its seeds. From "
            "8 tasks on there is an order over tasks; below, entries stand side by side.",
            "An entry's rank is a range: 1 more than the entries that are told to be better, to the number of entries less "
            f"those that are told to be worse, at a false discovery rate of {100 * season.false_discovery:g} % over all "
            "comparisons that are shown. Entries that share a letter are not told apart. What stands first on a page is not "
            "better for that.",
            "A cell that failed is counted, never left out in silence: the column “with failures” is the gain where every such "
            "cell counts as the worst control."]),
        ("Controls", [
            *(f"{name.capitalize()}: {what}." for name, what in CONTROL_WORDS.items()),
            "They are lines and never ranked. An entry that is not above its own student of shuffled labels says so in its "
            "line."]),
        ("Bounds", [
            "A bound is a statement about the student's error. lhs/rhs is its tightness where it is certified: 1 is tight, 0.1 "
            "leaves most of it open. A bound that is not certified for a row makes no statement there, whatever its numbers.",
            "A verdict is derived where nothing that only the sender states decides it, and witnessed where the predictions "
            "bear out what is stated of the student's class: nothing between student, ceiling and constants is nearer to the "
            "teacher by more than that. That this class is the strong model's is the sender's word. What rests on that word "
            "alone is not derived."]),
        ("Quoting", [
            "The page of each entry and of each row has the sentence that goes with its number: who says so, and over what its "
            "interval is."]),
    ]


def overs() -> list[tuple[str, str]]:
    """What an interval may be over."""
    return list(MEANINGS.items())


def trusts() -> list[tuple[str, str]]:
    """The trust of a row, from least to most."""
    return [(name, words.partition(": ")[2]) for name, words in TRUST_IN_WORDS.items()]


def columns() -> list[tuple[str, tuple[Column, ...]]]:
    """Every column of rows and of bounds."""
    return [("Every column of a row", (*OF_CHECK, *ROW.columns)),
            ("Every column of a bound", (*OF_CHECKED_BOUND, *BOUND.columns))]
