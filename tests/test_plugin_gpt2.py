"""GPT-2 features from folders, and byte-level networks that are trained here."""

from __future__ import annotations

import dataclasses
import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
import w2s_gpt2
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from w2s_gpt2.batches import padded, token_batches
from w2s_gpt2.size import gpt2_parameters

from w2s_bench.contracts import Array, Columns, Model, PrepareContext, PreparedModel
from w2s_bench.errors import DataError, Diverged, UsageError
from w2s_bench.plan import make_plan
from w2s_bench.registry import check_parameters, instantiate, load_registry
from w2s_bench.spec import Matrix, RunSpec
from w2s_bench.stages import Workshop
from w2s_bench.store import Store

TEXTS = ["a short text", "", "def f(x):\n    return g(x) + 1", "été", "x" * 40, "a short text", "y"]


def make(name: str, /, **settings: Any) -> Any:
    entry = next(entry for entry in w2s_gpt2.w2s_models() if entry.name == name)
    return instantiate(entry.target, check_parameters(entry, settings, name), name)


def column(texts: list[str], name: str = "text") -> Columns:
    values = np.empty(len(texts), dtype=object)
    values[:] = texts
    return {name: values}


def small_nano(**settings: Any) -> Any:
    return make("nano", **{"width": 16, "layers": 1, "steps": 8, "batch": 4, "context": 24} | settings)


def trained(
    nano: Any, texts: list[str] = TEXTS, seed: int | None = 0, name: str = "text"
) -> dict[str, Array]:
    state: dict[str, Array] = nano.prepare(PrepareContext(seed, column(texts, name)))
    return state


def save_tokenizer(folder: Path) -> None:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate([*alphabet, "<|endoftext|>"])}, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token="<|endoftext|>", eos_token="<|endoftext|>", model_max_length=32
    ).save_pretrained(folder)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        config = transformers.GPT2Config(
            vocab_size=257,
            n_positions=32,
            n_embd=16,
            n_layer=3,
            n_head=2,
            bos_token_id=256,
            eos_token_id=256,
            pad_token_id=None,
            initializer_range=0.5,
        )
        transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    save_tokenizer(folder)
    yield folder


@pytest.mark.parametrize("pooling", ["mean", "last"])
@pytest.mark.parametrize("layer", [-1, 0, 2, -2])
def test_padding_does_not_change_a_texts_features(tiny: Path, pooling: str, layer: int) -> None:
    hf = make("hf", path=str(tiny), pooling=pooling, layer=layer)
    together = hf.embed(column(TEXTS), {}).values
    alone = np.concatenate([hf.embed(column([text]), {}).values for text in TEXTS])
    assert together.shape == (len(TEXTS), 16) and together.dtype == np.float32
    np.testing.assert_allclose(together, alone, atol=1e-5, rtol=1e-5)
    assert np.array_equal(together[0], together[5])


def test_features_are_the_pooled_hidden_states(tiny: Path) -> None:
    model = transformers.AutoModel.from_pretrained(tiny).eval()
    ids = transformers.AutoTokenizer.from_pretrained(tiny)("hello", return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        states = model(ids, output_hidden_states=True).hidden_states
    for layer in (0, 1, 3, -1):
        features = make("hf", path=str(tiny), layer=layer).embed(column(["hello"]), {}).values[0]
        np.testing.assert_allclose(features, states[layer][0].mean(0).numpy(), atol=1e-5)


def test_long_texts_are_cut_and_counted_and_an_empty_one_is_the_beginning(tiny: Path) -> None:
    hf = make("hf", path=str(tiny))
    whole = hf.embed(column(TEXTS), {})
    assert whole.truncated == 1
    assert make("hf", path=str(tiny), max_length=5).embed(column(TEXTS), {}).truncated == 4
    np.testing.assert_allclose(hf.embed(column(["x" * 32]), {}).values[0], whole.values[4], atol=1e-5)
    np.testing.assert_allclose(hf.embed(column(["<|endoftext|>"]), {}).values[0], whole.values[1], atol=1e-5)


def test_other_columns_small_batches_and_bfloat16(tiny: Path) -> None:
    hf = make("hf", path=str(tiny), column="smiles", batch_tokens=1)
    values = hf.embed(column(TEXTS, "smiles"), {}).values
    np.testing.assert_allclose(values, make("hf", path=str(tiny)).embed(column(TEXTS), {}).values, atol=1e-5)
    rough = make("hf", path=str(tiny), dtype="bfloat16").embed(column(TEXTS), {}).values
    assert rough.dtype == np.float32 and 0 < np.abs(rough - values).max() < 0.5
    with pytest.raises(DataError, match="no column 'smiles'"):
        hf.embed(column(TEXTS), {})
    with pytest.raises(DataError, match="layers 0 to 3"):
        make("hf", path=str(tiny), layer=4).embed(column(TEXTS), {})


def test_an_encoder_is_read_too(tmp_path: Path) -> None:
    config = transformers.BertConfig(
        vocab_size=257,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(tmp_path)
    save_tokenizer(tmp_path)
    hf = make("hf", path=str(tmp_path))
    alone = np.concatenate([hf.embed(column([text]), {}).values for text in TEXTS])
    np.testing.assert_allclose(hf.embed(column(TEXTS), {}).values, alone, atol=1e-5)
    assert hf.family == "bert"


def test_family_size_and_fingerprint_come_from_the_folder(tiny: Path, tmp_path: Path) -> None:
    hf = make("hf", path=str(tiny))
    assert isinstance(hf, Model) and hf.family == "gpt2" and hf.size == gpt2_parameters(16, 3, 32, 257)
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in tiny.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    assert make("hf", path=str(copy)).fingerprint() == hf.fingerprint()
    (copy / "tokenizer_config.json").write_text("{}")
    assert make("hf", path=str(copy)).fingerprint() != hf.fingerprint()


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("gpt2", 124_439_808),
        ("gpt2-medium", 354_823_168),
        ("distilgpt2", 81_912_576),
        ("gpt2-large", 774_030_080),
        ("gpt2-xl", 1_557_611_200),
    ],
)
def test_published_models_know_their_size_without_files(name: str, size: int) -> None:
    model = make(name)
    assert (model.family, model.size, model.fingerprint().endswith(f"/{name}@main")) == ("gpt2", size, True)


