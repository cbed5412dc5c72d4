"""A worker in a process of its own that is asked for a few jobs and ends: no schedule, no second try."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from w2s_bench.compute.messages import OfferedComponents
from w2s_bench.contracts import Outcome, Policy
from w2s_bench.contracts.errors import PluginError
from w2s_bench.planning.plan import Plan
from w2s_bench.running.altered_sklearn import linked_sklearn


@dataclass(frozen=True)
class Room:
    """Where such a process lives: the folder of its temporary files, of modules that it finds first, and of its store."""

    folder: Path

    def furnished(self, *, altered: bool) -> None:
        """Make the empty folders. altered: scikit-learn's own data sets have other labels there."""
        for name in ("tmp", "here", "modules"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        linked_sklearn(self.folder / "modules", altered=altered)

    @property
    def store(self) -> str:
        """The root of its store."""
        return str(self.folder / "store")

    def environment(self, policy: Policy) -> dict[str, str]:
        """The variables of the process: as a worker of the policy has them, with these folders, and nothing drawn by chance."""
        path = dict.fromkeys([str(self.folder / "modules"), *(where or os.getcwd() for where in sys.path)])
        gpu = policy.gpus[0] if policy.gpus else None
        return {**os.environ, **policy.environment(gpu), "PYTHONPATH": os.pathsep.join(path), "TMPDIR": str(self.folder / "tmp"),
                "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}


def computed_in(room: Room, plan: Plan, batches: Sequence[Sequence[str]], policy: Policy, seconds: float,
                command: Sequence[str] = ()) -> None:
    """Have a new worker compute batches of jobs, in their order, into the room's store. command: of one that is not the usual.
    Where a worker retires, because a job changed its process, another one goes on with what is left.

    Raises PluginError where a job fails, or the process ends or takes longer.
    """
    components = OfferedComponents(plan.jobs, plan.components)
    left = [list(batch) for batch in batches]
    while left:
        orders = b"".join(components.message(batch) for batch in left)
        try:
            done = subprocess.run(list(command or components.command(room.store)), input=orders, capture_output=True,
                                  env=room.environment(policy), cwd=room.folder / "here", timeout=seconds)
        except subprocess.TimeoutExpired:
            raise PluginError(f"took longer than {seconds:.0f} s in a process of its own") from None
        answers = [components.answer(line) for line in done.stdout.splitlines()]
        outcomes = {answer.key: answer for answer in answers if isinstance(answer, Outcome)}
        for outcome in outcomes.values():
            if outcome.status != "ok":
                raise PluginError(f"failed in a process of its own: {outcome.error}")
        left = [rest for batch in left if (rest := [key for key in batch if key not in outcomes])]
        if left and not any(outcome.retires for outcome in outcomes.values()):
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise PluginError(f"its process ended before it was done: {said[-1] if said else f'exit code {done.returncode}'}")
