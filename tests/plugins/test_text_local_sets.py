"""Local files of labelled sentences: small ones written here, and the real ones where they lie beside the project."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import w2s_text
from w2s_text.line_files import decoded, read_lines

from w2s_bench.contracts import Classes, Regression, Splits, Task
from w2s_bench.contracts.errors import DataError, UsageError
from w2s_bench.registry.component import instantiate
from w2s_bench.registry.parameters import check_parameters


def task(name: str, /, **settings: Any) -> Any:
    entry = next(entry for entry in w2s_text.w2s_tasks() if entry.name == name)
    return instantiate(entry.target, check_parameters(entry, settings, name), name)


def write(folder: Path, name: str, lines: list[str] | bytes) -> None:
    content = lines if isinstance(lines, bytes) else ("\n".join(lines) + "\n").encode()
    (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)


@pytest.fixture
def stars(tmp_path: Path) -> str:
    """Ten train lines, five dev lines and five test lines; the first train line is also in the test file."""
    write(tmp_path, "stsa.fine.train.gz", ["0 the same text"] + [f"{i % 5} train text {i}" for i in range(1, 10)])
    write(tmp_path, "stsa.fine.dev", [f"{i} dev text {i}" for i in range(5)])
    write(tmp_path, "stsa.fine.test", [f"{i} test text {i}" for i in range(4)] + ["4 the same text"])
    return str(tmp_path)


def parts(splits: Splits) -> tuple[Any, ...]:
    return splits.supervise, splits.transfer, splits.test


def test_the_official_test_file_is_the_test_part_and_train_lines_like_it_are_left_out(stars: str) -> None:
    own = task("sst5-local", path=stars)
    splits = own.load(0)
    assert isinstance(own, Task)
    assert own.output == Classes(5, ("very negative", "negative", "neutral", "positive", "very positive"))
    assert sorted(splits.test.ids) == [f"test-{i}" for i in range(1, 6)] and "the same text" in splits.test.inputs["text"]
    ids = [i for part in parts(splits) for i in part.ids]
    assert len(ids) == len(set(ids)) == 19 and "train-1" not in ids
    assert [len(part.ids) for part in parts(splits)] == [7, 7, 5] and sorted(own.pool().ids) == sorted(ids)
    for part in parts(splits):
        for text, row in zip(part.inputs["text"], part.truth, strict=True):
            if text.startswith("dev"):
                assert row.argmax() == int(text[-1]) and row.sum() == 1.0


def test_stars_are_classes_steps_or_a_number_on_the_same_splits(stars: str) -> None:
    classes, ordinal, number = (task("sst5-local", path=stars, **{"as": kind}) for kind in ("classes", "ordinal", "regression"))
    assert not classes.output.ordered and ordinal.output.ordered and ordinal.output.k == 5
    assert number.output == Regression(1, "stars") and (classes.divergence, number.divergence) == ("kl", "squared")
    for a, b in zip(parts(classes.load(3)), parts(number.load(3)), strict=True):
        assert a.ids.tolist() == b.ids.tolist()
        assert a.truth.argmax(axis=1).tolist() == b.truth[:, 0].tolist()
    assert task("sst5-local", path=stars, divergence="brier").divergence == "brier"
    with pytest.raises(UsageError, match="a number has no classes to balance"):
        task("sst5-local", path=stars, balance="on", **{"as": "regression"})


def test_without_a_test_file_equal_texts_fall_in_one_part(tmp_path: Path) -> None:
    write(tmp_path, "mpqa.all", [f"{i % 2} phrase {i // 4}" for i in range(100)])
    own = task("mpqa-local", path=str(tmp_path))
    for seed in range(3):
        texts = [set(part.inputs["text"]) for part in parts(own.load(seed))]
        assert not texts[0] & texts[1] and not texts[0] & texts[2] and not texts[1] & texts[2]
        assert [len(part.ids) for part in parts(own.load(seed))] == [40, 40, 20]
    assert own.load(0).test.ids.tolist() != own.load(1).test.ids.tolist()


def test_a_limit_is_a_fixed_sample_and_balance_thins_it(tmp_path: Path) -> None:
    write(tmp_path, "custrev.all", [f"{int(i % 4 > 0)} review {i}" for i in range(200)])
    few = task("cr-local", path=str(tmp_path), limit=80)
    even = task("cr-local", path=str(tmp_path), limit=80, balance="on")
    assert len(few.pool().ids) == 80 and set(even.pool().ids) < set(few.pool().ids)
    truth = even.labelled().truth
    assert even.balanced and not few.balanced and truth[:, 0].sum() == truth[:, 1].sum() == few.labelled().truth[:, 0].sum()
    for seed in (0, 1):
        assert sorted(i for part in parts(even.load(seed)) for i in part.ids) == sorted(even.pool().ids)


def test_every_line_is_utf8_or_else_windows_1252(tmp_path: Path) -> None:
    assert decoded("clichés – à".encode()) == "clichés – à"
    assert decoded("clichés – à".encode("cp1252")) == "clichés – à"
    assert decoded(b"caf\xe9 \x81") == "café \x81"
    write(tmp_path, "subj.all", b"0 a \x96 b \r\n1 caf\xc3\xa9\n0 caf\xe9\n1 \n")
    lines = read_lines(tmp_path / "subj.all")
    assert [(line.number, line.label, line.text) for line in lines] == [(1, "0", "a – b"), (2, "1", "café"), (3, "0", "café"),
                                                                       (4, "1", "")]


def test_fine_labels_are_read_from_the_original_files(tmp_path: Path) -> None:
    kinds = ["DESC:def", "NUM:date", "HUM:ind"]
    write(tmp_path, "train_5500.label", [f"{kinds[i % 3]} What is {i}?" for i in range(12)])
    write(tmp_path, "TREC_10.label", ["NUM:date When is it?", "HUM:ind Who is it?"])
    fine = task("trec-local", path=str(tmp_path), labels="fine")
    assert fine.output == Classes(3, ("DESC:def", "HUM:ind", "NUM:date"))
    assert fine.load(0).test.truth.tolist() == [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    with pytest.raises(DataError, match=r"no file TREC.train.all or TREC.train.all.gz"):
        task("trec-local", path=str(tmp_path)).fingerprint()
    (tmp_path / "train_5500.label").unlink()
    with pytest.raises(DataError, match=r"fine labels are not in these files\n.*labels=coarse reads TREC.train.all"):
        task("trec-local", path=str(tmp_path), labels="fine")


def test_faults_name_the_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs the parameter path"):
        task("mr-local")
    with pytest.raises(UsageError, match=r"has no parameter 'folder'\n.*did you mean path"):
        task("mr-local", folder=str(tmp_path))
    with pytest.raises(DataError, match=r"no such folder\n.*holds rt-polarity.all"):
        task("mr-local", path=str(tmp_path / "none")).fingerprint()
    write(tmp_path, "rt-polarity.all", ["0 bad", "1 good"] * 4 + ["2 odd"])
    with pytest.raises(DataError, match=r"line 9: the label '2' is none of 0, 1"):
        task("mr-local", path=str(tmp_path)).load(0)
    write(tmp_path, "rt-polarity.all", ["0 bad", " good"])
    with pytest.raises(DataError, match=r"line 2: begins with no label"):
        task("mr-local", path=str(tmp_path)).load(0)
    (tmp_path / "custrev.all.gz").write_bytes(b"no gzip")
    with pytest.raises(DataError, match="cannot be read"):
        task("cr-local", path=str(tmp_path)).load(0)
    write(tmp_path, "justice_train.csv", b"label,text\n1,a\n")
    write(tmp_path, "justice_test.csv", b"label,scenario\n1,a\n")
    with pytest.raises(DataError, match="has no column 'scenario'"):
        task("justice-local", path=str(tmp_path)).load(0)


def test_justice_has_two_test_files_with_ids_of_their_own(tmp_path: Path) -> None:
    write(tmp_path, "justice_train.csv.gz", ["label,scenario"] + [f'{i % 2},"I rest, because {i}."' for i in range(8)])
    write(tmp_path, "justice_test.csv.gz", ["label,scenario", "1,easy a", "0,easy b"])
    write(tmp_path, "justice_test_hard.csv.gz", ["label,scenario", "1,hard a", "0,hard b"])
    normal, hard = (task("justice-local", path=str(tmp_path), test=test) for test in ("normal", "hard"))
    assert normal.load(0).test.inputs["text"].tolist() == ["easy a", "easy b"]
    assert hard.load(0).test.inputs["text"].tolist() == ["hard a", "hard b"]
    assert normal.fingerprint() != hard.fingerprint() and normal.licence == "MIT"
    assert "I rest, because 3." in normal.pool().inputs["text"]


REAL = [
    ("sst2-local", {}, (3894, 3895, 1821), (4649, 4961)),
    ("sst5-local", {}, (4821, 4821, 2210), None),
    ("trec-local", {}, (2721, 2721, 500), None),
    ("subj-local", {}, (4000, 4000, 2000), (5000, 5000)),
    ("mr-local", {}, (4265, 4265, 2132), (5331, 5331)),
    ("cr-local", {}, (1510, 1510, 755), (1368, 2407)),
    ("mpqa-local", {}, (4260, 4225, 2121), (7294, 3312)),
    ("justice-local", {}, (10895, 10895, 2704), (11311, 13183)),
    ("justice-local", {"test": "hard"}, (10895, 10895, 2052), (10963, 12879)),
]


@pytest.mark.parametrize(("name", "settings", "sizes", "balance"), REAL, ids=[f"{name}{s or ''}" for name, s, _, _ in REAL])
def test_the_real_files_have_these_sizes_and_no_text_in_two_parts(shared_data: Path, name: str, settings: dict[str, str],
                                                                  sizes: tuple[int, int, int],
                                                                  balance: tuple[int, int] | None) -> None:
    folder = shared_data / ("ethics_justice" if name == "justice-local" else "sent_cls")
    own = task(name, path=str(folder), **settings)
    splits = own.load(0)
    assert sum(abs(len(part.ids) - size) for part, size in zip(parts(splits), sizes, strict=True)) <= 4
    texts = [set(part.inputs["text"]) for part in parts(splits)]
    assert not texts[0] & texts[1] and not texts[0] & texts[2] and not texts[1] & texts[2]
    if balance:
        assert np.concatenate([part.truth for part in parts(splits)]).sum(axis=0).tolist() == list(balance)
