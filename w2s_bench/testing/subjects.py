"""The subjects that a plugin offers: its entries, made as its conformance.toml says, or with their defaults."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
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


@dataclass(frozen=True)
class Places:
    """folder: under which each subject gets a folder of its own. package: the plugin's. data: whoever tries the plugin gives it,
    or "". apart: the other process that checks ask in."""

    folder: Path
    package: Path | None = None
    data: str = ""
    apart: Apart | None = None

    def of(self, name: str) -> Path:
        """The folder of a subject."""
        made = self.folder / name.replace("/", "-")
        made.mkdir(parents=True, exist_ok=True)
        return made

    def filled(self, text: str) -> str:
        """A text of conformance.toml with its places."""
        for word, place in (("{kit}", kit_inputs()), ("{plugin}", self.package), ("{data}", self.data)):
            text = text.replace(word, str(place))
        return text


def subjects_of(plugin: str, registry: Registry, declared: ConformanceFile, places: Places) -> Iterator[Subject | NotMade]:
    """Each entry of a plugin as it is tried, in the order of the kinds; one that cannot be made with the reason."""
    for kind in KINDS:
        for offer in registry.entries(kind.plural):
            if offer.plugin.name == plugin:
                name = f"{kind.name}/{offer.entry.name}"
                for variant, text in declared.ways(name, offer.full_name).items():
                    yield _subject(_Asked(kind, offer, variant, text), registry, declared, places)


@dataclass(frozen=True)
class _Asked:
    """An entry, and one of the ways to make it."""

    kind: Kind
    offer: Registered
    variant: str
    text: str

    @property
    def id(self) -> str:
        return f"{self.kind.name}/{self.offer.entry.name}" + (f"({self.variant})" if self.variant else "")


def _subject(asked: _Asked, registry: Registry, declared: ConformanceFile, places: Places) -> Subject | NotMade:
    entry = asked.offer.entry
    lacking = registry.missing_extra(entry) if hasattr(entry, "needs") else ""
    if lacking:
        return NotMade(asked.id, f"needs the extra {entry.extra!r} ({lacking} is not installed)", lacking=True)
    if "{data}" in asked.text and not places.data:
        return NotMade(asked.id, "needs its data: --data FOLDER of `w2s-bench plugin test`", lacking=True)
    try:
        component = None if asked.kind.plural == "suites" else _component(asked, registry, places.filled(asked.text))
    except W2SError as error:
        return NotMade(asked.id, error.message())
    folder, sample = places.of(asked.id), declared.inputs.get(f"{asked.kind.name}/{entry.name}")
    if sample is not None:
        given = Path(places.filled(sample))
        shutil.copyfile(given, folder / f"sample{given.suffix}")
    return Subject(asked.offer.plugin.name, asked.kind.plural, entry, component, folder, asked.variant, places.apart)


def _component(asked: _Asked, registry: Registry, text: str) -> Component:
    kind, offer = asked.kind, asked.offer
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
