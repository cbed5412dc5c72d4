"""Which columns of a file teach: a task whose file holds the answers of a weak model does not read them as its input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from w2s_bench.contracts import InputsRead, can, declared
from w2s_bench.registry.catalogue import Registry
from w2s_bench.registry.component import Component


class Read(NamedTuple):
    """A task as a spec reads it. lines: in words, what its input x is; hard: its columns of answers of probability 0."""

    task: Component
    lines: tuple[str, ...] = ()
    hard: frozenset[str] = frozenset()


def columns_taught(models: Iterable[Component], instances: Mapping[str, Any], as_it_is: bool) -> dict[str, str]:
    """The columns with answers that weak models teach with, and the name of such a model: those that a model declares, and,
    where a supervisor takes numbers as they are, those that a model reads. instances: by key of the models.
    """
    found: dict[str, str] = {}
    for model in models:
        instance = instances[model.key]
        column = declared(instance, "answers", instance.column if as_it_is else "")
        if column:
            found.setdefault(column, model.label)
    return found


def without_teachers(registry: Registry, task: Component, teachers: Mapping[str, str], answering: frozenset[str]) -> Read:
    """The task that knows which of its columns teach, where it can be told; they are then no part of its input x.

    teachers: by column, the name of a model that teaches with it. answering: the columns that a model declares to hold answers.
    """
    instance = task.create()
    read: InputsRead | None = instance.inputs_read() if can(instance, "inputs_read") else None
    if read is None:
        return Read(task)
    parameter = declared(instance, "leaves_out", "")
    taught = [name for name in teachers if parameter and name in {*read.x, *read.left_out}
              and (name != read.name or (len(read.x) > 1 and name in answering))]
    if taught:
        before = [name for name in str(dict(task.params)[parameter] or "").split("+") if name and name not in taught]
        task = registry.one("tasks", task.label, {parameter: "+".join([*before, *taught])})
        read = task.create().inputs_read()
    left_out = {name: f"{teachers[name]} teaches with it" if name in taught else why for name, why in read.left_out.items()}
    x, others = replace(read, left_out=left_out).words()
    return Read(task, (f"{task.label}: x is {x}; not in x: {others}",
                       *(f"{task.label}: look at this: {line}" for line in read.notes)), read.hard)
