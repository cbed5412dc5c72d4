"""`w2s-bench show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from w2s_bench.cli.table_options import columns_of, tables_of
from w2s_bench.contracts.errors import UsageError, nearest

if TYPE_CHECKING:
    import polars as pl


@click.command("show")
@click.argument("runs", nargs=-1)
@click.option("--by", default=None, help="Group by these columns, joined with commas; `strategy` alone compares strategies.")
@click.option("--against", default=None, help="With --by strategy: the one that the others are compared with.  "
              "[default: the one with most cells]")
@click.option("--where", "condition", default=None, help='Keep rows, as in "gain > 0 and task == diabetes".')
@click.option("--sort", default=None, help="Sort by a column; -COLUMN sorts downwards.")
@click.option("--columns", "chosen", default=None, is_flag=False, flag_value="?",
              help="These columns, joined with commas (with --by: their means); without a value: what every column means.")
@click.option("--bounds", "of_bounds", is_flag=True, help="What became of each bound, in place of the cells.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--latest", is_flag=True, help="Of cells that several runs hold, keep the last run's.")
@click.option("--publish", type=click.Path(path_type=Path), help="Write rows, bounds and a Markdown page to this folder.")
def command(runs: tuple[str, ...], by: str | None, against: str | None, condition: str | None, sort: str | None,
            chosen: str | None, of_bounds: bool, as_json: bool, as_csv: bool, latest: bool, publish: Path | None) -> None:
    """Show the table of RUNS (folders, or names under w2s-runs/), several as one.

    With --by strategy each strategy is compared with one of them, on paired cells only: cells that agree in task, weak and
    strong model, supervisor and seed, and have status ok for both. What is left out is counted.
    """
    if chosen == "?":
        _explain_columns()
        return
    from w2s_bench.report.finding import sentence
    from w2s_bench.report.listing import table_console
    from w2s_bench.report.publish import publish as publish_tables
    from w2s_bench.report.terminal_table import render, render_verdicts
    from w2s_bench.running.folder import find_run
    from w2s_bench.tables.means import means
    from w2s_bench.tables.summary import GROUPABLE, verdicts

    rows, bounds = tables_of(runs, condition, latest, "show")
    keys = columns_of(by, GROUPABLE)
    compares = keys == ["strategy"] and not chosen and not of_bounds and not publish
    if against and not compares:
        raise UsageError("--against says what strategies are compared with",
                         hint="w2s-bench show RUN --by strategy --against NAME")
    if compares and rows["strategy"].n_unique() > 1:
        _compare(rows, against, sort, as_json, as_csv)
        return
    if of_bounds:
        if as_json or as_csv:
            _print_rows(verdicts(bounds), as_json)
        else:
            render_verdicts(bounds, table_console())
        return
    if chosen and keys:
        names = _numbers(rows, chosen)
        _print_means(means(rows, keys, names), keys, names, as_json, as_csv)
        return
    listed = as_json or as_csv or bool(chosen)
    if sort and listed:
        rows = rows.sort(_known(sort.lstrip("-"), rows.columns), descending=sort.startswith("-"), nulls_last=True)
    if publish:
        publish_tables(rows, bounds, publish, _copied_specs([find_run(name) for name in runs], publish))
        click.echo(f"wrote {publish}")
    elif listed:
        table = rows.select([_known(name.strip(), rows.columns) for name in chosen.split(",")]) if chosen else rows
        _print_rows(table, as_json)
    else:
        render(rows, bounds, table_console(), by=keys, sort=sort)
        click.echo(sentence(rows, bounds))


def _compare(rows: pl.DataFrame, against: str | None, sort: str | None, as_json: bool, as_csv: bool) -> None:
    from w2s_bench.report.comparison import show_comparison

    if sort:
        raise UsageError("--sort does not go with a comparison of strategies", hint="--csv prints it for programs that sort")
    show_comparison(rows, against, as_json, as_csv)


def _copied_specs(folders: list[Path], target: Path) -> str:
    """Copy the specs of the runs beside what is published; the commands that make it again."""
    target.mkdir(parents=True, exist_ok=True)
    made, shown = [], []
    for number, folder in enumerate(folders, start=1):
        if (folder / "spec.toml").exists():
            name = "spec.toml" if len(folders) == 1 else f"spec-{number}.toml"
            (target / name).write_text((folder / "spec.toml").read_text(encoding="utf-8"), encoding="utf-8")
            made.append(f"w2s-bench run {target.as_posix()}/{name} -o run-{number}")
            shown.append(f"run-{number}")
    return "\n".join([*made, f"w2s-bench show {' '.join(shown)} --publish {target.as_posix()}"])


def _numbers(rows: pl.DataFrame, chosen: str) -> list[str]:
    """The columns named, each of them numeric."""
    names = [_known(name.strip(), rows.columns) for name in chosen.split(",")]
    for name in names:
        if not rows.schema[name].is_numeric():
            raise UsageError(f"{name} has no mean", hint="with --by, --columns names columns of numbers")
    return names


def _print_means(table: pl.DataFrame, keys: list[str], names: list[str], as_json: bool, as_csv: bool) -> None:
    from w2s_bench.report.listing import print_table, say, short
    from w2s_bench.report.table import Table, count, interval, words

    if as_json or as_csv:
        _print_rows(table, as_json)
        return
    columns = [words(key, texts=short(table[key].to_list())) for key in keys]
    columns += [count("cells"), count("seeds"), *(interval(name) for name in names)]
    print_table(Table(title="means", columns=tuple(columns), lines=tuple(table.to_dicts())))
    say(["±: 95 % over seeds (Student-t on seed means)."])


def _known(name: str, columns: list[str]) -> str:
    if name not in columns:
        raise UsageError(f"no column {name!r}", hint=nearest(name, columns))
    return name


def _print_rows(table: pl.DataFrame, as_json: bool) -> None:
    from w2s_bench.report.listing import print_csv

    if as_json:
        click.echo(table.write_json())
    else:
        print_csv(table)


def _explain_columns() -> None:
    from w2s_bench.scoring.columns import BOUNDS, ROWS

    for title, columns in (("rows", ROWS), ("bounds", BOUNDS)):
        click.echo(f"{title}:")
        for column in columns:
            marks = [column.type, column.unit, "uses truth" if column.uses_truth else "", "timing" if column.timing else "",
                     column.source]
            click.echo(f"  {column.name}: {column.meaning} ({'; '.join(mark for mark in marks if mark)})")
