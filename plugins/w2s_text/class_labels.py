"""A column of labels as classes: matched by name, so that no two files need the same order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from w2s_bench.contracts import Array, Classes, DataError, UsageError, nearest
from w2s_text.labelled import one_hot
from w2s_text.tables import Table

_WHOLE = re.compile(r"-?\d+")


@dataclass(frozen=True)
class ClassColumn:
    """How a column names classes. column: its name. names: the classes in order, or () for those that it holds, sorted.

    ordered: the classes are steps of a scale; their order then has to be given, unless they are whole numbers.
    """

    column: str
    names: tuple[str, ...]
    ordered: bool

    def classes(self, table: Table) -> Classes:
        """The classes. Raises DataError for one class only, UsageError for a scale whose order is not known."""
        if self.names:
            return Classes(len(self.names), self.names, self.ordered)
        found = {label_name(value) for value in self._values(table)}
        whole = all(_WHOLE.fullmatch(name) for name in found)
        if len(found) < 2:
            raise DataError(f"all labels of {self.column!r} are {', '.join(found)}: one class only", where=table.source,
                            hint="a class to tell from others is needed; or name more: classes=\"no,yes\"")
        if self.ordered and not whole:
            raise UsageError("the order of the steps is not known", where=table.source,
                             hint=f'name them from the lowest: classes="{",".join(sorted(found))}"')
        names = sorted(found, key=int) if whole else sorted(found)
        return Classes(len(names), tuple(names), self.ordered)

    def truth(self, table: Table, classes: Classes) -> Array:
        """(n, k) float64, one-hot. Raises DataError for the first label that is neither a class nor a class's number."""
        numbers = {str(number): number for number in range(classes.k)} | {name: n for n, name in enumerate(classes.names)}
        rows = []
        for index, value in enumerate(self._values(table)):
            name = label_name(value)
            if name not in numbers:
                raise DataError(f"{self.column} of {table.row(index)} is {value!r}, which is no class", where=table.source,
                                hint=nearest(name, classes.names))
            rows.append(numbers[name])
        if len(set(rows)) < 2:
            raise DataError(f"all labels of {self.column!r} are {classes.names[rows[0]] if rows else 'missing'}: one class only",
                            where=table.source, hint="a class to tell from others is needed")
        return one_hot(rows, classes.k)

    def _values(self, table: Table) -> list[Any]:
        values = table.column(self.column)
        for index, value in enumerate(values):
            if value is None or value == "" or isinstance(value, (list, dict)) or value != value:
                raise DataError(f"{self.column} of {table.row(index)} is {value!r}, and a class is needed", where=table.source,
                                hint="drop the row or mend its label")
        return values


def label_name(value: Any) -> str:
    """How a label is written: 1, 1.0 and "1" are one class, and so are true and "true"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def class_names(text: str, where: str) -> tuple[str, ...]:
    """The names of a list with commas; () for an empty text. Raises UsageError for one name only, or one given twice."""
    names = tuple(name.strip() for name in text.split(",")) if text else ()
    if text and (len(names) < 2 or len(set(names)) < len(names) or "" in names):
        raise UsageError(f"classes={text!r} should be two or more different names", where=where,
                         hint='separate them by commas: classes="negative,positive"')
    return names
