"""A column of the task as the embedding, such as predictions made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from w2s_bench.contracts import Array, Columns, Embedding
from w2s_tabular.numeric import numeric_column


@dataclass(frozen=True)
class Given:
    """column: the numeric input column that is the embedding, (n,) or (n, d)."""

    family = "given"
    size = None
    column: str

    def fingerprint(self) -> str:
        """No files are read: the task's own digest covers the column."""
        return ""

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        """The column as (n, d) float32."""
        return Embedding(numeric_column(inputs, self.column, f"given[column={self.column}]"))
