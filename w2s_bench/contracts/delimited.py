"""Files of separated fields, CSV above all, as people's programs write them: read as they are, or refused with the way out."""

from __future__ import annotations

import codecs
import csv
import io
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from w2s_bench.contracts.errors import DataError, UsageError, nearest
from w2s_bench.contracts.files import read_bytes

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "space": " "}
"""Words for what stands between fields; the character itself will do too."""

ENCODINGS = ("utf-8", "utf-16", "cp1252", "latin-1", "cp1251", "gb18030", "shift_jis", "mac-roman")
_MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"),
          (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_MANY_ZEROS = 0.1
"""Share of zero bytes above which a file is UTF-16 rather than damaged; of plain letters it is a half."""
_GUESSED = (",", ";", "\t", "|")
_PADDING = re.compile(r"^ +| +(?=\r?$)", re.MULTILINE)
_BACKSLASH = re.compile(r"\\([\"\\])")
_EXCEL = re.compile(r"sep=(.)\r?\n?")


def read_csv(file: Path, *, where: str = "", stripped: bool = False) -> dict[str, list[str]]:
    """The columns of a CSV file by the names in its first line, as text; .gz is unpacked, blank lines are left out.

    The separator is the one of comma, semicolon, tab and bar that the header shows. where: what to call the file in a message.
    stripped: spaces at both ends of a field are no part of it. Raises DataError, with the line, for an encoding that is not
    known, a header that is missing or names a column twice, a row with too many or too few fields, and a quotation mark out of
    place.
    """
    header, rows = read_fields(file, where=where, worded=False)
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"the header names {twice[0]!r} more than once", where=where or str(file), hint="rename one of them")
    rows = [[field.strip() for field in row] for row in rows] if stripped else rows
    return {name: [row[at] for row in rows] for at, name in enumerate(header)}


def read_fields(file: Path, *, where: str = "", separator: str = "auto", encoding: str = "auto",
                worded: bool = True) -> tuple[list[str], list[list[str]]]:
    """The names in the first line, without spaces at their ends, and the fields of every row, each as many as there are names.

    Blank lines are left out. separator: a word of SEPARATORS, a character, or auto.
    encoding: of the text, or auto: what a byte order mark says, else UTF-8. worded: whether the person can say these two.
    Raises DataError as `read_csv`, UsageError for a separator or an encoding that is none.
    """
    where = where or str(file)
    text = decoded_text(read_bytes(file), where, encoding, worded)
    if excel := _EXCEL.match(text):
        text, separator = text[excel.end():], excel[1] if separator == "auto" else separator
    if "tsv" in file.name.lower().split(".")[1:] and separator == "auto":
        separator = "tab"
    if separator in ("space", " "):
        text = _PADDING.sub("", text)
    with _long_fields():
        between = _separator(text, where, worded) if separator == "auto" else _character(separator, where)
        return _quoted_either_way(text, between, where)


def decoded_text(content: bytes, where: str, encoding: str = "auto", worded: bool = True) -> str:
    """The text of a file, without a byte order mark. Raises DataError with the line that is not in the encoding."""
    known = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8") if encoding == "auto" else encoding
    try:
        text = content.decode(codecs.lookup(known).name).removeprefix("\ufeff")
    except (LookupError, UnicodeError) as error:
        raise _not_decoded(content, known, where, error, worded) from error
    if (zeros := text.count("\0")) and zeros < _MANY_ZEROS * len(text):
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"line {line} holds a zero byte, which is no character", where=where, hint="take it out: tr -d '\\000'")
    if zeros:
        way = "add encoding=utf-16-le (or utf-16-be), or save" if worded else "save"
        raise DataError("holds zero bytes: no UTF-8, UTF-16 without a mark perhaps", where=where, hint=f"{way} it as UTF-8")
    return text


def _not_decoded(content: bytes, encoding: str, where: str, error: Exception, worded: bool) -> DataError | UsageError:
    if not isinstance(error, UnicodeDecodeError):
        return UsageError(f"no encoding is called {encoding!r}", where=where, hint=nearest(encoding, ENCODINGS))
    line = content.count(b"\n", 0, error.start) + 1
    name = "UTF-8" if encoding.startswith("utf-8") else encoding
    way = "add encoding=cp1252 (Windows, Western Europe) or the one it is in, or save" if worded else "save"
    return DataError(f"line {line} is not {name} (byte 0x{content[error.start]:02x})", where=where,
                     hint=f"{way} the file as UTF-8: iconv -f cp1252 -t utf-8")


