"""`w2s-bench status`."""

from __future__ import annotations

import json
from collections import Counter

import click


@click.command("status")
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(run: str, as_json: bool) -> None:
    """Say how many cells of RUN are finished, how, and why others failed; reads the journal, so a live run can be asked."""
    import polars as pl

    from w2s_bench.contracts.errors import UsageError
    from w2s_bench.report.wording import counted
    from w2s_bench.running.folder import find_run, in_use
    from w2s_bench.running.journal import read_journal

    folder = find_run(run)
    plan = folder / "plan.parquet"
    if not plan.exists():
        raise UsageError("this folder holds no plan", where=str(folder), hint="start it with w2s-bench run -o FOLDER")
    cells = pl.read_parquet(plan.read_bytes())["cell_key"].to_list()
    records = read_journal(folder / "journal.jsonl")
    left = "waiting" if in_use(folder) else "interrupted"
    statuses = Counter(records[key].status if key in records else left for key in cells)
    failed = [records[key] for key in cells if key in records and records[key].status != "ok"]
    errors = dict(Counter(" ".join(record.error.split()) for record in failed).most_common())
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "cells": len(cells), "statuses": statuses, "errors": errors}))
        return
    ended = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
    click.echo(f"{folder}: {counted(len(cells), 'cell')}; {ended}")
    for error, count in errors.items():
        click.echo(f"{counted(count, 'cell')}: {error}")
