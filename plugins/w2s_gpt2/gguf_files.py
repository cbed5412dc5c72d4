"""Models in one GGUF file, as llama.cpp writes them: family and size from its head. Needs the package gguf, the extra `gguf`."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

from w2s_bench.contracts import DataError

SUFFIX = ".gguf"
NOT_READ = ("output.weight", "rope_freqs.weight")
"""The output matrix, where it is not the embedding, and a table that is no parameter."""


def check_gguf(path: str) -> None:
    """Raises DataError where the package that reads such files is not installed."""
    if importlib.util.find_spec("gguf") is None:
        raise DataError("reading a GGUF file needs the package gguf", where=path, hint="pip install 'w2s-bench[gguf]'")


def gguf_family(file: Path) -> str:
    """The architecture that its head names, such as llama."""
    return _head(file, file.stat().st_mtime_ns)[0]


def gguf_size(file: Path) -> int:
    """Parameters that features pass through."""
    return _head(file, file.stat().st_mtime_ns)[1]


@functools.lru_cache(maxsize=16)
def _head(file: Path, changed: int) -> tuple[str, int]:
    """changed (ns) makes a rewritten file a new one."""
    from gguf import GGUFReader

    try:
        reader = GGUFReader(file)
        family = str(reader.fields["general.architecture"].contents())
    except Exception as error:  # the library raises whatever a damaged file makes it
        raise DataError(f"damaged GGUF file: {error}", where=str(file), hint="copy or download it again") from error
    return family, sum(int(tensor.n_elements) for tensor in reader.tensors if tensor.name not in NOT_READ)
