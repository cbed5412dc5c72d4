"""`w2s-bench run`."""

from __future__ import annotations

import dataclasses
import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from w2s_bench.cli.plugin import loaded_registry
from w2s_bench.cli.progress import progress_screen
from w2s_bench.cli.spec_options import complete, default_store, read_spec, spec_options
from w2s_bench.contracts import Policy

if TYPE_CHECKING:
    from w2s_bench.running.runs import Result


@click.command("run")
@spec_options
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Run folder.  [default: w2s-runs/NAME-HASH]")
@click.option("--store", default=None, help="Store of artifacts: a folder or a URL.  [default: the user cache]")
@click.option("--executor", default="local", show_default=True, shell_complete=complete("executors"),
              help="Who computes: local (worker processes), here (this process, for a debugger), or a plugin's.")
@click.option("-j", "--jobs", "workers", type=click.IntRange(1), default=Policy.workers, show_default=True,
              help="Worker processes.")
@click.option("--threads", type=click.IntRange(1), default=Policy.threads, show_default=True,
              help="Threads of each worker; the last digits of trained models depend on it.")
@click.option("--device", default=Policy.device, show_default=True,
              help="Where published networks are read and fine-tuned: auto, cpu, mps or cuda:N. All else runs on the CPU.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), help="Seconds that one job may take.")
@click.option("--retries", type=click.IntRange(0), default=Policy.retries, show_default=True,
              help="How often a job is tried again whose process died.")
@click.option("--keep", type=click.Choice(["all", "test", "none"]), default="all", show_default=True,
              help="Predictions that stay with the run, for rescore: of both samples, of the test sample, or none.")
@click.option("--print-spec", is_flag=True, help="Print the TOML that the words stand for, and stop.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def command(what: str | None, out: Path | None, store: str | None, executor: str, print_spec: bool, quiet: bool,
            keep: Literal["all", "test", "none"], **flags: object) -> int:
    """Run a SUITE, a SPEC.toml, or a matrix given by flags. Alone: the suite quickstart.

    The same command resumes a run that was ended, and recomputes nothing that is finished.
    """
    import msgspec

    from w2s_bench.contracts.devices import check
    from w2s_bench.planning.planner import make_plan
    from w2s_bench.running.audience import Audience
    from w2s_bench.running.folder import default_folder
    from w2s_bench.running.runs import run

    policy = msgspec.convert({field.name: flags.pop(field.name) for field in dataclasses.fields(Policy)}, Policy)
    registry = loaded_registry()
    spec, origin = read_spec(registry, what, flags)
    if print_spec:
        click.echo(spec.to_toml(), nl=False)
        return 0
    executing = registry.make("executors", executor, where="--executor")
    if policy.device != Policy.device:
        check(policy.device)
    folder = out or default_folder(spec)
    say = (lambda text: None) if quiet else click.echo
    say(f"running {origin}")
    plan = make_plan(spec, registry)
    say(f"{len(plan.cells)} cells, {len(plan.jobs)} jobs; folder {folder}")
    for reason, count in plan.skipped.items():
        say(f"left out: {count} cells, because {reason}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with progress_screen(quiet) as (show, warn):
        audience = Audience(warn, show, registry.observers, debug=click.get_current_context().find_root().obj["debug"])
        result = run(plan, folder, store or default_store(), executing, policy, audience, keep)
    _finish(result, quiet)
    if result.interrupted:
        words = ["w2s-bench", "run", str(folder / "spec.toml"), "-o", str(folder), *(["--store", store] if store else [])]
        say(f"interrupted; finished work is kept. Go on with: {shlex.join(words)}")
        return 130
    return 0 if set(result.statuses) <= {"ok"} else 3


def _finish(result: Result, quiet: bool) -> None:
    """Write the page, name what went wrong, and show the table unless it is to be quiet."""
    import polars as pl

    from w2s_bench.report.finding import sentence
    from w2s_bench.report.listing import table_console
    from w2s_bench.report.page import write_report
    from w2s_bench.report.terminal_table import render
    from w2s_bench.tables.reading import read_runs

    rows, bounds = read_runs([result.folder])
    page = result.folder / "report.html"
    write_report(result.folder)
    for error, count in rows.filter(pl.col("status") != "ok")["error"].value_counts(sort=True).head(5).iter_rows():
        click.echo(f"{count} cells: {error}", err=True)
    if quiet:
        return
    render(rows, bounds, table_console())
    click.echo(sentence(rows, bounds))
    counts = ", ".join(f"{count} {status}" for status, count in sorted(result.statuses.items()))
    kept = f" Predictions kept: {result.kept / 1e6:.1f} MB." if result.kept else ""
    click.echo(f"{counts}; {result.executed} jobs computed.{kept} Page: {page}")
