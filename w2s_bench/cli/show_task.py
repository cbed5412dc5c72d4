"""`w2s-bench show-task`."""

from __future__ import annotations

from collections.abc import Sequence

import click
import numpy as np
from click.shell_completion import CompletionItem

from w2s_bench.contracts import Array, Classes, Output, Split, Splits, Task, declared
from w2s_bench.registry.loading import load_registry
from w2s_bench.report.listing import print_table, say
from w2s_bench.report.table import listed
from w2s_bench.report.wording import figure

_LONGEST = 2000
_LEADING = 5
"""Characters of a text, and numbers of a vector, that an example shows."""


def _complete_tasks(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(found.entry.name, help=found.entry.summary) for found in load_registry().entries("tasks")
            if found.entry.name.startswith(incomplete)]


@click.command("show-task")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=_complete_tasks)
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
        facts = [("predicts", described(task.output)), ("divergence", task.divergence), ("balanced", _balanced(task)),
                 ("licence", task.licence), ("citation", task.citation or "none given"),
                 ("fingerprint", task.fingerprint() or "none"), ("overlaps", ", ".join(overlaps(splits)) or "none")]
        say([harmless(component.label), *(f"  {name:<12}{harmless(text)}" for name, text in facts), ""])
        about, heads, lines = balance_table(task.output, splits)
        print_table(listed("Labels", f"{about}, seed {seed}", heads, lines))
        for index in range(min(examples, len(splits.supervise.truth))):
            say([*example_lines(splits.supervise, index, task.output), ""])


def described(output: Output) -> str:
    """What is predicted, in a few words: "2 classes: negative, positive"; "a number in stars"."""
    if isinstance(output, Classes):
        names = f": {', '.join(output.names)}" if output.names else ""
        return f"{output.k} {'ordered classes' if output.ordered else 'classes'}{names}"
    unit = f" in {output.unit}" if output.unit else ""
    return f"a number{unit}" if output.k == 1 else f"{output.k} numbers{unit}"


def balance_table(output: Output, splits: Splits) -> tuple[str, list[str], list[list[str]]]:
    """What the cells say, heads, and lines: one a class with counts and shares, or one an output with mean and sd."""
    parts = {"supervise": splits.supervise, "transfer": splits.transfer, "test": splits.test}
    truths = [split.truth for split in parts.values()]
    whole = ["all examples", *(str(len(truth)) for truth in truths)]
    if isinstance(output, Classes):
        lines = [[harmless(name), *(_count(truth[:, number]) for truth in truths)]
                 for number, name in enumerate(class_names(output))]
        return "count and share of each class", ["class", *parts], [*lines, whole]
    names = ["label"] if output.k == 1 else [f"label {number}" for number in range(1, output.k + 1)]
    lines = [[name, *(_spread(truth[:, number]) for truth in truths)] for number, name in enumerate(names)]
    return "mean ± standard deviation", ["output", *parts], [*lines, whole]


def example_lines(split: Split, index: int, output: Output) -> list[str]:
    """One example: its id and label, then each input column; lines of a text are indented."""
    lines = [f"{harmless(str(split.ids[index]))}: {harmless(label_text(split.truth[index], output))}"]
    for name, column in split.inputs.items():
        shown = _shown(np.asarray(column)[index])
        lines += [f"  {harmless(name)}: {shown}"] if "\n" not in shown else [f"  {harmless(name)}:", *(
            f"    {line}" for line in shown.split("\n"))]
    return lines


def label_text(truth: Array, output: Output) -> str:
    """A label as words: the class; probabilities where it is not certain; numbers with the unit."""
    if isinstance(output, Classes):
        names = class_names(output)
        if truth.max() == 1.0:
            return names[int(truth.argmax())]
        return ", ".join(f"{name} {share:.3f}" for name, share in zip(names, truth, strict=True))
    return " ".join([*(figure(float(value)) for value in truth), *([output.unit] if output.unit else [])])


def class_names(output: Classes) -> Sequence[str]:
    """Names of the classes, or their numbers where they have none."""
    return output.names or [str(number) for number in range(output.k)]


def harmless(text: str) -> str:
    """The text with every character that is not printable as its escape, so that no data can steer a terminal."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode("ascii")
                   for char in text)


def _shown(value: object) -> str:
    if isinstance(value, str):
        cut = f" … ({len(value) - _LONGEST} more characters)" if len(value) > _LONGEST else ""
        return "\n".join(harmless(line) for line in value[:_LONGEST].split("\n")) + cut or '""'
    numbers = np.atleast_1d(np.asarray(value, dtype=np.float64)).ravel()
    rest = f" … ({len(numbers)} numbers)" if len(numbers) > _LEADING else ""
    return " ".join(figure(float(number)) for number in numbers[:_LEADING]) + rest


def _balanced(task: Task) -> str:
    return "yes" if declared(task, "balanced", False) else "no"


def _count(shares: Array) -> str:
    return f"{shares.sum():.{0 if np.isin(shares, (0.0, 1.0)).all() else 1}f}  {100.0 * shares.mean():5.1f} %"


def _spread(values: Array) -> str:
    return f"{figure(float(values.mean()))} ± {figure(float(values.std()))}"
