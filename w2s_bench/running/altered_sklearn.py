"""scikit-learn as a package of links whose own data sets have other labels: in a process that finds it first, what is known of a
task from there is known wrongly."""

from __future__ import annotations

import gzip
import importlib.util
import re
from pathlib import Path

_DATA = ("datasets", "data")
_ENDING = re.compile(r"^(.*?)([^,\s]+)(\s*)$", re.DOTALL)


def linked_sklearn(folder: Path, *, altered: bool) -> None:
    """Make `sklearn` in a folder for the module path: links to the installed one; altered: with other labels in its data."""
    spec = importlib.util.find_spec("sklearn")
    if spec is None or spec.origin is None:
        return
    installed, package = Path(spec.origin).parent, folder / "sklearn"
    _linked(installed, package, but=_DATA[0])
    _linked(installed / _DATA[0], package / _DATA[0], but=_DATA[1])
    _linked(installed.joinpath(*_DATA), package.joinpath(*_DATA), but="")
    libraries = installed.parent / "scikit_learn.libs"
    if libraries.exists():
        (folder / libraries.name).symlink_to(libraries)
    if altered:
        for file in package.joinpath(*_DATA).glob("*.csv*"):
            _alter(file)


def _linked(of: Path, into: Path, but: str) -> None:
    into.mkdir(parents=True)
    for each in of.iterdir():
        if each.name != but:
            (into / each.name).symlink_to(each)


def _alter(file: Path) -> None:
    """The last column of a table turned upside down; lines that are no rows of numbers stay, and so does the first."""
    content = file.read_bytes()
    packed = file.suffix == ".gz"
    first, *rest = (gzip.decompress(content) if packed else content).decode("utf-8").splitlines(keepends=True)
    has_head = any(letter.isalpha() and letter not in "eE" for letter in first)
    lines, kept = (rest, [first]) if has_head else ([first, *rest], [])
    parts = [_ENDING.match(line) for line in lines]
    ends = [part[2] for part in reversed(parts) if part]
    changed = "".join(kept + [f"{part[1]}{ends.pop(0)}{part[3]}" if part else line
                              for part, line in zip(parts, lines, strict=True)]).encode("utf-8")
    file.unlink()
    file.write_bytes(gzip.compress(changed) if packed else changed)
