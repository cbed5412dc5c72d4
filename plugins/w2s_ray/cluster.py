"""A Ray cluster as a run sees it: which nodes there are, and which of them would compute what this machine would.

Most reports of Ray are of what waits for ever. Whatever is asked here has a deadline, and words for it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from w2s_bench.contracts import Components, UsageError
from w2s_ray.holder import Holder, differences

_LOOK = 2.0
"""Seconds between two looks at which nodes there are."""

_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1", "RAY_DEDUP_LOGS": "0"}


@dataclass
class Node:
    """One machine. cpus, gpus: in all. why: in words, why it is not used; None while that is not known, () where it is used."""

    id: str
    name: str
    cpus: float
    gpus: float
    since: float = field(default_factory=time.monotonic)
    answer: Any = None
    why: tuple[str, ...] | None = None

    def words(self) -> str:
        """What it offers."""
        return f"{self.name} offers {self.cpus:g} CPU{'' if self.cpus == 1 else 's'} and {gpus_in_words(self.gpus)}"


class Cluster:
    """nodes: those that are alive, by their ids. wait: seconds that each thing may take."""

    def __init__(self, address: str, components: Components, store: str, wait: float) -> None:
        self.address, self.wait = address, wait
        self.nodes: dict[str, Node] = {}
        self._check, self._expected = components.check()
        self._seen = _left_in(store)
        self._looked = -_LOOK

    def look(self) -> list[str]:
        """See which nodes there are, and ask the new ones what is installed there; in words, those that are refused now."""
        import ray

        if time.monotonic() - self._looked > _LOOK:
            self._looked = time.monotonic()
            alive = {node["NodeID"]: node for node in ray.nodes() if node["Alive"]}
            self.nodes = {key: self.nodes.get(key) or self._met(node) for key, node in alive.items()}
        refused = []
        for node in self.nodes.values():
            if node.why is None:
                node.why = self._answer(node)
                if node.why:
                    refused.append(f"the node {node.name} is not used: {'; '.join(node.why)}")
        return refused

    def usable(self) -> list[Node]:
        """The nodes that compute what this machine would."""
        return [node for node in self.nodes.values() if node.why == ()]

    def undecided(self) -> bool:
        """Whether a node has not answered yet."""
        return any(node.why is None for node in self.nodes.values())

    def worker(self, node: Node, resources: Mapping[str, float], *words: Any) -> Any:
        """An actor on a node that holds a worker, as the words say to `Holder`; it is there when it answers.

        resources: num_cpus, num_gpus, memory (bytes).
        """
        import ray

        return ray.remote(Holder).options(max_restarts=0, max_task_retries=0, scheduling_strategy=_on(node),
                                          **resources).remote(*words)

    def close(self) -> None:
        """Take away what was left in the store."""
        with contextlib.suppress(FileNotFoundError):
            if self._seen:
                os.remove(self._seen)

    def _met(self, found: Mapping[str, Any]) -> Node:
        import ray

        node = Node(found["NodeID"], found["NodeManagerHostname"], found["Resources"].get("CPU", 0.0),
                    found["Resources"].get("GPU", 0.0))
        same = sum(other.name == node.name for other in self.nodes.values())
        node.name += f" ({node.id[:6]})" if same or _several(found["NodeManagerHostname"]) else ""
        node.answer = ray.remote(differences).options(num_cpus=0, max_retries=0, scheduling_strategy=_on(node)).remote(
            self._check, self._expected, self._seen, self.wait)
        return node

    def _answer(self, node: Node) -> tuple[str, ...] | None:
        """Why a node is not used, in words, () if it is, None before it has answered."""
        import ray

        if not ray.wait([node.answer], timeout=0)[0]:
            late = time.monotonic() - node.since > self.wait + _LOOK
            return (f"it did not answer within {self.wait:g} s",) if late else None
        try:
            return tuple(ray.get(node.answer, timeout=self.wait))
        except ray.exceptions.RayError as error:
            return (last_line(error),)


@contextlib.contextmanager
def connected(address: str, wait: float, debug: bool) -> Iterator[None]:
    """Ray, connected to a cluster, or to the one that this process is connected to already. Raises UsageError."""
    with _put_back():
        import ray

        if ray.is_initialized():
            yield
        else:
            with _connected_anew(address, wait, debug):
                yield


@contextlib.contextmanager
def _connected_anew(address: str, wait: float, debug: bool) -> Iterator[None]:
    import ray

    _reachable(address, wait)
    said: list[BaseException] = []
    ready, over = threading.Event(), threading.Event()

    def connect() -> None:
        try:
            ray.init(address, log_to_driver=debug, logging_level=logging.WARNING if debug else logging.ERROR,
                     **({"include_dashboard": False, "_node_ip_address": "127.0.0.1"} if address == "local" else {}))
        except BaseException as error:
            said.append(error)
        ready.set()
        over.wait()  # what Ray starts ends with the thread that started it

    thread = threading.Thread(target=connect, daemon=True)  # what waits for ever waits there
    with _variables(_QUIET):
        thread.start()
        answered = ready.wait(wait)
    try:
        if not answered or said:
            raise _no_cluster(address, last_line(said[0]) if said else f"nothing within {wait:g} s")
        yield
    finally:
        ray.shutdown()
        over.set()
        thread.join(_LOOK if answered else 0.0)


def _reachable(address: str, wait: float) -> None:
    """Raise UsageError where nobody listens at an address: Ray itself would end this process without a word for it."""
    place = os.environ.get("RAY_ADDRESS", "") if address == "auto" else address
    host, _, port = place.rpartition("://")[2].rpartition(":")
    if not host or not port.isdigit():
        return
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=wait):
            return
    except OSError as error:
        raise _no_cluster(address, f"{error.strerror or error} at {place}") from None


def _no_cluster(address: str, why: str) -> UsageError:
    return UsageError(f"no Ray cluster answers: {why}", where=f"ray[address={address}]",
                      hint="`ray start --head` starts one on this machine, and ray[address=local] one for this run alone")


def refuse_private(store: str) -> None:
    """Raise UsageError for a store that other machines cannot see."""
    protocol = store.partition("://")[0] if "://" in store else ""
    if store.startswith("memory:") or protocol in ("memory", "http", "https"):
        raise UsageError("the nodes of a cluster do not see this store, or cannot write it", where=store,
                         hint="a folder on a file system that all of them mount, or a URL such as s3://BUCKET/FOLDER")


def last_line(error: BaseException) -> str:
    """The last line of an error that says something."""
    cause = getattr(error, "cause", None)
    text = f"{type(cause).__name__}: {cause}" if isinstance(cause, BaseException) else str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _left_in(store: str) -> str:
    """A file in the store's folder, which every node must see; "" for a URL."""
    if "://" in store and not store.startswith("file://"):
        return ""
    folder = os.path.join(os.path.abspath(os.path.expanduser(store.removeprefix("file://"))), "tmp")
    path = os.path.join(folder, f"seen-{uuid.uuid4().hex[:12]}")
    try:
        os.makedirs(folder, exist_ok=True)
        with open(path, "wb"):
            return path
    except OSError as error:
        raise UsageError(f"the store cannot be written: {error.strerror}", where=store,
                         hint="choose another with --store") from None


def _on(node: Node) -> Any:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(node.id, soft=False)


def _several(host: str) -> bool:
    import ray

    return [node["NodeManagerHostname"] for node in ray.nodes() if node["Alive"]].count(host) > 1


def gpus_in_words(number: float) -> str:
    """A number of GPUs, or a share of one."""
    return f"{number:g} GPU{'' if number == 1 else 's'}" if number else "no GPU"


@contextlib.contextmanager
def _put_back() -> Iterator[None]:
    """At its end the path of modules, and the variables that Ray sets for itself, are those of its beginning."""
    path, before = sys.path[:], _of_ray()
    try:
        yield
    finally:
        sys.path[:] = path
        for name in _of_ray():
            del os.environ[name]
        os.environ.update(before)


def _of_ray() -> dict[str, str]:
    """Variables of the environment that are Ray's, and the one that it points at its own debugger."""
    return {name: value for name, value in os.environ.items() if name.startswith("RAY_") or name == "PYTHONBREAKPOINT"}


@contextlib.contextmanager
def _variables(wanted: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update({name: value for name, value in wanted.items() if before[name] is None})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
