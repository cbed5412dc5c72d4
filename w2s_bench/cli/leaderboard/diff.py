"""`w2s-bench leaderboard diff`."""

from __future__ import annotations

from pathlib import Path

import click

from w2s_bench.cli.leaderboard.board_options import board_at, season_option

_BOARD = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command("diff")
@click.argument("before", metavar="A", type=_BOARD)
@click.argument("after", metavar="B", type=_BOARD)
@season_option
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown, as for a comment on a pull request.")
def command(before: Path, after: Path, season: str | None, as_markdown: bool) -> int:
    """What the board B changes beside the board A, two folders: entries, numbers, order and ties.

    Each new entry is shown beside two that stand in A, the best and the middle one of its kind, and beside the older self that it
    supersedes. Ends with 2 where B lacks something that stood in the index of A.
    """
    from w2s_bench.leaderboard.difference import difference
    from w2s_bench.leaderboard.review import sentences, superseded_by, tables
    from w2s_bench.report.listing import print_data, print_table, say
    from w2s_bench.report.rendering import as_markdown as escaped
    from w2s_bench.report.rendering import filled

    boards = board_at(before, season), board_at(after, season)
    found = difference(*boards, superseded_by(after))
    if as_markdown:
        said = "\n".join(f"- {escaped(sentence)}" for sentence in sentences(found))
        print_data(f"{said}\n\n{filled('tables.md.j2', tables=tables(found))}".rstrip("\n"))
    else:
        say(sentences(found))
        for table in tables(found):
            click.echo()
            print_table(table)
    return 2 if found.gone else 0
