"""Where the jobs of a run are computed: on the nodes of a Ray cluster."""

from collections.abc import Iterator

from w2s_bench.contracts import ExecutorEntry, Parameter, hookimpl

requires_api = ">=1,<2"


@hookimpl
def w2s_executors() -> Iterator[ExecutorEntry]:
    yield ExecutorEntry(
        "ray", "w2s_ray.executor:Ray", tags=frozenset({"processes", "cluster"}), extra="ray", needs=("ray",),
        summary="the nodes of a Ray cluster, each with worker processes that live on; the store is one that all of them see",
        parameters=(
            Parameter("address", str, "auto", "of the cluster: HOST:PORT or ray://HOST:PORT; auto: the one that is running here; "
                      "local: started for this run on this machine", role="place", words=("auto", "local")),
            Parameter("wait", float, 120.0, "seconds to wait for the cluster, for a node to answer, and for a worker to start",
                      low=1.0, high=86400.0, role="speed"),
        ))
