"""Byte-level networks that are trained here."""

from __future__ import annotations

import dataclasses
import gzip
from pathlib import Path

import numpy as np
import pytest
import torch
from small_models import TEXTS, column, small_nano, trained
from w2s_gpt2.batches import padded

from w2s_bench.compute.workshop import Workshop
from w2s_bench.contracts import Array, PrepareContext, PreparedModel
from w2s_bench.contracts.errors import DataError, Diverged, UsageError
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.loading import load_registry
from w2s_bench.store.artifacts import Store


@pytest.mark.parametrize(("width", "layers", "context"), [(16, 1, 24), (32, 3, 50)])
def test_nanos_size_is_the_real_number_of_parameters(width: int, layers: int, context: int) -> None:
    nano = small_nano(width=width, layers=layers, context=context, steps=0)
    assert isinstance(nano, PreparedModel)
    assert nano.size == sum(array.size for name, array in trained(nano).items() if name != "loss")


def test_nano_learns_and_its_state_is_plain_float32() -> None:
    nano = small_nano(steps=60, lr=1e-2)
    state = trained(nano, ["abcabcabcabc", "bcabcabca", "cabcab"])
    assert all(isinstance(array, np.ndarray) and array.dtype == np.float32 for array in state.values())
    assert state["loss"].shape == (60,) and state["loss"][-1] < 0.3 * state["loss"][0]


def test_nano_is_reproducible_and_leaves_global_state_alone() -> None:
    torch.manual_seed(5)
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()  # type: ignore[union-attr]
    first, second = trained(small_nano()), trained(small_nano())
    features = small_nano().embed(column(TEXTS), first).values
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert np.array_equal(features, small_nano().embed(column(TEXTS), second).values)
    assert torch.equal(before, torch.get_rng_state()) and not torch.are_deterministic_algorithms_enabled()
    assert np.array_equal(numpy_before, np.random.get_state()[1])  # type: ignore[index]
    for other in (trained(small_nano(seed=1)), trained(small_nano(), seed=1)):
        assert not np.array_equal(first["8/wte.weight"], other["8/wte.weight"])


@pytest.mark.parametrize("pooling", ["mean", "last"])
def test_nanos_features_do_not_depend_on_the_batch(pooling: str) -> None:
    nano = small_nano(pooling=pooling)
    state = trained(nano)
    together = nano.embed(column(TEXTS), state)
    alone = np.concatenate([nano.embed(column([text]), state).values for text in TEXTS])
    np.testing.assert_allclose(together.values, alone, atol=1e-5)
    assert together.truncated is not None and together.values.dtype == np.float32
    assert together.truncated.tolist() == [len(text.encode()) > 24 for text in TEXTS]


@pytest.mark.parametrize("pooling", [pytest.param("mean", marks=pytest.mark.slow), "last"])
def test_nanos_trainable_states_are_its_features_and_its_loss_is_that_of_its_training(pooling: str) -> None:
    nano = small_nano(pooling=pooling, steps=40)
    texts = ["abcabcabcabc", "", "bcabcabca"]
    state = trained(nano, texts)
    model = nano.module(state)
    tokens, mask = (torch.from_numpy(array) for array in padded(model.tokens(column(texts)), model.pad))
    features = nano.embed(column(texts), state).values
    np.testing.assert_allclose(model.states(tokens, mask).detach().numpy(), features, atol=1e-5)
    loss = model.language_loss(tokens, mask)
    assert loss.item() == pytest.approx(state["loss"][-1], rel=0.01)
    with torch.no_grad():
        model.network.wte.weight.zero_()
    np.testing.assert_array_equal(nano.embed(column(texts), state).values, features)


def test_zero_steps_is_an_untrained_network() -> None:
    state = trained(small_nano(steps=0))
    assert state["loss"].shape == (0,)
    assert np.isfinite(small_nano(steps=0).embed(column(TEXTS), state).values).all()


def test_the_first_checkpoint_is_the_untrained_network_and_the_last_the_trained_one() -> None:
    state = trained(small_nano())
    ends = {
        step: small_nano(checkpoint=step).embed(column(TEXTS), state).values for step in (0, 1, 2, 4, 8, "end")
    }
    untrained = small_nano(steps=0).embed(column(TEXTS), trained(small_nano(steps=0))).values
    assert np.array_equal(ends[0], untrained) and np.array_equal(ends[8], ends["end"])
    assert len({values.tobytes() for values in ends.values()}) == 5
    assert small_nano(checkpoint=4).size == small_nano().size and state["loss"].shape == (8,)


def test_a_checkpoint_is_what_training_gives_that_stops_there() -> None:
    long, short = (trained(small_nano(steps=steps, schedule="constant")) for steps in (8, 4))
    names = [name for name in short if name.startswith("4/")]
    assert names and all(np.array_equal(short[name], long[name]) for name in names)
    assert np.array_equal(short["loss"], long["loss"][:4])


