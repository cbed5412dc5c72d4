"""What is kept beside an artifact, and what is taken from the store again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from conftest import Command
from made_components import Computed, Degrees, Letters, computed, made_plan
from stored import abouts

from w2s_bench.contracts.devices import VARIABLE, asked, check, described, device
from w2s_bench.planning import recipes
from w2s_bench.planning.recipes import Embed


def pooled_features(made: Computed) -> list[np.ndarray]:
    found = (made.store.load(key).arrays for key, job in made.plan.jobs.items() if isinstance(job.recipe, Embed))
    return [arrays["pool"] for arrays in found if "pool" in arrays]


def test_the_same_texts_under_another_task_are_embedded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = pooled_features(computed(made_plan(), tmp_path))
    monkeypatch.setattr(Letters, "unit", 20.0)
    again = pooled_features(computed(made_plan(task="words[reading=classes]"), tmp_path))
    assert len(first) == 1 and np.array_equal(first[0], again[0])


@pytest.mark.parametrize("task", ["words", "words[reading=classes]"])
def test_old_features_of_a_pool_are_not_served_on_another_foundation(
        task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = pooled_features(computed(made_plan(), tmp_path))[0]
    monkeypatch.setattr(recipes, "FOUNDATIONS", {**recipes.FOUNDATIONS, "embed": recipes.FOUNDATIONS["embed"] + 1})
    monkeypatch.setattr(Letters, "unit", 20.0)
    new = pooled_features(computed(made_plan(task=task), tmp_path))[0]
    np.testing.assert_allclose(new[:, 1] * 2, old[:, 1])


def test_models_that_are_read_together_are_read_in_one_pass_and_are_what_each_is_alone(tmp_path: Path) -> None:
    Degrees.passes.clear()
    weak, strong, apart = "degrees", "degrees[degree=3]", "degrees[degree=2,hurried=true]"
    made = computed(made_plan(weak=weak, strong=strong), tmp_path / "both")
    assert Degrees.passes == [2] and [part.shape[1] for part in pooled_features(made)] in ([2, 4], [4, 2])
    computed(made_plan(weak=weak, strong=apart), tmp_path / "both")
    computed(made_plan(task="words[reading=classes]", weak=weak, strong=strong), tmp_path / "both")
    assert Degrees.passes == [2, 1]
    for name in (weak, strong):
        alone = pooled_features(computed(made_plan(weak=name), tmp_path / name))
        assert any(np.array_equal(alone[0], part) for part in pooled_features(made))


def test_what_an_artifact_rests_on_is_kept_beside_it(tmp_path: Path) -> None:
    made = computed(made_plan(weak="letters[hurried=true,degree=2]"), tmp_path)
    weak = made.plan.cells[0].weak.key
    (key,) = (key for key, job in made.plan.jobs.items() if isinstance(job.recipe, Embed) and job.recipe.model == weak)
    about = made.store.about(key)
    assert about is not None and about["foundation"] == recipes.foundation("embed")
    assert about["components"]["model"]["params"] == {"degree": 2}
    assert about["components"]["model"]["source"] == made.plan.cells[0].weak.source


def test_the_device_that_a_job_asked_for_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "auto")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    made = computed(made_plan(), tmp_path)
    of_prepare, of_fit = (made.store.about(made.keys[stage][0]) for stage in ("prepare", "fit"))
    assert of_prepare is not None and of_prepare["device"] == described([check("auto")])
    assert of_fit is not None and (of_fit["device"], of_fit["threads"]) == ("cpu", 2)


def test_a_run_records_no_word_for_a_device(w2s: Command) -> None:
    w2s("run", "--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "--strategy", "ridge",
        "--store", "store", "-o", "r", "--device", "auto", check=0)
    kept = abouts(w2s.folder / "store").values()
    assert kept and all((about["device"], about["threads"]) == ("cpu", 2) for about in kept)


def test_each_block_sees_the_devices_that_were_asked_for_within_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "cpu")
    with asked() as outer:
        with asked() as inner:
            device()
        with asked() as later:
            pass
    device()
    assert (outer, inner, later) == ({"cpu"}, {"cpu"}, set()) and described(later) == "cpu"


def test_a_row_names_the_predictions_that_there_are(w2s: Command) -> None:
    w2s("run", "--task", "diabetes", "--weak", "raw", "--strong", "raw", "--strategy", "as-is", "--store", "store", "-o", "r",
        check=0)
    row = pl.read_parquet(w2s.folder / "r" / "rows.parquet").row(0, named=True)
    kept = pl.concat(pl.read_parquet(path) for path in (w2s.folder / "r" / "predictions").glob("diabetes*.parquet"))
    named = {name: row[f"predictor_{name}"] for name in ("weak", "student", "ceiling", "gold", "base", "shuffled")}
    assert named.pop("base") is None and row["err_base"] is None  # it is nothing before it is fitted
    assert set(named.values()) == set(kept["predictor"]) - {"truth"}
