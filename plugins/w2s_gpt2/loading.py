"""Weights and tokenizer through transformers, with every way in which they can be unusable named."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)
from transformers.utils import logging
from transformers.utils.peft_utils import find_adapter_config_file

from w2s_bench.contracts import Array, DataError, W2SError
from w2s_gpt2.folders import model_folder, refused_adapter
from w2s_gpt2.frozen_layers import freeze_layers
from w2s_gpt2.gguf_files import SUFFIX
from w2s_gpt2.passes import Passes, trial_tokens
from w2s_gpt2.pooling import Pooling
from w2s_gpt2.reading import TextReader
from w2s_gpt2.revision import cached_commit

Scores = Callable[[Tensor, Tensor], Tensor]
"""Token ids and mask (n, t) to logits (n, t, vocabulary)."""

ENCODERS = ("t5", "mt5", "umt5")
"""Families with a decoder whose encoder transformers reads alone."""

REASON = 400
"""Characters of another library's error that are repeated."""

UNLIMITED = 10**9
"""Tokens in a text where nothing limits them."""

_LAYER = re.compile(r"(?<=\.)\d+(?=\.)")
UNUSED = ("pooler.",)
"""Weights that a file may lack, because the features do not pass through them."""


@dataclass(frozen=True)
class Loaded:
    """A network that is read at one layer, and the tokenizer that it is read with. tried: the token ids that it was tried on."""

    passes: Passes
    reader: TextReader
    tried: Array

    def features(self, sequences: list[Array], budget: int, pooling: Pooling) -> Array:
        """Pooled hidden states (n, width) float32 of token ids, in batches of at most `budget` tokens. Raises DataError."""
        return self.passes.features(sequences, self.reader.pad, budget, pooling)

    def at(self, layers: Sequence[int]) -> list[Passes]:
        """The same network, read at other layers."""
        return [Passes.of(self.passes.network, layer, self.tried, self.reader.pad, self.passes.where) for layer in layers]


def load_pretrained(path: str, revision: str, dtype: str, device: str, layer: int) -> Loaded:
    """The model, ready to be read from on a device. Raises DataError where it is not there, incomplete, or of a kind not
    read.
    """
    source = Source.of(path, revision)
    with source.read():
        config, tokenizer = source.config_and_tokenizer()
        model, report = source.weights(_reader(config), config, dtype)
        _check_complete(model, report, UNUSED, source.where)
        loaded = _loaded(config, tokenizer, model.to(device), layer, source.where)
        freeze_layers(model, device)
    return loaded


def load_trainable(path: str, revision: str, layer: int) -> tuple[Loaded, Scores | None]:
    """The model in float32 on the CPU, and its logits of the next token (None where it has none), which share its weights.

    The output matrix of a model that does not tie it to the embedding is no part of the network. Raises DataError as
    `load_pretrained` does, and for a model that does not mask padding.
    """
    source = Source.of(path, revision)
    with source.read():
        config, tokenizer = source.config_and_tokenizer()
        kind = transformers.AutoModelForCausalLM if predicts_next_token(config) else _reader(config)
        whole, report = source.weights(kind, config, "float32")
        last = whole.get_output_embeddings() if predicts_next_token(config) else None
        matrix = tuple(f"{name}." for name, module in whole.named_modules() if module is last)
        _check_complete(whole, report, (*UNUSED, *matrix), source.where)
        network = whole.base_model if predicts_next_token(config) else whole
        loaded = _maskable(_loaded(config, tokenizer, network, layer, source.where))
    if not matrix or any(name.startswith(matrix) for name in report["missing_keys"]):
        return loaded, None

    def scores(tokens: Tensor, mask: Tensor) -> Tensor:
        logits: Tensor = whole.to(tokens.device)(input_ids=tokens, attention_mask=mask).logits
        return logits

    return loaded, scores


