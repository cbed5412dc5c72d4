"""What may lie in the place of something of a store."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path


def _removed(place: Path) -> None:
    if place.is_symlink() or place.is_file():
        place.unlink()
    elif place.exists():
        shutil.rmtree(place)


def _file(place: Path) -> None:
    place.write_bytes(b"mine")


def _folder(place: Path) -> None:
    place.mkdir()
    (place / "mine.txt").write_text("mine")


def _dangling(place: Path) -> None:
    place.symlink_to(place.parent / "nowhere")


def _loop(place: Path) -> None:
    place.symlink_to(place.name)


def _outside(place: Path) -> None:
    outside = next(parent for parent in place.parents if (parent / "store").is_dir()) / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "mine.txt").write_text("mine")
    place.symlink_to(outside, target_is_directory=True)


def _pipe(place: Path) -> None:
    os.mkfifo(place)


OTHERS: dict[str, Callable[[Path], None]] = {
    "file": _file, "folder": _folder, "dangling link": _dangling, "link loop": _loop, "link to outside": _outside, "pipe": _pipe}


def put_in_place(what: str, place: Path) -> None:
    """Put something else where something of a store lies. The store is `store` in a folder of the test's own."""
    _removed(place)
    OTHERS[what](place)
