"""`w2s-bench run`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click
from click.core import ParameterSource

from w2s_bench.cli.limit_options import Memory, WordOr
from w2s_bench.cli.plugin import loaded_registry
from w2s_bench.cli.progress import progress_screen
from w2s_bench.cli.signals import SignalledEnding
from w2s_bench.cli.spec_options import SPEC_FLAGS, complete, run_words, spec_options, spec_words
from w2s_bench.contracts import Policy
from w2s_bench.registry.isolation import isolated

if TYPE_CHECKING:
    from w2s_bench.report.notebook import Run


_STUDENTS = 8
"""Whose truth is changed where nobody says how many."""

_SCREEN = 100
"""Columns of what a run says at its end where there is no terminal."""


@click.command("run")
@spec_options
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Run folder.  [default: w2s-runs/NAME-HASH]")
@click.option("--store", default=None, help="Store of artifacts: a folder or a URL.  [default: the user cache]")
@click.option("--executor", default="local", show_default=True, shell_complete=complete("executors"),
              help="Who computes: local (worker processes), here (this process, for a debugger), or a plugin's.")
@click.option("-j", "--jobs", "workers", type=WordOr(click.IntRange(1), "auto"), default=Policy.workers, show_default=True,
              help="Worker processes; auto: one a GPU of --gpus, else one a processor core.")
@click.option("--threads", type=click.IntRange(1), default=Policy.threads, show_default=True,
              help="Threads of each worker; the last digits of trained models depend on it.")
@click.option("--device", default=Policy.device, show_default=True,
              help="Where published networks are read and fine-tuned: auto, cpu, mps or cuda:N. All else runs on the CPU.")
@click.option("--gpus", help="GPUs of the run, as in 0,1: each worker gets one.  [default: what torch finds]")
@click.option("--memory", type=WordOr(Memory(), "auto", "none"), default=Policy.memory, show_default=True,
              help="What all workers together may hold, such as 8GB; a job past its worker's share ends as oom. auto: most of "
                   "what the machine has.")
@click.option("--timeout", type=WordOr(click.FloatRange(0, min_open=True), "auto", "none"), default=Policy.timeout,
              show_default=True, help="Seconds that one job may take; auto: many times what such jobs took before.")
@click.option("--retries", type=click.IntRange(0), default=Policy.retries, show_default=True,
              help="How often a job is tried again whose process died.")
@click.option("--isolate", type=click.Choice(["auto", "always", "never"]), default=None,
              help="How far code of other distributions is kept apart. auto: no process serves two of them, nor one and the "
                   "project's own; always: each batch has a new process; never: all share.  [default: auto]")
@click.option("--keep", type=click.Choice(["all", "test", "none"]), default="all", show_default=True,
              help="Predictions that stay with the run, for rescore: of both samples, of the test sample, or none.")
@click.option("--canary", metavar="[N]", type=click.IntRange(1), is_flag=False, flag_value=_STUDENTS,
              help=f"Fit N of the students ({_STUDENTS} where N is left out) once more where the truth is another: who changes "
                   "then was told it. The column canary.")
@click.option("--shard", metavar="K/N",
              help="The K-th of N parts alone, for one of several machines; `merge` makes one run of them.")
@click.option("--only", type=click.Choice(["gpu"]),
              help="Compute only what asks for a GPU, and what that rests on; without it the same command goes on.")
@click.option("--no-page", is_flag=True, help="Make no page; `w2s-bench report RUN` makes it later.")
@click.option("--print-spec", is_flag=True, help="Print the TOML that the words stand for, and stop.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def command(what: str | None, out: Path | None, store: str | None, no_page: bool, print_spec: bool, quiet: bool,
            **flags: object) -> int:
    """Run a SUITE, a SPEC.toml, or a matrix given by flags; or go on with a RUN, with more seeds by --seeds. Alone: the suite
    quickstart.

    The same command resumes a run that was ended, and recomputes nothing that is finished.
    """
    import w2s_bench as w2s
    from w2s_bench.running.audience import Audience, Progress

    context = click.get_current_context()
    context.with_resource(isolated(cast("str | None", flags["isolate"])))
    registry = loaded_registry()
    if print_spec:
        from w2s_bench.report.listing import print_data
        from w2s_bench.running.starting import asked_spec

        print_data(asked_spec(registry, what, spec_words(flags))[0].to_toml(in_place=True).removesuffix("\n"))
        return 0
    say = (lambda text: None) if quiet else click.echo
    told = context.find_root().obj
    told["prints"] = False
    with SignalledEnding().taken() as ending, progress_screen(quiet) as (show, warn):
        audience = Audience(warn, show, registry.observers, debug=told["debug"], say=say, ending=ending)
        done = w2s.run(what, folder=out, store=store, audience=audience, **run_words(flags))
        page = done.page if done.as_it_was else None
        if page is None and not no_page and not flags["only"] and not ending.received and done.rows.height:
            show(Progress(done.rows.height, done.executed, 0, done.executed, dict(done.statuses), "writing the page"))
            page = done.report(store)
    unfinished = flags["only"] and not ending.received and set(done.statuses) <= {"ok", "interrupted"}
    if unfinished:
        say(f"{done.executed} jobs computed of those that ask for a GPU and what they rest on; without --only the rest is")
        return 0
    _finish(done, page, quiet)
    if ending.received or done.interrupted:
        words = shlex.join(["w2s-bench", *told["left_out"], "run", str(done.folder), *_given(context)])
        say(f"{ending.words()}; finished work is kept. Go on with: {words}")
        return ending.exit_code
    return 0 if set(done.statuses) <= {"ok"} else 3


def _given(context: click.Context) -> list[str]:
    """The options that say how it is computed, as they are in force and where they are not the defaults."""
    said: list[str] = []
    for option in context.command.params:
        name = option.name or ""
        if not isinstance(option, click.Option) or name in (*SPEC_FLAGS, "out") or \
                context.get_parameter_source(name) in (None, ParameterSource.DEFAULT):
            continue
        value = context.params[name]
        said += [max(option.opts, key=len)] if option.is_flag else [min(option.opts, key=len), str(value)]
    return said


def _finish(done: Run, page: Path | None, quiet: bool) -> None:
    """Name what went wrong, and show the table unless it is to be quiet."""
    import polars as pl

    from w2s_bench.report.finding import said_of
    from w2s_bench.report.first_screen import WIDE, first_screen, next_commands, print_next
    from w2s_bench.report.listing import say, table_console
    from w2s_bench.report.terminal_table import render

    for error, count in done.rows.filter(pl.col("status") != "ok")["error"].value_counts(sort=True).head(5).iter_rows():
        click.echo(f"{count} cells: {error}", err=True)
    if quiet:
        return
    console = table_console(_SCREEN)
    if console.width >= WIDE:
        found = done.summary()
        render(found, done.rows, console)
        say([said_of(found, done.rows)])
        print_next(next_commands(done.rows, str(done.folder)), console)
    else:
        first_screen(done.rows, done.bounds, console, run=str(done.folder), terms=done.terms)
    counts = ", ".join(f"{count} {status}" for status, count in done.statuses.items()) or "no cell"
    kept = f" Predictions kept: {done.kept / 1e6:.1f} MB." if done.kept else ""
    click.echo(f"{counts}; {done.executed} jobs computed.{kept}" + (f" Page: {page}" if page else ""))
