"""MoleculeNet tasks on published splits, and the descriptors of molecules."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import w2s_molecules

from w2s_bench.contracts import Task
from w2s_bench.contracts.errors import DataError
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import spec_from_toml
from w2s_bench.registry.component import instantiate
from w2s_bench.registry.loading import load_registry
from w2s_bench.registry.parameters import check_parameters

pytest.importorskip("rdkit", reason="the extra `molecules` is not installed")

PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data" / "moleculenet_chembench"
published = pytest.mark.skipif(
    not (PUBLISHED / "splits.json").is_file(), reason="the MoleculeNet tables are not here"
)

# ethanol is there three times, written in different ways; the published parts are by row
SMILES = [
    "CCO",
    "CCCC",
    "c1ccccc1",
    "OCC ",
    "CC(=O)O",
    "CCN",
    "C(O)C",
    "CCCCCC",
    "CC",
    "C[N+](C)(C)C",
    "CCl",
    "CBr",
]


def task(path: Path, name: str = "esol", **settings: str) -> Any:
    entry = next(entry for entry in w2s_molecules.w2s_tasks() if entry.name == name)
    return instantiate(entry.target, check_parameters(entry, {"path": str(path), **settings}, name), name)


def folder(place: Path, smiles: list[str], extra: str = "mass") -> Path:
    lines = [f"smiles,measured log solubility in mols per litre,{extra}"]
    lines += [f"{text},{-index / 2},{index}" for index, text in enumerate(smiles)]
    (place / "ESOL.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))
    n = len(smiles)
    parts = {"train": list(range(n - 4)), "valid": [n - 4, n - 3], "test": [n - 2, n - 1]}
    other = {"train": [*range(2), *range(4, n)], "valid": [2], "test": [3]}
    (place / "splits.json").write_text(json.dumps({"ESOL": {"7": parts, "8": other, "9": parts}}))
    return place


def test_the_published_split_goes_by_the_seed_and_valid_joins_transfer(tmp_path: Path) -> None:
    esol = task(folder(tmp_path, SMILES))
    first, second = esol.load(0), esol.load(1)
    assert isinstance(esol, Task) and esol.output.unit == "log10(mol/L)"
    assert first.test.ids.tolist() == ["ESOL-11", "ESOL-12"] and second.test.ids.tolist() == ["ESOL-4"]
    assert {"ESOL-9", "ESOL-10"} <= set(first.transfer.ids.tolist())
    assert esol.load(3).test.ids.tolist() == first.test.ids.tolist()
    assert set(first.test.inputs) == {"smiles", "text", "mass"} and first.test.truth.tolist() == [
        [-5.0],
        [-5.5],
    ]


def test_copies_of_a_molecule_stay_on_one_side(tmp_path: Path) -> None:
    esol = task(folder(tmp_path, SMILES))
    for seed in range(12):
        splits = esol.load(seed)
        sides = [set(part.inputs["smiles"]) for part in (splits.supervise, splits.transfer, splits.test)]
        assert max(Counter(smiles for side in sides for smiles in side).values()) == 1
    assert "CCO" not in set(esol.load(1).supervise.inputs["smiles"]) | set(
        esol.load(1).transfer.inputs["smiles"]
    )


def teacher_table(place: Path, rows: list[tuple[str, float]]) -> str:
    lines = ["name,smiles,measured log solubility in mols per litre,rule of thumb"]
    lines += [f'"a, b",{smiles},0.5,{answer}' for smiles, answer in rows]
    (place / "teacher.csv").write_text("\n".join(lines) + "\n")
    return str(place / "teacher.csv")


def test_a_teachers_numbers_join_by_molecule_whatever_the_order_and_the_writing(tmp_path: Path) -> None:
    written = [*((text, float(index)) for index, text in enumerate(SMILES[4:])), ("OCC", 20.0), ("C1=CC=CC=C1", 7.0)]
    rows = [*reversed(written), (SMILES[1], -1.0)]
    folder(tmp_path, SMILES)
    taught = task(tmp_path, teacher=teacher_table(tmp_path, rows))
    splits, plain = taught.load(1), task(tmp_path).load(1)
    mean_of_copies = (20.0 + 2.0) / 2  # ethanol stands there as OCC and as C(O)C
    assert splits.test.inputs["rule of thumb"].tolist() == [mean_of_copies]
    assert set(splits.test.inputs) == {"smiles", "text", "mass", "rule of thumb"}
    known = {"c1ccccc1": 7.0, "CCCC": -1.0, "CCl": 6.0, "CC(=O)O": 0.0}
    for part, bare in ((splits.supervise, plain.supervise), (splits.transfer, plain.transfer)):
        assert part.ids.tolist() == bare.ids.tolist() and part.inputs["rule of thumb"].dtype == np.float64
        for smiles, answer in zip(part.inputs["smiles"], part.inputs["rule of thumb"], strict=True):
            assert known.get(smiles, answer) == answer


def test_a_teacher_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    folder(tmp_path, SMILES)
    everything = [(text, 1.0) for text in SMILES]
    partly = [row for row in everything if row[0] not in ("CCO", "OCC ", "C(O)C")]
    with pytest.raises(DataError, match="lacks 3 of 12 molecules, the first in row 1 of the set: CCO"):
        task(tmp_path, teacher=teacher_table(tmp_path, partly)).load(0)
    with pytest.raises(DataError, match="row 1 holds no valid SMILES"):
        task(tmp_path, teacher=teacher_table(tmp_path, [("C1CC", 1.0)])).load(0)
    with pytest.raises(DataError, match="has no column of numbers"):
        task(tmp_path, teacher=teacher_table(tmp_path, [(text, float("nan")) for text in SMILES])).load(0)
    with pytest.raises(DataError, match="has no file teecher.csv.*\n.*teacher.csv"):
        task(tmp_path, teacher=str(tmp_path / "teecher.csv")).fingerprint()
    path = teacher_table(tmp_path, everything)
    before = task(tmp_path, teacher=path).fingerprint()
    assert before == task(tmp_path, teacher=path).fingerprint() != task(tmp_path).fingerprint()
    Path(path).write_text(Path(path).read_text().replace("rule of thumb", "mass"))
    assert task(tmp_path, teacher=path).fingerprint() != before
    with pytest.raises(DataError, match="has a column 'mass', as has"):
        task(tmp_path, teacher=path).load(0)


@pytest.mark.parametrize("odd", ["n/a", "", "inf", "1.234.5"])
def test_a_column_of_numbers_with_an_odd_cell_is_refused_and_never_left_out(tmp_path: Path, odd: str) -> None:
    """One cell took the teacher's column out of the inputs without a word, and text stays no input of numbers."""
    folder(tmp_path, SMILES)
    path = Path(teacher_table(tmp_path, [(text, float(index)) for index, text in enumerate(SMILES)]))
    assert "rule of thumb" in task(tmp_path, teacher=str(path)).load(0).test.inputs
    path.write_text(path.read_text().replace(",0.5,4.0", f",0.5,{odd}"))
    with pytest.raises(DataError, match=f"rule of thumb of row 5 is '{odd}', and the rest of the column is numbers"):
        task(tmp_path, teacher=str(path)).load(0)
    gapped = (tmp_path / "ESOL.csv.gz")
    gapped.write_bytes(gzip.compress(gzip.decompress(gapped.read_bytes()).replace(b",-1.0,2", b",-1.0,?"), mtime=0))
    with pytest.raises(DataError, match=r"mass of row 3 is '\?'"):
        task(tmp_path).load(0)


