"""Long names as short as they can be and still tell what a table or figure shows apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from w2s_bench.contracts.errors import UsageError
from w2s_bench.registry.names import Selector, format_selector, parse


def short_names(labels: Iterable[str | None], *, nameless: bool = False) -> dict[str, str]:
    """Each label without what tells nothing apart, with spaces at which it may be broken; distinct labels stay distinct.

    Left out are parameters with one value in all labels of a name that hold them, and, where `nameless`, the name itself
    if it is the `one_name` of all.
    """
    known = sorted({label for label in labels if label is not None})
    read = {label: found for label in known if (found := _read(label)) is not None}
    for name in sorted({selector.name for selector in read.values()}):
        read = _without_shared(read, name)
    texts = {label: format_selector(selector) for label, selector in read.items()}
    if nameless and (name := one_name(known)):
        texts = {label: text.removeprefix(f"{name}[").removesuffix("]") for label, text in texts.items()}
    return {label: texts.get(label, label).replace(",", ", ") for label in known}


def one_name(labels: Iterable[str | None]) -> str:
    """The name that all labels share and without which each still has parameters to be told by; empty if there is none."""
    known = sorted({label for label in labels if label is not None})
    selectors = [_read(label) for label in known]
    names = {selector.name if selector else "" for selector in selectors}
    told = all(selector is not None and selector.params for selector in selectors)
    return names.pop() if len(names) == 1 and len(known) > 1 and told else ""


def meant(text: str, labels: Iterable[str | None]) -> list[str]:
    """The labels that a text may stand for: a label itself, its short name, or a name with some of its parameters, or none.

    Several where the text does not tell them apart, [] where it is none of theirs.
    """
    known = sorted({label for label in labels if label is not None})
    if text in known:
        return [text]
    bare = text.replace(", ", ",")
    for nameless in (False, True):
        found = [label for label, short in short_names(known, nameless=nameless).items() if short.replace(", ", ",") == bare]
        if len(found) == 1:
            return found
    asked = _read(text)
    read = {label: selector for label in known if (selector := _read(label)) is not None}
    return [] if asked is None else [label for label, selector in read.items() if _stands_for(asked, selector)]


def _stands_for(asked: Selector, label: Selector) -> bool:
    """Whether a name, with its plugin or without, and every parameter that is given with it are the label's."""
    same = label.name == asked.name or label.name.rpartition("/")[2] == asked.name
    return same and not (asked.tag or asked.exclude) and set(asked.params) <= set(label.params)


def _without_shared(read: Mapping[str, Selector], name: str) -> dict[str, Selector]:
    """The selectors, those of this name without the parameters that say nothing, as long as all stay distinct.

    A parameter that some labels lack goes only if its holders keep another one, which tells what they are.
    """
    kept = dict(read)
    for parameter in dict.fromkeys(p for s in read.values() if s.name == name for p, _ in s.params):
        mine = {label: s for label, s in kept.items() if s.name == name}
        held = [value for s in mine.values() for p, value in s.params if p == parameter]
        fewer = {label: replace(s, params=tuple(pair for pair in s.params if pair[0] != parameter)) for label, s in mine.items()}
        bare = any(not fewer[label].params and s.params for label, s in mine.items())
        if len(set(held)) == 1 and len(set(fewer.values())) == len(fewer) and (len(held) == len(mine) or not bare):
            kept |= fewer
    return kept


def _read(label: str) -> Selector | None:
    try:
        return parse(label)
    except UsageError:  # somebody's table may hold names that are none of ours
        return None
