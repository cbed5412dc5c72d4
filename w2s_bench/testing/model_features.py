"""Features of a subject, as the checks of models compare them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from w2s_bench.contracts import Array, Columns, Model, PrepareContext, PreparedModel, can, height_of
from w2s_bench.contracts.digests import Json
from w2s_bench.registry.component import Component
from w2s_bench.testing.array_digests import digest_of
from w2s_bench.testing.checks import Subject, Unavailable
from w2s_bench.testing.model_inputs import plain

_ROUNDING, _ROUNDING_OF_BFLOAT16 = 1e-4, 0.05
"""By how much features may differ that are the same up to rounding, in parts of the largest."""


def features_digest(component: Component, folder: Path) -> Json:
    """Of a model: a digest of its features of the plain inputs. folder: the subject's."""
    model = component.create()
    columns = plain(model, folder)
    return digest_of_features(model, columns, _state_of(component, folder))


def component_of(subject: Subject) -> Component:
    """Its component; every model has one."""
    assert subject.component is not None
    return subject.component


def plain_inputs(subject: Subject) -> Columns:
    """Ordinary inputs, all different."""
    return plain(subject.made, subject.folder)


def state_of(subject: Subject) -> dict[str, Array]:
    """A copy of what it prepares of the plain inputs; nothing of one that prepares nothing."""
    return _state_of(component_of(subject), subject.folder)


def _state_of(component: Component, folder: Path) -> dict[str, Array]:
    return copied(_prepared(component, folder))


@functools.lru_cache(maxsize=2)
def _prepared(component: Component, folder: Path) -> Mapping[str, Array]:
    model = component.create()
    return dict(model.prepare(_context_of(model, folder))) if can(model, "prepare") else {}


def copied(columns: Columns) -> dict[str, Array]:
    """Columns, or a state, of one's own."""
    return {name: np.array(values) for name, values in columns.items()}


def context_of(subject: Subject) -> PrepareContext:
    """What it may use by `prepare_from`, and nothing else."""
    return _context_of(subject.made, subject.folder)


def _context_of(model: PreparedModel, folder: Path) -> PrepareContext:
    names = model.prepare_from
    return PrepareContext(0 if "seed" in names else None, plain(model, folder) if "task" in names else None)


def features_of(subject: Subject, columns: Columns) -> Array:
    """By a new instance. Raises Unavailable for features that `shape_and_dtype` finds broken."""
    values = np.asarray(subject.made.embed(copied(columns), state_of(subject)).values, dtype=np.float64)
    if values.ndim != 2 or len(values) != height_of(columns):
        raise Unavailable("its features have no shape (n, d), as shape_and_dtype says")
    return values


def digest_of_features(model: Model, columns: Columns, state: Mapping[str, Array]) -> str:
    """Of the bytes of what embed() gives."""
    found = model.embed(copied(columns), copied(state))
    cut = {} if found.truncated is None else {"truncated": np.asarray(found.truncated)}
    return digest_of({"values": np.asarray(found.values), **cut})


def are_close(found: Array, wanted: Array, subject: Subject) -> bool:
    """Whether features are the same up to the rounding of the subject's dtype."""
    bfloat16 = dict(component_of(subject).params).get("dtype") == "bfloat16"
    if found.shape != wanted.shape:
        return False
    return _apart_by(found, wanted) <= (_ROUNDING_OF_BFLOAT16 if bfloat16 else _ROUNDING)


def _apart_by(found: Array, wanted: Array) -> float:
    return float(np.abs(found - wanted).max() / max(float(np.abs(wanted).max()), 1e-30))


def how_far(found: Array, wanted: Array) -> str:
    """How far features are apart, in words."""
    if found.shape != wanted.shape:
        return f"they have the shapes {found.shape} and {wanted.shape}"
    return f"by {_apart_by(found, wanted):.2g} of the largest"
