"""Folders with models as people have them: incomplete, ambiguous, or whole and unusual."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from conftest import Command
from safetensors.torch import load_file, save_file
from small_models import column, make, save_gpt2, save_tokenizer
from stored import abouts
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from w2s_bench.contracts import Array, DataError

WORDS = ["amber", "bee", "cat", "dew", "ember", "fig", "granite", "harbor"]
TEXTS = [" ".join(WORDS[start:start + length]) for start, length in ((0, 1), (1, 3), (2, 5), (0, 6), (3, 2))]
"""At most 28 bytes, and so tokens, of the 32 that the models here see."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("folders") / "whole"
    save_gpt2(folder)
    return folder


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "model"))


def save(folder: Path, kind: Any, config: Any, tokenizer: Callable[[Path], None] = save_tokenizer) -> Path:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        kind(config).save_pretrained(folder)
    tokenizer(folder)
    return folder


def save_words(folder: Path, words: list[str] = WORDS) -> None:
    """A word-level tokenizer as BERT's, with [CLS] and [SEP] around a text."""
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words]
    inner = Tokenizer(models.WordLevel({name: index for index, name in enumerate(names)}, unk_token="[UNK]"))
    inner.normalizer, inner.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.Whitespace()
    inner.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    transformers.PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
                                         sep_token="[SEP]", model_max_length=32).save_pretrained(folder)


def llama(**changed: Any) -> Any:
    return transformers.LlamaConfig(**{
        "vocab_size": 257, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24,
        "max_position_embeddings": 32, "tie_word_embeddings": False, "bos_token_id": 256, "eos_token_id": 256,
        "initializer_range": 0.5} | changed)


def bert(**changed: Any) -> Any:
    return transformers.BertConfig(**{
        "vocab_size": 257, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
        "max_position_embeddings": 32, "initializer_range": 0.5} | changed)


def one_by_one(folder: Path, texts: list[str]) -> Array:
    """Means of the last states by transformers alone, each text by itself: no padding anywhere."""
    model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        rows = [model(torch.tensor([tokenizer(text)["input_ids"]])).last_hidden_state[0].mean(0) for text in texts]
    return torch.stack(rows).numpy()


def embed(folder: Path, texts: list[str] = TEXTS, **settings: Any) -> Array:
    values: Array = make("hf", path=str(folder), **settings).embed(column(texts), {}).values
    return values


def configured(folder: Path, **changed: Any) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changed))


# what a folder lacks


@pytest.mark.slow
def test_a_run_reads_all_layers_of_a_folder_in_one_pass(copy: Path, w2s: Command) -> None:
    rows = [f'"{text} {number}",{number % 7}' for number, text in enumerate(12 * TEXTS)]
    (w2s.folder / "t.csv").write_text("\n".join(["text,label", *rows]))
    sides = ("--weak", f"hf[path={copy},layer=[0,1]]", "--strong", f"hf[path={copy},layer=[2,-1]]")
    w2s("run", "--task", "text[path=t.csv]", *sides, "--strategy", "ridge", "--store", "store", "-o", "r", "-j", "1", check=0)
    embeds = [each for each in abouts(w2s.folder / "store").values() if each["recipe"]["stage"] == "embed"]
    assert sorted(each["batch"] for each in embeds) == [1, 1, 1, 1, 4, 4, 4]


def test_a_folder_without_a_tokenizer_is_refused_while_planning(copy: Path) -> None:
    for file in copy.glob("tokenizer*"):
        file.unlink()
    with pytest.raises(DataError, match="holds no tokenizer.*\n.*from_pretrained.BASE.*save_pretrained"):
        make("hf", path=str(copy)).fingerprint()


@pytest.mark.parametrize("kind", [transformers.GPT2Model, transformers.BertModel])
def test_a_tokenizer_without_a_vocabulary_is_refused(copy: Path, tmp_path: Path, kind: Any) -> None:
    folder = copy if kind is transformers.GPT2Model else save(tmp_path / "bert", kind, bert())
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text("{}")
    with pytest.raises(DataError, match="the tokenizer has no vocabulary"):
        embed(folder)


