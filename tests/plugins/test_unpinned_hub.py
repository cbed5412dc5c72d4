"""A data set of the hub whose revision is a branch: the plan settles on a commit, and the run reads that one, the first time."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest
from conftest import Command
from hub_fixtures import write_fixture
from w2s_text import labelled_sets

COMMIT = "ab" * 20


@dataclass
class Hub:
    """A hub on this machine with one data set. url: where it answers. main: the commit of its branch."""

    name: str
    files: Path
    main: str = COMMIT
    url: str = ""
    asked: list[str] = field(default_factory=list)

    def entries(self) -> list[dict[str, object]]:
        found = [file for file in sorted(self.files.rglob("*")) if file.is_file()]
        return [{"type": "file", "path": file.relative_to(self.files).as_posix(), "size": file.stat().st_size,
                 "oid": "cd" * 20, "rfilename": file.relative_to(self.files).as_posix()} for file in found]

    def inside(self, folder: str, *, whole: bool) -> list[dict[str, object]]:
        """The files and folders of a folder, or all that is below it."""
        parents = {parent.as_posix() for e in self.entries() for parent in Path(str(e["path"])).parents} - {"."}
        every = [*self.entries(), *({"type": "directory", "path": parent, "oid": "ef" * 20} for parent in parents)]
        folder = folder or "."
        return [e for e in every for path in [Path(str(e["path"]))]
                if (Path(folder) in path.parents if whole else path.parent == Path(folder))]

    def answer(self, path: str, query: str, body: str) -> tuple[int, bytes, dict[str, str]]:
        about = f"/api/datasets/{self.name}"
        if path == about or path.startswith(f"{about}/revision/"):
            wanted = path.rpartition("/revision/")[2] if "/revision/" in path else "main"
            if wanted not in ("main", self.main):
                return 404, b"", {"X-Error-Code": "RevisionNotFound"}
            return self.json({"id": self.name, "sha": self.main, "siblings": self.entries(), "private": False, "tags": []})
        if path.startswith(f"{about}/tree/"):
            inside = path[len(f"{about}/tree/"):].partition("/")[2]
            return self.json(self.inside(inside, whole="recursive=True" in query))
        if path.startswith(f"{about}/paths-info/"):
            wanted_paths = urllib.parse.parse_qs(body).get("paths") or json.loads(body or "{}").get("paths", [])
            folders = {parent.as_posix() for e in self.entries() for parent in Path(str(e["path"])).parents}
            return self.json([e for e in self.entries() if e["path"] in wanted_paths] + [
                {"type": "directory", "path": name, "oid": "ef" * 20} for name in wanted_paths if name in folders - {"."}])
        if path.startswith(f"/datasets/{self.name}/resolve/"):
            revision, _, name = path[len(f"/datasets/{self.name}/resolve/"):].partition("/")
            file = self.files / name
            if revision == self.main and file.is_file():
                return 200, file.read_bytes(), {"ETag": f'"{"cd" * 20}"', "X-Repo-Commit": self.main}
        return 404, b"", {"X-Error-Code": "EntryNotFound"}

    @staticmethod
    def json(value: object) -> tuple[int, bytes, dict[str, str]]:
        return 200, json.dumps(value).encode(), {"Content-Type": "application/json"}


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            split = urllib.parse.urlsplit(self.path)
            path = urllib.parse.unquote(split.path)
            hub.asked.append(f"{self.command} {path}")
            status, content, headers = hub.answer(path, split.query, self.rfile.read(length).decode())
            first, last = 0, len(content)
            if status == 200 and self.headers.get("Range"):
                start, _, end = self.headers["Range"].removeprefix("bytes=").partition("-")
                first, last = int(start), min(int(end or last) + 1, last)
                status, headers = 206, {**headers, "Content-Range": f"bytes {first}-{last - 1}/{len(content)}"}
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(last - first)}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content[first:last])

        do_HEAD = do_POST = do_GET

        def log_message(self, *words: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    declared = labelled_sets.BOOLQ
    write_fixture(declared, tmp_path / "hub")
    with serving(Hub(declared.hub, tmp_path / "hub")) as found:
        yield found


def at(hub: Hub, w2s: Command) -> dict[str, str]:
    """The environment of a user of this hub, with an empty cache."""
    plain = {name: value for name, value in w2s.environment.items() if not name.lower().endswith("_proxy")}
    return plain | {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_HOME": str(w2s.folder / "hf"), "HF_HUB_DISABLE_XET": "1"}


def run(hub: Hub, w2s: Command, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(w2s.words(*words), cwd=w2s.folder, env=at(hub, w2s), capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_a_set_without_a_pinned_commit_runs_at_once_and_again(hub: Hub, w2s: Command) -> None:
    matrix = ("run", "--task", "boolq", "--models", "nano[steps=0,width=[8,16],layers=1,context=16]", "--strategy", "logistic",
              "--supervisor", "logistic", "--store", "store")
    first = run(hub, w2s, *matrix, "-o", "r1")
    assert first.returncode == 0, first.stdout + first.stderr + "\n".join(hub.asked)
    rows = pl.read_parquet(w2s.folder / "r1" / "rows.parquet")
    assert rows["status"].unique().to_list() == ["ok"]
    assert set(rows["fingerprint_task"]) == {f"google/boolq[]@{COMMIT}"}
    again = run(hub, w2s, *matrix, "-o", "r2")
    assert "; 0 jobs computed" in again.stdout, again.stdout + again.stderr


PLANNED = """
import sys
from w2s_bench.registry.loading import load_registry
registry = load_registry()
task = registry.one("tasks", sys.argv[1])
print(task.fingerprint, task.create().source.revision or '-', task.identity, task.label)
"""


def planned(hub: Hub, w2s: Command, name: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", PLANNED, name], env={**os.environ, **at(hub, w2s)}, capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.slow
def test_the_jobs_get_the_commit_that_the_plan_saw_and_the_seeds_do_not_know_it(hub: Hub, w2s: Command) -> None:
    fingerprint, revision, identity, label = planned(hub, w2s, "boolq")
    assert (fingerprint, revision, label) == (f"google/boolq[]@{COMMIT}", COMMIT, "boolq")
    hub.main = "ba" * 20
    later = planned(hub, w2s, "boolq")
    assert later == [f"google/boolq[]@{hub.main}", hub.main, identity, "boolq"]


@pytest.mark.slow
def test_a_hub_that_does_not_answer_pins_nothing_and_the_seeds_are_the_same(hub: Hub, w2s: Command) -> None:
    identity = planned(hub, w2s, "boolq")[2]
    hub.url = "http://127.0.0.1:9"
    assert planned(hub, w2s, "boolq") == ["google/boolq[]@main", "-", identity, "boolq"]
