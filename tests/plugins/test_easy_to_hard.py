"""Easy to hard: the easiest examples supervise, the others are drawn by the seed; without a difficulty nothing changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import w2s_tabular
import w2s_text
from conftest import Command
from w2s_text.labelled import drawn_parts

from w2s_bench.contracts import Array, DataError, Split, Splits, UsageError, draw_splits
from w2s_bench.registry.component import instantiate
from w2s_bench.registry.parameters import check_parameters

N = 50
RNG = np.random.default_rng(6)
LEVEL = RNG.integers(1, 6, N)
X = RNG.normal(size=N).round(3)
WORDS = RNG.integers(1, 9, N)
TEXT = [" ".join(["word"] * (count - 1) + [f"last{row}"]) for row, count in enumerate(WORDS)]


def task(name: str, /, **settings: Any) -> Any:
    entries = [*w2s_text.w2s_tasks(), *w2s_tabular.w2s_tasks()]
    entry = next(entry for entry in entries if entry.name == name)
    return instantiate(entry.target, check_parameters(entry, settings, name), name)


def parts(splits: Splits) -> tuple[Split, Split, Split]:
    return splits.supervise, splits.transfer, splits.test


def csv(folder: Path, **columns: Any) -> str:
    pl.DataFrame({"level": LEVEL, "p": X, "text": TEXT, "label": X, **columns}).write_csv(folder / "a.csv")
    return str(folder / "a.csv")


def check_easy_to_hard(splits: Splits, difficulty: dict[str, float]) -> None:
    """Sizes are 40, 40 and 20 %, nothing is lost, and nothing outside supervise is easier than what is in it."""
    ids = [list(part.ids) for part in parts(splits)]
    assert [len(part) for part in ids] == [20, 20, 10] and sorted(np.concatenate(ids)) == sorted(difficulty)
    hard = [[difficulty[i] for i in part] for part in ids]
    assert max(hard[0]) <= min(hard[1] + hard[2]) and sorted(hard[0]) == sorted(difficulty.values())[:20]


def test_the_easiest_of_a_table_supervise_and_the_others_are_drawn_by_the_seed(tmp_path: Path) -> None:
    own = task("arrays", path=csv(tmp_path), label="label", difficulty="level")
    known = {f"row {row}": float(level) for row, level in enumerate(LEVEL)}
    for seed in range(3):
        check_easy_to_hard(own.load(seed), known)
    assert set(own.load(0).transfer.ids) != set(own.load(1).transfer.ids)
    assert set(own.load(0).supervise.ids) != set(own.load(1).supervise.ids), "equals at the border are drawn"


@pytest.mark.parametrize("difficulty", ["level", "words"])
def test_texts_are_as_hard_as_a_column_says_or_as_they_are_long(tmp_path: Path, difficulty: str) -> None:
    own = task("text", path=csv(tmp_path), difficulty=difficulty)
    of_row = LEVEL if difficulty == "level" else WORDS
    check_easy_to_hard(own.load(2), {str(row + 1): float(value) for row, value in enumerate(of_row)})


def test_a_difficulty_is_no_input_unless_it_is_included_and_the_head_says_how_parts_are_drawn(tmp_path: Path) -> None:
    own = task("arrays", path=csv(tmp_path), label="label", difficulty="level")
    read = own.inputs_read()
    assert read.x == ("p",) and read.left_out["level"] == "it says how hard a row is; include=level takes it in"
    assert read.notes[0].startswith("easy to hard: the easiest 40 % by level supervise")
    assert task("arrays", path=own.path, label="label", difficulty="level", include="level").inputs_read().x == ("level", "p")
    text = task("text", path=own.path, difficulty="words").inputs_read()
    assert text.notes[0].startswith("easy to hard: the easiest 40 % by words supervise")


def test_plan_says_that_parts_are_easy_to_hard(w2s: Command, tmp_path: Path) -> None:
    words = ("plan", "--weak", "random-features[width=8]", "--strong", "raw", "--strategy", "ridge")
    said = w2s(*words, "--task", f"arrays[path={csv(tmp_path)},label=label,difficulty=level]", check=0).stdout
    assert "easy to hard: the easiest 40 % by level supervise" in " ".join(said.split())


@pytest.mark.parametrize(("name", "settings", "message"), [
    ("arrays", {"difficulty": "levl"}, "has no column 'levl'"),
    ("arrays", {"difficulty": "label"}, "no input column of difficulty 'label'"),
    ("arrays", {"difficulty": "text"}, "the difficulty text of row 1 is 'word.* no number"),
    ("arrays", {"difficulty": "level", "reuse_inputs": True}, "reuse_inputs makes the easy sample the transfer sample"),
    ("text", {"difficulty": "levl"}, "has no column 'levl'"),
    ("text", {"difficulty": "gap"}, "the difficulty gap of row 3 is '', no number"),
    ("text", {"difficulty": "words"}, "there is a column of that name")])
def test_a_difficulty_that_is_none_is_named(tmp_path: Path, name: str, settings: dict[str, Any], message: str) -> None:
    own = csv(tmp_path, gap=[1.0, 2.0, None] + [3.0] * (N - 3), words=WORDS)
    with pytest.raises((DataError, UsageError), match=message):
        task(name, path=own, label="label", **settings).inputs_read()


@pytest.mark.parametrize(("name", "way_out"), [("arrays", "splits=none"), ("text", "split=none")])
def test_a_column_of_parts_and_a_difficulty_contradict_each_other(tmp_path: Path, name: str, way_out: str) -> None:
    own = csv(tmp_path, split=["supervise"] * 20 + ["transfer"] * 20 + ["test"] * 10)
    with pytest.raises(UsageError, match=f"'split' names the parts, and difficulty=level draws them(?s:.*){way_out}"):
        task(name, path=own, label="label", difficulty="level").load(0)
    none = dict([way_out.split("=")])
    assert len(task(name, path=own, label="label", difficulty="level", **none).load(0).test.ids) == 10


def lines(folder: Path, file: str, texts: list[str]) -> None:
    (folder / file).write_text("".join(f"{number % 2} {text}\n" for number, text in enumerate(texts)))


def test_a_local_set_is_drawn_by_length_and_equal_texts_stay_together(tmp_path: Path) -> None:
    lines(tmp_path, "subj.all", [*TEXT, *TEXT])
    own = task("subj-local", path=str(tmp_path), difficulty="words")
    for seed in range(3):
        texts = [list(part.inputs["text"]) for part in parts(own.load(seed))]
        long = [[len(text.split()) for text in part] for part in texts]
        assert [len(part) for part in texts] == [40, 40, 20] and max(long[0]) <= min(long[1] + long[2])
        assert not set(texts[0]) & set(texts[1]) and not set(texts[0] + texts[1]) & set(texts[2])
    assert set(own.load(0).test.inputs["text"]) != set(own.load(1).test.inputs["text"])
    assert "easy to hard" in own.inputs_read().notes[0]


def test_a_test_file_is_left_with_the_lines_that_are_as_hard_as_the_lines_that_supervise(tmp_path: Path) -> None:
    lines(tmp_path, "stsa.binary.train", TEXT[:30])
    lines(tmp_path, "stsa.binary.dev", TEXT[30:])
    lines(tmp_path, "stsa.binary.test", [f"{text} end" for text in TEXT[:20]])
    supervise, transfer, test = parts(task("sst2-local", path=str(tmp_path), difficulty="words").load(0))
    border = sorted(WORDS)[19]
    assert sorted(len(text.split()) for text in supervise.inputs["text"]) == sorted(WORDS)[:20]
    assert len(transfer.ids) == 20 and min(len(text.split()) for text in transfer.inputs["text"]) >= border
    assert sorted(test.inputs["text"]) == sorted(f"{text} end" for text, count in zip(TEXT, WORDS, strict=False)
                                                 if count + 1 >= border and text in TEXT[:20])


def test_groups_are_as_hard_as_their_examples_on_average() -> None:
    groups, hard = np.array(["a", "a", "b", "c", "c", "d", "e", "f"]), np.array([9.0, 0.0, 3.0, 1.0, 2.0, 5.0, 6.0, 7.0])
    for seed in range(4):
        first, second, third = (set(groups[part]) for part in drawn_parts(groups, (0.4, 0.4, 0.2), "t", seed, hard))
        assert first == {"b", "c"} and second | third == {"a", "d", "e", "f"} and not second & third


def as_before(n: int, seed: int) -> list[Array]:
    """What draw_splits drew before there was a difficulty."""
    order = np.random.default_rng(seed).permutation(n)
    return [order[:round(0.4 * n)], order[round(0.4 * n):round(0.8 * n)], order[round(0.8 * n):]]


def test_without_a_difficulty_the_splits_are_those_of_before() -> None:
    splits = draw_splits({"x": X}, X[:, None], np.arange(N).astype(str), 11)
    assert [part.ids.astype(int).tolist() for part in parts(splits)] == [rows.tolist() for rows in as_before(N, 11)]
    level = draw_splits({"x": X}, X[:, None], np.arange(N).astype(str), 11, difficulty=np.zeros(N))
    assert [part.ids.tolist() for part in parts(level)] == [part.ids.tolist() for part in parts(splits)]
