"""`w2s-bench show`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from w2s_bench.cli.table_options import (
    NEW_EXAMPLES,
    columns_of,
    complete_runs,
    over_option,
    runs_or_latest,
    tables_of,
    terms_over,
)
from w2s_bench.cli.words import TableWords, as_record
from w2s_bench.contracts.errors import UsageError, nearest

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.tables.inference import Terms


class ShowWords(TableWords, frozen=True, kw_only=True):
    """What is typed after `show`. chosen: columns, "?" for what they mean."""

    against: str | None
    sort: str | None
    chosen: str | None
    of_bounds: bool
    of_also: bool
    across: bool
    wide: bool
    publish: Path | None
    predictions: bool
    as_markdown: bool
    as_latex: bool


@click.command("show")
@click.argument("runs", nargs=-1, shell_complete=complete_runs)
@click.option("--by", default=None, help="Group by these columns, joined with commas; `strategy` alone compares strategies.")
@click.option("--against", default=None, help="With --by strategy: the one that the others are compared with.  "
              "[default: the one with most cells]")
@click.option("--where", "condition", default=None, help='Keep rows, as in "gain > 0 and task == diabetes".')
@click.option("--sort", default=None, help="Sort by a column; -COLUMN sorts downwards.")
@click.option("--columns", "chosen", default=None, is_flag=False, flag_value="?",
              help="These columns, joined with commas (with --by: their means); without a value: what every column means, with "
              "--json as JSON Schema.")
@click.option("--wide", is_flag=True, help="The whole table, however narrow the terminal.")
@click.option("--bounds", "of_bounds", is_flag=True, help="What became of each bound, in place of the cells.")
@click.option("--also", "of_also", is_flag=True, help="What was scored on second tasks, in place of the cells.")
@click.option("--across-seeds", "across", is_flag=True,
              help="What bounds over several seeds say of each configuration, from kept predictions, in place of the cells.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--latest", is_flag=True, help="Of cells that several runs hold, keep the last run's.")
@over_option
@click.option("--publish", type=click.Path(path_type=Path), help="Write rows, bounds and a Markdown page to this folder.")
@click.option("--predictions", is_flag=True, help="With --publish: the predictions that the runs kept too, for rescore.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown tables, as --publish writes them.")
@click.option("--latex", "as_latex", is_flag=True, help="Print LaTeX tables (booktabs), a task set each.")
@as_record(ShowWords)
def command(words: ShowWords) -> None:
    """Show the table of RUNS (folders, or names under w2s-runs/), several as one; of the latest run where none is named.

    With --by strategy each strategy is compared with one of them, on paired cells only: cells that agree in task, weak and
    strong model, supervisor and seed, and have status ok for both. What is left out is counted.
    """
    if words.chosen == "?":
        _explain_columns(words.runs, words.as_json)
        return
    from w2s_bench.running.folder import ALSO
    from w2s_bench.tables.summary import GROUPABLE

    runs = runs_or_latest(words.runs, *([ALSO] if words.of_also else []))
    words = msgspec.structs.replace(words, runs=tuple(str(_on_second_tasks(run) if words.of_also else run) for run in runs))
    rows, bounds = tables_of(words.runs, words.condition, words.latest)
    keys = columns_of(words.by, GROUPABLE)
    if words.predictions and not words.publish:
        raise UsageError("--predictions goes with --publish", hint="w2s-bench show RUN --publish FOLDER --predictions")
    compares = keys == ["strategy"] and not words.chosen and not words.of_bounds and not words.publish
    if words.against and not compares:
        raise UsageError("--against says what strategies are compared with",
                         hint="w2s-bench show RUN --by strategy --against NAME")
    if words.across:
        _print_across_seeds(rows, runs, words)
    elif words.as_markdown or words.as_latex:
        _print_text(rows, bounds, keys, words)
    elif compares and rows["strategy"].n_unique() > 1:
        _compare(rows, words)
    elif words.of_bounds:
        _print_bounds(bounds, words)
    elif words.chosen and keys:
        _print_means(rows, keys, words.chosen, words)
    else:
        _print_cells(rows, bounds, keys, words)


def _on_second_tasks(run: Path) -> Path:
    """The rows of a run's second tasks. Raises UsageError where it has none, or the run is a rows file itself."""
    from w2s_bench.running.folder import ALSO

    if not (run / ALSO).is_file():
        raise UsageError("this run has no second task", where=str(run),
                         hint='`run --also TASK` has one, or also = ["TASK"] in a [[matrix]] of its spec')
    return run / ALSO


