"""A model that reads texts: 20 lines. It writes down how many texts it was given, where it is told to."""

import os
from dataclasses import dataclass

import numpy as np

from w2s_bench.contracts import Embedding


@dataclass(frozen=True)
class Letters:
    width: int
    column, family = "text", "letters"
    size = property(lambda self: self.width)

    def fingerprint(self):
        return ""

    def embed(self, inputs, state):
        if log := os.environ.get("W2S_EXTERNAL_LOG"):
            with open(log, "a", encoding="utf-8") as file:
                file.write(f"{self.width} {len(inputs['text'])}\n")
        letters = [np.frombuffer(text.encode(), np.uint8) % self.width for text in inputs["text"]]
        return Embedding(np.array([np.bincount(row, minlength=self.width) for row in letters], dtype=np.float32))
