"""`w2s-bench report`."""

from __future__ import annotations

from pathlib import Path

import click

from w2s_bench.cli.table_options import complete_runs, runs_or_latest


@click.command("report")
@click.argument("runs", nargs=-1, shell_complete=complete_runs)
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False),
              help="File to write.  [default: report.html in RUN]")
@click.option("--latest", is_flag=True, help="Of cells that several runs hold, keep the last run's.")
@click.option("--store", default=None, help="Store that may hold the texts of examples.  [default: the user cache]")
def command(runs: tuple[str, ...], out: Path | None, latest: bool, store: str | None) -> None:
    """Write a page of RUNS (folders, or names under w2s-runs/; by default the latest), several as one.

    It is one file that needs no network: report.html in the folder of a run; that of several needs -o.
    """
    from w2s_bench.report.page import write_report

    click.echo(str(write_report(runs_or_latest(runs), out, latest=latest, store=store)))
