"""Numbers about the same molecules from another table, joined by canonical SMILES."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from w2s_bench.contracts import Array, DataError, read_csv
from w2s_molecules.published import column_of, numeric_columns, present
from w2s_molecules.smiles import canonical

SMILES = "smiles"


def folder_and_name(path: str) -> tuple[str, str]:
    """The folder of a file and its name in it."""
    return str(Path(path).parent), Path(path).name


def joined_columns(path: str, smiles: Sequence[str], left_out: Collection[str]) -> dict[str, Array]:
    """The numeric columns of a CSV table with a column `smiles`, one row for each of the given canonical SMILES.

    smiles: (n,). left_out: columns of no interest. Each column is (n,) float64; where several rows of the table are
    one molecule, their mean. Raises DataError for a molecule that the table lacks, an invalid SMILES, or a table
    without any such column.
    """
    table = read_csv(present(*folder_and_name(path)))
    theirs = canonical(column_of(table, SMILES, path), path)
    numbered = {text: number for number, text in enumerate(dict.fromkeys(theirs))}
    absent = [row for row, text in enumerate(smiles) if text not in numbered]
    if absent:
        raise DataError(
            f"lacks {len(absent)} of {len(smiles)} molecules, the first in row {absent[0] + 1} of the set: "
            f"{smiles[absent[0]]}",
            where=path,
        )
    columns = numeric_columns(table, {SMILES, *left_out}, path)
    if not columns:
        raise DataError("has no column of numbers to join", where=path, hint=f"columns: {', '.join(table)}")
    molecule = np.array([numbered[text] for text in theirs])
    wanted = np.array([numbered[text] for text in smiles])
    copies = np.bincount(molecule)
    return {name: (np.bincount(molecule, values) / copies)[wanted] for name, values in columns.items()}
