"""Files with one labelled text a line, plain or gzipped, whose encoding differs from line to line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from w2s_bench.contracts import DataError, nearest, read_bytes, read_csv


@dataclass(frozen=True)
class LabelledLine:
    """number: of the line or record, from 1. label: as written. text: without spaces at its ends; may be empty."""

    number: int
    label: str
    text: str


def file_in(folder: str, name: str) -> Path:
    """The file of that name, or of that name with .gz, in the folder. Raises DataError with near names."""
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise DataError("no such folder", where=folder, hint=f"path= is the folder that holds {name} or {name}.gz")
    for candidate in (root / name, root / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    raise DataError(f"no file {name} or {name}.gz in this folder", where=folder,
                    hint=nearest(name, (file.name for file in root.iterdir())))


def read_lines(file: Path, separator: str = " ") -> list[LabelledLine]:
    """Lines "<label><separator><text>". Raises DataError for a line without a label, or a damaged file."""
    content = read_bytes(file)
    lines = content.removesuffix(b"\n").split(b"\n") if content else []
    found = []
    for number, line in enumerate(lines, start=1):
        label, _, text = decoded(line.removesuffix(b"\r")).partition(separator)
        if not label:
            raise DataError("begins with no label", where=f"{file}, line {number}",
                            hint=f"lines read <label>{separator}<text>")
        found.append(LabelledLine(number, label, text.strip()))
    return found


def read_records(file: Path, label: str, text: str) -> list[LabelledLine]:
    """Records of a CSV file with a header. Raises DataError for missing columns, and as `read_csv`."""
    columns = read_csv(file)
    for name in (label, text):
        if name not in columns:
            raise DataError(f"has no column {name!r}", where=str(file), hint=nearest(name, columns))
    pairs = zip(columns[label], columns[text], strict=True)
    return [LabelledLine(number, name, words.strip()) for number, (name, words) in enumerate(pairs, start=1)]


def decoded(line: bytes) -> str:
    """UTF-8 where the line is UTF-8, else Windows-1252, which is Latin-1 with dashes and quotation marks in 0x80-0x9f.

    The few bytes that Windows-1252 leaves open are read as Latin-1, so that every line can be read, and in one way only.
    """
    for encoding in ("utf-8", "cp1252"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("latin-1")


def class_numbers(lines: Iterable[LabelledLine], known: dict[str, int], file: Path) -> list[int]:
    """The class of each line. Raises DataError with the line for a label that is not known."""
    numbers = []
    for line in lines:
        if line.label not in known:
            raise DataError(f"the label {line.label!r} is none of {', '.join(known)}", where=f"{file}, line {line.number}")
        numbers.append(known[line.label])
    return numbers
