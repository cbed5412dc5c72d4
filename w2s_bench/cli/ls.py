"""`w2s-bench ls`."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import click

from w2s_bench.contracts import Entry, Parameter
from w2s_bench.contracts.kinds import KINDS
from w2s_bench.registry.catalogue import Registry
from w2s_bench.registry.loading import load_registry

_KINDS = [kind.plural for kind in KINDS]


@click.command("ls")
@click.argument("kind", required=False, type=click.Choice(_KINDS))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(kind: str | None, as_json: bool) -> None:
    """List what the plugins offer, with parameters, defaults and ranges."""
    registry = load_registry()
    kinds = [kind] if kind else _KINDS
    found = {name: _listing(registry, name) for name in kinds}
    if as_json:
        click.echo(json.dumps(found, indent=1, default=str))
        return
    for name in kinds:
        if not found[name]:
            continue
        click.echo(f"{name}:")
        for entry in found[name]:
            extra = f"  (extra: {entry['extra']})" if entry.get("extra") else ""
            tags = "  " + " ".join(f"@{tag}" for tag in entry.get("tags", ())) if entry.get("tags") else ""
            click.echo(f"  {entry['name']}{extra}{tags}\n      {entry['summary']}")
            for parameter in entry.get("parameters", ()):
                click.echo(f"      {parameter['name']} = {parameter['default']}  {parameter['help']}")
    broken = [plugin.name for plugin in registry.plugins if plugin.problem]
    if broken:
        click.echo(f"not loaded: {', '.join(broken)}; see `w2s-bench plugin doctor`", err=True)


def _listing(registry: Registry, kind: str) -> list[dict[str, Any]]:
    return [_described(found.full_name, found.entry) for found in registry.entries(kind)]


def _described(name: str, entry: Entry) -> dict[str, Any]:
    return {"name": name, "version": entry.version, "summary": entry.summary, "tags": sorted(entry.tags),
            "extra": entry.extra, "parameters": [_parameter(parameter) for parameter in entry.parameters]}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    fields = {f.name: getattr(parameter, f.name) for f in dataclasses.fields(parameter)}
    return {**fields, "kind": parameter.kind.__name__}