def test_faults_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 3 holds no valid SMILES: 'C1CC'"):
        task(folder(tmp_path, [*SMILES[:2], "C1CC", *SMILES[3:]])).load(0)
    with pytest.raises(DataError, match="no such folder"):
        task(tmp_path / "nowhere").fingerprint()
    with pytest.raises(DataError, match="has no file Lipop.csv.gz"):
        task(tmp_path, "lipop").fingerprint()
    (tmp_path / "splits.json").write_text(
        json.dumps({"ESOL": {"1": {"train": [0, 99], "valid": [1], "test": [2]}}})
    )
    with pytest.raises(DataError, match="splits belong to another version"):
        task(folder_without_splits(tmp_path)).load(0)
    (tmp_path / "ESOL.csv.gz").write_bytes(b"no gzip")
    with pytest.raises(DataError, match="cannot be read"):
        task(tmp_path).load(0)


def folder_without_splits(place: Path) -> Path:
    kept = (place / "splits.json").read_text()
    folder(place, SMILES)
    (place / "splits.json").write_text(kept)
    return place


def test_descriptors_are_those_of_the_molecule_and_silent(capfd: pytest.CaptureFixture[str]) -> None:
    from w2s_molecules.descriptors import NAMES, descriptors

    values = descriptors(["CCO", "c1ccccc1", "C[NH3+]"])
    column = {name: values[:, at] for at, name in enumerate(NAMES)}
    assert values.shape == (3, 12) and values.dtype == np.float64
    assert column["MolWt"][0] == pytest.approx(46.07, abs=0.01)
    assert column["NumAromaticRings"].tolist() == [0, 1, 0] and column["FormalCharge"].tolist() == [0, 0, 1]
    assert descriptors([]).shape == (0, 12)
    with pytest.raises(DataError, match="row 2 holds no valid SMILES"):
        descriptors(["CC", "not a molecule"])
    assert capfd.readouterr().err == ""


