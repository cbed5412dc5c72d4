"""One spec, computed in eight ways: one process or several, two nodes of a cluster, in shards, on a disk and on S3."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import fsspec
import pytest
from conftest import Command
from run_bytes import run_bytes

pytestmark = pytest.mark.slow
cluster_utils = pytest.importorskip("ray.cluster_utils", reason="Ray is not installed: pip install 'w2s-bench[ray]'")
moto_server = pytest.importorskip("moto.server", reason="moto's S3 server is not installed")
pytest.importorskip("s3fs", reason="s3fs is not installed: pip install 'w2s-bench[s3]'")

MATRIX = ("--task", "diabetes", "--task", "mlp", "--models", "raw", "--models", "random-features[width=8]", "--strategy", "ridge",
          "--strategy", "least-squares", "--strategy", "adamw-head[epochs=5]", "--strategy", "mix", "--supervisor", "ridge",
          "--seeds", "0..1", "--threads", "1")
CELLS = 2 * 2 * 4 * 2


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    for name, value in (("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.get_host_and_port()[1]}"), ("AWS_ACCESS_KEY_ID", "me"),
                        ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(name, value)
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    fsspec.filesystem("s3").mkdir("bucket")
    yield "s3://bucket"
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    server.stop()


@pytest.fixture
def cluster(bucket: str) -> Iterator[Any]:
    """Two nodes, which reach the bucket."""
    found = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    found.add_node(num_cpus=1)
    yield found
    found.shutdown()


def test_eight_ways_to_compute_a_spec_leave_the_same_bytes(w2s: Command, bucket: str, cluster: Any) -> None:
    command = Command(w2s.folder, apart=True)
    on_ray = ("--executor", f"ray[address={cluster.address}]", "-j", "auto")
    ways = {
        "here": ("--executor", "here", "--store", "d1"), "one worker": ("-j", "1", "--store", "d2"),
        "two workers": ("-j", "2", "--store", "d3"), "four workers": ("-j", "4", "--store", "d4"),
        "two nodes": (*on_ray, "--store", "d5"), "S3": ("-j", "2", "--store", f"{bucket}/one"),
        "two nodes, S3": (*on_ray, "--store", f"{bucket}/two")}
    found = {}
    for way, means in ways.items():
        done = command("run", *MATRIX, *means, "-o", way, check=0)
        assert f"{CELLS} ok; 0 jobs" not in done.stdout and f"{CELLS} ok;" in done.stdout, "computed anew"
        found[way] = run_bytes(w2s.folder / way)
    for number, store in ((1, "d6"), (2, f"{bucket}/three"), (3, "d7")):
        command("run", *MATRIX, "--shard", f"{number}/3", "--store", store, "-o", f"shard {number}", check=0)
    command("merge", "shard 3", "shard 1", "shard 2", "-o", "shards", check=0)
    found["shards"] = run_bytes(w2s.folder / "shards")
    assert len(found) == 8 and [way for way in found if found[way] != found["here"]] == []
    assert sum(name.startswith("predictions/") for name in found["here"]) == 3
