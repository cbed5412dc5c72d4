"""`w2s-bench plugin ls` and `w2s-bench plugin doctor`; what the other commands say of plugins that are not loaded."""

from __future__ import annotations

import click

from w2s_bench.cli import plugin_new, plugin_test
from w2s_bench.cli.settings import SettableGroup
from w2s_bench.contracts.deprecations import uses
from w2s_bench.registry.catalogue import Registry
from w2s_bench.registry.loading import load_registry


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
    """List the installed plugins."""
    for plugin in load_registry().plugins:
        click.echo(f"{plugin.name}  {plugin.distribution} {plugin.version}  {'NOT LOADED' if plugin.problem else 'ok'}")


@command.command("doctor")
@click.option("--verbose", is_flag=True, help="Print whole tracebacks.")
def doctor(verbose: bool) -> int:
    """Say which plugins are broken and why, and what of the others cannot be measured with; exit code 3 when one is."""
    from w2s_bench.registry.catalogue import SINGULAR
    from w2s_bench.registry.measures import measures_of

    registry = load_registry()
    broken = [plugin for plugin in registry.plugins if plugin.problem]
    for plugin in broken:
        reason = plugin.problem.strip() if verbose else plugin.reason
        click.echo(f"{plugin.name} ({plugin.distribution} {plugin.version}) is quarantined: {reason}")
    left_out = measures_of(registry).left_out
    for each in left_out:
        plugin = each.offer.plugin
        click.echo(f"the {SINGULAR[each.kind]} {each.offer.full_name} ({plugin.distribution} {plugin.version}) is left out: "
                   f"{each.trace.strip() if verbose else each.reason}")
    broken += [each.offer.plugin for each in left_out]
    for use in uses():
        click.echo(f"deprecated: {use.words()}")
    if not broken:
        click.echo("every plugin loads")
    return 3 if broken else 0
