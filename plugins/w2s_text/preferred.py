"""Which of two texts a column of a table prefers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Array, DataError, Table, UsageError, is_missing, label_name, nearest, setting, spelling


@dataclass(frozen=True)
class Choice:
    """How a column says which of two columns of texts is preferred.

    columns: their names, which are words for the two. ordered: whether "first" and "second" are too, and 1 and 2. sides: other
    words for the two instead, or (). tie: the word for neither, or "".
    """

    columns: tuple[str, str]
    ordered: bool
    sides: tuple[str, ...] = ()
    tie: str = ""

    def shares(self, table: Table, name: str) -> tuple[Array, Array]:
        """How far each row prefers the first of the two columns, (n,) in [0, 1], and which rows say so, (n,) bool.

        Numbers are that probability; neither is 1/2. Raises DataError for the first cell that is none of the words, UsageError
        for a 0 and 1 that may stand for either order.
        """
        numbers, words = self._numbers(table, name), self._words
        spelled = {spelling(word): share for word, share in words.items()}
        shares, there = np.full(len(table), 0.5), np.ones(len(table), dtype=bool)
        for row, cell in enumerate(table.column(name)):
            said = label_name(cell)
            if is_missing(table, cell) and said.casefold() not in words:
                there[row] = False
            elif numbers is not None:
                shares[row] = numbers[row]
            elif said.casefold() in words:
                shares[row] = words[said.casefold()]
            elif len(spelled) == len(words) and spelling(said) in spelled:
                shares[row] = spelled[spelling(said)]
            else:
                raise DataError(f"{name} of {table.row(row)} is {said!r}, none of {', '.join(words)}", where=table.source,
                                hint=f'{nearest(said, words)}; other words for the two: sides="A,B"; for neither: '
                                f"{setting('tie', said)}; for no answer: {setting('na', said)}")
        return shares, there

    @property
    def _words(self) -> dict[str, float]:
        first, second = self.sides or self.columns
        usual = {"first": 1.0, "second": 0.0} if self.ordered and not self.sides else {}
        neither = {self.tie.strip().casefold(): 0.5} if self.tie else {}
        return usual | {first.casefold(): 1.0, second.casefold(): 0.0} | neither

    def _numbers(self, table: Table, name: str) -> Array | None:
        """The numbers of a column as shares, (n,); None where it holds words."""
        column = table.typed(name)
        there = set(column.values[~np.isnan(column.values)].tolist()) if column.kind == "numbers" else set()
        whole = all(value == int(value) for value in there)
        if not there or (whole and self.sides):
            return None
        if self.ordered and there <= {1.0, 2.0} and 2.0 in there:
            return np.asarray(2.0 - column.values)
        if min(there) < 0.0 or max(there) > 1.0:
            row = int(np.flatnonzero((column.values < 0.0) | (column.values > 1.0))[0])
            raise DataError(f"{name} of {table.row(row)} is {column.values[row]:g}, no probability", where=table.source,
                            hint=f"numbers are the probability that {self.columns[0]} is preferred{self._one_or_two}; other "
                            'words for the two: sides="A,B"')
        if whole and self.ordered:
            raise UsageError(f"{name} holds 0 and 1: is 1 the second, or that the first is preferred?", where=table.source,
                             hint='sides="0,1" where 0 is the first, as of an index; sides="1,0" where 1 says that the first is '
                             "preferred")
        return column.values

    @property
    def _one_or_two(self) -> str:
        return ", or 1 for the first and 2 for the second" if self.ordered else ""
