"""Weights and tokenizer through transformers, with every way in which they can be unusable named."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import transformers
from safetensors import SafetensorError
from transformers.utils import logging

from w2s_bench.contracts import Array
from w2s_bench.errors import DataError
from w2s_gpt2.folders import model_folder
from w2s_gpt2.pooling import pooled

UNUSED = ("pooler.",)
"""Weights that a file may lack, because the features do not pass through them."""


@dataclass(frozen=True)
class Loaded:
    """layers: the last hidden layer (0: the embedding). context: most tokens in a text. pad, empty: ids."""

    model: Any
    tokenizer: Any
    layers: int
    width: int
    context: int
    pad: int
    empty: int | None
    device: str

    def tokens(self, texts: list[str], limit: int) -> tuple[list[Array], Array]:
        """Token ids of each text, at most `limit`, and (n,) bool: which were cut."""
        if not texts:
            return [], np.zeros(0, dtype=bool)
        whole = self.tokenizer(texts, verbose=False)["input_ids"]
        cut = np.array([len(ids) > limit for ids in whole])
        sequences = []
        for text, ids, long in zip(texts, whole, cut, strict=True):
            kept = self.tokenizer(text, truncation=True, max_length=limit)["input_ids"] if long else ids
            if not kept:
                if self.empty is None:
                    raise DataError(
                        "a text gives no token, and the tokenizer names none that begins a text",
                        where=str(self.tokenizer.name_or_path),
                    )
                kept = [self.empty]
            sequences.append(np.array(kept, dtype=np.int64))
        return sequences, cut

    def features(self, tokens: Array, mask: Array, layer: int, pooling: str) -> Array:
        """Token ids and mask (n, t) to pooled hidden states (n, width) float32."""
        ids, real = (torch.from_numpy(array).to(self.device) for array in (tokens, mask))
        with torch.inference_mode():
            out = self.model(input_ids=ids, attention_mask=real, output_hidden_states=layer != -1)
            hidden = out.last_hidden_state if layer == -1 else out.hidden_states[layer]
            features: Array = pooled(hidden, real, pooling).cpu().numpy()
        return features


def load_pretrained(path: str, revision: str, dtype: str) -> Loaded:
    """The model, ready to be read from. Raises DataError where it is not there, incomplete, or of a kind not
    read.
    """
    folder = model_folder(path)
    source, where = (str(folder), path) if folder else (path, f"{path}@{revision}")
    options: dict[str, Any] = {"trust_remote_code": False}
    options |= {"local_files_only": True} if folder else {"revision": revision}
    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        with _quiet():
            config = transformers.AutoConfig.from_pretrained(source, **options)
            if getattr(config, "is_encoder_decoder", False):
                raise DataError(
                    f"a {config.model_type} has an encoder and a decoder; causal and encoder models are read",
                    where=where,
                )
            tokenizer = transformers.AutoTokenizer.from_pretrained(source, **options)
            model, report = transformers.AutoModel.from_pretrained(
                source,
                config=config,
                use_safetensors=True,
                dtype=getattr(torch, dtype),
                output_loading_info=True,
                **options,
            )
    except (OSError, ValueError, RuntimeError, KeyError, ImportError, SafetensorError) as error:
        raise _unusable(error, where, on_hub=folder is None) from error
    missing = sorted(name for name in report["missing_keys"] if not name.startswith(UNUSED))
    if missing:
        raise DataError(
            f"{len(missing)} weights are missing, such as {missing[0]}",
            where=where,
            hint="they would be random numbers; save the whole model with save_pretrained",
        )
    if len(tokenizer) > config.vocab_size:
        raise DataError(
            f"the tokenizer knows {len(tokenizer)} tokens, the model {config.vocab_size}",
            where=where,
            hint="the tokenizer belongs to another model",
        )
    pad = (
        tokenizer.pad_token_id
        if tokenizer.pad_token_id is not None
        else getattr(config, "pad_token_id", None)
    )
    empty = next(
        (
            token
            for token in (
                tokenizer.bos_token_id,
                tokenizer.eos_token_id,
                getattr(config, "bos_token_id", None),
            )
            if token is not None
        ),
        None,
    )
    positions = (getattr(config, "max_position_embeddings", None) or tokenizer.model_max_length) - _offset(model)
    return Loaded(
        model.eval().to(device),
        tokenizer,
        int(config.num_hidden_layers),
        int(config.hidden_size),
        int(min(positions, tokenizer.model_max_length)),
        0 if pad is None else int(pad),
        empty,
        device,
    )


def _unusable(error: Exception, where: str, *, on_hub: bool) -> DataError:
    reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    if on_hub and isinstance(error, OSError):
        return DataError(
            f"this model is not in the cache and cannot be had from the hub: {reason}",
            where=where,
            hint="download it where there is a network and point to the folder: hf[path=<folder>]",
        )
    return DataError(
        f"this model cannot be loaded: {reason}",
        where=where,
        hint="wanted: config.json, a tokenizer and safetensors weights, as save_pretrained writes them",
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars and no advice from transformers meanwhile; its settings are put back."""
    bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _offset(model: Any) -> int:
    """Positions that the RoBERTa family leaves unused: its first is one past the padding index."""
    embeddings = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    padding = getattr(embeddings, "padding_idx", None)
    return 0 if padding is None else int(padding) + 1
