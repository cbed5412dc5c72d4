"""Where and how the jobs of a run are computed: in worker processes, or in this one."""

from collections.abc import Iterator

from w2s_bench.contracts import ExecutorEntry, hookimpl

requires_api = ">=1,<2"


@hookimpl
def w2s_executors() -> Iterator[ExecutorEntry]:
    yield ExecutorEntry("local", "w2s_executors.local:Local", tags=frozenset({"processes"}),
                        summary="worker processes that live on; one that dies or overruns costs only the job in its hands")
    yield ExecutorEntry("here", "w2s_executors.here:Here",
                        summary="this process, one job after another: for debuggers and profilers")