@published
@pytest.mark.parametrize(
    ("name", "sizes", "unit"),
    [("esol", (451, 558, 113), "log10(mol/L)"), ("freesolv", (256, 321, 65), "kcal/mol")],
)
def test_the_published_tables_load(name: str, sizes: tuple[int, ...], unit: str) -> None:
    molecules = task(PUBLISHED, name)
    splits = molecules.load(0)
    assert tuple(len(part.truth) for part in (splits.supervise, splits.transfer, splits.test)) == sizes
    assert molecules.output.unit == unit and not any(
        text != text.strip() for text in splits.supervise.inputs["smiles"]
    )


@published
@pytest.mark.parametrize(
    ("name", "file", "column", "worst"),
    [
        ("esol", "esol.csv", "ESOL predicted log solubility in mols per litre", 1.0),
        ("freesolv", "freesolv.csv", "calc", 1.7),
    ],
)
def test_the_published_natural_teachers_join(name: str, file: str, column: str, worst: float) -> None:
    splits = task(PUBLISHED, name, teacher=str(PUBLISHED.parent / "moleculenet_csv" / file)).load(0)
    given = load_registry().select("models", [f'given[column="{column}"]'])[0]
    assert load_registry().select("models", [given.label])[0].key == given.key
    squares = [
        (given.create().embed(part.inputs, {}).values - part.truth) ** 2
        for part in (splits.supervise, splits.transfer, splits.test)
    ]
    assert np.sqrt(np.concatenate(squares).mean()) < worst


@published
def test_the_suite_makes_the_strong_model_once_for_all_its_checkpoints() -> None:
    registry = load_registry()
    suite = registry.suite("paper-molecules")
    for text in (suite.toml, suite.quick):
        plan = make_plan(spec_from_toml(text, where=suite.name, data=str(PUBLISHED.parent)), registry)
        strong = {cell.strong.key for cell in plan.cells}
        assert len(strong) == 1 and plan.stages()["prepare"] == 4
        assert {panel for panels in plan.panels.values() for panel in panels} == {"molecules", "natural-teachers"}
        assert len({cell.weak.key for cell in plan.cells if plan.panels[cell.key] == ("molecules",)}) >= 6
        assert {cell.seed for cell in plan.cells} == {0, 1, 2}