def _print_cells(rows: pl.DataFrame, bounds: pl.DataFrame, keys: list[str] | None, words: ShowWords) -> None:
    """The cells, or groups of them, on the terminal, as a list, or published."""
    from w2s_bench.report.finding import said_of
    from w2s_bench.report.first_screen import WIDE, first_screen
    from w2s_bench.report.listing import say, table_console
    from w2s_bench.report.terminal_table import render
    from w2s_bench.tables.summary import summary

    chosen, sort = words.chosen, words.sort
    listed = words.as_json or words.as_csv or bool(chosen)
    if sort and listed:
        rows = rows.sort(_known(sort.lstrip("-"), rows.columns), descending=sort.startswith("-"), nulls_last=True)
    terms = terms_over(words.runs, words.over)
    if words.publish:
        _publish(rows, bounds, terms, words, words.publish)
    elif listed:
        table = rows.select([_known(name.strip(), rows.columns) for name in chosen.split(",")]) if chosen else rows
        _print_rows(table, words.as_json)
    else:
        console = table_console()
        if words.wide or keys or sort or not console.is_terminal or console.width >= WIDE:
            found = summary(rows, bounds, keys, terms)
            render(found, rows, console, by=keys, sort=sort)
            say([said_of(summary(rows, bounds, None, terms) if keys else found, rows)])
        else:
            first_screen(rows, bounds, console, run=shlex.join(words.runs), terms=terms)


def _publish(rows: pl.DataFrame, bounds: pl.DataFrame, terms: Terms, words: ShowWords, target: Path) -> None:
    from w2s_bench.report.publish import publish
    from w2s_bench.running.folder import find_run, writing
    from w2s_bench.running.kept import copy_kept
    from w2s_bench.running.terms import copy_terms

    folders = [find_run(name) for name in words.runs]
    with writing(target):
        made = _copied_specs(folders, target)
        publish(rows, bounds, target, made + (" --predictions" if words.predictions else ""), terms)
        copied = copy_terms(folders, rows, target)
        more = f", terms of {copied / 1e6:.1f} MB among it" if copied else ""
        if words.predictions:
            more += f", predictions of {copy_kept(folders, rows, target) / 1e6:.1f} MB among it"
    click.echo(f"wrote {target}{more}")


def _print_text(rows: pl.DataFrame, bounds: pl.DataFrame, keys: list[str] | None, words: ShowWords) -> None:
    """The cells, or groups of them, as text to paste."""
    from w2s_bench.report.listing import print_data
    from w2s_bench.report.written import latex_tables, markdown_tables

    given = {"--markdown": words.as_markdown, "--latex": words.as_latex, "--json": words.as_json, "--csv": words.as_csv,
             "--bounds": words.of_bounds, "--columns": bool(words.chosen), "--publish": bool(words.publish),
             "--sort": bool(words.sort), "--against": bool(words.against)}
    several = [name for name, is_given in given.items() if is_given]
    if len(several) > 1:
        raise UsageError(f"{several[0]} does not go with {several[1]}", hint="one of them at a time")
    tables = markdown_tables if words.as_markdown else latex_tables
    print_data(tables(rows, bounds, keys, terms_over(words.runs, words.over)).removesuffix("\n"))


def _print_across_seeds(rows: pl.DataFrame, runs: list[Path], words: ShowWords) -> None:
    from w2s_bench.report.across_seeds import show_across_seeds

    others = {"--by": bool(words.by), "--against": bool(words.against), "--sort": bool(words.sort),
              "--columns": bool(words.chosen), "--bounds": words.of_bounds, "--also": words.of_also,
              "--publish": bool(words.publish), "--markdown": words.as_markdown, "--latex": words.as_latex,
              "--over": words.over != NEW_EXAMPLES}
    for name in (name for name, is_given in others.items() if is_given):
        raise UsageError(f"--across-seeds does not go with {name}", hint="--where, --latest, --json and --csv go with it")
    show_across_seeds(rows, runs, words.as_json, words.as_csv)


def _print_bounds(bounds: pl.DataFrame, words: ShowWords) -> None:
    from w2s_bench.report.listing import table_console
    from w2s_bench.report.terminal_table import render_verdicts
    from w2s_bench.tables.summary import verdicts

    if words.as_json or words.as_csv:
        _print_rows(verdicts(bounds), words.as_json)
    else:
        render_verdicts(bounds, table_console())


