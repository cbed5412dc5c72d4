"""Everything that the plugins offer, and the components that a user's words stand for."""

from __future__ import annotations

import difflib
import fnmatch
import importlib.util
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from w2s_bench.contracts.entries import Entry, Parameter, SuiteEntry
from w2s_bench.contracts.errors import PluginError, UsageError, W2SError, nearest, together
from w2s_bench.contracts.kinds import KINDS
from w2s_bench.contracts.printable import one_word
from w2s_bench.registry.component import Component
from w2s_bench.registry.names import Scalar, Selector, format_selector, parse
from w2s_bench.registry.outside import DISTRIBUTION
from w2s_bench.registry.parameters import check_parameters, is_place, lacking, sets_apart, told
from w2s_bench.registry.sources import source_digest
from w2s_bench.registry.taster import try_making
from w2s_bench.registry.versions import versions_of
from w2s_bench.registry.vetted import vetted

_LONGEST_REASON = 300

SINGULAR: Mapping[str, str] = {kind.plural: kind.name for kind in KINDS}


@dataclass(frozen=True)
class Plugin:
    """One entry point. problem: why it is quarantined, a reason or a traceback; "" where it is not."""

    name: str
    distribution: str
    version: str
    problem: str = ""

    @property
    def bundled(self) -> bool:
        """Whether it comes with w2s-bench itself."""
        return self.distribution == DISTRIBUTION

    @property
    def owner(self) -> str:
        """Whose it is: its distribution; "" where it is the project's own."""
        return "" if self.bundled else self.distribution

    @property
    def reason(self) -> str:
        """The problem in one line that can be shown: its first, or the last of a traceback."""
        lines = self.problem.strip().splitlines() or [""]
        return one_word(lines[-1 if lines[0].startswith("Traceback") else 0], _LONGEST_REASON)


@dataclass(frozen=True)
class Registered:
    """An entry and the plugin that it comes from."""

    plugin: Plugin
    entry: Any

    @property
    def full_name(self) -> str:
        return f"{self.plugin.name}/{self.entry.name}"


