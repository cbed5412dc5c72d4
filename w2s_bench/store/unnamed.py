"""Files without a name for what is too large for memory: gone when nothing reads them any more."""

from __future__ import annotations

import os
import tempfile
from typing import IO

from w2s_bench.contracts.errors import StoreError

LARGE = 1 << 28
"""Bytes from which arrays lie in such a file."""


def unnamed_file(size: int) -> IO[bytes]:
    """A file of that many bytes in the folder for temporary files. Raises StoreError where the disk has no room for it, rather
    than when it is written."""
    file = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        file.close()
        raise StoreError(f"no room for {size / 2**30:.1f} GiB of arrays: {error.strerror}", where=tempfile.gettempdir(),
                         hint="free some disk, or point TMPDIR to a folder with room") from error
    return file
