"""The options by which `run` and `plan` are told what to run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from w2s_bench.contracts.errors import UsageError, nearest
from w2s_bench.planning.spec import Matrix, RunSpec, spec_from_file, spec_from_toml
from w2s_bench.registry.catalogue import Registry
from w2s_bench.registry.names import parse_range

DEFAULT_SUITE = "quickstart"
_SELECTORS = {"task": "tasks", "models": "models", "weak": "weak", "strong": "strong", "strategy": "strategies",
              "supervisor": "supervisors"}


def spec_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the argument and the flags from which `read_spec` makes a RunSpec."""
    options = [
        click.argument("what", required=False, metavar="[SUITE|SPEC.toml]", shell_complete=_complete_suites),
        click.option("--quick", is_flag=True, help="The suite's version for a first look, in about a minute."),
        click.option("--data", default=None, metavar="FOLDER", help="Folder of data files, for a suite that needs one."),
        click.option("--task", multiple=True, shell_complete=_complete("tasks"), help="Task; may be repeated."),
        click.option("--models", multiple=True, shell_complete=_complete("models"),
                     help="Models: all pairs, in both directions."),
        click.option("--weak", multiple=True, shell_complete=_complete("models"), help="Weak supervisors."),
        click.option("--strong", multiple=True, shell_complete=_complete("models"), help="Strong students."),
        click.option("--strategy", multiple=True, shell_complete=_complete("strategies"),
                     help="How students are fitted.  [default: ridge]"),
        click.option("--supervisor", multiple=True, shell_complete=_complete("strategies"),
                     help="How weak models are fitted.  [default: ridge]"),
        click.option("--seeds", default=None, help="Seeds, as 0..4 or 0,1,2.  [default: 0]"),
        click.option("--skip-incompatible", is_flag=True, help="Leave out pairs that cannot be fitted, instead of refusing."),
        click.option("--name", default=None, help="Name of the run.  [default: run]"),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def read_spec(registry: Registry, what: str | None, flags: dict[str, Any]) -> tuple[RunSpec, str]:
    """The spec that the words stand for, and a sentence that says where it comes from. Raises UsageError."""
    spec, origin = _read(registry, what, flags)
    return (replace(spec, skip_incompatible=True) if flags["skip_incompatible"] else spec), origin


def _read(registry: Registry, what: str | None, flags: dict[str, Any]) -> tuple[RunSpec, str]:
    given = {name: flags[flag] for flag, name in _SELECTORS.items() if flags[flag]}
    if given or flags["seeds"] or flags["name"]:
        if flags["quick"] or flags["data"]:
            raise UsageError("--quick and --data go with a suite or a spec, not with a matrix given by flags")
        if what is not None:
            raise UsageError("a suite or spec file goes without flags for tasks, models and strategies", where=what)
        if flags["seeds"]:
            given["seeds"] = parse_range(flags["seeds"])
        matrix = Matrix(**{"tasks": (), **given})
        return RunSpec(flags["name"] or "run", (matrix,)), "the matrix given by flags"
    if what is not None and (what.endswith(".toml") or Path(what).is_file()):
        if flags["quick"]:
            raise UsageError("--quick goes with a suite", where=what)
        return spec_from_file(Path(what), data=flags["data"]), f"the spec {what}"
    suite = registry.suite(what or DEFAULT_SUITE)
    if flags["quick"] and not suite.quick:
        with_one = [known.entry.name for known in registry.entries("suites") if known.entry.quick]
        raise UsageError("has no quick version", where=f"suite {suite.name}", hint=nearest(suite.name, with_one))
    spec = spec_from_toml(suite.quick if flags["quick"] else suite.toml, where=f"suite {suite.name}", data=flags["data"])
    return spec, f"the suite {suite.name}{' (quick)' if flags['quick'] else ''}: {suite.summary}"


def default_store() -> str:
    """The store under the user's cache directory."""
    import platformdirs

    return str(Path(platformdirs.user_cache_dir("w2s-bench")) / "store")


def _complete(kind: str) -> Callable[..., list[CompletionItem]]:
    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from w2s_bench.registry.loading import load_registry

        return [CompletionItem(found.entry.name, help=found.entry.summary) for found in load_registry().entries(kind)
                if found.entry.name.startswith(incomplete)]

    return complete


def _complete_suites(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from w2s_bench.registry.loading import load_registry

    return [CompletionItem(found.entry.name, help=found.entry.summary) for found in load_registry().entries("suites")
            if found.entry.name.startswith(incomplete)]
