"""What somebody else found who ran a submission again (see reproducing.py), one TOML file each: w2s-reproduction/1."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from w2s_bench.contracts import DataError
from w2s_bench.leaderboard.checked import Checked
from w2s_bench.leaderboard.comparing import ROUNDING
from w2s_bench.leaderboard.untrusted import Refused, odd_character, read_toml, shown

if TYPE_CHECKING:
    import polars as pl

SCHEMA = "w2s-reproduction/1"
FOLDER = "reproductions"
LEVEL = 0.95
"""Of the interval in which a new seed is expected."""

CHANCE = 0.01
"""A claim is not reproduced where chance alone would give what was found less often than this."""

FEWEST_FRESH = 3
"""Fresh seeds of a strategy, over all its settings, below which nothing is said of it."""

DEVICE = 0.01
"""What another device may change of a network that is trained: a cell of the same seed that is this near says nothing."""

SETTING = ("task", "weak", "strong", "strategy", "supervisor")
_WHO = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
Label = Annotated[str, Meta(min_length=1, max_length=500)]
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Cell(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One cell that was run again. fresh: its seed is not of the submission, and `stated` is the mean of the setting's seeds
    there; low, high: where a new seed is expected. found: the gain; apart: of the same seed the largest difference of what is
    compared, as a share of the teacher's error. ended: how the cell ended, "ok" or not."""

    task: Label
    weak: Label
    strong: Label
    strategy: Label
    supervisor: Label
    seed: Seed
    fresh: bool
    ended: Annotated[str, Meta(max_length=20)] = "ok"
    stated: float | None = None
    found: float | None = None
    apart: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def agrees(self) -> bool | None:
        """Whether it is what was claimed; None where that cannot be judged."""
        if self.ended != "ok" or self.found is None:
            return False
        if not self.fresh:
            apart = math.inf if self.apart is None else self.apart
            return True if apart <= ROUNDING else None if apart <= DEVICE else False
        return None if self.low is None or self.high is None else self.low <= self.found <= self.high


class Reproduction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag=SCHEMA, kw_only=True):
    """Who ran what again. submission, sha256: its name, and the digest of its folder. draw: the number from which cells and seeds
    were drawn. Raises DataError for what cannot stand."""

    submission: Annotated[str, Meta(max_length=64)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    who: Annotated[str, Meta(max_length=64)]
    draw: Seed
    cells: Annotated[tuple[Cell, ...], Meta(max_length=10_000)]

    def __post_init__(self) -> None:
        if not _WHO.fullmatch(self.who):
            raise DataError(f"{shown(self.who)} is no name of somebody", hint="small letters, digits and -")
        for text in (getattr(cell, name) for cell in self.cells for name in SETTING):
            if odd := odd_character(text):
                raise DataError(f"a name of it holds {odd}")

    def judged(self) -> dict[str, bool | None]:
        """By strategy, whether its claim is reproduced; None where too little was run on fresh seeds to say so."""
        return {name: _reproduced([cell for cell in self.cells if cell.strategy == name])
                for name in dict.fromkeys(cell.strategy for cell in self.cells)}

    def to_toml(self) -> str:
        """The text that `read_reproduction` reads back as the same."""
        head = {"schema": SCHEMA, "submission": self.submission, "sha256": self.sha256, "who": self.who, "draw": self.draw}
        lines = [f"{name} = {_toml(value)}" for name, value in head.items()]
        for cell in self.cells:
            told = msgspec.to_builtins(cell)
            lines += ["", "[[cells]]", *(f"{name} = {_toml(value)}" for name, value in told.items() if value is not None)]
        return "\n".join(lines) + "\n"


def read_reproduction(path: Path) -> Reproduction:
    """The reproduction of a file. Raises DataError for a file that is none."""
    table = read_toml(path.parent, path.name)
    if table.get("schema") != SCHEMA:
        raise Refused(f"the schema is {shown(table.get('schema'))}, and {SCHEMA} is what this version reads", where=path.name)
    try:
        return msgspec.convert(table, Reproduction)
    except msgspec.ValidationError as error:
        raise Refused(f"no reproduction: {shown(str(error))}", where=path.name) from None


def reproductions_of(board: Path, submission: str, sha256: str) -> list[Reproduction]:
    """What a board holds of reproductions of a submission as it is. Raises DataError for a file that is none."""
    found = [read_reproduction(path) for path in sorted((board / FOLDER).glob(f"{submission}--*.toml"))]
    return [each for each in found if (each.submission, each.sha256) == (submission, sha256)]


def with_reproductions(checked: Checked, board: Path, sha256: str) -> Checked:
    """A checked submission with the trust that a board's reproductions of it lend its rows. sha256: of its folder, as the index
    has it; what was run of another version counts for nothing, nor what its own people ran. Raises DataError as
    `read_reproduction`."""
    people = {who.casefold() for who in checked.submission.who}
    found = [each for each in reproductions_of(board, checked.submission.name, sha256) if each.who not in people]
    return msgspec.structs.replace(checked, rows=lifted(checked.rows, found)) if found else checked


def lifted(rows: pl.DataFrame, reproductions: Iterable[Reproduction]) -> pl.DataFrame:
    """The checked rows of a submission with `trust` "reproduced" where it was rescored and somebody else reproduced its strategy,
    and nobody who ran it came to another result."""
    import polars as pl

    said: dict[str, set[bool | None]] = {}
    for each in reproductions:
        for strategy, judged in each.judged().items():
            said.setdefault(strategy, set()).add(judged)
    names = [strategy for strategy, judged in said.items() if True in judged and False not in judged]
    mine = (pl.col("trust") == "rescored") & pl.col("strategy").is_in(names)
    return rows.with_columns(pl.when(mine).then(pl.lit("reproduced")).otherwise("trust").alias("trust"))


def _reproduced(cells: Sequence[Cell]) -> bool | None:
    """Whether a claim stands after these cells of a strategy; None where too few are of fresh seeds."""
    from scipy.stats import binom, ttest_1samp

    same = [cell.agrees for cell in cells if not cell.fresh]
    if False in same:
        return False
    fresh = [cell for cell in cells if cell.fresh and cell.agrees is not None]
    outside = sum(cell.agrees is False for cell in fresh)
    if outside and float(binom.sf(outside - 1, len(fresh), 1.0 - LEVEL)) < CHANCE:
        return False
    shares = list(_shares(fresh))
    if len(shares) >= FEWEST_FRESH and float(ttest_1samp(shares, 0.0, alternative="greater").pvalue) < CHANCE:
        return False
    return True if len(fresh) >= FEWEST_FRESH else None


def _shares(fresh: Iterable[Cell]) -> Iterator[float]:
    """How much more was claimed than was found, as a share of where a new seed may lie."""
    for cell in fresh:
        if cell.found is not None and cell.stated is not None and cell.high is not None and cell.high > cell.stated:
            yield (cell.stated - cell.found) / (cell.high - cell.stated)


def _toml(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value).lower() if isinstance(value, bool) else repr(value)
