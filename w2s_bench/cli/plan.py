"""`w2s-bench plan`."""

from __future__ import annotations

import json

import click

from w2s_bench.cli.plugin import loaded_registry
from w2s_bench.cli.spec_options import default_store, read_spec, spec_options


@click.command("plan")
@spec_options
@click.option("--store", default=None, help="Store of artifacts: a folder or a URL.  [default: the user cache]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(what: str | None, store: str | None, as_json: bool, **flags: object) -> None:
    """Show cells, jobs, what is in the store already, what is stale and why, and an estimate of time."""
    from w2s_bench.planning.planner import make_plan
    from w2s_bench.running.forecast import forecast
    from w2s_bench.store.artifacts import Store

    registry = loaded_registry()
    spec, origin = read_spec(registry, what, flags)
    plan = make_plan(spec, registry)
    found = forecast(plan, Store(store or default_store()))
    if as_json:
        click.echo(json.dumps({"run_id": plan.run_id, "cells": len(plan.cells), "jobs": plan.stages(),
                               "to_compute": found.remaining, "seconds": found.seconds, "memory_mib": found.memory,
                               "basis": found.basis, "stale": found.stale, "skipped": dict(plan.skipped)}, indent=1))
        return
    click.echo(f"{origin}: {len(plan.cells)} cells, {len(plan.jobs)} jobs")
    for reason, count in plan.skipped.items():
        click.echo(f"left out: {count} cells, because {reason}")
    click.echo(f"{'stage':<10}{'jobs':>9}{'in store':>10}{'to compute':>12}")
    for stage, count in plan.stages().items():
        left = found.remaining[stage]
        click.echo(f"{stage:<10}{count:>9}{count - left:>10}{left:>12}")
    click.echo(f"estimate: {found.words()}")
    for reason, count in found.stale.items():
        click.echo(f"stale: {count} cells, because {reason}")
