"""`limit=` of every bundled task that has a pool: one fixed sample of its examples, the same for every seed."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from w2s_bench.contracts import Splits, generator_for
from w2s_bench.contracts.errors import UsageError
from w2s_bench.registry.catalogue import Registry
from w2s_bench.registry.component import Component
from w2s_bench.registry.loading import load_registry


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry()


def component(registry: Registry, text: str) -> Component:
    return registry.one("tasks", text)


def ids(splits: Splits) -> list[str]:
    return sorted(str(name) for part in (splits.supervise, splits.transfer, splits.test) for name in part.ids)


def test_a_limit_is_one_sample_for_every_seed_drawn_by_the_name_of_the_task(registry: Registry) -> None:
    few = component(registry, "diabetes[limit=40]").create()
    rows = np.sort(generator_for("sample", task="diabetes", part="all").permutation(442)[:40])
    assert ids(few.load(0)) == ids(few.load(1)) == sorted(f"patient {row}" for row in rows)
    assert [len(part.ids) for part in (few.load(0).supervise, few.load(0).transfer, few.load(0).test)] == [16, 16, 8]


def test_no_limit_is_the_task_as_it_was(registry: Registry) -> None:
    bare, none = component(registry, "diabetes"), component(registry, "diabetes[limit=0]")
    assert bare.key == none.key and bare.identity == none.identity
    assert len(ids(bare.create().load(0))) == 442
    assert bare.identity != component(registry, "diabetes[limit=40]").identity


def test_molecules_of_a_sample_stay_in_their_published_parts(registry: Registry, tmp_path: Path) -> None:
    pytest.importorskip("rdkit")
    table = ["smiles,expt", *(f"{'C' * (number + 1)}O,{number}" for number in range(60))]
    (tmp_path / "FreeSolv.csv.gz").write_bytes(gzip.compress("\n".join(table).encode()))
    split = {"train": list(range(40)), "valid": list(range(40, 50)), "test": list(range(50, 60))}
    (tmp_path / "splits.json").write_text(json.dumps({"FreeSolv": {"0": split}}))
    whole, few = (component(registry, f'freesolv[path="{tmp_path.as_posix()}"{word}]').create() for word in ("", ",limit=30"))
    assert len(ids(whole.load(0))) == 60 and len(ids(few.load(0))) == 30
    assert set(few.load(0).test.ids) <= set(whole.load(0).test.ids)


def test_a_sample_too_small_for_three_parts_is_refused(registry: Registry) -> None:
    with pytest.raises(UsageError, match=r"limit=3 leaves too few"):
        component(registry, "diabetes[limit=3]").create().load(0)


def test_every_bundled_task_of_a_data_set_takes_a_limit_and_says_it_alike(registry: Registry) -> None:
    bundled = [found.entry for found in registry.entries("tasks") if found.plugin.bundled]
    said = {entry.name: [parameter.help for parameter in entry.parameters if parameter.name == "limit"]
            for entry in bundled if "synthetic" not in entry.tags}
    assert len(said) > 30 and {len(each) for each in said.values()} == {1}
    assert len({each[0] for each in said.values()}) == 1