def _reader(config: Any) -> Any:
    """The class that makes hidden states: of the encoder, where the model has a decoder too."""
    return transformers.AutoModelForTextEncoding if getattr(config, "is_encoder_decoder", False) else transformers.AutoModel


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
        if folder and folder.suffix == SUFFIX:
            return Source(str(folder.parent), {"local_files_only": True, "gguf_file": folder.name}, path, False)
        if folder:
            return Source(str(folder), {"local_files_only": True}, path, False)
        return Source(path, {"revision": cached_commit(path, revision) or revision}, f"{path}@{revision}", True)

    @contextlib.contextmanager
    def read(self) -> Iterator[None]:
        """Every way in which reading fails becomes a DataError; weights that a file lacks come from a fixed seed."""
        try:
            with _quiet(), contextlib.ExitStack() as also, torch.random.fork_rng(devices=[]):
                if "gguf_file" in self.options:  # its progress bar obeys no setting
                    also.enter_context(contextlib.redirect_stderr(io.StringIO()))
                torch.manual_seed(0)
                yield
        except (W2SError, MemoryError):
            raise
        except Exception as error:  # whatever a file of somebody else makes the libraries raise
            raise _unusable(error, self.where, on_hub=self.on_hub) from error

    def config_and_tokenizer(self) -> tuple[Any, Any]:
        """Both, of one model. Raises DataError for a decoder whose encoder is not read alone, and for an adapter of PEFT."""
        adapter = find_adapter_config_file(self.name, **{key: self.options[key] for key in self.options if key != "gguf_file"})
        if adapter:
            about = json.loads(Path(adapter).read_text(encoding="utf-8"))
            raise refused_adapter(str(about.get("peft_type")), str(about.get("base_model_name_or_path")), self.where, alone=False)
        config = transformers.AutoConfig.from_pretrained(self.name, trust_remote_code=False, **self.options)
        if getattr(config, "is_encoder_decoder", False) and config.model_type not in ENCODERS:
            raise DataError(f"a {config.model_type} has an encoder and a decoder, and transformers reads neither alone",
                            where=self.where, hint="causal and encoder models are read, and the encoder of "
                            f"{', '.join(ENCODERS)}")
        return config, transformers.AutoTokenizer.from_pretrained(self.name, trust_remote_code=False, **self.options)

    def weights(self, kind: Any, config: Any, dtype: str) -> tuple[Any, dict[str, Any]]:
        """The model with its weights, and what was missing or left over; keys and values of past tokens are not kept."""
        config.get_text_config().use_cache = False
        _in_range(config)
        _in_one_kernel(config)
        only = {} if "gguf_file" in self.options else {"use_safetensors": True}
        model, report = kind.from_pretrained(self.name, config=config, **only, dtype=getattr(torch, dtype),
                                             output_loading_info=True, ignore_mismatched_sizes=True, trust_remote_code=False,
                                             **self.options)
        return model.eval(), report


def _in_one_kernel(config: Any) -> None:
    """torch has GPT-2's activation, for which transformers passes over memory eight times; the numbers differ by rounding."""
    for name in ("activation_function", "hidden_act", "activation"):
        if getattr(config, name, None) == "gelu_new":
            setattr(config, name, "gelu_pytorch_tanh")


def _check_complete(model: Any, report: dict[str, Any], may_lack: tuple[str, ...], where: str) -> None:
    """Raise DataError where the file has weights of other shapes than the network, too few, or layers beyond its last."""
    unlike = sorted(tuple(found) for found in report["mismatched_keys"] if not found[0].startswith(may_lack))
    if unlike:
        name, stored, wanted = unlike[0]
        raise DataError(f"{len(unlike)} weights are not of the shapes that config.json says, as {name}: {list(stored)} in the "
                        f"file, {list(wanted)} by config.json", where=where, hint="the configuration belongs to another model")
    missing = sorted(name for name in report["missing_keys"] if not name.startswith(may_lack))
    if missing:
        raise DataError(f"{len(missing)} weights are missing, such as {missing[0]}", where=where,
                        hint="they would be random numbers; save the whole model with save_pretrained")
    read = {_LAYER.sub("*", name) for name in model.state_dict()}
    prefix = f"{model.base_model_prefix}."
    further = sorted(name for name in report["unexpected_keys"]
                     if read & {_LAYER.sub("*", name), _LAYER.sub("*", name.removeprefix(prefix))})
    if further:
        raise DataError(f"{len(further)} weights are of layers that config.json does not have, such as {further[0]}", where=where,
                        hint="the configuration belongs to another model, or the model was cut: save it with save_pretrained")


