"""Fill a page with what its commands print: every `sh` block of w2s-bench commands and the `text` block under it.

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
PAIR = re.compile(r"```sh\n(?P<commands>.*?)```\n\n```text\n(?P<printed>.*?)```", flags=re.DOTALL)


def said(commands: str) -> str:
    """What the lines of a block print one after the other, from the root of the project, 120 columns wide."""
    printed = []
    for line in commands.replace("\\\n", " ").splitlines():
        words = shlex.split(line)
        if words[0] != "w2s-bench":
            raise ValueError(f"only w2s-bench is run: {line}")
        program = [sys.executable, "-c", "from w2s_bench.cli.main import main; main()", *words[1:]]
        done = subprocess.run(program, cwd=ROOT, env={**os.environ, "COLUMNS": "120"}, capture_output=True, text=True, check=True)
        printed.append(done.stdout)
    return "\n".join(line.rstrip() for line in "".join(printed).strip("\n").splitlines()) + "\n"


def filled(page: str) -> str:
    """The page with every such text block made anew."""
    def put(match: re.Match[str]) -> str:
        return f"```sh\n{match['commands']}```\n\n```text\n{said(match['commands'])}```"

    return PAIR.sub(put, page)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
