"""A submission run again by somebody else: some of its cells as they were, and its settings on seeds that nobody chose.

The same seed must give the same numbers. A fresh seed must lie where those of the submission say that a new one does: within the
95 % prediction interval m ± t·s·√(1 + 1/n) of its setting's n seeds. Of k of these some lie outside by chance; more than chance
allows, or a mean over settings that is lower than was claimed, and the claim is not reproduced. Only components that are bundled
with w2s-bench are run: a submission is data, and never a reason to run somebody's code.
"""

from __future__ import annotations

import json
import math
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta

from w2s_bench.contracts import DataError, UsageError
from w2s_bench.leaderboard.at_hand import AtHand
from w2s_bench.leaderboard.checked import Row
from w2s_bench.leaderboard.comparing import ROUNDING
from w2s_bench.leaderboard.opening import Opened
from w2s_bench.leaderboard.untrusted import Refused, odd_character, read_toml, shown
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.running.audience import Audience
from w2s_bench.running.starting import ask, start
from w2s_bench.tables.reading import read_runs

if TYPE_CHECKING:
    import polars as pl

SCHEMA = "w2s-reproduction/1"
FOLDER = "reproductions"
COMPARED = ("err_weak", "err_student", "err_ceiling", "gain", "misfit")
"""What two runs of one cell are compared in."""

CHANCE = 0.01
"""A claim is not reproduced where chance alone would give what was found less often than this."""

FEWEST_FRESH = 3
"""Fresh seeds of a strategy, over all its settings, below which nothing is said of it."""

DEVICE = 0.01
"""What another device may change of a network that is trained: a cell of the same seed that is this near says nothing."""

_SETTING = ("task", "weak", "strong", "strategy", "supervisor")
_KINDS = {"task": "tasks", "weak": "models", "strong": "models", "strategy": "strategies", "supervisor": "strategies"}
_LEVEL = 0.95
_FRESH = (1_000, 2**31)
"""Between these seeds are drawn that nobody chose."""

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
        for text in (getattr(cell, name) for cell in self.cells for name in _SETTING):
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


class Sampling(NamedTuple):
    """sample: how many cells are run again. fresh: and as many on seeds that the sender did not choose. draw: the number from
    which both are drawn."""

    sample: int
    fresh: bool
    draw: int


def reproduce(given: Opened, who: str, how: Sampling, hand: AtHand, store: str, means: Mapping[str, object]) -> Reproduction:
    """Run a sample of a submission's cells again. means: as of `start`.

    Raises UsageError for a submission without a finished row, DataError for one whose cells name what is not bundled, or files
    that are not in the folder of data.
    """
    rows = [row for row in given.rows.to_dicts() if row["status"] == "ok"]
    if not rows:
        raise UsageError("no cell of it is ok", where=given.submission.name, hint="there is nothing to run again")
    drawn = np.random.default_rng(how.draw)
    chosen = [rows[place] for place in sorted(drawn.permutation(len(rows))[:how.sample].tolist())]
    wanted = [(row, row["seed"], False) for row in chosen]
    if how.fresh:
        taken = {row["seed"] for row in rows}
        seeds = [int(seed) for seed in drawn.integers(*_FRESH, size=2 * how.sample + len(taken)) if int(seed) not in taken]
        wanted += [(row, seed, True) for row, seed in zip(chosen, seeds, strict=False)]
    found = _run([_matrix(row, seed, f"cell-{place}", hand) for place, (row, seed, _) in enumerate(wanted)], store, means)
    cells = [_cell(row, seed, found.get(f"cell-{place}"), rows if fresh else None)
             for place, (row, seed, fresh) in enumerate(wanted)]
    return Reproduction(submission=given.submission.name, sha256=given.sha256, who=who, draw=how.draw, cells=tuple(cells))


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


def _matrix(row: Row, seed: int, panel: str, hand: AtHand) -> Matrix:
    named = {name: hand.ours(kind, str(row[name])) for name, kind in _KINDS.items()}
    return Matrix((named["task"],), (), (named["weak"],), (named["strong"],), (named["strategy"],), (named["supervisor"],),
                  (seed,), panel)


def _run(matrices: Sequence[Matrix], store: str, means: Mapping[str, object]) -> dict[str, Row]:
    """The rows of these matrices, a cell each, by panel."""
    spec = RunSpec("reproduction", tuple(matrices), (), representations=False)
    with tempfile.TemporaryDirectory(prefix="w2s-reproduction-") as folder:
        warnings: list[str] = []
        start(ask(spec, {}), Path(folder) / "run", store, {**means, "keep": "none"}, Audience(warnings.append))
        rows = read_runs([Path(folder) / "run"])[0].to_dicts()
    return {panel: row for row in rows for panel in row["panels"] or ()}


def _cell(row: Row, seed: int, again: Row | None, rows: Sequence[Row] | None) -> Cell:
    """What came of one cell. rows: those of the submission, for a fresh seed."""
    task, weak, strong, strategy, supervisor = (str(row[name]) for name in _SETTING)
    ended = "lost" if again is None else str(again["status"])
    found = None if again is None or again["gain"] is None else float(again["gain"])
    if rows is None:
        apart = None if again is None or found is None else max(
            abs(row[name] - again[name]) for name in COMPARED) / row["err_weak"]
        return Cell(task=task, weak=weak, strong=strong, strategy=strategy, supervisor=supervisor, seed=seed, fresh=False,
                    ended=ended, stated=row["gain"], found=found, apart=apart)
    claimed = np.array([each["gain"] for each in rows if all(each[name] == row[name] for name in _SETTING)])
    mean = float(claimed.mean())
    reach = _reach(claimed)
    return Cell(task=task, weak=weak, strong=strong, strategy=strategy, supervisor=supervisor, seed=seed, fresh=True,
                ended=ended, stated=mean, found=found, low=None if reach is None else mean - reach,
                high=None if reach is None else mean + reach)


def _reach(claimed: np.ndarray) -> float | None:
    """How far from the mean of n seeds a new one may be, at 95 %; None for one seed."""
    from scipy.stats import t

    n = len(claimed)
    if n < 2:
        return None
    spread = float(claimed.std(ddof=1)) * math.sqrt(1.0 + 1.0 / n)
    return float(t.ppf((1.0 + _LEVEL) / 2.0, n - 1)) * spread + ROUNDING * abs(float(claimed.mean()))


def _reproduced(cells: Sequence[Cell]) -> bool | None:
    """Whether a claim stands after these cells of a strategy; None where too few are of fresh seeds."""
    from scipy.stats import binom, ttest_1samp

    same = [cell.agrees for cell in cells if not cell.fresh]
    if False in same:
        return False
    fresh = [cell for cell in cells if cell.fresh and cell.agrees is not None]
    outside = sum(cell.agrees is False for cell in fresh)
    if outside and float(binom.sf(outside - 1, len(fresh), 1.0 - _LEVEL)) < CHANCE:
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
