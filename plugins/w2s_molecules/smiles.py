"""SMILES read by RDKit, with its log silent while it reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from w2s_bench.errors import DataError


def molecules(smiles: Iterable[str], where: str) -> list[Any]:
    """One RDKit molecule per SMILES. Raises DataError with the row (from 1) of one that cannot be read."""
    from rdkit import Chem, rdBase

    found = []
    with rdBase.BlockLogs():
        for row, text in enumerate(smiles, start=1):
            molecule = Chem.MolFromSmiles(text.strip())
            if molecule is None or not text.strip():
                raise DataError(f"row {row} holds no valid SMILES: {text!r}", where=where)
            found.append(molecule)
    return found


def canonical(smiles: Iterable[str], where: str) -> list[str]:
    """The canonical SMILES of each. Raises DataError with the row of the first that cannot be read."""
    from rdkit import Chem

    return [Chem.MolToSmiles(molecule) for molecule in molecules(smiles, where)]
