"""What the cells of a column are, all of them together: numbers, text, a matrix. One rule for every format of file."""

from __future__ import annotations

import datetime
import decimal
import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from w2s_bench.contracts.data import Array
from w2s_bench.contracts.errors import setting
from w2s_bench.contracts.mapped import is_mapped

if TYPE_CHECKING:
    import numpy as np

Cells: TypeAlias = "Sequence[Any] | np.ndarray[Any, Any]"
"""The cells of a column, as a file has them."""

NULL_WORDS = frozenset({
    "na", "n/a", "n.a.", "n.a", "#n/a", "#na", "#n/a n/a", "<na>", "nan", "nat", "null", "(null)", "[null]", "<null>", "none",
    "(none)", "<none>", "nil", "\\n", "undefined", "missing", "(missing)", "<missing>", "(blank)", "(empty)",
    "#value!", "#div/0!", "#ref!", "#name?", "#num!", "#null!",
    "?", "??", "-", "--", "---", "–", "—", "―", "−", ".", "..", "...", "…"})
"""Words for a gap that programs write, in small letters."""

MOST_NUMBERS = 0.9
"""A column of which this share of the cells are numbers, words for a gap left aside, is one of numbers with a fault."""

_POINT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?inf(inity)?", re.ASCII | re.IGNORECASE)
_COMMA = re.compile(r"[-+]?(\d+,?\d*|,\d+)([eE][-+]?\d+)?|[-+]?inf(inity)?", re.ASCII | re.IGNORECASE)
_ANOTHER_SPELLING = re.compile(r"[-+−]?[$€£]?\s*\d{1,3}([,.'\u00a0 ]?\d{3})*([.,]\d+)?\s*[%$€£]?", re.ASCII)
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+", re.ASCII)
_CODE = re.compile(r"0\d+", re.ASCII)
_EXACT = 2**53


@dataclass(frozen=True)
class Reading:
    """How cells of text are read. na: words that stand for a gap. comma: whether decimals follow a comma."""

    na: frozenset[str] = frozenset()
    comma: bool = False

    def number(self, cell: object) -> float | None:
        """The number that a cell is, or None: of text, of a gap, and of true and false."""
        if isinstance(cell, str):
            text = cell.strip()
            if not (_COMMA if self.comma else _POINT).fullmatch(text):
                return None
            return float(text.replace(",", ".") if self.comma else text)
        if isinstance(cell, bool) or not isinstance(cell, int | float | decimal.Decimal):
            return None
        try:
            return float(cell)
        except OverflowError:
            return math.inf if cell > 0 else -math.inf

    def is_gap(self, cell: object) -> bool:
        """Whether a cell holds nothing: missing, empty, NaN, or a word of `na`."""
        if isinstance(cell, str):
            return (text := cell.strip()) in {"", *self.na} or text.lower() == "nan"
        return cell is None or (isinstance(cell, float | decimal.Decimal) and cell != cell)


@dataclass(frozen=True)
class Odd:
    """A cell that keeps a column from being numbers. row: from 0. text: as written. why: the word that would mend it, or "".
    comma: whether it may be a number with a decimal comma, or with one between thousands. holds: what the others are.
    """

    row: int
    text: str
    why: str = ""
    comma: bool = False
    holds: str = "numbers"


@dataclass(frozen=True)
class Column:
    """A column as it is used. kind: of the values: numbers (n,) float64, NaN in a gap; a matrix (n, d) float64; text (n,) object
    of str, "" in a gap.

    Of a file read by blocks, numbers and matrices are mapped, and float32 where that holds them.
    odd: of a text column whose cells are nearly all numbers, the first that is none. why: what a text column is, in words.
    rounded: row of the first whole number that float64 does not hold, or None.
    """

    kind: Literal["numbers", "matrix", "text"]
    values: Array
    odd: Odd | None = None
    why: str = ""
    rounded: int | None = None


@dataclass(frozen=True)
class _Counted:
    numbers: list[float | None] = field(default_factory=list)
    odd: list[int] = field(default_factory=list)
    null: int = 0
    spelled: int = 0


def typed(cells: Cells, reading: Reading) -> Column:
    """What the cells (n) are, decided by all of them: none is a text column because of one cell without `odd` saying so."""
    import numpy as np

    if isinstance(cells, np.ndarray):
        values = cells if is_mapped(cells) else cells.astype(np.float64)
        return Column("numbers" if cells.ndim == 1 else "matrix", values, rounded=_rounded(cells))
    filled = [cell for cell in cells if not reading.is_gap(cell)]
    if filled and all(isinstance(cell, list | tuple) for cell in filled):
        matrix = matrix_of(cells)
        if matrix is not None:
            return Column("matrix", matrix)
        return _text(cells, "lists that are not equally many numbers each", _odd_list(cells))
    if filled and all(_truth_word(cell) is not None for cell in filled):
        truths = [math.nan if reading.is_gap(cell) else float(bool(_truth_word(cell))) for cell in cells]
        return Column("numbers", np.array(truths))
    counted = _count(cells, reading)
    if not filled:
        return _text(cells, "empty")
    if not counted.odd:
        if _is_code(filled, reading):
            return _text(cells, "codes with leading zeros")
        numbers = np.array([math.nan if number is None else number for number in counted.numbers], dtype=np.float64)
        return Column("numbers", numbers, rounded=_rounded(cells))
    return _text(cells, _words(filled), _odd(cells, counted, len(filled), reading))


