"""A spec with more seeds than another: what was computed for the narrower one stands in it, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from w2s_bench.contracts.errors import UsageError
from w2s_bench.planning.spec import RunSpec


def with_seeds(spec: RunSpec, seeds: Sequence[int]) -> RunSpec:
    """The spec with these seeds in every matrix. Raises UsageError where they leave out one that it has."""
    missing = sorted({seed for matrix in spec.matrices for seed in matrix.seeds} - set(seeds))
    if missing:
        raise UsageError(f"the run has the seed{'' if len(missing) == 1 else 's'} {ranges(missing)} too",
                         where=f"seeds {ranges(seeds)}",
                         hint=f"name all that it is to have, as --seeds {ranges(sorted({*missing, *seeds}))}")
    return msgspec.structs.replace(spec, matrices=tuple(
        msgspec.structs.replace(matrix, seeds=tuple(seeds)) for matrix in spec.matrices))


def is_wider(spec: RunSpec, than: RunSpec) -> bool:
    """Whether a spec is another with more seeds in some of its matrices, and the same in all else."""
    def seedless(each: RunSpec) -> RunSpec:
        return msgspec.structs.replace(each, matrices=tuple(msgspec.structs.replace(m, seeds=(0,)) for m in each.matrices))

    return seedless(spec) == seedless(than) and all(
        set(one.seeds) >= set(other.seeds) for one, other in zip(spec.matrices, than.matrices, strict=True))


def ranges(seeds: Sequence[int]) -> str:
    """Seeds as they are given, such as 0..4,7."""
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][-1] + 1:
            runs[-1][1:] = [seed]
        else:
            runs.append([seed])
    return ",".join("..".join(map(str, run)) for run in runs)
