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
from w2s_bench.errors import DataError
from w2s_bench.registry import check_parameters, instantiate

pytest.importorskip("rdkit", reason="the extra `molecules` is not installed")

PUBLISHED = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "moleculenet_chembench"
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


def task(path: Path, name: str = "esol") -> Any:
    entry = next(entry for entry in w2s_molecules.w2s_tasks() if entry.name == name)
    return instantiate(entry.target, check_parameters(entry, {"path": str(path)}, name), name)


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
