"""A divergence, a metric or a bound that is broken costs itself alone, and is named."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import Command
from distributions import install
from made_components import Words

from w2s_bench.contracts import (
    BoundEntry,
    DivergenceEntry,
    Entry,
    MetricColumn,
    MetricEntry,
    PluginError,
    Regression,
    TaskEntry,
)
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.catalogue import Plugin, Registered, Registry
from w2s_bench.registry.loading import load_registry
from w2s_bench.registry.measures import measures_of

pytestmark = pytest.mark.usefixtures("trusting")
ENTRIES: dict[str, type[Entry]] = {"divergences": DivergenceEntry, "metrics": MetricEntry, "bounds": BoundEntry}


class Raises:
    def __init__(self) -> None:
        raise OSError("no table of values")


class Lacks:
    """None of what its kind asks for."""


class Counts:
    """A metric that fills one column of its own."""

    of, outputs = "pair", frozenset({"regression"})
    columns: Any = (MetricColumn(name="odd_count", unit="1", meaning="how many"),)

    def __call__(self, sample: object, prediction: object) -> dict[str, float]:
        return {}


class TakesAColumn(Counts):
    columns = (MetricColumn(name="gain", unit="label", meaning="its own gain"),)


class TakesOneOfAMetric(Counts):
    of = "predictor"
    columns = (MetricColumn(name="r2", unit="1", meaning="its own r2"),)


class TakesOneTwice(Counts):
    columns = (*Counts.columns, *Counts.columns)


class NamesAColumn(Counts):
    columns = ("odd_count",)


class ScoredByIt(Words):
    output, divergence = Regression(1, "letters"), "odd"


def offering(kind: str, target: type | str, plugin: str = "theirs") -> Registry:
    known = load_registry()
    place = target if isinstance(target, str) else f"{__name__}:{target.__name__}"
    return with_offer(known, kind, plugin, ENTRIES[kind]("odd", place))


def with_offer(known: Registry, kind: str, plugin: str, entry: Entry) -> Registry:
    offers = (Registered(Plugin(plugin, "their-dist", "1"), entry), *known.entries(kind))
    return replace(known, offered={**known.offered, kind: offers})


def planned(registry: Registry, task: str = "diabetes") -> tuple[str, ...]:
    matrix = Matrix(tasks=(task,), weak=("raw",), strong=("random-features[width=8]",))
    return make_plan(RunSpec("one", (matrix,)), registry).unmeasured


BROKEN = [("divergences", Raises, "OSError: no table of values"),
          ("divergences", "no_such_module:Odd", "the package no_such_module has no source"),
          ("divergences", Lacks, "is no divergence: it has no"), ("metrics", Raises, "OSError: no table of values"),
          ("metrics", Lacks, "is no metric: it has no"), ("metrics", TakesAColumn, "it declares the column 'gain'"),
          ("metrics", TakesOneOfAMetric, "it declares the column 'r2_weak'"),
          ("metrics", TakesOneTwice, "it declares the column 'odd_count'"),
          ("metrics", NamesAColumn, "`columns` of theirs/odd is ('odd_count',), not a tuple (a MetricColumn)"),
          ("bounds", Raises, "OSError: no table of values"), ("bounds", Lacks, "is no bound: it has no")]


@pytest.mark.parametrize(("kind", "target", "said"), BROKEN)
def test_what_is_broken_is_left_out_and_named_and_all_else_is_planned_as_without_it(
        kind: str, target: type | str, said: str) -> None:
    known, found = measures_of(load_registry()), measures_of(offering(kind, target))
    assert known.left_out == () and found.components == known.components and found.row_columns == known.row_columns
    (line,) = planned(offering(kind, target))
    assert line.startswith(f"the {kind[:-1]} theirs/odd is left out (") and said in line and "plugin doctor" in line


def test_a_column_stays_with_the_metric_that_is_bundled_whatever_comes_first() -> None:
    offered = measures_of(offering("metrics", Counts, plugin="a_first"))
    assert "odd_count" in [column.name for column in offered.row_columns] and offered.left_out == ()
    both = with_offer(offering("metrics", Counts, plugin="a_first"), "metrics", "b_second",
                      MetricEntry("even", f"{__name__}:Counts"))
    assert [each.offer.full_name for each in measures_of(both).left_out] == ["a_first/odd"]


def test_the_default_divergence_is_the_projects_own_whatever_comes_first() -> None:
    registry = load_registry()
    squared = next(found.entry for found in registry.entries("divergences") if found.entry.name == "squared")
    first = with_offer(registry, "divergences", "aaa_theirs", DivergenceEntry("aaa", squared.target))
    names = list(measures_of(first).divergences)
    assert names[-1] == "aaa" and names[:-1] == list(measures_of(registry).divergences)


def test_a_task_is_refused_that_is_scored_by_what_is_left_out_and_says_why() -> None:
    registry = with_offer(offering("divergences", Raises), "tasks", "theirs", TaskEntry("scored", f"{__name__}:ScoredByIt"))
    with pytest.raises(PluginError, match="scored has numbers and the divergence odd; the divergence theirs/odd is left out "
                                          r"\(.*no table of values"):
        planned(registry, "scored")


@pytest.mark.slow
def test_run_plan_show_and_doctor_go_on_with_what_is_left(w2s: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    offers = "".join(f"@hookimpl\ndef w2s_{kind}():\n    yield {entry.__name__}('odd', 'odd_measures:Odd')\n"
                     for kind, entry in ENTRIES.items())
    install(w2s.folder / "site", monkeypatch, "odd-dist", {"odd": "odd_measures"}, odd_measures=offers)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(w2s.folder / "site"), os.environ.get("PYTHONPATH", "")]))
    apart = Command(w2s.folder, apart=True)
    words = ("--task", "diabetes", "--weak", "raw", "--strong", "random-features[width=8]")
    named = [f"the {kind[:-1]} odd/odd is left out (odd_measures:Odd: cannot make odd: AttributeError" for kind in ENTRIES]
    for said in (apart("plan", *words, check=0).stdout, apart("run", *words, "-o", "r", check=0).stderr,
                 apart("rescore", "r", check=0).stderr):
        assert [line for line in named if line in said] == named, said
    assert pl.read_parquet(Path(w2s.folder) / "r" / "rows.parquet")["status"].to_list() == ["ok"]
    assert "odd" not in apart("show", "r", check=0).stderr
    told = re.findall(r"odd \(odd-dist 1.0\): the (\w+) odd/odd cannot be made: ", apart("plugin", "doctor", check=3).stdout)
    assert sorted(f"{kind}s" for kind in told) == sorted(ENTRIES)
