"""Small models of the plugin w2s_gpt2 for tests: a random GPT-2 in a folder, and networks that are trained here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
import w2s_gpt2
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from w2s_bench.contracts import Array, Columns, PrepareContext
from w2s_bench.registry.component import instantiate
from w2s_bench.registry.parameters import check_parameters

TEXTS = ["a short text", "", "def f(x):\n    return g(x) + 1", "été", "x" * 40, "a short text", "y"]


def make(name: str, /, **settings: Any) -> Any:
    entry = next(entry for entry in w2s_gpt2.w2s_models() if entry.name == name)
    made = {key: value for key, value in settings.items() if callable(value)}
    given = {key: value for key, value in settings.items() if key not in made}
    return instantiate(entry.target, check_parameters(entry, given, name) | made, name)


def column(texts: list[str], name: str = "text") -> Columns:
    values = np.empty(len(texts), dtype=object)
    values[:] = texts
    return {name: values}


def small_nano(**settings: Any) -> Any:
    return make("nano", **{"width": 16, "layers": 1, "steps": 8, "batch": 4, "context": 24} | settings)


def trained(
    nano: Any, texts: list[str] = TEXTS, seed: int | None = 0, name: str = "text"
) -> dict[str, Array]:
    state: dict[str, Array] = nano.prepare(PrepareContext(seed, column(texts, name)))
    return state


def save_tokenizer(folder: Path) -> None:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate([*alphabet, "<|endoftext|>"])}, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token="<|endoftext|>", eos_token="<|endoftext|>", model_max_length=32
    ).save_pretrained(folder)


def save_gpt2(folder: Path) -> None:
    """A GPT-2 of 3 layers of width 16 over bytes, with large random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        config = transformers.GPT2Config(
            vocab_size=257,
            n_positions=32,
            n_embd=16,
            n_layer=3,
            n_head=2,
            bos_token_id=256,
            eos_token_id=256,
            pad_token_id=None,
            initializer_range=0.5,
        )
        transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    save_tokenizer(folder)
