"""A module that patches the contracts when it is imported."""

from __future__ import annotations

from peeking.kept import PatchedLabels, patch_labels

patch_labels()

__all__ = ["PatchedLabels"]
