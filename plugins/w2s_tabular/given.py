"""A column of the task as the embedding, such as predictions made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from w2s_bench.contracts import Array, Columns, Embedding
from w2s_tabular.numeric import numeric_embedding


@dataclass(frozen=True)
class Given:
    """column: the numeric input column that is the embedding, (n,) or (n, d). As a teacher it is in no student's x."""

    family = "given"
    capabilities = frozenset({"answers", "whole"})
    whole = True  # whether float32 holds a column is asked of all its numbers
    size = None
    column: str

    @property
    def answers(self) -> str:
        """The column."""
        return self.column

    def fingerprint(self) -> str:
        """No files are read: the task's own digest covers the column."""
        return ""

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        """The column as (n, d), in the precision that it needs."""
        return numeric_embedding(inputs, self.column, f"given[column={self.column}]")
