"""The summary counts and averages as it says, and its face fits the terminal."""

from __future__ import annotations

import io
from typing import Any

import polars as pl
import pytest

from w2s_bench.columns import BOUNDS, ROWS, polars_schema
from w2s_bench.summary import sentence, summary
from w2s_bench.terminal_table import figure, render


def make_tables(tasks: dict[str, float], seeds: int = 3, failed: int = 0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows and bounds that fill the schema: for each task of a given scale two directions and some seeds."""
    rows: list[dict[str, Any]] = []
    bounds: list[dict[str, Any]] = []
    for task, scale in tasks.items():
        for direction, share in (("weak-to-strong", 0.3), ("strong-to-weak", 0.1)):
            for seed in range(seeds):
                misfit = scale * (share + 0.02 * seed)
                gain = misfit * (0.9 if share == 0.3 else -0.5)
                key = f"{task}-{direction}-{seed}"
                weak, strong = ("small", "large") if share == 0.3 else ("large", "small")
                rows.append({
                    "run_id": "r", "cell_key": key, "status": "ok", "task": task, "weak": weak, "strong": strong,
                    "strategy": "ridge", "supervisor": "least-squares", "seed": seed, "direction": direction,
                    "divergence": "squared", "output_unit": "kg", "err_weak": scale, "err_student": scale - gain,
                    "err_ceiling": 0.2 * scale, "gain": gain, "gain_se": 0.01 * scale, "misfit": misfit,
                    "gain_over_misfit": gain / misfit, "flags": ["few-test-examples"] if seed == 0 else []})
                rhs = scale - misfit + 2 * (misfit * 0.2 * scale) ** 0.5
                bounds.append({"run_id": "r", "cell_key": key, "bound": "theorem2-explicit", "split": "test",
                               "lhs": scale - gain, "rhs": rhs, "slack": rhs - scale + gain,
                               "tightness": (scale - gain) / rhs, "verdict": "holds"})
    for seed in range(failed):
        rows.append({**{name: rows[0][name] for name in ("run_id", "task", "weak", "strong", "strategy", "supervisor")},
                     "cell_key": f"lost-{seed}", "seed": 100 + seed, "status": "failed", "error": "it <b>broke</b>", "flags": []})
    return pl.DataFrame(rows, schema=polars_schema(ROWS)), pl.DataFrame(bounds, schema=polars_schema(BOUNDS))


def printed(width: int, tasks: dict[str, float]) -> str:
    from rich.console import Console

    out = io.StringIO()
    render(*make_tables(tasks, failed=2), Console(file=out, width=width))
    return out.getvalue()


def test_seeds_are_averaged_and_ratios_are_of_means() -> None:
    first = summary(*make_tables({"t": 10.0})).row(0, named=True)
    assert first["n_seeds"] == 3 and first["direction"] == "weak-to-strong" and first["holds"] == 3
    assert first["misfit"] == pytest.approx(3.2) and first["gain_over_misfit"] == pytest.approx(0.9)
    assert first["gain_half"] == pytest.approx(4.302653 * 0.18 / 3 ** 0.5, rel=1e-5) and first["gain_over"] == "seeds"


def test_one_seed_is_judged_over_test_examples() -> None:
    first = summary(*make_tables({"t": 10.0}, seeds=1)).row(0, named=True)
    assert first["gain_half"] == pytest.approx(0.196, rel=1e-3) and first["gain_over"] == "test examples"


def test_tasks_are_never_averaged_together() -> None:
    assert summary(*make_tables({"a": 1.0, "b": 9.0}), by=["strategy"])["task"].unique().sort().to_list() == ["a", "b"]


@pytest.mark.parametrize("width", [80, 100, 180])
def test_it_fits(width: int) -> None:
    text = printed(width, {"diabetes": 2900.0, "[bold]x[/bold]": 2e5})
    assert max(map(len, text.splitlines())) <= width
    assert "diabetes" in text and "holds 3/3" in text and "[bold]x[/bold]" in text and "2 failed" in text


def test_the_sentence_counts() -> None:
    said = sentence(make_tables({"t": 10.0}, failed=1)[0])
    assert "In 3 of 3 weak-to-strong cells" in said and "slope 0.90" in said and "1 of 7 cells gave no score" in said


def test_without_a_score_the_sentence_says_so() -> None:
    rows, bounds = make_tables({"t": 1.0}, failed=2)
    lost = rows.filter(pl.col("status") != "ok")
    assert "No cell" in sentence(lost) and summary(lost, bounds).is_empty()
    assert "No cell" in sentence(rows.clear())


@pytest.mark.parametrize(("value", "shown"), [
    (None, "-"), (float("nan"), "-"), (0.0, "0.000"), (12.345, "12.35"), (1e9, "1.0e+09")])
def test_figures(value: float | None, shown: str) -> None:
    assert figure(value) == shown
