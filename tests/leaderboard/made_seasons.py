"""Seasons for tests of what reads them."""

from __future__ import annotations

from typing import Any

from w2s_bench.leaderboard.season import Kind, Season, SeasonTask, Setting, Splits, Spread


def made_task(name: str, *, seeds: int = 3, settings: int = 1, output: Kind = "regression", unit: float = 2.0, n_test: int = 100,
              worst: float = -0.5) -> SeasonTask:
    splits = tuple(Splits(seed, f"task-{name}", f"data-{name}-{seed}", f"supervise-{name}-{seed}", f"transfer-{name}-{seed}",
                          f"test-{name}-{seed}", n_test) for seed in range(seeds))
    return SeasonTask(name, output, "squared" if output == "regression" else "kl", unit, tuple(range(seeds)), "CC0-1.0", "nobody",
                      "travels", tuple(Setting(f"weak-{number}", "strong", "plain", worst) for number in range(settings)), splits,
                      {"constant": -0.4, "shuffled": worst, "gold": 0.2, "ceiling": 0.6},
                      Spread(3, 0.01, 0.02, 0.04, 12.0, "seeds and examples"))


def made_season(tasks: tuple[SeasonTask, ...] | int = 2, **about: Any) -> Season:
    found = tuple(made_task(f"task-{number}") for number in range(tasks)) if isinstance(tasks, int) else tasks
    return Season(name="pilot", version="1.0", title="A season made by a test", rules=("No rule but these.",), tasks=found,
                  **about)
