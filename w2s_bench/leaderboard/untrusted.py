"""Reading a folder that is hostile until it is checked."""

from __future__ import annotations

import contextlib
import os
import stat
import tomllib
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from w2s_bench.contracts.errors import DataError

MOST_FILES = 2_000
MOST_TEXT = 1_000_000
"""Bytes of one TOML or JSON file."""

_ODD = {"Cc": "a control character", "Cf": "an invisible character", "Cs": "half a character", "Co": "a private character",
        "Cn": "an unassigned character", "Zl": "a line separator", "Zp": "a paragraph separator"}


class Refused(DataError):
    """A submission that cannot be taken; its message is one sentence for the person who sent it."""


def odd_character(text: str) -> str:
    """What a line of text must not hold and this one does, in words, as "a control character (U+001B)"; "" for none."""
    for character in text:
        if (words := _ODD.get(unicodedata.category(character))) is not None:
            return f"{words} (U+{ord(character):04X})"
    return ""


def read_plain(folder: Path, name: str, most: int) -> bytes:
    """The bytes of a file that lies in the folder itself: no link, device or pipe is followed or waited for.

    Raises Refused for what is no file, is missing, out of reach or of more than `most` bytes.
    """
    with _opened(folder, name) as descriptor:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise Refused("this is no plain file", where=name)
        if found.st_size > most:
            raise Refused(f"this has {found.st_size:,} bytes, at most {most:,} are read", where=name)
        with open(descriptor, "rb", closefd=False) as stream:
            content = stream.read(most + 1)
    if len(content) > most:
        raise Refused(f"this grows while it is read, past {most:,} bytes", where=name)
    return content


def read_toml(folder: Path, name: str) -> dict[str, object]:
    """A TOML file of the folder. Raises Refused."""
    try:
        return tomllib.loads(read_plain(folder, name, MOST_TEXT).decode("utf-8"))
    except RecursionError:
        raise Refused("this is nested too deeply", where=name) from None
    except ValueError as error:  # no UTF-8, no TOML, or a number of thousands of digits
        raise Refused(f"this is no TOML: {ascii(str(error))[1:-1][:120]}", where=name) from None


@contextlib.contextmanager
def _opened(folder: Path, name: str) -> Iterator[int]:
    """A descriptor of a file in the folder, not through a link."""
    try:
        above = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise Refused(f"this folder cannot be read: {error.strerror}", where=str(folder)) from None
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=above)
    except FileNotFoundError:
        raise Refused("there is none in this folder", where=name) from None
    except OSError as error:
        raise Refused(f"this cannot be read: {error.strerror}", where=name) from None
    finally:
        os.close(above)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
