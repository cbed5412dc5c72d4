"""Which of two texts a table prefers, in the words in which people write it, and the hub's sets of preferences from folders."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import w2s_text
from conftest import Command
from w2s_text import pair_sets
from w2s_text.dialogues import common_beginning
from w2s_text.hub_set import declared_sets

from w2s_bench.contracts import Preferences, Task, sides
from w2s_bench.contracts.errors import DataError, UsageError
from w2s_bench.registry.component import instantiate
from w2s_bench.registry.parameters import check_parameters

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "tasks.md"


def task(name: str, /, **settings: Any) -> Any:
    entry = next(entry for entry in w2s_text.w2s_tasks() if entry.name == name)
    return instantiate(entry.target, check_parameters(entry, settings, name), name)


def table(folder: Path, rows: list[dict[str, Any]], **settings: Any) -> Any:
    file = folder / "pairs.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return task("pairs", path=str(file), **settings)


def seen(own: Any) -> dict[str, tuple[str, str, float]]:
    """By id, the two texts and the probability that the first is preferred."""
    splits = own.load(0)
    found = {}
    for part in (splits.supervise, splits.transfer, splits.test):
        first, second = sides(part.inputs)
        for row, identity in enumerate(part.ids.tolist()):
            found[identity] = (first["text"][row], second["text"][row], float(part.truth[row, 1]))
    return found


def chosen(n: int = 400, **more: Any) -> list[dict[str, Any]]:
    return [{"chosen": f"good {i}", "rejected": f"bad {i}", **{name: value(i) for name, value in more.items()}} for i in range(n)]


def test_the_better_text_comes_first_in_half_of_the_pairs_and_alike_for_every_seed(tmp_path: Path) -> None:
    own = table(tmp_path, chosen())
    assert isinstance(own, Task) and own.output == Preferences()
    pairs = seen(own)
    assert len(pairs) == 400
    for first, second, share in pairs.values():
        assert (first[:4], second[:3], share) in (("good", "bad", 1.0), ("bad ", "goo", 0.0))
    assert 170 < sum(share for *_, share in pairs.values()) < 230
    few = seen(table(tmp_path, chosen(20)))
    assert few == {identity: pairs[identity] for identity in few}
    other = own.load(1)
    assert set(other.test.ids) != set(own.load(0).test.ids)
    assert all(sides(part.inputs)[0]["text"][row] == pairs[identity][0] for part in (other.supervise, other.transfer, other.test)
               for row, identity in enumerate(part.ids.tolist()))


def ordered(values: list[Any]) -> list[dict[str, Any]]:
    return [{"a": f"one {i}", "b": f"two {i}", "best": value} for i, value in enumerate(values)]


@pytest.mark.parametrize(("values", "settings", "shares"), [
    (["a", "b", "B", "a", "b", "a"], {}, [1, 0, 0, 1, 0, 1]),
    (["first", "second", "First", "second", "first", "first"], {}, [1, 0, 1, 0, 1, 1]),
    ([1, 2, 2, 1, 2, 1], {}, [1, 0, 0, 1, 0, 1]),
    ([0, 1, 1, 0, 1, 0], {"sides": "0,1"}, [1, 0, 0, 1, 0, 1]),
    ([0, 1, 1, 0, 1, 0], {"sides": "1,0"}, [0, 1, 1, 0, 1, 0]),
    ([True, False, False, True, False, True], {"sides": "true,false"}, [1, 0, 0, 1, 0, 1]),
    ([0.25, 0.5, 1, 0, 0.9, 0.1], {}, [0.25, 0.5, 1, 0, 0.9, 0.1]),
    (["model_a", "model_b", "tie"] * 2, {"sides": "model_a,model_b", "tie": "tie"}, [1, 0, 0.5, 1, 0, 0.5]),
    (["Model A.", "**model_b**", "'TIE'"] * 2, {"sides": "model_a,model_b", "tie": "tie"}, [1, 0, 0.5, 1, 0, 0.5]),
])
def test_who_is_preferred_is_read_as_it_is_written(tmp_path: Path, values: list[Any], settings: dict[str, str],
                                                   shares: list[float]) -> None:
    own = table(tmp_path, ordered(values), first="a", second="b", preferred="best", **settings)
    pairs = seen(own)
    assert [pairs[str(i + 1)] for i in range(6)] == [(f"one {i}", f"two {i}", share) for i, share in enumerate(shares)]


@pytest.mark.parametrize(("values", "settings", "message"), [
    ([0, 1, 1, 0, 1, 0], {}, r'holds 0 and 1: is 1 the second, or that the first is preferred\?\n.*sides="0,1"'),
    ([0, 1, 2, 0, 1, 2], {}, r"best of row 3 is 2, no probability\n.*1 for the first and 2 for the second"),
    (["a", "b", "tie", "a", "b", "a"], {}, r"best of row 3 is 'tie', none of first, second, a, b\n.*tie=tie"),
    (["a", "b", None, "a", "b", "a"], {}, r"best of row 3 is missing"),
    (["a", "b", "n/a", "a", "b", "a"], {}, r"best of row 3 is missing"),
    (["a", "b", "a", "a", "b", "a"], {"sides": "a"}, r"sides='a' should be two words"),
])
def test_what_may_mean_either_is_refused_with_the_word_to_add(tmp_path: Path, values: list[Any], settings: dict[str, str],
                                                             message: str) -> None:
    own = table(tmp_path, ordered(values), first="a", second="b", preferred="best", **settings)
    with pytest.raises((DataError, UsageError), match=message):
        own.load(0)


def test_columns_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"first without second and preferred"):
        table(tmp_path, ordered(["a"] * 6), first="a").load(0)
    with pytest.raises(DataError, match=r"has no column 'chosen'\n.*it has a, b, best: .*preferred= say which is which"):
        table(tmp_path, ordered(["a"] * 6)).load(0)


def test_a_prompt_is_read_before_each_and_its_pairs_stay_in_one_part(tmp_path: Path) -> None:
    own = table(tmp_path, chosen(60, prompt=lambda i: f"question {i // 6}"), prompt="prompt")
    assert all(first.startswith("question ") and second.partition("\n\n")[0] == first.partition("\n\n")[0]
               for first, second, _ in seen(own).values())
    for seed in range(3):
        splits = own.load(seed)
        prompts = [{text.partition("\n\n")[0] for text in sides(part.inputs)[0]["text"]}
                   for part in (splits.supervise, splits.transfer, splits.test)]
        assert sum(map(len, prompts)) == len(set.union(*prompts)) == 10


def test_the_easiest_pairs_supervise(tmp_path: Path) -> None:
    """By a column, or by the words of both texts."""
    rows = chosen(50, hard=lambda i: i % 25)
    own = table(tmp_path, rows, difficulty="hard")
    assert set(own.load(0).supervise.ids.tolist()) == {str(i + 1) for i in range(50) if i % 25 < 10}
    assert any("easy to hard: the easiest 40 % by hard" in note for note in own.inputs_read().notes)
    longer = [row | {"rejected": row["rejected"] + " so" * i} for i, row in enumerate(rows)]
    assert set(table(tmp_path, longer, difficulty="words").load(0).supervise.ids.tolist()) == {str(i + 1) for i in range(20)}


def test_pairs_of_equal_texts_leave_the_task_and_are_counted(tmp_path: Path) -> None:
    rows = [*chosen(20), {"chosen": "same", "rejected": "same"}]
    own = table(tmp_path, rows)
    assert len(seen(own)) == 20 and own.inputs_read().notes == ("1 of 21 pairs are of equal texts and leave the task",)
    with pytest.raises(DataError, match="has 5 pairs of two different texts, and 6 are needed"):
        table(tmp_path, [*chosen(5), rows[-1]]).load(0)


def test_cells_may_hold_dialogues(tmp_path: Path) -> None:
    asked = {"role": "user", "content": "Hi?"}
    rows: list[dict[str, Any]] = [{side: [asked, {"role": "assistant", "content": f"{word} {i}"}]
                                   for side, word in (("chosen", "yes"), ("rejected", "no"))} for i in range(8)]
    texts = {text for first, second, _ in seen(table(tmp_path, rows)).values() for text in (first, second)}
    assert "Human: Hi?\n\nAssistant: yes 3" in texts and len(texts) == 16
    with pytest.raises(DataError, match=r"chosen of .*line 8|chosen of row 8 is no dialogue: a message needs role and content"):
        table(tmp_path, [*rows[:7], rows[7] | {"chosen": [{"text": "yes"}]}]).load(0)


def test_the_answers_of_a_teacher_turn_with_the_order_of_the_two(tmp_path: Path) -> None:
    """An LLM that always says `chosen` with probability .9 says .9 of the first where that is the chosen one."""
    own = table(tmp_path, chosen(100, llm=lambda i: 0.9, word=lambda i: "chosen" if i % 4 else ""), answers="llm+word")
    splits = own.load(0)
    assert sum(len(part.ids) for part in (splits.supervise, splits.transfer, splits.test)) == 75
    for part in (splits.supervise, splits.transfer, splits.test):
        assert np.allclose(part.inputs["llm"], np.where(part.truth[:, 1] == 1, 0.9, 0.1))
        assert np.array_equal(part.inputs["word"], part.truth[:, 1])
    assert "25 of 100 rows have no answer of llm+word and leave the task" in own.inputs_read().notes
    assert own.divergence == "brier" and own.inputs_read().hard == {"word"}
    assert table(tmp_path, chosen(100, llm=lambda i: 0.9), answers="llm").divergence == "kl"


def hh_folder(folder: Path) -> str:
    """helpful-base and harmless-base as the hub has them: packed JSON lines of two whole dialogues each."""
    for kind in ("helpful-base", "harmless-base"):
        (folder / kind).mkdir(parents=True)
        for split, first, n in (("train", 0, 40), ("test", 40, 8)):
            lines = [json.dumps({
                "chosen": f"\n\nHuman: How are {i // 2} cats?\n\nAssistant: Fine.\n\nHuman: More?\n\nAssistant: {kind} {i}.",
                "rejected": f"\n\nHuman: How are {i // 2} cats?\n\nAssistant: Fine.\n\nHuman: More?\n\nAssistant: No {i}."})
                for i in range(first, first + n)]
            lines.append(json.dumps({"chosen": "\n\nHuman: Hi\n\nAssistant: Oh.", "rejected": "\n\nHuman: Hi\n\nAssistant: Oh."}))
            (folder / kind / f"{split}.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    return str(folder)


@pytest.mark.parametrize(("name", "kind"), [("hh-helpful", "helpful-base"), ("hh-harmless", "harmless-base")])
def test_hh_is_read_from_the_files_of_the_hub(tmp_path: Path, name: str, kind: str) -> None:
    own = task(name, path=hh_folder(tmp_path))
    assert isinstance(own, Task) and own.output == Preferences() and own.licence == "MIT"
    pairs = seen(own)
    assert sorted(own.load(0).test.ids) == [f"test-{i}" for i in range(8)] and len(pairs) == 48
    beginning = "Human: How are 0 cats?\n\nAssistant: Fine.\n\nHuman: More?\n\nAssistant: "
    assert set(pairs["train-0"][:2]) == {f"{beginning}{kind} 0.", f"{beginning}No 0."}
    assert all(share == float("No " not in first) for first, _, share in pairs.values())
    assert 8 < sum(share for *_, share in pairs.values()) < 40
    halves = [{sides(part.inputs)[0]["text"][row].partition(" cats")[0] for row in range(len(part.ids))}
              for part in (own.load(0).supervise, own.load(0).transfer)]
    assert not halves[0] & halves[1]


@pytest.mark.slow
def test_a_run_on_hh_reads_its_dialogues(w2s: Command) -> None:
    task = f"hh-helpful[path={hh_folder(w2s.folder / 'hh')},limit=40]"
    words = ("run", "--task", task, "--strong", "tfidf", "--strategy", "logistic", "--supervisor", "logistic")
    w2s(*words, "--weak", "tfidf[terms=12]", "-o", "r", check=0)
    row = pl.read_parquet(w2s.folder / "r" / "rows.parquet").row(0, named=True)
    assert row["status"] == "ok" and row["accuracy_ceiling"] == 1.0 and row["n_test"] == 7
    blind = w2s(*words, "--weak", "tfidf[terms=3]", "-o", "blind", check=3)
    assert "tells no first from its second: all 16 differences of features are 0" in " ".join(blind.stderr.split())


def test_cai_is_read_from_dialogues_of_messages(tmp_path: Path) -> None:
    for split, n in (("train_prefs", 12), ("test_prefs", 4)):
        rows = [{"init_prompt": f"Say {i}", "prompt": f"Say {i}",
                 **{side: [{"role": "user", "content": f"Say {i}"}, {"role": "assistant", "content": f"{side} {i}"}]
                    for side in ("chosen", "rejected")}} for i in range(n)]
        (tmp_path / "data").mkdir(exist_ok=True)
        pl.DataFrame(rows).write_parquet(tmp_path / "data" / f"{split}-00000-of-00001.parquet")
    pairs = seen(task("cai-harmless", path=str(tmp_path)))
    assert len(pairs) == 16
    assert all(share == float(first.endswith(f"Assistant: chosen {identity.rpartition('-')[2]}"))
               for identity, (first, _, share) in pairs.items())


def test_what_two_dialogues_share_ends_before_an_answer() -> None:
    assert common_beginning("Human: a\n\nAssistant: b\n\nHuman: c", "Human: a\n\nAssistant: b\n\nHuman: x") == "Human: a"
    assert common_beginning("Human: a\n\nAssistant: same", "Human: a\n\nAssistant: same, longer") == "Human: a"
    assert common_beginning("one", "other") == ""


def test_the_page_of_tasks_has_the_sets_and_where_they_were_seen() -> None:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    for declared in declared_sets(pair_sets).values():
        part = f" `{declared.folder}`" if declared.folder else ""
        split = f"{declared.train} / {declared.test}"
        assert f"| `{declared.name}` | {declared.hub}{part} | {split} | {declared.licence} | {declared.citation} |" in lines
        assert any(line.startswith(f"* `{declared.name}`: {declared.seen}") for line in lines)


@pytest.mark.parametrize(("words", "message"), [
    (("--strategy", "knn"), "knn fits classes and numbers, and pairs[path=pairs.jsonl] has preferences"),
    (("--strategy", "ridge"), "ridge fits numbers, and pairs[path=pairs.jsonl] has preferences"),
    (("--strategy", "logistic", "--weak", "given[column=llm]"),
     "logistic compares what a model reads in two, and given[column=llm] has one answer for both"),
])
def test_what_cannot_be_fitted_on_pairs_is_refused_while_planning(w2s: Command, words: tuple[str, ...], message: str) -> None:
    table(w2s.folder, chosen(30, llm=lambda i: 0.5 + i / 100))
    weak = () if "--weak" in words else ("--weak", "tfidf[terms=5]")
    done = w2s("plan", "--task", "pairs[path=pairs.jsonl]", *weak, "--strong", "tfidf", *words, "--supervisor", "logistic",
               check=2)
    assert message in " ".join(done.stderr.split())


def test_an_llm_that_compares_teaches_as_it_is(w2s: Command) -> None:
    table(w2s.folder, chosen(300, llm=lambda i: 0.5 + (i % 40) / 100), limit=0)
    w2s("run", "--task", "pairs[path=pairs.jsonl]", "--weak", "given[column=llm]", "--strong", "tfidf", "--strategy", "logistic",
        "--supervisor", "as-is", "-o", "r", check=0)
    row = pl.read_parquet(w2s.folder / "r" / "rows.parquet").row(0, named=True)
    assert row["status"] == "ok" and row["accuracy_weak"] >= 0.9 and row["accuracy_student"] == 1.0
