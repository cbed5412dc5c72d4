"""What a plugin registers: light entries with their parameters, importable without the components themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from w2s_bench.contracts.deprecations import with_old_fields


@with_old_fields
@dataclass(frozen=True)
class Parameter:
    """One parameter of a component. kind: the type of its value; "auto" style words go in `words`.

    low, high: inclusive range for numbers. choices: allowed words. default None means: must be given,
    unless optional is true, or the parameter that `instead` names is given.
    draw: its values only number draws of one kind of task, so that tables pool them.
    names: a kind in the plural ("models", "losses", "divergences", …): the value is the name of a component of that kind,
    and the target is called with that component instead; a model so named by a strategy adds a block to the features of
    its fits. when: (another parameter, its value) without which the name stands for nothing and is handed over as it is.
    role: what the value is to a result. meaning: a part of what is computed. place: where something lies, a file or a folder,
    for which its content stands, as the component's fingerprint() gives it; its `words` are no places, and mean what they say.
    speed: how fast, in how much memory, and no number changes. Seeds and keys know only what differs from a default and has a
    meaning, and the content of a place: data may be moved, and a parameter with a default added, and nothing is computed anew.
    """

    name: str
    kind: type
    default: Any
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    optional: bool = False
    instead: str = ""
    draw: bool = False
    names: str = ""
    when: tuple[str, str] | None = None
    role: Literal["meaning", "place", "speed"] = "meaning"


@with_old_fields
@dataclass(frozen=True)
class Entry:
    """What a plugin registers: light, importable without the component itself.

    target: "module:Class", imported on use and called with the parameters as keywords.
    extra: the optional dependency group that it needs, "" for none; needs: the modules of that group.
    libraries: the distributions, such as torch, that its numbers rest on: their versions are in the key of whatever it computes.
    NumPy is in every key already, and what reads a file without changing a number need not be named.
    """

    name: str
    target: str
    version: int = 1
    summary: str = ""
    tags: frozenset[str] = frozenset()
    parameters: tuple[Parameter, ...] = ()
    extra: str = ""
    needs: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()


class TaskEntry(Entry):
    """Entry of a task."""


class ModelEntry(Entry):
    """Entry of a model."""


class StrategyEntry(Entry):
    """Entry of a fine-tuning strategy, for students and for supervisors."""


class LossEntry(Entry):
    """Entry of a loss, which strategies that train by gradient name as a parameter."""


@with_old_fields
@dataclass(frozen=True)
class OutputEntry(Entry):
    """Entry of a kind of output: what a task may predict. Its name is the `kind` that instances carry.

    target: the class of the outputs, which tasks make. noun: what is predicted, in the plural, as errors call it. usual: the
    strategy, and supervisor, of whoever names none.
    """

    noun: str = ""
    usual: str = ""


class DivergenceEntry(Entry):
    """Entry of a Bregman divergence, which tasks name."""


class MetricEntry(Entry):
    """Entry of a metric: columns of a row, from the samples of a cell."""


class BoundEntry(Entry):
    """Entry of a bound: a statement about the student's error or gain, checked on every sample that it applies to."""


@with_old_fields
@dataclass(frozen=True)
class FigureEntry(Entry):
    """Entry of a figure, drawn from the rows and bounds of runs. Its parameters are options of `w2s-bench plot NAME`.

    order: its place on the page of a run among the figures that apply, the least first; equal ones stand by name.
    """

    order: int = 100


class ExecutorEntry(Entry):
    """Entry of an executor: where and how the jobs of a run are computed."""


class CommandEntry(Entry):
    """Entry of a command of `w2s-bench`; the target is a click command."""


class DescriptorsEntry(Entry):
    """Entry of numbers that a model may be pretrained on beside its texts: a function of texts (n,) to (n, m)."""


@with_old_fields
@dataclass(frozen=True)
class SuiteEntry:
    """A named run specification that a plugin ships.

    toml: the text of the spec; `{data}` in its quoted paths is filled by `run SUITE --data FOLDER`. quick: the text of
    the same study in about a minute, "" where there is none.
    """

    name: str
    summary: str
    toml: str
    quick: str = ""
    tags: frozenset[str] = field(default_factory=frozenset)
    version: int = 1
    parameters: tuple[Parameter, ...] = ()
    extra: str = ""
