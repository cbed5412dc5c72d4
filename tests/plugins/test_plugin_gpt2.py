"""Features and trainable networks of GPT-2 and other models, from folders and from the hub."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from small_models import TEXTS, column, make, save_gpt2, save_tokenizer
from transformers.activations import ACT2FN
from w2s_gpt2.batches import padded, token_batches
from w2s_gpt2.size import gpt2_parameters

from w2s_bench.contracts import Model
from w2s_bench.contracts.errors import DataError, PluginError


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_gpt2(folder)
    yield folder


@pytest.mark.slow
@pytest.mark.parametrize("pooling", ["mean", "last"])
@pytest.mark.parametrize("layer", [-1, 0, 2, -2])
def test_padding_does_not_change_a_texts_features(tiny: Path, pooling: str, layer: int) -> None:
    hf = make("hf", path=str(tiny), pooling=pooling, layer=layer)
    together = hf.embed(column(TEXTS), {}).values
    alone = np.concatenate([hf.embed(column([text]), {}).values for text in TEXTS])
    assert together.shape == (len(TEXTS), 16) and together.dtype == np.float32
    np.testing.assert_allclose(together, alone, atol=1e-5, rtol=1e-5)
    assert np.array_equal(together[0], together[5])


def test_features_are_the_pooled_hidden_states(tiny: Path) -> None:
    model = transformers.AutoModel.from_pretrained(tiny).eval()
    ids = transformers.AutoTokenizer.from_pretrained(tiny)("hello", return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        states = model(ids, output_hidden_states=True).hidden_states
    for layer in (0, 1, 3, -1):
        features = make("hf", path=str(tiny), layer=layer).embed(column(["hello"]), {}).values[0]
        np.testing.assert_allclose(features, states[layer][0].mean(0).numpy(), atol=1e-5)


def rows_passed(model: Any, texts: list[str], *, layers: tuple[int, ...] = ()) -> list[int]:
    """How many texts each block of a network is given while a model embeds them; two by two the network is tried on first."""
    passed: dict[int, int] = {}

    def count(block: Any, given: Any, found: Any) -> None:
        if isinstance(block, transformers.models.gpt2.modeling_gpt2.GPT2Block) and len(given[0]) > 2:
            number = block.attn.layer_idx
            passed[number] = passed.get(number, 0) + len(given[0])

    hook = torch.nn.modules.module.register_module_forward_hook(count)
    try:
        models = [make("hf", path=model.path, layer=layer) for layer in layers] or [model]
        models[0].embed_many(models, column(texts))
    finally:
        hook.remove()
    return [passed.get(number, 0) for number in range(3)]


@pytest.mark.parametrize(("layers", "blocks"), [
    ((-1,), 3), ((3,), 3), ((2,), 2), ((-2,), 2), ((1,), 1), ((0,), 0), ((0, 2, 1), 2), ((1, -1), 3)])
def test_no_layer_is_computed_behind_the_last_that_is_read(tiny: Path, layers: tuple[int, ...], blocks: int) -> None:
    alike = [f"text {row:02}" for row in range(60)]
    assert rows_passed(make("hf", path=str(tiny)), alike, layers=layers) == [60] * blocks + [0] * (3 - blocks)


def test_long_texts_are_cut_and_counted_and_an_empty_one_is_the_beginning(tiny: Path) -> None:
    hf = make("hf", path=str(tiny))
    whole = hf.embed(column(TEXTS), {})
    assert whole.truncated is not None and whole.truncated.tolist() == [len(text) > 32 for text in TEXTS]
    short = make("hf", path=str(tiny), max_length=5).embed(column(TEXTS), {}).truncated
    assert short.tolist() == [len(text.encode()) > 5 for text in TEXTS] and short.dtype == bool
    assert hf.embed(column(TEXTS[:4]), {}).truncated is None
    np.testing.assert_allclose(hf.embed(column(["x" * 32]), {}).values[0], whole.values[4], atol=1e-5)
    np.testing.assert_allclose(hf.embed(column(["<|endoftext|>"]), {}).values[0], whole.values[1], atol=1e-5)


def test_other_columns_small_batches_and_bfloat16(tiny: Path) -> None:
    hf = make("hf", path=str(tiny), column="smiles", batch_tokens=1)
    values = hf.embed(column(TEXTS, "smiles"), {}).values
    np.testing.assert_allclose(values, make("hf", path=str(tiny)).embed(column(TEXTS), {}).values, atol=1e-5)
    rough = make("hf", path=str(tiny), dtype="bfloat16").embed(column(TEXTS), {}).values
    assert rough.dtype == np.float32 and 0 < np.abs(rough - values).max() < 0.5
    with pytest.raises(DataError, match="no column 'smiles'"):
        hf.embed(column(TEXTS), {})
    with pytest.raises(DataError, match="layers 0 to 3"):
        make("hf", path=str(tiny), layer=4).embed(column(TEXTS), {})


def save_bert(folder: Path) -> None:
    """An encoder, without the pooling layer that it is published with."""
    config = transformers.BertConfig(
        vocab_size=257,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    save_tokenizer(folder)


def test_an_encoder_is_read_too(tmp_path: Path) -> None:
    save_bert(tmp_path)
    hf = make("hf", path=str(tmp_path))
    alone = np.concatenate([hf.embed(column([text]), {}).values for text in TEXTS])
    np.testing.assert_allclose(hf.embed(column(TEXTS), {}).values, alone, atol=1e-5)
    assert hf.family == "bert"


def test_family_size_and_fingerprint_come_from_the_folder(tiny: Path, tmp_path: Path) -> None:
    hf = make("hf", path=str(tiny))
    assert isinstance(hf, Model) and hf.family == "gpt2" and hf.size == gpt2_parameters(16, 3, 32, 257)
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in tiny.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    assert make("hf", path=str(copy)).fingerprint() == hf.fingerprint()
    (copy / "tokenizer_config.json").write_text("{}")
    assert make("hf", path=str(copy)).fingerprint() != hf.fingerprint()


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("gpt2", 124_439_808),
        ("gpt2-medium", 354_823_168),
        ("distilgpt2", 81_912_576),
        ("gpt2-large", 774_030_080),
        ("gpt2-xl", 1_557_611_200),
    ],
)
def test_published_models_know_their_size_without_files(
        name: str, size: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    model = make(name)
    assert (model.family, model.size, model.fingerprint().endswith(f"/{name}@main")) == ("gpt2", size, True)


def test_unusable_folders_are_refused_with_a_way_out(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="did you mean tiny"):
        make("hf", path=str(tiny.parent / "tinny")).fingerprint()
    (tmp_path / "config.json").write_bytes((tiny / "config.json").read_bytes())
    with pytest.raises(DataError, match="has no weights"):
        make("hf", path=str(tmp_path)).fingerprint()
    (tmp_path / "pytorch_model.bin").write_bytes(b"cos\nsystem\n")
    with pytest.raises(DataError, match="only pickled weights .pytorch_model.bin.*\n.*save_pretrained"):
        make("hf", path=str(tmp_path)).embed(column(TEXTS), {})
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 64)
    (tmp_path / "tokenizer.json").write_bytes((tiny / "tokenizer.json").read_bytes())
    with pytest.raises(DataError, match="damaged safetensors"):
        assert make("hf", path=str(tmp_path)).size
    with pytest.raises(DataError, match="cannot be loaded"):
        make("hf", path=str(tmp_path)).embed(column(TEXTS), {})


def test_missing_weights_are_not_replaced_by_random_ones(tiny: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    for file in tiny.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = {
        name: value for name, value in load_file(tiny / "model.safetensors").items() if "h.1.mlp" not in name
    }
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(DataError, match="4 weights are missing"):
        make("hf", path=str(tmp_path)).embed(column(TEXTS), {})


@pytest.mark.parametrize("pooling", ["mean", "last"])
@pytest.mark.parametrize("layer", [-1, 1])
def test_trainable_states_are_the_frozen_features_and_every_network_is_a_fresh_copy(tiny: Path, pooling: str, layer: int) -> None:
    hf = make("hf", path=str(tiny), pooling=pooling, layer=layer)
    model = hf.module({})
    sequences = model.tokens(column(TEXTS))
    assert [len(sequence) for sequence in sequences] == [min(max(len(text.encode()), 1), 32) for text in TEXTS]
    tokens, mask = (torch.from_numpy(array) for array in padded(sequences, model.pad))
    states = model.states(tokens, mask)
    np.testing.assert_allclose(states.detach().numpy(), hf.embed(column(TEXTS), {}).values, atol=1e-5)
    assert states.shape == (len(TEXTS), model.width)
    states.sum().backward()
    weight = model.network.h[0].attn.c_attn.weight
    assert weight.grad is not None and weight.grad.abs().max() > 0
    with torch.no_grad():
        weight.zero_()
    assert hf.module({}).network.h[0].attn.c_attn.weight.abs().max() > 0
    assert len(model.adapters) == 3 * 4 and "h.2.mlp.c_fc" in model.adapters


def save_llama(folder: Path, kind: Any) -> None:
    """A causal model whose output matrix is its own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        kind(transformers.LlamaConfig(
            vocab_size=257, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
            max_position_embeddings=32, tie_word_embeddings=False, bos_token_id=256, eos_token_id=256, initializer_range=0.5,
        )).save_pretrained(folder)
    save_tokenizer(folder)


