"""Models of the hub: from its cache, without a network, and behind a gate, each read by another process with its own cache."""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from small_models import save_gpt2


def told_by_the_hub(path: str, home: Path, **environment: str) -> str:
    """What another process says that reads this model, with a cache of its own."""
    code = ("import small_models as t\nfrom w2s_bench.contracts.errors import DataError\n"
            f"model = t.make('hf', path={path!r})\n"
            "try: print(model.fingerprint(), model.embed(t.column(['a']), {}).values.shape)\n"
            "except DataError as error: print(error.message())\n")
    paths = [str(Path(__file__).parents[1]), *sys.path]
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120,
                         env=clean | {"HF_HOME": str(home), "PYTHONPATH": os.pathsep.join(paths)} | environment)
    assert out.returncode == 0, out.stderr
    return out.stdout


@pytest.mark.slow
def test_a_hub_model_without_network_names_itself_and_the_way_out(tmp_path: Path) -> None:
    said = told_by_the_hub("openai-community/gpt2", tmp_path, HF_HUB_OFFLINE="1")
    assert "openai-community/gpt2@main: this model is not in the cache" in said
    assert "hf[path=<folder>]" in said


@pytest.mark.slow
def test_the_snapshot_in_the_cache_is_read_and_recorded_and_pickled_weights_are_refused(tmp_path: Path) -> None:
    commit = "0123456789abcdef" * 2 + "01234567"
    snapshot = tmp_path / "hub" / "models--owner--tiny" / "snapshots" / commit
    save_gpt2(snapshot)
    (snapshot.parent.parent / "refs").mkdir()
    (snapshot.parent.parent / "refs" / "main").write_text(commit)
    said = told_by_the_hub("owner/tiny", tmp_path, HF_HUB_OFFLINE="1")
    assert said == f"owner/tiny@{commit} (1, 16)\n"
    (snapshot / "model.safetensors").rename(snapshot / "pytorch_model.bin")
    said = told_by_the_hub("owner/tiny", tmp_path, HF_HUB_OFFLINE="1")
    assert "owner/tiny@main: has no weights as safetensors; pickled ones can run code and are refused" in said


class Gate(http.server.BaseHTTPRequestHandler):
    """A hub that has one commit of a model, and gives its files to nobody."""

    def do_GET(self) -> None:
        known = self.path.startswith("/api/models/")
        body = b'{"id": "owner/gated", "sha": "%s"}' % (b"c" * 40) if known else b""
        self.send_response(200 if known else 403)
        if not known:
            self.send_header("X-Error-Code", "GatedRepo")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.send_response(403)
        self.send_header("X-Error-Code", "GatedRepo")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.mark.slow
def test_a_gated_model_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gate) as hub:
        threading.Thread(target=hub.serve_forever, daemon=True).start()
        said = told_by_the_hub("owner/gated", tmp_path, HF_HUB_OFFLINE="0", HF_ENDPOINT=f"http://127.0.0.1:{hub.server_port}")
        hub.shutdown()
    assert "owner/gated@main: this model is gated" in said and "hf auth login" in said
