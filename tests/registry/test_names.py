"""The grammar of names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_bench.contracts.errors import UsageError
from w2s_bench.registry.names import Selector, format_selector, parse, parse_range

scalars = st.one_of(st.booleans(), st.integers(-(10**9), 10**9), st.floats(allow_nan=False, allow_infinity=False),
                    st.text(st.characters(exclude_categories=("Cs",)), max_size=12))
values = st.one_of(scalars, st.lists(scalars, min_size=1, max_size=3).map(tuple),
                   st.tuples(st.integers(-5, 5), st.integers(0, 9)).map(lambda t: range(t[0], t[0] + t[1] + 1)))
inner = st.from_regex(r"[a-z][a-z0-9-]{0,5}", fullmatch=True).flatmap(lambda name: st.dictionaries(
    st.from_regex(r"[a-z]{1,4}", fullmatch=True), values, min_size=1, max_size=2).map(
        lambda given: format_selector(Selector(name, tuple(given.items())))))
names = st.from_regex(r"[a-z][a-z0-9_-]{0,6}(/[a-z*?][a-z0-9*-]{0,6})?", fullmatch=True)
parameters = st.dictionaries(st.from_regex(r"[a-z][a-z0-9_-]{0,6}", fullmatch=True), values | inner, max_size=3)
selectors = st.builds(Selector, names, parameters.map(lambda d: tuple(d.items())), st.booleans(), st.booleans())


@given(selectors)
def test_parse_reads_back_what_format_writes(selector: Selector) -> None:
    assert parse(format_selector(selector)) == selector


def test_lists_and_ranges_stand_for_every_combination() -> None:
    settings = list(parse("nano[width=[16,64],seed=0..2]").settings())
    assert len(settings) == 6
    assert settings[0] == {"width": 16, "seed": 0} and settings[-1] == {"width": 64, "seed": 2}


def test_a_path_needs_no_quotes() -> None:
    assert dict(parse("arrays[path=../data/my file.csv]".replace(" file", "-file")).params) == {"path": "../data/my-file.csv"}


def test_a_value_may_be_a_name_with_parameters_of_its_own() -> None:
    text = 'filter[by=knn,student=ensemble[second=nano[width=32, corpus="a,]b"],student=[hard,sharpened[temperature=0.5]]]]'
    assert dict(parse(text).params) == {
        "by": "knn", "student": 'ensemble[second=nano[width=32,corpus="a,]b"],student=[hard,sharpened[temperature=0.5]]]'}
    listed = parse("a[loss=[xent,logconf[alpha=0.5]],n=1]")
    assert [setting["loss"] for setting in listed.settings()] == ["xent", "logconf[alpha=0.5]"]
    assert format_selector(listed) == "a[loss=[xent,logconf[alpha=0.5]],n=1]"


@pytest.mark.parametrize("text", ["a[x=b[]", "a[x=b[y]]", "a[x=b[y=1]",
                                  "", "!", "a[", "a[x]", "a[x=]", "a[x=1", "a[x=1]]", "a b", "a[x=1,x=2]", "a[x=9..0]",
                                  "a[x=[1,[2]]]", 'a[x="]'])
def test_what_cannot_be_read_is_refused_with_a_place(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


def test_seeds_read_as_ranges_and_lists() -> None:
    assert parse_range("0..2,5,5") == (0, 1, 2, 5)
    with pytest.raises(UsageError):
        parse_range("a..b")
