"""Another machine is asked whether it would compute the same, before a job goes there."""

from __future__ import annotations

import subprocess

import msgspec

from w2s_bench.compute.alike import Expected, differences, expected
from w2s_bench.compute.messages import OfferedComponents
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.loading import load_registry

MATRIX = Matrix(("diabetes",), models=("raw", "random-features[width=8]"), strategies=("mix",))
PLAN = make_plan(RunSpec("p", (MATRIX,)), load_registry())
HERE = expected(PLAN.components.values())


def told(**changes: object) -> list[str]:
    return list(differences(msgspec.structs.replace(HERE, **changes)))


def test_a_machine_like_this_one_has_nothing_to_say_as_the_command_asks_it() -> None:
    command, text = OfferedComponents(PLAN.jobs, PLAN.components).check()
    done = subprocess.run(command, input=text, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"") and msgspec.json.decode(text, type=Expected) == HERE


def test_the_plugins_of_what_is_run_and_of_what_measures_it_are_asked_for() -> None:
    assert {"w2s_bench", "w2s_probes", "w2s_tabular", "w2s_theory"} <= HERE.sources.keys()
    assert {"numpy", "scipy"} <= HERE.libraries.keys()


def test_each_difference_is_told_with_both_sides() -> None:
    assert told(version="9.9") == ["w2s-bench is 0.1.0, not 9.9"]
    assert told(libraries={**HERE.libraries, "no-such-library": "2"}) == ["no-such-library is not installed, not 2"]
    assert told(libraries={**HERE.libraries, "numpy": "1.0"})[0].startswith("numpy is ")
    core, probes = HERE.sources["w2s_bench"][1], HERE.sources["w2s_probes"][1]
    other = {"w2s_bench": ("w2s-bench", "0" * 64), "w2s_probes": ("w2s_probes", "1" * 64), "stars": ("stars", "2")}
    assert told(sources={**HERE.sources, **other}) == ["the plugin stars is not installed",
                                   f"w2s-bench is of another source: {core[:12]}, not 000000000000",
                                   f"the plugin w2s_probes is of another source: {probes[:12]}, not 111111111111"]
