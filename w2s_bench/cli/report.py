"""`w2s-bench report`."""

from __future__ import annotations

import click


@click.command("report")
@click.argument("run")
def command(run: str) -> None:
    """Write report.html into RUN: one file that needs no network."""
    from w2s_bench.report.page import write_report
    from w2s_bench.running.folder import find_run

    click.echo(str(write_report(find_run(run))))
