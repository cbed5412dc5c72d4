"""TF-IDF: how often each term occurs in a text, weighed by how rare it is among the task's texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from w2s_bench.contracts import Array, Columns, DataError, Embedding, PluginError, PrepareContext, text_column


@dataclass(frozen=True)
class Tfidf:
    """Rows of length 1 with a feature for each of the most frequent terms, fitted on the unlabelled supervise and transfer texts
    (scikit-learn's TfidfVectorizer: idf = 1 + ln((1 + n) / (1 + texts with the term))). Capitals do not count.
    """

    terms: int
    unit: Literal["word", "char"]
    longest: int
    least: int
    column: str

    capabilities = frozenset({"prepare"})
    prepare_from = frozenset({"task"})
    family = "tfidf"

    @property
    def size(self) -> int:
        """The number of terms."""
        return self.terms

    def fingerprint(self) -> str:
        """Nothing is read but the task."""
        return ""

    def prepare(self, context: PrepareContext) -> dict[str, Array]:
        """Terms as UTF-8 with zeros between, and the idf (d,) float64 of each. Raises DataError where no term is left."""
        if context.inputs is None:
            raise PluginError("was given no texts", where="tfidf")
        vectorizer = self._vectorizer(max_features=self.terms, min_df=self.least)
        try:
            vectorizer.fit(text_column(context.inputs, self.column))
        except ValueError as error:
            raise DataError(f"no term occurs in {self.least} of the texts or more", where="tfidf",
                            hint="a smaller least, or unit=char") from error
        terms = "\0".join(vectorizer.get_feature_names_out()).encode("utf-8", "surrogatepass")
        return {"terms": np.frombuffer(terms, dtype=np.uint8).copy(), "idf": np.asarray(vectorizer.idf_, dtype=np.float64)}

    def embed(self, inputs: Columns, state: Mapping[str, Array]) -> Embedding:
        """Features (n, d) float32; zeros for a text without a term."""
        terms = state["terms"].tobytes().decode("utf-8", "surrogatepass").split("\0")
        vectorizer = self._vectorizer(vocabulary={term: index for index, term in enumerate(terms)})
        vectorizer.idf_ = np.asarray(state["idf"])
        return Embedding(vectorizer.transform(text_column(inputs, self.column)).toarray().astype(np.float32))

    def _vectorizer(self, **settings: Any) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer

        unit = {"analyzer": "word", "token_pattern": r"(?u)\b\w+\b"} if self.unit == "word" else {"analyzer": "char_wb"}
        return TfidfVectorizer(ngram_range=(1, self.longest), **unit, **settings)
