"""`w2s-bench leaderboard compare`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from w2s_bench.cli.leaderboard.board_options import board_at, season_option

if TYPE_CHECKING:
    from w2s_bench.leaderboard.board import Board, Entry
    from w2s_bench.leaderboard.pairs import Pair


@click.command("compare")
@click.argument("first")
@click.argument("second")
@click.option("--board", "leaderboard", type=click.Path(path_type=Path, exists=True, file_okay=False), default="leaderboard",
              show_default=True, help="Folder of the board.")
@season_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(first: str, second: str, leaderboard: Path, season: str | None, as_json: bool) -> None:
    """Compare two entries of a board: the paired difference of their gains, its interval, and what that is over.

    FIRST and SECOND are names as submission/strategy, or a strategy or submission that only one entry has.
    """
    from w2s_bench.leaderboard.pairs import entry_named, pairs_of

    board = board_at(leaderboard, season)
    entries = entry_named(board, first), entry_named(board, second)
    pairs = pairs_of(board, *entries)
    if as_json:
        _print_json(board, entries, pairs)
    else:
        _print(board, entries, pairs)


def _print_json(board: Board, entries: tuple[Entry, Entry], pairs: list[Pair]) -> None:
    import msgspec

    from w2s_bench.leaderboard.pairs import verdict
    from w2s_bench.report.listing import print_data

    held = {"first": entries[0].name, "second": entries[1].name, "season": board.season.label,
            "verdict": verdict(board, *entries, pairs), "pairs": msgspec.to_builtins(pairs)}
    print_data(json.dumps(held, ensure_ascii=False, indent=1))


def _print(board: Board, entries: tuple[Entry, Entry], pairs: list[Pair]) -> None:
    from w2s_bench.leaderboard.board import Value
    from w2s_bench.leaderboard.pairs import verdict
    from w2s_bench.leaderboard.site.figures_in_words import interval
    from w2s_bench.leaderboard.site.quoting import TRUST_IN_WORDS
    from w2s_bench.registry.short_names import short_names
    from w2s_bench.report.listing import print_table, say
    from w2s_bench.report.table import listed
    from w2s_bench.report.wording import harmless
    from w2s_bench.tables.inference import MEANINGS

    names = short_names([pair.task for pair in pairs])
    lines = []
    for pair in pairs:
        told = "-" if pair.separable is None else "yes" if pair.separable else "no"
        apart = Value(pair.difference, pair.low, pair.high, pair.over, 0) if pair.difference is not None else None
        lines.append([harmless("all tasks" if pair.task is None else names[pair.task]), interval(pair.first),
                      interval(pair.second),
                      interval(apart), told, pair.over or "-"])
    heads = ("task", "first", "second", "difference", "told apart", "interval over")
    first, second = entries
    if lines:
        print_table(listed("Gain in % of the best constant's error", "", heads, lines))
    overs = dict.fromkeys(pair.over for pair in pairs if pair.over)
    say([f"first: {first.name} ({TRUST_IN_WORDS[first.trust]})", f"second: {second.name} ({TRUST_IN_WORDS[second.trust]})",
         *(f"{over}: {MEANINGS.get(over, over)}" for over in overs), verdict(board, first, second, pairs)])
