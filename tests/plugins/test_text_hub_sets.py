"""The declared data sets of the hub, read from folders in the hub's schemas by the code that reads the hub."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import w2s_text
from hub_fixtures import EXPECTED, FIXTURES, Row, write_fixture
from w2s_text import choice_sets, labelled_sets
from w2s_text.hub_set import Example, HubSet, chosen_answer, declared_sets, formatted
from w2s_text.labelled import drawn_parts

from w2s_bench.contracts import Classes, Task
from w2s_bench.contracts.errors import DataError, UsageError
from w2s_bench.registry.component import instantiate
from w2s_bench.registry.parameters import check_parameters

DECLARED = {declared.name: declared for module in (labelled_sets, choice_sets) for declared in declared_sets(module).values()}
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "tasks.md"


def task(name: str, /, **settings: Any) -> Any:
    entry = next(entry for entry in w2s_text.w2s_tasks() if entry.name == name)
    return instantiate(entry.target, check_parameters(entry, settings, name), name)


def local(name: str, folder: Path, **settings: Any) -> Any:
    return task(name, path=write_fixture(DECLARED[name], folder), **settings)


def test_the_25_sets_are_tasks_and_22_of_them_those_of_burns() -> None:
    entries = {entry.name: entry for entry in w2s_text.w2s_tasks() if {"hub", "classes"} <= entry.tags}
    assert len(entries) == 25 and set(entries) == set(DECLARED)
    assert set(entries) - {name for name, entry in entries.items() if "burns-nlp" in entry.tags} == {
        "amazon-polarity", "anthropic-hh", "sciq-with-support"}


def test_every_declaration_has_a_fixture() -> None:
    assert set(FIXTURES) == set(EXPECTED) == set(DECLARED)


@pytest.mark.parametrize("declared", DECLARED.values(), ids=lambda declared: declared.name)
def test_a_declaration_says_where_it_is_from(declared: HubSet) -> None:
    assert declared.licence and declared.citation and declared.seen
    assert re.fullmatch(r"[\w-]+/[\w-]+", declared.hub)
    assert declared.revision in ("", "refs/convert/parquet") or re.fullmatch(r"[0-9a-f]{40}", declared.revision)


@pytest.mark.parametrize("name", DECLARED)
def test_a_folder_in_the_hubs_schema_gives_these_texts_and_labels(tmp_path: Path, name: str) -> None:
    own = local(name, tmp_path)
    text, label, ones = EXPECTED[name]
    assert isinstance(own, Task) and own.output == Classes(2, DECLARED[name].classes) and own.divergence == "kl"
    splits, pool = own.load(0), own.pool()
    parts = (splits.supervise, splits.transfer, splits.test)
    train, test = DECLARED[name].train, DECLARED[name].test
    ids = [identity for part in parts for identity in part.ids]
    assert sorted(ids) == sorted(pool.ids) == sorted([f"{train}-{i}" for i in range(8)] + [f"{test}-{i}" for i in range(4)])
    assert sorted(splits.test.ids) == [f"{test}-{i}" for i in range(4)]
    truth = dict(zip(ids, np.concatenate([part.truth for part in parts]).tolist(), strict=True))
    assert truth[f"{train}-0"] == [1.0 - label, float(label)] and sum(row[1] for row in truth.values()) == ones
    texts = dict(zip(pool.ids, pool.inputs["text"], strict=True))
    assert texts[f"{train}-0"] == text
    assert all(texts[i] == t for part in parts for i, t in zip(part.ids, part.inputs["text"], strict=True))


def test_the_pool_is_the_same_for_all_seeds_and_the_halves_are_not(tmp_path: Path) -> None:
    own = local("hellaswag", tmp_path)
    drawn = [own.load(seed) for seed in range(4)]
    contents = [{i: (t, tuple(row)) for part in (s.supervise, s.transfer, s.test)
                 for i, t, row in zip(part.ids, part.inputs["text"], part.truth.tolist(), strict=True)} for s in drawn]
    assert contents[0] == contents[1] == contents[2] == contents[3]
    assert len({tuple(s.supervise.ids) for s in drawn}) > 1
    assert own.load(2).transfer.ids.tolist() == drawn[2].transfer.ids.tolist()


@pytest.mark.parametrize("name", ["boolq", "ethics-deontology", "multirc", "quail", "dream"])
def test_questions_about_one_passage_stay_in_one_half(tmp_path: Path, name: str) -> None:
    whole = local(name, tmp_path).labelled()
    group = dict(zip(whole.ids, whole.groups, strict=True))
    for seed in range(5):
        splits = whole.splits(name, seed)
        halves = [{group[i] for i in part.ids} for part in (splits.supervise, splits.transfer)]
        assert halves[0] and halves[1] and not halves[0] & halves[1]


def test_parts_keep_their_shares_and_hold_every_row_once() -> None:
    groups = np.array([f"g{i // 3}" for i in range(600)], dtype=object)
    parts = drawn_parts(groups, (0.4, 0.4, 0.2), "t", 1)
    assert [len(part) for part in parts] == [240, 240, 120]
    assert sorted(np.concatenate(parts).tolist()) == list(range(600))


def raw(name: str, i: int) -> Row:
    return FIXTURES[name][1](i)


RIGHT = {
    "hellaswag": lambda r: r["endings"][int(r["label"])],
    "openbookqa": lambda r: r["choices"]["text"][r["choices"]["label"].index(r["answerKey"])],
    "quail": lambda r: r["answers"][r["correct_answer_id"]],
    "piqa": lambda r: r["sol2" if r["label"] else "sol1"],
    "quartz": lambda r: r["choices"]["text"][0 if r["answerKey"] == "A" else 1],
    "sciq": lambda r: r["correct_answer"],
    "sciq-with-support": lambda r: r["correct_answer"],
    "social-iqa": lambda r: r["answer" + " ABC"[int(r["label"])]],
    "dream": lambda r: r["answer"],
    "anthropic-hh": lambda r: r["chosen"].strip(),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_choice_is_labelled_by_whether_the_answer_shown_is_the_right_one(name: str) -> None:
    """Right and wrong are alike likely, and every wrong answer occurs."""
    seen: Counter[int] = Counter()
    shown = set()
    for i in range(400):
        row = raw(name, i % 12)
        example = formatted(DECLARED[name], row, f"train-{i}")
        answer = re.search(r"(?:Answer|Way|Continuation): (.*)\n", example.text)
        words = answer.group(1) if answer and name != "anthropic-hh" else example.text
        assert (words == RIGHT[name](row)) == bool(example.label)
        seen[example.label] += 1
        shown.add(re.sub(r"\d+", "", words))
    assert 150 < seen[1] < 250
    assert len(shown) == {"dream": 3, "social-iqa": 3, "piqa": 2, "quartz": 2, "anthropic-hh": 2}.get(name, 4)


def test_the_pleasanter_of_two_is_named_by_the_label() -> None:
    for i in range(50):
        example = formatted(DECLARED["ethics-utilitarianism"], raw("ethics-utilitarianism", i), f"train-{i}")
        assert example.text.startswith("First: I won" if example.label else "First: I lost")


def test_none_of_the_above_is_never_shown_by_itself() -> None:
    examples = [formatted(DECLARED["cosmos-qa"], raw("cosmos-qa", i % 4), f"train-{i}") for i in range(200)]
    assert not any("None of the above" in example.text for example in examples)
    assert {example.label for example in examples[::4]} == {0} and {example.label for example in examples[1::4]} == {0, 1}


def test_the_answer_is_drawn_by_the_examples_id_and_nothing_else() -> None:
    row = raw("sciq", 1)
    assert formatted(DECLARED["sciq"], row, "train-5") == formatted(DECLARED["sciq"], row, "train-5")
    assert len({formatted(DECLARED["sciq"], row, f"train-{i}").text for i in range(40)}) == 4
    assert chosen_answer("yes", ["a", "b"], 0b101) == ("yes", 1) and chosen_answer("yes", ["a", "b"], 0b110) == ("b", 0)


def test_balance_thins_each_part_and_a_limit_is_a_fixed_sample(tmp_path: Path) -> None:
    folder = write_fixture(DECLARED["sst2"], tmp_path)
    whole, even = task("sst2", path=folder), task("sst2", path=folder, balance="on")
    assert not whole.balanced and even.balanced
    kept = even.labelled()
    assert kept.truth[~kept.test].sum(axis=0).tolist() == [3.0, 3.0] and kept.truth[kept.test].sum(axis=0).tolist() == [1.0, 1.0]
    assert set(kept.ids) < set(whole.pool().ids)
    assert {tuple(sorted(even.load(seed).test.ids)) for seed in range(3)} == {tuple(kept.ids[kept.test])}
    few = task("sst2", path=folder, limit=6).labelled()
    assert len(few) == 6 and few.test.sum() == 1
    assert task("sst2", path=folder, limit=6).labelled().ids.tolist() == few.ids.tolist()
    with pytest.raises(DataError, match="has 4 examples; at least 6"):
        task("sst2", path=folder, limit=4).load(0)


def test_the_fingerprint_of_a_folder_follows_its_files(tmp_path: Path) -> None:
    before = local("paws", tmp_path / "a").fingerprint()
    assert before == local("paws", tmp_path / "b").fingerprint()
    changed = write_fixture(DECLARED["paws"], tmp_path / "a", lambda row: row | {"sentence1": "other"})
    assert task("paws", path=changed).fingerprint() != before


def test_the_fingerprint_names_the_commit_of_the_copy_in_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    assert task("boolq").fingerprint() == "google/boolq[]@main"
    assert task("boolq", revision="v1").fingerprint() == "google/boolq[]@v1"
    assert task("ethics-virtue").fingerprint() == "hendrycks/ethics[virtue]@refs/convert/parquet"
    assert task("sst2").fingerprint() == "stanfordnlp/sst2[]@8d51e7e4887a4caaa95b3fbebbf53c0490b58bbb"
    commit, other = "ab" * 20, "cd" * 20
    (tmp_path / "google___boolq" / "default" / "0.0.0" / commit).mkdir(parents=True)
    (tmp_path / "hendrycks___ethics" / "default-data_dir=virtue" / "0.0.0" / other).mkdir(parents=True)
    assert task("boolq").fingerprint() == f"google/boolq[]@{commit}"
    assert task("ethics-virtue").fingerprint() == f"hendrycks/ethics[virtue]@{other}"
    assert task("ethics-justice").fingerprint() == "hendrycks/ethics[justice]@refs/convert/parquet"


def test_without_network_the_error_names_the_data_set_and_the_way_to_a_folder(monkeypatch: pytest.MonkeyPatch,
                                                                              tmp_path: Path) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    with pytest.raises(DataError) as raised:
        task("piqa").load(0)
    assert "ybisk/piqa" in raised.value.message()
    assert "hf download ybisk/piqa --repo-type dataset --revision refs/convert/parquet" in raised.value.hint
    assert "piqa[path=FOLDER]" in raised.value.hint


def test_faults_of_a_folder_are_explained(tmp_path: Path) -> None:
    declared = DECLARED["wic"]
    with pytest.raises(DataError, match=r"no such folder\n.*hf download aps/super_glue"):
        task("wic", path=str(tmp_path / "none")).fingerprint()
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"no Parquet file of the split 'train'\n.*it holds no Parquet file"):
        task("wic", path=str(tmp_path / "empty")).load(0)
    renamed = write_fixture(declared, tmp_path / "renamed", lambda row: {"term": row["word"]} | {
        key: value for key, value in row.items() if key != "word"})
    with pytest.raises(DataError, match=r"aps/super_glue, train-0: has no column 'word'\n.*term"):
        task("wic", path=renamed).load(0)
    hidden = write_fixture(declared, tmp_path / "hidden", lambda row: row | {"label": -1})
    with pytest.raises(DataError, match=r"has the label -1, not 0 or 1\n.*hidden"):
        task("wic", path=hidden).load(0)
    broken = write_fixture(DECLARED["hellaswag"], tmp_path / "broken", lambda row: row | {"label": ""})
    with pytest.raises(DataError, match="is no HellaSwag example: invalid literal"):
        task("hellaswag", path=broken).load(0)
    (tmp_path / "hidden" / "wic" / "train-00000-of-00001.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match="this data set cannot be had"):
        task("wic", path=hidden).load(0)
    with pytest.raises(UsageError, match="give one of the two"):
        task("wic", path=hidden, revision="v1")


def test_one_repository_holds_several_sets_and_each_reads_its_own(tmp_path: Path) -> None:
    folder = write_fixture(DECLARED["ethics-justice"], tmp_path)
    write_fixture(DECLARED["ethics-virtue"], tmp_path)
    assert task("ethics-justice", path=folder).pool().inputs["text"][0].endswith("Is this just?")
    assert task("ethics-virtue", path=folder).pool().inputs["text"][0].endswith("kind?")


def test_a_label_that_is_no_whole_number_is_refused() -> None:
    odd = HubSet("odd", "Odd", "a/b", lambda row, draw: Example("t", row["label"]), "train", "test", "MIT", "", "here")
    with pytest.raises(DataError, match="has the label None"):
        formatted(odd, {"label": None}, "train-0")


def test_the_page_of_tasks_lists_every_declaration() -> None:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    for declared in DECLARED.values():
        part = f" `{declared.config or declared.folder}`" if declared.config or declared.folder else ""
        split = f"{declared.train} / {declared.test}"
        assert f"| `{declared.name}` | {declared.hub}{part} | {split} | {declared.licence} | {declared.citation} |" in lines
