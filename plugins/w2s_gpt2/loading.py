"""Weights and tokenizer through transformers, with every way in which they can be unusable named."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import transformers
from safetensors import SafetensorError
from torch import Tensor
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, MODEL_FOR_MASKED_LM_MAPPING_NAMES
from transformers.utils import logging

from w2s_bench.contracts import Array, DataError
from w2s_gpt2.batches import padded, token_batches
from w2s_gpt2.folders import model_folder
from w2s_gpt2.frozen_layers import freeze_layers
from w2s_gpt2.pooling import pooled
from w2s_gpt2.revision import cached_commit
from w2s_gpt2.side_by_side import side_by_side

Scores = Callable[[Tensor, Tensor], Tensor]
"""Token ids and mask (n, t) to logits (n, t, vocabulary)."""

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

    def features_of(self, sequences: list[Array], budget: int, layer: int, pooling: str) -> Array:
        """Pooled hidden states (n, width) float32 of token ids, in batches of at most `budget` tokens."""
        features = np.zeros((len(sequences), self.width), dtype=np.float32)

        def read(batch: Array) -> None:
            tokens, mask = padded([sequences[index] for index in batch], self.pad)
            features[batch] = self.features(tokens, mask, layer, pooling)

        side_by_side(read, token_batches([len(sequence) for sequence in sequences], budget), self.device)
        return features

    def features(self, tokens: Array, mask: Array, layer: int, pooling: str) -> Array:
        """Token ids and mask (n, t) to pooled hidden states (n, width) float32."""
        ids, real = (torch.from_numpy(array).to(self.device) for array in (tokens, mask))
        with torch.inference_mode():
            out = self.model(input_ids=ids, attention_mask=real, output_hidden_states=layer != -1)
            hidden = out.last_hidden_state if layer == -1 else out.hidden_states[layer]
            features: Array = pooled(hidden, real, pooling).cpu().numpy()
        return features


def load_pretrained(path: str, revision: str, dtype: str, device: str) -> Loaded:
    """The model, ready to be read from on a device. Raises DataError where it is not there, incomplete, or of a kind not
    read.
    """
    source = Source.of(path, revision)
    with source.read():
        config, tokenizer = source.config_and_tokenizer()
        model, report = source.weights(transformers.AutoModel, config, dtype)
    _check_complete(report, UNUSED, source.where)
    if config.model_type == "gpt2":
        freeze_layers(model, device)
    return _loaded(config, tokenizer, model.to(device), device, source.where)


def load_trainable(path: str, revision: str) -> tuple[Loaded, Scores | None]:
    """The model in float32 on the CPU, and its logits of the next token (None where it has none), which share its weights.

    The output matrix of a model that does not tie it to the embedding is no part of the network. Raises DataError as
    `load_pretrained` does.
    """
    source = Source.of(path, revision)
    with source.read():
        config, tokenizer = source.config_and_tokenizer()
        kind = transformers.AutoModelForCausalLM if predicts_next_token(config) else transformers.AutoModel
        whole, report = source.weights(kind, config, "float32")
    if not predicts_next_token(config):
        _check_complete(report, UNUSED, source.where)
        return _loaded(config, tokenizer, whole, "cpu", source.where), None
    last = whole.get_output_embeddings()
    matrix = tuple(f"{name}." for name, module in whole.named_modules() if module is last)
    _check_complete(report, (*UNUSED, *matrix), source.where)
    complete = not any(name.startswith(matrix) for name in report["missing_keys"])

    def scores(tokens: Tensor, mask: Tensor) -> Tensor:
        logits: Tensor = whole.to(tokens.device)(input_ids=tokens, attention_mask=mask).logits
        return logits

    return _loaded(config, tokenizer, whole.base_model, "cpu", source.where), scores if complete else None


def predicts_next_token(config: Any) -> bool:
    """Whether the architecture is causal: it has a next-token head and, unless it is told to decode, no masked-token one."""
    kind = config.model_type
    return kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and (
        kind not in MODEL_FOR_MASKED_LM_MAPPING_NAMES or bool(getattr(config, "is_decoder", False)))


@dataclass(frozen=True)
class Source:
    """Where a model is read from. name: a folder, or a name on the hub. where: for messages."""

    name: str
    options: dict[str, Any]
    where: str
    on_hub: bool

    @staticmethod
    def of(path: str, revision: str) -> Source:
        """The folder, or the snapshot in the cache that the revision stands for, or the revision on the hub."""
        folder = model_folder(path)
        if folder:
            return Source(str(folder), {"local_files_only": True}, path, False)
        return Source(path, {"revision": cached_commit(path, revision) or revision}, f"{path}@{revision}", True)

    @contextlib.contextmanager
    def read(self) -> Iterator[None]:
        """Every way in which reading fails becomes a DataError; weights that a file lacks come from a fixed seed."""
        try:
            with _quiet(), torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                yield
        except (OSError, ValueError, RuntimeError, KeyError, ImportError, SafetensorError) as error:
            raise _unusable(error, self.where, on_hub=self.on_hub) from error

    def config_and_tokenizer(self) -> tuple[Any, Any]:
        """Both, of one model. Raises DataError for an encoder with a decoder."""
        config = transformers.AutoConfig.from_pretrained(self.name, trust_remote_code=False, **self.options)
        if getattr(config, "is_encoder_decoder", False):
            raise DataError(f"a {config.model_type} has an encoder and a decoder; causal and encoder models are read",
                            where=self.where)
        return config, transformers.AutoTokenizer.from_pretrained(self.name, trust_remote_code=False, **self.options)

    def weights(self, kind: Any, config: Any, dtype: str) -> tuple[Any, dict[str, Any]]:
        """The model with its weights, and what was missing or left over; keys and values of past tokens are not kept."""
        config.use_cache = False
        _in_one_kernel(config)
        model, report = kind.from_pretrained(self.name, config=config, use_safetensors=True, dtype=getattr(torch, dtype),
                                             output_loading_info=True, trust_remote_code=False, **self.options)
        return model.eval(), report


def _in_one_kernel(config: Any) -> None:
    """torch has GPT-2's activation, for which transformers passes over memory eight times; the numbers differ by rounding."""
    for name in ("activation_function", "hidden_act", "activation"):
        if getattr(config, name, None) == "gelu_new":
            setattr(config, name, "gelu_pytorch_tanh")


