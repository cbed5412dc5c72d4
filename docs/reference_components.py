"""Pages of what comes with the program: every component with its parameters, a page for each kind."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from reference_text import cell, code, escaped, table

from w2s_bench.contracts.entries import Entry, Parameter
from w2s_bench.contracts.kinds import KINDS, Kind
from w2s_bench.registry.catalogue import Registered, Registry
from w2s_bench.registry.loading import load_registry
from w2s_bench.registry.names import format_value

TYPES = {int: "whole number", float: "number", bool: "true or false", str: "text"}
ROLES = {"meaning": "", "place": "a place: its content counts, not where it lies", "speed": "changes no number"}


@functools.cache
def _registry() -> Registry:
    """What is bundled."""
    loaded = load_registry()
    assert all(plugin.bundled and not plugin.problem for plugin in loaded.plugins)
    return loaded


def shown_kinds() -> list[Kind]:
    """The kinds of which something comes with the program."""
    return [kind for kind in KINDS if _registry().entries(kind.plural)]


def components(kind: Kind) -> str:
    """The page of one kind."""
    offers = sorted(_registry().entries(kind.plural), key=lambda offer: str(offer.entry.name))
    title = kind.plural[0].upper() + kind.plural[1:]
    used = "" if kind.name in {"suite", "output"} else " A name may carry parameters: `name[parameter=value]`."
    head = f"# {title}\n\n{len(offers)} that come with w2s-bench.{used} `w2s-bench ls NAME` prints one, and what it declares.\n\n"
    listed = table(("name", "what it is", "tags"), [
        (f"[`{offer.entry.name}`](#{offer.entry.name.lower()})", cell(offer.entry.summary), _tags(offer)) for offer in offers])
    return "".join([head, listed, *(_component(offer) for offer in offers)])


def _tags(offer: Registered) -> str:
    return " ".join(code(f"@{tag}") for tag in sorted(offer.entry.tags))


def _component(offer: Registered) -> str:
    entry = offer.entry
    facts = "".join(f"- {head}: {text}\n" for head, text in _facts(offer))
    parameters = table(("parameter", "default", "type", "what it is"), [
        (code(parameter.name), _default(parameter), _type(parameter), _about(parameter)) for parameter in entry.parameters])
    specs = () if isinstance(entry, Entry) else (("The spec:", entry.toml), ("With `--quick`:", entry.quick))
    texts = "".join(f"{head}\n\n```toml\n{text.strip()}\n```\n\n" for head, text in specs if text)
    return f"## {entry.name}\n\n{escaped(entry.summary)}\n\n{facts}\n{parameters}{texts}"


def _facts(offer: Registered) -> Iterator[tuple[str, str]]:
    entry = offer.entry
    yield "plugin", code(offer.plugin.name)
    if entry.tags:
        yield "tags", _tags(offer)
    if entry.extra:
        yield "extra", f"`pip install '{offer.plugin.distribution}[{entry.extra}]'`"
    if isinstance(entry, Entry):
        if entry.libraries:
            yield "rests on", ", ".join(map(code, entry.libraries))
        yield "code", code(entry.target)


def _default(parameter: Parameter) -> str:
    if parameter.default is not None:
        return code(format_value(parameter.default)) or '""'
    if parameter.instead:
        return f"must be given, or {code(parameter.instead)}"
    return "none" if parameter.optional else "must be given"


def _type(parameter: Parameter) -> str:
    if parameter.choices:
        return ", ".join(map(code, parameter.choices))
    kind = f"one of the [{parameter.names}]({parameter.names}.md)" if parameter.names else TYPES[parameter.kind]
    low, high = parameter.low, parameter.high
    if low is not None and high is not None:
        kind += f", {low:g} to {high:g}"
    elif low is not None or high is not None:
        kind += f", {low:g} or more" if low is not None else f", {high:g} or less"
    return kind + "".join(f", or {code(word)}" for word in parameter.words)


def _about(parameter: Parameter) -> str:
    said = [parameter.help]
    if parameter.when:
        said.append(f"counts where `{parameter.when[0]}` is `{parameter.when[1]}`")
    if parameter.draw:
        said.append("its values number draws of one kind of task, which tables pool")
    return cell("; ".join(filter(None, [*said, ROLES[parameter.role]])))
