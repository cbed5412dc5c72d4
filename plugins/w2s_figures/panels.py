"""The rows that a figure shows, split into its panels: one a task set, for errors of two sets have no common unit."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from w2s_bench.contracts import FigureData, UsageError, nearest

if TYPE_CHECKING:
    import polars as pl

MOST_PANELS = 12
"""More would be read by nobody."""
CELL_NAMES = ("task", "weak", "strong", "strategy", "supervisor", "seed", "direction")


@dataclass(frozen=True)
class Panel:
    """Rows drawn in one frame. names: what they share, column by column; unit: of their errors, empty where there is none."""

    title: str
    names: dict[str, Any]
    rows: pl.DataFrame
    unit: str

    def axis(self, words: str) -> str:
        """The title of an axis of errors: words and unit."""
        return f"{words}, {self.unit}" if self.unit else words


def finished(rows: pl.DataFrame, needs: Sequence[str] = ()) -> pl.DataFrame:
    """Rows with status ok and finite numbers in the columns that a figure needs. Raises UsageError where there are none."""
    import polars as pl

    ok = rows.filter(pl.col("status") == "ok")
    if ok.is_empty():
        raise UsageError(f"no cell with status ok among {rows.height}, so there is nothing to draw",
                         hint="look at them with: w2s-bench show RUN --columns status,error")
    if not needs:
        return ok
    whole = ok.filter(pl.all_horizontal(pl.col(name).is_finite() for name in needs).fill_null(False))
    if whole.is_empty():
        none = [name for name in needs if not ok[name].is_finite().fill_null(False).any()] or list(needs)
        raise UsageError(f"{' and '.join(none)}: no number in any of {ok.height} cells, so there is nothing to draw")
    return whole


def panels_of(data: FigureData, rows: pl.DataFrame, by: Sequence[str] = (), *, pooled: bool = False) -> tuple[list[Panel], str]:
    """One panel a task set and value of the columns in `by`, in natural order; and words on those left out, if any.

    pooled: task sets share a panel, which is for numbers without a unit only. The first MOST_PANELS are drawn. Raises UsageError
    for a column that cannot group.
    """
    for name in by:
        if name not in data.groupable:
            raise UsageError(f"panels cannot be made by {name!r}", where="--by", hint=nearest(name, data.groupable))
    keys = list(dict.fromkeys(by if pooled else ["task_set", *by]))
    rows = data.by_panel(rows) if "panel" in keys else rows
    found = [(dict(zip(keys, values, strict=True)), part) for values, part in
             (rows.group_by(keys, maintain_order=True) if keys else [((), rows)])]
    found.sort(key=lambda panel: [data.in_order(str(value)) for value in panel[0].values()])
    count = len(found)
    found = found[:MOST_PANELS]
    titles = _titles(data, [names for names, _ in found])
    return [Panel(title, names, part, data.unit(part["divergence"][0], part["output_unit"][0]))
            for title, (names, part) in zip(titles, found, strict=True)], left_out_words(len(found), count)


def some_fit(intervals: Iterable[tuple[float | None, float | None]], frame: tuple[float, float]) -> bool:
    """Whether any of these intervals (low, high) is narrower than its frame; without any interval nothing is too wide."""
    known = [high - low for low, high in intervals if low is not None and high is not None]
    return not known or min(known) <= frame[1] - frame[0]


def too_wide(titles: Sequence[str]) -> str:
    """A sentence on panels in which every interval is wider than the frame; nothing where there are none."""
    return f" Not drawn, because every interval is wider than its frame: {', '.join(titles)}." if titles else ""


def none_left(titles: Sequence[str]) -> UsageError:
    """Why nothing is drawn where all panels are too wide."""
    return UsageError(f"every interval is wider than its frame in {', '.join(titles)}, so a picture would show noise",
                      hint="run more seeds, or read the table: w2s-bench show RUN")


def left_out_words(drawn: int, count: int) -> str:
    """A sentence on panels that are not drawn; nothing where all are."""
    return f" {drawn} of {count} panels are drawn; --where chooses others." if drawn < count else ""


def keep_hint(column: str, value: object) -> str:
    """How to keep the rows of one value, as words to type."""
    mark = "'" if '"' in str(value) else '"'
    return f"choose some with --where, such as --where {shlex.quote(f'{column} == {mark}{value}{mark}')}"


def _titles(data: FigureData, panels: Sequence[dict[str, Any]]) -> list[str]:
    """What tells each panel apart: names without what all share, of the columns whose values differ."""
    differing = [key for key in panels[0] if len({str(names[key]) for names in panels}) > 1] or list(panels[0])
    shorts = {key: data.short_names(str(names[key]) for names in panels) for key in differing}
    return [" · ".join(shorts[key][str(names[key])] if names[key] is not None else f"no {key}" for key in differing)
            for names in panels]


def named_columns(by: str) -> list[str]:
    """The columns in a text that joins them with commas."""
    return list(dict.fromkeys(name for part in by.split(",") if (name := part.strip())))


def scored(data: FigureData) -> pl.DataFrame:
    """Rows with status ok and a finite gain and misfit, none or more: what a page draws."""
    import polars as pl

    return data.rows.filter((pl.col("status") == "ok") & pl.all_horizontal(
        pl.col("gain", "misfit").is_finite().fill_null(False)))


def cell_bounds(rows: pl.DataFrame, bounds: pl.DataFrame) -> pl.DataFrame:
    """The bounds of these cells."""
    return bounds.join(rows.select("run_id", "cell_key"), on=["run_id", "cell_key"], how="semi", maintain_order="left")


def in_three(count: int) -> int:
    """Panels side by side when there are this many in all."""
    return 1 if count == 1 else 2 if count <= 4 else 3


def ways_of_fitting(rows: pl.DataFrame) -> list[str]:
    """The columns that tell apart how cells of one task set were fitted: strategy, and supervisor where it adds to that."""
    several = ["strategy"] if rows["strategy"].n_unique() > 1 else []
    counts = rows.select("task_set", *several, "supervisor").group_by("task_set", *several).n_unique()["supervisor"].to_list()
    return [*several, "supervisor"] if max(counts, default=1) > 1 else several


def shared_words(data: FigureData, rows: pl.DataFrame) -> str:
    """What is the same in all rows, as a sentence; nothing where nothing is."""
    same = [f"{name} {rows[name][0]}" for name in ("strategy", "supervisor") if rows[name].n_unique() == 1]
    name = data.one_name([*rows["weak"].unique(), *rows["strong"].unique()])
    same += [f"models {name}"] if name else []
    return f" All cells: {', '.join(same)}." if same else ""