def test_unusable_folders_are_refused_with_a_way_out(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="did you mean tiny"):
        make("hf", path=str(tiny.parent / "tinny")).fingerprint()
    (tmp_path / "config.json").write_bytes((tiny / "config.json").read_bytes())
    with pytest.raises(DataError, match="has no weights"):
        make("hf", path=str(tmp_path)).fingerprint()
    (tmp_path / "pytorch_model.bin").write_bytes(b"cos\nsystem\n")
    with pytest.raises(DataError, match="only pickled weights .pytorch_model.bin.*\n.*save_pretrained"):
        make("hf", path=str(tmp_path)).embed(column(TEXTS), {})
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 64)
    with pytest.raises(DataError, match="damaged safetensors"):
        assert make("hf", path=str(tmp_path)).size
    with pytest.raises(DataError, match="cannot be loaded"):
        make("hf", path=str(tmp_path)).embed(column(TEXTS), {})


def test_missing_weights_are_not_replaced_by_random_ones(tiny: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    for file in tiny.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = {
        name: value for name, value in load_file(tiny / "model.safetensors").items() if "h.1.mlp" not in name
    }
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(DataError, match="4 weights are missing"):
        make("hf", path=str(tmp_path)).embed(column(TEXTS), {})


def test_a_hub_model_without_network_names_itself_and_the_way_out(tmp_path: Path) -> None:
    code = (
        "import numpy as np\nimport test_plugin_gpt2 as t\nfrom w2s_bench.errors import DataError\n"
        "try: t.make('gpt2').embed(t.column(['a']), {})\nexcept DataError as error: print(error.message())\n"
    )
    paths = [str(Path(__file__).parent), *sys.path]
    environment = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(paths),
    }
    out = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120
    )
    assert "openai-community/gpt2@main: this model is not in the cache" in out.stdout, out.stderr
    assert "hf[path=<folder>]" in out.stdout


def test_making_components_imports_neither_torch_nor_transformers() -> None:
    code = (
        "import sys, w2s_gpt2\nfrom w2s_bench.registry import check_parameters, instantiate\n"
        "for e in w2s_gpt2.w2s_models():\n"
        "    s = {'path': 'owner/name'} if e.name == 'hf' else {}\n"
        "    m = instantiate(e.target, check_parameters(e, s, ''), e.name); _ = m.family, m.size\n"
        "assert not {'torch', 'transformers', 'datasets', 'rdkit', 'polars'} & set(sys.modules)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)


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
    assert together.truncated == 2 and together.values.dtype == np.float32


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
    features = {workshop.store.load(job.key)[0].arrays["test"].tobytes() for job in made["embed"]}
    assert len(features) == 6


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


def test_descriptors_join_the_objective(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    offered = tmp_path / "offers-1.0.dist-info"
    offered.mkdir()
    (offered / "METADATA").write_text("Metadata-Version: 2.1\nName: offers\nVersion: 1.0\n")
    here = Path(__file__).stem
    (offered / "entry_points.txt").write_text(
        f"[w2s_bench.descriptors]\nlengths = {here}:lengths\nnothing = {here}:nothing_finite\nabsent = no_such_module:f\n")
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.syspath_prepend(str(tmp_path))
    own = {"objective": "descriptors", "descriptors": "lengths"}
    nano = small_nano(**own)
    state, plain = trained(nano), trained(small_nano())
    assert set(state) == set(plain) and not np.array_equal(state["8/wte.weight"], plain["8/wte.weight"])
    assert state["loss"][0] > plain["loss"][0] and nano.fingerprint() != small_nano().fingerprint()
    with pytest.raises(DataError, match="not finite for the text"):
        trained(small_nano(**own | {"descriptors": "nothing"}))
    with pytest.raises(UsageError, match="cannot be imported"):
        trained(small_nano(**own | {"descriptors": "absent"}))


def test_a_spec_cannot_name_a_function_to_call(tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").write_text("touch owned\nls\n" * 20)
    nano = small_nano(objective="descriptors", descriptors="subprocess:getoutput", corpus=str(tmp_path / "corpus.txt"))
    with pytest.raises(UsageError, match="is offered by no installed plugin"):
        nano.fingerprint()
    with pytest.raises(UsageError, match="is offered by no installed plugin"):
        nano.prepare(PrepareContext())


def test_molecular_descriptors_are_the_default() -> None:
    pytest.importorskip("rdkit")
    nano = small_nano(objective="descriptors", column="smiles")
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


def test_batches_cover_everything_within_the_budget() -> None:
    sizes = [5, 1, 9, 30, 2, 2, 7]
    batches = token_batches(sizes, 12)
    assert sorted(np.concatenate(batches).tolist()) == list(range(7)) and token_batches([], 12) == []
    assert all(len(batch) * max(sizes[i] for i in batch) <= 12 or len(batch) == 1 for batch in batches)
    tokens, mask = padded([np.array([1, 2]), np.array([3])], 9)
    assert tokens.tolist() == [[1, 2], [3, 9]] and mask.tolist() == [[1, 1], [1, 0]]