@pytest.mark.parametrize("tied", [True, False])
def test_the_language_loss_is_that_of_the_whole_model(tiny: Path, tmp_path: Path, tied: bool) -> None:
    if not tied:
        save_llama(tmp_path, transformers.LlamaForCausalLM)
    folder = tiny if tied else tmp_path
    model = make("hf", path=str(folder)).module({})
    whole = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    tokens, mask = (torch.from_numpy(array) for array in padded(model.tokens(column(TEXTS)), model.pad))
    wanted = whole(input_ids=tokens, attention_mask=mask, labels=tokens.masked_fill(mask == 0, -100)).loss
    loss = model.language_loss(tokens, mask)
    torch.testing.assert_close(loss, wanted)
    loss.backward()
    assert all(weight.grad is not None for weight in model.network.parameters())


def test_models_without_a_next_token_say_so(tmp_path: Path) -> None:
    save_bert(tmp_path / "bert")
    save_llama(tmp_path / "headless", transformers.LlamaModel)
    for name in ("bert", "headless"):
        model = make("hf", path=str(tmp_path / name)).module({})
        tokens, mask = (torch.from_numpy(array) for array in padded(model.tokens(column(TEXTS)), model.pad))
        assert torch.isfinite(model.states(tokens, mask)).all() and model.adapters
        with pytest.raises(PluginError, match="predicts no next token"):
            model.language_loss(tokens, mask)