def _compare(rows: pl.DataFrame, words: ShowWords) -> None:
    from w2s_bench.report.comparison import show_comparison

    if words.sort:
        raise UsageError("--sort does not go with a comparison of strategies", hint="--csv prints it for programs that sort")
    show_comparison(rows, words.against, terms_over(words.runs, words.over), words.as_json, words.as_csv)


def _copied_specs(folders: list[Path], target: Path) -> str:
    """Copy the specs of the runs beside what is published; the commands that make it again, which name no folder of this
    machine."""
    from w2s_bench.contracts import read_bytes
    from w2s_bench.contracts.files import write_whole
    from w2s_bench.running.folder import own_files, spec_text

    named = target
    if target.is_absolute():
        named = target.relative_to(Path.cwd()) if target.is_relative_to(Path.cwd()) else Path(target.name)
    target.mkdir(parents=True, exist_ok=True)
    made, shown = [], []
    for number, folder in enumerate(folders, start=1):
        if (text := spec_text(folder)) is not None:
            name = "spec.toml" if len(folders) == 1 else f"spec-{number}.toml"
            (target / name).write_text(text, encoding="utf-8")
            for file in own_files(folder):
                (target / file.kept).parent.mkdir(exist_ok=True)
                write_whole(target / file.kept, read_bytes(folder / file.kept))
            made.append(f"w2s-bench run {named.as_posix()}/{name} -o run-{number}")
            shown.append(f"run-{number}")
    return "\n".join([*made, f"w2s-bench show {' '.join(shown)} --publish {named.as_posix()}"])


def _numbers(rows: pl.DataFrame, chosen: str) -> list[str]:
    """The columns named, each of them numeric."""
    names = [_known(name.strip(), rows.columns) for name in chosen.split(",")]
    for name in names:
        if not rows.schema[name].is_numeric():
            raise UsageError(f"{name} has no mean", hint="with --by, --columns names columns of numbers")
    return names


def _print_means(rows: pl.DataFrame, keys: list[str], chosen: str, words: ShowWords) -> None:
    from w2s_bench.report.listing import print_table, say, short
    from w2s_bench.report.table import Table, count, marked_interval
    from w2s_bench.report.table import words as wordy
    from w2s_bench.report.wording import intervals_in_words
    from w2s_bench.tables.means import means
    from w2s_bench.tables.uninformed import left_out_words

    names = _numbers(rows, chosen)
    table = means(rows, keys, names, terms_over(words.runs, words.over))
    if words.as_json or words.as_csv:
        _print_rows(table, words.as_json)
        return
    columns = [wordy(key, texts=short(table[key].to_list())) for key in keys]
    columns += [count("cells"), count("seeds"), *(marked_interval(name) for name in names)]
    print_table(Table(title="means", columns=tuple(columns), lines=tuple(table.to_dicts())))
    said = f"{intervals_in_words(over for name in names for over in table[f'{name}_over'].to_list())}."
    say([said, *filter(None, [left_out_words(rows, keys)])])


def _known(name: str, columns: list[str]) -> str:
    if name not in columns:
        raise UsageError(f"no column {name!r}", hint=nearest(name, columns))
    return name


def _print_rows(table: pl.DataFrame, as_json: bool) -> None:
    from w2s_bench.report.listing import print_csv, print_data

    if as_json:
        print_data(table.write_json())
    else:
        print_csv(table)


def _explain_columns(runs: tuple[str, ...], as_json: bool) -> None:
    """What each declared column means, and which columns of RUNS nobody declared."""
    from w2s_bench.report.listing import print_data
    from w2s_bench.running.table_files import BOUND, ROW, json_schema, unknown_columns

    if as_json:
        print_data(json.dumps(json_schema(), ensure_ascii=False, indent=1))
        return
    for title, schema in (("rows", ROW), ("bounds", BOUND)):
        click.echo(f"{title}:")
        for column in schema.columns:
            marks = [column.type, column.unit, "uses truth" if column.uses_truth else "", "timing" if column.timing else "",
                     column.source]
            click.echo(f"  {column.name}: {column.meaning} ({'; '.join(mark for mark in marks if mark)})")
    for schema, table in zip((ROW, BOUND), tables_of(runs, None, True) if runs else (), strict=False):
        for name in unknown_columns(table, schema):
            click.echo(f"  {name}: {table.schema[name]}, of these {schema.name}s; no plugin here declares it")
