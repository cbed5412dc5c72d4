"""Names are as short as they can be, and stay apart."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from w2s_bench.registry.short_names import meant, one_name, short_names

VALUES = st.one_of(st.integers(0, 2), st.sampled_from(["x", "y"]))
LABELS = st.builds(lambda name, params: name + (f"[{','.join(f'{k}={v}' for k, v in params.items())}]" if params else ""),
                   st.sampled_from(["a", "b"]), st.dictionaries(st.sampled_from(["p", "q", "r"]), VALUES))


@given(st.sets(LABELS, min_size=1, max_size=6))
def test_short_names_stay_apart(labels: set[str]) -> None:
    for nameless in (False, True):
        short = short_names(labels, nameless=nameless)
        assert set(short) == labels and all(short.values())
        assert len(set(short.values())) == len({re.sub(r"\s", "", label) for label in labels})


@given(st.sets(LABELS, min_size=1, max_size=6))
def test_a_short_name_means_its_label(labels: set[str]) -> None:
    for label, short in short_names(labels).items():
        assert meant(label, labels) == [label]
        assert short in labels or meant(short, labels) == [label]


def test_a_name_with_some_parameters_means_whatever_holds_them() -> None:
    labels = ["m[layers=2,samples=5]", "m[layers=8,samples=5]", "m[layers=8,samples=9]", "p/k[layers=8]"]
    assert meant("m[layers=8]", labels) == labels[1:3] and meant("layers=2,samples=5", labels[:3]) == labels[:1]
    assert meant("k", labels) == labels[3:] == meant("p/k", labels) and meant("n", labels) == [] == meant("m[", labels)


def test_short_names_leave_out_what_tells_nothing() -> None:
    labels = ["m[layers=2,samples=5]", "m[layers=8,samples=5]", "m[source=target]"]
    assert list(short_names(labels, nameless=True).values()) == ["layers=2", "layers=8", "source=target"]
    assert one_name(labels) == "m" and short_names(["ridge[penalty=1]", "mean"]) == {"mean": "mean", "ridge[penalty=1]": "ridge"}
