"""`w2s-bench plugin ls` and `w2s-bench plugin doctor`; what the other commands say of plugins that are not loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from w2s_bench.cli import plugin_new, plugin_test
from w2s_bench.cli.settings import SettableGroup
from w2s_bench.contracts.deprecations import uses
from w2s_bench.contracts.printable import printable
from w2s_bench.registry.catalogue import Plugin, Registry
from w2s_bench.registry.loading import load_registry

if TYPE_CHECKING:
    from w2s_bench.registry.diagnosis import Diagnosis


def loaded_registry() -> Registry:
    """The registry, after one line on standard error that names the plugins in quarantine, if there are any."""
    registry = load_registry()
    broken = [f"{plugin.name} ({plugin.reason})" for plugin in registry.plugins if plugin.problem]
    if broken:
        click.echo(f"not loaded: {'; '.join(broken)}; see `w2s-bench plugin doctor`", err=True)
    return registry


@click.group("plugin", cls=SettableGroup)
def command() -> None:
    """List plugins, say why one does not load, try one, and begin one of your own."""


command.add_command(plugin_new.command)
command.add_command(plugin_test.command)


@command.command("ls")
def ls() -> None:
    """List the installed plugins: whose each is, and whether it is loaded."""
    for plugin in load_registry().plugins:
        click.echo(f"{plugin.name}  {plugin.distribution} {plugin.version}  {_state(plugin)}")


def _state(plugin: Plugin) -> str:
    return f"NOT LOADED: {plugin.reason}" if plugin.problem else "ok"


@command.command("doctor")
@click.option("--verbose", is_flag=True, help="Print whole tracebacks, and what cannot be made here.")
def doctor(verbose: bool) -> int:
    """Say what is wrong with each plugin; exit code 3 when anything is.

    Each is looked at in a process of its own: it is imported, its hooks are asked, and what it offers is made, where it needs no
    parameter.
    """
    from w2s_bench.registry.diagnosis import diagnosed

    looked_at, others, broken = 0, 0, 0
    for found in diagnosed(load_registry()):
        looked_at, others, broken = looked_at + 1, others + bool(found.plugin.owner), broken + bool(found.wrong)
        _say(found, verbose)
    for use in uses():
        click.echo(f"deprecated: {use.words()}")
    verdict = "nothing is wrong" if not broken else f"something is wrong with {broken}"
    click.echo(f"looked at {looked_at} plugins, {others} of them of others: {verdict}")
    return 3 if broken else 0


def _say(found: Diagnosis, verbose: bool) -> None:
    who = f"{found.plugin.name} ({found.plugin.distribution} {found.plugin.version})"
    for line in found.wrong:
        click.echo(f"{who}: {printable(line)}")
    for trace in filter(None, found.traces if verbose else ()):
        click.echo(printable(trace.strip()))
    if found.plugin.owner and not found.plugin.problem:
        heard = f"; it observes runs: {', '.join(found.hears)}" if found.hears else ""
        click.echo(f"{who}: imported, its hooks asked, {found.made} of {found.offered} entries made{heard}")
    for line in found.not_here if verbose or found.plugin.owner else ():
        click.echo(f"{who}: {printable(line)}")
    for check, reason in found.exempt.items() if found.plugin.owner or verbose else ():
        click.echo(f"{who}: exempt from {printable(check)}: {printable(reason)}")
