"""Problems on one feature matrix, which is decomposed once: solved one after the other, or each on a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeAlias, TypeVar

from w2s_bench.contracts import FitProblem, Predictor, by_features
from w2s_probes.standardise import check_labels

Answer = TypeVar("Answer")
Decomposed = TypeVar("Decomposed")
Solve = Callable[[Decomposed, FitProblem], Predictor]
Numbered: TypeAlias = tuple[int, Predictor | Exception]
Run = Callable[[Callable[[int], Numbered], Sequence[int]], Iterator[Numbered]]


def solve_shared(problems: Sequence[FitProblem], decompose: Callable[[FitProblem], Decomposed],
                 solve: Solve[Decomposed]) -> Iterator[Predictor | Exception]:
    """Solve every problem, with one decomposition per feature matrix, made from the first problem that has it, and each label
    set on its own. Answers come in the order of the problems, each as soon as it and those before it are there.

    The answer to a problem does not depend on which others are in the list, not even in its last bit.
    """
    return in_order(_solved(problems, decompose, solve, map))


def solve_side_by_side(problems: Sequence[FitProblem], decompose: Callable[[FitProblem], Decomposed],
                       solve: Solve[Decomposed]) -> Iterator[Predictor | Exception]:
    """`solve_shared` for solvers of many small steps: as many at once as linear algebra has threads.

    Each solver's own products run on one thread: threads within a product wait for each other at its end, thousands of
    times in such a solver, and for milliseconds each time where other work has the cores. So an answer depends neither on
    which other problems are in the list nor on how many are solved at once. decompose runs before, on all threads.
    """
    return in_order(_solved(problems, decompose, solve, _on_threads))


def one(answers: Iterable[Predictor | Exception]) -> Predictor:
    """The predictor, or the error raised."""
    answer, = answers
    if isinstance(answer, Exception):
        raise answer
    return answer


def in_order(numbered: Iterable[tuple[int, Answer]]) -> Iterator[Answer]:
    """Numbered answers in the order of their numbers from 0, each as soon as it and those before it are there."""
    early: dict[int, Answer] = {}
    following = 0
    for number, answer in numbered:
        early[number] = answer
        while following in early:
            yield early.pop(following)
            following += 1


def _solved(problems: Sequence[FitProblem], decompose: Callable[[FitProblem], Decomposed], solve: Solve[Decomposed],
            run: Run) -> Iterator[Numbered]:
    def attempt(shared: Decomposed, index: int) -> Numbered:
        try:
            check_labels(problems[index])
            return index, solve(shared, problems[index])
        except Exception as error:
            return index, error

    for indices in by_features(problems).values():
        try:
            shared = decompose(problems[indices[0]])
        except Exception as error:
            yield from ((index, error) for index in indices)
            continue
        yield from run(partial(attempt, shared), indices)


def _on_threads(attempt: Callable[[int], Numbered], indices: Sequence[int]) -> Iterator[Numbered]:
    from threadpoolctl import ThreadpoolController

    algebra = ThreadpoolController().select(user_api="blas")
    allowed = max((library.num_threads for library in algebra.lib_controllers), default=1)
    with algebra.limit(limits=1), ThreadPoolExecutor(min(allowed, len(indices))) as threads:
        yield from threads.map(attempt, indices)
