"""A network fine-tuned as a reward model on pairs of texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import w2s_finetune
import w2s_gpt2
from w2s_finetune.batches import padded

from w2s_bench.contracts import Array, Columns, DataError, FitContext, FitProblem, Labels, Preferences, PrepareContext, paired
from w2s_bench.registry.component import instantiate
from w2s_bench.registry.parameters import check_parameters


def make(entries: Any, name: str, made: dict[str, Any] | None = None, **settings: Any) -> Any:
    entry = next(entry for entry in entries if entry.name == name)
    return instantiate(entry.target, check_parameters(entry, settings, name) | (made or {}), name)


def finetune(loss: str = "xent", **settings: Any) -> Any:
    return make(w2s_finetune.w2s_strategies(), "finetune", {"loss": make(w2s_finetune.w2s_losses(), loss)}, **settings)


def pairs(n: int, seed: int = 0) -> tuple[Columns, Array]:
    """Of two words the one with more a in its end is preferred; truth (n, 2)."""
    random = np.random.default_rng(seed)
    many = np.array([random.permutation(4)[:2] for _ in range(n)])
    texts = [["".join(random.choice(list("xyz"), random.integers(1, 6))) + "a" * k + "b" * (3 - k) for k in two] for two in many]
    columns = np.array(texts, dtype=object)
    first = (many[:, 0] > many[:, 1]).astype(float)
    return paired("text", columns[:, 0], columns[:, 1]), np.column_stack([1 - first, first])


def swapped(inputs: Columns) -> Columns:
    return paired("text", inputs["text:second"], inputs["text:first"])


NANO = make(w2s_gpt2.w2s_models(), "nano", width=16, layers=1, steps=6, batch=8, context=24)
INPUTS, TRUTH = pairs(96)
STATE = NANO.prepare(PrepareContext(0, {"text": np.concatenate([INPUTS["text:first"], INPUTS["text:second"]])}))


def problem(labels: Array = TRUTH, inputs: Columns = INPUTS) -> FitProblem:
    return FitProblem(np.zeros((len(labels), 0), np.float32), Labels(labels, "weak"), FitContext(3, Preferences()),
                      model=NANO.module(STATE), inputs=inputs)


@pytest.mark.parametrize("settings", [
    pytest.param({"weights": "full", "lr": 3e-3}, id="full"),
    pytest.param({"weights": "lora", "lr": 1e-2, "rank": 4}, id="lora", marks=pytest.mark.slow)])
def test_a_reward_is_learned_and_the_order_of_the_two_changes_nothing(settings: dict[str, Any]) -> None:
    strategy = finetune(epochs=12, batch=16, **settings)
    assert "preferences" in strategy.outputs
    fitted = strategy.fit(problem())
    new, truth = pairs(64, seed=1)
    answers = fitted.predict(NANO.module(STATE), new)
    assert (answers.argmax(axis=1) == truth.argmax(axis=1)).mean() > 0.9
    assert np.array_equal(fitted.predict(NANO.module(STATE), swapped(new)), answers[:, ::-1])
    again = strategy.from_arrays(fitted.to_arrays())
    assert np.array_equal(again.predict(NANO.module(STATE), new), answers)
    assert fitted.to_arrays()["head.weight"].shape == (1, 16)


def test_the_first_step_goes_down_the_slope_of_bradley_and_terrys_likelihood() -> None:
    """One full-batch step of a zero head without its schedule: Adam moves each weight of the head by lr against the sign of the
    mean of −(y − 1/2)·(state of the first − state of the second)."""
    step = finetune(epochs=1, batch=96, schedule="constant", warmup=0.0, clip=0.0, weights="full", lr=0.0, **{"head-lr": 1e-3})
    head = step.fit(problem()).to_arrays()["head.weight"][0]
    model = NANO.module(STATE)
    model.network.eval()
    with torch.no_grad():
        first, second = (model.states(*padded(model.tokens({"text": INPUTS[f"text:{side}"]}), model.pad, "cpu")).numpy()
                         for side in ("first", "second"))
    slope = -((TRUTH[:, 1] - 0.5)[:, None] * (first - second)).mean(axis=0)
    np.testing.assert_allclose(head, -1e-3 * np.sign(slope), rtol=1e-3)


@pytest.mark.slow
def test_a_batch_in_parts_is_the_same_training_and_held_out_pairs_stop_it() -> None:
    whole, parts = (finetune("cace", epochs=2, batch=24, accumulate=accumulate, validation=0.2).fit(problem()).to_arrays()
                    for accumulate in (1, 5))
    for name in whole:
        np.testing.assert_allclose(parts[name], whole[name], atol=2e-5)


def test_a_language_stage_reads_both_texts() -> None:
    strategy = make(w2s_finetune.w2s_strategies(), "generative", {"student": finetune(epochs=1)}, epochs=1)
    fitted = strategy.fit(problem())
    answers = fitted.predict(NANO.module(STATE), INPUTS)
    assert np.array_equal(fitted.predict(NANO.module(STATE), swapped(INPUTS)), answers[:, ::-1])


def test_preferences_without_pairs_are_an_error() -> None:
    with pytest.raises(DataError, match="no pairs of texts among text"):
        finetune(epochs=1).fit(problem(inputs={"text": INPUTS["text:first"]}))