def cell_text(cell: object) -> str:
    """A cell as text: "" for a gap of any kind, true and false in small letters, 7 for 7.0, days as 2024-01-31."""
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    return cell if isinstance(cell, str) else json.dumps(cell) if isinstance(cell, list | dict) else str(cell)


def _count(cells: Cells, reading: Reading) -> _Counted:
    numbers: list[float | None] = []
    odd: list[int] = []
    null = spelled = 0
    for row, cell in enumerate(cells):
        numbers.append(None if reading.is_gap(cell) else reading.number(cell))
        if numbers[-1] is None and not reading.is_gap(cell):
            odd.append(row)
            null += isinstance(cell, str) and cell.strip().lower() in NULL_WORDS
            spelled += isinstance(cell, str) and _ANOTHER_SPELLING.fullmatch(cell.strip()) is not None
    return _Counted(numbers, odd, null, spelled)


def _odd(cells: Cells, counted: _Counted, filled: int, reading: Reading) -> Odd | None:
    """The first odd cell of a column that is one of numbers but for gaps and spellings; None for a column of text."""
    numbers = filled - len(counted.odd)
    rest = filled - counted.null
    if not rest or (numbers + counted.spelled) < MOST_NUMBERS * rest or not numbers + counted.spelled:
        return None
    text = cell_text(cells[counted.odd[0]])
    may_be_comma = not reading.comma and not _has_points(cells)
    why = _mend(text.strip(), [cell_text(cells[row]).strip() for row in counted.odd], may_be_comma)
    return Odd(counted.odd[0], text, why, may_be_comma and "," in text and "." not in text)


def _has_points(cells: Cells) -> bool:
    """Whether decimals follow a point in a cell of text, so that they follow a comma in none."""
    return any(isinstance(cell, str) and "." in cell and _POINT.fullmatch(cell.strip()) is not None for cell in cells)


def _mend(first: str, odd: Sequence[str], may_be_comma: bool) -> str:
    written = [text for text in odd if text.lower() not in NULL_WORDS]
    if may_be_comma and written and all(map(_COMMA.fullmatch, written)) and not all(map(_THOUSANDS.fullmatch, written)):
        return "decimal=comma"
    if first.lower() in NULL_WORDS or not re.search(r"\d", first):
        words = sorted({text for text in odd if text.lower() in NULL_WORDS} | {first})
        return setting("na", "+".join(words)) if len(words) < 6 and not any("+" in word for word in words) else ""
    return ""


def _words(filled: Cells) -> str:
    if all(isinstance(cell, datetime.date | datetime.time) or _is_date(cell) for cell in filled):
        return "dates"
    return "text"


def _is_date(cell: object) -> bool:
    if not isinstance(cell, str):
        return False
    try:
        datetime.datetime.fromisoformat(cell.strip())
    except ValueError:
        return False
    return True


def _is_code(filled: Cells, reading: Reading) -> bool:
    """Whether digits stand with leading zeros, so that the column names things and counts nothing."""
    texts = [cell.strip() for cell in filled if isinstance(cell, str)]
    return any(map(_CODE.fullmatch, texts)) and all(text.isdigit() for text in texts)


def _truth_word(cell: object) -> bool | None:
    if isinstance(cell, bool):
        return cell
    return {"true": True, "false": False}.get(cell.strip().lower()) if isinstance(cell, str) else None


def _odd_list(cells: Cells) -> Odd | None:
    """The first cell that keeps a column, of which nearly all cells are equally many numbers each, from being a matrix."""
    widths = [len(cell) if isinstance(cell, list | tuple) and matrix_of([cell]) is not None else 0 for cell in cells]
    width, times = Counter(widths).most_common(1)[0]
    if not width or times < MOST_NUMBERS * len(cells):
        return None
    row = next(row for row, found in enumerate(widths) if found != width)
    text = cell_text(cells[row])
    return Odd(row, text if len(text) <= 60 else f"{text[:59]}…", holds=f"{width} numbers a row")


def matrix_of(cells: Cells) -> Array | None:
    """Lists of equally many numbers each as (n, d) float64, None where they are not."""
    import numpy as np

    try:
        matrix: Array = np.array([list(cell) for cell in cells], dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return matrix if matrix.ndim == 2 else None


def _rounded(cells: Cells) -> int | None:
    import numpy as np

    if isinstance(cells, np.ndarray):
        if cells.dtype.kind not in "iu" or cells.ndim != 1:
            return None
        cells = cells.tolist()
    for row, cell in enumerate(cells):
        if is_rounded(cell):
            return row
    return None


def is_rounded(cell: object) -> bool:
    """Whether a cell is a whole number that float64 does not hold."""
    whole = int(cell) if isinstance(cell, str) and re.fullmatch(r"\s*[-+]?\d{16,}\s*", cell) else cell
    return isinstance(whole, int) and abs(whole) > _EXACT and int(float(whole)) != whole


def _text(cells: Cells, why: str, odd: Odd | None = None) -> Column:
    import numpy as np

    values = np.empty(len(cells), dtype=object)
    values[:] = [cell_text(cell) for cell in cells]
    return Column("text", values, odd, why)
