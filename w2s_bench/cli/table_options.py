"""The options that commands on finished runs share, and the rows that they stand for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import click

from w2s_bench.contracts.errors import UsageError, nearest

if TYPE_CHECKING:
    import polars as pl

Decorated = TypeVar("Decorated", bound=Callable[..., object])


def table_options(command: Decorated) -> Decorated:
    """RUNS, --where, --by, --latest, --json and --csv."""
    for option in reversed((
        click.argument("runs", nargs=-1),
        click.option("--where", "condition", default=None,
                     help='Keep rows, as in "panels == pretrained and (seed < 3 or gain > 0)".'),
        click.option("--by", default=None, help="Group by these columns, joined with commas; `panel` is one."),
        click.option("--latest", is_flag=True, help="Of cells that several runs hold, keep the last run's."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        click.option("--csv", "as_csv", is_flag=True, help="Print CSV."),
    )):
        command = option(command)
    return command


def tables_of(runs: Sequence[str], condition: str | None, latest: bool, command: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of these runs (folders, rows files or names under w2s-runs/) that meet the condition, and their bounds.
    Raises UsageError where none is named or none is left."""
    from w2s_bench.running.folder import find_run
    from w2s_bench.tables.filters import matching
    from w2s_bench.tables.reading import read_runs

    if not runs:
        raise UsageError("no run is given", hint=f"w2s-bench {command} RUN; runs are under w2s-runs/")
    rows, bounds = read_runs([find_run(name) for name in runs], latest=latest)
    return (rows, bounds) if condition is None else matching(rows, bounds, condition)


def columns_of(by: str | None, known: Sequence[str]) -> list[str] | None:
    """The columns that --by names, each once. Raises UsageError for one that cannot make groups here."""
    if by is None:
        return None
    names = [name.strip() for name in by.split(",")]
    for name in names:
        if name not in known:
            raise UsageError(f"cannot group by {name!r}", where="--by", hint=nearest(name, known))
    return list(dict.fromkeys(names))
