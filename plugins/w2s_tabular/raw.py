"""The input column itself as features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from w2s_bench.contracts import Array, Columns, Embedding
from w2s_tabular.numeric import numeric_embedding


@dataclass(frozen=True)
class Raw:
    """column: the numeric input column to read, (n,) or (n, d)."""

    family = "raw"
    capabilities = frozenset({"whole"})
    whole = True  # whether float32 holds a column is asked of all its numbers
    size = None
    column: str = "x"

    def fingerprint(self) -> str:
        """No files are read."""
        return ""

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        """The column as (n, d), in the precision that it needs."""
        return numeric_embedding(inputs, self.column, f"raw[column={self.column}]")
