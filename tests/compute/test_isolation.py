"""What a component is given is a copy: whatever it does to it in place, all others read what the store holds."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import lent_components
import numpy as np
import polars as pl
import pytest
from conftest import untimed_rows
from stored import arrays_as_bytes

from w2s_bench.contracts import ModelEntry, Parameter, Policy, StrategyEntry, TaskEntry
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.catalogue import Registered, Registry
from w2s_bench.registry.loading import load_registry
from w2s_bench.running.audience import Audience
from w2s_bench.running.runs import Place, run

RUDE = Parameter("rude", bool, False, "whether it spoils what it is given")
WIDTH = Parameter("width", int, 2, "columns", low=1, high=4)
HOME = "lent_components"
OFFERED = {
    "tasks": [TaskEntry("points", f"{HOME}:Points")],
    "models": [ModelEntry("pooled", f"{HOME}:Pooled", parameters=(WIDTH, RUDE)),
               ModelEntry("scaled", f"{HOME}:Scaled", parameters=(WIDTH, RUDE))],
    "strategies": [StrategyEntry("plain", f"{HOME}:Plain", parameters=(RUDE,)),
                   StrategyEntry("batched", f"{HOME}:Batched", parameters=(RUDE,))],
}


@pytest.fixture(scope="module")
def registry() -> Registry:
    found = load_registry()
    mine = {kind: (*found.entries(kind), *(Registered(found.plugins[0], entry) for entry in entries))
            for kind, entries in OFFERED.items()}
    return replace(found, offered={**found.offered, **mine})


@pytest.fixture
def ran(registry: Registry, tmp_path: Path) -> Callable[..., Path]:
    def ran(name: str, **words: tuple[str, ...]) -> Path:
        spec = RunSpec("t", (Matrix(**{"tasks": ("points",), "seeds": (0, 1), "supervisors": ("plain",), **words}),))  # type: ignore[arg-type]
        said: list[str] = []
        result = run(make_plan(spec, registry), Place(tmp_path / name, str(tmp_path / f"{name}-store")),
                     registry.make("executors", "here"), Policy(), Audience(said.append))
        errors = pl.read_parquet(tmp_path / name / "rows.parquet")["error"].drop_nulls().unique().to_list()
        assert errors == said == [] and set(result.statuses) == {"ok"}
        return tmp_path / name

    return ran


def _arrays(folder: Path) -> dict[str, dict[str, bytes]]:
    return arrays_as_bytes(folder.with_name(f"{folder.name}-store"))


@pytest.mark.parametrize("rude", ["plain[rude=true]", "batched[rude=true]"])
def test_a_strategy_that_changes_what_it_is_given_changes_no_other_row_and_no_artifact(
        ran: Callable[..., Path], rude: str) -> None:
    before = copy.deepcopy(lent_components.X)
    models = {"weak": ("pooled[width=1]",), "strong": ("pooled[width=3]", "scaled[width=3]")}
    calm = ran("calm", **models, strategies=("plain", "batched"))
    spoilt = ran("spoilt", **models, strategies=(rude, "plain", "batched"), supervisors=(rude, "plain"))
    kept = untimed_rows(spoilt).join(untimed_rows(calm).select("cell_key"), on="cell_key", how="semi").drop("run_id")
    assert kept.sort("cell_key").equals(untimed_rows(calm).drop("run_id").sort("cell_key")) and kept.height == 8
    sound, found = _arrays(calm), _arrays(spoilt)
    assert sound == {key: found[key] for key in sound}
    assert np.array_equal(lent_components.X, before)


def test_a_model_that_changes_what_it_is_given_changes_no_other_row_and_no_artifact(ran: Callable[..., Path]) -> None:
    calm = ran("calm", weak=("pooled[width=1]",), strong=("pooled[width=3]", "scaled[width=3]"))
    rude = ("pooled[width=2,rude=true]", "scaled[width=2,rude=true]")
    spoilt = ran("spoilt", weak=("pooled[width=1]", *rude), strong=(*rude, "pooled[width=3]", "scaled[width=3]"))
    sound, found = _arrays(calm), _arrays(spoilt)
    assert sound == {key: found[key] for key in sound}
    kept = untimed_rows(spoilt).join(untimed_rows(calm).select("cell_key"), on="cell_key", how="semi").drop("run_id")
    assert kept.sort("cell_key").equals(untimed_rows(calm).drop("run_id").sort("cell_key"))


def test_a_batch_method_gives_what_single_fits_give_whatever_is_spoilt(ran: Callable[..., Path]) -> None:
    words = {"weak": ("pooled[width=1]", "pooled[width=2]"), "strong": ("pooled[width=3]",)}
    one = untimed_rows(ran("one", **words, strategies=("plain[rude=true]",)))
    many = untimed_rows(ran("many", **words, strategies=("batched[rude=true]",)))
    assert one["err_student"].to_list() == many["err_student"].to_list()
