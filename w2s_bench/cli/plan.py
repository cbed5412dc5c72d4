"""`w2s-bench plan`."""

from __future__ import annotations

import json

import click

from w2s_bench.cli.plugin import loaded_registry
from w2s_bench.cli.spec_options import spec_options, spec_words


@click.command("plan")
@spec_options
@click.option("--store", default=None, help="Store of artifacts: a folder or a URL.  [default: the user cache]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(what: str | None, store: str | None, as_json: bool, **flags: object) -> None:
    """Show cells, jobs, what is in the store already, what is stale and why, and an estimate of time."""
    import w2s_bench as w2s

    loaded_registry()
    planned = w2s.plan(what, store=store, **spec_words(flags))
    if not as_json:
        click.echo(str(planned))
        return
    plan, found = planned.plan, planned.forecast
    for line in (*plan.unmeasured, *plan.absent):
        click.echo(f"warning: {line}", err=True)
    click.echo(json.dumps({
        "run_id": plan.run_id, "cells": len(plan.cells), "jobs": planned.jobs, "to_compute": found.remaining,
        "seconds": found.left.seconds, "memory_mib": found.left.memory, "measured_on_other_tasks": found.left.elsewhere,
        "unmeasured": found.left.unmeasured, "stale": found.stale, "skipped": dict(plan.skipped), "inputs": list(plan.inputs),
        "absent": list(plan.absent)},
        indent=1))