def test_one_stored_training_serves_every_checkpoint_and_pooling(tmp_path: Path) -> None:
    rows = [f"{'ab' * n} {n},{n}" for n in range(1, 31)]
    (tmp_path / "table.csv").write_text("\n".join(["text,label", *rows]))
    nano = "nano[width=16,layers=1,steps=4,context=24,checkpoint=[0,2,end],pooling=[mean,last]]"
    matrix = Matrix((f'text[path="{tmp_path}/table.csv"]',), models=(nano,))
    plan = make_plan(RunSpec("t", (matrix,)), load_registry())
    workshop = Workshop(Store(str(tmp_path / "store")), plan.components)
    made = {
        stage: [job for job in plan.jobs.values() if job.stage == stage] for stage in ("load", "prepare", "embed")
    }
    outcomes = [next(workshop.run([job])) for jobs in made.values() for job in jobs]
    assert {outcome.status for outcome in outcomes} == {"ok"}
    assert (len(made["prepare"]), len(made["embed"])) == (1, 6)
    features = {workshop.store.load(job.key).arrays["test"].tobytes() for job in made["embed"]}
    assert len(features) == 6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("steps", "kept"),
    [(0, [0]), (1, [0, 1]), (8, [0, 1, 2, 4, 8]), (125, [0, 1, 2, 4, 8, 16, 31, 63, 125])],
)
def test_halves_of_the_training_are_kept_down_to_one_step(steps: int, kept: list[int]) -> None:
    from w2s_gpt2.checkpoints import kept_steps

    assert list(kept_steps(steps)) == kept
    state = trained(small_nano(steps=steps))
    assert sorted({int(name.partition("/")[0]) for name in state if name != "loss"}) == kept


def test_a_checkpoint_that_is_not_kept_is_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="checkpoint=3 is not kept.*\n.*of steps=8 these are kept: 0, 1, 2, 4, 8 .end."):
        small_nano(checkpoint=3)


def test_a_corpus_of_its_own_makes_nano_independent_of_the_cell(tmp_path: Path) -> None:
    plain, zipped = tmp_path / "corpus.txt", tmp_path / "corpus.txt.gz"
    plain.write_text("one line\n\nanother line, longer than the context of this network\n")
    zipped.write_bytes(gzip.compress(plain.read_bytes()))
    nano = small_nano(corpus=str(plain))
    assert nano.prepare_from == frozenset() and small_nano().prepare_from == {"task", "seed"}
    first, second = nano.prepare(PrepareContext()), small_nano(corpus=str(zipped)).prepare(PrepareContext())
    assert np.array_equal(first["8/wte.weight"], second["8/wte.weight"])
    before = nano.fingerprint()
    plain.write_text("something else\n")
    assert nano.fingerprint() != before
    plain.write_bytes(b"fine\ncaf\xe9\n")
    with pytest.raises(DataError, match="line 2 is not UTF-8"):
        nano.prepare(PrepareContext())
    with pytest.raises(DataError, match="did you mean corpus.txt"):
        small_nano(corpus=str(tmp_path / "korpus.txt")).fingerprint()


def test_the_python_corpus_is_fixed_and_fits_the_context() -> None:
    from w2s_gpt2.corpora import read_corpus

    chunks = read_corpus("python", 192)
    assert chunks == read_corpus("python", 192) and len(chunks) > 1000
    assert np.mean([len(chunk.encode()) <= 192 for chunk in chunks]) > 0.98
    assert small_nano(corpus="python").prepare_from == frozenset()


def lengths(texts: list[str]) -> Array:
    """Descriptors for the test below: length, a constant, and the share of a."""
    return np.array([[len(text), 1.0, text.count("a") / (len(text) + 1)] for text in texts])


def nothing_finite(texts: list[str]) -> Array:
    """Descriptors that cannot be used."""
    return np.full((len(texts), 1), np.nan)


def test_descriptors_join_the_objective() -> None:
    nano = small_nano(objective="descriptors", descriptors=lengths)
    state, plain = trained(nano), trained(small_nano())
    assert set(state) == set(plain) and not np.array_equal(state["8/wte.weight"], plain["8/wte.weight"])
    assert state["loss"][0] > plain["loss"][0]
    with pytest.raises(DataError, match="not finite for the text"):
        trained(small_nano(objective="descriptors", descriptors=nothing_finite))


def test_descriptors_are_an_entry_that_is_asked_for_only_where_they_are_learned() -> None:
    registry = load_registry()
    assert registry.one("models", "nano").parts == ()
    learned = registry.one("models", "nano[objective=descriptors,corpus=python]")
    assert [part.name for _, part in learned.parts] == ["w2s_molecules/rdkit"] and callable(learned.create().descriptors)
    with pytest.raises(UsageError, match="unknown descriptors 'rdkti'\n  did you mean rdkit"):
        registry.one("models", "nano[objective=descriptors,descriptors=rdkti]")


def test_a_spec_cannot_name_a_function_to_call() -> None:
    for name in ('"subprocess:getoutput"', "getoutput"):
        with pytest.raises(UsageError):
            load_registry().one("models", f"nano[objective=descriptors,descriptors={name}]")


def test_molecular_descriptors_are_the_default() -> None:
    pytest.importorskip("rdkit")
    nano = load_registry().make("models", "nano[width=16,layers=1,steps=8,batch=4,objective=descriptors,column=smiles]")
    assert np.isfinite(trained(nano, ["CCO", "c1ccccc1", "CC(=O)O", "CN"], name="smiles")["loss"]).all()


def test_a_loss_that_is_not_finite_is_a_divergence() -> None:
    with pytest.raises(Diverged, match="the loss is nan"):
        trained(small_nano(lr=1e30, steps=30))


def test_faults_of_nano_are_explained() -> None:
    with pytest.raises(UsageError, match="width=30 is no multiple of heads=4"):
        small_nano(width=30, heads=4)
    with pytest.raises(DataError, match="did you mean text"):
        small_nano(column="texts").prepare(PrepareContext(0, column(TEXTS)))
    with pytest.raises(DataError, match="holds numbers"):
        small_nano().prepare(PrepareContext(0, {"text": np.zeros(3)}))
    with pytest.raises(DataError, match="do not fit"):
        small_nano(width=32).embed(column(TEXTS), trained(small_nano()))
    assert dataclasses.is_dataclass(small_nano())
