"""Files of the person at the prompt: what identifies them, their bytes, and CSV. Nothing that could run code is read."""

from __future__ import annotations

import csv
import functools
import gzip
import hashlib
import io
import zlib
from pathlib import Path

from w2s_bench.contracts.errors import DataError


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
    """The content, unpacked where the name ends in .gz. Raises DataError for a file that is missing or damaged."""
    try:
        return gzip.decompress(file.read_bytes()) if file.suffix.lower() == ".gz" else file.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot be read: {error}", where=str(file)) from error


def read_csv(file: Path, *, where: str = "", stripped: bool = False) -> dict[str, list[str]]:
    """The columns of a CSV file by the names in its first line, as text; .gz is unpacked, blank lines are left out.

    where: what to call the file in a message. stripped: spaces at both ends of a field are no part of it. Raises DataError,
    with the line, for what is not UTF-8, a header that is missing or names a column twice, a row with too many or too few
    fields, and a quotation mark out of place.
    """
    where = where or str(file)
    reader = csv.reader(io.StringIO(_text(read_bytes(file), where), newline=""), strict=True)
    header: list[str] | None = None
    rows: list[list[str]] = []
    try:
        for record in filter(None, reader):
            fields = [field.strip() for field in record] if stripped else record
            if header is None:
                header = fields
            elif len(fields) == len(header):
                rows.append(fields)
            else:
                raise DataError(f"row {len(rows) + 1} has {_counted(len(fields))}, the header {len(header)}",
                                where=f"{where}, line {reader.line_num}",
                                hint="every row needs as many fields as the header; quote a field that holds a comma")
    except csv.Error as error:
        raise DataError(f"no CSV: {error}", where=f"{where}, line {reader.line_num}") from error
    if header is None:
        raise DataError("the file is empty", where=where, hint="its first line names the columns")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"the header names {twice[0]!r} more than once", where=where, hint="rename one of them")
    return {name: [row[at] for row in rows] for at, name in enumerate(header)}


def _text(content: bytes, where: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"line {line} is not UTF-8 (byte 0x{content[error.start]:02x})", where=where,
                        hint="save the file as CSV UTF-8, or convert it: iconv -f latin1 -t utf-8") from error


def _counted(fields: int) -> str:
    return "1 field" if fields == 1 else f"{fields} fields"


def _content_digest(file: Path) -> str:
    try:
        real = file.expanduser().resolve()
        about = real.stat()
        return _read_digest(real, about.st_size, about.st_mtime_ns)
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=str(file)) from error


@functools.lru_cache(maxsize=1024)
def _read_digest(file: Path, size: int, changed: int) -> str:
    """size and changed (ns) make a rewritten file a new one."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
