"""A submission run again by somebody else: some of its cells as they were, and its settings on seeds that nobody chose.

The same seed must give the same numbers. A fresh seed must lie where those of the submission say that a new one does: within the
95 % prediction interval m ± t·s·√(1 + 1/n) of its setting's n seeds. Of k of these some lie outside by chance; more than chance
allows, or a mean over settings that is lower than was claimed, and the claim is not reproduced. Only components that are bundled
with w2s-bench are run: a submission is data, and never a reason to run somebody's code.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from w2s_bench.contracts import UsageError, nearest
from w2s_bench.leaderboard.at_hand import AtHand
from w2s_bench.leaderboard.checked import Row
from w2s_bench.leaderboard.comparing import ROUNDING
from w2s_bench.leaderboard.opening import Opened
from w2s_bench.leaderboard.reproductions import LEVEL, SETTING, Cell, Reproduction
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.running.audience import Audience
from w2s_bench.running.starting import ask, start
from w2s_bench.tables.reading import read_runs

COMPARED = ("err_weak", "err_student", "err_ceiling", "gain", "misfit")
"""What two runs of one cell are compared in."""

_KINDS = {"task": "tasks", "weak": "models", "strong": "models", "strategy": "strategies", "supervisor": "strategies"}
_FRESH = (1_000, 2**31)
"""Between these seeds are drawn that nobody chose."""


class Sampling(NamedTuple):
    """sample: how many cells are run again. fresh: and as many on seeds that the sender did not choose. draw: the number from
    which both are drawn. strategies: of which alone, () for all."""

    sample: int
    fresh: bool
    draw: int
    strategies: tuple[str, ...] = ()


class Means(NamedTuple):
    """Where artifacts lie, who computes, and who is warned."""

    store: str
    executor: str
    warn: Callable[[str], None]


def reproduce(given: Opened, who: str, how: Sampling, hand: AtHand, means: Means) -> Reproduction:
    """Run a sample of a submission's cells again.

    Raises UsageError for a submission without a finished row, DataError for one whose cells name what is not bundled, or files
    that are not in the folder of data.
    """
    rows = [row for row in given.rows.to_dicts() if row["status"] == "ok"]
    names = dict.fromkeys(row["strategy"] for row in rows)
    if unknown := [name for name in how.strategies if name not in names]:
        raise UsageError(f"no finished row of it is of the strategy {unknown[0]!r}", hint=nearest(unknown[0], names))
    of = [row for row in rows if not how.strategies or row["strategy"] in how.strategies]
    if not of:
        raise UsageError("no cell of it is ok", where=given.submission.name, hint="there is nothing to run again")
    drawn = np.random.default_rng(how.draw)
    chosen = [of[place] for place in sorted(drawn.permutation(len(of))[:how.sample].tolist())]
    wanted = [(row, row["seed"], False) for row in chosen]
    if how.fresh:
        taken = {row["seed"] for row in rows}
        seeds = [int(seed) for seed in drawn.integers(*_FRESH, size=2 * how.sample + len(taken)) if int(seed) not in taken]
        wanted += [(row, seed, True) for row, seed in zip(chosen, seeds, strict=False)]
    found = _run([_matrix(row, seed, f"cell-{place}", hand) for place, (row, seed, _) in enumerate(wanted)], means)
    cells = [_cell(row, seed, found.get(f"cell-{place}"), rows if fresh else None)
             for place, (row, seed, fresh) in enumerate(wanted)]
    return Reproduction(submission=given.submission.name, sha256=given.sha256, who=who, draw=how.draw, cells=tuple(cells))


def _matrix(row: Row, seed: int, panel: str, hand: AtHand) -> Matrix:
    named = {name: hand.ours(kind, str(row[name])) for name, kind in _KINDS.items()}
    return Matrix((named["task"],), (), (named["weak"],), (named["strong"],), (named["strategy"],), (named["supervisor"],),
                  (seed,), panel)


def _run(matrices: Sequence[Matrix], means: Means) -> dict[str, Row]:
    """The rows of these matrices, a cell each, by panel."""
    spec = RunSpec("reproduction", tuple(matrices), (), representations=False)
    with tempfile.TemporaryDirectory(prefix="w2s-reproduction-") as folder:
        start(ask(spec, {}), Path(folder) / "run", means.store, {"executor": means.executor, "keep": "none"},
              Audience(means.warn))
        rows = read_runs([Path(folder) / "run"])[0].to_dicts()
    return {panel: row for row in rows for panel in row["panels"] or ()}


def _cell(row: Row, seed: int, again: Row | None, rows: Sequence[Row] | None) -> Cell:
    """What came of one cell. rows: those of the submission, for a fresh seed."""
    task, weak, strong, strategy, supervisor = (str(row[name]) for name in SETTING)
    ended = "lost" if again is None else str(again["status"])
    found = None if again is None or again["gain"] is None else float(again["gain"])
    if rows is None:
        apart = None if again is None or found is None else max(
            abs(row[name] - again[name]) for name in COMPARED) / row["err_weak"]
        return Cell(task=task, weak=weak, strong=strong, strategy=strategy, supervisor=supervisor, seed=seed, fresh=False,
                    ended=ended, stated=row["gain"], found=found, apart=apart)
    claimed = np.array([each["gain"] for each in rows if all(each[name] == row[name] for name in SETTING)])
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
    return float(t.ppf((1.0 + LEVEL) / 2.0, n - 1)) * spread + ROUNDING * abs(float(claimed.mean()))
