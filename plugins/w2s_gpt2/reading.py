"""Texts as the token ids of a published model, with every way in which a tokenizer and texts do not fit together named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from w2s_bench.contracts import Array, DataError
from w2s_gpt2.folders import copied_tokenizer

SHOWN = 60
"""Characters of a text in a message."""

FOREIGN = 0.01
"""Share of a model's vocabulary by which the tokenizer's own entries may pass it; added tokens may be any number."""


@dataclass(frozen=True)
class TextReader:
    """A tokenizer beside a model that knows the ids 0 to vocabulary - 1.

    context: most tokens in a text. pad: an id for padding, which is masked. empty: the id that an empty text is read as, None
    where the tokenizer has none. where: for messages.
    """

    tokenizer: Any
    vocabulary: int
    context: int
    pad: int
    empty: int | None
    where: str

    @staticmethod
    def of(tokenizer: Any, vocabulary: int, context: int, configured: tuple[int | None, int | None], where: str) -> TextReader:
        """configured: the ids of padding and of the beginning in the model's configuration. Raises DataError for a tokenizer
        without entries, and for one of a model with more.
        """
        specials = {token for token in tokenizer.all_special_tokens if token}
        if len(tokenizer) <= len(specials):
            raise DataError("the tokenizer has no vocabulary: its files are not there, and every text would be read as the same",
                            where=where, hint=copied_tokenizer(where))
        if int(tokenizer.vocab_size) > (1 + FOREIGN) * vocabulary:
            raise DataError(f"the tokenizer knows {tokenizer.vocab_size} tokens, the model {vocabulary}", where=where,
                            hint="the tokenizer belongs to another model; copy that of this one")
        pad = _first((tokenizer.pad_token_id, configured[0]), vocabulary)
        begins = (tokenizer.bos_token_id, tokenizer.cls_token_id, tokenizer.eos_token_id, configured[1])
        return TextReader(tokenizer, vocabulary, context, pad or 0, _first(begins, vocabulary), where)

    def tokens(self, texts: Sequence[str], limit: int) -> tuple[list[Array], Array]:
        """Token ids (t,) int64 of each text, at most `limit`, and (n,) bool: which were cut.

        Raises DataError for a text that is no Unicode, ids past the vocabulary, and texts that the tokenizer does not know or
        tell apart.
        """
        if not texts:
            return [], np.zeros(0, dtype=bool)
        limit = min(limit, self.context)
        for number, text in enumerate(texts, start=1):
            check_whole(text, f"text {number} of {len(texts)}", self.where)
        whole = self._ids(list(texts))
        cut = np.array([len(ids) > limit for ids in whole])
        sequences = []
        for text, ids, long in zip(texts, whole, cut, strict=True):
            kept = self._cut(text, limit) if long else ids
            sequences.append(np.array(kept or [self._beginning()], dtype=np.int64))
        self._check_known(texts, sequences)
        if len(set(texts)) > 1 and len({sequence.tobytes() for sequence in sequences}) == 1:
            raise DataError(f"the tokenizer reads {len(set(texts))} different texts as the same {len(sequences[0])} tokens, "
                            f"such as {_shown(texts[0])}", where=self.where,
                            hint=f"the texts begin alike and are cut to {limit} tokens; raise max_length" if cut.all() else
                            "its vocabulary is not that of these texts, or its files are not whole")
        return sequences, cut

    def _ids(self, texts: list[str], **options: Any) -> list[list[int]]:
        try:
            found: list[list[int]] = self.tokenizer(texts, verbose=False, **options)["input_ids"]
        except Exception as error:
            raise DataError(f"its tokenizer ({type(self.tokenizer).__name__}) fails on {_shown(texts[0])}"
                            f"{f' or one of {len(texts) - 1} more' if len(texts) > 1 else ''}: {type(error).__name__}: {error}",
                            where=self.where) from error
        return found

    def _cut(self, text: str, limit: int) -> list[int]:
        (ids,) = self._ids([text], truncation=True, max_length=limit)
        if len(ids) > limit:
            raise DataError(f"a text cannot be cut to {limit} tokens: the tokenizer adds "
                            f"{self.tokenizer.num_special_tokens_to_add()} of its own", where=self.where, hint="raise max_length")
        return ids

    def _beginning(self) -> int:
        if self.empty is None:
            raise DataError("a text gives no token, and the tokenizer names none that begins a text", where=self.where,
                            hint="leave empty texts out, or give the tokenizer a bos_token")
        return self.empty

    def _check_known(self, texts: Sequence[str], sequences: list[Array]) -> None:
        for text, ids in zip(texts, sequences, strict=True):
            if (top := int(ids.max())) >= self.vocabulary:
                token = self.tokenizer.convert_ids_to_tokens(top)
                raise DataError(f"the text {_shown(text)} holds the token {top} ({token!r}), and the model knows 0 to "
                                f"{self.vocabulary - 1}", where=self.where,
                                hint="the tokenizer belongs to another model, or tokens were added to it and the model was not "
                                "resized: resize_token_embeddings")
        unknown = self.tokenizer.unk_token_id
        if unknown is None or unknown in (self.tokenizer.bos_token_id, self.tokenizer.eos_token_id):
            return
        ids = np.concatenate(sequences)
        read = ~np.isin(ids, [token for token in self.tokenizer.all_special_ids if token != unknown])
        missed = int((ids == unknown).sum())
        if 2 * missed > read.sum():
            raise DataError(f"the tokenizer does not know {missed} of {int(read.sum())} tokens of these texts, such as "
                            f"{_shown(texts[0])}", where=self.where,
                            hint="its vocabulary is that of other texts, or its files are not whole; copy the tokenizer of the "
                            "model that this one was made of")


def _first(ids: Sequence[Any], vocabulary: int) -> int | None:
    """The first that is an id of the vocabulary; configurations hold None, -1 and lists as well."""
    return next((token for token in ids if isinstance(token, int) and 0 <= token < vocabulary), None)


def check_whole(text: str, which: str, where: str) -> None:
    """Raises DataError for half a character (a lone surrogate), as a cut through an emoji leaves it in JSON."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"{which} holds half a character, {text[error.start]!a} at position {error.start + 1}: "
                        f"{_shown(text)}", where=where, hint="mend it; a cut through an emoji leaves such a half") from error


def _shown(text: str) -> str:
    return ascii(text if len(text) <= SHOWN else text[:SHOWN] + "…") if not text.isprintable() else repr(
        text if len(text) <= SHOWN else text[:SHOWN] + "…")
