"""`w2s-bench status`."""

from __future__ import annotations

import json
from collections import Counter

import click


@click.command("status")
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(run: str, as_json: bool) -> None:
    """Say how many cells of RUN are finished, and how; reads the journal, so a live run can be asked."""
    import polars as pl

    from w2s_bench.contracts.errors import UsageError
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
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "cells": len(cells), "statuses": statuses}))
        return
    click.echo(f"{folder}: {len(cells)} cells; " + ", ".join(f"{n} {status}" for status, n in sorted(statuses.items())))
