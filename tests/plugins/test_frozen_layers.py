"""Layers that only read: what they give is what the models' own give."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers
from transformers.activations import ACT2FN
from transformers.pytorch_utils import Conv1D
from w2s_gpt2.frozen_layers import FAMILIES, PackedLayer, freeze_layers, multiplies

SMALL = {"vocab_size": 20, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 40,
         "max_position_embeddings": 16, "pad_token_id": 0, "initializer_range": 0.3}
GPT2 = {"vocab_size": 20, "n_embd": 24, "n_layer": 2, "n_head": 2, "initializer_range": 0.3}
FROZEN = [("gpt2", GPT2 | {"activation_function": "gelu_pytorch_tanh"}), ("gpt2", GPT2 | {"activation_function": "relu"}),
          ("gpt2", GPT2 | {"activation_function": "mish"}), ("bert", SMALL), ("bert", SMALL | {"hidden_act": "silu"}),
          ("llama", SMALL | {"num_key_value_heads": 1})]
OTHERS = [("distilbert", {"vocab_size": 20, "dim": 24, "n_layers": 2, "n_heads": 2, "hidden_dim": 40}),
          ("opt", {"vocab_size": 20, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "ffn_dim": 40,
                   "word_embed_proj_dim": 24, "init_std": 0.3}),
          *((kind, SMALL | {"num_key_value_heads": 1, "head_dim": 12}) for kind in (
              "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "phi3", "smollm3")),
          *((kind, SMALL) for kind in ("gpt_neox", "roberta", "xlm-roberta", "mpnet", "electra", "albert", "modernbert"))]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("kind", "settings"), [*FROZEN, *(pytest.param(*each, marks=pytest.mark.slow) for each in OTHERS)])
def test_layers_that_only_read_give_what_the_models_own_give(kind: str, settings: dict[str, Any], dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    model = transformers.AutoModel.from_config(transformers.AutoConfig.for_model(kind, **settings)).to(dtype).eval()
    tokens = torch.arange(12).reshape(2, 6)
    with torch.inference_mode():
        plain = model(tokens).last_hidden_state
        freeze_layers(model, "cpu")
        frozen = model(tokens).last_hidden_state
    torch.testing.assert_close(frozen, plain, atol=1e-5 if dtype == torch.float32 else 0.05, rtol=1e-5)
    assert (PackedLayer in map(type, model.modules())) == multiplies(dtype)
    assert not multiplies(dtype) or not {torch.nn.Linear, Conv1D} & set(map(type, model.modules()))


def test_every_family_whose_layers_are_packed_is_tried_here() -> None:
    assert {kind for kind, _ in (*FROZEN, *OTHERS)} == FAMILIES


def test_a_family_that_is_not_known_to_only_call_its_layers_is_left_as_it_is() -> None:
    config = transformers.T5Config(vocab_size=20, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
    model = transformers.T5EncoderModel(config)
    freeze_layers(model, "cpu")
    assert PackedLayer not in map(type, model.modules())


@pytest.mark.parametrize("name", ["gelu_pytorch_tanh", "gelu", "silu", "relu"])
def test_an_activation_is_part_of_the_product_before_it(name: str) -> None:
    if not multiplies(torch.float32):
        pytest.skip("this CPU has no packed products")
    torch.manual_seed(1)
    model = transformers.LlamaModel(transformers.LlamaConfig(**SMALL, hidden_act=name))
    freeze_layers(model, "cpu")
    assert isinstance(model.layers[0].mlp.act_fn, torch.nn.Identity)
    x, layer = torch.randn(50, 24), torch.nn.Linear(24, 30)
    packed = PackedLayer(layer.weight, layer.bias, model.layers[0].mlp.gate_proj.activation)
    torch.testing.assert_close(packed(x), ACT2FN[name](layer(x)), atol=1e-5, rtol=1e-5)
