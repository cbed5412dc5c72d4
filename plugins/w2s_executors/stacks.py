"""Where a process was when it crashed or was asked, by the stacks that Python's faulthandler writes."""

from __future__ import annotations

import re
import sysconfig
from pathlib import Path

_FRAME = re.compile(r'^  File "(.+)", line (\d+) in ', re.MULTILINE)


def place_in(stacks: str) -> str:
    """File and line of the innermost frame outside the standard library, as its package names it: of the thread that crashed,
    else of the first thread of the process, which is written last. "" where there is none."""
    threads = re.split(r"\n(?=Thread 0x|Current thread 0x)", f"\n{stacks}")[1:]
    crashed = [thread for thread in threads if thread.startswith("Current") and "Fatal Python error" in stacks]
    library = sysconfig.get_path("stdlib")
    for file, line in _FRAME.findall((crashed or threads or [""])[-1]):
        if not file.startswith("<") and ("site-packages" in file or not file.startswith(library)):
            return f"{_in_its_package(Path(file))}:{line}"
    return ""


def _in_its_package(file: Path) -> str:
    folder = file.parent
    while (folder / "__init__.py").exists():
        folder = folder.parent
    return file.relative_to(folder).as_posix()
