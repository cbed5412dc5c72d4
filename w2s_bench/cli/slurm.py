"""`w2s-bench slurm`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from w2s_bench.cli.plugin import loaded_registry
from w2s_bench.cli.spec_options import SPEC_FLAGS, plugin_files, spec_options, spec_words
from w2s_bench.contracts.errors import UsageError

if TYPE_CHECKING:
    from w2s_bench.running.arrays import Arrays

_PLAIN = re.compile(r"[\w.,:;@%+=/\[\]*()&|!-]+")
"""What stands in a line for sbatch as it is: no space, no quotation mark, no second line."""


@click.command("slurm")
@spec_options
@click.option("--shards", type=click.IntRange(1, 1000), default=8, show_default=True,
              help="Into how many shards the work is cut.")
@click.option("--store", default=None, help="Store of artifacts that all nodes see.  [default: the user cache]")
@click.option("--nodes", metavar="N", help="Nodes of one shard.  [default: 1]")
@click.option("--time", "limit", metavar="TIME", help="Time limit of one shard, as in 12:00:00.")
@click.option("--partition", metavar="NAME", help="Partition of the shards.")
@click.option("--gpu-partition", metavar="NAME", help="Partition of those that have a GPU.  [default: --partition]")
@click.option("--mem", metavar="SIZE", help="Memory of one shard, as in 32G.")
@click.option("--cpus", type=click.IntRange(1), help="Processor cores of one shard.")
@click.option("--sbatch", "others", multiple=True, metavar="OPTION",
              help="Any other option of sbatch, as in --sbatch=--account=mine; may be repeated.")
def command(what: str | None, shards: int, store: str | None, **flags: object) -> int:
    """Print a script that computes a SUITE or SPEC.toml on a Slurm cluster, as arrays of shards; nothing is run.

    Shards with nothing left to compute are left out. What asks for a GPU, and what that rests on, is an array of its own that
    goes first: `bash SCRIPT` submits both, and where nothing asks for a GPU `sbatch SCRIPT` will do. `merge` makes one run of
    the shards.
    """
    from w2s_bench.planning.own_files import registry_with
    from w2s_bench.planning.planner import make_plan
    from w2s_bench.running.arrays import arrays_of
    from w2s_bench.running.starting import asked_spec
    from w2s_bench.store.artifacts import Store, default_store

    spec, _, folder = asked_spec(loaded_registry(), what, spec_words(flags))
    plan = make_plan(spec, registry_with(spec.plugins))
    place = store or default_store()
    found = arrays_of(plan, Store(place), shards)
    if not found.all:
        click.echo(f"nothing is left to compute: the store holds all {len(plan.cells)} cells; `w2s-bench run` writes their "
                   "tables", err=True)
        return 0
    file = folder / "spec.toml" if folder else Path(what or "")
    files = [word for path in plugin_files() for word in ("--plugin", str(Path(path).absolute()))]
    run = [*_called(), *files, *_words(str(file.absolute()) if file.is_file() else what, flags),
           "--store", place if "://" in place else str(Path(place).expanduser().absolute())]
    click.echo(_script(spec.name, run, found, _asked(flags)), nl=False)
    return 0


def _called() -> list[str]:
    """The command, as it is called in an environment of its own."""
    import sys

    beside = Path(sys.executable).with_name("w2s-bench")
    return [str(beside) if beside.is_file() else "w2s-bench", "run"]


def _words(what: str | None, flags: dict[str, object]) -> list[str]:
    """What is to be run, as it was said."""
    said = [] if what is None else [what]
    for option in click.get_current_context().command.params:
        value = flags.get(option.name or "")
        if option.name not in SPEC_FLAGS or not value or not isinstance(option, click.Option):
            continue
        name = max(option.opts, key=len)
        values = [True] if option.is_flag else value if isinstance(value, tuple) else [value]
        said += [word for each in values for word in ([name] if option.is_flag else [name, str(each)])]
    return said


def _asked(flags: dict[str, object]) -> tuple[list[str], list[str]]:
    """Options of sbatch: for all shards, and beside them for those that have a GPU. Raises UsageError for what is none."""
    names = {"nodes": "--nodes", "limit": "--time", "partition": "--partition", "mem": "--mem", "cpus": "--cpus-per-task"}
    given = [(name, f"{option}={flags[name]}") for name, option in names.items() if flags.get(name)]
    given += [("sbatch", str(text)) for text in flags.get("others") or ()]  # type: ignore[attr-defined]
    gpu = [("gpu_partition", f"--partition={flags['gpu_partition']}")] if flags.get("gpu_partition") else []
    for name, text in (*given, *gpu):
        if not text.startswith("--") or not _PLAIN.fullmatch(text):
            raise UsageError(f"{text!r} cannot stand in a line for sbatch", where=f"--{name.replace('_', '-')}",
                             hint="one option, as in --sbatch=--account=mine, without spaces and quotation marks")
    every = [text for _, text in given]
    return every if flags.get("nodes") else ["--nodes=1", *every], [text for _, text in gpu]


def _script(name: str, run: Sequence[str], arrays: Arrays, options: tuple[Sequence[str], Sequence[str]]) -> str:
    """The script; whatever the user named is quoted, and stands in no line that a shell or sbatch reads otherwise."""
    every, gpu = options
    both = bool(arrays.gpu)
    quoted = "\n".join(f"  {shlex.quote(word)}" for word in run)
    lines = [
        "#!/usr/bin/env bash",
        f"#SBATCH --job-name={name}", f"#SBATCH --array={_ranges(arrays.all)}", "#SBATCH --ntasks=1", "#SBATCH --signal=TERM@90",
        *(f"#SBATCH {option}" for option in every),
        f"# {arrays.cells} of {arrays.planned} cells are left, in {len(arrays.all)} of {arrays.of} shards.",
        "# Submit with:  bash THIS_SCRIPT" + ("" if both else "  (or sbatch THIS_SCRIPT)"),
        "# When it is done:  w2s-bench merge SPEC.toml, in the same folder", ""
        "set -euo pipefail", f"cd -- {shlex.quote(str(Path.cwd()))}", "run=(", quoted, ")", ""]
    if both:
        words = shlex.join(["--parsable", f"--array={_ranges(arrays.gpu)}", f"--gres=gpu:{arrays.gpus}", *gpu])
        lines += [
            'if [ -z "${SLURM_ARRAY_TASK_ID:-}" ]; then  # what asks for a GPU goes first, the rest when that has ended',
            f'  first=$(sbatch {words} "$0" gpu)', '  sbatch --dependency="afterany:${first%%;*}" "$0" rest', "  exit", "fi",
            'only=()', 'if [ "${1:-rest}" = gpu ]; then only=(--only gpu); fi']
    else:
        lines += ['if [ -z "${SLURM_ARRAY_TASK_ID:-}" ]; then', '  sbatch "$0"', "  exit", "fi", "only=()"]
    lines += ["", f'srun "${{run[@]}}" --shard "$SLURM_ARRAY_TASK_ID/{arrays.of}" -j auto --no-page ${{only[@]+"${{only[@]}}"}}']
    return "\n".join(lines) + "\n"


def _ranges(numbers: Sequence[int]) -> str:
    """As sbatch has them, such as 1-3,7."""
    from w2s_bench.planning.wider import ranges

    return ranges(numbers).replace("..", "-")
