"""The check of a submission: every number that its predictions decide is derived here, and what is wrong is said in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from w2s_bench.contracts.errors import DataError
from w2s_bench.leaderboard.at_hand import AtHand
from w2s_bench.leaderboard.cells import CellChecked, TaskCells, lines_by_cell, of_row
from w2s_bench.leaderboard.checked import Checked, Finding, Row, Severity, Trust, read_checked, write_checked
from w2s_bench.leaderboard.copies import copies, doubles, other_teachers, others_of
from w2s_bench.leaderboard.evidence import kept_of, strangers
from w2s_bench.leaderboard.index import read_index
from w2s_bench.leaderboard.opening import Opened, opened
from w2s_bench.leaderboard.season import Season, find_season
from w2s_bench.leaderboard.untrusted import Refused, shown
from w2s_bench.registry.measures import measures
from w2s_bench.running.table_files import BOUND, ROW, unknown_columns
from w2s_bench.running.terms import read_terms
from w2s_bench.scoring.columns import STATUSES, polars_schema
from w2s_bench.tables.reading import CELL

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Checked", "Finding", "Severity", "Trust", "check", "read_checked", "write_checked"]

_NOT_HELD = frozenset({"ledger_residue", "metrics_missing", "test_shared"})
"""Columns that are found here and not held against what is sent: rounding, what is installed, and which seeds are sent."""

_SHOWN = 5
_DIGESTS = ("digest_weak", "digest_student", "digest_ceiling")


def check(folder: Path, *, season: Season | None = None, data: Path | None = None, board: Path | None = None) -> Checked:
    """Hold a submission against its predictions, its tasks and its season, and derive every number that these decide.

    season: whose tasks are loaded, and whose fingerprints must be met; without one every task that can be loaded here is.
    data: the folder that `{data}` in names stands for. board: a folder of a board, with whose other submissions this is compared,
    and where its season is looked for.
    Raises Refused for a folder whose form is none of a submission; whatever else is wrong is among the findings.
    """
    with opened(folder) as given:
        return checked_of(given, season, AtHand(data), board)


def checked_of(given: Opened, season: Season | None, hand: AtHand, board: Path | None = None) -> Checked:
    """The same of a submission that is open. hand: what its names stand for."""
    return _Check(given, season, hand, board).checked()


class _Check:
    """One sitting over one submission."""

    def __init__(self, given: Opened, season: Season | None, hand: AtHand, board: Path | None) -> None:
        self.given, self.season, self.hand, self.board = given, season, hand, board
        self.findings: dict[Finding, None] = {}

    def checked(self) -> Checked:
        self._of_the_season()
        rows: Sequence[Row] = self.given.rows.to_dicts()
        self._rows_as_sent(rows)
        cells = self._cells([row for row in rows if row["status"] == "ok"])
        found = {cell.row["cell_key"]: cell for cell in cells}
        told = [self._row(row, found.get(row["cell_key"])) for row in rows]
        terms = self._terms(cells)
        self._copies([row for row in told if row["status"] == "ok"], terms)
        return Checked(self.given.submission, self._table(told), self._bounds(cells), terms, tuple(self.findings))

    def _find(self, severity: Severity, where: str, sentence: str) -> None:
        self.findings[Finding(severity, where, sentence)] = None

    def _of_the_season(self) -> None:
        asked = self.given.submission.season
        if self.season is None and asked is not None and self.board is not None:
            try:
                self.season = find_season(self.board, asked)
            except DataError as error:
                self._find("refused", "submission.toml", error.what)
        elif self.season is None and asked is not None:
            self._find("note", "submission.toml", f"it is for the season {asked}, and is checked without it")
        elif self.season is not None and asked != self.season.label:
            self._find("refused", "submission.toml", f"it is for {f'the season {asked}' if asked else 'no season'}, and not for "
                                                     f"{self.season.label}")

    def _rows_as_sent(self, rows: Sequence[Row]) -> None:
        """What is wrong with rows by themselves."""
        seen: set[tuple[Any, ...]] = set()
        derivable = [column.name for column in ROW.columns if column.uses_truth or column.name.startswith("misfit")]
        for row in rows:
            cell = tuple(row[name] for name in CELL)
            if cell in seen:
                self._find("refused", of_row(row), "two rows are of this cell")
            seen.add(cell)
            if bad := [name for name, value in row.items() if isinstance(value, float) and not math.isfinite(value)]:
                self._find("refused", of_row(row), f"{bad[0]} is NaN or infinity")
            if row["status"] not in STATUSES:
                self._find("refused", of_row(row), f"its status is {shown(row['status'])}, which is none")
            elif row["status"] != "ok" and (full := [name for name in derivable if row.get(name) not in (None, [])]):
                self._find("refused", of_row(row), f"it ended as {row['status']} and states {full[0]}")
            self._division(row, row.get("truth_share"))
        if unknown := unknown_columns(self.given.rows, ROW):
            self._find("not-derived", "rows.parquet", f"columns that nothing here declares are left out: {_some(unknown)}")
        if foreign := sorted(set(self.given.bounds["bound"].to_list()) - measures().bounds.keys()):
            self._find("not-derived", "bounds.parquet", f"bounds that are not installed here are left out: {_some(foreign)}")

    def _division(self, row: Row, share: float | None) -> None:
        division = self.given.submission.division_of(row["strategy"])
        if share and division != "some-truth":
            self._find("refused", of_row(row), f"its strategy sees a share of {share:g} of the truth, so its division is "
                                               f"some-truth and not {division}")

    def _cells(self, rows: Sequence[Row]) -> list[CellChecked]:
        facts, bounds = self.given.facts(), lines_by_cell(self.given.bounds)
        found: list[CellChecked] = []
        for task in sorted({row["task"] for row in rows}):
            mine = [row for row in rows if row["task"] == task]
            try:
                kept = kept_of(self.given.table(task))
            except Refused as error:
                self._find("refused", task, error.what)
                continue
            for sentence in strangers(kept, mine):
                self._find("refused", task, f"predictions/ holds {sentence}")
            cells = TaskCells(mine, kept, facts, self.hand, self._seeds(task, mine))
            checked = list(cells.checked(bounds))
            shared = cells.shared()
            found += [cell._replace(shared=shared.get(cell.row["seed"])) for cell in checked]
        self._tell(found)
        return found

    def _tell(self, cells: Sequence[CellChecked]) -> None:
        """Every refusal by its row; what else is said of several rows of a task, once."""
        alike: dict[tuple[Severity, str, str], list[Row]] = {}
        for cell in cells:
            for each in cell.told:
                alike.setdefault((each.severity, cell.row["task"], each.sentence), []).append(cell.row)
        for (severity, task, sentence), rows in alike.items():
            if severity == "refused" or len(rows) == 1:
                for row in rows:
                    self._find(severity, of_row(row), sentence)
            else:
                self._find(severity, shown(task)[1:-1], f"{len(rows)} rows: {sentence}")

    def _seeds(self, task: str, rows: Sequence[Row]) -> set[int]:
        """Whose splits are loaded: those of the season, and without one those of the rows."""
        if self.season is None:
            return {row["seed"] for row in rows}
        of_season = self.season.task(task)
        return set() if of_season is None else set(of_season.seeds)

    def _row(self, row: Row, cell: CellChecked | None) -> Row:
        """A row as the board reads it: what was derived in place of what was sent."""
        columns = dict(cell.derived.columns) if cell is not None and cell.derived is not None else {}
        if cell is not None and cell.shared is not None:
            if row.get("test_shared") not in (None, cell.shared):
                self._find("note", of_row(row), f"test_shared is {row['test_shared']}, and of its rows here it is {cell.shared}")
            columns["test_shared"] = cell.shared
        declared = {column.name for column in ROW.columns}
        new = {**{name: value for name, value in row.items() if name in declared}, **columns}
        if self.season is not None and row["status"] == "ok" and (sentence := self.season.mismatch(new)) is not None:
            self._find("refused", of_row(row), sentence)
        self._division(row, columns.get("truth_share"))
        whole = row["status"] != "ok" or (cell is not None and cell.anchored and not cell.refused)
        digests = cell.digests if cell is not None else {}
        return {**new, "submission": self.given.submission.name, "trust": "rescored" if whole else "self-reported",
                "division": self.given.submission.division_of(row["strategy"]),
                "derived": sorted(name for name in columns if name in declared and name not in _NOT_HELD),
                **{name: digests.get(name.removeprefix("digest_")) for name in _DIGESTS}}

    def _table(self, rows: Sequence[Row]) -> pl.DataFrame:
        import polars as pl

        kinds = {**polars_schema(ROW.columns), **dict.fromkeys(("submission", "trust", "division"), pl.String),
                 "derived": pl.List(pl.String), **dict.fromkeys(_DIGESTS, pl.String)}
        return pl.DataFrame([[row.get(name) for name in kinds] for row in rows], schema=kinds, orient="row").with_columns(
            pl.col(pl.Float64).fill_nan(None))

    def _bounds(self, cells: list[CellChecked]) -> pl.DataFrame:
        """The lines of cells that were derived; of the others there are none."""
        import polars as pl

        runs = {cell.row["cell_key"]: cell.row["run_id"] for cell in cells}
        lines = [{"run_id": runs[line["cell_key"]], **line, "submission": self.given.submission.name}
                 for cell in cells if cell.derived is not None for line in cell.derived.shown]
        kinds = {**polars_schema(BOUND.columns), "submission": pl.String, "certificate": pl.String}
        return pl.DataFrame([[line.get(name) for name in kinds] for line in lines], schema=kinds, orient="row").with_columns(
            pl.col(pl.Float64).fill_nan(None))

    def _terms(self, cells: list[CellChecked]) -> pl.DataFrame:
        import polars as pl

        found = [cell.derived.terms for cell in cells if cell.derived is not None and cell.derived.terms is not None]
        return pl.concat(found) if found else read_terms([])

    def _copies(self, rows: Sequence[Row], terms: pl.DataFrame) -> None:
        told = list(doubles(rows))
        if self.board is not None:
            name = self.given.submission.name
            if any(each.name == name and each.sha256 != self.given.sha256 for each in read_index(self.board)):
                self._find("refused", "submission.toml", f"{name} is on the board with other files, and nothing there is ever "
                                                         "changed: take another name, and say in `supersedes` what it is for")
            others = others_of(self.board, name)
            older = self.given.submission.supersedes
            if older is not None and older in others.who and not others.who[older] & set(self.given.submission.who):
                self._find("refused", "submission.toml", f"it stands in for {older}, of which it has none of the people: "
                                                         f"{', '.join(map(shown, sorted(others.who[older])))}")
            told += [*copies(rows, others, self.given.submission.supersedes), *other_teachers(rows, terms, others, self.hand)]
        for each in told:
            self._find(each.severity, of_row(each.row) if each.row is not None else "", each.sentence)


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(shown, names[:_SHOWN])) + (", …" if len(names) > _SHOWN else "")
