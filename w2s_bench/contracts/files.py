"""Files of the person at the prompt: what identifies them, and their bytes."""

from __future__ import annotations

import contextlib
import functools
import gzip
import hashlib
import os
import stat
import zlib
from pathlib import Path

from w2s_bench.contracts.errors import DataError

_KINDS = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISCHR, "a device"),
          (stat.S_ISBLK, "a device"))


def plain_file(file: Path, most: int | None = None) -> Path:
    """The file, which may be read: no folder, and no pipe or device, whose end may never come. most: bytes that it may have.

    Raises DataError for what is none, too large, missing or out of reach.
    """
    try:
        found = file.stat()
    except FileNotFoundError:
        raise DataError("cannot be read: no such file", where=str(file)) from None
    except (OSError, ValueError) as error:
        raise DataError(f"cannot be read: {getattr(error, 'strerror', None) or error}", where=str(file)) from None
    for is_kind, words in _KINDS:
        if is_kind(found.st_mode):
            raise DataError(f"this is {words}, not a file", where=str(file),
                            hint="" if words == "a folder" else "write what it gives into a file, and name that")
    if most is not None and found.st_size > most:
        raise DataError(f"{found.st_size / 1e6:,.0f} MB is too large, at most {most / 1e6:,.0f} MB are read", where=str(file))
    return file


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Write a file in place of what it held, whole or not at all. What lies where it is written first goes: what was left of
    another time, or a link, through which it would be written elsewhere. Raises OSError."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    try:
        new.write_bytes(content)
        os.replace(new, path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise


def file_digest(*files: Path, within: Path | None = None) -> str:
    """SHA-256 in hex. One file is its content, whatever it is called and wherever it lies; several are their names and
    contents, in the order given. within: a folder; a file's name is then its path in there. Raises DataError for a file that
    cannot be read.
    """
    contents = [_content_digest(file) for file in files]
    if len(contents) == 1:
        return contents[0]
    whole = hashlib.sha256()
    for file, content in zip(files, contents, strict=True):
        name = file.relative_to(within).as_posix() if within else file.name
        whole.update(f"{name}\0{content}\0".encode())
    return whole.hexdigest()


def read_bytes(file: Path) -> bytes:
    """The content, unpacked where the name ends in .gz. Raises DataError for a file that is missing or damaged, or is none."""
    plain_file(file)
    try:
        return gzip.decompress(file.read_bytes()) if file.suffix.lower() == ".gz" else file.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot be read: {error}", where=str(file)) from error


def _content_digest(file: Path) -> str:
    try:
        real = plain_file(file.expanduser()).resolve()
        about = real.stat()
        return _read_digest(real, about.st_size, about.st_mtime_ns)
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=str(file)) from error


@functools.lru_cache(maxsize=1024)
def _read_digest(file: Path, size: int, changed: int) -> str:
    """size and changed (ns) make a rewritten file a new one."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
