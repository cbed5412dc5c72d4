"""`w2s-bench leaderboard withdraw`."""

from __future__ import annotations

from pathlib import Path

import click

from w2s_bench.cli.leaderboard.board_options import existing_board_option


@click.command("withdraw")
@click.argument("name")
@click.option("--reason", required=True, help="Why, in one line that everybody reads.")
@existing_board_option
def command(name: str, reason: str, leaderboard: Path) -> None:
    """Take the submission NAME off a board. Its line stays in the index with the reason, and so do its files."""
    from w2s_bench.leaderboard.adding import withdraw
    from w2s_bench.running.folder import writing

    with writing(leaderboard):
        stone = withdraw(leaderboard, name, reason)
    click.echo(f"{stone.name} is withdrawn; its line and its files stay")
