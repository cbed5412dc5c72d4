"""Label sets on one feature matrix, solved side by side, each on a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from w2s_bench.contracts import Array, FitProblem, Predictor, by_features
from w2s_probes.standardise import check_labels

Decomposed = TypeVar("Decomposed")


def solve_side_by_side(problems: Sequence[FitProblem], decompose: Callable[[Array], Decomposed],
                       solve: Callable[[Decomposed, FitProblem], Predictor]) -> list[Predictor | Exception]:
    """`spectrum.solve_shared` for solvers of many small steps: as many at once as linear algebra has threads.

    Each solver's own products run on one thread: threads within a product wait for each other at its end, thousands of
    times in such a solver, and for milliseconds each time where other work has the cores. So an answer depends neither on
    which other problems are in the list nor on how many are solved at once. decompose runs before, on all threads.
    """
    from threadpoolctl import ThreadpoolController

    answers: dict[int, Predictor | Exception] = {}

    def attempt(shared: Decomposed, index: int) -> None:
        try:
            check_labels(problems[index])
            answers[index] = solve(shared, problems[index])
        except Exception as error:
            answers[index] = error

    for indices in by_features(problems).values():
        try:
            shared = decompose(problems[indices[0]].features)
        except Exception as error:
            answers.update(dict.fromkeys(indices, error))
            continue
        algebra = ThreadpoolController().select(user_api="blas")
        allowed = max((library.num_threads for library in algebra.lib_controllers), default=1)
        with algebra.limit(limits=1), ThreadPoolExecutor(min(allowed, len(indices))) as threads:
            list(threads.map(lambda index, shared=shared: attempt(shared, index), indices))
    return [answers[index] for index in range(len(problems))]
