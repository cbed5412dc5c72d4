"""Three published sets of molecules, three sizes of a GPT-2 made here, both directions: on data beside the project."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from conftest import Command

from w2s_bench.tables.reading import read_runs


@pytest.mark.slow
def test_molecules_run_to_the_end_and_every_row_balances(w2s: Command, shared_data: Path) -> None:
    pytest.importorskip("rdkit")
    sets, corpus = shared_data / "moleculenet_chembench", shared_data / "smiles_pretrain" / "smiles_canonical_dedup.smi.gz"
    made = f"context=120,objective=descriptors,column=smiles,corpus={corpus}"
    tasks = [word for name in ("esol", "freesolv", "lipop") for word in ("--task", f"{name}[path={sets}]")]
    w2s("run", *tasks, "--models", f"nano[width=[16,32],layers=1,steps=60,{made}]", "--models",
        f"nano[width=64,layers=2,steps=60,{made}]", "--strategy", "ridge[penalty=auto]", "--strategy", "least-squares",
        "--seeds", "0..2", "-o", "r", check=0)
    rows, bounds = read_runs([w2s.folder / "r"])
    assert rows.height == 108 and set(rows["direction"]) == {"weak-to-strong", "strong-to-weak"}
    assert (rows["ledger_residue"] <= 1e-9 * (1 + rows["gain"].abs())).all()
    assert bounds.filter(pl.col("all_assumptions") & (pl.col("verdict") == "violated")).is_empty()
