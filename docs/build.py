"""Build the site of the documents, strictly, and check the links of what was built. Needs the extra `docs`; no network.

    .venv/bin/python docs/build.py -o /tmp/w2s-docs                    # one site, as it stands
    .venv/bin/python docs/build.py -o pages --version 0.2              # pages/0.2, pages/latest, pages/versions.json
    .venv/bin/python -m http.server -d /tmp/w2s-docs                   # look at it: its search asks the server for a file

What a page needs from outside docs/ (the README, CONTRIBUTING, CHANGELOG and so on) is put beside the pages before Zensical reads
them, with the links turned, so that no copy of it is kept. A link to a file that is in the repository alone becomes its path.
"""

from __future__ import annotations

import argparse
import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from links import dead_links

ROOT = Path(__file__).resolve().parent.parent
OUTSIDE = {"README.md": "project/readme.md", "CONTRIBUTING.md": "project/contributing.md", "CHANGELOG.md": "project/changelog.md",
           "CODE_OF_CONDUCT.md": "project/code-of-conduct.md", "SECURITY.md": "project/security.md",
           "leaderboard/README.md": "project/leaderboard.md"}
"""Files outside docs/ that are pages, where they exist, and what they are called on the site."""
CARRIED = {".md", ".png", ".svg", ".css", ".js", ".json", ".ipynb"}
"""What is taken from docs/: its programs are not."""
LINK = re.compile(r"^```.*?^```"
                  r"|(?P<before>\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\()(?P<target>[^)#\s]*)(?P<anchor>#[^)\s]*)?\)"
                  r"|`[^`\n]+`", flags=re.DOTALL | re.MULTILINE)
"""A block of code, a link or a piece of code, whichever comes first: what looks like a link in code is none."""

FIRST = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>w2s-bench</title><meta http-equiv="refresh" content="0; url=latest/">
<a href="latest/">w2s-bench</a></html>
"""
"""The page above the versions."""


def sources(root: Path = ROOT) -> dict[str, Path]:
    """Every file of the site, by its place there."""
    inside = {path.relative_to(root / "docs").as_posix(): path for path in sorted((root / "docs").rglob("*"))
              if path.suffix in CARRIED and "__pycache__" not in path.parts}
    return inside | {place: root / name for name, place in OUTSIDE.items() if (root / name).exists()}


def turned(page: str, source: Path, place: str, places: dict[Path, str]) -> str:
    """The page with its links as they are to be from `place`; places: of each file of the site."""
    def link(match: re.Match[str]) -> str:
        target, anchor = match["target"] or "", match["anchor"] or ""
        if not target or re.match(r"[a-z]+:", target):
            return match[0]
        wanted = (source.parent / target).resolve()
        if wanted in places:
            return f"{match['before']}{posixpath.relpath(places[wanted], posixpath.dirname(place) or '.')}{anchor})"
        if not wanted.exists():
            raise FileNotFoundError(f"{source}: a link leads to {target}, which is not there")
        path = wanted.relative_to(ROOT).as_posix()
        return match["text"] if path in match["text"].strip("`/") else f"{match['text']} (`{path}`)"

    return LINK.sub(link, page)


def stage(folder: Path, version: str = "") -> None:
    """Write what Zensical reads to `folder`: mkdocs.yml and docs/. With a version, pages have a menu of versions."""
    found = sources()
    places = {path.resolve(): place for place, path in found.items()}
    for place, path in found.items():
        target = folder / "docs" / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            target.write_text(turned(path.read_text(encoding="utf-8"), path, place, places), encoding="utf-8")
        else:
            shutil.copyfile(path, target)
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    menu = "extra:\n  version:\n    provider: mike\n    alias: true\n" if version else ""
    (folder / "mkdocs.yml").write_text(config + menu, encoding="utf-8")


def build(target: Path, version: str = "") -> None:
    """Build the site into the folder `target`, which is replaced. Raises SystemExit where Zensical warns or a link is dead."""
    with tempfile.TemporaryDirectory() as scratch:
        stage(Path(scratch), version)
        done = subprocess.run([sys.executable, "-m", "zensical", "build", "--strict", "-f", "mkdocs.yml"], cwd=scratch, text=True,
                              capture_output=True, env={**os.environ, "NO_COLOR": "1"})
        said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
        if done.returncode or "No issues found" not in said:
            raise SystemExit(f"{said}\nthe site was not built")
        if dead := dead_links(Path(scratch) / "site"):
            raise SystemExit("\n".join([*dead, f"{len(dead)} links of the site lead nowhere"]))
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(Path(scratch) / "site", target)


def order(version: str) -> tuple[bool, list[int]]:
    """Versions in order, oldest first; a name that is no number, as `dev`, before all of them."""
    return bool(re.fullmatch(r"[\d.]+", version)), [int(part) for part in re.findall(r"\d+", version)]


def publish(folder: Path, version: str) -> None:
    """Build this version beside those in `folder`; `latest` is a copy of the newest, where the first page leads."""
    build(folder / version, version)
    names = {path.parent.name for path in folder.glob("*/sitemap.xml")} - {"latest"}
    versions = sorted(names, key=order, reverse=True)
    shutil.rmtree(folder / "latest", ignore_errors=True)
    shutil.copytree(folder / versions[0], folder / "latest")
    listed = [{"version": name, "title": name, "aliases": ["latest"] if name == versions[0] else []} for name in versions]
    (folder / "versions.json").write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
    (folder / "index.html").write_text(FIRST, encoding="utf-8")
    (folder / ".nojekyll").touch()


def main() -> None:
    """The words of the command line."""
    words = argparse.ArgumentParser(description="Build the site of the documents.")
    words.add_argument("-o", "--output", type=Path, required=True, help="folder that the site, or its versions, are written to")
    words.add_argument("--version", default="", help="build it as this version, in a folder of its own beside the others")
    said = words.parse_args()
    if said.version:
        publish(said.output, said.version)
    else:
        build(said.output)
    print(f"{said.output}: {sum(1 for _ in said.output.rglob('*.html'))} pages")


if __name__ == "__main__":
    main()
