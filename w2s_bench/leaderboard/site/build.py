"""A board becomes a folder of files that opens by itself. Same board, same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from w2s_bench.contracts.errors import StoreError, UsageError
from w2s_bench.leaderboard.at_hand import AtHand
from w2s_bench.leaderboard.board import Board
from w2s_bench.leaderboard.plugin_list import Pointer, read_pointers
from w2s_bench.leaderboard.site.contents import Contents
from w2s_bench.leaderboard.site.differing import Differences
from w2s_bench.leaderboard.site.downloads import download_page, downloads
from w2s_bench.leaderboard.site.feed import feed
from w2s_bench.leaderboard.site.pages import page
from w2s_bench.leaderboard.site.rendering import static_files
from w2s_bench.leaderboard.site.row_pages import row_pages
from w2s_bench.leaderboard.site.season_pages import season_pages
from w2s_bench.leaderboard.site.sent import read_sent
from w2s_bench.leaderboard.site.things import thing_pages

MADE = ".made-by-w2s-bench"
"""The file that says that a folder holds a site of ours, and so may be written anew."""


def build(leaderboard: Path, board: Board, out: Path, texts: AtHand | None = None) -> int:
    """Write the site of a board into `out`, in place of the one that it held; how many files.

    leaderboard: the folder of its index and submissions. texts: where tasks are found, to show texts of examples whose licence
    lets them; None shows ids alone. Raises UsageError for a folder that holds anything else, StoreError
    where it cannot be written, DataError for a submission that cannot be read.
    """
    contents, pointers = Contents(board, read_sent(leaderboard)), read_pointers(leaderboard)
    _emptied(out)
    try:
        return _written(out, _files(contents, Differences(contents.sent, board.season, texts), pointers))
    except OSError as error:
        raise StoreError(f"cannot write: {error.strerror}", where=str(out), hint="choose another folder with -o") from None


def _files(contents: Contents, differences: Differences, pointers: tuple[Pointer, ...]) -> Iterator[tuple[str, bytes]]:
    """Every file of the site; the pages of rows before the downloads, which hold what these have found."""
    yield from static_files().items()
    for address, text in chain(season_pages(contents), thing_pages(contents), row_pages(contents, differences),
                               page(contents, "plugins.html.j2", "plugins.html", "Plugins", pointers=pointers)):
        yield address, text.encode(errors="backslashreplace")
    offered = downloads(contents, differences.every)
    yield from ((file.address, file.content) for file in offered)
    for address, text in chain(download_page(contents, offered), [("feed.xml", feed(contents))]):
        yield address, text.encode(errors="backslashreplace")


def _written(out: Path, files: Iterator[tuple[str, bytes]]) -> int:
    out.mkdir(parents=True, exist_ok=True)
    (out / MADE).write_text("A site of w2s-bench: `w2s-bench leaderboard build` writes all of this folder anew.\n",
                            encoding="utf-8")
    folders: set[Path] = set()
    count = 0
    for address, content in files:
        path = out / address
        if path.parent not in folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            folders.add(path.parent)
        path.write_bytes(content)
        count += 1
    return count


def _emptied(out: Path) -> None:
    """Take away the site that the folder holds. Raises UsageError for a folder that holds anything else."""
    import shutil

    if not out.exists():
        return
    if not out.is_dir():
        raise UsageError("there is a file of that name", where=str(out), hint="choose a folder with -o")
    if any(out.iterdir()) and not (out / MADE).is_file():
        raise UsageError("this folder holds other things, which would be lost", where=str(out),
                         hint="choose an empty folder with -o")
    for path in out.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
