"""How long a board takes: a million rows aggregated to entries on tasks, and a board whose every pair is compared.

    python benchmarks/board_rows.py [ROWS]

The first is group-bys alone. The second has intervals over seeds and test examples for each pair of entries on each task, from
the terms of every cell; it is of 40 entries, 12 tasks, 4 settings and 5 seeds that share 500 test examples: 9,600 rows.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "leaderboard"))
from made_boards import drawn, made_checked
from made_seasons import made_season, made_task

from w2s_bench.leaderboard.aggregated import by_task, ended, on_season
from w2s_bench.leaderboard.board import board_from


def many_rows(rows: int) -> tuple[pl.DataFrame, object]:
    """Rows of as many entries as that takes, on 12 tasks of 4 settings and 5 seeds, one cell in a hundred failed."""
    season = made_season(tuple(made_task(f"task-{at}", seeds=5, settings=4) for at in range(12)))
    cells = pl.DataFrame([(cell.task.name, cell.setting.weak, cell.setting.strong, cell.setting.supervisor, cell.seed)
                          for cell in season.cells()], schema=["task", "weak", "strong", "supervisor", "seed"], orient="row")
    names = [f"submission-{at:05d}" for at in range(rows // cells.height + 1)]
    entries = pl.DataFrame({"submission": names, "strategy": "ridge"})
    table = entries.join(cells, how="cross").head(rows)
    rng = np.random.default_rng(0)
    gain = rng.normal(size=rows)
    return table.with_columns(
        pl.Series("status", np.where(rng.random(rows) < 0.01, "failed", "ok")), pl.lit("rescored").alias("trust"),
        pl.Series("gain", gain), pl.lit(None, pl.Float64).alias("gain_accuracy"), pl.Series("misfit", np.abs(gain)),
        pl.Series("err_student", 3.0 - gain), pl.lit(3.1).alias("err_shuffled")), season


def main(rows: int) -> None:
    table, season = many_rows(rows)
    for _ in range(3):
        start = time.perf_counter()
        cells = on_season(table, season)  # type: ignore[arg-type]
        found, lost = by_task(cells, season), ended(cells)  # type: ignore[arg-type]
        print(f"{rows:,} rows to {found.height:,} entries on tasks, {lost.height:,} of them with failed cells: "
              f"{time.perf_counter() - start:.2f} s")
    board_season = made_season(tuple(made_task(f"task-{at}", seeds=5, settings=4, n_test=500) for at in range(12)))
    rng = np.random.default_rng(1)
    several = [made_checked(board_season, f"entry-{at:02d}", {"s": drawn(board_season, rng, n=500)}) for at in range(40)]
    start = time.perf_counter()
    board = board_from(board_season, several)
    print(f"{board.rows.height:,} rows of {len(board.entries)} entries, {board.comparisons:,} comparisons: "
          f"{time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main(int(sys.argv[1].replace(",", "")) if len(sys.argv) > 1 else 1_000_000)
