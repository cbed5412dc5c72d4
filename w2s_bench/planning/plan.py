"""What is to be computed: cells, and the jobs that they share, upstream before downstream."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from w2s_bench.contracts.digests import digest
from w2s_bench.planning.gathering import NOTHING, Gathering
from w2s_bench.planning.recipes import STAGES, Job, Score
from w2s_bench.planning.spec import RunSpec
from w2s_bench.registry.component import Component


class Cell(NamedTuple):
    """One weak-to-strong experiment. key: that of its score job."""

    key: str
    task: Component
    weak: Component
    strong: Component
    strategy: Component
    supervisor: Component
    seed: int


class SecondTask(NamedTuple):
    """A second task that a cell is scored on; key: that of the job."""

    task: Component
    key: str


class Part(NamedTuple):
    """Which part of a whole plan a plan is. name: as it is asked for, such as 3/8."""

    name: str
    whole: Plan


@dataclass(frozen=True)
class Plan:
    """cells in the order of the spec; jobs by key, upstream before downstream; components by key.

    panels: by cell key, the named panels of the spec that hold the cell. skipped: why cells of the spec are left out, by
    the reason, with their number. unmeasured: in words, the divergences, metrics and bounds that cannot be used. inputs: in
    words, which columns of a file are the input x of a task, and why the others are not. absent: in words, the files of a hub
    that are neither here nor to be had now, and where they were looked for. also: by cell key, the
    second tasks that its predictors are scored on, each with the key of the job that does. gathering: which jobs gain by being
    computed with those of other places. part: of which whole it is a part, None for a whole.
    """

    spec: RunSpec
    cells: tuple[Cell, ...]
    jobs: dict[str, Job]
    components: dict[str, Component]
    panels: Mapping[str, tuple[str, ...]]
    skipped: Mapping[str, int]
    unmeasured: tuple[str, ...]
    inputs: tuple[str, ...]
    also: Mapping[str, tuple[SecondTask, ...]]
    absent: tuple[str, ...] = ()
    gathering: Gathering = NOTHING
    part: Part | None = None

    @functools.cached_property
    def run_id(self) -> str:
        """Digest of the spec and of every planned cell; a part has that of its whole."""
        if self.part is not None:
            return self.part.whole.run_id
        return digest([self.spec.to_toml(), [cell.key for cell in self.cells]])[:12]

    def stages(self) -> dict[str, int]:
        """How many jobs there are of each stage."""
        counts = Counter(job.stage for job in self.jobs.values())
        return {stage: counts[stage] for stage in STAGES}

    def score_of(self, cell: Cell) -> Score:
        """The recipe of a cell's score, which names all that the cell rests on."""
        recipe = self.jobs[cell.key].recipe
        assert isinstance(recipe, Score)
        return recipe

    def upstream(self, key: str) -> set[str]:
        """Keys of a job and of all that it rests on."""
        found: set[str] = set()
        pending = [key]
        while pending:
            current = pending.pop()
            if current not in found:
                found.add(current)
                pending.extend(self.jobs[current].needs)
        return found
