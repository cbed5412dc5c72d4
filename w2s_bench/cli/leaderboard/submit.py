"""`w2s-bench leaderboard submit`."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from w2s_bench.cli.table_options import complete_runs
from w2s_bench.cli.words import as_record
from w2s_bench.contracts.errors import UsageError, nearest

if TYPE_CHECKING:
    from w2s_bench.leaderboard.submission import Division


class SubmitWords(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed after `leaderboard submit`."""

    run: str
    out: Path
    name: str
    title: str
    who: tuple[str, ...]
    season: str | None
    board: Path
    division: tuple[str, ...]
    attempts: int
    citation: str
    url: str
    supersedes: str | None
    data: Path | None


@click.command("submit")
@click.argument("run", metavar="RUN|FOLDER", shell_complete=complete_runs)
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="The submission's folder, new or empty.")
@click.option("--name", required=True, help="Its name on the board: small letters, digits and -.")
@click.option("--title", required=True, help="What it is, in one line.")
@click.option("--who", required=True, multiple=True, help="Who made it; may be repeated.")
@click.option("--season", help="The season that it is meant for, as pilot/1.  [default: none]")
@click.option("--board", type=click.Path(path_type=Path), default=Path("leaderboard"), show_default=True,
              help="The board's folder, whose season says which truth may travel.")
@click.option("--division", multiple=True, metavar="[STRATEGY=]DIVISION",
              help="What its strategies see: teacher-labels (the default), unlabelled-inputs or some-truth; with STRATEGY= what "
              "one sees that differs. May be repeated.")
@click.option("--attempts", type=click.IntRange(1, 1_000_000), default=1, show_default=True,
              help="How many runs on this season's test sets stand behind it, the ones that are not sent among them.")
@click.option("--citation", default="", help="How it wants to be cited.")
@click.option("--url", default="", help="A page about it.")
@click.option("--supersedes", help="The name of an older submission that this one stands in for.")
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="The folder of the run's data files: their places are written as they are in there.")
@as_record(SubmitWords)
def command(words: SubmitWords) -> None:
    """Make a submission folder of a finished run, or of a folder that `show --publish --predictions` wrote.

    It holds the rows and bounds, what proves them (predictions, and what certifies the student), the spec and versions that made
    them, and nothing of this machine: files are named as {data}/…, and a folder, user, host or key that stands anywhere else is
    refused. The truth of a task goes along where the licence of the task is an open one.
    """
    from w2s_bench.leaderboard.season import find_season
    from w2s_bench.leaderboard.submission import Submission
    from w2s_bench.leaderboard.submitting import submit
    from w2s_bench.running.folder import find_run, writing

    of_all, of_each = _divisions(words.division)
    about = Submission(name=words.name, title=words.title, who=words.who, season=words.season, division=of_all, divisions=of_each,
                       attempts=words.attempts, citation=words.citation, url=words.url, supersedes=words.supersedes)
    season = None if words.season is None else find_season(words.board, words.season)
    with writing(words.out):
        written = submit(find_run(words.run), words.out, about, season=season, data=words.data)
    size = sum(path.stat().st_size for path in words.out.rglob("*") if path.is_file())
    click.echo(f"wrote {words.out}: {written.rows} rows, {size / 1e6:.1f} MB")
    if written.kept < written.rows:
        click.echo(f"{written.rows - written.kept} of {written.rows} rows come without predictions, and stay self-reported")
    if places := sorted({place for name in written.renamed.values() for place in re.findall(r'"(\{data\}[^"]*)"', name)}):
        click.echo(f"files are named {', '.join(places)}")
    for task, licence in written.home.items():
        click.echo(f"the truth of {task} stays here, a checker takes it from the task: {licence}")
    for strategy, division in written.submission.divisions.items():
        click.echo(f"{strategy} stands in the division {division}")
    more = f" --data {shlex.quote(str(words.data or 'FOLDER'))}" if written.renamed else ""
    click.echo(f"next: w2s-bench leaderboard check {shlex.quote(str(words.out))}{more}")


def _divisions(words: tuple[str, ...]) -> tuple[Division, dict[str, Division]]:
    """What --division says of all strategies and of each. Raises UsageError."""
    from w2s_bench.leaderboard.submission import DIVISIONS

    known = {str(name): name for name in DIVISIONS}
    of_all: Division = "teacher-labels"
    of_each: dict[str, Division] = {}
    for word in words:
        strategy, _, name = word.rpartition("=")
        if name not in known:
            raise UsageError(f"no division is called {name!r}", where="--division", hint=nearest(name, known))
        if strategy:
            of_each[strategy] = known[name]
        else:
            of_all = known[name]
    return of_all, of_each
