"""Models of texts as bags of words: TF-IDF, the mean of static vectors, and a lexicon of sentiment."""

from __future__ import annotations

from collections.abc import Iterable

from w2s_bench.contracts import ModelEntry, Parameter, hookimpl

requires_api = ">=1,<2"

TEXT = frozenset({"text"})
COLUMN = Parameter("column", str, "text", "input column that is read")


@hookimpl
def w2s_models() -> Iterable[ModelEntry]:
    """Three models without a network."""
    yield ModelEntry(
        "tfidf", "w2s_words.tfidf:Tfidf", tags=TEXT, libraries=("scikit-learn",),
        summary="frequencies of words or letters, weighed by how rare they are in the task's unlabelled texts",
        parameters=(
            Parameter("terms", int, 1000, "the most frequent terms, which are the features", low=1, high=1_000_000),
            Parameter("unit", str, "word", "what a term is made of; char: letters within words", choices=("word", "char")),
            Parameter("longest", int, 1, "words or letters in a term, at most", low=1, high=20),
            Parameter("least", int, 1, "texts that a term occurs in, at least", low=1),
            COLUMN,
        ))
    yield ModelEntry(
        "embedding-table", "w2s_words.embedding_table:EmbeddingTable", tags=TEXT, libraries=("tokenizers",),
        summary="the mean of a text's static vectors: safetensors with a tokenizer.json, or text as of GloVe and word2vec",
        parameters=(
            Parameter("path", str, None, "a file .safetensors, .txt or .vec (plain or .gz), or a folder with one",
                      instead="package", role="place"),
            Parameter("tokenizer", str, "", "a tokenizer.json, where it does not lie beside the vectors", role="place"),
            Parameter("package", str, "", "in the place of path: an installed Python package that carries the vectors",
                      role="place"),
            Parameter("file", str, "", "the file of vectors in the package; tokenizer lies in the package then too",
                      role="place"),
            COLUMN,
        ))
    yield ModelEntry(
        "vader", "w2s_words.vader:Vader", tags=TEXT, libraries=("nltk-vader-sentiment",), extra="vader", needs=("vader",),
        summary="four scores of sentiment by a lexicon and rules: negative, neutral, positive, compound", parameters=(COLUMN,))
