"""Problems on one feature matrix, which is decomposed once: solved one after the other, or each on a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from w2s_bench.contracts import FitProblem, Predictor, by_features
from w2s_probes.standardise import check_labels

Decomposed = TypeVar("Decomposed")
Solve = Callable[[Decomposed, FitProblem], Predictor]


def solve_shared(problems: Sequence[FitProblem], decompose: Callable[[FitProblem], Decomposed],
                 solve: Solve[Decomposed]) -> list[Predictor | Exception]:
    """Solve every problem, with one decomposition per feature matrix, made from the first problem that has it, and each label
    set on its own.

    The answer to a problem does not depend on which others are in the list, not even in its last bit.
    """
    return _solved(problems, decompose, solve, _in_turn)


def solve_side_by_side(problems: Sequence[FitProblem], decompose: Callable[[FitProblem], Decomposed],
                       solve: Solve[Decomposed]) -> list[Predictor | Exception]:
    """`solve_shared` for solvers of many small steps: as many at once as linear algebra has threads.

    Each solver's own products run on one thread: threads within a product wait for each other at its end, thousands of
    times in such a solver, and for milliseconds each time where other work has the cores. So an answer depends neither on
    which other problems are in the list nor on how many are solved at once. decompose runs before, on all threads.
    """
    return _solved(problems, decompose, solve, _on_threads)


def one(answer: Predictor | Exception) -> Predictor:
    """The predictor, or the error raised."""
    if isinstance(answer, Exception):
        raise answer
    return answer


def _solved(problems: Sequence[FitProblem], decompose: Callable[[FitProblem], Decomposed], solve: Solve[Decomposed],
            run: Callable[[Callable[[int], None], Sequence[int]], None]) -> list[Predictor | Exception]:
    answers: dict[int, Predictor | Exception] = {}

    def attempt(shared: Decomposed, index: int) -> None:
        try:
            check_labels(problems[index])
            answers[index] = solve(shared, problems[index])
        except Exception as error:
            answers[index] = error

    for indices in by_features(problems).values():
        try:
            shared = decompose(problems[indices[0]])
        except Exception as error:
            answers.update(dict.fromkeys(indices, error))
            continue
        run(partial(attempt, shared), indices)
    return [answers[index] for index in range(len(problems))]


def _in_turn(attempt: Callable[[int], None], indices: Sequence[int]) -> None:
    for index in indices:
        attempt(index)


def _on_threads(attempt: Callable[[int], None], indices: Sequence[int]) -> None:
    from threadpoolctl import ThreadpoolController

    algebra = ThreadpoolController().select(user_api="blas")
    allowed = max((library.num_threads for library in algebra.lib_controllers), default=1)
    with algebra.limit(limits=1), ThreadPoolExecutor(min(allowed, len(indices))) as threads:
        list(threads.map(attempt, indices))
