"""Text as bytes: 256 values, a token that begins a text, and padding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from w2s_bench.contracts import Array

BEGIN, PAD, VOCABULARY = 256, 257, 258


def byte_tokens(texts: Sequence[str], context: int) -> tuple[list[Array], Array]:
    """BEGIN and the first `context` bytes of each text's UTF-8, int64, and (n,) bool: which texts were
    longer.
    """
    encoded = [np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8) for text in texts]
    cut = np.array([len(content) > context for content in encoded], dtype=bool)
    return [np.concatenate([[BEGIN], content[:context]]).astype(np.int64) for content in encoded], cut
