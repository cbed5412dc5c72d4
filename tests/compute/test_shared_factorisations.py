"""The students of one strong model are certified in one factorisation of their design on each sample, and to the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import Command, untimed_rows

from w2s_bench.scoring import linear_class

PENALTIES = [f"ridge[penalty={penalty}]" for penalty in (0.001, 0.01, 0.1, 1.0)]


@pytest.mark.slow
@pytest.mark.parametrize(("task", "strategies"), [
    ("diabetes", PENALTIES), ("class-mixture", [f"logistic[penalty={penalty}]" for penalty in (0.0, 0.001, 0.1)])])
def test_strategies_on_one_strong_model_share_a_factorisation(
        task: str, strategies: list[str], w2s: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    factorised: list[bytes] = []
    of = np.linalg.qr

    def counted(matrix: Any) -> Any:
        factorised.append(matrix.tobytes())
        return of(matrix)

    monkeypatch.setattr(linear_class.np.linalg, "qr", counted)
    matrix = ["--task", task, "--weak", "random-features[width=8,seed=1]", "--strong", "random-features[width=16]"]
    together = [word for strategy in strategies for word in ("--strategy", strategy)]
    w2s("run", *matrix, *together, "--supervisor", strategies[0], "-o", "r", "--store", "s", "--executor", "here", check=0)
    assert len(factorised) == len(set(factorised)) == 2
    for number, strategy in enumerate(strategies):
        w2s("run", *matrix, "--strategy", strategy, "--supervisor", strategies[0], "-o", f"r{number}", "--store", f"s{number}",
            "--executor", "here", check=0)
        alone, shared = untimed_rows(w2s.folder / f"r{number}"), untimed_rows(w2s.folder / "r")
        unlike = {"run_id", "panels"}
        assert alone.drop(unlike).equals(shared.filter(shared["strategy"] == strategy).drop(unlike))
