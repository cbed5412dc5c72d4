"""An environment of its own on top of the one that the tests run in: what is installed there is not seen here."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Environment:
    """An empty environment that sees what this one has, with a `w2s-bench` and a `python` of its own, and a home of its own."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def made(cls, folder: Path, **settings: str) -> Environment:
        """Make one in a folder that is not there yet. settings: more variables of what runs in it."""
        venv.create(folder, with_pip=False)
        python = folder / "bin" / "python"
        site = next((folder / "lib").glob("python*")) / "site-packages"
        ours = (str(ROOT), str(ROOT / "plugins"))
        beneath = [path for path in sys.path if Path(path).name.endswith("-packages") or path in ours]
        (site / "beneath.pth").write_text("".join(f"{path}\n" for path in beneath), encoding="utf-8")
        command = folder / "bin" / "w2s-bench"
        command.write_text(f"#!{python}\nfrom w2s_bench.cli.main import main\nmain()\n", encoding="utf-8")
        command.chmod(0o755)
        (folder / "home").mkdir()
        return cls(folder, settings)

    def __call__(self, script: str, within: Path, seconds: float = 300) -> str:
        """Run a script of the shell in a folder, as a person with this environment active would; what it printed. It stops at
        the first command that fails, and fails the test."""
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=within, env=self._variables(), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds)
        assert done.returncode == 0, f"exit {done.returncode} of\n{script}\n{done.stdout}"
        return done.stdout

    def _variables(self) -> dict[str, str]:
        home = self.folder / "home"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "W2S_BENCH"))}
        return {**kept, "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "VIRTUAL_ENV": str(self.folder),
                "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "XDG_CONFIG_HOME": str(home / "config"),
                "HF_HUB_OFFLINE": "1", "COLUMNS": "120", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_QUIET": "1", **self.settings}


_BUILDS = ("hatchling", "editables")
"""What builds a package: the backend, and what it asks for where a project is installed to be edited."""


def build_settings(folder: Path) -> dict[str, str]:
    """Settings of environments that build packages without one of pip's own for each: what builds them is installed into the
    folder, where any of it is not here already."""
    if all(importlib.util.find_spec(each) is not None for each in _BUILDS):
        return {"PIP_NO_BUILD_ISOLATION": "0"}  # pip takes this for: no isolation
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--target", str(folder), *_BUILDS], check=True)
    return {"PIP_NO_BUILD_ISOLATION": "0", "PYTHONPATH": str(folder)}
