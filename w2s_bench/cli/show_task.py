"""`w2s-bench show-task`."""

from __future__ import annotations

import click
import numpy as np

from w2s_bench.cli.spec_options import complete
from w2s_bench.contracts import Output, Split, Splits, Task, can, declared
from w2s_bench.registry.loading import load_registry
from w2s_bench.report.listing import print_table, say
from w2s_bench.report.table import listed
from w2s_bench.report.wording import figure, harmless

_LONGEST = 2000
_LEADING = 5
"""Characters of a text, and numbers of a vector, that an example shows."""


@click.command("show-task")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete("tasks"))
@click.option("--examples", type=click.IntRange(0), default=3, show_default=True, help="How many examples of the supervise part.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed that draws the parts.")
def command(names: tuple[str, ...], examples: int, seed: int) -> None:
    """Load a task and show what it predicts, its licence, the sizes and labels of its parts, and some examples.

    NAME reads as after --task of `run`, parameters included.
    """
    from w2s_bench.compute.splits import checked_splits, overlaps

    for component in load_registry().select("tasks", names):
        task = component.create()
        splits = checked_splits(task, task.load(seed), component.label)
        facts = [("predicts", task.output.describe()), ("divergence", task.divergence), ("balanced", _balanced(task)),
                 ("licence", task.licence), ("citation", task.citation or "none given"),
                 ("fingerprint", task.fingerprint() or "none"), ("overlaps", ", ".join(overlaps(splits)) or "none")]
        if can(task, "inputs_read"):
            read = task.inputs_read()
            facts += [*zip(("x", "not in x"), read.words(), strict=True), *(("look at", line) for line in read.notes)]
        say([harmless(component.label), *(f"  {name:<12}{harmless(text)}" for name, text in facts), ""])
        about, heads, lines = balance_table(task.output, splits)
        print_table(listed("Labels", f"{about}, seed {seed}", heads, lines))
        for index in range(min(examples, len(splits.supervise.truth))):
            say([*example_lines(splits.supervise, index, task.output), ""])


def balance_table(output: Output, splits: Splits) -> tuple[str, list[str], list[list[str]]]:
    """What the cells say, heads, and lines: what the output sums up of the labels of each part."""
    parts = {"supervise": splits.supervise, "transfer": splits.transfer, "test": splits.test}
    about, of_line = output.summary_words()
    summed = [output.summary(split.truth, figure) for split in parts.values()]
    lines = [[harmless(name), *(found[name] for found in summed)] for name in summed[0]]
    whole = ["all examples", *(str(len(split.truth)) for split in parts.values())]
    return about, [of_line, *parts], [*lines, whole]


def example_lines(split: Split, index: int, output: Output) -> list[str]:
    """One example: its id and label, then each input column; lines of a text are indented."""
    lines = [f"{harmless(str(split.ids[index]))}: {harmless(output.word(split.truth[index], figure))}"]
    for name, column in split.inputs.items():
        shown = _shown(np.asarray(column)[index])
        lines += [f"  {harmless(name)}: {shown}"] if "\n" not in shown else [f"  {harmless(name)}:", *(
            f"    {line}" for line in shown.split("\n"))]
    return lines


def _shown(value: object) -> str:
    if isinstance(value, str):
        cut = f" … ({len(value) - _LONGEST} more characters)" if len(value) > _LONGEST else ""
        return "\n".join(harmless(line) for line in value[:_LONGEST].split("\n")) + cut or '""'
    numbers = np.atleast_1d(np.asarray(value, dtype=np.float64)).ravel()
    rest = f" … ({len(numbers)} numbers)" if len(numbers) > _LEADING else ""
    return " ".join(figure(float(number)) for number in numbers[:_LEADING]) + rest


def _balanced(task: Task) -> str:
    return "yes" if declared(task, "balanced", False) else "no"
