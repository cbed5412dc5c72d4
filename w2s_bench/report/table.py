"""One table as a person meets it, whatever shows it: a terminal, Markdown or a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from w2s_bench.report.wording import Line, between, figure, mark_of, with_half

Place: TypeAlias = Literal["terminal", "markdown", "page"]
Tone: TypeAlias = Literal["", "strong", "faint"]
PLACES: tuple[Place, ...] = ("terminal", "markdown", "page")


def _plain(line: Line) -> Tone:
    return ""


def _always(lines: Sequence[Line]) -> bool:
    return True


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One column as it is shown.

    name: of the value that it is sorted by. head: what stands above it; short: the same in a terminal, where a line break may
    fold it. cell: the words of a line. wordy: it holds words, set to the left, not figures. least: characters to which its
    words may be folded; None where they may not. sheds: where a terminal is too narrow, columns are left out in this order,
    and those of 0 never. tone: how a terminal prints a cell. places, when: where it is shown, and for which lines.
    """

    name: str
    head: str
    cell: Callable[[Line], str]
    short: str = ""
    wordy: bool = False
    least: int | None = None
    sheds: int = 0
    tone: Callable[[Line], Tone] = _plain
    places: tuple[Place, ...] = PLACES
    when: Callable[[Sequence[Line]], bool] = _always

    @property
    def heads(self) -> list[str]:
        """The lines of the head in a terminal."""
        return (self.short or self.head).split("\n")


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Lines under a title. parted_by: a column at whose changes a rule is drawn."""

    columns: tuple[Shown, ...]
    lines: tuple[Line, ...]
    title: str = ""
    about: str = ""
    parted_by: str = ""

    def at(self, place: Place) -> Table:
        """The table with the columns that this place shows of these lines."""
        kept = tuple(column for column in self.columns if place in column.places and column.when(self.lines))
        return msgspec.structs.replace(self, columns=kept)

    def said(self, said: Callable[[str], str]) -> Table:
        """The table with every text as `said` says it."""
        def column(shown: Shown) -> Shown:
            return msgspec.structs.replace(shown, head=said(shown.head), short=said(shown.short),
                                           cell=lambda line: said(shown.cell(line)))

        return msgspec.structs.replace(self, columns=tuple(map(column, self.columns)), title=said(self.title),
                                       about=said(self.about))

    def without(self, names: Sequence[str]) -> Table:
        """The table without these columns."""
        return msgspec.structs.replace(self, columns=tuple(column for column in self.columns if column.name not in names))

    def cells(self) -> list[list[str]]:
        """The words of each line."""
        return [[column.cell(line) for column in self.columns] for line in self.lines]

    def width(self, fold: int) -> int:
        """Characters across in a terminal, where words that may be folded are, to `fold` characters."""
        return sum(2 + self._width_of(column, fold) for column in self.columns)

    def fitted(self, width: int, fold: int) -> Table:
        """The table without the columns that a terminal of this width has no room for."""
        table = self
        for column in sorted((column for column in self.columns if column.sheds), key=lambda column: column.sheds):
            if table.width(fold) <= width:
                break
            table = table.without([column.name])
        return table

    def _width_of(self, column: Shown, fold: int) -> int:
        needed = max([len(part) for part in column.heads]
                     + [len(part) for line in self.lines for part in column.cell(line).split("\n")])
        return needed if column.least is None else max(column.least, min(needed, fold))


def words(name: str, head: str = "", *, texts: Mapping[str, str] | Mapping[str | None, str] | None = None,
          least: int | None = 1) -> Shown:
    """A column of names, as they are or as `texts` shortens them; - for none."""
    def cell(line: Line) -> str:
        value = line[name]
        return texts[value] if texts is not None else "-" if value is None else str(value)

    return Shown(name=name, head=head or name, cell=cell, wordy=True, least=least)


def count(name: str, head: str = "", short: str = "", sheds: int = 0) -> Shown:
    """A column of whole numbers; - for none."""
    return Shown(name=name, head=head or name, short=short, sheds=sheds,
                 cell=lambda line: "-" if line[name] is None else str(line[name]))


def number(name: str, head: str = "", *, exponent: int = 0, digits: int = 3, short: str = "", sheds: int = 0) -> Shown:
    """A column of numbers."""
    return Shown(name=name, head=head or name, short=short, sheds=sheds,
                 cell=lambda line: figure(line[name], exponent, digits))


def interval(name: str, head: str = "", *, exponent: int = 0, digits: int = 3, short: str = "",
             mark: Callable[[Line], str] = lambda line: "") -> Shown:
    """A column of means with half their intervals (see `with_half`), which a mark may follow."""
    return Shown(name=name, head=head or name, short=short,
                 cell=lambda line: with_half(line, name, digits, mark(line), exponent=exponent))


def marked_interval(name: str, head: str = "", *, digits: int = 3) -> Shown:
    """The same, where the column `name`_over says over what the interval is: the mark says it too."""
    return interval(name, head, digits=digits, mark=lambda line: mark_of(line[f"{name}_over"]))


def between_ends(name: str, head: str, *, digits: int = 3, mark: Callable[[Line], str] = lambda line: "") -> Shown:
    """A column of means with both ends of their intervals (see `between`)."""
    return Shown(name=name, head=head, cell=lambda line: between(line, name, digits, mark(line)))


def share(name: str, head: str = "", short: str = "") -> Shown:
    """A column of shares in whole percent."""
    return Shown(name=name, head=head or name, short=short,
                 cell=lambda line: "-" if line[name] is None else f"{line[name]:.0%}")


def _text_of(name: str) -> Callable[[Line], str]:
    return lambda line: str(line[name])


def listed(title: str, about: str, heads: Sequence[str], lines: Sequence[Sequence[str]]) -> Table:
    """A table of texts, of which the first column holds names."""
    columns = tuple(words(head) if not place else Shown(name=head, head=head, cell=_text_of(head))
                    for place, head in enumerate(heads))
    return Table(title=title, about=about, columns=columns, lines=tuple(dict(zip(heads, line, strict=True)) for line in lines))


def unit_in_head(name: str, unit: str) -> str:
    """What stands beside the head of this column, of a table whose errors are in this unit; empty for a pure number."""
    if name.startswith(("accuracy", "gain_accuracy", "agreement")):
        return "%"
    return unit if name.startswith(("err_", "misfit")) or name == "gain" else ""
