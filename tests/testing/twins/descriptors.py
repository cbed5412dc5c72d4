"""Descriptors, the first of which are sound."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from w2s_bench.contracts import Array


def lengths(texts: Sequence[str]) -> Array:
    """Characters and words."""
    return np.array([[len(text), len(text.split())] for text in texts], dtype=np.float64)


def standardised(texts: Sequence[str]) -> Array:
    """By the mean of the texts that stand beside."""
    found = lengths(texts)
    return found - found.mean(axis=0)


SUBJECTS = {"lengths": "", "standardised": "numbers_of_texts"}
