"""Who is weak and who is strong is declared before anything is computed, and is in the score's key alone."""

from __future__ import annotations

import pytest

from w2s_bench.contracts import DIRECTIONS
from w2s_bench.planning.plan import Plan
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.recipes import Score
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.catalogue import Registry
from w2s_bench.registry.loading import load_registry

SMALL, LARGE, ALIKE = "random-features[width=8]", "random-features[width=16]", "random-features[width=8,seed=1]"
RAW = "raw"


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry()


def planned(registry: Registry, *matrices: dict[str, tuple[str, ...]]) -> Plan:
    return make_plan(RunSpec("t", tuple(Matrix(**{"tasks": ("diabetes",), "seeds": (0, 1, 2), **words})  # type: ignore[arg-type]
                                        for words in matrices)), registry)


def directions(plan: Plan) -> dict[tuple[str, str], set[tuple[str, str | None]]]:
    """What stands in the recipes of each pair's scores."""
    found: dict[tuple[str, str], set[tuple[str, str | None]]] = {}
    for cell in plan.cells:
        recipe = plan.jobs[cell.key].recipe
        assert isinstance(recipe, Score) and recipe.direction in DIRECTIONS
        found.setdefault((cell.weak.label, cell.strong.label), set()).add((recipe.direction, recipe.direction_by))
    return found


def test_the_sides_of_a_spec_declare_a_direction_whatever_sizes_say(registry: Registry) -> None:
    assert directions(planned(registry, {"weak": (RAW, LARGE), "strong": (SMALL,)})) == {
        (RAW, SMALL): {("weak-to-strong", "sides")}, (LARGE, SMALL): {("weak-to-strong", "sides")}}


def test_all_pairs_declare_none_but_by_sizes_of_one_family_and_each_pair_has_one_for_all_seeds(registry: Registry) -> None:
    assert directions(planned(registry, {"models": (SMALL, LARGE, ALIKE)})) == {
        (SMALL, LARGE): {("weak-to-strong", "size")}, (LARGE, SMALL): {("strong-to-weak", "size")},
        (ALIKE, LARGE): {("weak-to-strong", "size")}, (LARGE, ALIKE): {("strong-to-weak", "size")},
        (SMALL, ALIKE): {("undirected", None)}, (ALIKE, SMALL): {("undirected", None)}}
    assert directions(planned(registry, {"models": (SMALL, RAW)})) == {
        (SMALL, RAW): {("undirected", None)}, (RAW, SMALL): {("undirected", None)}}


def test_one_panel_s_sides_are_the_word_of_the_spec_for_the_other_panels(registry: Registry) -> None:
    found = directions(planned(registry, {"models": (SMALL, RAW)}, {"weak": (SMALL,), "strong": (RAW,)}))
    assert found == {(SMALL, RAW): {("weak-to-strong", "sides")}, (RAW, SMALL): {("strong-to-weak", "sides")}}
    assert len(planned(registry, {"models": (SMALL, RAW)}, {"weak": (SMALL,), "strong": (RAW,)}).cells) == 6


def test_sides_that_name_a_pair_both_ways_declare_nothing_of_it(registry: Registry) -> None:
    assert directions(planned(registry, {"weak": (SMALL, LARGE, RAW), "strong": (SMALL, LARGE, RAW)})) == {
        **{(name, name): {("same", "model")} for name in (SMALL, LARGE, RAW)},
        (SMALL, LARGE): {("weak-to-strong", "size")}, (LARGE, SMALL): {("strong-to-weak", "size")},
        **{pair: {("undirected", None)} for pair in ((SMALL, RAW), (RAW, SMALL), (LARGE, RAW), (RAW, LARGE))}}


def test_a_direction_is_in_the_key_of_the_score_and_of_nothing_else(registry: Registry) -> None:
    sided, paired = (planned(registry, words) for words in ({"weak": (SMALL,), "strong": (RAW,)}, {"models": (SMALL, RAW)}))
    apart = sided.jobs.keys() - paired.jobs.keys()
    assert {sided.jobs[key].stage for key in apart} == {"score"} and len(apart) == 3
