"""`w2s-bench plugin new`: a small plugin that is complete, to begin from."""

from __future__ import annotations

from pathlib import Path

import click

from w2s_bench.cli.new.parts import PARTS


@click.command("new")
@click.argument("name")
@click.option("--kind", "kinds", type=click.Choice(tuple(PARTS)), multiple=True, required=True,
              help="What it adds; may be repeated.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder to write.  [default: ./NAME]")
def command(name: str, kinds: tuple[str, ...], out: Path | None) -> None:
    """Write a plugin called NAME that is complete: a package with an entry point, one component of each kind that does something
    real, its tests, README, licence and CI workflow.

    It installs, runs and passes its tests as it stands: what is in it is an example to write your own in place of.
    """
    import datetime

    from w2s_bench.cli.new.files import commands_to_try, plugin_files
    from w2s_bench.cli.new.names import check_free, plugin_name
    from w2s_bench.cli.new.writing import write_plugin
    from w2s_bench.registry.loading import load_registry

    named, wanted = plugin_name(name), tuple(dict.fromkeys(kinds))
    check_free(named, wanted, load_registry())
    folder = out or Path(named.plain)
    write_plugin(folder, plugin_files(named, wanted, datetime.date.today().year))
    click.echo(f"next: cd {click.format_filename(folder)} && python -m pip install -e '.[test]'")
    click.echo("      python -m pytest")
    click.echo(f"      {commands_to_try(named, wanted)[0]}")
