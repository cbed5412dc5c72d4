"""What is known of a model's folder without torch: whether it can be used, its digest, family and size."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from w2s_bench.contracts import DataError, file_digest, nearest
from w2s_gpt2.gguf_files import SUFFIX, check_gguf, gguf_family, gguf_size
from w2s_gpt2.sentences import module_files
from w2s_gpt2.weights import parameters, weight_files

READ = (".json", ".txt", ".model", ".safetensors", ".tiktoken", ".spm")
TOKENIZER = re.compile(r"(tokenizer|vocab|tekken|dict\.txt).*|.*\.(model|tiktoken|spm)")
"""Files of which one at least is there where a tokenizer was saved."""


def model_folder(path: str) -> Path | None:
    """The folder or the GGUF file that a path stands for, or None for a name on the hub (`owner/name`, or a bare name).

    Raises DataError for a missing folder, and for one without configuration, tokenizer or safetensors weights, or with an
    adapter of PEFT.
    """
    folder = Path(path).expanduser()
    if folder.suffix == SUFFIX and folder.is_file():
        check_gguf(path)
        return folder
    if not folder.is_dir():
        if re.fullmatch(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", path) and not folder.exists():
            return None
        raise _no_folder(folder, path)
    names = sorted(file.name for file in folder.iterdir() if file.is_file())
    _refuse_adapter(folder, names, path)
    weight_files(folder, path)
    if "config.json" not in names:
        raise DataError("has weights but no config.json", where=path,
                        hint="save the model with save_pretrained(folder), or copy config.json of the model that it was made of")
    if not any(TOKENIZER.fullmatch(name) for name in names):
        raise DataError("holds no tokenizer (tokenizer.json, vocab.txt, …), so no text can be read", where=path,
                        hint=f"a checkpoint of a training run lacks it often; {copied_tokenizer(path)}")
    return folder


def copied_tokenizer(path: str) -> str:
    """How a folder comes by the tokenizer of the model that it was made of."""
    return f'copy it from the base model: AutoTokenizer.from_pretrained(BASE).save_pretrained("{path}")'


def refused_adapter(kind: str, base: str, path: str, *, alone: bool) -> DataError:
    """An adapter of PEFT is not applied here. kind: such as LORA; base: the model that it belongs to."""
    merge = (f'AutoPeftModel.from_pretrained("{path}").merge_and_unload() gives the adapted model; '
             "save it and the tokenizer with save_pretrained into a folder of their own")
    if alone:
        return DataError(f"holds an adapter of PEFT ({kind}) of the base model {base}, and no model", where=path,
                         hint=f"merge it: {merge}")
    return DataError(
        f"an adapter of PEFT ({kind}, of {base}) lies beside the weights, and nothing says whether they contain it already",
        where=path, hint=f"where they do, move adapter_* away; else merge it: {merge}")


def folder_digest(folder: Path) -> str:
    """SHA-256 over names and contents of configuration, tokenizer and weights; of the content of a GGUF file."""
    if folder.suffix == SUFFIX:
        return file_digest(folder)
    return file_digest(*sorted(file for file in folder.iterdir() if file.suffix in READ), *module_files(folder), within=folder)


def folder_family(folder: Path) -> str:
    """The model type that the configuration or the GGUF file gives."""
    if folder.suffix == SUFFIX:
        return gguf_family(folder)
    kind = _json(folder / "config.json").get("model_type")
    if not isinstance(kind, str):
        raise DataError("gives no model_type", where=str(folder / "config.json"),
                        hint='add it, such as "model_type": "gpt2"; save_pretrained writes it')
    return kind


def folder_size(folder: Path) -> int:
    """Number of parameters that features can depend on, in the files that are loaded, from their headers: without output
    matrix, heads, pooler and buffers.
    """
    if folder.suffix == SUFFIX:
        return gguf_size(folder)
    both = bool(_json(folder / "config.json").get("is_encoder_decoder"))
    return parameters(weight_files(folder, str(folder)), encoder_alone=both)


def _json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"no JSON: {error}", where=str(file)) from error
    if not isinstance(found, dict):
        raise DataError("holds no JSON object", where=str(file))
    return found


def _refuse_adapter(folder: Path, names: list[str], path: str) -> None:
    if not any(name.startswith(("adapter_config.", "adapter_model")) for name in names):
        return
    about = _json(folder / "adapter_config.json") if "adapter_config.json" in names else {}
    kind, base = str(about.get("peft_type") or "of a kind that it does not say"), str(about.get("base_model_name_or_path") or "")
    alone = not any(name.startswith(("model", "pytorch_model")) and name.endswith((".safetensors", ".bin")) for name in names)
    raise refused_adapter(kind, base or "a base that it does not name", path, alone=alone)


def _no_folder(folder: Path, path: str) -> DataError:
    if folder.is_file():
        return DataError("is a file, and a model is a folder", where=path,
                         hint=f"path={folder.parent.as_posix()}, with config.json, a tokenizer and safetensors; or MODEL.gguf")
    beside = [place.name for place in folder.parent.iterdir() if place.is_dir()] if folder.parent.is_dir() else []
    return DataError("no such folder", where=path,
                     hint=nearest(folder.name, beside) if beside else "a name on the hub has the form owner/name")
