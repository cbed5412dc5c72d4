"""Weights in a folder, from the headers of safetensors files: which are loaded, what is damaged, how many values count."""

from __future__ import annotations

import json
import math
import re
import struct
from pathlib import Path
from typing import Any

from w2s_bench.contracts import DataError

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
LFS = b"version https://git-lfs"

NOT_READ = re.compile(
    r"(lm_head|lm_loss|embed_out|cls|classifier|pre_classifier|score|head|qa_outputs|predictions|sop_classifier"
    r"|vocab_(transform|layer_norm|projector)|discriminator_predictions|generator_(predictions|lm_head)|sequence_summary"
    r"|logits_proj|mask_predictions|lm_predictions)\."
    r"|decoder\.(weight|bias)$|([a-z_0-9]+\.)?pooler\."
    r"|(.*\.)?(attn|attention)\.(masked_)?bias$|(.*\.)?(inv_freq|position_ids|token_type_ids)$")
"""Heads, poolers and buffers: no feature passes through them, or they are no parameters."""


def weight_files(folder: Path, where: str) -> list[Path]:
    """The files that transformers loads: one, or else the shards that an index names. Raises DataError where there are none."""
    single, index = folder / SINGLE, folder / INDEX
    if single.is_file():
        return [single]
    if index.is_file():
        try:
            named = sorted({str(name) for name in json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError("is no index of weights", where=str(index),
                            hint="save the model again with save_pretrained") from error
        lost = [name for name in named if Path(name).name != name or not (folder / name).is_file()]
        if lost or not named:
            raise DataError(f"lacks {len(lost)} of {len(named)} files of weights, such as {lost[0]}" if lost else
                            f"{INDEX} names no file", where=where, hint="copy all files that the index names")
        return [folder / name for name in named]
    raise _no_weights(folder, where)


def parameters(files: list[Path], *, encoder_alone: bool) -> int:
    """How many values the features can depend on, each once. encoder_alone: of a model with an encoder and a decoder. Raises
    DataError for a damaged file.
    """
    shapes: dict[str, int] = {}
    for file in files:
        shapes |= _values(file)
    if encoder_alone:
        again = "encoder.embed_tokens." if "shared.weight" in shapes else "decoder."
        shapes = {name: size for name, size in shapes.items() if not name.startswith(("decoder.", again))}
    return sum(size for name, size in shapes.items() if not NOT_READ.match(name))


def _values(file: Path) -> dict[str, int]:
    """Values by name. The header is a little-endian uint64 length and that many bytes of JSON (safetensors format)."""
    try:
        with file.open("rb") as stream:
            start = stream.read(8)
            if LFS.startswith(start) and start:
                raise DataError("is a pointer of Git LFS, not the weights", where=str(file), hint="git lfs pull fetches them")
            (length,) = struct.unpack("<Q", start)
            if length > file.stat().st_size:
                raise ValueError("the header is longer than the file")
            header: dict[str, Any] = json.loads(stream.read(length))
        header.pop("__metadata__", None)
        shapes = {name: math.prod(tensor["shape"]) for name, tensor in header.items()}
        whole = [name for name, tensor in header.items() if tensor["dtype"][0] in "IU" and not NOT_READ.match(name)]
    except (struct.error, ValueError, KeyError, TypeError) as error:
        raise DataError(f"damaged safetensors file: {error}", where=str(file), hint="copy or download it again") from error
    if whole:
        raise DataError(f"{len(whole)} weights are whole numbers, such as {whole[0]}: they are quantised", where=str(file),
                        hint="load the model where you can, dequantize() it and save_pretrained(folder)")
    return shapes


def _no_weights(folder: Path, where: str) -> DataError:
    names = sorted(place.name for place in folder.iterdir() if place.is_file())
    others = [name for name in names if name.endswith(".safetensors")]
    pickled = [name for name in names if name.endswith(PICKLED)]
    below = sorted(file.parent.relative_to(folder).as_posix() for pattern in (SINGLE, INDEX)
                   for depth in ("*", "snapshots/*") for file in folder.glob(f"{depth}/{pattern}"))
    if others:
        return DataError(f"has weights under another name ({', '.join(others)}); {SINGLE} is read, or shards with {INDEX}",
                         where=where, hint="load the model as it was saved and call save_pretrained(folder), or rename the file")
    if pickled:
        return DataError(f"has only pickled weights ({', '.join(pickled)}), which can run code and are refused", where=where,
                         hint="convert them: load the model where you trust it and call save_pretrained(folder), which writes "
                         "model.safetensors")
    if below:
        return DataError(f"has no weights (*.safetensors); {below[0]} has", where=where, hint=f"path={where}/{below[0]}")
    return DataError("has no weights (*.safetensors)", where=where, hint=f"found: {', '.join(names) or 'nothing'}")
