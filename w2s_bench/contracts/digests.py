"""Canonical JSON and the digests made from it: one text for one value, so that keys are derived, never joined."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
"""A value that JSON can write."""

_QUICK = msgspec.json.Encoder(order="sorted")
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def canonical_json(value: Json) -> str:
    """JSON with sorted keys and no spaces. Raises ValueError for NaN and infinity, TypeError for unknown types."""
    return _ENCODER.encode(value)


def digest(value: Json) -> str:
    """SHA-256 of the canonical JSON of `value`, in hex."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def digest_without_floats(value: Json) -> str:
    """The digest of a value in which there is no float, ten times as quick: only floats have other digits in the two encoders."""
    return hashlib.sha256(_QUICK.encode(value)).hexdigest()
