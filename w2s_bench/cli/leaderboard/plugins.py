"""`w2s-bench leaderboard plugins`."""

from __future__ import annotations

from pathlib import Path

import click

from w2s_bench.cli.leaderboard.board_options import existing_board_option


@click.command("plugins")
@existing_board_option
@click.option("--check", is_flag=True, help="Print nothing of them, only whether each entry is as it must be.")
@click.option("--addresses", is_flag=True, help="Print what pip installs, and the name of the plugin, a line each.")
def command(leaderboard: Path, check: bool, addresses: bool) -> None:
    """List the plugins that others published: where each lies, at which commit, and what the conformance kit said of it.

    Nothing is fetched. An entry is a file in plugins/ of the board's folder; docs/board-site.md says what it holds.
    """
    from w2s_bench.leaderboard.plugin_list import read_pointers

    found = read_pointers(leaderboard)
    if check:
        click.echo(f"{len(found)} entr{'y' if len(found) == 1 else 'ies'}, each as it must be")
        return
    for each in found:
        if addresses:
            click.echo(f"{each.address} {each.name}")
            continue
        click.echo(f"{each.name}  {each.summary}\n  adds {', '.join(each.adds)}; {each.licence}; API {each.requires_api}\n"
                   f"  pip install '{each.address}'\n  conformance: {each.kit.words if each.kit else 'not run'}")
