"""Fill a page with what its commands print: every `sh` block of w2s-bench commands that has a `text` block under it.

    .venv/bin/python docs/fill.py docs/paper.md

A page runs in an empty folder with an empty home, beside the board. A block such as ```csv title="houses.csv" is a file that
its reader has written; lines `python FILE.py`, `cp FILE … FOLDER` and `pip install ./FOLDER` are run too, the last into a folder
`site` there.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"```sh\n(?P<commands>(?:(?!```).)*)```(?:\n\n```text\n(?P<printed>(?:(?!```).)*)```)?", flags=re.DOTALL)
"""Commands, and what they print where the page shows it."""
FILE = re.compile(r"```\w+ title=\"(?P<name>[\w.-]+)\"\n(?P<content>(?:(?!```).)*)```", flags=re.DOTALL)
"""A file that the reader of the page writes."""
PROGRAMS = {"w2s-bench": [sys.executable, "-c", "from w2s_bench.cli.main import main; main()"], "python": [sys.executable],
            "cp": ["cp"], "pip": [sys.executable, "-m", "pip", "--quiet"]}
"""What the first word of a line runs."""
INSTALL = re.compile(r"pip install \./[\w-]+")


def words_of(commands: str) -> list[list[str]]:
    """The words of each command of a block that runs one of PROGRAMS, its name first; of pip, what installs a folder."""
    lines = [shlex.split(line, comments=True) for line in commands.replace("\\\n", " ").splitlines()]
    known = [words for words in lines if words and words[0] in PROGRAMS]
    return [words for words in known if words[0] != "pip" or INSTALL.fullmatch(" ".join(words))]


def call_of(words: list[str]) -> list[str]:
    """What runs in place of the words of a line."""
    aside = ["--no-deps", "--target", "site"] if words[0] == "pip" else []
    return [*PROGRAMS[words[0]], *words[1:], *aside]


def tidy(printed: str) -> str:
    """Output as a page holds it: no spaces at ends of lines, one newline at the end."""
    return "\n".join(line.rstrip() for line in printed.strip("\n").splitlines()) + "\n"


def lay_out(page: str, folder: Path) -> None:
    """Puts into the folder what the commands of a page find there: the board, and the files that the page shows."""
    (folder / "leaderboard").symlink_to(ROOT / "leaderboard")
    for file in FILE.finditer(page):
        (folder / file["name"]).write_text(file["content"], encoding="utf-8")


def filled(page: str, folder: Path) -> str:
    """The page with every such text block made anew by commands that run in the folder, 120 columns wide."""
    def put(match: re.Match[str]) -> str:
        printed = said(match["commands"], folder)
        return match[0] if match["printed"] is None else f"```sh\n{match['commands']}```\n\n```text\n{printed}```"

    lay_out(page, folder)
    return BLOCK.sub(put, page)


def said(commands: str, folder: Path) -> str:
    """What the commands of a block print one after the other."""
    environment = {**os.environ, "HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "COLUMNS": "120",
                   "XDG_CONFIG_HOME": str(folder / "config"), "PYTHONPATH": str(folder / "site")}
    return tidy("".join(subprocess.run(call_of(words), cwd=folder, env=environment, check=True, text=True,
                                       stdout=subprocess.PIPE).stdout for words in words_of(commands)))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        with tempfile.TemporaryDirectory() as folder:
            path.write_text(filled(path.read_text(encoding="utf-8"), Path(folder)), encoding="utf-8")
