"""GPT-2 as a frozen feature extractor: the published sizes, any model of your own, and tiny ones trained
here.
"""

from __future__ import annotations

from collections.abc import Iterable

from w2s_bench.contracts import ModelEntry, Parameter, hookimpl

requires_api = ">=1,<2"

TEXT = frozenset({"text"})

COLUMN = Parameter("column", str, "text", "input column that is read")
POOLING = Parameter(
    "pooling", str, "mean", "mean over the tokens, or the last token", choices=("mean", "last")
)
SENTENCE = Parameter(
    "pooling",
    str,
    "auto",
    "mean over the tokens, the last, the first (cls), the largest value; auto: as a sentence encoder's folder says, else mean",
    choices=("auto", "mean", "last", "cls", "max"),
)
PACKAGE = Parameter(
    "package", str, "", "in the place of path: an installed Python package that carries the model", role="place"
)
FILE = Parameter("file", str, "", "the model's folder or .gguf file in the package", role="place")
READING = (
    COLUMN,
    Parameter("layer", int, -1, "hidden layer: 0 is the token embedding, -1 the last"),
    POOLING,
    Parameter(
        "max_length",
        int,
        "auto",
        "longer texts are cut to that many tokens; auto: the model's context",
        low=1,
        words=("auto",),
    ),
    Parameter(
        "dtype", str, "float32", "precision of weights and activations", choices=("float32", "bfloat16")
    ),
    Parameter(
        "batch_tokens",
        int,
        "auto",
        "tokens in a batch, padding included; changes speed and memory only; auto: 1024 on each thread of a CPU, 16384 on a GPU",
        low=1,
        words=("auto",),
        role="speed",
    ),
)
LIBRARIES = ("torch", "transformers")
"""What the numbers of a network rest on; those of published ones on their tokenizer too."""
REVISION = Parameter("revision", str, "main", "commit, tag or branch on the hub")


@hookimpl
def w2s_models() -> Iterable[ModelEntry]:
    """Published GPT-2, any other model with safetensors weights, and a GPT-2 trained from scratch."""
    yield from _published()
    yield _any_model()
    yield _trained_here()


def _published() -> Iterable[ModelEntry]:
    for name, attribute, size in (
        ("gpt2", "gpt2", "124M"),
        ("gpt2-medium", "gpt2_medium", "355M"),
        ("gpt2-large", "gpt2_large", "774M"),
        ("gpt2-xl", "gpt2_xl", "1,558M"),
        ("distilgpt2", "distilgpt2", "82M"),
    ):
        yield ModelEntry(
            name,
            f"w2s_gpt2.pretrained:{attribute}",
            tags=TEXT,
            libraries=(*LIBRARIES, "tokenizers"),
            parameters=(REVISION, *READING),
            summary=f"published weights from the hub, {size} parameters",
        )


def _any_model() -> ModelEntry:
    return ModelEntry(
        "hf",
        "w2s_gpt2.pretrained:any_model",
        tags=TEXT,
        libraries=(*LIBRARIES, "tokenizers"),
        summary="any causal or encoder model with safetensors weights, on the hub or in a folder",
        parameters=(
            Parameter("path", str, None, "a folder, a .gguf file, or a name on the hub: owner/name", instead="package",
                      role="place"),
            REVISION,
            *(SENTENCE if parameter is POOLING else parameter for parameter in READING),
            PACKAGE,
            FILE,
        ),
    )


def _trained_here() -> ModelEntry:
    return ModelEntry(
        "nano",
        "w2s_gpt2.nano:Nano",
        tags=TEXT | {"trained-here"},
        libraries=LIBRARIES,
        summary="a byte-level GPT-2 trained from scratch here, in seconds, on the CPU whatever --device says",
        parameters=(
            Parameter("width", int, 64, "width of the hidden state, a multiple of heads", low=2, high=4096),
            Parameter("layers", int, 2, "transformer blocks", low=1, high=96),
            Parameter("heads", int, "auto", "attention heads; auto: width / 16, at least 1", low=1, words=("auto",)),
            Parameter("context", int, 192, "bytes that it sees of a text", low=2, high=8192),
            Parameter("steps", int, 300, "training steps; 0: an untrained random network", low=0, high=10_000_000),
            Parameter("batch", int, 32, "texts in a step", low=1, high=65536),
            Parameter("lr", float, 3e-3, "peak learning rate of AdamW", low=0.0),
            Parameter("schedule", str, "cosine", "learning rate after the warm-up", choices=("cosine", "constant")),
            Parameter("corpus", str, "task", "task: the task's unlabelled texts; python: the standard library's source; "
                      "else a UTF-8 file (plain or .gz) with one text a line", words=("task", "python"), role="place"),
            Parameter("objective", str, "next-token", "what is learned; descriptors: next byte, and computed numbers",
                      choices=("next-token", "descriptors")),
            Parameter("descriptors", str, "rdkit", "for objective=descriptors: which numbers of a text", names="descriptors",
                      when=("objective", "descriptors")),
            Parameter("seed", int, 0, "another seed gives another network", low=0),
            COLUMN,
            POOLING,
            Parameter("checkpoint", int, "end", "steps after which the weights are taken: 0 or steps / 2^k, rounded", low=0,
                      words=("end",)),
        ),
    )
