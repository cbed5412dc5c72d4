"""Texts to train a small model on: a file, or the source of the standard library."""

from __future__ import annotations

import functools
import os
import platform
import sysconfig
from pathlib import Path

from w2s_bench.contracts import DataError, file_digest, generator_for, nearest, plain_file, read_bytes

SKIPPED_FOLDERS = frozenset({"site-packages", "dist-packages", "test", "tests", "idle_test", "__pycache__"})
PYTHON_FILES = 400
"""Files of the standard library in the sample."""


def corpus_fingerprint(corpus: str) -> str:
    """SHA-256 of the file, or for `python` of the sampled sources; "" for `task`."""
    if corpus == "task":
        return ""
    if corpus == "python":
        return f"python-{platform.python_version()}-{_python_digest()}"
    return file_digest(_corpus_file(corpus))


def read_corpus(corpus: str, context: int) -> list[str]:
    """The texts of a file, one a line, blank lines left out; or chunks of Python source of up to `context`
    bytes.
    """
    return _python_chunks(context) if corpus == "python" else _lines(_corpus_file(corpus))


def _corpus_file(corpus: str) -> Path:
    file = Path(corpus).expanduser()
    if not file.exists():
        beside = (
            [place.name for place in file.parent.iterdir() if place.is_file()] if file.parent.is_dir() else []
        )
        raise DataError(
            "no such corpus file",
            where=f"corpus={corpus}",
            hint=nearest(file.name, [*beside, "task", "python"]),
        )
    return plain_file(file)


def _lines(file: Path) -> list[str]:
    texts = []
    for number, line in enumerate(read_bytes(file).split(b"\n"), start=1):
        try:
            text = line.decode().rstrip("\r")
        except UnicodeDecodeError as error:
            raise DataError(
                f"line {number} is not UTF-8", where=str(file), hint="convert it: iconv -f latin1 -t utf-8"
            ) from error
        if text.strip():
            texts.append(text)
    if not texts:
        raise DataError("holds no text", where=str(file))
    return texts


@functools.cache
def _python_digest() -> str:
    return file_digest(*_python_files())


def _python_files() -> list[Path]:
    """A fixed sample of the standard library's files, in the order of their names."""
    root = Path(sysconfig.get_path("stdlib"))
    files = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        files += [Path(folder, name) for name in names if name.endswith(".py")]
    files.sort(key=lambda file: file.relative_to(root).as_posix())
    chosen = generator_for("corpus", corpus="python").permutation(len(files))[:PYTHON_FILES]
    return [files[index] for index in sorted(chosen.tolist())]


def _python_chunks(context: int) -> list[str]:
    """Whole lines of the sample, packed up to `context` bytes."""
    chunks = []
    for file in _python_files():
        current = ""
        for line in file.read_bytes().decode("utf-8", "replace").splitlines(keepends=True):
            if current.strip() and len((current + line).encode()) > context:
                chunks.append(current)
                current = ""
            current += line
        if current.strip():
            chunks.append(current)
    if not chunks:
        raise DataError("the standard library has no sources here", where="corpus=python")
    return chunks
