"""The options that commands on finished runs share, and the rows that they stand for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from click.shell_completion import CompletionItem

from w2s_bench.cli.words import TableWords
from w2s_bench.contracts.errors import UsageError, nearest

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.tables.inference import Terms

NEW_EXAMPLES, ALONE = "new-examples", "this-test-set"
"""What intervals can be asked to be over."""
Decorated = TypeVar("Decorated", bound=Callable[..., object])


def complete_runs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes the names of runs under w2s-runs/, the latest first, and folders."""
    from w2s_bench.running.known_runs import run_folders

    names = [folder.name for folder in run_folders() if folder.name.startswith(incomplete)]
    return [CompletionItem(incomplete, type="dir"), *map(CompletionItem, names)]


over_option = click.option(
    "--over", type=click.Choice((NEW_EXAMPLES, ALONE)), default=NEW_EXAMPLES, show_default=True,
    help="What intervals are over: new seeds and new test examples, or new seeds alone, of this test set (marked °).")


def table_options(command: Decorated) -> Decorated:
    """RUNS, --where, --by, --latest, --over, --json and --csv."""
    for option in reversed((
        click.argument("runs", nargs=-1, shell_complete=complete_runs),
        click.option("--where", "condition", default=None,
                     help='Keep rows, as in "panels == pretrained and (seed < 3 or gain > 0)".'),
        click.option("--by", default=None, help="Group by these columns, joined with commas; `panel` is one."),
        click.option("--latest", is_flag=True, help="Of cells that several runs hold, keep the last run's."),
        over_option,
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        click.option("--csv", "as_csv", is_flag=True, help="Print CSV."),
    )):
        command = option(command)
    return command


def tables_of(runs: Sequence[str], condition: str | None, latest: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of these runs (folders, rows files or names under w2s-runs/; none named: of the latest run) that meet the
    condition, and their bounds. Raises UsageError where there is no such run, or no row is left."""
    from w2s_bench.tables.filters import matching
    from w2s_bench.tables.reading import read_runs

    rows, bounds = read_runs(runs_or_latest(runs), latest=latest)
    return (rows, bounds) if condition is None else matching(rows, bounds, condition)


def terms_over(runs: Sequence[str | Path], over: str) -> Terms:
    """The terms of these runs' test examples, for intervals over what was asked for."""
    from w2s_bench.running.folder import find_run
    from w2s_bench.tables.inference import THIS_TEST_SET
    from w2s_bench.tables.reading import terms_of

    return THIS_TEST_SET if over == ALONE else terms_of([find_run(str(run)) for run in runs])


def runs_or_latest(runs: Sequence[str], *tables: str) -> list[Path]:
    """The folders or rows files of these runs; where none is named, the run that was written last, which is said.

    tables: files of which the latest run has one, by default its rows. Raises UsageError where there is no such run.
    """
    from w2s_bench.running.folder import find_run
    from w2s_bench.running.known_runs import latest_run

    if runs:
        return [find_run(name) for name in runs]
    folder = latest_run(*(tables or ("rows.parquet",)))
    click.echo(f"the latest run: {folder}", err=True)
    return [folder]


def refuse_runs(words: TableWords) -> None:
    """Raise UsageError where what is said of runs stands beside files of one's own."""
    for given, name in ((words.runs, "RUNS"), (words.condition, "--where"), (words.by, "--by"), (words.latest, "--latest"),
                        (words.over != NEW_EXAMPLES, "--over")):
        if given:
            raise UsageError(f"{name} goes with runs, not with files of your own", hint="ask for one of the two")


def columns_of(by: str | None, known: Sequence[str]) -> list[str] | None:
    """The columns that --by names, each once. Raises UsageError for one that cannot make groups here."""
    if by is None:
        return None
    names = [name.strip() for name in by.split(",")]
    for name in names:
        if name not in known:
            raise UsageError(f"cannot group by {name!r}", where="--by", hint=nearest(name, known))
    return list(dict.fromkeys(names))
