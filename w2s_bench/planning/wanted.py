"""What a user asks for in words: a suite, a spec file or a matrix; one RunSpec, and a sentence that says where it is from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypedDict

import msgspec

from w2s_bench.contracts import SuiteEntry
from w2s_bench.contracts.errors import UsageError, nearest
from w2s_bench.planning.spec import Matrix, RunSpec, numbers, spec_from_file, spec_from_toml, with_data
from w2s_bench.registry.catalogue import Registry
from w2s_bench.registry.outside import DISTRIBUTION

DEFAULT_SUITE = "quickstart"

Names = object
"""One name of a component, or several, as `plugin/name[param=value]`; in Python also objects (see registry/given.py)."""


class MatrixWords(TypedDict, total=False):
    """A matrix given by words: see `Matrix`. seeds: "0..4", a number, or numbers. name: of the run."""

    tasks: Names
    models: Names
    weak: Names
    strong: Names
    strategies: Names
    supervisors: Names
    also: Names
    seeds: str | int | Iterable[int]
    name: str


class SpecWords(MatrixWords, total=False):
    """How a spec is read besides. quick: the suite's version for a first look. data: folder that `{data}` stands for.

    skip_incompatible: leave out pairs that cannot be fitted, instead of refusing them. plugins: those that are one file each.
    """

    quick: bool
    data: str
    plugins: Sequence[str | Path]
    skip_incompatible: bool


def wanted(registry: Registry, what: str | Path | RunSpec | None, words: SpecWords) -> tuple[RunSpec, str]:
    """The spec that a suite's name, a spec file or the words of a matrix stand for; alone, the suite `quickstart`.

    Raises UsageError where they contradict each other, name nothing, or do not parse.
    """
    spec, origin = _read(registry, what, words)
    return (msgspec.structs.replace(spec, skip_incompatible=True) if words.get("skip_incompatible") else spec), origin


def _read(registry: Registry, what: str | Path | RunSpec | None, words: SpecWords) -> tuple[RunSpec, str]:
    quick, data = words.get("quick", False), words.get("data")
    matrix: dict[str, Any] = {name: words[name] for name in MatrixWords.__annotations__  # type: ignore[literal-required]
                              if words.get(name) not in (None, (), [], "")}
    if matrix:
        if quick:
            raise UsageError("quick goes with a suite, not with a matrix given by words")
        if what is not None:
            raise UsageError("a suite or a spec goes without words for tasks, models and strategies", where=str(what))
        name = str(matrix.pop("name", "run"))
        return RunSpec(name, (_matrix(matrix, data),)), "the matrix given by flags"
    if isinstance(what, RunSpec):
        return what, f"the spec {what.name}"
    if what is not None and (isinstance(what, Path) or what.endswith(".toml") or Path(what).is_file()):
        if quick:
            raise UsageError("quick goes with a suite", where=str(what))
        return spec_from_file(Path(what), data=data), f"the spec {what}"
    offer = registry.offer("suites", what or DEFAULT_SUITE)
    suite: SuiteEntry = offer.entry
    if quick and not suite.quick:
        with_one = [known.entry.name for known in registry.entries("suites") if known.entry.quick]
        raise UsageError("has no quick version", where=f"suite {suite.name}", hint=nearest(suite.name, with_one))
    spec = spec_from_toml(suite.quick if quick else suite.toml, where=f"suite {suite.name}", data=data)
    if spec.plugins:
        raise UsageError("names plugin files, which a suite has not beside it", where=f"suite {suite.name}")
    origin = f"the suite {suite.name}{' (quick)' if quick else ''}: {suite.summary}"
    return _settled(spec, registry, offer.plugin.distribution), origin


def _settled(spec: RunSpec, registry: Registry, distribution: str) -> RunSpec:
    """A suite's spec whose globs and tags mean what its author and the project ship, whatever else is installed."""
    def settled(kind: str, texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for text in texts for name in registry.settled(kind, text, {distribution, DISTRIBUTION}))

    return msgspec.structs.replace(spec, matrices=tuple(msgspec.structs.replace(
        matrix, tasks=settled("tasks", matrix.tasks), models=settled("models", matrix.models),
        weak=settled("models", matrix.weak), strong=settled("models", matrix.strong),
        strategies=settled("strategies", matrix.strategies), supervisors=settled("strategies", matrix.supervisors),
        also=settled("tasks", matrix.also))
        for matrix in spec.matrices))


def _matrix(words: dict[str, Any], data: str | None) -> Matrix:
    seeds = words.pop("seeds", 0)
    named = {name: (value,) if isinstance(value, str) else tuple(value) for name, value in words.items()}
    given: dict[str, Any] = {name: tuple(with_data(one, data, one) if isinstance(one, str) else one for one in texts)
                             for name, texts in named.items()}
    return Matrix(**{"tasks": (), **given, "seeds": numbers(seeds if isinstance(seeds, str | int) else tuple(seeds))})
