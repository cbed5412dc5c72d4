"""Finished runs as a person at a notebook or in a program meets them: tables, figures, one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from w2s_bench.tables.inference import NO_TERMS, THIS_TEST_SET, Terms

if TYPE_CHECKING:
    import altair
    import polars as pl

    from w2s_bench.registry.names import Scalar

_MOST_GROUPS = 40
_HOW_TO_READ = "A line is a pair of models, its seeds averaged. Errors are in each task's own unit."


@dataclass(frozen=True, eq=False)
class Run:
    """One run or several as one table.

    rows: one row a cell, polars; bounds: one row a cell, bound and split. folder: where the run lies, None for several or for
    a part. executed: jobs that were computed for it now, 0 for one that was only read. interrupted: whether the user ended it
    before its end; the same call goes on. kept: bytes of the predictions that stay with it. terms:
    what each test example says of each cell, where seeds share test examples. as_it_was: all was finished before, and no table
    was written now.
    """

    rows: pl.DataFrame = field(repr=False)
    bounds: pl.DataFrame = field(repr=False)
    folder: Path | None = None
    executed: int = 0
    interrupted: bool = False
    kept: int = 0
    terms: Terms = field(default=NO_TERMS, repr=False)
    as_it_was: bool = False

    @property
    def page(self) -> Path | None:
        """The page that `report` wrote into the run's folder, None where there is none."""
        path = None if self.folder is None else self.folder / "report.html"
        return path if path is not None and path.is_file() else None

    @property
    def statuses(self) -> dict[str, int]:
        """How many cells ended how, such as {"ok": 12, "failed": 1}."""
        return dict(sorted(self.rows["status"].value_counts().iter_rows()))

    @property
    def finding(self) -> str:
        """What the rows show, in one sentence that counts what it leaves out."""
        from w2s_bench.report.finding import sentence

        return sentence(self.rows, self.bounds, self.terms)

    def where(self, condition: str) -> Run:
        """The cells that meet a condition, as in "gain > 0 and task == 'diabetes'". Raises UsageError where none does."""
        from w2s_bench.tables.filters import matching

        return Run(*matching(self.rows, self.bounds, condition), terms=self.terms)

    @property
    def of_this_test_set(self) -> Run:
        """The same with intervals over seeds alone, of this test set: narrower where seeds share test examples."""
        return replace(self, terms=THIS_TEST_SET)

    def summary(self, by: Sequence[str] | None = None) -> pl.DataFrame:
        """One row a group of cells, seeds averaged; by: columns, by default task set, pair, strategy and supervisor."""
        from w2s_bench.tables.summary import summary

        return summary(self.rows, self.bounds, list(by) if by else None, self.terms)

    def compare(self, by: str = "strategy", against: str | None = None) -> pl.DataFrame:
        """Each value of the column `by` beside one of them, on cells that agree in all else. Raises DataError without pairs."""
        from w2s_bench.tables.comparisons import compared_by

        return compared_by(self.rows, by, against, self.terms)

    def figure(self, kind: str = "gain-misfit", **parameters: Scalar) -> altair.TopLevelMixin:
        """A figure of a kind that `w2s-bench ls figures` lists, as an altair chart. Raises UsageError."""
        from w2s_bench.figures.choosing import chosen
        from w2s_bench.figures.data import RunData
        from w2s_bench.figures.specification import as_chart
        from w2s_bench.registry.loading import load_registry

        settings = {name.replace("_", "-"): value for name, value in parameters.items()}
        component = load_registry().one("figures", kind, settings)
        return as_chart(chosen(component).draw(RunData(self.rows, self.bounds, self.terms)))

    def report(self, store: str | None = None) -> Path:
        """Write report.html into the run's folder, and return its path. store: where the texts of its examples may lie, by
        default the user's. Raises UsageError for several runs as one."""
        from w2s_bench.contracts.errors import UsageError
        from w2s_bench.report.page import write_report

        if self.folder is None:
            raise UsageError("a page belongs to the folder of one run", hint="w2s_bench.read(FOLDER).report()")
        return write_report([self.folder], store=store)

    def __repr__(self) -> str:
        counted = ", ".join(f"{count} {status}" for status, count in self.statuses.items()) or "no cell"
        return f"<Run{f' {self.folder}' if self.folder else ''}: {counted}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the finding, and the table of groups."""
        from w2s_bench.report.rendering import filled
        from w2s_bench.report.results import result_figures, result_names
        from w2s_bench.report.table import Table, count, words
        from w2s_bench.report.wording import intervals_in_words

        table = self.summary()
        left = f" {table.height - _MOST_GROUPS} more groups are not shown." if table.height > _MOST_GROUPS else ""
        shown = Table(columns=(words("task_set"), *result_names(), count("n_cells", "cells"), *result_figures()),
                      lines=tuple(table.head(_MOST_GROUPS).to_dicts()),
                      about=f"{_HOW_TO_READ} {intervals_in_words(table['gain_over'].to_list())}.{left}")
        return filled("notebook.html.j2", title=repr(self)[1:-1], finding=self.finding, table=shown.at("page"))


def joined(runs: Sequence[Run]) -> Run:
    """Several runs as one; each cell once. Raises UsageError for no run, and for a cell that two of them hold."""
    import polars as pl

    from w2s_bench.contracts.errors import UsageError
    from w2s_bench.tables.inference import merged

    if not runs:
        raise UsageError("no run is given")
    if len(runs) == 1:
        return runs[0]
    rows, bounds = (pl.concat([getattr(run, name) for run in runs], how="diagonal_relaxed") for name in ("rows", "bounds"))
    twice = rows.filter(pl.col("cell_key").is_duplicated())["cell_key"].n_unique()
    if twice:
        raise UsageError(f"{twice} cells are in two of these runs", hint="w2s_bench.read(A, B, latest=True) keeps the last ones")
    return Run(rows, bounds, terms=merged(run.terms for run in runs))
