"""The quick digest is the digest, of all that has no float."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from w2s_bench.contracts.digests import Json, digest, digest_without_floats

TEXTS = st.text(st.characters(exclude_categories=("Cs",)))
PLAIN = st.recursive(st.none() | st.booleans() | st.integers(-2**63, 2**64 - 1) | TEXTS,
                     lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(TEXTS, inner))


@given(PLAIN)
def test_the_quick_digest_is_the_digest(value: Json) -> None:
    assert digest_without_floats(value) == digest(value)
