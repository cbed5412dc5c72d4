"""Networks trained on labels: what is trained, what is kept, and a killed fit that goes on bit for bit."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import w2s_finetune
import w2s_gpt2
from safetensors.numpy import load_file, save_file

from w2s_bench.contracts import (
    Array,
    Checkpoints,
    Classes,
    Columns,
    FitContext,
    FitProblem,
    Labels,
    ModulePredictor,
    PrepareContext,
    Regression,
    Strategy,
)
from w2s_bench.contracts.errors import DataError, Diverged, PluginError, UsageError
from w2s_bench.registry.component import instantiate
from w2s_bench.registry.parameters import check_parameters


def make(entries: Any, name: str, made: Mapping[str, Any] | None = None, **settings: Any) -> Any:
    entry = next(entry for entry in entries if entry.name == name)
    named = {key.replace("_", "-") if key.replace("_", "-") in {p.name for p in entry.parameters} else key: value
             for key, value in settings.items()}
    return instantiate(entry.target, check_parameters(entry, named, name) | dict(made or {}), name)


def finetune(loss: str = "xent", **settings: Any) -> Any:
    return make(w2s_finetune.w2s_strategies(), "finetune", {"loss": make(w2s_finetune.w2s_losses(), loss)}, **settings)


def generative(student: Any, **settings: Any) -> Any:
    return make(w2s_finetune.w2s_strategies(), "generative", {"student": student}, **settings)


def texts(n: int, seed: int = 0) -> tuple[Columns, Array]:
    """Words of which one kind ends in a and another in b, and which it is."""
    random = np.random.default_rng(seed)
    kind = random.integers(0, 2, n)
    column = np.empty(n, dtype=object)
    column[:] = ["".join(random.choice(list("xyz"), random.integers(1, 12))) + "ab"[k] * 3 for k in kind]
    return {"text": column}, kind


NANO = make(w2s_gpt2.w2s_models(), "nano", width=16, layers=1, steps=6, batch=8, context=24)
INPUTS, KIND = texts(96)
STATE = NANO.prepare(PrepareContext(0, INPUTS))
SOFT = np.where(np.arange(2) == KIND[:, None], 0.9, 0.1)


def problem(labels: Array = SOFT, output: Any = None, checkpoints: Checkpoints | None = None, seed: int = 3,
            inputs: Columns = INPUTS) -> FitProblem:
    context = FitContext(seed, output or Classes(2), checkpoints)
    return FitProblem(np.zeros((len(labels), 0), np.float32), Labels(labels, "weak"), context, model=NANO.module(STATE),
                      inputs=inputs)


def equal(first: Mapping[str, Array], second: Mapping[str, Array]) -> bool:
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(("weights", "lr"), [pytest.param("lora", 1e-2, marks=pytest.mark.slow), ("full", 3e-3)])
def test_the_network_learns_and_its_predictor_survives_storage(weights: str, lr: float) -> None:
    strategy = finetune(weights=weights, lr=lr, epochs=12, batch=16, rank=4)
    assert isinstance(strategy, Strategy) and strategy.outputs == {"classes", "preferences"}
    fitted = strategy.fit(problem())
    new, kind = texts(64, seed=1)
    answers = fitted.predict(NANO.module(STATE), new)
    assert answers.dtype == np.float64 and np.allclose(answers.sum(axis=1), 1) and (answers.argmax(1) == kind).mean() > 0.95
    again = strategy.from_arrays({name: array.copy() for name, array in fitted.to_arrays().items()})
    assert isinstance(again, ModulePredictor) and np.array_equal(again.predict(NANO.module(STATE), new), answers)


def test_adapters_keep_only_themselves_and_the_head_and_full_weights_keep_all() -> None:
    adapted = finetune(epochs=1, rank=2).fit(problem()).to_arrays()
    assert {name.split(".")[-3] for name in adapted if not name.startswith("head.")} == {"lora_A", "lora_B"}
    assert sorted(name for name in adapted if name.startswith("head.")) == ["head.bias", "head.weight"]
    width = 16
    wide = {"attn.c_attn": (width, 3 * width), "attn.c_proj": (width, width), "mlp.c_fc": (width, 4 * width),
            "mlp.c_proj": (4 * width, width)}
    assert sum(array.size for array in adapted.values()) == 2 * (width + 1) + sum(2 * (a + b) for a, b in wide.values())
    full = finetune(epochs=1, weights="full").fit(problem()).to_arrays()
    assert sum(array.size for array in full.values()) == NANO.size + 2 * (width + 1)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_to_the_last_bit_and_the_head_starts_where_it_is_told() -> None:
    strategy = finetune(epochs=2, batch=16, head="random")
    first = strategy.fit(problem()).to_arrays()
    torch.manual_seed(9)
    before = torch.get_rng_state()
    assert equal(first, strategy.fit(problem()).to_arrays())
    assert torch.equal(before, torch.get_rng_state()) and not torch.are_deterministic_algorithms_enabled()
    assert not equal(first, strategy.fit(problem(seed=4)).to_arrays())
    still = finetune(epochs=1, lr=0.0, head_lr=0.0)
    assert not still.fit(problem()).to_arrays()["head.weight"].any()
    assert np.allclose(still.fit(problem()).predict(NANO.module(STATE), INPUTS), 0.5)


@pytest.mark.slow
def test_numbers_are_answered_in_their_own_units() -> None:
    values = 500.0 + 40.0 * KIND[:, None] + np.zeros((1, 1))
    strategy = finetune("mse", epochs=15, batch=16, lr=1e-2)
    assert strategy.outputs == {"regression"}
    fitted = strategy.fit(problem(values, Regression(1, "m")))
    stored = strategy.from_arrays(fitted.to_arrays())
    answers = stored.predict(NANO.module(STATE), INPUTS)
    assert np.abs(answers - values).mean() < 6 and np.array_equal(answers, fitted.predict(NANO.module(STATE), INPUTS))
    with pytest.raises(UsageError, match="not meant for regression"):
        finetune("xent").fit(problem(values, Regression(1)))


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["logconf", "xent"])
def test_a_batch_in_parts_is_the_same_training(loss: str) -> None:
    """logconf takes its threshold from the whole batch, whatever the parts."""
    whole, parts = (finetune(loss, epochs=2, batch=24, accumulate=accumulate).fit(problem()).to_arrays() for accumulate in (1, 5))
    for name in whole:
        np.testing.assert_allclose(parts[name], whole[name], atol=2e-5)


class Crowded:
    """A model on a device that has room for so many rows at a time."""

    def __init__(self, room: int) -> None:
        self.inner, self.room = NANO.module(STATE), room
        self.network, self.width, self.pad = self.inner.network, self.inner.width, self.inner.pad
        self.adapters = self.inner.adapters
        self.passes: list[int] = []

    def tokens(self, inputs: Columns) -> list[Array]:
        return list(self.inner.tokens(inputs))

    def states(self, tokens: Any, mask: Any) -> Any:
        self.passes.append(len(tokens))
        if len(tokens) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB")
        return self.inner.states(tokens, mask)

    def language_loss(self, tokens: Any, mask: Any) -> Any:
        return self.inner.language_loss(tokens, mask)


def test_a_batch_that_does_not_fit_is_halved_once() -> None:
    strategy = finetune(epochs=2, batch=32)
    crowded = Crowded(room=16)
    fitted = strategy.fit(dataclasses.replace(problem(), model=crowded)).to_arrays()
    assert crowded.passes[0] == 32 and set(crowded.passes[1:]) == {16}
    for name, array in strategy.fit(problem()).to_arrays().items():
        np.testing.assert_allclose(fitted[name], array, atol=2e-5)
    with pytest.raises(MemoryError):
        strategy.fit(dataclasses.replace(problem(), model=Crowded(room=15)))


def test_a_loss_that_is_not_finite_is_a_divergence_that_names_its_step() -> None:
    with pytest.raises(Diverged, match=r"the loss is nan at step [2-9]\d* of 18\n.*smaller learning rate"):
        finetune(weights="full", lr=1e30, clip=0.0, batch=16, schedule="constant").fit(problem())


@pytest.mark.slow
def test_training_stops_when_the_held_out_labels_are_answered_no_better() -> None:
    noise = np.random.default_rng(0).dirichlet((0.3, 0.3), len(KIND))
    settings: dict[str, Any] = {"weights": "full", "lr": 3e-3, "epochs": 40, "batch": 16, "checkpoint_every": 1,
                                "schedule": "constant"}
    stopped, whole = Counted(), Counted()
    finetune(validation=0.25, patience=2, **settings).fit(problem(noise, checkpoints=stopped))
    finetune(**settings | {"epochs": 8}).fit(problem(noise, checkpoints=whole))
    assert whole.saved == 8 * 6 - 1 and stopped.saved < 40 * 5 - 1 and stopped.saved % 5 in (0, 4)
    with pytest.raises(DataError, match="1 labels are too few"):
        finetune(validation=0.5).fit(problem(SOFT[:1], inputs={"text": INPUTS["text"][:1]}))


class Counted:
    """Checkpoints that forget everything."""

    saved = 0

    def load(self) -> None:
        return None

    def save(self, arrays: Mapping[str, Array]) -> None:
        self.saved += 1


@pytest.mark.slow
def test_the_labels_held_out_are_not_trained_on() -> None:
    """Flipping them changes when training stops and nothing else: with patience to spare, the last weights are equal."""
    from w2s_bench.contracts.seeds import generator_for

    held = generator_for("finetune validation", seed=3).permutation(len(SOFT))[:24]
    flipped = SOFT.copy()
    flipped[held] = flipped[held, ::-1]
    strategy = finetune(validation=0.25, epochs=1)
    assert equal(strategy.fit(problem()).to_arrays(), strategy.fit(problem(flipped)).to_arrays())


def test_bfloat16_is_coarser_and_close() -> None:
    exact, coarse = (finetune(epochs=1, precision=precision).fit(problem()) for precision in ("auto", "bfloat16"))
    difference = np.abs(exact.predict(NANO.module(STATE), INPUTS) - coarse.predict(NANO.module(STATE), INPUTS)).max()
    assert 0 < difference < 0.05


@pytest.mark.slow
def test_the_language_stage_learns_the_texts_before_the_labels() -> None:
    strategy = generative(finetune(epochs=2), epochs=8, lr=1e-2, batch=16)
    assert strategy.outputs == {"classes", "preferences"}
    fitted = strategy.fit(problem())
    arrays = fitted.to_arrays()
    assert {name.partition("/")[0] for name in arrays} == {"adapted", "student"}
    model = NANO.module(STATE)
    tokens = model.tokens(INPUTS)[0][None]
    before = float(model.language_loss(torch.from_numpy(tokens), torch.ones(tokens.shape, dtype=torch.int64)).detach())
    again = strategy.from_arrays(arrays)
    answers = again.predict(model, INPUTS)
    assert np.array_equal(answers, fitted.predict(NANO.module(STATE), INPUTS))
    after = float(model.language_loss(torch.from_numpy(tokens), torch.ones(tokens.shape, dtype=torch.int64)).detach())
    assert after < 0.8 * before
    assert not np.array_equal(answers, finetune(epochs=2).fit(problem()).predict(NANO.module(STATE), INPUTS))


def test_a_language_stage_before_frozen_features_is_refused() -> None:
    import w2s_probes

    ridge = make(w2s_probes.w2s_strategies(), "ridge")
    with pytest.raises(UsageError, match="reads frozen features"):
        generative(ridge)
    with pytest.raises(PluginError, match="was given no network"):
        finetune().fit(dataclasses.replace(problem(), model=None))


class InFile:
    """Checkpoints in one file, replaced as a whole. pause: seconds after each, so that a test can end the fit there."""

    def __init__(self, file: Path, pause: float = 0.0) -> None:
        self.file, self.pause, self.saved = file, pause, 0

    def load(self) -> Mapping[str, Array] | None:
        return load_file(self.file) if self.file.exists() else None

    def save(self, arrays: Mapping[str, Array]) -> None:
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, self.file.with_suffix(".new"))
        os.replace(self.file.with_suffix(".new"), self.file)
        self.saved += 1
        time.sleep(self.pause)


def long_fit(which: str) -> Any:
    """Strategies whose every part has something to go on from: moments, a best epoch, a stage that has ended."""
    if which == "finetune":
        return finetune("logconf", weights="full", epochs=4, batch=16, validation=0.2, patience=4, schedule="cosine",
                        checkpoint_every=3, head="random", decay=0.01)
    return generative(finetune(epochs=3, batch=16, checkpoint_every=2), epochs=2, batch=16, checkpoint_every=5)


@pytest.mark.parametrize(("which", "saved", "whole"), [
    pytest.param(*given, marks=pytest.mark.slow) for given in (("finetune", 3, 6), ("generative", 1, 10), ("generative", 4, 10))])
def test_a_killed_fit_goes_on_and_ends_with_the_same_weights_to_the_last_bit(
        which: str, saved: int, whole: int, tmp_path: Path) -> None:
    code = ("import sys, pathlib, test_finetune as t\n"
            f"kept = t.InFile(pathlib.Path({str(tmp_path / 'kept')!r}), pause=0.05)\n"
            "save = kept.save\n"
            "def told(arrays): save(arrays); print(kept.saved, flush=True); sys.stdin.readline()\n"
            f"kept.save = told\nt.long_fit({which!r}).fit(t.problem(checkpoints=kept))\n")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
    with subprocess.Popen([sys.executable, "-c", code], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as fit:
        assert fit.stdin and fit.stdout
        while int(fit.stdout.readline()) < saved:
            fit.stdin.write("\n")
            fit.stdin.flush()
        fit.stdin.write("\n")
        fit.stdin.flush()
        time.sleep(0.01)
        fit.send_signal(signal.SIGKILL)
    assert fit.returncode == -signal.SIGKILL
    resumed = InFile(tmp_path / "kept")
    again = long_fit(which).fit(problem(checkpoints=resumed)).to_arrays()
    unbroken = InFile(tmp_path / "unbroken")
    assert equal(again, long_fit(which).fit(problem(checkpoints=unbroken)).to_arrays())
    assert unbroken.saved == whole and 0 < resumed.saved <= whole - saved
