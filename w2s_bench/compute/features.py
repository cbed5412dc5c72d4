"""Frozen features of a task's inputs: made once per model, and read split by split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from w2s_bench.compute.shown import Shown, shown_to
from w2s_bench.compute.splits import PARTS, LoadedTask, unpack_ids
from w2s_bench.contracts import Array, Columns, Embedding, Model
from w2s_bench.contracts.errors import DataError, Diverged, PluginError
from w2s_bench.planning.recipes import Part
from w2s_bench.store.artifacts import Artifact


@dataclass(frozen=True)
class Features:
    """parts: by split, (n, d) float32, or float64 of a precise embedding. truncated: how many inputs of the splits were longer
    than the context. column: the input column that was read, or ""."""

    parts: Mapping[Part, Array]
    truncated: int
    column: str


def embedded(model: Model, label: str, inputs: Mapping[str, Columns], state: Mapping[str, Array]) -> Artifact:
    """Features of named groups of inputs: arrays `name` (n, d), and `name/truncated` (n,) bool where a text was cut.

    Raises PluginError for a column that is not there or a shape that is wrong, Diverged for values that are not finite.
    """
    arrays: dict[str, Array] = {}
    column = model.column
    for name, columns in inputs.items():
        shown = shown_to(model, label, columns)
        arrays |= _packed(model.embed(shown.columns, state), name, shown, label)
        column = "" if shown.pairs is not None else column
    return Artifact(arrays, {"column": column})


def embedded_together(models: Mapping[str, Any], name: str, columns: Columns) -> list[Artifact]:
    """What `embedded` gives for one group of inputs and each of models by label, from one call of the first one's `embed_many`.

    Raises as it does.
    """
    (label, first), *_ = models.items()
    shown = shown_to(first, label, columns)
    found = list(first.embed_many(list(models.values()), shown.columns))
    if len(found) != len(models):
        raise PluginError(f"embed_many of {label} gave {len(found)} answers for {len(models)} models")
    column = "" if shown.pairs is not None else first.column
    return [Artifact(_packed(embedding, name, shown, label), {"column": column})
            for label, embedding in zip(models, found, strict=True)]


def _packed(embedding: Embedding, name: str, shown: Shown, label: str) -> dict[str, Array]:
    arrays = {name: shown.compared(_checked(embedding, len(next(iter(shown.columns.values()))), label), label)}
    if embedding.truncated is not None:
        arrays[f"{name}/truncated"] = shown.either(np.asarray(embedding.truncated, dtype=bool))
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
            parts[part], cut = artifact.arrays["pool"][rows], artifact.arrays.get("pool/truncated")
            cut = None if cut is None else cut[rows]
        truncated += 0 if cut is None else int(cut.sum())
    return Features(parts, truncated, artifact.payload["column"])


def _places(ids: Array, place: Mapping[str, int]) -> Array:
    try:
        return np.array([place[str(name)] for name in ids], dtype=np.int64)
    except KeyError as lost:
        raise DataError(f"example {lost} is in a split, and not in the pool of the task") from None


def _checked(given: Embedding, n: int, label: str) -> Array:
    values = np.asarray(given.values, dtype=np.float64 if given.precise else np.float32)
    if values.ndim != 2 or len(values) != n:
        raise PluginError(f"{label} gave features of shape {values.shape} for {n} inputs")
    if not np.isfinite(values).all():
        raise Diverged(f"{label} gave features that are not finite")
    return values
