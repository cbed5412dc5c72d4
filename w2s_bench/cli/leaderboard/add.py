"""`w2s-bench leaderboard add`."""

from __future__ import annotations

from pathlib import Path

import click

from w2s_bench.cli.leaderboard.board_options import existing_board_option


@click.command("add")
@click.argument("folder", type=click.Path(path_type=Path))
@existing_board_option
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="Your folder of data: {data} in the names of tasks stands for it.")
def command(folder: Path, leaderboard: Path, data: Path | None) -> int:
    """Check the submission in FOLDER, and put it on a board where it is taken.

    The board is as before until its index names the submission. Ends with 2 where it is refused, with a line for each thing that
    was found.
    """
    from w2s_bench.cli.leaderboard.check import as_finding, print_findings
    from w2s_bench.leaderboard.adding import add
    from w2s_bench.leaderboard.untrusted import Refused
    from w2s_bench.running.folder import writing

    try:
        with writing(leaderboard):
            checked = add(leaderboard, folder, data=data)
    except Refused as error:
        print_findings(None, (as_finding(error),), False)
        return 2
    print_findings(checked, checked.findings, False)
    if not checked.taken:
        return 2
    older = checked.submission.supersedes
    click.echo(f"{checked.submission.name} is on the board{f', in place of {older}' if older else ''}")
    return 0
