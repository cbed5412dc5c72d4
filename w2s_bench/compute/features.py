"""Frozen features of a task's inputs: made once per model, and read split by split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from w2s_bench.compute.row_blocks import RowReader
from w2s_bench.compute.shown import Shown, shown_to
from w2s_bench.compute.splits import PARTS, LoadedTask, unpack_ids
from w2s_bench.contracts import Array, Columns, Embedding, Model
from w2s_bench.contracts.errors import DataError
from w2s_bench.contracts.mapped import gathered
from w2s_bench.planning.recipes import Part
from w2s_bench.store.artifacts import Artifact
from w2s_bench.store.checkpoints import StoredBlocks


@dataclass(frozen=True)
class Features:
    """parts: by split, (n, d) float32, or float64 of a precise embedding. truncated: how many inputs of the splits were longer
    than the context. column: the input column that was read, or ""."""

    parts: Mapping[Part, Array]
    truncated: int
    column: str


def embedded(model: Model, label: str, inputs: Mapping[str, Columns], state: Mapping[str, Array],
             kept: StoredBlocks | None = None) -> Artifact:
    """Features of named groups of inputs: arrays `name` (n, d), and `name/truncated` (n,) bool where a text was cut.

    kept: where blocks of rows are kept meanwhile. Raises PluginError for a column that is not there or a shape that is wrong,
    Diverged for values that are not finite.
    """
    arrays: dict[str, Array] = {}
    column, reader = model.column, RowReader({label: model}, state, None if kept is None else [kept])
    for name, columns in inputs.items():
        shown = shown_to(model, label, columns)
        (embedding,) = reader.features(shown.columns, name)
        arrays |= _packed(embedding, name, shown, label)
        column = "" if shown.pairs is not None else column
    return Artifact(arrays, {"column": column})


def embedded_together(models: Mapping[str, Model], name: str, columns: Columns, state: Mapping[str, Array],
                      kept: Sequence[StoredBlocks] | None = None) -> Iterator[Artifact]:
    """What `embedded` gives for one group of inputs and each of models by label, one after the other, where the first one reads
    for all of them. Raises as it does.
    """
    (label, first), *_ = models.items()
    shown = shown_to(first, label, columns)
    column = "" if shown.pairs is not None else first.column
    found = RowReader(models, state, kept).features(shown.columns, name)
    for label, embedding in zip(models, found, strict=True):
        yield Artifact(_packed(embedding, name, shown, label), {"column": column})


def _packed(embedding: Embedding, name: str, shown: Shown, label: str) -> dict[str, Array]:
    arrays = {name: shown.compared(embedding.values, label)}
    if embedding.truncated is not None:
        arrays[f"{name}/truncated"] = shown.either(embedding.truncated)
    return arrays


def features_of(artifact: Artifact, task: LoadedTask) -> Features:
    """The features of each split of a loaded task: rows of its pool by their ids, where the pool was embedded.

    Raises DataError for an example of a split that is not in the pool.
    """
    parts: dict[Part, Array] = {}
    truncated = 0
    pooled = "pool" in artifact.arrays
    place = {name: row for row, name in enumerate(unpack_ids(artifact.arrays))} if pooled else None
    for part in PARTS:
        if place is None:
            parts[part], cut = artifact.arrays[part], artifact.arrays.get(f"{part}/truncated")
        else:
            rows = _places(task.part(part).ids, place)
            parts[part], cut = gathered(artifact.arrays["pool"], rows), artifact.arrays.get("pool/truncated")
            cut = None if cut is None else cut[rows]
        truncated += 0 if cut is None else int(cut.sum())
    return Features(parts, truncated, artifact.payload["column"])


def _places(ids: Array, place: Mapping[str, int]) -> Array:
    try:
        return np.array([place[str(name)] for name in ids], dtype=np.int64)
    except KeyError as lost:
        raise DataError(f"example {lost} is in a split, and not in the pool of the task") from None
