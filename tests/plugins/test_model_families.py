"""Families of transformers that people bring: a text's features are the model's own, whatever the texts beside it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as t
from small_models import column, make, save_tokenizer
from w2s_gpt2.batches import padded

TEXTS = ["amber", "bee cat dew", "cat dew ember fig granite", "", "a b c d e f g h i j", "fig harbor"]
BLOCKS = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
TOKENS = {"vocab_size": 257, "max_position_embeddings": 40, "bos_token_id": 256, "eos_token_id": 256, "initializer_range": 0.5}


@dataclass(frozen=True)
class Family:
    """kind: the class whose weights are saved. config: makes a tiny one. read: the class that makes its states."""

    kind: Any
    config: Callable[[], Any]
    read: Any = t.AutoModel


FAMILIES = {
    "gpt2": Family(t.GPT2LMHeadModel, lambda: t.GPT2Config(
        vocab_size=257, n_positions=40, n_embd=16, n_layer=2, n_head=2, bos_token_id=256, eos_token_id=256,
        initializer_range=0.5)),
    "gpt-neox": Family(t.GPTNeoXForCausalLM, lambda: t.GPTNeoXConfig(**BLOCKS, **TOKENS)),
    "opt": Family(t.OPTForCausalLM, lambda: t.OPTConfig(
        vocab_size=257, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, ffn_dim=32, max_position_embeddings=40,
        word_embed_proj_dim=16, init_std=0.5, bos_token_id=256, eos_token_id=256)),
    "llama": Family(t.LlamaForCausalLM, lambda: t.LlamaConfig(**BLOCKS, **TOKENS, num_key_value_heads=1)),
    "qwen": Family(t.Qwen3ForCausalLM, lambda: t.Qwen3Config(**BLOCKS, **TOKENS, num_key_value_heads=1, head_dim=8)),
    "gemma": Family(t.Gemma3ForCausalLM, lambda: t.Gemma3TextConfig(
        **BLOCKS, **TOKENS, num_key_value_heads=1, head_dim=8, sliding_window=4)),
    "mamba": Family(t.MambaForCausalLM, lambda: t.MambaConfig(
        vocab_size=257, hidden_size=16, state_size=4, num_hidden_layers=2, bos_token_id=256, eos_token_id=256,
        initializer_range=0.5)),
    "bert": Family(t.BertForSequenceClassification, lambda: t.BertConfig(**BLOCKS, **TOKENS)),
    "roberta": Family(t.RobertaForMaskedLM, lambda: t.RobertaConfig(**BLOCKS, **TOKENS)),
    "modernbert": Family(t.ModernBertForMaskedLM, lambda: t.ModernBertConfig(
        **BLOCKS, vocab_size=257, max_position_embeddings=40, pad_token_id=256, bos_token_id=256, eos_token_id=256,
        cls_token_id=256, sep_token_id=256, local_attention=4, initializer_range=0.5)),
    "xlnet": Family(t.XLNetLMHeadModel, lambda: t.XLNetConfig(
        vocab_size=257, d_model=16, n_layer=2, n_head=2, d_inner=32, initializer_range=0.5)),
    "t5": Family(t.T5ForConditionalGeneration, lambda: t.T5Config(
        vocab_size=257, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, initializer_factor=1.0), t.T5EncoderModel),
}
QUICK = ("gpt2", "llama", "roberta", "t5")
NAMES = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in FAMILIES]


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    family = FAMILIES[request.param]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        family.kind(family.config()).save_pretrained(tmp_path / request.param)
    save_tokenizer(tmp_path / request.param)
    yield tmp_path / request.param


def alone(folder: Path, network: Any) -> Any:
    """Means of the last states, each text by itself, by transformers alone; an empty text is its first token."""
    tokenizer = t.AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        rows = [network(torch.tensor([tokenizer(text)["input_ids"] or [256]])).last_hidden_state[0].mean(0) for text in TEXTS]
    return torch.stack(rows).float().numpy()


@pytest.mark.parametrize("folder", NAMES, indirect=True)
def test_features_are_those_of_each_text_alone_and_size_is_that_of_the_network(folder: Path) -> None:
    network = FAMILIES[folder.name].read.from_pretrained(folder, dtype=torch.float32).eval()
    hf = make("hf", path=str(folder))
    right = alone(folder, network)
    np.testing.assert_allclose(hf.embed(column(TEXTS), {}).values, right, atol=2e-5, rtol=1e-4)
    assert hf.size == sum(weight.numel() for name, weight in network.named_parameters() if not name.startswith("pooler"))
    model = hf.module({})
    tokens, mask = (torch.from_numpy(array) for array in padded(model.tokens(column(TEXTS)), model.pad))
    states = model.states(tokens, mask)
    np.testing.assert_allclose(states.detach().numpy(), right, atol=2e-5, rtol=1e-4)
    states.sum().backward()
    assert model.adapters and any(weight.grad is not None for weight in model.network.parameters())


@pytest.mark.slow
@pytest.mark.parametrize("folder", NAMES, indirect=True)
def test_layers_that_are_read_in_one_pass_are_what_each_is_alone(folder: Path) -> None:
    models = [make("hf", path=str(folder), layer=layer) for layer in (1, -1, 0)]
    together = models[0].embed_many(models, column(TEXTS))
    for model, found in zip(models, together, strict=True):
        np.testing.assert_array_equal(found.values, model.embed(column(TEXTS), {}).values)
    assert not np.allclose(together[0].values, together[1].values)


@pytest.mark.parametrize("folder", NAMES, indirect=True)
@pytest.mark.slow
def test_half_precision_shards_and_a_pad_token_change_nothing_but_rounding(folder: Path, tmp_path: Path) -> None:
    family = FAMILIES[folder.name]
    for dtype in (torch.bfloat16, torch.float16):
        place = tmp_path / f"{folder.name}-{dtype}"
        family.kind.from_pretrained(folder, dtype=dtype).save_pretrained(place, max_shard_size="20KB")
        shutil.copy(folder / "tokenizer.json", place)
        about = json.loads((folder / "tokenizer_config.json").read_text()) | {"pad_token": "!"}
        (place / "tokenizer_config.json").write_text(json.dumps(about))
        right = alone(folder, family.read.from_pretrained(place, dtype=torch.float32).eval())
        hf = make("hf", path=str(place))
        np.testing.assert_allclose(hf.embed(column(TEXTS), {}).values, right, atol=2e-5, rtol=1e-4)
        assert hf.size == make("hf", path=str(folder)).size
