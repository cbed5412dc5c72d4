"""Plugins found by entry point, loaded one by one behind a guard, and their entries made into components."""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import hashlib
import importlib
import importlib.metadata
import importlib.util
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pluggy

from w2s_bench import hookspecs
from w2s_bench.canonical import digest
from w2s_bench.contracts import Entry, LossEntry, ModelEntry, Parameter, StrategyEntry, SuiteEntry, TaskEntry
from w2s_bench.errors import PluginError, UsageError, W2SError, nearest
from w2s_bench.names import PLAIN_NAME, Scalar, Selector, format_selector, format_value, parse

GROUP = "w2s_bench"
Kind = Literal["tasks", "models", "strategies", "losses"]
_ENTRY_TYPES: dict[Kind, type[Entry]] = {"tasks": TaskEntry, "models": ModelEntry, "strategies": StrategyEntry,
                                         "losses": LossEntry}
_SINGULAR: dict[Kind, str] = {"tasks": "task", "models": "model", "strategies": "strategy", "losses": "loss"}


@dataclass(frozen=True)
class Plugin:
    """One entry point. problem: the traceback text when it is quarantined, else ""."""

    name: str
    distribution: str
    version: str
    problem: str = ""


@dataclass(frozen=True)
class Registered:
    """An entry and the plugin that it comes from."""

    plugin: Plugin
    entry: Entry

    @property
    def full_name(self) -> str:
        return f"{self.plugin.name}/{self.entry.name}"


@dataclass(frozen=True)
class Component:
    """An entry with every parameter resolved: what a job's key is made from.

    label: the shortest name that selects it; pooled_label: the same without parameters that only number draws.
    source: digest of the component's source package.
    fingerprint: digest of the files that the component reads, as it reports itself. parts: the components that parameters
    name, by parameter; they are in the key with all that is theirs.
    """

    kind: Kind
    name: str
    label: str
    target: str
    version: int
    params: tuple[tuple[str, Scalar | None], ...]
    source: str
    fingerprint: str
    pooled_label: str = ""
    parts: tuple[tuple[str, Component], ...] = ()

    @functools.cached_property
    def key(self) -> str:
        """Digest of everything but the labels."""
        inside = [[name, part.key] for name, part in self.parts]
        return digest([self.kind, self.name, self.target, self.version, self.params, self.source, self.fingerprint, *inside])

    @functools.cached_property
    def identity(self) -> str:
        """Name and parameters only: what seeds are derived from."""
        return digest([self.name, self.params, *([name, part.identity] for name, part in self.parts)])

    def create(self) -> Any:
        """The component itself, imported now, and with it those that its parameters name."""
        return instantiate(self.target, {**dict(self.params), **{name: part.create() for name, part in self.parts}}, self.label)

    def named(self, kind: Kind) -> tuple[Component, ...]:
        """The components of a kind that parameters name, those within parts too, in order."""
        found: list[Component] = []
        for _, part in self.parts:
            found += [part] if part.kind == kind else part.named(kind)
        return tuple(found)


def component_fields(component: Component) -> dict[str, Any]:
    """A component as plain JSON values."""
    fields = {f.name: getattr(component, f.name) for f in dataclasses.fields(component)}
    return {**fields, "parts": [[name, component_fields(part)] for name, part in component.parts]}


def component_from_fields(fields: dict[str, Any]) -> Component:
    """The inverse of `component_fields`."""
    parts = tuple((name, component_from_fields(part)) for name, part in fields["parts"])
    return Component(**{**fields, "params": tuple((name, value) for name, value in fields["params"]), "parts": parts})


