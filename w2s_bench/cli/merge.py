"""`w2s-bench merge`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from w2s_bench.cli.plugin import loaded_registry
from w2s_bench.cli.spec_options import plugin_files
from w2s_bench.cli.table_options import complete_runs
from w2s_bench.contracts.errors import UsageError

if TYPE_CHECKING:
    from w2s_bench.planning.spec import RunSpec
    from w2s_bench.planning.wanted import SpecWords
    from w2s_bench.registry.catalogue import Registry


@click.command("merge")
@click.argument("what", nargs=-1, required=True, metavar="SPEC.toml|FOLDER...", shell_complete=complete_runs)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder of the whole run.  [default: w2s-runs/NAME-HASH]")
@click.option("--quick", is_flag=True, help="With a suite: its version for a first look.")
@click.option("--data", default=None, metavar="FOLDER", help="Folder of data files, for a suite that needs one.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors and what is missing.")
def command(what: tuple[str, ...], out: Path | None, quick: bool, data: str | None, quiet: bool) -> int:
    """Put the folders of shards (`run SPEC --shard K/N`) together as the folder of one run of the whole spec.

    Name the folders, or the spec: then those are taken that lie where `run` puts them. Nothing is computed and no store is read;
    rows, bounds and predictions are those of an unsharded run, byte for byte. Cells that several folders hold are taken once.
    Cells that none holds are rows of status interrupted, and the exit code is 3.
    """
    import w2s_bench as w2s
    from w2s_bench.planning.own_files import registry_with
    from w2s_bench.planning.planner import make_plan
    from w2s_bench.report.wording import counted
    from w2s_bench.running.folder import default_folder
    from w2s_bench.running.merged import merge

    registry = loaded_registry()
    words: SpecWords = {"quick": quick, **({"data": data} if data else {}), "plugins": plugin_files()}
    spec, folders = _named(registry, what, words)
    done = merge(make_plan(spec, registry_with(spec.plugins)), folders, out or default_folder(spec))
    for text in (*done.warnings, *done.missing):
        click.echo(f"warning: {text}", err=True)
    statuses = w2s.read(done.folder).statuses
    if not quiet:
        for source, count in done.cells.items():
            click.echo(f"{source}: {counted(count, 'cell')}")
        click.echo(f"{', '.join(f'{count} {status}' for status, count in statuses.items()) or 'no cell'}; folder {done.folder}")
        click.echo(f"w2s-bench report {done.folder.as_posix()} writes its page")
    return 0 if set(statuses) <= {"ok"} else 3


def _named(registry: Registry, what: Sequence[str], words: SpecWords) -> tuple[RunSpec, list[Path]]:
    """The spec, and the folders of its shards. Raises UsageError where the words name no folder, or specs beside them."""
    from w2s_bench.running.shards import shard_folders
    from w2s_bench.running.starting import asked_spec

    asked = [(name, *asked_spec(registry, name, words)) for name in what]
    folders = [folder for *_, folder in asked if folder is not None]
    specs = [(name, spec) for name, spec, _, folder in asked if folder is None]
    if len(specs) > 1:
        raise UsageError("one spec is merged at a time", where=" and ".join(name for name, _ in specs),
                         hint="name a spec, or the folders of its shards")
    spec = specs[0][1] if specs else asked[0][1]
    folders = folders or shard_folders(spec)
    if not folders:
        raise UsageError("no shard of this spec has run here", where=specs[0][0],
                         hint="w2s-bench run SPEC --shard 1/2, or name the folders of the shards")
    return spec, folders
