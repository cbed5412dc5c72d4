"""`w2s-bench ls`."""

from __future__ import annotations

import dataclasses
import fnmatch
import json
from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem

from w2s_bench.cli.plugin import loaded_registry
from w2s_bench.contracts import Entry, Parameter, SuiteEntry
from w2s_bench.contracts.digests import Json
from w2s_bench.contracts.errors import UsageError, nearest
from w2s_bench.contracts.kinds import KINDS
from w2s_bench.registry.catalogue import SINGULAR, Registered, Registry
from w2s_bench.registry.names import parse

_KINDS = [kind.plural for kind in KINDS]
_RUNS = "runs"
_WIDTH = 80


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from w2s_bench.registry.loading import load_registry

    kinds = [CompletionItem(word) for word in (*_KINDS, _RUNS) if word.startswith(incomplete)]
    registry = load_registry()
    return kinds + [CompletionItem(offer.entry.name, help=f"{SINGULAR[kind]}: {offer.entry.summary}") for kind in _KINDS
                    for offer in registry.entries(kind) if offer.entry.name.startswith(incomplete)]


@click.command("ls")
@click.argument("what", required=False, metavar="[KIND|NAME|runs]", shell_complete=_complete)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(what: str | None, as_json: bool) -> None:
    """List what the plugins offer, a line for each name; all about one NAME; or the runs under w2s-runs/.

    \b
    KIND is one of: tasks models strategies losses outputs divergences metrics
    bounds figures executors commands descriptors suites
    """
    if what == _RUNS:
        _list_runs(as_json)
        return
    registry = loaded_registry()
    if what is None or what in _KINDS:
        kinds = [what] if what else _KINDS
        _list({kind: list(registry.entries(kind)) for kind in kinds}, as_json)
        return
    found = _named(registry, what)
    if parse(what).is_pattern or as_json:
        _list(found, as_json)
    else:
        from w2s_bench.cli.ls_name import describe

        for kind, offers in found.items():
            for offer in offers:
                describe(registry, kind, offer)


def _named(registry: Registry, text: str) -> dict[str, list[Registered]]:
    """What a name, a glob or a tag means, by kind. Raises UsageError that names the near ones of every kind."""
    selector = parse(text)

    def meant(offer: Registered) -> bool:
        if selector.tag:
            return selector.name in offer.entry.tags
        return fnmatch.fnmatchcase(offer.full_name if "/" in selector.name else offer.entry.name, selector.name)

    found = {kind: [offer for offer in registry.entries(kind) if meant(offer)] for kind in _KINDS}
    if not any(found.values()):
        every = [offer for kind in _KINDS for offer in registry.entries(kind)]
        known = [*_KINDS, _RUNS, *(offer.full_name if "/" in selector.name else offer.entry.name for offer in every)]
        tags = {tag for offer in every for tag in offer.entry.tags}
        hint = nearest(selector.name, tags if selector.tag else known)
        raise UsageError(f"nothing has the tag {text}" if selector.tag else f"nothing is called {text!r}",
                         hint=hint if selector.tag or hint.startswith("did") else "`w2s-bench ls` lists all names")
    return {kind: offers for kind, offers in found.items() if offers}


def _list(found: dict[str, list[Registered]], as_json: bool) -> None:
    if as_json:
        listed = {kind: [_described(offer) for offer in offers] for kind, offers in found.items()}
        click.echo(json.dumps(listed, indent=1, default=str))
        return
    for kind, offers in found.items():
        if offers:
            click.echo(f"{kind}:")
            _say_lines((_shown(offer), _about(offer.entry)) for offer in offers)
    if len(found) > 1:
        click.echo("`w2s-bench ls NAME` says all about one of them.")


def _shown(offer: Registered) -> str:
    """The name that means it; with its plugin where that is not the project's own."""
    return str(offer.entry.name) if offer.plugin.bundled else offer.full_name


def _about(entry: Entry | SuiteEntry) -> str:
    return entry.summary + (f" [extra {entry.extra}]" if entry.extra else "")


def _say_lines(lines: Iterable[tuple[str, str]]) -> None:
    """A name and what it is in one line each, cut where a terminal of 80 columns ends."""
    held = list(lines)
    width = min(max(len(name) for name, _ in held), 30)
    for name, about in held:
        room = _WIDTH - 4 - max(width, len(name))
        cut = about if len(about) <= room else about[:max(0, room - 1)].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
        click.echo(f"  {name:<{width}}  {cut}")


def _list_runs(as_json: bool) -> None:
    from w2s_bench.running.folder import RUNS
    from w2s_bench.running.known_runs import runs_here

    runs = runs_here()
    if as_json:
        click.echo(json.dumps([{"name": run.folder.name, "folder": str(run.folder), "changed": run.changed.isoformat(),
                                "cells": run.cells, "ok": run.ok, "bytes": run.size} for run in runs], indent=1))
        return
    if not runs:
        click.echo(f"no run is under {RUNS}/ yet; `w2s-bench run` starts one")
        return
    width = max(len(run.folder.name) for run in runs)
    for run in runs:
        click.echo(f"{run.folder.name:<{width}}  {run.changed:%Y-%m-%d %H:%M}  {run.ok:>5} of {run.cells:<5} ok  "
                   f"{run.size / 1e6:>7.1f} MB  {run.folder}")


def _described(offer: Registered) -> dict[str, Json]:
    entry: Entry | SuiteEntry = offer.entry
    return {"name": offer.full_name, "plugin": offer.plugin.name, "distribution": offer.plugin.distribution,
            "version": entry.version, "summary": entry.summary, "tags": sorted(entry.tags),
            "extra": entry.extra, "target": getattr(entry, "target", None), "libraries": list(getattr(entry, "libraries", ())),
            "parameters": [_parameter(parameter) for parameter in entry.parameters]}


def _parameter(parameter: Parameter) -> dict[str, Json]:
    fields = {f.name: getattr(parameter, f.name) for f in dataclasses.fields(parameter)}
    return {**fields, "kind": parameter.kind.__name__}
