"""What each stage of the harness leaves for fixed components, against committed numbers: they guard the versions in FOUNDATIONS.

`python tests/compute/test_golden_numbers.py` writes the numbers anew, of stages whose version was raised, and those of jobs that
there were not before; of no other.
"""

from __future__ import annotations

import functools
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from made_components import Computed, computed, made_plan

from w2s_bench.planning.recipes import FOUNDATIONS, STAGES, Stage, leaves
from w2s_bench.store.artifacts import Artifact

FILE = Path(__file__).with_name("golden_numbers.json")
PLANS = {
    "numbers": {"strategy": "lines[truth_share=0.25]"},
    "numbers, no pool": {"task": "words[pooled=false]"},
    "classes": {"task": "words[reading=classes]", "weak": "letters[degree=2]"}}
TOLERANCE = {"rtol": 1e-7, "atol": 1e-10}
"""What another processor's sums may differ by; a stage that changed differs by more."""


@functools.cache
def found() -> Mapping[Stage, dict[str, Any]]:
    """What the jobs of each stage leave, by plan and number of the job."""
    left: dict[Stage, dict[str, Any]] = {stage: {} for stage in STAGES}
    for name, words in PLANS.items():
        with tempfile.TemporaryDirectory() as root:
            made = computed(made_plan(**words), Path(root))
            for stage, keys in made.keys.items():
                for number, key in enumerate(keys):
                    left[stage][f"{name} {number}"] = summary(whole(made, key))
    return left


def whole(made: Computed, key: str) -> Artifact:
    """What a job left, the truth of loaded splits among it."""
    found = [made.store.load(left) for left in leaves(made.plan.jobs[key])]
    return Artifact({name: array for each in found for name, array in each.arrays.items()}, found[-1].payload)


def summary(artifact: Artifact) -> dict[str, Any]:
    """An artifact in a few numbers: of each array its shape, its type, its sum, and one in which each place counts."""
    return {"arrays": {name.replace("\0", " "): of_array(array) for name, array in sorted(artifact.arrays.items())},
            "payload": artifact.payload}


def of_array(array: np.ndarray) -> list[Any]:
    values = array.astype(np.float64).ravel()
    return [list(array.shape), str(array.dtype), float(values.sum()), float(values @ np.cos(np.arange(len(values))))]


def differences(before: Any, after: Any, place: str) -> list[str]:
    """Where two summaries differ by more than rounding."""
    if isinstance(before, dict) and isinstance(after, dict):
        names = dict.fromkeys([*before, *after])
        return [line for name in names for line in differences(before.get(name), after.get(name), f"{place} › {name}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [line for at, pair in enumerate(zip(before, after, strict=True)) for line in differences(*pair, f"{place}[{at}]")]
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (before, after))
    same = bool(np.isclose(before, after, **TOLERANCE)) if numbers else before == after
    return [] if same else [f"{place}: {before} was, {after} is"]


def committed() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return kept


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_leaves_what_its_version_left(stage: Stage) -> None:
    assert committed()[stage]["version"] == FOUNDATIONS[stage], \
        f"the version of {stage} changed: python {FILE.parent}/test_golden_numbers.py writes its numbers"
    changed = differences(committed()[stage]["left"], found()[stage], stage)
    assert not changed, "\n".join([
        f"the stage {stage} leaves something else than version {FOUNDATIONS[stage]} of it did: where that is meant, raise its "
        f"version in FOUNDATIONS (planning/recipes.py), and python {FILE.parent}/test_golden_numbers.py writes its numbers",
        *changed[:10]])


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_numbers_that_would_show_a_change(stage: Stage) -> None:
    left = committed()[stage]["left"]
    assert len(left) >= len(PLANS) and differences(left, {**left, next(iter(left)): None}, stage)


def write() -> None:
    """Write the numbers of stages whose version is another than that of the file, and of jobs that the file does not know."""
    kept = committed() if FILE.exists() else {}
    for stage in STAGES:
        if kept.get(stage, {}).get("version") != FOUNDATIONS[stage]:
            kept[stage] = {"version": FOUNDATIONS[stage], "left": found()[stage]}
            print(f"{stage}: written")
        elif changed := differences(known := kept[stage]["left"], {job: found()[stage].get(job) for job in known}, stage):
            sys.exit(f"{stage} changed and its version did not: raise it in FOUNDATIONS first ({changed[0]})")
        kept[stage]["left"] = found()[stage]
    FILE.write_text(written(kept), encoding="utf-8")


def written(kept: Mapping[str, Any]) -> str:
    """As JSON with one job a line."""
    stages = []
    for stage in STAGES:
        jobs = ",\n".join(f"  {json.dumps(name)}: {json.dumps(left, ensure_ascii=False, sort_keys=True)}"
                          for name, left in kept[stage]["left"].items())
        stages.append(f'"{stage}": {{"version": {kept[stage]["version"]}, "left": {{\n{jobs}}}}}')
    return "{" + ",\n".join(stages) + "}\n"


if __name__ == "__main__":
    write()
