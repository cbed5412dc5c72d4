"""Several runs as one table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from w2s_bench.columns import BOUNDS, ROWS, polars_schema
from w2s_bench.errors import DataError, UsageError
from w2s_bench.leaderboard.tables import publish, read_runs, where


def make_rows(seeds: list[int], gain: float = 0.5, **fixed: Any) -> pl.DataFrame:
    base: dict[str, Any] = {"run_id": "r", "status": "ok", "task": "t|<b>", "weak": "small", "strong": "large",
                            "strategy": "ridge", "supervisor": "ridge", "direction": "weak-to-strong", "output_unit": "m",
                            "err_weak": 2.0, "err_student": 2.0 - gain, "err_ceiling": 1.0, "gain": gain, "gain_se": 0.1,
                            "misfit": 0.6, "gain_over_misfit": gain / 0.6, "flags": ["few-test-examples"], **fixed}
    found = [{**base, "cell_key": f"c{seed}", "seed": seed, "gain": gain + 0.01 * seed} for seed in seeds]
    schema = polars_schema(ROWS)
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in found], schema=schema)


def make_bounds(rows: pl.DataFrame) -> pl.DataFrame:
    schema = polars_schema(BOUNDS)
    found = [{"run_id": "r", "cell_key": key, "bound": "theorem2-explicit", "split": "test", "lhs": 1.5, "rhs": 3.0,
              "slack": 1.5, "tightness": 0.5, "verdict": "holds", "vacuous": False} for key in rows["cell_key"]]
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in found], schema=schema)


def write_run(folder: Path, rows: pl.DataFrame) -> Path:
    folder.mkdir()
    rows.write_parquet(folder / "rows.parquet")
    make_bounds(rows).write_parquet(folder / "bounds.parquet")
    return folder


def test_a_cell_in_two_runs_is_refused_unless_the_latest_is_wanted(tmp_path: Path) -> None:
    folders = [write_run(tmp_path / "a", make_rows([0, 1])), write_run(tmp_path / "b", make_rows([1, 2], gain=0.9))]
    with pytest.raises(UsageError, match="several runs"):
        read_runs(folders)
    rows, bounds = read_runs(folders, latest=True)
    assert rows["seed"].to_list() == [0, 1, 2] and bounds.height == 3
    assert rows.filter(pl.col("seed") == 1)["gain"].item() == pytest.approx(0.91)


def test_a_table_of_another_schema_is_refused_by_column(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "a", make_rows([0]))
    make_rows([0]).rename({"gain": "gian"}).write_parquet(folder / "rows.parquet")
    with pytest.raises(DataError, match="'gain' is missing"):
        read_runs([folder])
    (folder / "rows.parquet").write_bytes(b"nonsense")
    with pytest.raises(DataError, match="not a Parquet file"):
        read_runs([folder])


def test_conditions_are_read_and_never_evaluated() -> None:
    rows = make_rows([0, 1, 2])
    assert where(rows, "gain > 0.505 and seed <= 1").height == 1
    assert where(rows, 'task == "t|<b>"').height == 3 and where(rows, "weak != small").height == 0
    for wrong in ("gian > 0", "gain >", "__import__('os')", "gain > much"):
        with pytest.raises(UsageError):
            where(rows, wrong)


def test_a_published_folder_can_be_read_again_and_says_how_it_was_made(tmp_path: Path) -> None:
    rows = make_rows([0, 1])
    publish(rows, make_bounds(rows), tmp_path / "board", "w2s-bench run")
    again, _ = read_runs([tmp_path / "board"])
    assert again.equals(rows)
    page = (tmp_path / "board" / "README.md").read_text()
    assert "w2s-bench run" in page and "| small | large |" in page
