"""`w2s-bench leaderboard season`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from w2s_bench.cli.settings import SettableGroup
from w2s_bench.cli.table_options import complete_runs
from w2s_bench.cli.words import as_record

if TYPE_CHECKING:
    from w2s_bench.leaderboard.season import Season

_DATA = click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False),
                     help="The folder of the run's data files: their places are written as they are in there, as {data}/….")
_FILE = click.Path(path_type=Path, dir_okay=False)


class NewWords(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed after `leaderboard season new`."""

    run: str
    out: Path
    name: str
    title: str
    version: str
    opens: str
    closes: str
    rule: tuple[str, ...]
    reference: str | None
    data: Path | None


@click.group("season", cls=SettableGroup)
def command() -> None:
    """Make a season of a finished run, show it with its resolution floor, and check a run by it."""


@command.command("new")
@click.argument("run", metavar="RUN", shell_complete=complete_runs)
@click.option("-o", "--out", type=_FILE, required=True, help="The season's file, which must be new.")
@click.option("--name", required=True, help="Small letters, digits and -, as pilot.")
@click.option("--title", required=True, help="What it is, in one line.")
@click.option("--version", default="1.0", show_default=True, help="N.X: rows of one N are comparable.")
@click.option("--opens", default="", help="A day, as 2026-11-27.")
@click.option("--closes", default="", help="A day.")
@click.option("--rule", multiple=True, help="A sentence of its rules; may be repeated.")
@click.option("--reference", help="The strategy whose gold, shuffled and ceiling are the lines of these controls.  [default: the "
              "first of the run that is no control]")
@_DATA
@as_record(NewWords)
def new(words: NewWords) -> None:
    """Freeze the tasks, settings, seeds and splits of a finished run as a season, and print its resolution floor.

    The unit of a task is the error of its best constant, the mean over the run's seeds.
    """
    from w2s_bench.contracts.errors import UsageError
    from w2s_bench.leaderboard.freezing import About, freeze
    from w2s_bench.running.folder import find_run

    if words.out.exists():
        raise UsageError("there is a season already, and one that was opened is never written again", where=str(words.out))
    made = freeze(find_run(words.run), About(words.name, words.title, words.version, words.opens, words.closes, words.rule),
                  reference=words.reference, data=words.data)
    words.out.parent.mkdir(parents=True, exist_ok=True)
    words.out.write_text(made.to_toml(), encoding="utf-8")
    _say(made)


@command.command("show")
@click.argument("file", type=_FILE)
@click.option("--entries", type=click.IntRange(2, 10_000), default=10, show_default=True,
              help="Entries of each output kind among which a difference has to stand.")
def show(file: Path, entries: int) -> None:
    """Print a season, and the smallest paired difference that its design can tell apart."""
    from w2s_bench.leaderboard.season import read_season

    _say(read_season(file), entries)


@command.command("check")
@click.argument("file", type=_FILE)
@click.argument("run", metavar="RUN", shell_complete=complete_runs)
@_DATA
def check(file: Path, run: str, data: Path | None) -> None:
    """Say whether the splits of a run are those that a season fixed. Exit code 2 where not: they belong to a new season."""
    from w2s_bench.contracts.errors import DataError
    from w2s_bench.leaderboard.freezing import mismatches
    from w2s_bench.leaderboard.season import read_season
    from w2s_bench.running.folder import find_run

    season = read_season(file)
    found = mismatches(season, find_run(run), data)
    if found:
        raise DataError(f"{len(found)} things are not what season {season.label} fixed:\n  " + "\n  ".join(found), where=run)
    click.echo(f"{run}: its cells of season {season.label} have the splits that it fixed")


def _say(season: Season, entries: int = 10) -> None:
    from w2s_bench.leaderboard.floor import floors

    click.echo(f"Season {season.label} (version {season.version}): {season.title}")
    for task in season.tasks:
        seeds = f"{len(task.seeds)} seed{'s' if len(task.seeds) > 1 else ''}"
        settings = f"{len(task.settings)} setting{'s' if len(task.settings) > 1 else ''}"
        click.echo(f"  {task.name}: {task.output} in {task.divergence}, unit {task.unit:.4g}, {settings}, {seeds}, "
                   f"truth {task.truth}, {task.licence or 'no licence given'}")
        if task.controls:
            click.echo("    " + ", ".join(f"{name} {gain:+.3f}" for name, gain in task.controls.items()) + " (gain / unit)")
    for floor in floors(season, entries):
        click.echo(f"\n{floor.sentence}")
