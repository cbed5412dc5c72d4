"""Properties of molecules from MoleculeNet, on published splits. Needs RDKit, the extra `molecules`."""

from __future__ import annotations

from collections.abc import Iterable

from w2s_bench.contracts import LIMIT, DescriptorsEntry, Parameter, TaskEntry, hookimpl

requires_api = ">=1,<2"

TAGS = frozenset({"regression", "molecules"})

TEACHER = Parameter(
    "teacher",
    str,
    "",
    "CSV with a column smiles, of the same molecules: its numbers join the inputs, for given[column=…]",
    role="place",
)


def _entry(name: str, target: str, file: str, summary: str) -> TaskEntry:
    path = Parameter("path", str, None, f"folder that holds {file} and splits.json", role="place")
    return TaskEntry(
        name,
        f"w2s_molecules.sets:{target}",
        summary=summary,
        tags=TAGS,
        parameters=(path, TEACHER, LIMIT),
        extra="molecules",
        needs=("rdkit",),
        libraries=("rdkit",),
    )


@hookimpl
def w2s_tasks() -> Iterable[TaskEntry]:
    """Three sets of molecules with one measured number each."""
    yield _entry("esol", "Esol", "ESOL.csv.gz", "solubility in water of 1,128 molecules, log10(mol/L)")
    yield _entry(
        "freesolv", "FreeSolv", "FreeSolv.csv.gz", "free energy of hydration of 642 molecules, kcal/mol"
    )
    yield _entry("lipop", "Lipop", "Lipop.csv.gz", "lipophilicity (log D at pH 7.4) of 4,200 molecules")


@hookimpl
def w2s_descriptors() -> Iterable[DescriptorsEntry]:
    """Twelve numbers of a molecule."""
    yield DescriptorsEntry(
        "rdkit",
        "w2s_molecules.descriptors:descriptors",
        summary="weight, log P, polar surface and counts of a SMILES, by RDKit",
        tags=frozenset({"molecules"}),
        extra="molecules",
        needs=("rdkit",),
        libraries=("rdkit",),
    )
