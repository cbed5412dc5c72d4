"""How long `w2s-bench --help` takes beside a bare `import click, pluggy`, in one run: best of 15 each, interleaved.

    .venv/bin/python benchmarks/startup.py
"""

from __future__ import annotations

import subprocess
import sys
import time

HELP = [sys.executable, "-c", "from w2s_bench.cli.main import main; main()", "--help"]
BARE = [sys.executable, "-c", "import click, pluggy"]


def seconds(command: list[str]) -> float:
    """Wall time of one process."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Print both times and their ratio."""
    times = [(seconds(HELP), seconds(BARE)) for _ in range(15)]
    shown, bare = (min(column) for column in zip(*times, strict=True))
    print(f"--help {1000 * shown:.0f} ms, import click, pluggy {1000 * bare:.0f} ms, ratio {shown / bare:.2f} (at most 1.5)")


if __name__ == "__main__":
    main()
