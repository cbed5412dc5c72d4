"""Tasks, one of which is sound."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Regression, Splits, draw_splits


class Sound:
    """Sixty rows of two numbers."""

    BREAKS = ""
    output, divergence, licence, citation = Regression(), "squared", "CC0-1.0", "made for the tests"

    def fingerprint(self) -> str:
        return "1"

    def load(self, seed: int) -> Splits:
        x = np.random.default_rng(0).normal(size=(60, 2))
        return draw_splits({"x": x}, x.sum(axis=1, keepdims=True), np.array([f"row-{at}" for at in range(60)]), seed)


class NoLicence(Sound):
    BREAKS = "licence_and_citation"
    licence = ""
