"""Reading a folder that is hostile until it is checked: what lies in it is looked at, and copied, before anything is believed.

Every file is opened from a descriptor of its folder, never through a link, and read once, into a private copy. Whatever comes
after reads the copy, so that nothing can change between a check and a use.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from w2s_bench.contracts.errors import DataError

MOST_FILES = 2_000
MOST_BYTES = 200_000_000
"""Of a whole submission."""

MOST_TEXT = 1_000_000
"""Bytes of one TOML or JSON file."""

MOST_README = 64_000
FOLDER = "predictions"
FILE = re.compile(r"(submission|spec)\.toml|env\.json|README\.md|"
                  r"(rows|bounds|predictions/[A-Za-z0-9_][A-Za-z0-9._-]{0,100})\.parquet")
"""The paths that a submission may hold."""

ACTIVE = r"(?i)<\s*/?\s*(script|iframe|object\s+\w+=|embed|svg|img)\b|(java|vb)script\s*:|data\s*:\s*text/html"
"""Markup that does something where a page forgets to escape it. Every page here escapes; others read the same files."""

_MOST_DOTS = 32
"""In one TOML key: the reader's time grows with their square."""

_CHUNK = 1 << 20
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ODD = {"Cc": "a control character", "Cf": "an invisible character", "Cs": "half a character", "Co": "a private character",
        "Cn": "an unassigned character", "Zl": "a line separator", "Zp": "a paragraph separator"}