@dataclass(frozen=True)
class Registry:
    """Everything that the plugins offer. Built by `load_registry`; nothing of a component is imported yet."""

    plugins: tuple[Plugin, ...]
    tasks: tuple[Registered, ...] = ()
    models: tuple[Registered, ...] = ()
    strategies: tuple[Registered, ...] = ()
    losses: tuple[Registered, ...] = ()
    suites: tuple[tuple[Plugin, SuiteEntry], ...] = ()
    observers: Any = field(default=None, compare=False, repr=False)

    def entries(self, kind: Kind) -> tuple[Registered, ...]:
        """The registered entries of one kind."""
        return {"tasks": self.tasks, "models": self.models, "strategies": self.strategies, "losses": self.losses}[kind]

    def suite(self, name: str) -> SuiteEntry:
        """The suite of that name. Raises UsageError with near names."""
        found = [suite for _, suite in self.suites if suite.name == name]
        if len(found) != 1:
            raise UsageError(f"no suite is called {name!r}" if not found else f"several plugins ship a suite {name!r}",
                             hint=nearest(name, (suite.name for _, suite in self.suites)))
        return found[0]

    def select(self, kind: Kind, texts: Sequence[str]) -> tuple[Component, ...]:
        """The components that a list of selectors stands for, in order, without repetition.

        A glob or a tag leaves out entries that cannot be made without a parameter that it does not give.
        Raises UsageError for an unknown name, tag, parameter or value, or a glob without a match.
        """
        chosen: dict[str, Component] = {}
        excluded: list[tuple[set[str], list[dict[str, Scalar]]]] = []
        for text in texts:
            selector = parse(text)
            matches = self.match(kind, selector)
            if selector.exclude:
                excluded.append(({found.full_name for found in matches}, list(selector.settings())))
                continue
            for found in matches:
                for settings in selector.settings():
                    if selector.is_pattern and _lacking(found.entry, settings):
                        continue
                    component = self.component(kind, found, settings, where=text)
                    chosen.setdefault(component.identity, component)
        kept = tuple(c for c in chosen.values() if not any(_excluded(c, names, settings) for names, settings in excluded))
        if texts and not kept:
            raise UsageError(f"no {_SINGULAR[kind]} is left", where=", ".join(texts))
        return kept

    def match(self, kind: Kind, selector: Selector) -> list[Registered]:
        """The entries that a selector names. Raises UsageError where there is none, or more than one for a plain name."""
        entries = self.entries(kind)
        singular = _SINGULAR[kind]
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
            owners = " and ".join(f"{e.full_name} (of {e.plugin.distribution})" for e in found)
            raise UsageError(f"{singular} {selector.name!r} is claimed by {owners}", hint="write the name with its plugin")
        return found

    def component(self, kind: Kind, found: Registered, settings: dict[str, Scalar], *, where: str) -> Component:
        """An entry with its parameters checked, defaults filled in, source and files fingerprinted."""
        entry = found.entry
        missing_extra = _missing_extra(entry)
        if missing_extra:
            raise UsageError(f"{entry.name} needs the extra {entry.extra!r} ({missing_extra} is not installed)", where=where,
                             hint=f"install it: pip install 'w2s-bench[{entry.extra}]'")
        params = check_parameters(entry, settings, where)
        parts = self._parts(entry, params, where)
        params |= {part: component.label for part, component in parts}
        unique = sum(e.entry.name == entry.name for e in self.entries(kind)) == 1
        name = entry.name if unique else found.full_name
        told = tuple((given, _told(params[given])) for given in settings)
        label = format_selector(Selector(name, told))
        draws = {parameter.name for parameter in entry.parameters if parameter.draw}
        pooled = format_selector(Selector(name, tuple(pair for pair in told if pair[0] not in draws)))
        made = Component(kind, found.full_name, label, entry.target, entry.version, tuple(params.items()),
                         source_digest(entry.target), "", pooled, parts)
        instance = made.create()
        fingerprint = str(instance.fingerprint()) if hasattr(instance, "fingerprint") else ""
        return dataclasses.replace(made, fingerprint=fingerprint)

    def _parts(self, entry: Entry, params: dict[str, Scalar | None], where: str) -> tuple[tuple[str, Component], ...]:
        """The components that parameters name."""
        parts: list[tuple[str, Component]] = []
        for parameter in entry.parameters:
            value = params[parameter.name]
            if not parameter.names or value is None or value in parameter.words:
                continue
            selector = parse(str(value))
            settings = list(selector.settings())
            if selector.is_pattern or selector.exclude or len(settings) != 1:
                raise UsageError(f"{entry.name}: {parameter.name}={value} names more than one {_SINGULAR[parameter.names]}",
                                 where=where, hint="write one name, and list whole strategies for several")
            found = self.match(parameter.names, selector)[0]
            parts.append((parameter.name, self.component(parameter.names, found, settings[0], where=where)))
        return tuple(parts)

    def _near(self, kind: Kind, name: str, names: Iterable[str]) -> str:
        for other in _ENTRY_TYPES:
            if other != kind and any(e.entry.name == name for e in self.entries(other)):
                return f"{name} is a {_SINGULAR[other]}; {nearest(name, names)}"
        return nearest(name, names)