def _character(separator: str, where: str) -> str:
    character = SEPARATORS.get(separator, separator)
    if len(character) != 1 or character in '"\r\n':
        raise UsageError(f"{separator!r} separates no fields", where=where,
                         hint=f"one character, or one of {', '.join(SEPARATORS)}")
    return character


def _separator(text: str, where: str, worded: bool) -> str:
    """The character that the header is separated by; where it holds several, the one by which all rows are as long as it."""
    shown = [mark for mark in _GUESSED if _width(text, mark) > 1]
    if len(shown) < 2:
        return shown[0] if shown else ","
    fitting = [mark for mark in shown if _fits(text, mark)]
    if len(fitting) > 1:
        words = [word for word, mark in SEPARATORS.items() if mark in fitting]
        raise DataError(f"its fields may be separated by {' or by '.join(words)}", where=where,
                        hint=" or ".join(f"separator={word}" for word in words) if worded else "save it again as CSV")
    return fitting[0] if fitting else shown[0]


def _width(text: str, separator: str) -> int:
    """Fields of the first record; 0 where it is none."""
    try:
        return len(next(filter(None, _reader(text, separator)), []))
    except csv.Error:
        return 0


def _fits(text: str, separator: str) -> bool:
    try:
        return len({len(record) for record in _reader(text, separator) if record}) == 1
    except csv.Error:
        return False


def _reader(text: str, separator: str) -> Any:
    """Of fields that are separated by spaces, more than one may stand between two: columns are aligned so."""
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=separator == " ")


@contextmanager
def _long_fields() -> Iterator[None]:
    """Fields of any length; the limit is one for the whole process, so it is put back."""
    before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _quoted_either_way(text: str, separator: str, where: str) -> tuple[list[str], list[list[str]]]:
    """The fields of a file that doubles a quotation mark within a field, or, where it can be no such file, puts a backslash
    before it and before a backslash."""
    try:
        return _fields(text, separator, where)
    except DataError:
        doubled = _BACKSLASH.sub(lambda found: '""' if found[1] == '"' else "\\", text)
        if doubled == text or not _fits(doubled, separator):
            raise
    return _fields(doubled, separator, where)


def _fields(text: str, separator: str, where: str) -> tuple[list[str], list[list[str]]]:
    reader = _reader(text, separator)
    header: list[str] | None = None
    rows: list[list[str]] = []
    try:
        for record in reader:
            if not record:
                continue
            if header is None:
                header = [name.strip() for name in record]
            elif len(record) == len(header):
                rows.append(record)
            else:
                raise _uneven(len(rows) + 1, record, header, f"{where}, line {reader.line_num}")
    except csv.Error as error:
        hint = ('a quotation mark within a field is doubled, "", and this file writes \\": save it again, or as JSON lines'
                if '\\"' in text else "")
        raise DataError(f"no CSV: {error}", where=f"{where}, line {reader.line_num}", hint=hint) from error
    if header is None:
        raise DataError("the file is empty", where=where, hint="its first line names the columns")
    return header, rows


def _uneven(row: int, record: Sequence[str], header: Sequence[str], where: str) -> DataError:
    hint = "every row needs as many fields as the header; quote a field that holds a comma"
    if len(record) == len(header) + 1 and not record[-1].strip():
        hint = "rows end with a separator, and the header does not: add one at its end"
    elif row == 1 and len(record) == len(header) + 1:
        hint = "the first field of each row has no name? R writes row names so: write.csv(…, row.names=FALSE)"
    elif len(header) == 1:
        hint = f"its first line is {_shortened(header[0])!r}: remove what stands above the names of the columns"
    return DataError(f"row {row} has {_counted(len(record))}, the header {len(header)}", where=where, hint=hint)


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


def _counted(fields: int) -> str:
    return "1 field" if fields == 1 else f"{fields} fields"