_KINDS = ((stat.S_ISLNK, "a link"), (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"),
          (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"))


class Refused(DataError):
    """A submission that cannot be taken; its message is one sentence for the person who sent it."""


class _Seen(NamedTuple):
    """What a file was when it was looked at: a change of any of these is a change of it."""

    device: int
    inode: int
    size: int
    changed: int


def odd_character(text: str) -> str:
    """What a line of text must not hold and this one does, in words, as "a control character (U+001B)"; "" for none."""
    for character in text:
        if (words := _ODD.get(unicodedata.category(character))) is not None:
            return f"{words} (U+{ord(character):04X})"
    return ""


def active_markup(text: str) -> str:
    """What of a page that does something a text holds, in words, "" for nothing."""
    found = re.search(ACTIVE, text)
    return f"markup that does something ({shown(found[0])})" if found else ""


def shown(value: object) -> str:
    """A value of a stranger's as an error names it: short, and nothing that a terminal obeys."""
    text = ascii(value[:200] if isinstance(value, str) else value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def snapshot(folder: Path, target: Path) -> dict[str, str]:
    """Copy a submission into `target`, a new private folder; the SHA-256 of each file by its path.

    Raises Refused for whatever is no plain file with a name of `FILE`, for links of both sorts, for too many or too large files,
    and for a folder that changes meanwhile. Of a folder of a million files it looks at `MOST_FILES`.
    """
    if folder.is_symlink():
        raise Refused("this is a link, not a folder", where=_named(folder), hint="name the folder that it leads to")
    with _folder(folder) as top:
        before = _listed(top)
        (target / FOLDER).mkdir()
        digests = {}
        for path, seen in sorted(before.items()):
            with _file(top, path) as descriptor:
                digests[path] = _copied(descriptor, path, seen, target / path)
        if _listed(top) != before:
            raise Refused("this folder changes while it is read", where=_named(folder), hint="send it when it is finished")
    return digests


def read_plain(folder: Path, name: str, most: int) -> bytes:
    """The bytes of a file that lies in the folder itself: no link, device or pipe is followed or waited for.

    Raises Refused for what is no file, is missing, out of reach or of more than `most` bytes.
    """
    with _folder(folder) as top, _file(top, name) as descriptor:
        if os.fstat(descriptor).st_size > most:
            raise Refused(f"this has {os.fstat(descriptor).st_size:,} bytes, at most {most:,} are read", where=name)
        with open(descriptor, "rb", closefd=False) as stream:
            content = stream.read(most + 1)
    if len(content) > most:
        raise Refused("this grows while it is read", where=name)
    return content


def text_of(content: bytes, name: str) -> str:
    """Bytes as text of any number of lines. Raises Refused for what is no UTF-8, or holds what a terminal would obey."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("this is no UTF-8", where=name) from None
    if odd := odd_character(re.sub(r"[\n\r\t]", " ", text)):
        raise Refused(f"this holds {odd}", where=name)
    return text


def parsed_toml(content: bytes, name: str) -> dict[str, object]:
    """A TOML file. Raises Refused, also for one whose keys are made to take the reader for ever."""
    text = text_of(content, name)
    for line in text.split("\n"):
        keys = [line] if line.lstrip().startswith("[") else line.split("=")[:-1]
        if any(key.count(".") > _MOST_DOTS for key in keys):
            raise Refused("this is nested too deeply", where=name)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise Refused("this is nested too deeply", where=name) from None
    except ValueError as error:  # no TOML, or a number of thousands of digits
        raise Refused(f"this is no TOML: {ascii(str(error))[1:-1][:120]}", where=name) from None


def read_toml(folder: Path, name: str) -> dict[str, object]:
    """A TOML file that lies in the folder itself. Raises Refused."""
    return parsed_toml(read_plain(folder, name, MOST_TEXT), name)


def folder_digest(digests: Mapping[str, str]) -> str:
    """One SHA-256 of all files, from that of each by its path: the same files in any order and place, the same digest."""
    whole = hashlib.sha256()
    for path, digest in sorted(digests.items()):
        whole.update(f"{path}\0{digest}\n".encode())
    return whole.hexdigest()


def _named(folder: Path) -> str:
    """A folder as an error names it: who sent it may have named it."""
    return str(folder) if str(folder).isprintable() else shown(str(folder))


def _listed(top: int) -> dict[str, _Seen]:
    """What lies in a submission, by path. Raises Refused for the first thing that may not."""
    found: dict[str, _Seen] = {}
    size = 0
    for path, entry in _entries(top):
        if len(found) == MOST_FILES:
            raise Refused(f"there are more than {MOST_FILES:,} files", where=path)
        if not FILE.fullmatch(path):
            raise Refused("no submission holds a file of this name", where=shown(path), hint="docs/submissions.md lists them")
        about = entry.stat(follow_symlinks=False)
        _check_kind(about, path)
        size += about.st_size
        if size > MOST_BYTES:
            raise Refused(f"with this file it is more than {MOST_BYTES // 1_000_000} MB", where=path)
        found[path] = _Seen(about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)
    if len({path.casefold() for path in found}) < len(found):
        raise Refused("two files have one name but for capital letters, which not every disk can hold", where=FOLDER)
    return found


def _entries(top: int) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Whatever lies in the folder, and in its folder of predictions, by path; of other folders the folder alone."""
    with os.scandir(top) as entries:
        for entry in entries:
            if entry.name == FOLDER and entry.is_dir(follow_symlinks=False):
                below = os.open(FOLDER, _READ | os.O_DIRECTORY, dir_fd=top)
                try:
                    with os.scandir(below) as inner:
                        yield from ((f"{FOLDER}/{each.name}", each) for each in inner)
                finally:
                    os.close(below)
            else:
                yield entry.name, entry


def _check_kind(about: os.stat_result, path: str) -> None:
    for is_kind, words in _KINDS:
        if is_kind(about.st_mode):
            raise Refused(f"this is {words}, not a file", where=path)
    if about.st_nlink > 1:
        raise Refused("this file has a second name somewhere else (a hard link)", where=path, hint="copy the folder with cp -r")
    if about.st_mode & 0o111:
        raise Refused("this file is executable", where=path, hint="chmod -x takes that off")


def _copied(descriptor: int, path: str, seen: _Seen, target: Path) -> str:
    """Copy an open file of a submission; its SHA-256. Raises Refused where it is not what was seen, before or after."""
    hashed = hashlib.sha256()
    left = seen.size
    with open(descriptor, "rb", closefd=False) as stream, target.open("xb") as copy:
        while left >= 0 and (chunk := stream.read(min(_CHUNK, left + 1))):
            hashed.update(chunk)
            copy.write(chunk)
            left -= len(chunk)
    about = os.fstat(descriptor)
    if left != 0 or _Seen(about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns) != seen:
        raise Refused("this changes while it is read", where=path, hint="send it when it is finished")
    return hashed.hexdigest()


@contextlib.contextmanager
def _folder(folder: Path) -> Iterator[int]:
    """A descriptor of a submission's folder. Raises Refused for what is none."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise Refused(f"this folder cannot be read: {getattr(error, 'strerror', None) or error}", where=_named(folder)) from None
    try:
        yield descriptor
    except OSError as error:
        raise Refused(f"this folder cannot be copied: {error.strerror}", where=_named(folder)) from None
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _file(top: int, path: str) -> Iterator[int]:
    """A descriptor of a plain file of a submission, reached through no link. Raises Refused for what is none."""
    with contextlib.ExitStack() as opened:
        try:
            above, name = top, path
            if path.startswith(f"{FOLDER}/"):
                above, name = os.open(FOLDER, _READ | os.O_DIRECTORY, dir_fd=top), path.removeprefix(f"{FOLDER}/")
                opened.callback(os.close, above)
            _check_kind(os.stat(name, dir_fd=above, follow_symlinks=False), path)
            descriptor = os.open(name, _READ, dir_fd=above)
            opened.callback(os.close, descriptor)
            _check_kind(os.fstat(descriptor), path)
        except FileNotFoundError:
            raise Refused("there is none in this folder", where=path) from None
        except OSError as error:
            raise Refused(f"this cannot be read: {error.strerror}", where=path) from None
        yield descriptor