def test_a_tokenizer_that_knows_none_of_the_words_is_refused(tmp_path: Path) -> None:
    folder = save(tmp_path / "bert", transformers.BertModel, bert(), save_words)
    assert len(np.unique(embed(folder), axis=0)) == len(TEXTS)
    assert embed(folder, ["amber bee stranger"]).shape == (1, 16), "a word that is not known is no fault"
    with pytest.raises(DataError, match="the tokenizer does not know 3 of 3 tokens of these texts, such as 'nickel'"):
        embed(folder, ["nickel", "orchard pebble"])
    with pytest.raises(DataError, match="reads 2 different texts as the same 3 tokens"):
        embed(folder, ["amber", "AMBER"])


def test_ids_past_the_vocabulary_name_the_text_and_the_token(copy: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(copy)
    tokenizer.add_tokens(["harbor"])
    tokenizer.save_pretrained(copy)
    with pytest.raises(DataError, match=r"the text 'granite harbor' holds the token 257 \('harbor'\), and the model knows 0 to"):
        embed(copy, ["granite harbor", "ember"])
    assert np.array_equal(embed(copy, ["granite", "ember"]), embed(copy, ["granite", "ember", "x"])[:2])


def test_a_tokenizer_that_is_longer_by_entries_that_no_text_uses_is_read(copy: Path) -> None:
    right = embed(copy)
    tokenizer = transformers.AutoTokenizer.from_pretrained(copy)
    tokenizer.add_special_tokens({"pad_token": "[PAD]"})
    tokenizer.save_pretrained(copy)
    assert tokenizer.pad_token_id == 257
    np.testing.assert_array_equal(embed(copy), right)
    configured(copy, pad_token_id=257)
    np.testing.assert_array_equal(embed(copy), right)


def test_the_tokenizer_of_a_larger_model_is_refused_though_these_texts_stay_below(tmp_path: Path) -> None:
    folder = save(tmp_path / "bert", transformers.BertModel, bert(vocab_size=12),
                  lambda folder: save_words(folder, [*WORDS, "nickel", "orchard"]))
    with pytest.raises(DataError, match="the tokenizer knows 14 tokens, the model 12\n.*belongs to another model"):
        embed(folder)


# features that nothing can be fitted to


def test_features_that_are_the_same_for_all_texts_are_refused(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    save_file({name: torch.zeros_like(value) for name, value in weights.items()}, copy / "model.safetensors", {"format": "pt"})
    with pytest.raises(DataError, match="the features of all 5 texts are the same"):
        embed(copy)
    assert embed(copy, TEXTS[:1]).shape == (1, 16)


def test_weights_that_are_not_finite_are_named(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    weights["transformer.h.1.mlp.c_fc.weight"][3, 3] = torch.nan
    save_file(weights, copy / "model.safetensors", {"format": "pt"})
    with pytest.raises(DataError, match=r"features of 5 of 5 texts are not finite: 1 of its weights.*h\.1\.mlp\.c_fc\.weight"):
        embed(copy)


# adapters


def write_adapter(folder: Path) -> None:
    about = {"peft_type": "LORA", "base_model_name_or_path": "my/base", "r": 1, "target_modules": ["c_attn"]}
    (folder / "adapter_config.json").write_text(json.dumps(about))
    save_file({"base_model.model.lora_A.weight": torch.ones(1, 16)}, folder / "adapter_model.safetensors")


@pytest.mark.parametrize("config_too", [True, False])
def test_an_adapter_alone_is_refused_by_name_and_with_how_to_merge_it(copy: Path, config_too: bool) -> None:
    (copy / "model.safetensors").unlink()
    if not config_too:
        (copy / "config.json").unlink()
    write_adapter(copy)
    with pytest.raises(DataError, match=r"adapter of PEFT \(LORA\) of the base model my/base, and no model\n.*merge_and_unload"):
        make("hf", path=str(copy)).fingerprint()


@pytest.mark.parametrize("file", ["adapter_config.json", "adapter_model.safetensors"])
def test_an_adapter_beside_weights_is_refused_for_nobody_knows_whether_they_contain_it(copy: Path, file: str) -> None:
    write_adapter(copy)
    with pytest.raises(DataError, match="adapter of PEFT .LORA, of my/base. lies beside the weights.*\n.*merge_and_unload"):
        make("hf", path=str(copy)).fingerprint()
    (copy / file).unlink()
    with pytest.raises(DataError, match="lies beside the weights"):
        embed(copy)


# size


@pytest.mark.parametrize(("kind", "config"), [
    (transformers.LlamaForCausalLM, llama()),
    (transformers.LlamaModel, llama()),
    (transformers.BertForSequenceClassification, bert()),
    (transformers.BertForMaskedLM, bert()),
])
def test_size_is_the_number_of_parameters_that_the_features_pass(tmp_path: Path, kind: Any, config: Any) -> None:
    folder = save(tmp_path / "model", kind, config)
    shutil.copy(folder / "model.safetensors", folder / "consolidated.safetensors")
    network = transformers.AutoModel.from_pretrained(folder)
    right = sum(weight.numel() for name, weight in network.named_parameters() if not name.startswith("pooler"))
    assert make("hf", path=str(folder)).size == right


def test_shards_count_once_and_one_that_is_missing_is_named(copy: Path) -> None:
    size, features = make("hf", path=str(copy)).size, embed(copy)
    model = transformers.AutoModelForCausalLM.from_pretrained(copy)
    (copy / "model.safetensors").unlink()
    model.save_pretrained(copy, max_shard_size="20KB")
    assert len(list(copy.glob("model-*.safetensors"))) > 1 and make("hf", path=str(copy)).size == size
    np.testing.assert_array_equal(embed(copy), features)
    (copy / "model-00002-of-00004.safetensors").unlink()
    with pytest.raises(DataError, match="lacks 1 of 4 files of weights, such as model-00002-of-00004"):
        make("hf", path=str(copy)).fingerprint()


# padding


def test_an_encoder_and_decoder_of_which_neither_is_read_alone_names_those_that_are(tmp_path: Path) -> None:
    folder = save(tmp_path / "bart", transformers.BartModel, transformers.BartConfig(
        vocab_size=257, d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=32, decoder_ffn_dim=32, max_position_embeddings=32))
    with pytest.raises(DataError, match="a bart has an encoder and a decoder.*\n.*the encoder of t5, mt5, umt5"):
        embed(folder)


def test_a_model_that_does_not_mask_padding_is_read_in_batches_of_one_length(tmp_path: Path) -> None:
    folder = save(tmp_path / "fnet", transformers.FNetModel, transformers.FNetConfig(
        vocab_size=257, hidden_size=16, num_hidden_layers=2, intermediate_size=32, max_position_embeddings=32,
        initializer_range=0.5))
    np.testing.assert_allclose(embed(folder, [*TEXTS, "amber"]), one_by_one(folder, [*TEXTS, "amber"]), atol=1e-5)
    with pytest.raises(DataError, match="FNetModel does not mask padding"):
        make("hf", path=str(folder)).module({})


# what a configuration says


def test_width_is_that_of_the_states_and_not_of_the_configuration(tmp_path: Path) -> None:
    folder = save(tmp_path / "opt", transformers.OPTForCausalLM, transformers.OPTConfig(
        vocab_size=257, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, ffn_dim=32, max_position_embeddings=32,
        word_embed_proj_dim=8, do_layer_norm_before=False, init_std=0.5, bos_token_id=256, eos_token_id=256))
    features = embed(folder)
    assert features.shape == (len(TEXTS), 8)
    np.testing.assert_allclose(features, one_by_one(folder, TEXTS), atol=1e-5)
    assert make("hf", path=str(folder)).module({}).width == 8 and make("hf", path=str(folder), layer=1).module({}).width == 16
    assert embed(folder, layer=1).shape == (len(TEXTS), 16)


@pytest.mark.parametrize("pad", [-1, 300])
def test_an_id_of_padding_that_is_no_token_is_none(tmp_path: Path, pad: int) -> None:
    folder = save(tmp_path / "llama", transformers.LlamaForCausalLM, llama())
    right = one_by_one(folder, TEXTS)
    configured(folder, pad_token_id=pad)
    np.testing.assert_allclose(embed(folder), right, atol=1e-5)
    assert 0 <= make("hf", path=str(folder)).module({}).pad < 257


def test_a_model_without_a_limit_of_positions_reads_whole_texts(tmp_path: Path) -> None:
    folder = save(tmp_path / "xlnet", transformers.XLNetModel, transformers.XLNetConfig(
        vocab_size=257, d_model=16, n_layer=2, n_head=2, d_inner=32, initializer_range=0.5))
    configured_tokenizer = json.loads((folder / "tokenizer_config.json").read_text()) | {"model_max_length": 10**30}
    (folder / "tokenizer_config.json").write_text(json.dumps(configured_tokenizer))
    long = ["ember " * 20, *TEXTS]
    found = make("hf", path=str(folder)).embed(column(long), {})
    assert found.truncated is None
    np.testing.assert_allclose(found.values, one_by_one(folder, long), atol=1e-5)


def test_a_crash_in_the_models_own_code_names_the_model_and_the_folder(tmp_path: Path) -> None:
    folder = save(tmp_path / "broken", transformers.BertModel, bert(type_vocab_size=0))
    with pytest.raises(DataError, match="broken: BertModel fails in its own code.*RuntimeError"):
        embed(folder)
    with pytest.raises(DataError, match="broken: BertModel fails in its own code.*RuntimeError"):
        make("hf", path=str(folder)).module({})


def test_a_crash_while_loading_names_the_folder(copy: Path) -> None:
    (copy / "tokenizer.json").write_text('{"version": "1.0", "model": {"type": "Nothing"}}')
    with pytest.raises(DataError, match="model: this model cannot be loaded: "):
        embed(copy)


def test_a_text_cannot_be_cut_below_the_tokens_that_every_text_has(tmp_path: Path) -> None:
    folder = save(tmp_path / "bert", transformers.BertModel, bert(), save_words)
    with pytest.raises(DataError, match="cannot be cut to 1 tokens: the tokenizer adds 2"):
        embed(folder, max_length=1)
    with pytest.raises(DataError, match="begin alike and are cut to 2 tokens"):
        embed(folder, max_length=2)


def test_half_a_character_is_named_with_its_text(copy: Path) -> None:
    with pytest.raises(DataError, match=r"text 2 of 2 holds half a character, '\\ud83d' at position 7"):
        embed(copy, ["amber", "ember \ud83d cut"])


# refusals with a way out


def test_the_folder_of_a_training_names_its_checkpoint(copy: Path) -> None:
    inside = copy / "checkpoint-500"
    inside.mkdir()
    (copy / "model.safetensors").rename(inside / "model.safetensors")
    with pytest.raises(DataError, match="has no weights.*checkpoint-500 has\n.*path=.*checkpoint-500"):
        make("hf", path=str(copy)).fingerprint()


@pytest.mark.parametrize(("changed", "message"), [
    ({"model_type": "mine", "auto_map": {"AutoConfig": "code.Config"}}, "needs code of its own, which is not run"),
    ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, "its weights are quantised.*\n.*dequantize"),
    ({"n_embd": 32}, r"weights are not of the shapes.*\[48\] in the file, \[96\] by config.json\n.*another model"),
    ({"n_layer": 5}, "24 weights are missing"),
    ({"n_layer": 1}, r"weights are of layers that config.json does not have, such as .*h\.1\."),
    ({"model_type": "mine"}, "model type `mine`"),
])
def test_a_configuration_that_does_not_fit_says_why(copy: Path, changed: dict[str, Any], message: str) -> None:
    configured(copy, **changed)
    with pytest.raises(DataError, match=message):
        embed(copy)


def test_weights_that_are_whole_numbers_are_refused(copy: Path) -> None:
    """Scales of quantised weights lie elsewhere; without them the numbers are no weights."""
    file = copy / "model.safetensors"
    save_file({name: (10 * values).to(torch.int8) for name, values in load_file(file).items()}, file, {"format": "pt"})
    with pytest.raises(DataError, match="40 weights are whole numbers, such as .*: they are quantised\n.*dequantize"):
        assert make("hf", path=str(copy)).size


def test_weights_under_another_name_pointers_and_a_file_are_refused_with_a_way_out(copy: Path) -> None:
    with pytest.raises(DataError, match="is a file, and a model is a folder\n.*path=.*model"):
        make("hf", path=str(copy / "model.safetensors")).fingerprint()
    (copy / "model.safetensors").rename(copy / "mine.safetensors")
    with pytest.raises(DataError, match="has weights under another name .mine.safetensors."):
        make("hf", path=str(copy)).fingerprint()
    (copy / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n")
    with pytest.raises(DataError, match="pointer of Git LFS.*\n.*git lfs pull"):
        assert make("hf", path=str(copy)).size