def _in_range(config: Any) -> None:
    """An id of padding that is no token (-1 in the first Llama checkpoints) is none: padding is masked."""
    for part in {id(part): part for part in (config, config.get_text_config())}.values():
        pad, vocabulary = getattr(part, "pad_token_id", None), getattr(part, "vocab_size", None)
        if pad is not None and not (pad >= 0 and (vocabulary is None or pad < vocabulary)):
            part.pad_token_id = None


def _loaded(config: Any, tokenizer: Any, model: Any, layer: int, where: str) -> Loaded:
    vocabulary = int(getattr(model.get_input_embeddings(), "num_embeddings", len(tokenizer)))
    configured = (getattr(config, "pad_token_id", None), getattr(config, "bos_token_id", None))
    context = _context(config, tokenizer, model)
    reader = TextReader.of(tokenizer, vocabulary, context, configured, where)
    tried = trial_tokens(vocabulary, context, {reader.pad, *tokenizer.all_special_ids})
    return Loaded(Passes.of(model, layer, tried, reader.pad, where), reader, tried)


def _context(config: Any, tokenizer: Any, model: Any) -> int:
    """Most tokens in a text: what the configuration, the tokenizer and a matrix of positions allow, where they limit it."""
    embeddings = getattr(model, "embeddings", None)
    matrix = getattr(getattr(embeddings, "position_embeddings", None), "num_embeddings", None)
    limits = (getattr(config.get_text_config(), "max_position_embeddings", None), matrix)
    positions = [limit - _offset(model) for limit in limits if isinstance(limit, int) and limit > 0]
    return int(min([*positions, tokenizer.model_max_length if tokenizer.model_max_length > 0 else UNLIMITED]))


def _maskable(loaded: Loaded) -> Loaded:
    if not loaded.passes.masks:
        raise DataError(f"{type(loaded.passes.network).__name__} does not mask padding, so what it makes of a text depends on "
                        "the texts beside it, and it cannot be trained in batches", where=loaded.passes.where,
                        hint="a strategy on frozen features reads it in batches of one length")
    return loaded


def _unusable(error: Exception, where: str, *, on_hub: bool) -> DataError:
    reason = _sentence(error)
    if on_hub and "gated repo" in str(error):
        return DataError("this model is gated: the hub gives it to those who accepted its terms", where=where,
                         hint="accept them on its page and log in (hf auth login), or point to a folder: hf[path=<folder>]")
    if on_hub and "safetensors" in str(error):
        return DataError("has no weights as safetensors; pickled ones can run code and are refused", where=where,
                         hint="convert them: load the model where you trust it and call save_pretrained(folder), then "
                         "hf[path=<folder>]")
    if "trust_remote_code" in str(error):
        return DataError("needs code of its own, which is not run: it could do anything", where=where,
                         hint="models whose code transformers has are read")
    if "quantiz" in str(error).lower():
        return DataError(f"its weights are quantised: {reason}", where=where,
                         hint="load it where you can, dequantize() it and save_pretrained(folder)")
    if on_hub and isinstance(error, OSError):
        return DataError(f"this model is not in the cache and cannot be had from the hub: {reason}", where=where,
                         hint="download it where there is a network and point to the folder: hf[path=<folder>]")
    return DataError(
        f"this model cannot be loaded: {reason}",
        where=where,
        hint="wanted: config.json, a tokenizer and safetensors weights, as save_pretrained writes them",
    )


def _sentence(error: Exception) -> str:
    """All that it says on one line, its type before it where it says little."""
    said = " ".join(str(error).split())
    words = said if isinstance(error, (OSError, ValueError, ImportError)) and said else f"{type(error).__name__}: {said}"
    return words if len(words) <= REASON else words[:REASON] + "…"


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
