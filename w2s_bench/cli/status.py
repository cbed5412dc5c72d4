"""`w2s-bench status`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import click
import msgspec

from w2s_bench.cli.table_options import complete_runs, runs_or_latest


@click.command("status")
@click.argument("run", required=False, shell_complete=complete_runs)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(run: str | None, as_json: bool) -> None:
    """Say how many cells of RUN (by default the latest) are finished, how, and why others failed; a live run can be asked."""
    from w2s_bench.contracts.errors import UsageError
    from w2s_bench.running.durations import counted
    from w2s_bench.running.standing import standing

    folder = runs_or_latest([run] if run else [], "rows.parquet", "journal.jsonl", "plan.parquet")[0]
    found = standing(folder)
    if found is None:
        if not (folder / "rows.parquet" if folder.is_dir() else folder).exists():
            raise UsageError("this folder holds no run and no table", where=str(folder),
                             hint="`w2s-bench ls runs` lists the runs; w2s-bench run -o FOLDER starts one")
        _say_published(folder, as_json)
        return
    live = found.live
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "cells": found.cells, "statuses": dict(found.statuses),
                               "errors": dict(found.errors), **({"live": msgspec.to_builtins(live)} if live else {})}))
        return
    ended = ", ".join(f"{count} {status}" for status, count in sorted(found.statuses.items()))
    click.echo(f"{folder}: {counted(found.cells, 'cell')}; {ended}")
    if live:
        click.echo(f"{live.done} of {live.jobs} jobs; left: {live.left}")
        for line in live.doing:
            click.echo(line)
    for error, count in found.errors.items():
        click.echo(f"{counted(count, 'cell')}: {error}")


def _say_published(place: Path, as_json: bool) -> None:
    """What a table is that no run is behind: published, or a rows file by itself."""
    from w2s_bench.running.durations import counted
    from w2s_bench.tables.reading import read_runs

    rows, bounds = read_runs([place])
    statuses = dict(Counter(rows["status"].to_list()))
    if as_json:
        click.echo(json.dumps({"folder": str(place), "cells": rows.height, "statuses": statuses, "published": True}))
        return
    ended = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
    tasks, runs = rows["task_set"].n_unique(), rows["run_id"].n_unique()
    click.echo(f"{place}: a published table, not a run: {counted(rows.height, 'cell')} ({ended}) of {counted(tasks, 'task')} "
               f"from {counted(runs, 'run')}, {counted(bounds.height, 'bound')}")
    specs = sorted(path.name for path in place.glob("spec*.toml")) if place.is_dir() else []
    if specs:
        click.echo(f"it was made by: {'; '.join(f'w2s-bench run {place.as_posix()}/{name}' for name in specs)}")
    click.echo(f"w2s-bench show {place.as_posix()} shows it")
