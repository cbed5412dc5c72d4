"""The workers of a run on the nodes of a cluster, and where there is room for more of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from w2s_bench.contracts import Policy, Signs
from w2s_ray.cluster import Cluster, Node


@dataclass(eq=False)
class Worker:
    """A worker on a node. name: the same for whoever takes its place there. gpus: its share. held: the jobs in its hands, all of
    one group.

    answer: what is to come from it. given: how many jobs it got last. started: when it was asked for; there, ready: whether its
    holder has answered, and its process. apart: seconds of a processor that those used which it started in other sessions.
    """

    name: str
    node: Node
    gpus: float
    cpus: float
    actor: Any
    started: float
    held: dict[str, None] = field(default_factory=dict)
    group: str = ""
    given: int = 0
    answer: Any = None
    there: bool = False
    ready: bool = False
    signs: Signs = field(default_factory=Signs)
    apart: float = 0.0


class Places:
    """workers: those that there are. shares: of a GPU that jobs ask for, ascending. full: nodes that started no worker in time,
    and when that was found."""

    def __init__(self, cluster: Cluster, policy: Policy, shares: list[float]) -> None:
        self.cluster, self.policy, self.shares = cluster, policy, shares
        self.workers: list[Worker] = []
        self.full: dict[str, float] = {}

    def cpus(self, node: Node) -> float:
        """Processors of a worker there."""
        return min(float(self.policy.threads), node.cpus)

    def with_room(self, gpus: float, now: float) -> list[Node]:
        """Nodes on which a worker of so many GPUs may be started, those with the fewest first; an entry for each worker."""
        if self.policy.workers != "auto" and len(self.workers) >= self.policy.workers:
            return []
        left = math.inf if self.policy.workers == "auto" else self.policy.workers - len(self.workers)
        places: list[tuple[int, int, Node]] = []
        for number, node in enumerate(self.cluster.usable()):
            if node.id in self.full and now - self.full[node.id] < self.cluster.wait:
                continue
            there = sum(worker.node is node for worker in self.workers)
            places += [(there + more, number, node) for more in range(self.room(node, gpus))]
        places.sort(key=lambda place: place[:2])
        return [node for *_, node in (places if left == math.inf else places[:int(left)])]

    def room(self, node: Node, gpus: float, without: Sequence[Worker] = ()) -> int:
        """How many more workers of so many GPUs a node has room for; processors that its GPUs will need are not given away."""
        mine = [worker for worker in self.workers if worker.node is node and worker not in without]
        each = self.cpus(node)
        cpus, share = node.cpus - sum(worker.cpus for worker in mine), node.gpus - sum(worker.gpus for worker in mine)
        if not each:
            return 0
        if gpus:
            return max(0, min(math.floor(cpus / each), math.floor(share / gpus + 1e-9)))
        kept = math.floor(share / self.shares[0] + 1e-9) * each if self.gpu_shares() else 0.0
        return max(0, math.floor((cpus - kept) / each))

    def gpus_here(self) -> bool:
        """Whether GPUs are asked for at all: the device is not the processor, and a node has one."""
        return self.policy.device != "cpu" and (self.policy.device.startswith("cuda")
                                                or any(node.gpus for node in self.cluster.nodes.values()))

    def gpu_shares(self) -> list[float]:
        """The shares that are asked for, where GPUs are."""
        return self.shares if self.gpus_here() else []

    def free_name(self, node: Node) -> str:
        """A name for a worker there, that of one that is gone."""
        taken = {worker.name for worker in self.workers}
        return next(name for number in itertools.count(1) if (name := f"{node.name} {number}") not in taken)
