"""`w2s-bench examples`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from w2s_bench.cli.table_options import complete_runs, runs_or_latest
from w2s_bench.cli.words import as_record

if TYPE_CHECKING:
    import polars as pl

_LONGEST = 600
"""Characters of a text in a terminal."""


class ExampleWords(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed after `examples`."""

    runs: tuple[str, ...]
    task: str | None
    most: int
    condition: str | None
    latest: bool
    store: str | None
    as_json: bool
    as_csv: bool


@click.command("examples")
@click.argument("runs", nargs=-1, shell_complete=complete_runs)
@click.option("--task", default=None, help="One task set, or one draw of it.")
@click.option("-n", "--most", type=click.IntRange(1), default=10, show_default=True, help="Examples of each task.")
@click.option("--where", "condition", default=None, help='Keep rows, as in "strategy == ridge and seed == 0".')
@click.option("--latest", is_flag=True, help="Of cells that several runs hold, keep the last run's.")
@click.option("--store", default=None, help="Store that may hold the texts.  [default: the user cache]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@as_record(ExampleWords)
def command(words: ExampleWords) -> None:
    """Show the test examples on which student and teacher differ most, and whom the truth sides with.

    Of each task in RUNS those with the largest D(student, teacher), each example once, from the predictions that a run keeps;
    with the text where the store still holds the loaded task.
    """
    import polars as pl

    from w2s_bench.report.listing import print_csv, print_json
    from w2s_bench.report.told_examples import lines_of, sentence, told
    from w2s_bench.report.wording import figure, harmless
    from w2s_bench.store.artifacts import default_store
    from w2s_bench.tables.examples import as_table, examples
    from w2s_bench.tables.filters import matching
    from w2s_bench.tables.reading import read_runs

    folders = [folder if folder.is_dir() else folder.parent for folder in runs_or_latest(words.runs)]
    rows, bounds = read_runs(folders, latest=words.latest)
    for condition in filter(None, (words.condition, _of_task(rows, words.task))):
        rows, _ = matching(rows, bounds, condition)
    found = told(examples(folders, rows, words.most, figure), words.store or default_store())
    if words.as_json or words.as_csv:
        table = as_table([each.example for each in found]).with_columns(
            pl.Series("text", [each.text or None for each in found], pl.String))
        if words.as_json:
            print_json({"examples": table.to_dicts(), "says": [sentence([each.example for each in found])]})
        else:
            print_csv(table)
        return
    for each in found:
        short = msgspec.structs.replace(each, text=each.text[:_LONGEST] + ("…" if len(each.text) > _LONGEST else ""))
        for line in lines_of(short):
            click.echo(harmless(line))
        click.echo()
    click.echo(sentence([each.example for each in found]))


def _of_task(rows: pl.DataFrame, task: str | None) -> str:
    """The filter that keeps the rows of a task set, or of one task of it."""
    if task is None:
        return ""
    text = task.replace("'", "''")
    return f"{'task' if task in rows['task'].to_list() else 'task_set'} == '{text}'"
