"""Sentence encoders in a folder: their pooling, normalisation and limit, as the modules beside the network say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from w2s_bench.contracts import DataError

MODULES = "modules.json"
KINDS = {"cls_token": "cls", "mean_tokens": "mean", "max_tokens": "max", "lasttoken": "last"}
"""What a pooling module calls its modes, and what they are called here."""

WAY_OUT = "pooling=mean (or cls, last, max) reads the network alone"


@dataclass(frozen=True)
class SentenceReading:
    """pooling: a value of KINDS. normalised: to length 1. longest: tokens of a text, or None. lower: letters are made small."""

    pooling: str
    normalised: bool = False
    longest: int | None = None
    lower: bool = False

    def cased(self, texts: list[str]) -> list[str]:
        """The texts as the network is given them."""
        return [text.lower() for text in texts] if self.lower else texts


def sentence_reading(folder: Path | None, where: str) -> SentenceReading:
    """What the modules of a folder say; the mean where there are none, or no folder. Raises DataError for modules that are not
    read here.
    """
    if folder is None or not (folder / MODULES).is_file():
        return SentenceReading("mean")
    modules = [(str(module.get("type", "")).rpartition(".")[2], str(module.get("path", ""))) for module in
               _read(folder / MODULES, list)]
    kinds = [kind for kind, _ in modules]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]) or modules[0][1]:
        raise DataError(f"is a sentence encoder of modules {', '.join(kinds)}; a network in the folder itself, Pooling and "
                        "Normalize are read", where=where, hint=WAY_OUT)
    about = _read(folder / "sentence_bert_config.json", dict) if (folder / "sentence_bert_config.json").is_file() else {}
    settings = folder / "config_sentence_transformers.json"
    if settings.is_file() and _read(settings, dict).get("default_prompt_name"):
        raise DataError("is a sentence encoder that puts a prompt before each text, which is not read here", where=where,
                        hint=f"write the prompt into the texts; {WAY_OUT}")
    longest = about.get("max_seq_length")
    return SentenceReading(_pooling(folder / modules[1][1] / "config.json", where), len(kinds) == 3,
                           longest if isinstance(longest, int) and longest > 0 else None, bool(about.get("do_lower_case")))


def hub_folder(name: str, revision: str) -> Path | None:
    """The folder in the local cache with the settings of a sentence encoder of the hub, which are downloaded where they are
    not there; None where it has none.
    """
    from transformers.utils.hub import cached_file

    def had(file: str) -> str | None:
        return cached_file(name, file, revision=revision, _raise_exceptions_for_missing_entries=False,
                           _raise_exceptions_for_connection_errors=False, _raise_exceptions_for_gated_repo=False)

    modules = had(MODULES)
    for module in _read(Path(modules), list) if modules else ():
        had(f"{module.get('path')}/config.json" if module.get("path") else "sentence_bert_config.json")
    had("config_sentence_transformers.json")
    return Path(modules).parent if modules else None


def module_files(folder: Path) -> list[Path]:
    """The settings of a sentence encoder's modules below the folder."""
    return sorted(folder.glob("*_*/config.json")) if (folder / MODULES).is_file() else []


def _pooling(file: Path, where: str) -> str:
    about = _read(file, dict)
    named = about.get("pooling_mode")
    modes = [named] if isinstance(named, str) else [
        key.removeprefix("pooling_mode_") for key, on in about.items() if key.startswith("pooling_mode_") and on is True]
    found = [KINDS.get(mode, mode if mode in KINDS.values() else "") for mode in modes]
    if len(found) != 1 or not found[0]:
        raise DataError(f"is a sentence encoder whose pooling is {' and '.join(map(str, modes)) or 'not named'}; one of "
                        f"{', '.join(KINDS.values())} is read", where=where, hint=WAY_OUT)
    return found[0]


def _read(file: Path, kind: type) -> Any:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"no JSON: {error}", where=str(file)) from error
    if not isinstance(found, kind):
        raise DataError(f"holds no JSON {kind.__name__}", where=str(file))
    return found