def load_registry() -> Registry:
    """Load every plugin of the entry-point group; one that breaks is quarantined and named, the others work."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    plugins: list[Plugin] = []
    entries: dict[Kind, list[Registered]] = {kind: [] for kind in _ENTRY_TYPES}
    suites: list[tuple[Plugin, SuiteEntry]] = []
    points: dict[str, list[importlib.metadata.EntryPoint]] = {}
    for point in importlib.metadata.entry_points(group=GROUP):
        points.setdefault(point.name, []).append(point)
    for name, claims in sorted(points.items()):
        owners = sorted({_owner(point) for point in claims})
        if len(owners) > 1:
            reason = f"the plugin name {name!r} is claimed by " + " and ".join(f"{d} {v}" for d, v in owners)
            plugins.extend(Plugin(name, distribution, version, reason) for distribution, version in owners)
            continue
        plugin = Plugin(name, *owners[0])
        try:
            module = claims[0].load()
            manager.register(module, name)
            offered = {kind: _offered(module, kind, _ENTRY_TYPES[kind]) for kind in _ENTRY_TYPES}
            shipped = _offered(module, "suites", SuiteEntry)
        except (Exception, SystemExit):
            if manager.has_plugin(name):
                manager.unregister(name=name)
            plugins.append(Plugin(name, *owners[0], problem=traceback.format_exc()))
            continue
        plugins.append(plugin)
        for kind, found in offered.items():
            entries[kind].extend(Registered(plugin, entry) for entry in found)
        suites.extend((plugin, suite) for suite in shipped)
    return Registry(tuple(plugins), tuple(entries["tasks"]), tuple(entries["models"]), tuple(entries["strategies"]),
                    tuple(entries["losses"]), tuple(suites), manager.hook)


def check_parameters(entry: Entry, settings: dict[str, Scalar], where: str) -> dict[str, Scalar | None]:
    """All parameters of an entry with values checked and defaults filled in. Raises UsageError."""
    known = {parameter.name: parameter for parameter in entry.parameters}
    for name in settings:
        if name not in known:
            raise UsageError(f"{entry.name} has no parameter {name!r}", where=where, hint=nearest(name, known))
    resolved: dict[str, Scalar | None] = {}
    for name, parameter in known.items():
        if name in settings:
            resolved[name] = _checked(parameter, settings[name], entry.name, where)
        elif parameter.default is None and not parameter.optional:
            raise UsageError(f"{entry.name} needs the parameter {name} ({parameter.help})", where=where,
                             hint=f"write {entry.name}[{name}=…]")
        else:
            resolved[name] = parameter.default
    return resolved


def instantiate(target: str, params: dict[str, Any], label: str) -> Any:
    """Import `module:Class` and call it. Raises PluginError when that fails, W2SError as the component raises it."""
    module_name, _, attribute = target.partition(":")
    try:
        factory = getattr(importlib.import_module(module_name), attribute)
        return factory(**{name.replace("-", "_"): value for name, value in params.items()})
    except W2SError:
        raise
    except (Exception, SystemExit) as error:
        raise PluginError(f"cannot make {label}: {type(error).__name__}: {error}", where=target,
                          hint="w2s-bench plugin doctor --verbose shows the traceback") from error


@functools.cache
def source_digest(target: str) -> str:
    """SHA-256 over the Python sources of the top-level package that a target lives in."""
    package = target.partition(":")[0].partition(".")[0]
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise PluginError(f"the package {package} has no source", where=target)
    origin = Path(spec.origin)
    files = sorted(origin.parent.rglob("*.py")) if spec.submodule_search_locations else [origin]
    whole = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        whole.update(f"{file.relative_to(origin.parent).as_posix()}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()


def _checked(parameter: Parameter, value: Scalar, owner: str, where: str) -> Scalar:
    what = f"{owner}: {parameter.name}={value!r}"
    allowed = (*parameter.choices, *parameter.words)
    if isinstance(value, str) and value in allowed:
        return value
    if parameter.choices:
        raise UsageError(f"{what} is not one of {', '.join(allowed)}", where=where, hint=nearest(str(value), allowed))
    if parameter.kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if parameter.kind is str and isinstance(value, float):
        raise UsageError(f"{what} is a text that reads as a number", where=where, hint=f'quote it: {parameter.name}="…"')
    if parameter.kind is str and not isinstance(value, str):
        value = format_value(value)
    if not isinstance(value, parameter.kind) or (isinstance(value, bool) and parameter.kind is not bool):
        wanted = {int: "a whole number", float: "a number", bool: "true or false"}.get(parameter.kind, "text")
        words = f" or {' or '.join(parameter.words)}" if parameter.words else ""
        raise UsageError(f"{what} should be {wanted}{words}", where=where, hint=parameter.help)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        low, high = parameter.low, parameter.high
        if (low is not None and value < low) or (high is not None and value > high):
            span = f"{'' if low is None else f'{low:g}'}..{'' if high is None else f'{high:g}'}"
            raise UsageError(f"{what} is out of range {span}", where=where, hint=parameter.help)
    return value


def _lacking(entry: Entry, settings: dict[str, Scalar]) -> bool:
    """Whether an entry needs a parameter that is not among the settings."""
    return any(p.default is None and not p.optional and p.name not in settings for p in entry.parameters)


def _told(value: Scalar | None) -> Scalar:
    assert value is not None  # a parameter that was given has a value
    return value


def _offered(module: Any, kind: str, entry_type: type) -> list[Any]:
    hook = getattr(module, f"w2s_{kind}", None)
    offered = list(hook()) if hook else []
    for entry in offered:
        if not isinstance(entry, entry_type):
            raise PluginError(f"w2s_{kind} gave {entry!r}, not a {entry_type.__name__}", where=module.__name__)
    names = [entry.name for entry in offered]
    for name in names:
        if not PLAIN_NAME.fullmatch(name):
            raise PluginError(f"w2s_{kind} offers the name {name!r}", where=module.__name__, hint="letters, digits, - _ and .")
    if len(set(names)) != len(names):
        raise PluginError(f"w2s_{kind} offers one name twice: {sorted(names)}", where=module.__name__)
    return offered


def _owner(point: importlib.metadata.EntryPoint) -> tuple[str, str]:
    return (point.dist.name, point.dist.version) if point.dist else (point.value, "")


def _excluded(component: Component, names: set[str], settings: list[dict[str, Scalar]]) -> bool:
    """Whether `!name[param=value]` means this component: its name, and every value that is given."""
    params = dict(component.params)
    return component.name in names and any(
        all(params.get(name) == value for name, value in given.items()) for given in settings)


def _missing_extra(entry: Entry) -> str:
    return next((module for module in entry.needs if importlib.util.find_spec(module) is None), "") if entry.extra else ""
