"""The argument and the options by which commands find a board."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from w2s_bench.contracts.errors import UsageError

if TYPE_CHECKING:
    from w2s_bench.leaderboard.board import Board

Decorated = TypeVar("Decorated", bound=Callable[..., object])

existing_board_option = click.option("--leaderboard", type=click.Path(path_type=Path, exists=True, file_okay=False),
                                     default="leaderboard", show_default=True, help="Folder of the board.")
season_option = click.option("--season", metavar="NAME", help="Season, as pilot/1.  [default: the only one that there is]")
published_option = click.option("--published", type=click.Path(path_type=Path, exists=True), metavar="PATH",
                                help="Numbers of papers, as import-published writes them: shown beside, never ordered.")


def board_at(leaderboard: Path, season: str | None, published: Path | None = None) -> Board:
    """The board of a folder. Raises UsageError where it has no season, or several and none is named; DataError as `board_of`."""
    from w2s_bench.leaderboard.board import board_of
    from w2s_bench.leaderboard.season import FOLDER, read_season

    known = sorted((leaderboard / FOLDER).glob("*.toml"))
    if not known:
        raise UsageError("there is no season, and so no board", where=str(leaderboard), hint="name a folder like leaderboard/")
    if season is None and len(known) > 1:
        labels = ", ".join(read_season(path).label for path in known)
        raise UsageError("there are several seasons", where=str(leaderboard), hint=f"choose with --season: {labels}")
    return board_of(leaderboard, season or read_season(known[0]).label, published)
