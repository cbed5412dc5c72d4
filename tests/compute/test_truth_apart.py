"""The truth of loaded splits lies by itself, and only who is fitted on it and who measures reads it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from made_components import computed, made_plan

from w2s_bench.compute.splits import stored_splits
from w2s_bench.compute.workshop import Workshop
from w2s_bench.planning.groups import reads_truth
from w2s_bench.planning.recipes import Fit, Load, leaves, truth_key
from w2s_bench.store.artifacts import Store


def asked(root: Path, monkeypatch: pytest.MonkeyPatch, **words: str) -> tuple[dict[str, set[str]], dict[str, bool]]:
    """By job of a plan, each in a worker of its own: the artifacts that it reads, and whether it is one that may read truth."""
    plan = made_plan(**words)
    made = computed(plan, root)
    read: dict[str, set[str]] = defaultdict(set)
    load = Store.load

    def seen(store: Store, key: str) -> object:
        read[current].add(key)
        return load(store, key)

    monkeypatch.setattr(Store, "load", seen)
    for current, job in plan.jobs.items():
        made.store.drop(current)
        (outcome,) = Workshop(made.store, plan.components).run([job])
        assert outcome.status == "ok", outcome.error + outcome.trace
    shares = {key: plan.components[key].create() for key in {
        job.recipe.strategy for job in plan.jobs.values() if isinstance(job.recipe, Fit)}}
    told = {key: not isinstance(job.recipe, Load) and reads_truth(
        job.recipe, lambda strategy: float(getattr(shares[strategy], "truth_share", 0.0))) for key, job in plan.jobs.items()}
    return read, told


@pytest.mark.parametrize("words", [
    {}, {"strategy": "lines[truth_share=0.25]"}, {"task": "words[pooled=false]"},
    {"task": "words[reading=classes]", "weak": "letters[degree=2]"}])
def test_who_may_read_the_truth_reads_it_and_nobody_else(words: dict[str, str], tmp_path: Path,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    read, told = asked(tmp_path, monkeypatch, **words)
    truths = {truth_key(key) for key, job in made_plan(**words).jobs.items() if len(leaves(job)) > 1}
    assert truths
    assert {key for key in told if read[key] & truths} == {key for key, may in told.items() if may}
    assert 0 < sum(told.values()) < len(told)


def test_what_a_load_leaves_under_its_own_key_has_no_labels(tmp_path: Path) -> None:
    made = computed(made_plan(), tmp_path)
    (load,) = [key for key in made.keys["load"] if len(leaves(made.plan.jobs[key])) > 1]
    truth = made.store.load(truth_key(load)).arrays
    assert {name.rpartition("/")[2] for name in truth} == {"truth"} and len(truth) == 3
    values = {value for array in truth.values() for value in array.ravel().tolist()}
    held = [array for array in made.store.load(load).arrays.values() if array.dtype.kind == "f"]
    assert not any(values <= set(array.ravel().tolist()) for array in held)
    for part, name in (("supervise", "supervise/truth"), ("transfer", "transfer/truth"), ("test", "test/truth")):
        assert np.array_equal(getattr(stored_splits(made.store, load).splits, part).truth, truth[name])


@pytest.mark.parametrize("lost", [0, 1])
def test_a_load_of_which_one_half_is_gone_is_loaded_again_and_both_are_there(lost: int, tmp_path: Path) -> None:
    made = computed(made_plan(), tmp_path)
    (load,) = [key for key in made.keys["load"] if len(leaves(made.plan.jobs[key])) > 1]
    before = [made.store.load(key).arrays for key in leaves(made.plan.jobs[load])]
    made.store.drop(leaves(made.plan.jobs[load])[lost])
    (outcome,) = Workshop(made.store, made.plan.components).run([made.plan.jobs[load]])
    assert outcome.status == "ok"
    for key, arrays in zip(leaves(made.plan.jobs[load]), before, strict=True):
        again = made.store.load(key).arrays
        assert again.keys() == arrays.keys() and all(again[name].tobytes() == array.tobytes() for name, array in arrays.items())
