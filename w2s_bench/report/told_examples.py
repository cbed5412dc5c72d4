"""Examples on which student and teacher differ most, as a reader meets them: in a terminal and on the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from w2s_bench.contracts.errors import DataError
from w2s_bench.registry.short_names import short_names
from w2s_bench.report.wording import counted, figure
from w2s_bench.running.inputs import TestInputs
from w2s_bench.tables.examples import Example, examples

if TYPE_CHECKING:
    import polars as pl

HEADS = ("example", "truth", "teacher says", "student says", "apart", "truth sides with", "models")
_ON_PAGE, _MOST_TOLD = 5, 400
"""Examples of a task on a page, and the characters of a text there."""
_MOST_EXAMINED = 2000
"""Cells beyond which a page looks for no examples."""


class ToldExample(msgspec.Struct, frozen=True):
    """An example, and its text, "" where no store holds it or it is no text."""

    example: Example
    text: str


class Told(msgspec.Struct, frozen=True):
    """A section of the page. lines: of a table under HEADS; a text stands under its id."""

    about: str
    lines: tuple[tuple[str, ...], ...]


def told(found: Sequence[Example], store: str | None) -> list[ToldExample]:
    """The examples with their texts, as far as this store holds them; without a store, without texts."""
    if store is None:
        return [ToldExample(example, "") for example in found]
    inputs = TestInputs(store)
    return [ToldExample(example, inputs.texts(example.cell_key, [example.id]).get(example.id, "")) for example in found]


def sentence(found: Sequence[Example]) -> str:
    """Whom the truth sides with, counted."""
    counts = {side: sum(example.sides == side for example in found) for side in ("student", "teacher", "neither")}
    neither = f", with neither in {counts['neither']}" if counts["neither"] else ""
    return (f"Of the {counted(len(found), 'example')} the truth sides with the student in {counts['student']} and with the "
            f"teacher in {counts['teacher']}{neither}.")


def on_page(folders: Sequence[Path], rows: pl.DataFrame, store: str | None) -> Told | None:
    """The section of the page; None where no predictions are kept, or the cells are too many to look through.

    store: where texts may lie, for a page in the folder of its own run; None for a page that others may be given.
    """
    if rows.height > _MOST_EXAMINED:
        return None
    try:
        found = examples([folder for folder in folders if folder.is_dir()], rows, _ON_PAGE, figure)
    except DataError:
        return None
    if not found:
        return None
    models = short_names((label for each in found for label in (each.weak, each.strong)), nameless=True)
    lines = tuple(_line(each, models) for each in told(found, store))
    texts = "" if any(each[0].count("\n") for each in lines) else (
        " Texts stay with the store of the run: w2s-bench examples RUN shows them.")
    about = (f"For each task the {_ON_PAGE} test examples on which D(student, teacher) is largest, each in the cell where it is "
             f"largest. {sentence(found)} They are the extremes, no sample of the rest.{texts}")
    return Told(about, lines)


def may_hold_texts(page: Path, folder: Path) -> bool:
    """Whether a page is report.html of a run that was computed here, which is nobody else's; what is published is given away."""
    return page == folder / "report.html" and (folder / "journal.jsonl").is_file()


def lines_of(each: ToldExample) -> Iterator[str]:
    """One example in a terminal: what it is, what is said of it, its text."""
    example = each.example
    yield f"{example.task}: {example.id}"
    yield f"  truth    {example.truth}"
    yield f"  teacher  {example.teacher}  (error {figure(example.err_teacher)})"
    yield f"  student  {example.student}  (error {figure(example.err_student)})"
    yield f"  apart {figure(example.apart)}; the truth sides with {_side(example)}"
    yield f"  {example.weak} → {example.strong}, {example.strategy}, seed {example.seed}"
    if each.text:
        yield from (f"    {line}" for line in each.text.split("\n"))


def _line(each: ToldExample, models: dict[str, str]) -> tuple[str, ...]:
    example = each.example
    cut = "…" if len(each.text) > _MOST_TOLD else ""
    text = f"\n{each.text[:_MOST_TOLD]}{cut}" if each.text else ""
    return (f"{example.task_set}: {example.id}{text}", example.truth, example.teacher, example.student, figure(example.apart),
            example.sides, f"{models[example.weak]} → {models[example.strong]}, {example.strategy}, seed {example.seed}")


def _side(example: Example) -> str:
    return "neither" if example.sides == "neither" else f"the {example.sides}"
