"""What a run leaves beside its journal: rows and bounds, terms, and the predictions that stay with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from w2s_bench.planning.plan import Cell
from w2s_bench.running.folder import write_also, write_tables, writing
from w2s_bench.running.held import Earlier
from w2s_bench.running.kept import Keep, keep
from w2s_bench.running.recorder import Recorder
from w2s_bench.running.standing import note_standing
from w2s_bench.running.table_files import BOUND, ROW, table_of
from w2s_bench.running.terms import write_terms

if TYPE_CHECKING:
    import polars as pl

_AT_A_TIME = 512
"""Cells whose rows are made of records at a time."""


def write_all(recorder: Recorder, folder: Path, which: Keep) -> tuple[Mapping[str, int], int, Mapping[str, str]]:
    """Write the folder's tables, and the predictions that stay with them: cells by status, bytes of the predictions, and what is
    missing there, by the keys of the jobs that left it, in words.

    A cell that was ok, and of which this sitting, broken off, says nothing, stays as the tables have it.
    Raises DamagedArtifact for a score that cannot be read any more, whose cell is not finished then.
    """
    plan, store = recorder.plan, recorder.store
    before = Earlier(folder, plan.run_id)
    stay = {cell.key for cell in plan.cells if cell.key not in recorder.records and cell.key in before.rows}
    ok = [cell for cell in plan.cells if cell.key in recorder.scores or cell.key in stay]
    recorder.stage("looking for test examples that seeds share")
    with writing(folder):
        terms = write_terms(folder, plan, store, ok)
    recorder.stage("writing the tables")
    rows, bounds = _tables(recorder, terms.shared, before, stay)
    write_tables(folder, rows, bounds)
    write_also(folder, [line if line["status"] != "interrupted" else before.rows.get(str(line["cell_key"]), line)
                        for line in recorder.also_rows()])
    recorder.stage("keeping predictions with the run")
    with writing(folder):
        size, lost = keep(folder, plan, store, recorder.scores, which, ok)
    statuses = Counter(rows["status"].to_list())
    note_standing(folder, len(plan.cells), {status: count for status, count in statuses.items() if status != "interrupted"},
                  recorder.records.values())
    return statuses, size, {**terms.lost, **lost}


def _tables(recorder: Recorder, shared: Mapping[str, bool], before: Earlier, stay: Container[str]) -> tuple[
        pl.DataFrame, pl.DataFrame]:
    """Rows and bounds of all cells, a part of them at a time: as records they take ten times the memory."""
    import polars as pl

    def lines(cell: Cell) -> tuple[Mapping[str, object], Sequence[Mapping[str, object]]]:
        row: Mapping[str, object]
        bounds: Sequence[Mapping[str, object]]
        if cell.key in stay:
            row, bounds = before.rows[cell.key], before.bounds.get(cell.key, ())
        else:
            row, bounds = recorder.row(cell), recorder.bounds(cell)
        known = row if cell.key in shared else before.rows.get(cell.key, row)
        return {**row, "test_shared": shared.get(cell.key, known.get("test_shared")), "canary": heard.get(cell.key)}, bounds

    heard = {**before.canaries, **recorder.canaries}
    rows, bounds = [], []
    for start in range(0, max(1, len(recorder.plan.cells)), _AT_A_TIME):  # once, for an empty table, where there are none
        found = [lines(cell) for cell in recorder.plan.cells[start:start + _AT_A_TIME]]
        rows.append(table_of([row for row, _ in found], ROW))
        bounds.append(table_of([bound for _, of_cell in found for bound in of_cell], BOUND))
    return pl.concat(rows), pl.concat(bounds)
