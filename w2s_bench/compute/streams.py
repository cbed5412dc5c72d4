"""Standard output and error of a process whose work does not depend on who reads its words."""

from __future__ import annotations

import codecs
import io
import os
import select
import sys

_AS_THEY_CAME = "w2s-as-they-came"


class _Words(io.FileIO):
    """The file under a stream: from the first write that fails on, what is written is dropped. fault: why it failed."""

    fault: OSError | None = None

    def write(self, data: object) -> int:
        size = memoryview(data).nbytes  # type: ignore[arg-type]
        while self.fault is None:
            try:
                written: int | None = super().write(data)  # type: ignore[arg-type]
            except OSError as error:
                self.fault = error
                break
            if written is not None:
                return written
            select.select([], [self], [])  # another process made the terminal non-blocking
        return size


def print_whoever_reads() -> None:
    """Let printing never fail: not where a reader has gone, a terminal has vanished or a disk is full, nor for a text that is no
    Unicode, such as the name of a file that is no UTF-8. A standard stream that is closed is opened, on nothing, so that no other
    file takes its place."""
    codecs.register_error(_AS_THEY_CAME, _as_they_came)
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is None or _is_of(stream, number):
            setattr(sys, name, _stream(number, "utf-8" if stream is None else stream.encoding))


def unprinted() -> OSError | None:
    """Why standard output did not take all that was printed; None where it did."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw.fault if isinstance(raw, _Words) else None


def _stream(number: int, encoding: str) -> io.TextIOWrapper:
    words = _Words(number, "wb", closefd=False)
    errors = _AS_THEY_CAME if encoding.lower().startswith("utf") else "backslashreplace"
    return io.TextIOWrapper(io.BufferedWriter(words), encoding, errors, line_buffering=number == 2 or words.isatty())


def _is_of(stream: object, number: int) -> bool:
    """Whether a stream is that of the process, and not one that a test or a notebook has put in its place."""
    if not isinstance(stream, io.TextIOWrapper) or isinstance(getattr(stream.buffer, "raw", None), _Words):
        return False
    try:
        return stream.fileno() == number
    except (OSError, ValueError):
        return False


def _as_they_came(error: UnicodeError) -> tuple[bytes, int]:
    """Bytes of a file's name as they are there; another lone surrogate by its number."""
    assert isinstance(error, UnicodeEncodeError)
    codes = map(ord, error.object[error.start:error.end])
    came = (bytes([code - 0xDC00]) if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}".encode() for code in codes)
    return b"".join(came), error.end
