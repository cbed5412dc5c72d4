"""What the cells of a label column stand for: numbers, or classes by name. One rule whatever file they came from."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from w2s_bench.contracts.cells import NULL_WORDS, cell_text
from w2s_bench.contracts.data import PARTS, Array, Splits
from w2s_bench.contracts.errors import DataError, UsageError, nearest, setting
from w2s_bench.contracts.outputs import Classes, Output
from w2s_bench.contracts.tables import Table

_WHOLE = re.compile(r"[-+]?\d+", re.ASCII)
_WHOLE_AS_FLOAT = re.compile(r"([-+]?\d+)\.0+", re.ASCII)
_DECIMAL = re.compile(r"[-+]?\d+\.\d*", re.ASCII)
_TRUTH = {"true": "1", "false": "0"}
_HIDDEN = ("-1", "-9", "-99", "-100", "-999", "-9999")
_QUOTES = "\"'`“”‘’«»* "
_MEND = "drop the row or mend its label"

CLIPPED_SHARE = 0.01
"""Most weak labels, as a share, that may be clipped before what is computed of them is set by the clip."""


def number_labels(table: Table, name: str) -> Array:
    """The column as (n, k) float64: k is 1, but for a matrix. Raises DataError for the first cell that is no finite number."""
    import numpy as np

    cells = table.column(name, "label")
    column = table.typed(name)
    if column.rounded is not None:
        raise DataError(f"{name} of {table.row(column.rounded)} is {cells[column.rounded]}, more digits than a number here holds "
                        "(float64)", where=table.source, hint="subtract a constant, or is this a column of ids? label=…")
    if column.kind != "text":
        values: Array = column.values.reshape(len(table), -1)
        bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
        if not len(bad):
            return values
        row = int(bad[0])
    else:
        row = next((row for row, cell in enumerate(cells) if not _is_finite(table, cell)), -1)
        if row < 0:
            return np.array([table.wording.reading.number(cell) for cell in cells], dtype=np.float64)[:, None]
    mend = f"{_MEND}, choose another column with label=…, or read classes: output=classes"
    if is_missing(table, cells[row]):
        mend = _MEND
    elif column.odd is not None and column.odd.why == "decimal=comma":
        mend = f"add {column.odd.why}"
    raise DataError(f"{name} of {table.row(row)} is {_fault(table, cells[row])}", where=table.source, hint=mend)


@dataclass(frozen=True)
class ClassColumn:
    """How a column names classes. column: its name. names: the classes in order, or () for those that it holds, sorted.

    ordered: the classes are steps of a scale; their order then has to be given, unless they are whole numbers.
    """

    column: str
    names: tuple[str, ...]
    ordered: bool

    def classes(self, table: Table) -> Classes:
        """The classes. Raises DataError for one class only, for a label that is missing or hidden and for two spellings of one
        class; UsageError for a scale whose order is not known.
        """
        if self.names:
            return Classes(len(self.names), self.names, self.ordered)
        if (matrix := self._matrix(table)) is not None:
            return Classes(int(matrix.shape[1]), (), self.ordered)
        found = self._found(table)
        if len(found) < 2:
            raise self._one_class(", ".join(found), table)
        self._check_spelling(found, table)
        self._check_hidden(found, table)
        whole = all(_WHOLE.fullmatch(name) for name in found)
        if self.ordered and not whole:
            raise UsageError("the order of the steps is not known", where=table.source,
                             hint=f'name them from the lowest: classes="{",".join(sorted(found))}"')
        names = sorted(found, key=int) if whole else sorted(found)
        return Classes(len(names), tuple(names), self.ordered)

    def truth(self, table: Table, classes: Classes) -> Array:
        """(n, k) float64, one-hot, or the rows of a matrix of probabilities.

        Raises DataError for the first label that is neither a class nor a class's number.
        """
        import numpy as np

        if (matrix := self._matrix(table)) is not None:
            if matrix.shape[1] != classes.k:
                raise DataError(f"{self.column} has {matrix.shape[1]} columns for {classes.k} classes", where=table.source,
                                hint="a column of probabilities for each class, in the order of classes=…")
            return matrix
        number_of = ClassNumbers(classes.names)
        rows = np.zeros((len(table), classes.k))
        for index, name in enumerate(self._names_of(table)):
            number = number_of.find(name)
            if number is None:
                raise DataError(f"{self.column} of {table.row(index)} is {name!r}, which is no class", where=table.source,
                                hint=nearest(name, classes.names))
            rows[index, number] = 1.0
        if np.count_nonzero(rows.any(axis=0)) < 2:
            raise self._one_class(classes.names[int(rows[0].argmax())], table)
        return rows

    def _matrix(self, table: Table) -> Array | None:
        column = table.column(self.column, "label")
        is_matrix = getattr(column, "ndim", 1) == 2 or (isinstance(column, list) and isinstance(next(iter(column), None), list))
        return table.typed(self.column).values if is_matrix and table.typed(self.column).kind == "matrix" else None

    def _names_of(self, table: Table) -> list[str]:
        """The name in each row. Raises DataError where it is missing."""
        cells = table.column(self.column, "label")
        known = {name.casefold() for name in self.names}
        names = []
        for index, cell in enumerate(cells):
            name = label_name(cell)
            if isinstance(cell, list | dict) or (is_missing(table, cell) and name.casefold() not in known):
                said = repr("" if cell is None or cell != cell else name)
                way = f'; where it is a class, name them all: classes="…,{name}"' if isinstance(cell, str) and name else ""
                raise DataError(f"{self.column} of {table.row(index)} is {said}, and a class is needed", where=table.source,
                                hint=f"{_MEND}{way}")
            names.append(name)
        return names

    def _found(self, table: Table) -> dict[str, int]:
        """The names that the column holds, and the row in which each is met first."""
        found: dict[str, int] = {}
        for index, name in enumerate(self._names_of(table)):
            found.setdefault(name, index)
        return found

    def _check_spelling(self, found: Mapping[str, int], table: Table) -> None:
        """Raise DataError where two names are most likely one class."""
        met: dict[str, str] = {}
        for name in found:
            first = met.setdefault(spelling(name), name)
            if first != name:
                rows = (table.row(found[first]), table.row(found[name]))
                raise DataError(f"{self.column} is {first!r} in {rows[0]} and {name!r} in {rows[1]}: two spellings of one class?",
                                where=table.source, hint="name the classes, and other spellings are taken for them: "
                                f'classes="{",".join(_once(found))}"')

    def _check_hidden(self, found: Mapping[str, int], table: Table) -> None:
        """Raise DataError for a −1, −100 or the like beside classes of which none is a negative number: the mark of a label that
        is kept from the reader."""
        negative = [name for name in found if re.fullmatch(r"-\d+", name)]
        if len(negative) != 1 or negative[0] not in _HIDDEN or len(found) < 3:
            return
        mark = negative[0]
        listed = sorted(found, key=lambda name: (name != mark, int(name) if _WHOLE.fullmatch(name) else math.inf, name))
        raise DataError(f"{self.column} of {table.row(found[mark])} is {mark} beside {', '.join(listed[1:])}: "
                        "the mark of a hidden label?", where=table.source,
                        hint=f'{_MEND}; where {mark} is a class: classes="{",".join(listed)}"')

    def _one_class(self, name: str, table: Table) -> DataError:
        return DataError(f"all labels of {self.column!r} are {name}: one class only", where=table.source,
                         hint='a class to tell from others is needed; or name more: classes="no,yes"')


def usable_parts(splits: Splits, output: Output, where: str, column: str) -> Splits:
    """The splits as they are, whose parts a column of that name gives.

    Raises DataError for a part without rows, and for one to learn from that holds one class only.
    """
    import numpy as np

    for part in PARTS:
        truth = getattr(splits, part).truth
        if not len(truth):
            raise DataError(f"column {column!r} puts no row into {part!r}", where=where,
                            hint=f"it must name each of {', '.join(PARTS)}")
        alike = output.kind == "classes" and np.count_nonzero(truth.any(axis=0)) < 2
        if alike and part != "test":
            raise DataError(f"column {column!r} puts rows of one class only into {part!r}", where=where,
                            hint="supervise and transfer are learned from, and each needs a class to tell from others")
    return splits


def answers_of_all(table: Table, names: Iterable[str], output: Output, fewest: int) -> tuple[dict[str, Array], Array]:
    """What each teacher answers, by column, and which rows (n,) bool have an answer of all of them.

    Raises DataError as `answers_of`, and where fewer rows have one than are needed.
    """
    import numpy as np

    answers: dict[str, Array] = {}
    there = np.ones(len(table), dtype=bool)
    for name in names:
        answers[name], has = answers_of(table, name, output)
        there &= has
    if there.sum() < fewest:
        raise DataError(f"{int(there.sum())} rows have an answer of {'+'.join(answers)}", where=table.source,
                        hint=f"at least {fewest} rows are needed")
    return answers, there


def answers_of(table: Table, name: str, output: Output) -> tuple[Array, Array]:
    """A teacher's answers in a column, and which rows have one, (n,) bool. For classes named or numbered: one-hot rows (n, k), by
    the names that the task has; shares and distributions, and answers to a task of numbers, as they are, (n,) or (n, d).

    Raises DataError for the first answer that is none of the task's classes, or that is no number.
    """
    import numpy as np

    column, cells = table.typed(name), table.column(name)
    if column.kind != "text" and not (isinstance(output, Classes) and column.kind == "numbers" and _are_whole(column.values)):
        finite: Array = np.asarray(np.isfinite(column.values.reshape(len(table), -1)).all(axis=1))
        return column.values, finite
    if not isinstance(output, Classes):
        row = next(row for row, cell in enumerate(cells) if not (is_missing(table, cell) or _is_finite(table, cell)))
        raise DataError(f"{name} of {table.row(row)} is {cells[row]!r}, and the answers of a teacher of numbers are numbers",
                        where=table.source, hint=f"where it stands for no answer: {setting('na', cell_text(cells[row]).strip())}")
    names = output.names or tuple(str(number) for number in range(output.k))
    number_of = ClassNumbers(names)
    rows, there = np.zeros((len(table), output.k)), np.zeros(len(table), dtype=bool)
    for index, cell in enumerate(cells):
        said = label_name(cell)
        number = number_of.find(said)
        if number is None and not is_missing(table, cell):
            raise DataError(f"{name} of {table.row(index)} is {said!r}, which is none of the classes {', '.join(names)}",
                            where=table.source,
                            hint=f"{nearest(said, names)}; where it stands for no answer: {setting('na', said)}")
        if number is not None:
            rows[index, number], there[index] = 1.0, True
    return rows, there


def are_hard(answers: Array) -> bool:
    """Whether more than CLIPPED_SHARE of a teacher's answers of `answers_of`, for classes, give a class the probability 0: names
    of classes, and probabilities that were rounded.
    """
    import numpy as np

    rows = answers.reshape(len(answers), -1)
    rows = rows[~np.isnan(rows).any(axis=1)]
    if not len(rows) or rows.min() < 0.0 or rows.max() > 1.0:
        return False
    return bool(np.isin(rows, (0.0, 1.0)).any(axis=1).mean() > CLIPPED_SHARE)


def scored_by_brier(hard: Iterable[str]) -> str:
    """That classes of teachers who give some of them no probability are scored by `brier` unless the person says otherwise."""
    names = sorted(hard)
    give = "gives" if len(names) == 1 else "give"
    return f"{', '.join(names)} {give} classes the probability 0: scored by brier, for kl is infinite there"


def _are_whole(values: Array) -> bool:
    import numpy as np

    there = values[~np.isnan(values)]
    return bool((there == np.round(there)).all())


def label_name(value: object) -> str:
    """How a label is written: 1, 1.0 and "1.0" are one class, and so are true and "True"; without spaces at its ends."""
    text = cell_text(value).strip()
    if text.lower() in _TRUTH:
        return text.lower()
    whole = _WHOLE_AS_FLOAT.fullmatch(text)
    return whole[1] if whole else text


class ClassNumbers:
    """The number of each class by its name, by its number as text where no name is one, and by another spelling of its name
    where that is clear."""

    def __init__(self, names: Sequence[str]) -> None:
        spelled = [spelling(name) for name in names]
        times = Counter(spelled)
        counted = {} if any(map(_WHOLE.fullmatch, names)) else {str(number): number for number in range(len(names))}
        self._by_name = counted | {name: number for number, name in enumerate(names)}
        self._by_spelling = {name: number for number, name in enumerate(spelled) if times[name] == 1}

    def find(self, name: str) -> int | None:
        """The number, or None of a name that is no class."""
        return self._by_name.get(name, self._by_spelling.get(spelling(name)))


def class_names(text: str, where: str) -> tuple[str, ...]:
    """The names of a list with commas; () for an empty text. Raises UsageError for one name only, or one given twice."""
    names = tuple(name.strip() for name in text.split(",")) if text else ()
    if text and (len(names) < 2 or len(set(names)) < len(names) or "" in names):
        raise UsageError(f"classes={text!r} should be two or more different names", where=where,
                         hint='separate them by commas: classes="negative,positive"')
    return names


def spelling(name: str) -> str:
    """What spellings of one class share: letters of either case, composed or not, with spaces, hyphens or underscores between
    words, in quotation marks, before a full stop."""
    plain = "".join(mark for mark in unicodedata.normalize("NFC", name.casefold()) if unicodedata.category(mark) != "Cf")
    folded = " ".join(re.sub(r"(?<=\w)[-_](?=\w)", " ", plain.replace("_", " ")).split())
    folded = folded.strip(_QUOTES).rstrip(f"{_QUOTES}.!:;,") or folded
    folded = _TRUTH.get(folded, folded)
    if _WHOLE.fullmatch(folded):
        return str(int(folded))
    return repr(float(folded)) if _DECIMAL.fullmatch(folded) else folded


def _once(found: Iterable[str]) -> list[str]:
    """One spelling of each class: the shortest, and of these the first."""
    return sorted({spelling(name): name for name in sorted(reversed(list(found)), key=len, reverse=True)}.values())


def is_missing(table: Table, cell: object) -> bool:
    """Whether a cell holds no label: a gap, or a word for one that programs write."""
    return table.wording.reading.is_gap(cell) or (isinstance(cell, str) and cell.strip().lower() in NULL_WORDS)


def _is_finite(table: Table, cell: object) -> bool:
    number = table.wording.reading.number(cell)
    return number is not None and math.isfinite(number)


def _fault(table: Table, cell: object) -> str:
    """Why a label cannot be used, in words."""
    if is_missing(table, cell):
        return "missing" if not isinstance(cell, str) or not cell.strip() else f"{cell!r}, a word for what is missing"
    number = table.wording.reading.number(cell)
    return f"{cell!r}, and labels must be numbers" if number is None else f"{cell!r}, not a finite number"
