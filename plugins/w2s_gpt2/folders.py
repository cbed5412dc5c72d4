"""What is known of a model's folder without torch: whether it can be used, its digest, family and size."""

from __future__ import annotations

import json
import math
import re
import struct
from pathlib import Path
from typing import Any

from w2s_bench.contracts import DataError, file_digest, nearest

PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
READ = (".json", ".txt", ".model", ".safetensors")


def model_folder(path: str) -> Path | None:
    """The folder that a path stands for, or None for a name on the hub (`owner/name`, or a bare name).

    Raises DataError for a missing folder, and for one without configuration or without safetensors weights.
    """
    folder = Path(path).expanduser()
    if not folder.is_dir():
        if re.fullmatch(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", path) and not folder.exists():
            return None
        beside = (
            [place.name for place in folder.parent.iterdir() if place.is_dir()]
            if folder.parent.is_dir()
            else []
        )
        raise DataError(
            "no such folder",
            where=path,
            hint=nearest(folder.name, beside) if beside else "a name on the hub has the form owner/name",
        )
    names = sorted(file.name for file in folder.iterdir() if file.is_file())
    if not any(name.endswith(".safetensors") for name in names):
        pickled = [name for name in names if name.endswith(PICKLED)]
        if pickled:
            raise DataError(
                f"has only pickled weights ({', '.join(pickled)}), which can run code and are refused",
                where=path,
                hint="convert them: load the model where you trust it and call "
                "save_pretrained(folder), which writes model.safetensors",
            )
        raise DataError(
            "has no weights (*.safetensors)", where=path, hint=f"found: {', '.join(names) or 'nothing'}"
        )
    if "config.json" not in names:
        raise DataError(
            "has weights but no config.json", where=path, hint="save the model with save_pretrained(folder)"
        )
    return folder


def folder_digest(folder: Path) -> str:
    """SHA-256 over names and contents of configuration, tokenizer and weights."""
    return file_digest(*sorted(file for file in folder.iterdir() if file.suffix in READ))


def folder_family(folder: Path) -> str:
    """The model type that the configuration gives."""
    file = folder / "config.json"
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"no JSON: {error}", where=str(file)) from error
    if not isinstance(config, dict) or not isinstance(config.get("model_type"), str):
        raise DataError("gives no model_type", where=str(file))
    return str(config["model_type"])


def folder_size(folder: Path) -> int:
    """Number of values in the safetensors files, from their headers."""
    return sum(_values(file) for file in sorted(folder.glob("*.safetensors")))


def _values(file: Path) -> int:
    """The header is a little-endian uint64 length and that many bytes of JSON (safetensors format)."""
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            if length > file.stat().st_size:
                raise ValueError("the header is longer than the file")
            header: dict[str, Any] = json.loads(stream.read(length))
        return sum(math.prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")
    except (struct.error, ValueError, KeyError, TypeError) as error:
        raise DataError(f"damaged safetensors file: {error}", where=str(file)) from error
