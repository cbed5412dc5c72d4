"""`w2s-bench score`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from w2s_bench.cli.spec_options import complete
from w2s_bench.cli.words import as_record

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.leaderboard.own_predictions import Own

_SHOWN = ("err_weak", "err_student", "err_ceiling", "err_gold", "err_shuffled", "err_constant", "gain", "misfit", "projection",
          "realizability")


class ScoreWords(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed after `score`."""

    predictions: tuple[str, ...]
    task: str | None
    seeds: str
    data: Path | None
    out: Path | None
    weak: str
    strong: str
    strategy: str
    supervisor: str
    divergence: str | None
    as_json: bool


@click.command("score")
@click.argument("predictions", nargs=-1, required=True, metavar="PREDICTIONS...")
@click.option("--task", shell_complete=complete("tasks"), help="The task whose test examples they are of; its truth is used.")
@click.option("--seeds", default="0", show_default=True, help="The seeds that drew the split: one a file, in order, as 0..4.")
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), help="The folder that {data} stands for.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Write a folder that `leaderboard submit` takes.")
@click.option("--weak", default="own-weak", show_default=True, help="What the weak model is called in the rows.")
@click.option("--strong", default="own-strong", show_default=True, help="What the strong model is called.")
@click.option("--strategy", default="own", show_default=True, help="What the way to fit the student is called.")
@click.option("--supervisor", default="own", show_default=True, help="What the way to fit the weak model is called.")
@click.option("--divergence", help="Without a task: what the errors are measured in.  [default: the squared error]")
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
@as_record(ScoreWords)
def command(words: ScoreWords) -> None:
    """Score anybody's PREDICTIONS, from any program: no model and no run.

    A file (CSV, npz, Parquet) has a column id and a column a predictor: weak, student, ceiling, and if there are gold, base and
    shuffled; of classes one a class, as weak_0 and weak_1. A column split tells test examples (test) from the student's inputs
    (train), so that the terms on these are known too. Truth and split come from the task; without one, truth is a column.
    """
    from w2s_bench.contracts.errors import UsageError
    from w2s_bench.planning.spec import DATA
    from w2s_bench.registry.names import parse_range

    if words.task is None:
        if len(words.predictions) > 1 or words.out is not None:
            raise UsageError("several files, and a folder of rows, are of a task", hint="name it with --task")
        _print_alone(words.predictions[0], words.divergence, words.as_json)
        return
    if words.divergence is not None:
        raise UsageError("the task says what its errors are measured in", where="--divergence")
    if DATA in words.task and words.data is None:
        raise UsageError(f"the task names {DATA}, and no folder of data is given", hint="add --data FOLDER")
    seeds = parse_range(words.seeds)
    if len(seeds) != len(words.predictions):
        raise UsageError(f"{len(words.predictions)} files for {len(seeds)} seeds", where=f"--seeds {words.seeds}",
                         hint="a file holds the predictions of one seed; write the seeds in the order of the files")
    cells = _scored(words, seeds)
    if words.out is not None:
        from w2s_bench.leaderboard.own_predictions import write_own

        write_own(cells, words.out)
    for cell, path in zip(cells, words.predictions, strict=True):
        if not words.as_json:
            _print(cell.row, _lines(cell), f"{path}: {cell.row['task']}, seed {cell.row['seed']}")
    if words.as_json:
        rows = [{name: value for name, value in cell.row.items() if value is not None} for cell in cells]
        click.echo(json.dumps(rows, indent=1))
    elif words.out is not None:
        click.echo(f"Rows, bounds and predictions: {words.out}\nnext: w2s-bench leaderboard submit {words.out}")


def _scored(words: ScoreWords, seeds: tuple[int, ...]) -> list[Own]:
    from w2s_bench.contracts.errors import W2SError
    from w2s_bench.leaderboard.at_hand import AtHand
    from w2s_bench.leaderboard.own_predictions import Names, scored_on

    hand = AtHand(words.data, own=True)
    task = hand.task(str(words.task))
    names = Names(weak=words.weak, strong=words.strong, strategy=words.strategy, supervisor=words.supervisor)
    try:
        strategy = hand.strategy(words.strategy)
    except W2SError:  # a name of one's own
        strategy = None
    return [scored_on(path, task, seed, names, strategy) for path, seed in zip(words.predictions, seeds, strict=True)]


def _lines(cell: Own) -> pl.DataFrame:
    from w2s_bench.running.table_files import BOUND, table_of

    return table_of(cell.bounds, BOUND)


def _print_alone(path: str, divergence: str | None, as_json: bool) -> None:
    from w2s_bench.leaderboard.own_predictions import scored_alone

    found = scored_alone(path, divergence)
    if as_json:
        click.echo(json.dumps([dict(found.row)], indent=1))
    else:
        _print(found.row, found.bounds, path)


def _print(row: Mapping[str, object], bounds: pl.DataFrame, title: str) -> None:
    """The row's main numbers with their intervals, its flags, and what became of the bounds."""
    from w2s_bench.report.listing import print_table, table_console
    from w2s_bench.report.table import listed
    from w2s_bench.report.terminal_table import render_verdicts
    from w2s_bench.report.wording import figure, harmless

    def cell(name: str) -> str:
        value = row.get(name)
        return figure(value) if isinstance(value, float) else ""

    lines = [[name, cell(name), cell(f"{name}_se"), cell(f"{name}_low"), cell(f"{name}_high")] for name in _SHOWN
             if row.get(name) is not None]
    print_table(listed(harmless(title), f"{row['n_test']} test examples, {row['divergence']}",
                       ["", "mean", "s.e.", "low", "high"], lines))
    flags = row.get("flags")
    click.echo(f"flags: {', '.join(map(str, flags)) if isinstance(flags, list) and flags else 'none'}\n")
    if bounds.height:
        render_verdicts(bounds, table_console())
