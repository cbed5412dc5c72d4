"""Cheap descriptors of a molecule, learned beside the next token by a model of SMILES."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from w2s_bench.contracts import Array
from w2s_molecules.smiles import molecules

NAMES = (
    "MolWt",
    "MolLogP",
    "TPSA",
    "NumHDonors",
    "NumHAcceptors",
    "NumRotatableBonds",
    "RingCount",
    "NumAromaticRings",
    "HeavyAtomCount",
    "NumHeteroatoms",
    "FractionCSP3",
    "FormalCharge",
)


def descriptors(smiles: Sequence[str]) -> Array:
    """(n,) SMILES to (n, 12) float64, columns as in `NAMES`.

    MolWt in g/mol, TPSA in Å², MolLogP the estimate of Wildman & Crippen (1999), the others counts, a
    fraction in [0, 1] and a charge in e. Raises DataError with the row of a SMILES that cannot be read.
    """
    from rdkit import Chem
    from rdkit.Chem import Descriptors

    functions = dict(Descriptors.descList) | {"FormalCharge": Chem.GetFormalCharge}
    values = [[functions[name](molecule) for name in NAMES] for molecule in molecules(smiles, "descriptors")]
    return np.array(values, dtype=np.float64).reshape(-1, len(NAMES))
