"""How fast three families of frozen models embed texts, beside plain matrix products of the same shapes.

    .venv/bin/python benchmarks/embedding_batches.py [--dtype float32|bfloat16] [--rounds 5] [gpt2 minilm smollm2]

Models have the shapes of GPT-2 (12 layers of width 768), all-MiniLM-L6 (6 of 384) and SmolLM2-135M (30 of 576), random weights
and a small vocabulary, and are loaded as `hf[path=…]` loads them. Lengths of texts are drawn as those of sentences and short
paragraphs are (lognormal, median 35 tokens). Three ways take turns, and the least time of each counts: the batches that `embed`
makes; nothing but the model's dense and attention products in the shapes of those batches, by `torch.addmm`; and the same with
weights that are packed beforehand, which is the ceiling. All have a thread a batch, as `embed` has on the CPU. Time is that of
the processor, of all threads together, so that rates are per core and other programs disturb them less. Padding counts.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import transformers as t
from tokenizers import Tokenizer, models
from w2s_gpt2.batches import token_batches
from w2s_gpt2.frozen_layers import NO_ACTIVATION, PackedLayer
from w2s_gpt2.loading import Loaded, load_pretrained
from w2s_gpt2.pooling import Pooling
from w2s_gpt2.pretrained import CPU_TOKENS
from w2s_gpt2.side_by_side import side_by_side

VOCABULARY, CONTEXT, WANTED = 1000, 512, 0.85
MEAN = Pooling("mean")
Shape = tuple[int, int]
"""Texts in a batch, and tokens of each, padding included."""


@dataclass(frozen=True)
class Family:
    """A network and its products. sides: inputs and outputs of the dense layers of one block. head: width of a head."""

    config: t.PretrainedConfig
    layers: int
    sides: tuple[tuple[int, int], ...]
    heads: int
    head: int

    def flops(self, shapes: Sequence[Shape]) -> float:
        """Multiplications and additions of the dense layers and of attention."""
        dense = sum(a * b for a, b in self.sides)
        return float(sum(self.layers * n * (2 * dense * long + 4 * long**2 * self.heads * self.head) for n, long in shapes))


TOKENS = {"vocab_size": VOCABULARY, "max_position_embeddings": CONTEXT, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 1}
FAMILIES = {
    "gpt2": Family(t.GPT2Config(n_embd=768, n_layer=12, n_head=12, n_positions=CONTEXT, vocab_size=VOCABULARY, bos_token_id=0,
                                eos_token_id=0), 12, ((768, 2304), (768, 768), (768, 3072), (3072, 768)), 12, 64),
    "minilm": Family(t.BertConfig(hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536, **TOKENS),
                     6, (*[(384, 384)] * 4, (384, 1536), (1536, 384)), 12, 32),
    "smollm2": Family(t.LlamaConfig(hidden_size=576, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3,
                                    intermediate_size=1536, **TOKENS),
                      30, ((576, 576), (576, 192), (576, 192), (576, 576), (576, 1536), (576, 1536), (1536, 576)), 9, 64),
}


def model(family: Family, dtype: str) -> Loaded:
    """The network with random weights, as it is read from a folder."""
    with tempfile.TemporaryDirectory() as folder:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            t.AutoModel.from_config(family.config).save_pretrained(folder)
        t.PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE(vocab={"a": 0, "b": 1}, merges=[])), bos_token="a",
                                  model_max_length=CONTEXT).save_pretrained(folder)
        return load_pretrained(str(Path(folder)), "main", dtype, "cpu", -1)


def lengths(texts: int) -> list[int]:
    """Tokens of each text."""
    drawn = np.exp(np.random.default_rng(0).normal(np.log(35), 0.7, texts))
    return [int(n) for n in np.clip(drawn, 4, CONTEXT)]


def embed(loaded: Loaded, sequences: list[np.ndarray]) -> float:
    """Seconds of the processor for the pooled states of all texts, as `hf[path=…]` makes them."""
    started = time.process_time()
    loaded.features(sequences, CPU_TOKENS, MEAN)
    return time.process_time() - started


def added(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """The plain product of inputs (n, a) with a weight (b, a)."""
    return torch.addmm(bias, x, weight.t())


def products(family: Family, shapes: Sequence[Shape], dtype: torch.dtype, *, packed: bool) -> Callable[[], float]:
    """What makes the products of passes over batches of these shapes, with nothing between them: seconds of the processor."""
    layers: list[list[tuple[int, Callable[[torch.Tensor], torch.Tensor]]]] = []
    for _ in range(family.layers):
        pairs = [(a, torch.ones(b, a, dtype=dtype), torch.zeros(b, dtype=dtype)) for a, b in family.sides]
        layers.append([(a, PackedLayer(weight, bias, NO_ACTIVATION) if packed else partial(added, weight=weight, bias=bias))
                       for a, weight, bias in pairs])

    def multiply(batch: np.ndarray) -> None:
        n, long = shapes[int(batch[0])]
        inputs = {width: torch.ones(n * long, width, dtype=dtype) for width, _ in family.sides}
        query = torch.ones(n * family.heads, long, family.head, dtype=dtype)
        with torch.inference_mode():
            for layer in layers:
                for width, product in layer:
                    product(inputs[width])
                torch.bmm(torch.bmm(query, query.transpose(1, 2)), query)

    def run() -> float:
        started = time.process_time()
        side_by_side(multiply, list(np.arange(len(shapes))[:, None]), "cpu")
        return time.process_time() - started

    return run


def measure(name: str, dtype: str, texts: int, rounds: int) -> float:
    """Print the rates of one family, and give the share of the plain products' rate that ours reaches."""
    family, sizes = FAMILIES[name], lengths(texts)
    loaded, random = model(family, dtype), np.random.default_rng(1)
    sequences = [random.integers(2, VOCABULARY, n) for n in sizes]
    shapes = [(len(batch), max(sizes[row] for row in batch)) for batch in token_batches(sizes, CPU_TOKENS)]
    ways = (partial(embed, loaded, sequences),
            *(products(family, shapes, getattr(torch, dtype), packed=packed) for packed in (False, True)))
    times = np.array([[way() for way in ways] for _ in range(rounds)])
    ours, plain, packed = family.flops(shapes) / 1e9 / times.min(axis=0)
    by_round = times[:, 1] / times[:, 0]
    print(f"{name:8} {ours:5.0f} GFLOP/s a core, {plain:5.0f} by plain products: {ours / plain:4.0%} (by round "
          f"{by_round.min():.0%} to {by_round.max():.0%}); {packed:5.0f} by packed ones: {ours / packed:4.0%}", flush=True)
    return float(ours / plain)


def main() -> None:
    """A line a family; ends with 1 where one is below what is wanted."""
    asked = argparse.ArgumentParser()
    asked.add_argument("families", nargs="*", metavar="FAMILY", help=", ".join(FAMILIES))
    asked.add_argument("--dtype", default="float32", choices=("float32", "bfloat16"))
    asked.add_argument("--texts", type=int, default=96)
    asked.add_argument("--rounds", type=int, default=5)
    words = asked.parse_args()
    sizes = lengths(words.texts)
    print(f"{words.texts} texts of {min(sizes)} to {max(sizes)} tokens, mean {np.mean(sizes):.0f}; {torch.get_num_threads()} "
          f"threads; {words.dtype}; wanted: {WANTED:.0%} of the plain products")
    t.logging.disable_progress_bar()
    shares = {name: measure(name, words.dtype, words.texts, words.rounds) for name in words.families or FAMILIES}
    raise SystemExit(int(min(shares.values()) < WANTED))


if __name__ == "__main__":
    main()
