"""Models in a GGUF file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from small_models import column, make
from tokenizers import pre_tokenizers

from w2s_bench.contracts import DataError

gguf = pytest.importorskip("gguf", reason="the extra gguf is not installed")

TEXTS = ["amber", "bee cat dew", "fig granite harbor"]
WIDTH, BLOCKS, HIDDEN = 32, 2, 64


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of two blocks over bytes, with an output matrix of its own."""
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    tokens = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "<|endoftext|>", "am", "be"]
    writer.add_context_length(40)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(BLOCKS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(WIDTH // 2)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * 256 + [3, 1, 1])
    writer.add_token_merges(["a m", "b e"])
    writer.add_bos_token_id(256)
    writer.add_eos_token_id(256)
    draw = np.random.default_rng(0)
    shapes = {"token_embd": (259, WIDTH), "output_norm": (WIDTH,), "output": (259, WIDTH)}
    for block in range(BLOCKS):
        names = {"attn_norm": (WIDTH,), "ffn_norm": (WIDTH,), "ffn_gate": (HIDDEN, WIDTH), "ffn_up": (HIDDEN, WIDTH),
                 "ffn_down": (WIDTH, HIDDEN)} | {f"attn_{part}": (WIDTH, WIDTH) for part in ("q", "k", "v", "output")}
        shapes |= {f"blk.{block}.{name}": shape for name, shape in names.items()}
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", draw.normal(0, 0.5, shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_a_gguf_files_features_are_those_of_each_text_alone(file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    network, tokenizer = (kind.from_pretrained(file.parent, gguf_file=file.name) for kind in (
        transformers.AutoModel, transformers.AutoTokenizer))
    with torch.inference_mode():
        right = torch.stack([network.eval()(torch.tensor([tokenizer(text)["input_ids"]])).last_hidden_state[0].mean(0)
                             for text in TEXTS]).numpy()
    capfd.readouterr()
    hf = make("hf", path=str(file))
    np.testing.assert_allclose(hf.embed(column(TEXTS), {}).values, right, atol=1e-5)
    assert (hf.family, hf.size) == ("llama", sum(weight.numel() for weight in network.parameters()))
    assert hf.module({}).width == WIDTH and capfd.readouterr() == ("", "")


def test_a_damaged_file_is_named(file: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.gguf"
    half.write_bytes(file.read_bytes()[:200])
    with pytest.raises(DataError, match="half.gguf: damaged GGUF file"):
        assert make("hf", path=str(half)).size