def test_making_components_imports_neither_torch_nor_transformers() -> None:
    code = (
        "import sys, w2s_gpt2\nfrom w2s_bench.registry.component import instantiate\n"
        "from w2s_bench.registry.parameters import check_parameters\n"
        "for e in w2s_gpt2.w2s_models():\n"
        "    s = {'path': 'owner/name'} if e.name == 'hf' else {}\n"
        "    m = instantiate(e.target, check_parameters(e, s, ''), e.name); _ = m.family, m.size\n"
        "assert not {'torch', 'transformers', 'datasets', 'rdkit', 'polars'} & set(sys.modules)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)


def test_batches_cover_everything_within_the_budget() -> None:
    sizes = [5, 1, 9, 30, 2, 2, 7]
    batches = token_batches(sizes, 12)
    assert sorted(np.concatenate(batches).tolist()) == list(range(7)) and token_batches([], 12) == []
    assert all(len(batch) * max(sizes[i] for i in batch) <= 12 or len(batch) == 1 for batch in batches)
    tokens, mask = padded([np.array([1, 2]), np.array([3])], 9)
    assert tokens.tolist() == [[1, 2], [3, 9]] and mask.tolist() == [[1, 1], [1, 0]]


def test_a_batch_ends_where_padding_would_be_more_than_a_twentieth_of_it() -> None:
    sizes = [40] * 30 + [10] * 30 + [11] * 30
    batches = token_batches(sizes, 2048)
    assert [sorted({sizes[index] for index in batch}) for batch in batches] == [[10], [11], [40]]
    few = token_batches([10] * 3 + [40] * 3, 2048)
    assert len(few) == 1, "a batch of less than an eighth of the budget is filled first"


def test_the_activation_in_one_kernel_is_gpt2s_to_rounding(tiny: Path) -> None:
    x = torch.linspace(-12, 12, 1001)
    fast = type(make("hf", path=str(tiny)).module({}).network.h[0].mlp.act)
    assert fast is type(ACT2FN["gelu_pytorch_tanh"]) and fast is not type(ACT2FN["gelu_new"])
    torch.testing.assert_close(fast()(x), ACT2FN["gelu_new"](x), atol=1e-6, rtol=1e-6)


def test_features_do_not_depend_on_how_many_batches_are_read_side_by_side(tiny: Path) -> None:
    model, threads = make("hf", path=str(tiny), batch_tokens=8), torch.get_num_threads()
    found = []
    for count in (1, 2, 3):
        torch.set_num_threads(count)
        try:
            found.append(model.embed(column(TEXTS), {}).values)
            assert torch.get_num_threads() == count
        finally:
            torch.set_num_threads(threads)
    assert found[0].tobytes() == found[1].tobytes() == found[2].tobytes()
