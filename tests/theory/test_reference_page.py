"""docs/scoring.md names what there is: every bound, every divergence, every column of the ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from w2s_bench.registry.loading import load_registry
from w2s_bench.registry.measures import row_columns
from w2s_bench.scoring.columns import BOUNDS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "scoring.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["bounds", "divergences"])
def test_every_bound_and_divergence_of_ours_is_a_line_of_the_page(kind: str) -> None:
    names = [found.entry.name for found in load_registry().entries(kind) if found.plugin.name == "w2s_theory"]
    assert len(names) >= 4 and [name for name in names if f"`{name}`" not in PAGE] == []


def test_the_page_that_columns_name_as_their_source_is_shipped() -> None:
    sources = {column.source for column in (*row_columns(), *BOUNDS) if column.source.endswith(".md")}
    assert sources == {"scoring.md"}
    for name in ("gain", "misfit", "projection", "realizability", "delta_exact", "pgr", "ledger_residue", "assumes", "fails"):
        assert f"`{name}`" in PAGE
