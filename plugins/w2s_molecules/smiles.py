"""SMILES read by RDKit, with its log silent while it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from w2s_bench.contracts import DataError


def molecules(smiles: Iterable[str], where: str) -> Iterator[Any]:
    """One RDKit molecule per SMILES, made when it is asked for: a hundred thousand of them take gigabytes.

    Raises DataError with the row (from 1) of one that cannot be read.
    """
    from rdkit import Chem, rdBase

    for row, text in enumerate(smiles, start=1):
        with rdBase.BlockLogs():
            molecule = Chem.MolFromSmiles(text.strip())
        if molecule is None or not text.strip():
            raise DataError(f"row {row} holds no valid SMILES: {text!r}", where=where)
        yield molecule


def canonical(smiles: Iterable[str], where: str) -> list[str]:
    """The canonical SMILES of each. Raises DataError with the row of the first that cannot be read."""
    from rdkit import Chem

    return [Chem.MolToSmiles(molecule) for molecule in molecules(smiles, where)]
