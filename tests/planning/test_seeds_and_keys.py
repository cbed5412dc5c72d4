"""Seeds and keys know what a component means and the content that it reads; not where that lies, and not how fast it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import polars as pl
import pytest
from conftest import Command

from w2s_bench.contracts import Array, Columns, Embedding, ModelEntry, Parameter
from w2s_bench.planning.plan import Plan
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.catalogue import Registered, Registry
from w2s_bench.registry.component import Component
from w2s_bench.registry.loading import load_registry

ROWS = [f"{x},{x * x % 7},{3 * x % 5}" for x in range(40)]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry()


def table(file: Path, rows: list[str] = ROWS) -> str:
    """A table of numbers at this place, and the name of the task that reads it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("a,b,y\n" + "\n".join(rows) + "\n")
    return f'arrays[path="{file}"]'


def one(registry: Registry, kind: str, text: str) -> Component:
    (component,) = registry.select(kind, [text])
    return component


def planned(registry: Registry, task: str) -> Plan:
    models = ("raw", "random-features[width=8]")
    return make_plan(RunSpec("t", (Matrix((task,), models=models, strategies=("ridge",)),)), registry)


class Plain:
    """A model that takes whatever parameters its entry declares."""

    column, family, size = "x", "plain", None

    def __init__(self, **settings: object) -> None:
        self.settings = settings

    def fingerprint(self) -> str:
        return "the content of a file"

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        return Embedding(inputs["x"])


def offering(registry: Registry, *parameters: Parameter) -> Registry:
    """The registry with one model more."""
    made = Registered(registry.plugins[0], ModelEntry("plain", f"{__name__}:Plain", parameters=parameters))
    return replace(registry, offered={**registry.offered, "models": (*registry.entries("models"), made)})


def test_the_same_table_in_another_folder_has_the_same_seeds_and_cells(registry: Registry, tmp_path: Path) -> None:
    here, there = (planned(registry, table(tmp_path / folder / "t.csv")) for folder in ("here", "there"))
    assert here.jobs == there.jobs and [cell.key for cell in here.cells] == [cell.key for cell in there.cells]
    assert here.cells[0].task.label != there.cells[0].task.label


def test_two_tables_are_told_apart_by_their_content(registry: Registry, tmp_path: Path) -> None:
    first, second = table(tmp_path / "a.csv"), table(tmp_path / "b.csv", ROWS[::-1])
    assert len({component.identity for component in registry.select("tasks", [first, second])}) == 2
    assert not planned(registry, first).jobs.keys() & planned(registry, second).jobs.keys()


def test_a_moved_text_table_under_another_name_is_split_alike(registry: Registry, tmp_path: Path) -> None:
    found = []
    for place in ("here/reviews.csv", "there/renamed.csv"):
        file = tmp_path / place
        file.parent.mkdir()
        file.write_text("text,label\n" + "".join(f"text {number},{number % 3}\n" for number in range(30)))
        task = one(registry, "tasks", f'text[path="{file}",output=classes,balance=on]')
        found.append((task.key, task.create().load(3).test.ids.tolist()))
    assert found[0] == found[1]


@pytest.mark.parametrize(("kind", "plain", "hurried"), [
    ("models", "gpt2", "gpt2[batch_tokens=2048]"),
    ("strategies", "finetune", "finetune[checkpoint-every=7]"),
    ("strategies", "generative", "generative[student=finetune[checkpoint-every=7]]")])
def test_what_changes_speed_alone_changes_no_key(registry: Registry, kind: str, plain: str, hurried: str) -> None:
    first, second = one(registry, kind, plain), one(registry, kind, hurried)
    assert (first.key, first.identity) == (second.key, second.identity) and first.create() != second.create()
    assert msgspec.json.decode(msgspec.json.encode(second), type=Component).create() == second.create()


@pytest.mark.parametrize(("kind", "short", "long"), [
    ("models", "random-features", "random-features[kind=relu,width=256]"),
    ("strategies", "ridge", "ridge[penalty=1e-6]"),
    ("strategies", "hard", "hard[student=logistic[penalty=0.03]]")])
def test_a_default_that_is_written_out_changes_nothing(registry: Registry, kind: str, short: str, long: str) -> None:
    first, second = one(registry, kind, short), one(registry, kind, long)
    assert (first.key, first.identity) == (second.key, second.identity)


@pytest.mark.parametrize(("kind", "one_way", "other_way"), [
    ("models", "random-features[seed=1,width=8]", "random-features[seed=8,width=8]"),
    ("strategies", "hard", "hard[student=logistic[penalty=0.1]]"),
    ("strategies", "hard", "hard[student=knn]"),
    ("models", "nano[corpus=python]", "nano[corpus=task]")])
def test_another_meaning_is_another_seed_and_another_key(registry: Registry, kind: str, one_way: str, other_way: str) -> None:
    first, second = one(registry, kind, one_way), one(registry, kind, other_way)
    assert first.key != second.key and first.identity != second.identity


NEW: Mapping[str, Parameter] = {
    "a value": Parameter("gently", bool, False, "new"), "nothing": Parameter("beside", str, None, "new", optional=True),
    "a place": Parameter("folder", str, "", "new", role="place")}


@pytest.mark.parametrize("parameter", NEW.values(), ids=NEW)
def test_a_new_parameter_with_a_default_changes_nothing(registry: Registry, parameter: Parameter) -> None:
    width = Parameter("width", int, 8, "old")
    before = one(offering(registry, width), "models", "plain[width=9]")
    after = one(offering(registry, parameter, width), "models", "plain[width=9]")
    assert after.create().settings.keys() == {"width", parameter.name}
    assert (before.key, before.identity) == (after.key, after.identity)


def test_a_moved_folder_of_data_recomputes_nothing(w2s: Command) -> None:
    matrix = ("--models", "raw", "--models", "random-features[width=8]", "--strategy", "ridge", "--store", "store")
    table(w2s.folder / "before" / "t.csv")
    first = w2s("run", "--task", "arrays[path=before/t.csv]", *matrix, "-o", "r1", check=0)
    (w2s.folder / "before").rename(w2s.folder / "after")
    second = w2s("run", "--task", "arrays[path=after/t.csv]", *matrix, "-o", "r2", check=0)
    assert "; 0 jobs computed" not in first.stdout and "; 0 jobs computed" in second.stdout
    rows = [pl.read_parquet(w2s.folder / run / "rows.parquet") for run in ("r1", "r2")]
    for column in ("cell_key", "gain", "predictor_student"):
        assert rows[0][column].to_list() == rows[1][column].to_list()
