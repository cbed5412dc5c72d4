"""`w2s-bench ls`."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, get_args

import click

from w2s_bench.contracts import Entry, Parameter
from w2s_bench.registry import Kind, Registry, load_registry

_EXECUTORS = ({"name": "local", "summary": "worker processes on this machine (-j N)"},)


@click.command("ls")
@click.argument("kind", required=False, type=click.Choice([*get_args(Kind), "suites", "executors"]))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(kind: str | None, as_json: bool) -> None:
    """List what the plugins offer, with parameters, defaults and ranges."""
    registry = load_registry()
    kinds = [kind] if kind else [*get_args(Kind), "suites", "executors"]
    found = {name: _listing(registry, name) for name in kinds}
    if as_json:
        click.echo(json.dumps(found, indent=1, default=str))
        return
    for name in kinds:
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
    if kind == "suites":
        return [{"name": suite.name, "summary": suite.summary, "plugin": plugin.name, "tags": sorted(suite.tags)}
                for plugin, suite in registry.suites]
    if kind == "executors":
        return [dict(executor) for executor in _EXECUTORS]
    found = next(registry.entries(name) for name in get_args(Kind) if name == kind)
    return [_described(registered.full_name, registered.entry) for registered in found]


def _described(name: str, entry: Entry) -> dict[str, Any]:
    return {"name": name, "version": entry.version, "summary": entry.summary, "tags": sorted(entry.tags),
            "extra": entry.extra, "parameters": [_parameter(parameter) for parameter in entry.parameters]}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    fields = {f.name: getattr(parameter, f.name) for f in dataclasses.fields(parameter)}
    return {**fields, "kind": parameter.kind.__name__}
