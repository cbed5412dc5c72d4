"""Three MoleculeNet sets as tasks."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from w2s_bench.contracts import Array, DataError, Regression, Split, Splits, file_digest, generator_for, limited, read_csv
from w2s_molecules.joined import folder_and_name, joined_columns
from w2s_molecules.published import PublishedSplit, column_of, numbers, numeric_columns, present, read_split
from w2s_molecules.smiles import canonical

MOLECULENET = "Wu et al. 2018, MoleculeNet, doi:10.1039/C7SC02664A; splits of ChemBench (Shen et al.)"


@dataclass(frozen=True)
class MoleculeSet:
    """A measured property from SMILES, on the published random splits (80/10/10).

    Cell seed s uses published split s mod 3; test is the published test part, so errors compare with
    published ones. The published train part is halved into supervise and transfer by a seed drawn from task
    and s; the published valid part joins transfer, because nothing here is tuned on it and its labels count
    as unseen. Molecules that are equal after canonicalisation stay on one side: a copy of a test molecule is
    dropped from supervise and transfer, then a copy of a supervise molecule from transfer. Copies within a
    part are kept. Inputs: "smiles" and "text" (n,), the same canonical strings, and the other numeric columns
    of the table. teacher: a CSV whose numeric columns, the label left out, join the inputs by canonical SMILES
    (the mean where several of its rows are one molecule), or "". The splits do not depend on it. limit: 0, or the size of a
    fixed sample of the molecules, each of which stays in its part.
    """

    capabilities: ClassVar[frozenset[str]] = frozenset({"columns"})
    path: str
    teacher: str = ""
    limit: int = 0

    dataset: ClassVar[str]
    label: ClassVar[str]
    output: ClassVar[Regression]
    licence: ClassVar[str]
    citation: ClassVar[str]
    divergence: ClassVar[str] = "squared"

    @property
    def file(self) -> str:
        """Name of the table in the folder."""
        return f"{self.dataset}.csv.gz"

    @functools.cached_property
    def columns(self) -> frozenset[str]:
        """The SMILES under two names, and the columns of numbers of the table and of the teacher's."""
        names = {"smiles", "text"}
        for file in (present(self.path, self.file), *([present(*folder_and_name(self.teacher))] if self.teacher else [])):
            names |= numeric_columns(read_csv(file), {"smiles", "text", self.label}, str(file)).keys()
        return frozenset(names)

    def fingerprint(self) -> str:
        """SHA-256 of table, splits and teacher."""
        digests = [file_digest(present(self.path, self.file), present(self.path, "splits.json"))]
        if self.teacher:
            digests.append(file_digest(present(*folder_and_name(self.teacher))))
        return "-".join(digests)

    def load(self, seed: int) -> Splits:
        """truth: (n, 1) float64 in the unit of the output. Raises DataError naming the row of an invalid
        SMILES.
        """
        file = present(self.path, self.file)
        table, where = read_csv(file), str(file)
        truth = numbers(table, self.label, where)[:, None]
        smiles = np.empty(len(truth), dtype=object)
        smiles[:] = canonical(column_of(table, "smiles", where), where)
        own = numeric_columns(table, {"smiles", "text", self.label}, where)
        taught = joined_columns(self.teacher, smiles.tolist(), {"text", self.label}) if self.teacher else {}
        if shared := sorted(own.keys() & taught.keys()):
            raise DataError(f"has a column {shared[0]!r}, as has {where}", where=self.teacher, hint="rename one")
        inputs = {"smiles": smiles, "text": smiles, **own, **taught}
        published = read_split(self.path, self.dataset, seed, len(truth))
        used = limited(len(truth), self.limit, self.dataset)
        published = PublishedSplit(*(rows[np.isin(rows, used)] for rows in published))
        shuffled = generator_for("split", task=self.dataset, seed=seed).permutation(published.train)
        half = len(shuffled) // 2
        test = published.test
        supervise = _without(shuffled[:half], smiles, test)
        transfer = _without(
            np.concatenate([shuffled[half:], published.valid]), smiles, np.concatenate([test, supervise])
        )

        def part(rows: Array) -> Split:
            ids = np.array([f"{self.dataset}-{row + 1}" for row in rows])
            return Split({name: column[rows] for name, column in inputs.items()}, truth[rows], ids)

        return Splits(part(supervise), part(transfer), part(test))


@dataclass(frozen=True)
class Esol(MoleculeSet):
    """Measured solubility in water at 25 °C."""

    dataset: ClassVar[str] = "ESOL"
    label: ClassVar[str] = "measured log solubility in mols per litre"
    output: ClassVar[Regression] = Regression(1, "log10(mol/L)")
    licence: ClassVar[str] = (
        "supplement of the paper, no explicit licence; redistributed by MoleculeNet (MIT)"
    )
    citation: ClassVar[str] = f"Delaney 2004, ESOL, doi:10.1021/ci034243x; {MOLECULENET}"


@dataclass(frozen=True)
class FreeSolv(MoleculeSet):
    """Measured free energy of hydration."""

    dataset: ClassVar[str] = "FreeSolv"
    label: ClassVar[str] = "expt"
    output: ClassVar[Regression] = Regression(1, "kcal/mol")
    licence: ClassVar[str] = "no licence in the FreeSolv repository; redistributed by MoleculeNet (MIT)"
    citation: ClassVar[str] = f"Mobley & Guthrie 2014, FreeSolv, doi:10.1007/s10822-014-9747-x; {MOLECULENET}"


@dataclass(frozen=True)
class Lipop(MoleculeSet):
    """Measured octanol/water distribution coefficient at pH 7.4."""

    dataset: ClassVar[str] = "Lipop"
    label: ClassVar[str] = "exp"
    output: ClassVar[Regression] = Regression(1, "log10 D")
    licence: ClassVar[str] = "CC-BY-SA-3.0 (ChEMBL)"
    citation: ClassVar[str] = f"AstraZeneca, deposited in ChEMBL, doi:10.6019/CHEMBL3301361; {MOLECULENET}"


def _without(rows: Array, smiles: Array, others: Array) -> Array:
    taken = set(smiles[others])
    return np.array([row for row in rows.tolist() if smiles[row] not in taken], dtype=np.int64)
