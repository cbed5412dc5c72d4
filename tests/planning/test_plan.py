"""The plan shares work, and its keys follow from what a job reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from w2s_bench.contracts import Embedding, ModelEntry, Outcome, PreparedModel
from w2s_bench.contracts.errors import PluginError
from w2s_bench.contracts.seeds import seed_for
from w2s_bench.planning.plan import Plan
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.recipes import Embed, Fit, Prepare, Recipe, job
from w2s_bench.planning.spec import Matrix, RunSpec, spec_from_toml
from w2s_bench.registry.catalogue import Registered, Registry
from w2s_bench.registry.loading import load_registry
from w2s_bench.running.schedule import Schedule


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry()


def planned(registry: Registry, **changes: object) -> Plan:
    models = ("raw", "random-features[width=[8,16]]")
    words: dict[str, object] = {"tasks": ("diabetes",), "models": models, "seeds": (0, 1), **changes}
    return make_plan(RunSpec("t", (Matrix(**words),)), registry)  # type: ignore[arg-type]


def test_cells_share_loads_embeddings_weak_fits_and_ceilings(registry: Registry) -> None:
    stages = planned(registry, strategies=("least-squares",), supervisors=("ridge",)).stages()
    tasks, models, seeds, pairs = 1, 3, 2, 6
    assert stages["load"] == tasks * seeds and stages["embed"] == models * seeds
    assert stages["prepare"] == 2 * seeds
    weak, ceiling, gold, base, shuffled = models, models, models, models, pairs
    assert stages["fit"] == stages["predict"] == (weak + ceiling + gold + base + shuffled + pairs) * seeds
    assert stages["score"] == pairs * seeds


def test_gold_is_the_weak_fit_where_strategy_and_supervisor_are_one(registry: Registry) -> None:
    stages = planned(registry, strategies=("ridge",), supervisors=("ridge",)).stages()
    assert stages["fit"] == (3 + 3 + 3 + 6 + 6) * 2


def test_more_strategies_add_fits_and_no_embedding(registry: Registry) -> None:
    one, two = planned(registry).stages(), planned(registry, strategies=("ridge", "least-squares")).stages()
    assert one["embed"] == two["embed"] and one["load"] == two["load"] and one["fit"] < two["fit"]


@pytest.mark.parametrize(("model", "variants", "prepares"), [
    ("nano[steps=8,corpus=python,checkpoint=[0,1,4,end]]", 4, 1),
    ("nano[steps=8,corpus=python,checkpoint=[1,2],pooling=[mean,last],column=[text,smiles]]", 8, 1),
    ("nano[steps=8,corpus=python,checkpoint=[0,end],width=[16,32]]", 4, 2),
    ("nano[steps=8,checkpoint=[0,end],pooling=[mean,last]]", 4, 2)])
def test_models_that_read_one_training_share_its_job(registry: Registry, tmp_path: Path, model: str, variants: int,
                                                     prepares: int) -> None:
    (tmp_path / "t.csv").write_text("text,smiles,label\n" + "".join(f"text {i},C{i},{i}\n" for i in range(9)))
    plan = planned(registry, tasks=(f'text[path="{(tmp_path / "t.csv").as_posix()}"]',), models=(model,), seeds=(0, 1))
    trainings = [made for made in plan.jobs.values() if isinstance(made.recipe, Prepare)]
    embeds = [made.recipe for made in plan.jobs.values() if isinstance(made.recipe, Embed)]
    assert len(trainings) == prepares and len({embed.model for embed in embeds}) == variants
    assert {embed.prepare for embed in embeds} == {made.key for made in trainings}
    for made in trainings:
        assert isinstance(made.recipe, Prepare)
        maker = plan.components[made.recipe.model]
        assert {"checkpoint": "end", "pooling": "mean"}.items() <= dict(maker.params).items()
        assert isinstance(maker.create(), PreparedModel) and registry.select("models", [maker.label])[0].key == maker.key


class Misinformed:
    """A model that says it is prepared as something that is no parameter of its."""

    capabilities = frozenset({"prepare", "prepared_as"})
    column, family, size, prepare_from, prepared_as = "x", "f", None, frozenset({"seed"}), {"checkpiont": "end"}

    def fingerprint(self) -> str:
        return ""

    def prepare(self, context: object) -> object:
        raise NotImplementedError

    def embed(self, inputs: object, state: object) -> Embedding:
        raise NotImplementedError


def test_a_model_prepared_as_what_it_does_not_know_is_a_fault_of_its_plugin(registry: Registry) -> None:
    mistaken = Registered(registry.plugins[0], ModelEntry("mistaken", f"{__name__}:Misinformed"))
    wider = replace(registry, offered={**registry.offered, "models": (*registry.entries("models"), mistaken)})
    with pytest.raises(PluginError, match="mistaken is prepared as a parameter that it does not have: checkpiont"):
        planned(wider, models=("raw", "mistaken"))


def test_every_job_follows_what_it_needs_and_its_key_is_its_recipe(registry: Registry) -> None:
    plan = planned(registry)
    seen: set[str] = set()
    for key, made in plan.jobs.items():
        assert set(made.needs) <= seen and made.key == key
        assert job(msgspec.json.decode(msgspec.json.encode(made.recipe), type=Recipe)).key == key
        seen.add(key)


def test_the_seed_of_a_fit_knows_task_model_and_seed_and_no_strategy(registry: Registry) -> None:
    plan = planned(registry, strategies=("ridge", "least-squares"), seeds=(0,))
    fits = [made.recipe for made in plan.jobs.values() if isinstance(made.recipe, Fit)]
    assert len({fit.seed for fit in fits}) == 3
    assert seed_for("a", x=1, y=2) == seed_for("a", y=2, x=1) != seed_for("a", x=12, y="")


def test_a_changed_parameter_changes_the_key(registry: Registry) -> None:
    keys = {planned(registry, strategies=(f"ridge[penalty={penalty}]",)).cells[0].key for penalty in (0.1, 0.2)}
    assert len(keys) == 2


def test_what_rests_on_a_failed_job_falls_with_it_and_nothing_else(registry: Registry) -> None:
    plan = planned(registry, seeds=(0,))
    schedule = Schedule(plan.jobs, plan.jobs, plan.components)
    done: dict[str, str] = {}
    broken = None
    while batch := schedule.take():
        for key in batch:
            if broken is None and plan.jobs[key].stage == "embed":
                broken = key
            done.update((outcome.key, outcome.status)
                        for outcome in schedule.finish(Outcome(key, "failed" if key == broken else "ok")))
    assert set(done) == set(plan.jobs) and not schedule.open
    for key, status in done.items():
        assert (status == "failed") == (broken in plan.upstream(key))
    assert "ok" in {done[cell.key] for cell in plan.cells}


def test_exclusion_tags_and_globs_select(registry: Registry) -> None:
    labels = [c.label for c in registry.select("strategies", ["*", "!as-is", "!w2s_probes/adamw-head"])]
    assert {"ridge", "least-squares"} <= set(labels) and not {"as-is", "adamw-head"} & set(labels)
    widths = registry.select("models", ["random-features[width=[16,32]]", "!random-features[width=16]"])
    assert [c.label for c in widths] == ["random-features[width=32]"]
    assert {c.label for c in registry.select("strategies", ["@regression"])} >= {"ridge", "as-is"}


def test_a_spec_survives_its_own_toml() -> None:
    spec = RunSpec("t", (Matrix(("a[path=\"x y\"]",), weak=("b",), strong=("c",), seeds=(3, 1)),), references=("base",))
    assert spec_from_toml(spec.to_toml(), where="here") == spec


def test_text_that_looks_like_a_number_stays_what_it_is(registry: Registry) -> None:
    from w2s_bench.contracts.errors import UsageError
    from w2s_bench.registry.names import parse

    assert dict(parse("a[x=007,y=12e4567,z=true]").params) == {"x": "007", "y": "12e4567", "z": True}
    with pytest.raises(UsageError, match="quote it"):
        registry.select("models", ["hf[path=./x,revision=1.5]"])
    labels = {c.label for c in registry.select("strategies", ["ridge[penalty=1]", "ridge[penalty=1.0]"])}
    assert labels == {"ridge[penalty=1.0]"}
