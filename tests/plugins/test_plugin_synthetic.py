"""The synthetic study: made from the seed, equal in batches and alone, and faithful to torch."""

from __future__ import annotations

import importlib
import runpy
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
import torch
import w2s_synthetic
from w2s_synthetic.features import NetworkFeatures
from w2s_synthetic.network import TARGET, Shape, answer, represent, shape_of
from w2s_synthetic.pretrain import Recipe, first_network, lessons_of, pretrain
from w2s_synthetic.task import RandomNetwork
from w2s_synthetic.world import true_network

from w2s_bench.contracts import Array, PrepareContext
from w2s_bench.contracts.errors import DataError, Diverged, PluginError

PLAIN = runpy.run_path(str(Path(__file__).resolve().parents[2] / "benchmarks" / "paper_synthetic.py"))
"""The plain loops that the benchmark compares with."""

QUICK = NetworkFeatures(layers=3, tasks=2, samples=70, epochs=2)
RECIPE = Recipe(tasks=3, samples=70, epochs=3, lr=1e-3, batch=32, scale=500.0)


@pytest.mark.parametrize("entry", [*w2s_synthetic.w2s_tasks(), *w2s_synthetic.w2s_models()],
                         ids=lambda entry: entry.name)
def test_entries_build_their_components_and_agree_with_their_defaults(entry: Any) -> None:
    module, _, name = entry.target.partition(":")
    component = getattr(importlib.import_module(module), name)
    given = {parameter.name: parameter.default for parameter in entry.parameters}
    assert component(**given) == component()
    assert set(given) == {field.name for field in fields(component)}


def flat_of(network: Any) -> Array:
    return np.concatenate([part for layer in network if hasattr(layer, "weight") for part in
                           (layer.weight.detach().numpy().T.ravel(), layer.bias.detach().numpy())])


@pytest.mark.slow
@pytest.mark.parametrize("shape", [shape_of(1, 16), shape_of(2, 16), pytest.param(shape_of(8, 16), marks=pytest.mark.slow),
                                   shape_of(4, 5), shape_of(3, 40)], ids=str)
@pytest.mark.parametrize("batch", [32, 7, 100])
def test_pretraining_is_the_plain_torch_loop(shape: Shape, batch: int) -> None:
    recipe = replace(RECIPE, batch=batch)
    expected = flat_of(PLAIN["plain_pretraining"](3, shape, recipe, torch.float64))
    got, = pretrain([3], shape, recipe)
    assert isinstance(got, np.ndarray)
    assert np.abs(expected - first_network(3, shape)).max() > 5e-3
    assert np.allclose(got, expected, rtol=0, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("layers", [2, 8])
@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-9), (torch.float32, 1e-4)], ids=str)
def test_errors_after_pretraining_are_those_of_the_plain_loop(layers: int, dtype: torch.dtype, rtol: float) -> None:
    shape, recipe = shape_of(layers, 16), replace(RECIPE, samples=320, epochs=10)
    unseen = lessons_of(6, replace(recipe, samples=500))

    def errors(network: Array) -> Array:
        answers = answer(unseen.heads, represent(shape, network[None].astype(np.float64), unseen.x))
        return ((answers - unseen.y) ** 2).mean(axis=(1, 2))

    plain, ours = flat_of(PLAIN["plain_pretraining"](5, shape, recipe, dtype)), next(pretrain([5], shape, recipe))
    assert isinstance(ours, np.ndarray)
    assert np.allclose(errors(ours), errors(plain), rtol=rtol, atol=0)


def test_the_number_of_threads_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", threads)
        found.append(list(pretrain(range(5), shape_of(3, 16), RECIPE)))
    assert all(np.array_equal(one, other) for batch in found[1:] for one, other in zip(found[0], batch, strict=True))


@pytest.mark.parametrize("model", [QUICK, replace(QUICK, layers=8), replace(QUICK, width=7, layers=2),
                                   replace(QUICK, source="target"), replace(QUICK, source="perturbed")],
                         ids=str)
def test_models_prepared_together_are_the_single_ones_bit_for_bit(model: NetworkFeatures) -> None:
    contexts = [PrepareContext(seed=seed) for seed in (0, 1, 2, 7, 11)]
    for together, context in zip(model.prepare_many(contexts), contexts, strict=True):
        alone = model.prepare(context)
        assert np.array_equal(together["network"], alone["network"])
        assert alone["network"].shape == (model.size,)


def test_the_target_source_represents_the_truth_exactly() -> None:
    splits, model = RandomNetwork(scale=1.0).load(4), NetworkFeatures(source="target")
    features = model.embed(splits.test.inputs, model.prepare(PrepareContext(seed=4))).values
    design = np.column_stack([features, np.ones(500)])
    residual = splits.test.truth - design @ np.linalg.lstsq(design, splits.test.truth, rcond=None)[0]
    assert np.abs(residual).max() < 1e-5


def test_the_perturbed_source_is_the_target_plus_noise_of_the_given_size() -> None:
    difference = NetworkFeatures(source="perturbed", noise=0.01).prepare(PrepareContext(seed=2))["network"]
    difference = difference - true_network(2)
    assert len(difference) == TARGET.parameters and 0.009 < difference.std() < 0.011


