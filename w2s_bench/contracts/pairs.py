"""Inputs that come in pairs, of which one is preferred: each has a first and a second, under names of their own."""

from __future__ import annotations

from collections.abc import Iterable

from w2s_bench.contracts.data import Array, Columns

_FIRST, _SECOND = ":first", ":second"


def paired(name: str, first: Array, second: Array) -> dict[str, Array]:
    """The two columns that hold the pairs which models read as the column `name`, of length n each."""
    return {name + _FIRST: first, name + _SECOND: second}


def pair_names(columns: Iterable[str]) -> tuple[str, ...]:
    """The names under which models read the pairs among these columns, in their order; () where nothing is in pairs."""
    there = tuple(columns)
    return tuple(name for column in there if column.endswith(_FIRST) and (name := column.removesuffix(_FIRST)) + _SECOND in there)


def sides(inputs: Columns) -> tuple[dict[str, Array], dict[str, Array]]:
    """The first and the second of each pair, as columns that a model reads; without those of which a pair has one."""
    names = pair_names(inputs)
    return ({name: inputs[name + _FIRST] for name in names}, {name: inputs[name + _SECOND] for name in names})


def one_by_one(inputs: Columns) -> Columns:
    """Inputs as a model reads them by themselves: of pairs the first, then the second of each, (2n,); others as they are."""
    import numpy as np

    first, second = sides(inputs)
    return {name: np.concatenate([first[name], second[name]]) for name in first} if first else inputs
