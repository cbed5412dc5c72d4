"""An executor: computes one job after another in this process, and counts them."""

import sys
from collections import Counter

from w2s_bench.contracts import UsageError


class Counting:
    def __init__(self, most: int = 0) -> None:
        self.most = most

    def run(self, schedule, components, store, policy):
        if policy.timeout not in ("auto", "none"):
            raise UsageError("counting cannot end a job that overruns", where="--timeout", hint="take --executor local")
        counts = Counter()
        workbench = components.workbench(store)
        while batch := schedule.take():
            size = self.most or len(batch)
            for start in range(0, len(batch), size):
                for outcome in workbench.run(batch[start:start + size]):
                    counts[outcome.status] += 1
                    yield from schedule.finish(outcome)
        print("counted", ", ".join(f"{number} {status}" for status, number in sorted(counts.items())), file=sys.stderr)
