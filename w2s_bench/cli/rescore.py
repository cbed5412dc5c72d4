"""`w2s-bench rescore`."""

from __future__ import annotations

from pathlib import Path

import click

from w2s_bench.cli.table_options import complete_runs


@click.command("rescore")
@click.argument("runs", nargs=-1, required=True, shell_complete=complete_runs)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Write the tables to this folder.  [default: where they were]")
def command(runs: tuple[str, ...], out: Path | None) -> None:
    """Measure RUNS again with the metrics and bounds that are installed now, from the predictions that they kept: no fit.

    So a new theorem runs over every row whose predictions are kept. A cell without them keeps its numbers.
    """
    import polars as pl

    from w2s_bench.contracts.errors import UsageError
    from w2s_bench.planning.own_files import registry_with
    from w2s_bench.registry.measures import measures
    from w2s_bench.registry.one_file import in_place
    from w2s_bench.report.listing import table_console
    from w2s_bench.report.terminal_table import render_verdicts
    from w2s_bench.running.folder import find_run, folder_made, own_files, writing
    from w2s_bench.running.table_files import BOUND, ROW, write_table
    from w2s_bench.tables.rescoring import rescored

    if out is not None and len(runs) > 1:
        raise UsageError("-o takes the tables of one run", hint="rescore the runs one by one")
    folders = [find_run(name) for name in runs]
    registry_with(file for folder in folders for file in own_files(folder) if file.path.stem not in in_place())
    for left_out in measures().left_out:
        click.echo(f"warning: {left_out.words()}", err=True)
    bounds = []
    for folder in folders:
        found = rescored(folder)
        target = out or folder
        folder_made(target)
        with writing(target):
            write_table(found.rows, target / "rows.parquet", ROW)
            write_table(found.bounds, target / "bounds.parquet", BOUND)
        bounds.append(found.bounds)
        left = f"; {found.cells - found.rescored} keep their numbers, without predictions" if found.rescored < found.cells else ""
        click.echo(f"{folder}: {found.rescored} of {found.cells} cells measured again, no fit{left}. Tables: {target}")
    render_verdicts(pl.concat(bounds, how="diagonal"), table_console())
