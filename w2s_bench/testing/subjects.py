"""The subjects that a plugin offers: its entries, made as its conformance.toml says, or with their defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from w2s_bench.contracts.errors import UsageError, W2SError, nearest
from w2s_bench.contracts.kinds import KINDS, Kind
from w2s_bench.registry.catalogue import Registered, Registry
from w2s_bench.registry.component import Component
from w2s_bench.registry.conformance_file import ConformanceFile
from w2s_bench.registry.names import parse
from w2s_bench.testing.apart import Apart
from w2s_bench.testing.checks import Subject


@dataclass(frozen=True)
class NotMade:
    """An entry that cannot be tried. lacking: the extra that is not installed, else why it cannot be made."""

    id: str
    reason: str
    lacking: bool = False


def kit_inputs() -> Path:
    """The folder of inputs that come with the kit: `{kit}` of a conformance.toml."""
    return Path(str(files("w2s_bench.testing").joinpath("inputs")))


def subjects_of(plugin: str, registry: Registry, declared: ConformanceFile, folder: Path,
                apart: Apart | None = None) -> Iterator[Subject | NotMade]:
    """Each entry of a plugin as it is tried, in the order of the kinds; one that cannot be made with the reason.

    folder: under which each subject gets a folder of its own.
    """
    for kind in KINDS:
        for offer in registry.entries(kind.plural):
            if offer.plugin.name == plugin:
                yield from _subjects(kind, offer, registry, declared, _Place(folder, apart))


@dataclass(frozen=True)
class _Place:
    folder: Path
    apart: Apart | None

    def of(self, name: str) -> Path:
        made = self.folder / name.replace("/", "-")
        made.mkdir(parents=True, exist_ok=True)
        return made


def _subjects(kind: Kind, offer: Registered, registry: Registry, declared: ConformanceFile,
              place: _Place) -> Iterator[Subject | NotMade]:
    name = f"{kind.name}/{offer.entry.name}"
    for variant, text in _ways(offer, declared, name).items():
        subject = f"{name}({variant})" if variant else name
        if lacking := registry.missing_extra(offer.entry) if hasattr(offer.entry, "needs") else "":
            yield NotMade(subject, f"needs the extra {offer.entry.extra!r} ({lacking} is not installed)", lacking=True)
            continue
        try:
            component = None if kind.plural == "suites" else _component(kind, offer, registry, text)
        except W2SError as error:
            yield NotMade(subject, error.message())
            continue
        yield Subject(offer.plugin.name, kind.plural, offer.entry, component, place.of(subject), variant, place.apart)


def _ways(offer: Registered, declared: ConformanceFile, name: str) -> Mapping[str, str]:
    """By variant, the selectors that make an entry, with the places of their files."""
    places = {"{kit}": str(kit_inputs()), "{plugin}": str(declared.folder)}
    filled: dict[str, str] = {}
    for variant, text in declared.make.get(name, {"": offer.full_name}).items():
        for word, place in places.items():
            text = text.replace(word, place)
        filled[variant] = text
    return filled


def _component(kind: Kind, offer: Registered, registry: Registry, text: str) -> Component:
    selector = parse(text)
    settings = list(selector.settings())
    if selector.name not in (offer.entry.name, offer.full_name) or selector.is_pattern or len(settings) != 1:
        raise UsageError(f"{text} does not name {offer.full_name} alone", where="conformance.toml",
                         hint=nearest(selector.name, [offer.entry.name]))
    try:
        return registry.component(kind.plural, offer, settings[0], where=text)
    except UsageError as error:
        raise UsageError(error.what, where=error.where, hint=f'{error.hint}; [make] of conformance.toml says how: '
                         f'"{kind.name}/{offer.entry.name}" = "{offer.entry.name}[…]"') from error
