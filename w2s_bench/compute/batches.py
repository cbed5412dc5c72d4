"""Jobs that are computed together: which, and what the batch method of a component answers to each, as it comes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from w2s_bench.contracts.errors import PluginError
from w2s_bench.planning.recipes import Fit, Job
from w2s_bench.store.artifacts import Artifact

Made = Artifact | Exception
"""What a job leaves, or the exception that is its own."""

Answer = TypeVar("Answer")
Asked = TypeVar("Asked")


def by_what_they_read(jobs: Sequence[Job]) -> list[list[Job]]:
    """Fits that read the same features, or train the same network on the same inputs, side by side: these are in memory for no
    longer than they are wanted. In the order in which what they read appears first."""
    groups: dict[object, list[Job]] = {}
    for job in jobs:
        recipe = job.recipe
        read = (recipe.load, recipe.part, recipe.embeds, recipe.model, recipe.prepare) if isinstance(recipe, Fit) else None
        groups.setdefault(read, []).append(job)
    return list(groups.values())


def at_most(jobs: Sequence[Job], size: Callable[[Job], int], limit: int) -> Iterator[list[Job]]:
    """Jobs in runs whose sizes are together no more than a limit, or of one job that is larger by itself."""
    run: list[Job] = []
    total = 0
    for job in jobs:
        of_this = size(job)
        if run and total + of_this > limit:
            yield run
            run, total = [], 0
        run.append(job)
        total += of_this
    if run:
        yield run


def answers(asked: Sequence[Asked | Exception | None], many: Callable[[list[Asked]], Iterable[Answer | Exception]],
            made: Callable[[Answer], Artifact]) -> Iterator[Made | None]:
    """What a batch method answers to what can be asked, each as it comes; an exception and None stand as they are.

    Raises PluginError where there are not as many answers as questions, before the first one where that can be known.
    """
    questions = [question for question in asked if question is not None and not isinstance(question, Exception)]
    given = many(questions) if questions else ()
    if isinstance(given, Sequence) and len(given) != len(questions):
        raise _miscounted()
    rest: Iterator[Answer | Exception] = iter(given)
    for question in asked:
        if question is None or isinstance(question, Exception):
            yield question
            continue
        try:
            answer = next(rest)
        except StopIteration:
            raise _miscounted() from None
        yield answer if isinstance(answer, Exception) else tried(functools.partial(made, answer))


def tried(make: Callable[[], Asked]) -> Asked | Exception:
    """What is made, or the exception, which belongs to one job of a batch alone."""
    try:
        return make()
    except Exception as error:
        return error


def _miscounted() -> PluginError:
    return PluginError("there are not as many answers as questions", hint="one for each, in their order")
