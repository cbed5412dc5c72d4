"""`w2s-bench report`."""

from __future__ import annotations

import click

from w2s_bench.cli.table_options import complete_runs, runs_or_latest


@click.command("report")
@click.argument("run", required=False, shell_complete=complete_runs)
def command(run: str | None) -> None:
    """Write report.html into RUN, by default the latest one: one file that needs no network."""
    from w2s_bench.report.page import write_report

    click.echo(str(write_report(runs_or_latest([run] if run else [])[0])))
