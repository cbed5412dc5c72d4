"""The options by which `run` and `plan` are told what to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar, cast

import click
from click.shell_completion import CompletionItem

from w2s_bench.planning.wanted import SpecWords

if TYPE_CHECKING:
    from w2s_bench.running.starting import RunWords

Decorated = TypeVar("Decorated", bound=Callable[..., object])
_WORDS = {"task": "tasks", "strategy": "strategies", "supervisor": "supervisors"}
_SPEC_WORDS = ("tasks", "models", "weak", "strong", "strategies", "supervisors", "also", "seeds", "name", "quick", "data",
               "skip_incompatible")
SPEC_FLAGS = frozenset((*_SPEC_WORDS, *_WORDS))
"""Names of the flags that say what is run, and not how."""


def spec_options(command: Decorated) -> Decorated:
    """Adds the argument and the flags that say what is to be run."""
    options = [
        click.argument("what", required=False, metavar="[SUITE|SPEC.toml|RUN]", shell_complete=_complete_what),
        click.option("--quick", is_flag=True, help="The suite's version for a first look, in about a minute."),
        click.option("--data", default=None, metavar="FOLDER",
                     help="Folder of data files: what {data} stands for in suites, specs and names."),
        click.option("--task", multiple=True, shell_complete=complete("tasks"), help="Task; may be repeated."),
        click.option("--models", multiple=True, shell_complete=complete("models"),
                     help="Models: all pairs, both ways; declares no direction."),
        click.option("--weak", multiple=True, shell_complete=complete("models"),
                     help="Weak supervisors; with --strong it declares who is weak."),
        click.option("--strong", multiple=True, shell_complete=complete("models"), help="Strong students."),
        click.option("--strategy", multiple=True, shell_complete=complete("strategies"),
                     help="How students are fitted.  [default: ridge for numbers, logistic for classes]"),
        click.option("--supervisor", multiple=True, shell_complete=complete("strategies"),
                     help="How weak models are fitted.  [default: as for students]"),
        click.option("--also", multiple=True, shell_complete=complete("tasks"),
                     help="A second task, on which the same predictors are scored too; see `show --also`."),
        click.option("--seeds", default=None, help="Seeds, as 0..4 or 0,1,2; of a RUN all that it is to have, "
                     "more than it has.  [default: 0]"),
        click.option("--skip-incompatible", is_flag=True, help="Leave out pairs that cannot be fitted, instead of refusing."),
        click.option("--name", default=None, help="Name of the run.  [default: run]"),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def spec_words(flags: Mapping[str, object]) -> SpecWords:
    """The flags of `spec_options` as the words that `wanted` reads; those that were not given are left out."""
    named = {_WORDS.get(flag, flag): value for flag, value in flags.items()}
    return cast(SpecWords, {"plugins": plugin_files(), **{word: named[word] for word in _SPEC_WORDS if named.get(word)}})


def plugin_files() -> list[str]:
    """The plugins that are one file each, as they were named to this command."""
    files: list[str] = (click.get_current_context().find_root().obj or {}).get("plugins", [])
    return files


def run_words(flags: Mapping[str, object]) -> RunWords:
    """The same with the flags that say how a run is computed, as they stand."""
    return cast("RunWords", {**{flag: value for flag, value in flags.items() if flag not in SPEC_FLAGS}, **spec_words(flags)})


def complete(kind: str) -> Callable[..., list[CompletionItem]]:
    """Completes the names of a kind in the shell."""

    def completed(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from w2s_bench.registry.loading import load_registry

        return [CompletionItem(found.entry.name, help=found.entry.summary) for found in load_registry().entries(kind)
                if found.entry.name.startswith(incomplete)]

    return completed


def _complete_what(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from w2s_bench.cli.table_options import complete_runs

    return [CompletionItem(incomplete, type="file"), *complete("suites")(ctx, param, incomplete),
            *(item for item in complete_runs(ctx, param, incomplete) if item.type == "plain")]