def _check_complete(report: dict[str, Any], may_lack: tuple[str, ...], where: str) -> None:
    missing = sorted(name for name in report["missing_keys"] if not name.startswith(may_lack))
    if missing:
        raise DataError(f"{len(missing)} weights are missing, such as {missing[0]}", where=where,
                        hint="they would be random numbers; save the whole model with save_pretrained")


def _loaded(config: Any, tokenizer: Any, model: Any, device: str, where: str) -> Loaded:
    if len(tokenizer) > config.vocab_size:
        raise DataError(f"the tokenizer knows {len(tokenizer)} tokens, the model {config.vocab_size}", where=where,
                        hint="the tokenizer belongs to another model")
    pad = _first(tokenizer.pad_token_id, getattr(config, "pad_token_id", None), 0)
    empty = _first(tokenizer.bos_token_id, tokenizer.eos_token_id, getattr(config, "bos_token_id", None))
    positions = (getattr(config, "max_position_embeddings", None) or tokenizer.model_max_length) - _offset(model)
    context = int(min(positions, tokenizer.model_max_length))
    return Loaded(model, tokenizer, int(config.num_hidden_layers), int(config.hidden_size), context, int(pad or 0), empty, device)


def _first(*ids: int | None) -> int | None:
    return next((token for token in ids if token is not None), None)


def _unusable(error: Exception, where: str, *, on_hub: bool) -> DataError:
    reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    if on_hub and "gated repo" in str(error):
        return DataError("this model is gated: the hub gives it to those who accepted its terms", where=where,
                         hint="accept them on its page and log in (hf auth login), or point to a folder: hf[path=<folder>]")
    if on_hub and "safetensors" in str(error):
        return DataError("has no weights as safetensors; pickled ones can run code and are refused", where=where,
                         hint="convert them: load the model where you trust it and call save_pretrained(folder), then "
                         "hf[path=<folder>]")
    if on_hub and isinstance(error, OSError):
        return DataError(f"this model is not in the cache and cannot be had from the hub: {reason}", where=where,
                         hint="download it where there is a network and point to the folder: hf[path=<folder>]")
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
