"""A submission as it was checked: its rows with the numbers that were derived here, and what was found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import msgspec

from w2s_bench.contracts.errors import DataError
from w2s_bench.contracts.files import plain_file, write_whole
from w2s_bench.leaderboard.submission import Submission
from w2s_bench.running.table_files import BOUND, ROW, read_table, write_table
from w2s_bench.running.terms import FILE as TERMS
from w2s_bench.running.terms import read_terms, write_term_tables

if TYPE_CHECKING:
    import polars as pl

SCHEMA = "w2s-checked/1"
CHECKED, NAME = "checked", "check.json"
"""The folder of a board that holds what was derived of its submissions, and what a check writes beside the tables."""

_MOST_BYTES = 50_000_000

Severity: TypeAlias = Literal["refused", "not-derived", "note"]
"""The submission is not taken; a number is shown as its sender states it, and never ranked; what a reader wants to know."""

Trust: TypeAlias = Literal["published", "self-reported", "rescored", "reproduced"]
Row: TypeAlias = Mapping[str, Any]
"""A line of a table, by column."""

TRUSTS: tuple[Trust, ...] = get_args(Trust)
"""Who says that a row is so, from least to most: a paper; its sender; this check, from predictions; somebody else, by a run."""

RANKED: tuple[Trust, ...] = ("rescored", "reproduced")
"""The rows that a board orders."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that a check found. where: a file, a row in words or a column, "" for the whole. sentence: for the person who
    sent it, with nothing in it that a terminal or a page obeys."""

    severity: Severity
    where: str
    sentence: str


class Checked(msgspec.Struct, frozen=True, eq=False):
    """A submission, with every number derived here that its predictions decide.

    rows: as rows.parquet, with the columns `submission`, `trust` (one of TRUSTS), `division` and `derived` (the names of the
    columns that were derived here and held against what was sent: the others are as their sender states them). bounds: as
    bounds.parquet, with `submission` and `certificate`, one of derived.CERTIFICATES; where that is "stated" no verdict
    stands, and the tightness is null. terms: as terms.parquet, of every cell that was derived.
    """

    submission: Submission
    rows: pl.DataFrame
    bounds: pl.DataFrame
    terms: pl.DataFrame
    findings: tuple[Finding, ...]

    @property
    def taken(self) -> bool:
        """Whether nothing was found for which it is refused."""
        return all(finding.severity != "refused" for finding in self.findings)


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag=SCHEMA):
    submission: Submission
    findings: tuple[Finding, ...]


def write_checked(checked: Checked, folder: Path) -> None:
    """rows.parquet, bounds.parquet, terms.parquet and check.json, in place of what the folder held: same check, same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    write_table(checked.rows, folder / "rows.parquet", ROW)
    write_table(checked.bounds, folder / "bounds.parquet", BOUND)
    write_term_tables([checked.terms] if checked.terms.height else [], folder / TERMS)
    told: Any = msgspec.to_builtins(_Written(checked.submission, checked.findings))
    write_whole(folder / NAME, (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode())


def read_checked(folder: Path) -> Checked:
    """What `write_checked` wrote. Raises DataError for a folder that holds no such thing."""
    path = folder / NAME
    if not path.exists():
        raise DataError(f"{NAME} is missing", where=str(folder), hint="w2s-bench leaderboard check writes it")
    try:
        told = msgspec.json.decode(plain_file(path, _MOST_BYTES).read_bytes(), type=_Written)
    except (OSError, msgspec.MsgspecError) as error:
        raise DataError(f"no check that this version reads: {error}", where=str(path),
                        hint="w2s-bench leaderboard check writes it") from None
    return Checked(told.submission, read_table(folder / "rows.parquet", ROW), read_table(folder / "bounds.parquet", BOUND),
                   read_terms([folder]), told.findings)
