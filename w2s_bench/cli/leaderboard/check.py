"""`w2s-bench leaderboard check`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from w2s_bench.leaderboard.checked import Checked, Finding
    from w2s_bench.leaderboard.untrusted import Refused

_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command("check")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--season", "season_file", type=click.Path(path_type=Path), metavar="FILE",
              help="The season that it is for, as leaderboard/seasons/NAME.toml.  [default: the one that it names, of the board]")
@click.option("--data", type=_FOLDER, help="Your folder of data: {data} in the names of tasks stands for it.")
@click.option("--board", type=_FOLDER, help="Compare with the submissions of this board.  [default: the season's]")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Write what was derived to this folder.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(folder: Path, season_file: Path | None, data: Path | None, board: Path | None, out: Path | None,
            as_json: bool) -> int:
    """Check the submission in FOLDER: its form, its ids, and every number, which is derived here from its predictions.

    Ends with 0 where it is taken, and with 2 where it is refused, with a line for each thing that was found. Nothing in FOLDER is
    run or written.
    """
    from w2s_bench.contracts.errors import DataError
    from w2s_bench.leaderboard.checked import write_checked
    from w2s_bench.leaderboard.checking import check
    from w2s_bench.leaderboard.season import FOLDER, read_season
    from w2s_bench.leaderboard.untrusted import Refused

    season = None if season_file is None else read_season(season_file)
    if board is None and season_file is not None and season_file.resolve().parent.name == FOLDER:
        board = season_file.resolve().parent.parent
    elif board is None and season_file is None and (Path("leaderboard") / FOLDER).is_dir():
        board = Path("leaderboard")
    try:
        checked = check(folder, season=season, data=data, board=board)
    except Refused as error:
        print_findings(None, (as_finding(error),), as_json)
        return 2
    if out is not None:
        try:
            write_checked(checked, out)
        except OSError as error:
            raise DataError(f"cannot be written: {error.strerror}", where=str(out)) from None
    print_findings(checked, checked.findings, as_json)
    return 0 if checked.taken else 2


def as_finding(error: Refused) -> Finding:
    """A refusal as one of the things that a check found."""
    from w2s_bench.leaderboard.checked import Finding

    return Finding("refused", error.where, f"{error.what}{f'; {error.hint}' if error.hint else ''}")


def print_findings(checked: Checked | None, findings: tuple[Finding, ...], as_json: bool) -> None:
    """What a check found, a line each, and last whether the submission is taken. checked: None for a folder that is none."""
    from w2s_bench.report.wording import harmless

    taken = checked is not None and checked.taken
    trusts = dict(checked.rows["trust"].value_counts().sort("trust").iter_rows()) if checked is not None else {}
    if as_json:
        told = [{"severity": each.severity, "where": each.where, "sentence": each.sentence} for each in findings]
        click.echo(json.dumps({"taken": taken, "rows": trusts, "findings": told}, indent=1))
        return
    for each in findings:
        click.echo(harmless(f"{each.severity}: {f'{each.where}: ' if each.where else ''}{each.sentence}"))
    rows = ", ".join(f"{count} {trust}" for trust, count in trusts.items())
    click.echo(f"{'taken' if taken else 'refused'}{f': {rows}' if rows else ''}")
