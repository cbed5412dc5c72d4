"""`w2s-bench leaderboard build`."""

from __future__ import annotations

from pathlib import Path

import click

from w2s_bench.cli.leaderboard.board_options import board_at, published_option, season_option


@click.command("build")
@click.argument("leaderboard", type=click.Path(path_type=Path, exists=True, file_okay=False), default="leaderboard")
@season_option
@published_option
@click.option("--texts", is_flag=True, help="Show the texts of examples, of tasks that are at hand and whose licence lets them.")
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="Your folder of data: {data} in the names of tasks stands for it.")
@click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False), default="site", show_default=True,
              help="Folder to write; a site that lies there is made anew.")
def command(leaderboard: Path, season: str | None, published: Path | None, texts: bool, data: Path | None,
            out: Path) -> None:
    """Build the site of the board in the folder LEADERBOARD (by default leaderboard/).

    It is a static folder: open its index.html, or copy it to any host. Same board, same bytes.
    """
    from w2s_bench.leaderboard.at_hand import AtHand
    from w2s_bench.leaderboard.site.build import build

    files = build(leaderboard, board_at(leaderboard, season, published), out, AtHand(data) if texts else None)
    click.echo(f"wrote {out / 'index.html'} and {files - 1} files beside it")
