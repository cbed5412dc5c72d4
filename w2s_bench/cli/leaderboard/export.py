"""`w2s-bench leaderboard export`."""

from __future__ import annotations

from pathlib import Path

import click

from w2s_bench.cli.leaderboard.board_options import board_at, existing_board_option, season_option


@click.command("export")
@click.option("--format", "form", type=click.Choice(["every-eval-ever"]), required=True,
              help="every-eval-ever: the shared schema of evaluation results, a JSON file for each entry and strong model.")
@existing_board_option
@season_option
@click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder, new or empty.")
def command(form: str, leaderboard: Path, season: str | None, out: Path) -> None:
    """Write the entries of a board in a schema that others read, each number with its trust and what its interval is over."""
    from w2s_bench.leaderboard.evaluation_schema import records, write_records
    from w2s_bench.running.folder import writing

    found = records(leaderboard, board_at(leaderboard, season))
    with writing(out):
        write_records(found, out)
    click.echo(f"wrote {len(found)} records of {form} to {out}")
