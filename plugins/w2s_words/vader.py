"""VADER: a rule that scores the sentiment of a text by a lexicon and some rules of grammar, without any training."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from w2s_bench.contracts import Array, Columns, Embedding, file_digest, tell, text_column

SCORES = ("neg", "neu", "pos", "compound")


@dataclass(frozen=True)
class Vader:
    """Features (n, 4) float32: the shares of a text that are negative, neutral and positive, and a compound score in [−1, 1]
    (Hutto and Gilbert 2014), as the package nltk-vader-sentiment gives them, which mends faults of the first implementation.
    """

    column: str

    family = "vader"

    @functools.cached_property
    def rule(self) -> Any:
        """The module, of the extra `vader`."""
        import vader  # type: ignore[import-untyped,unused-ignore]

        return vader

    @property
    def size(self) -> int:
        """Entries of the lexicon."""
        return len(self.rule.analyzer.LEXICON)

    def fingerprint(self) -> str:
        """Digest of the rules and the lexicon."""
        return file_digest(*sorted(Path(self.rule.__file__).parent.rglob("*.py")))

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        """The four scores of each text; a text without a word of the lexicon is neutral, an empty one all zeros."""
        texts = text_column(inputs, self.column)
        scores: dict[str, dict[str, float]] = {}
        distinct = dict.fromkeys(texts)
        for text in distinct:
            scores[text] = self.rule.polarity_scores(text)
            tell(len(scores), len(distinct), "texts")
        return Embedding(np.array([[scores[text][name] for name in SCORES] for text in texts], np.float32).reshape(len(texts), 4))
