"""Cells whose student is the network itself: nothing is embedded that is not read, and a network is loaded once to answer."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from conftest import Command, untimed_rows
from small_models import save_gpt2

from w2s_bench.compute.trained import TrainedNetwork
from w2s_bench.contracts import Array, Columns
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.recipes import Embed, Fit, Predict, Score
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.loading import load_registry
from w2s_bench.scoring.representations import Representations

N = 60


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """A matrix of a fine-tuned student on texts of which every third is longer than the network's 32 tokens."""
    (tmp_path / "texts.csv").write_text("text,label\n" + "".join(
        f"{'ab' * (1 + row % 3 * 10)} {row},{row % 7}\n" for row in range(N)))
    save_gpt2(tmp_path / "tiny")
    return ["--task", "text[path=texts.csv]", "--weak", "nano[width=16,layers=1,steps=0,context=128,corpus=python]",
            "--strong", "hf[path=tiny]", "--strategy", "finetune[epochs=1,loss=mse]", "--supervisor", "ridge"]


def plan(root: Path, **spec: Any) -> Any:
    matrix = Matrix((f"text[path={root}/texts.csv]",), weak=("nano[width=16,layers=1,steps=0,context=128,corpus=python]",),
                    strong=(f"hf[path={root}/tiny]",), strategies=("finetune[epochs=1,loss=mse]",),
                    supervisors=("ridge",), seeds=(0,))
    return make_plan(RunSpec("r", (matrix,), **spec), load_registry())


def test_a_fine_tuned_network_is_embedded_only_where_features_are_compared(words: list[str], tmp_path: Path) -> None:
    alone, compared = plan(tmp_path, representations=False), plan(tmp_path, representations=True)
    for made, models in ((alone, {"nano"}), (compared, {"nano", "hf"})):
        embeds = [job.recipe.model for job in made.jobs.values() if isinstance(job.recipe, Embed)]
        assert {made.components[key].label.partition("[")[0] for key in embeds} == models
    (score,) = (job.recipe for job in alone.jobs.values() if isinstance(job.recipe, Score))
    assert score.embed is None and score.weak_embed is not None


@pytest.mark.slow
def test_a_row_is_the_same_with_and_without_the_embedding_that_it_does_not_need(words: list[str], w2s: Command) -> None:
    spec = """
name = "r"
representations = {compared}

[[matrix]]
tasks = ["text[path=texts.csv]"]
weak = ["nano[width=16,layers=1,steps=0,context=128,corpus=python]"]
strong = ["hf[path=tiny]"]
strategies = ["finetune[epochs=1,loss=mse]"]
supervisors = ["ridge"]
"""
    rows = []
    for compared in ("true", "false"):
        (w2s.folder / f"{compared}.toml").write_text(spec.format(compared=compared))
        w2s("run", f"{compared}.toml", "--store", "store", "-o", compared, "--executor", "here", check=0)
        rows.append(untimed_rows(w2s.folder / compared).row(0, named=True))
    unlike = {name for name in rows[0] if rows[0][name] != rows[1][name]}
    assert unlike == {"run_id", "cell_key", *(each.name for each in fields(Representations))}
    cut = sum(len(f"{'ab' * (1 + row % 3 * 10)} {row}") > 32 for row in range(N))
    assert [row["truncated_strong"] for row in rows] == [cut, cut] and rows[0]["truncated_weak"] == 0


@pytest.mark.slow
def test_inputs_that_were_cut_are_said_with_their_share_by_show_and_on_the_page(words: list[str], w2s: Command) -> None:
    ridge = [*words[:-4], "--strategy", "ridge"]
    w2s("run", *ridge, "-o", "r", "--store", "store", page=True, check=0)
    row = pl.read_parquet(w2s.folder / "r" / "rows.parquet").row(0, named=True)
    assert (row["truncated_weak"], row["truncated_strong"], row["truncated"]) == (0, 20, 20)
    said = "20 of 60 inputs (33.3 %) were cut at the model's context: hf on text."
    assert said in " ".join(w2s("show", "r", check=0).stdout.split())
    assert said.replace("'", "&#39;") in (w2s.folder / "r" / "report.html").read_text(encoding="utf-8")


class Loads:
    """Counts the networks that it makes; one shifts what it is given by what it was told before."""

    column = "x"

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> Any:
        self.made += 1
        return type("Network", (), {})()


class Often:
    """A predictor that is put together once."""

    capabilities = frozenset({"answering"})

    def predict(self, model: Any, inputs: Columns) -> Array:
        return self.answering(model)(inputs)

    def answering(self, model: Any) -> Any:
        return lambda inputs: np.asarray(inputs["x"], dtype=float)[:, None]


class Once(Often):
    """One that needs a fresh network each time."""

    capabilities = frozenset()


@pytest.mark.parametrize(("predictor", "made"), [(Often(), 1), (Once(), 3)])
def test_a_network_is_put_together_once_where_the_predictor_can_answer_again(predictor: Any, made: int) -> None:
    loads = Loads()
    network = TrainedNetwork(predictor, loads, loads, "counted")
    for part in range(3):
        answers, members, cut = network.answers({"x": np.arange(part, part + 2)})
        assert answers.ravel().tolist() == [part, part + 1] and members is None and cut is None
    assert loads.made == made


@pytest.mark.slow
def test_an_answering_job_loads_its_network_once_for_all_parts(words: list[str], w2s: Command, monkeypatch: Any) -> None:
    from w2s_gpt2 import loading

    loads: list[str] = []
    load = loading.Source.weights

    def counted(self: Any, *given: Any) -> Any:
        loads.append(self.name)
        return load(self, *given)

    monkeypatch.setattr(loading.Source, "weights", counted)
    w2s("run", *words, "-o", "r", "--store", "store", "--executor", "here", check=0)
    made = plan(w2s.folder)
    trained = [job for job in made.jobs.values() if isinstance(job.recipe, Fit | Predict) and job.recipe.model is not None and
               getattr(job.recipe, "source", "") != "none"]
    untrained = sum(isinstance(job.recipe, Fit) and job.recipe.source == "none" for job in made.jobs.values())
    assert len(loads) - 1 == len(trained) - untrained, "to be compared, to be trained, and once to answer for all three parts"
