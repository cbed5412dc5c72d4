"""`w2s-bench ls`."""

from __future__ import annotations

import dataclasses
import json

import click

from w2s_bench.cli.plugin import loaded_registry
from w2s_bench.contracts import Entry, Parameter
from w2s_bench.contracts.digests import Json
from w2s_bench.contracts.kinds import KINDS

_KINDS = [kind.plural for kind in KINDS]


@click.command("ls")
@click.argument("kind", required=False, type=click.Choice(_KINDS))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(kind: str | None, as_json: bool) -> None:
    """List what the plugins offer, with parameters, defaults and ranges."""
    registry = loaded_registry()
    kinds = [kind] if kind else _KINDS
    if as_json:
        found = {name: [_described(offer.full_name, offer.entry) for offer in registry.entries(name)] for name in kinds}
        click.echo(json.dumps(found, indent=1, default=str))
        return
    for name in kinds:
        if registry.entries(name):
            click.echo(f"{name}:")
        for offer in registry.entries(name):
            entry: Entry = offer.entry
            extra = f"  (extra: {entry.extra})" if entry.extra else ""
            tags = "  " + " ".join(f"@{tag}" for tag in sorted(entry.tags)) if entry.tags else ""
            click.echo(f"  {offer.full_name}{extra}{tags}\n      {entry.summary}")
            for parameter in entry.parameters:
                click.echo(f"      {parameter.name} = {parameter.default}  {parameter.help}")


def _described(name: str, entry: Entry) -> dict[str, Json]:
    return {"name": name, "version": entry.version, "summary": entry.summary, "tags": sorted(entry.tags),
            "extra": entry.extra, "parameters": [_parameter(parameter) for parameter in entry.parameters]}


def _parameter(parameter: Parameter) -> dict[str, Json]:
    fields = {f.name: getattr(parameter, f.name) for f in dataclasses.fields(parameter)}
    return {**fields, "kind": parameter.kind.__name__}