@dataclass(frozen=True)
class Registry:
    """Everything that the plugins offer. Built by `load_registry`; nothing of a component is imported yet."""

    plugins: tuple[Plugin, ...]
    offered: Mapping[str, tuple[Registered, ...]] = field(default_factory=dict)
    observers: Any = field(default=None, compare=False, repr=False)

    def entries(self, kind: str) -> tuple[Registered, ...]:
        """The registered entries of one kind, named in the plural. Raises ValueError for a word that is no kind."""
        if kind not in SINGULAR:
            raise ValueError(f"no kind is called {kind!r}; {nearest(kind, SINGULAR)}")
        return self.offered.get(kind, ())

    def suite(self, name: str) -> SuiteEntry:
        """The suite of that name, which may be written with its plugin. Raises UsageError with near names."""
        suite: SuiteEntry = self.offer("suites", name).entry
        return suite

    def offer(self, kind: str, name: str) -> Registered:
        """The one entry of that name, which may be written with its plugin. Raises UsageError with near names."""
        return self.match(kind, Selector(name))[0]

    def select(self, kind: str, texts: Sequence[str]) -> tuple[Component, ...]:
        """The components that a list of selectors stands for, in order, without repetition.

        A glob or a tag leaves out entries that cannot be made without a parameter that it does not give.
        Raises UsageError for an unknown name, tag, parameter or value, or a glob without a match.
        """
        found, faults = self.selected(kind, texts)
        if faults:
            raise together(faults)
        return found

    def selected(self, kind: str, texts: Sequence[str]) -> tuple[tuple[Component, ...], list[W2SError]]:
        """The same, and what is wrong with the selectors that stand for nothing."""
        chosen: dict[str, Component] = {}
        faults: list[W2SError] = []
        excluded: list[tuple[set[str], list[dict[str, Scalar]]]] = []
        for text in texts:
            try:
                selector = parse(text)
                matches = self.match(kind, selector)
            except W2SError as error:
                faults.append(error)
                continue
            if selector.exclude:
                excluded.append(({found.full_name for found in matches}, list(selector.settings())))
                continue
            wanted = [(found, settings) for found in matches for settings in selector.settings()
                      if not (selector.is_pattern and lacking(found.entry, settings))]
            for found, settings in wanted:
                try:
                    component = self.component(kind, found, settings, where=text)
                    chosen.setdefault(component.identity, component)
                except W2SError as error:
                    faults.append(error)
        kept = tuple(c for c in chosen.values() if not any(_excluded(c, names, settings) for names, settings in excluded))
        if texts and not kept and not faults:
            faults.append(UsageError(f"no {SINGULAR[kind]} is left", where=", ".join(texts)))
        return kept, faults

    def one(self, kind: str, text: str, settings: Mapping[str, Scalar] = MappingProxyType({}), *, where: str = "") -> Component:
        """The one component that a name stands for, such as `sample-size[x=n_transfer]`.

        settings: more parameters by name, over those in the text. where: what the name stands in, for errors. Raises
        UsageError for an unknown name (with near ones), parameter or value, and for a text that may name several.
        """
        selector = parse(text)
        given = list(selector.settings())
        if selector.is_pattern or selector.exclude or len(given) != 1:
            raise UsageError(f"{text} names more than one {SINGULAR[kind]}", where=where, hint="write one name")
        found = self.match(kind, selector)[0]
        return self.component(kind, found, {**given[0], **settings}, where=where or text)

    def make(self, kind: str, text: str, settings: Mapping[str, Scalar] = MappingProxyType({}), *, where: str = "") -> Any:
        """What a name stands for, made: the entry's target called with its parameters, or the target where the kind says so.

        Raises UsageError as `one` does, PluginError where it cannot be made.
        """
        return self.one(kind, text, settings, where=where).create()

    def settled(self, kind: str, text: str, distributions: Collection[str]) -> tuple[str, ...]:
        """A selector as it stands in a shipped suite: a glob or a tag without its plugin means entries of these distributions.

        It is written out name by name where it would match others too.
        """
        selector = parse(text)
        if selector.exclude or not selector.is_pattern or "/" in selector.name:
            return (text,)
        found = self.match(kind, selector)
        meant = [offer for offer in found if offer.plugin.distribution in distributions]
        if len(meant) == len(found):
            return (text,)
        if not meant:
            raise UsageError(f"no {SINGULAR[kind]} of {' or '.join(sorted(distributions))} matches {text}")
        return tuple(format_selector(Selector(offer.full_name, selector.params)) for offer in meant
                     if not any(lacking(offer.entry, settings) for settings in selector.settings()))

    def match(self, kind: str, selector: Selector) -> list[Registered]:
        """The entries that a selector names. Raises UsageError where there is none, or more than one for a plain name."""
        entries = self.entries(kind)
        singular = SINGULAR[kind]
        if selector.tag:
            found = [e for e in entries if selector.name in e.entry.tags]
            if not found:
                tags = {tag for e in entries for tag in e.entry.tags}
                raise UsageError(f"no {singular} has the tag @{selector.name}", hint=nearest(selector.name, tags))
            return found
        found = [e for e in entries
                 if fnmatch.fnmatchcase(e.full_name if "/" in selector.name else e.entry.name, selector.name)]
        if not found:
            names = {e.full_name if "/" in selector.name else e.entry.name for e in entries}
            what = f"no {singular} matches {selector.name}" if selector.is_pattern else f"unknown {singular} {selector.name!r}"
            raise UsageError(what, hint=self._near(kind, selector.name, names))
        if len(found) > 1 and not selector.is_pattern:
            own = [offer for offer in found if offer.plugin.bundled]
            if len(own) == 1:
                return own
            owners = " and ".join(f"{e.full_name} (of {e.plugin.distribution})" for e in found)
            raise UsageError(f"{singular} {selector.name!r} is claimed by {owners}", hint="write the name with its plugin")
        return found

    def component(self, kind: str, found: Registered, settings: dict[str, Scalar], *, where: str) -> Component:
        """An entry with its parameters checked, defaults filled in, source and files fingerprinted.

        One of others is made in a process of its own first, and here only where that went well.
        """
        described = self.described(kind, found, settings, where=where)
        if found.plugin.owner:
            try_making(described, found.plugin.name)
        made, instance = vetted(described)
        self._check_outputs(instance, found.full_name)
        return made

    def described(self, kind: str, found: Registered, settings: dict[str, Scalar], *, where: str) -> Component:
        """The same before anything of it is imported: without what it pins, and without its fingerprint."""
        entry = found.entry
        missing_extra = self.missing_extra(entry)
        if missing_extra:
            raise UsageError(f"{entry.name} needs the extra {entry.extra!r} ({missing_extra} is not installed)", where=where,
                             hint=f"install it: pip install '{found.plugin.distribution}[{entry.extra}]'")
        params = check_parameters(entry, settings, where)
        parts = self._parts(entry, params, where)
        unsaid = tuple(p.name for p in entry.parameters if not (
            self._differs(p, dict(parts)[p.name], where) if p.name in dict(parts) else sets_apart(p, params[p.name])))
        placed = any(is_place(p, params[p.name]) for p in entry.parameters)
        params |= {part: component.label for part, component in parts}
        unique = sum(e.entry.name == entry.name for e in self.entries(kind)) == 1
        name = entry.name if unique or found.plugin.bundled else found.full_name
        given_params = tuple((given, told(params[given])) for given in settings)
        label = format_selector(Selector(name, given_params))
        draws = {parameter.name for parameter in entry.parameters if parameter.draw}
        pooled = format_selector(Selector(name, tuple(pair for pair in given_params if pair[0] not in draws)))
        return Component(kind, found.full_name, label, entry.target, entry.version, tuple(params.items()),
                         source_digest(entry.target), "", pooled, parts, unsaid, placed, versions_of(entry.libraries),
                         found.plugin.owner)

    def _check_outputs(self, instance: object, name: str) -> None:
        """Raise PluginError for a kind of output that nobody offers under that name, but almost."""
        known = [offer.entry.name for offer in self.entries("outputs")]
        outputs = getattr(instance, "outputs", ())
        for word in sorted(outputs) if isinstance(outputs, frozenset | set) else ():
            if word not in known and difflib.get_close_matches(word, known, cutoff=0.8):
                raise PluginError(f"`outputs` of {name} has {word!r}", hint=nearest(word, known))

    @staticmethod
    def missing_extra(entry: Entry) -> str:
        """The first module of the entry's extra that is not installed, "" where all are."""
        return next((module for module in entry.needs if importlib.util.find_spec(module) is None), "") if entry.extra else ""

    def _parts(self, entry: Entry, params: dict[str, Scalar | None], where: str) -> tuple[tuple[str, Component], ...]:
        """The components that parameters name."""
        parts: list[tuple[str, Component]] = []
        for parameter in entry.parameters:
            value = params[parameter.name]
            silent = parameter.when is not None and params[parameter.when[0]] != parameter.when[1]
            if not parameter.names or value is None or value in parameter.words or silent:
                continue
            parts.append((parameter.name, self.one(parameter.names, str(value), where=where)))
        return tuple(parts)

    def _differs(self, parameter: Parameter, part: Component, where: str) -> bool:
        """Whether a component within is another than the one that the parameter names by default."""
        if parameter.default is None:
            return True
        usual = parse(str(parameter.default))
        if usual.name not in (part.name, part.name.partition("/")[2]):
            return True
        found = self.match(parameter.names, parse(part.name))[0]
        return self.component(parameter.names, found, next(usual.settings()), where=where).identity != part.identity

    def _near(self, kind: str, name: str, names: Iterable[str]) -> str:
        for other in SINGULAR:
            if other != kind and any(e.entry.name == name for e in self.entries(other)):
                return f"{name} is a {SINGULAR[other]}; {nearest(name, names)}"
        return nearest(name, names)


def _excluded(component: Component, names: set[str], settings: list[dict[str, Scalar]]) -> bool:
    """Whether `!name[param=value]` means this component: its name, and every value that is given."""
    params = dict(component.params)
    return component.name in names and any(
        all(params.get(name) == value for name, value in given.items()) for given in settings)


