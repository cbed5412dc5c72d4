"""`w2s-bench relate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from w2s_bench.cli.table_options import columns_of, runs_or_latest, table_options, tables_of, terms_over
from w2s_bench.cli.words import TableWords, as_record

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.report.wording import Line


class RelateWords(TableWords, frozen=True, kw_only=True):
    """What is typed after `relate`."""

    x: str
    y: str
    log: bool


@click.command("relate")
@table_options
@click.option("--x", required=True, help="Numeric column along the line, such as misfit.")
@click.option("--y", required=True, help="Numeric column that follows it, such as gain.")
@click.option("--log", is_flag=True, help="Logarithms of both: the slope is the exponent of a power law.")
@as_record(RelateWords)
def command(words: RelateWords) -> None:
    """Fit a line of one column of RUNS on another: slope, intercept, correlation, with 95 % intervals.

    A line goes through configurations (task, weak, strong, strategy, supervisor), 3 or more, never through the seeds of one,
    and through task sets from 8 on. Intervals are over seeds where there are 3 or more; the output says over what.
    """
    from w2s_bench.report.listing import print_csv, print_json
    from w2s_bench.tables.relation import relation
    from w2s_bench.tables.summary import GROUPABLE

    keys, x, y, log = columns_of(words.by, GROUPABLE) or [], words.x, words.y, words.log
    runs = runs_or_latest(words.runs)
    rows = tables_of(list(map(str, runs)), words.condition, words.latest)[0]
    table = relation(rows, x, y, keys, log=log, terms=terms_over(runs, words.over))
    if words.as_json:
        print_json({"x": x, "y": y, "log": log, "groups": table.to_dicts()})
    elif words.as_csv:
        print_csv(table)
    else:
        _print(table, x, y, keys, log)


def _print(table: pl.DataFrame, x: str, y: str, keys: list[str], log: bool) -> None:
    from w2s_bench.report.listing import print_table, say, short
    from w2s_bench.report.table import Shown, Table, between_ends, count, interval, marked_interval, words
    from w2s_bench.report.wording import intervals_in_words
    from w2s_bench.tables.relation import GAINED, NO_LINE, OF_GAIN, marks_of, meanings_of

    steep, height = ("exponent", "ln of factor") if log else ("slope", "intercept")
    rested = table["line_over"].to_list()
    marks = marks_of(rested)

    def mark_of(line: Line) -> str:
        return marks[line["line_over"]]

    columns = (
        *(words(key, texts=short(table[key].to_list())) for key in keys),
        count("n_cells", "cells"), count("n_seeds", "seeds"), count("line_points", "points"),
        interval("slope", f"{steep} ± 95 %", mark=mark_of), interval("intercept", f"{height} ± 95 %", mark=mark_of),
        between_ends("correlation", "correlation (95 %)", mark=mark_of), marked_interval("ratio", f"mean {y} / mean {x}"),
        Shown(name="farthest", head="farthest", cell=lambda line: "-" if line["farthest"] is None else f"{line['farthest']:.1e}"))
    print_table(Table(title=f"{y} on {x}", about="logarithms of both" if log else "", columns=columns,
                      lines=tuple(table.to_dicts())))
    said = meanings_of(table)
    ratios = table["ratio_over"].drop_nulls().to_list()
    said += [f"mean {y} / mean {x}: {intervals_in_words(ratios)}."] if ratios else []
    said += [OF_GAIN] if (x, y) == GAINED else []
    said += ["points: what a line goes through, configurations and their draws, or task sets."] if any(rested) else []
    said.append(f"farthest: the largest |{y} − {x}| / |{x}| of a cell.")
    said += [f"-: {NO_LINE}."] if table["line_over"].null_count() else []
    missing, below = int(table["missing"].sum()), int(table["not_positive"].sum())
    said += [f"Left out: {missing} rows without finite {x} and {y}."] if missing else []
    said += [f"Left out: {below} rows where {x} or {y} is not above 0 and has no logarithm."] if below else []
    say(said)
