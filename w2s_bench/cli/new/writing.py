"""A new plugin on the disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from w2s_bench.contracts.errors import DataError, UsageError


def write_plugin(folder: Path, texts: Mapping[str, str]) -> None:
    """Write the files, by their paths in the folder, which holds nothing yet but perhaps a repository of git.

    Raises UsageError for a folder that holds something, DataError where it cannot be written.
    """
    try:
        if folder.exists() and (not folder.is_dir() or any(found.name != ".git" for found in folder.iterdir())):
            raise UsageError("is there already", where=str(folder), hint="take another name, or name an empty folder with -o")
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise DataError(f"cannot be written: {error.strerror}", where=str(folder)) from None
