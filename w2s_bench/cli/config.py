"""`w2s-bench config`."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click

from w2s_bench.cli.settings import Setting, Table, check_sections, config_file, read_config, settings


@click.command("config")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Show where your file of options is, and every option that it or the environment sets.

    \b
    The file holds a section for each command, with its options as they are typed:
        [run]
        jobs = 4
        [show]
        where = "status == ok"
    In the environment the same is W2S_BENCH_RUN_JOBS=4. What is typed comes first,
    then the environment, then the file. What is in force is said when it is used.
    """
    found = [(" ".join(path), each) for path, each in _in_force(ctx)]
    path = config_file()
    if as_json:
        listed = [{"command": words, "option": each.name, "value": each.value, "from": each.origin} for words, each in found]
        click.echo(json.dumps({"file": str(path), "exists": path.is_file(), "settings": listed}, indent=1))
        return
    click.echo(f"{path}{'' if path.is_file() else ' (not there)'}")
    for words, each in found:
        click.echo(f"{words}: {each.words()} (from {each.origin})")
    if not found:
        click.echo("no option is set")


def _in_force(ctx: click.Context) -> Iterator[tuple[list[str], Setting]]:
    """What is set for each command, those of groups too. Raises UsageError for the first that cannot be."""
    root = ctx.find_root()
    assert isinstance(root.command, click.Group)
    table = read_config()
    for path, each in _commands(root, root.command, [], table):
        for setting in settings(each, path, table):
            yield path, setting


def _commands(ctx: click.Context, group: click.Group, path: list[str], table: Table) -> Iterator[
        tuple[list[str], click.Command]]:
    names = group.list_commands(ctx)
    check_sections(table, path, names)
    for name in names:
        made = group.get_command(ctx, name)
        if isinstance(made, click.Group):
            yield from _commands(ctx, made, [*path, name], table)
        elif made is not None:
            yield [*path, name], made
