"""Fill a page with what its commands print: every `sh` block of w2s-bench commands that has a `text` block under it.

    .venv/bin/python docs/fill.py docs/paper.md
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"```sh\n(?P<commands>(?:(?!```).)*)```(?:\n\n```text\n(?P<printed>(?:(?!```).)*)```)?", flags=re.DOTALL)
"""Commands, and what they print where the page shows it."""


def words_of(commands: str) -> list[list[str]]:
    """The words of each w2s-bench command of a block."""
    lines = [shlex.split(line) for line in commands.replace("\\\n", " ").splitlines()]
    return [words[1:] for words in lines if words and words[0] == "w2s-bench"]


def tidy(printed: str) -> str:
    """Output as a page holds it: no spaces at ends of lines, one newline at the end."""
    return "\n".join(line.rstrip() for line in printed.strip("\n").splitlines()) + "\n"


def filled(page: str) -> str:
    """The page with every such text block made anew, from the root of the project, 120 columns wide."""
    def put(match: re.Match[str]) -> str:
        return match[0] if match["printed"] is None else f"```sh\n{match['commands']}```\n\n```text\n{said(match['commands'])}```"

    return BLOCK.sub(put, page)


def said(commands: str) -> str:
    """What the commands of a block print one after the other."""
    program = [sys.executable, "-c", "from w2s_bench.cli.main import main; main()"]
    return tidy("".join(subprocess.run([*program, *words], cwd=ROOT, env={**os.environ, "COLUMNS": "120"}, check=True, text=True,
                                       capture_output=True).stdout for words in words_of(commands)))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
