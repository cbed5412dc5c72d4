"""Distributions of strangers, written where Python finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

HOOKS = "from w2s_bench.contracts import *\nfrom w2s_bench.contracts import hookimpl\n"


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, distribution: str, points: dict[str, str], **modules: str) -> None:
    """A distribution with these entry points (name: value) and modules (name: source), for the length of a test."""
    about = folder / f"{distribution}-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    lines = "".join(f"{name} = {value}\n" for name, value in points.items())
    (about / "entry_points.txt").write_text(f"[w2s_bench]\n{lines}")
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(HOOKS + source)
    monkeypatch.syspath_prepend(str(folder))