def test_one_seed_is_one_world_and_heads_differ_between_tasks() -> None:
    first, again, other = RandomNetwork().load(0), RandomNetwork().load(0), RandomNetwork(task=1).load(0)
    assert np.array_equal(first.test.truth, again.test.truth)
    assert not np.array_equal(first.test.truth, other.test.truth)
    assert not np.array_equal(true_network(0), true_network(1))
    assert 400 < first.test.inputs["x"].std() < 600 and first.test.inputs["x"].shape == (500, 8)


def test_a_part_does_not_depend_on_the_size_of_the_others() -> None:
    large, small = RandomNetwork().load(1), RandomNetwork(supervise=20, transfer=30).load(1)
    assert np.array_equal(large.test.truth, small.test.truth)
    assert np.array_equal(large.supervise.inputs["x"][:20], small.supervise.inputs["x"])
    assert len(small.transfer.truth) == 30


def test_reuse_makes_one_sample_of_supervise_and_transfer() -> None:
    splits = RandomNetwork(reuse=True).load(0)
    assert splits.transfer is splits.supervise
    apart = RandomNetwork().load(0)
    ids = {*apart.supervise.ids, *apart.transfer.ids, *apart.test.ids}
    assert len(ids) == 1500 and not np.array_equal(apart.supervise.truth, apart.transfer.truth)


def test_eight_layers_represent_the_target_better_than_two() -> None:
    errors: dict[int, list[float]] = {2: [], 8: []}
    seeds = range(4)
    for layers, found in errors.items():
        model = NetworkFeatures(layers=layers)
        states = model.prepare_many([PrepareContext(seed=seed) for seed in seeds])
        for seed, state in zip(seeds, states, strict=True):
            splits = RandomNetwork().load(seed)
            train, test = (np.column_stack([model.embed(part.inputs, state).values, np.ones(500)])
                           for part in (splits.transfer, splits.test))
            head = np.linalg.lstsq(train, splits.transfer.truth, rcond=1e-9)[0]
            found.append(float(((test @ head - splits.test.truth) ** 2).mean() / splits.test.truth.var()))
    assert sum(strong < weak for weak, strong in zip(errors[2], errors[8], strict=True)) >= 3
    assert np.mean(errors[8]) < 0.8 * np.mean(errors[2])


def test_size_counts_parameters_and_follows_the_source() -> None:
    assert NetworkFeatures(layers=2).size == 8 * 16 + 16 + 16 * 16 + 16
    assert NetworkFeatures(source="target").size == TARGET.parameters < NetworkFeatures(layers=8).size


def test_wrong_inputs_and_runaway_training_are_reported() -> None:
    state = QUICK.prepare(PrepareContext(seed=0))
    with pytest.raises(DataError, match="no input column 'x'"):
        QUICK.embed({"text": np.array(["a"], dtype=object)}, state)
    with pytest.raises(DataError, match=r"not \(n, 8\)"):
        QUICK.embed({"x": np.zeros((4, 3))}, state)
    with pytest.raises(PluginError):
        QUICK.prepare(PrepareContext())
    with pytest.raises(Diverged, match="seed 0"):
        replace(QUICK, lr=1e200).prepare(PrepareContext(seed=0))


def test_a_seed_that_diverges_costs_only_itself() -> None:
    model = NetworkFeatures(layers=4, width=1, tasks=1, samples=128, epochs=1, lr=1e25)  # where some units die at once
    states = list(model.prepare_many([PrepareContext(seed=seed) for seed in (0, 1, 2)]))
    assert isinstance(states[0], Diverged) and "seed 0" in str(states[0])
    for seed, state in zip((1, 2), states[1:], strict=True):
        assert not isinstance(state, Exception)
        assert np.array_equal(state["network"], model.prepare(PrepareContext(seed=seed))["network"])


def test_a_second_process_does_not_compile_again() -> None:
    QUICK.prepare(PrepareContext(seed=0))
    code = """
from w2s_bench.contracts import PrepareContext
from w2s_synthetic.features import NetworkFeatures
from w2s_synthetic.steps import teach
NetworkFeatures(epochs=1).prepare(PrepareContext(seed=0))
assert sum(teach.stats.cache_hits.values()) == 1 and not teach.stats.cache_misses
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_neither_planning_nor_listing_imports_numba() -> None:
    code = """
import sys
from w2s_bench.planning.planner import make_plan
from w2s_bench.registry.loading import load_registry
from w2s_bench.planning.spec import Matrix, RunSpec
plan = make_plan(RunSpec("one", (Matrix(tasks=("mlp",), models=("mlp-features[layers=[2,8]]",), strategies=("adamw-head",),
                                        supervisors=("adamw-head",), seeds=(0,)),)), load_registry())
assert plan.jobs and not {"numba", "torch"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_labels_of_unit_variance_are_the_same_labels_in_another_unit() -> None:
    plain, unit = (RandomNetwork(unit_variance=given, test=4000).load(5) for given in (False, True))
    ratio = plain.test.truth / unit.test.truth
    assert np.allclose(ratio, ratio[0], rtol=1e-12) and np.allclose(plain.supervise.truth, ratio[0] * unit.supervise.truth)
    assert np.var(unit.test.truth) == pytest.approx(1.0, rel=0.15) and np.var(plain.test.truth) > 2.0
    assert np.array_equal(plain.test.inputs["x"], unit.test.inputs["x"])
