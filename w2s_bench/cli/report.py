"""`w2s-bench report`."""

from __future__ import annotations

import click


@click.command("report")
@click.argument("run")
def command(run: str) -> None:
    """Write report.html into RUN: one file that needs no network."""
    from w2s_bench.folder import find_run
    from w2s_bench.report import write_report

    click.echo(str(write_report(find_run(run))))
