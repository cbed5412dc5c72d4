"""How fast texts are embedded, beside plain matrix products of the same shapes.

    .venv/bin/python benchmarks/embedding_batches.py [float32|bfloat16]

The model is a GPT-2 of 12 layers of width 768 with random weights, loaded as `hf[path=…]` loads it. Lengths of texts are
drawn as those of sentences and short paragraphs are (lognormal, median 35 tokens). Five ways are timed in turns, and the best
time of each counts: one text at a time; 32 at a time in the order given; the batches that `embed` makes; and, for the
ceiling, nothing but the model's products, in the shapes of those batches and for 16 texts at a time.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models
from transformers import GPT2Config, GPT2Model, PreTrainedTokenizerFast
from w2s_gpt2.batches import padded, token_batches
from w2s_gpt2.loading import Loaded, load_pretrained
from w2s_gpt2.pooling import Pooling
from w2s_gpt2.pretrained import CPU_TOKENS

WIDTH, LAYERS, HEADS, TEXTS, ROUNDS = 768, 12, 12, 96, 3
MEAN = Pooling("mean")
Shape = tuple[int, int]
"""Texts in a batch, and tokens of each, padding included."""


def model(dtype: str) -> Loaded:
    """A GPT-2 of the size of the smallest one that was published, but for its vocabulary."""
    with tempfile.TemporaryDirectory() as folder:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            GPT2Model(GPT2Config(vocab_size=1000, n_positions=512, n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS, bos_token_id=0,
                                 eos_token_id=0)).save_pretrained(folder)
        PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE(vocab={"a": 0, "b": 1}, merges=[])), bos_token="a",
                                model_max_length=512).save_pretrained(folder)
        return load_pretrained(str(Path(folder)), "main", dtype, "cpu", -1)


def lengths() -> list[int]:
    """Tokens of each text."""
    drawn = np.exp(np.random.default_rng(0).normal(np.log(35), 0.7, TEXTS))
    return [int(n) for n in np.clip(drawn, 4, 512)]


def flops(shapes: Sequence[Shape]) -> float:
    """Multiplications and additions of the dense layers (24 w² a token and layer) and of attention (4 t² w a text and layer)."""
    return float(sum(LAYERS * n * (24 * WIDTH**2 * t + 4 * t * t * WIDTH) for n, t in shapes))


def embed_in(loaded: Loaded, sequences: Sequence[np.ndarray], batches: Sequence[np.ndarray]) -> float:
    """Seconds for the pooled states of all texts, batch by batch."""
    started = time.perf_counter()
    for batch in batches:
        tokens, mask = (torch.from_numpy(array) for array in padded([sequences[row] for row in batch], loaded.reader.pad))
        with torch.inference_mode():
            MEAN(loaded.passes.states(tokens, mask), mask)
    return time.perf_counter() - started


def embed_as_we_do(loaded: Loaded, sequences: list[np.ndarray]) -> float:
    """Seconds for the pooled states of all texts, as `hf[path=…]` makes them."""
    started = time.perf_counter()
    loaded.features(sequences, CPU_TOKENS, MEAN)
    return time.perf_counter() - started


def plain_products(shapes: Sequence[Shape], dtype: torch.dtype) -> float:
    """Seconds that the dense and attention products of a pass over batches of these shapes take, with nothing between them."""
    sides = ((WIDTH, 3 * WIDTH), (WIDTH, WIDTH), (WIDTH, 4 * WIDTH), (4 * WIDTH, WIDTH))
    layers = [[(torch.ones(side, dtype=dtype), torch.zeros(side[1], dtype=dtype)) for side in sides] for _ in range(LAYERS)]
    started = time.perf_counter()
    for n, t in shapes:
        inputs = {width: torch.ones(n * t, width, dtype=dtype) for width in (WIDTH, 4 * WIDTH)}
        query = torch.ones(n * HEADS, t, WIDTH // HEADS, dtype=dtype)
        for layer in layers:
            for weight, bias in layer:
                torch.addmm(bias, inputs[weight.shape[0]], weight)
            torch.bmm(torch.bmm(query, query.transpose(1, 2)), query)
    return time.perf_counter() - started


def best_times(ways: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Seconds of the quickest of some rounds, in which the ways take turns."""
    rounds = [{name: run() for name, run in ways.items()} for _ in range(ROUNDS)]
    return {name: min(seconds[name] for seconds in rounds) for name in ways}


def main() -> None:
    """Print rates, and the share of the plain products' rate that our batches reach."""
    name = sys.argv[1] if len(sys.argv) > 1 else "float32"
    sizes, loaded, rows, dtype = lengths(), model(name), np.arange(TEXTS), getattr(torch, name)
    random = np.random.default_rng(1)
    sequences = [random.integers(0, 1000, n) for n in sizes]
    ours = token_batches(sizes, CPU_TOKENS)
    shapes = [(len(batch), max(sizes[row] for row in batch)) for batch in ours]
    mean = round(float(np.mean(sizes)))
    real, padding, sixteens = flops([(1, n) for n in sizes]), flops(shapes), [(16, mean)] * (TEXTS // 16)
    seconds = best_times({
        "one by one": lambda: embed_in(loaded, sequences, rows[:, None]),
        "unsorted": lambda: embed_in(loaded, sequences, np.split(rows, range(32, TEXTS, 32))),
        "ours": lambda: embed_as_we_do(loaded, sequences),
        "same shapes": lambda: plain_products(shapes, dtype),
        "sixteens": lambda: plain_products(sixteens, dtype),
    })
    print(f"{TEXTS} texts of {min(sizes)} to {max(sizes)} tokens, mean {mean}; {torch.get_num_threads()} threads; {name}; "
          f"ours: {len(ours)} batches, {padding / real - 1:.0%} more products for padding")
    print(f"GFLOP/s that real tokens need: one by one {real / seconds['one by one'] / 1e9:.0f}, "
          f"32 at a time unsorted {real / seconds['unsorted'] / 1e9:.0f}, ours {real / seconds['ours'] / 1e9:.0f}")
    print(f"GFLOP/s with padding: ours {padding / seconds['ours'] / 1e9:.0f}, plain products of the same shapes "
          f"{padding / seconds['same shapes'] / 1e9:.0f}, of 16 texts {flops(sixteens) / seconds['sixteens'] / 1e9:.0f}")
    print(f"ours reaches {seconds['same shapes'] / seconds['ours']:.0%} of the plain products of the same shapes (wanted: 90%)")


if __name__ == "__main__":
    main()
