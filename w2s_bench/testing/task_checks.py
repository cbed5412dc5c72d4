"""Checks of tasks: what a cell takes for granted of the splits that it is given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from w2s_bench.compute.splits import (
    PARTS,
    checked_splits,
    overlaps,
    pack_pool,
    pack_splits,
)
from w2s_bench.contracts import Array, Columns, Split, Splits, Task, can, columns_at, declared, height_of
from w2s_bench.contracts.digests import Json
from w2s_bench.contracts.errors import W2SError
from w2s_bench.registry.component import Component
from w2s_bench.testing.checks import Broken, Subject, Unavailable, check
from w2s_bench.testing.offline import check_offline
from w2s_bench.testing.places import check_changed, check_moved, reads_a_place

SEEDS = (0, 1, 2)


@check("tasks", says="a licence and a citation are given", bare=True)
def licence_and_citation(subject: Subject) -> None:
    """A row without a licence cannot be published."""
    task = subject.made
    lacking = [name for name in ("licence", "citation") if not str(getattr(task, name)).strip()]
    if lacking:
        raise Broken(f"no {' and no '.join(lacking)} is given")


@check("tasks", says="it loads without a network, or says what is missing", bare=True)
def offline(subject: Subject) -> None:
    """Where something is absent, `absent` or a DataError has said so."""
    check_offline(subject.made, lambda: subject.made.load(0))


@check("tasks", says="labels, inputs and ids have the shapes and values of the contract")
def splits_sound(subject: Subject) -> None:
    """The core refuses the same in a job."""
    task = subject.made
    try:
        for seed in SEEDS[:2]:
            pack_splits(checked_splits(task, task.load(seed), f"seed {seed}"), {})
    except W2SError as error:
        raise Broken(error.message()) from error


@check("tasks", says="a seed gives the same bytes at every load")
def same_bytes(subject: Subject) -> None:
    """Of one instance, with another seed in between, and of a new one."""
    task = subject.made
    first = _digest(task, 0)
    task.load(1)
    if _digest(task, 0) != first:
        raise Broken("a second load of one instance gives other splits")
    if _digest(subject.made, 0) != first:
        raise Broken("a new instance gives other splits")


@check("tasks", says="the fingerprint is the same at every call, before a load and after")
def same_fingerprint(subject: Subject) -> None:
    """It is in every key: results of the one would never be found under the other."""
    task = subject.made
    found = [task.fingerprint(), task.fingerprint()]
    task.load(0)
    found += [task.fingerprint(), subject.made.fingerprint()]
    if len(set(found)) > 1:
        raise Broken(f"fingerprint() gives {found[0]!r} and then {next(other for other in found if other != found[0])!r}")


@check("tasks", says="another process loads the same bytes under the same fingerprint")
def same_elsewhere(subject: Subject) -> None:
    """A worker loads what the plan has fingerprinted."""
    task = subject.made
    here = [task.fingerprint(), _digest(task, 0)]
    there = subject.elsewhere(fingerprint_and_digest)
    if here != there:
        what = "the fingerprint" if isinstance(there, list) and there[0] != here[0] else "what seed 0 gives"
        raise Broken(f"{what} is another in another process")


@check("tasks", says="no input is in two parts")
def splits_disjoint(subject: Subject) -> None:
    """By content, all columns of an input together, whatever its id: as rows of a run are flagged `overlap`."""
    for seed in SEEDS:
        shared = overlaps(_checked(subject.made, seed))
        if shared:
            raise Broken(f"with seed {seed}, an input of one part is in another: {', '.join(shared)}")


@check("tasks", says="an id names one example, in whatever part")
def ids_unique(subject: Subject) -> None:
    """Within a part the core refuses it."""
    for seed in SEEDS:
        splits = subject.made.load(seed)
        seen: dict[str, str] = {}
        for part in PARTS:
            for name in map(str, getattr(splits, part).ids):
                if name in seen:
                    raise Broken(f"with seed {seed}, the id {name!r} is in {seen[name]} and in {part}")
                seen[name] = part


@check("tasks", says="every seed draws from the pool, and an id names the same input in all",
       when=lambda subject: can(subject.made, "pool"))
def pool_is_whole(subject: Subject) -> None:
    """A frozen model reads the pool once, and a split finds its rows there by id."""
    pool = subject.made.pool()
    pack_pool(pool, subject.id)
    place = {str(name): row for row, name in enumerate(pool.ids)}
    for seed in SEEDS:
        for part in PARTS:
            split: Split = getattr(subject.made.load(seed), part)
            lost = [name for name in map(str, split.ids) if name not in place]
            if lost:
                raise Broken(f"with seed {seed}, the id {lost[0]!r} of {part} is not in the pool")
            rows = np.array([place[str(name)] for name in split.ids], dtype=np.int64)
            shared = sorted(set(split.inputs) & set(pool.inputs))
            if not _same(split.inputs, columns_at({name: pool.inputs[name] for name in shared}, rows), shared):
                raise Broken(f"with seed {seed}, an input of {part} is not that of its id in the pool")


@check("tasks", says="labels vary in every part")
def labels_vary(subject: Subject) -> None:
    """What never varies can be predicted, and nothing is learned of it."""
    for part, split in _parts(_checked(subject.made, 0)):
        if (split.truth == split.truth[0]).all():
            raise Broken(f"all {len(split.truth)} labels of {part} are {split.truth[0].tolist()}")


@check("tasks", says="the input columns are those that it declares", when=lambda subject: can(subject.made, "columns"))
def columns_as_declared(subject: Subject) -> None:
    """A plan refuses a model by them."""
    task = subject.made
    for part, split in _parts(task.load(0)):
        if set(split.inputs) != set(task.columns):
            raise Broken(f"{part} has the columns {', '.join(sorted(split.inputs))}, and {', '.join(sorted(task.columns))} are "
                         "declared")


@check("tasks", says="classes that are called balanced are of one size",
       when=lambda subject: bool(declared(subject.made, "balanced", False)))
def balanced_as_declared(subject: Subject) -> None:
    """Over the three parts together."""
    truth = np.concatenate([split.truth for _, split in _parts(_checked(subject.made, 0))])
    counts = np.bincount(truth.argmax(axis=1), minlength=truth.shape[1])
    if counts.max() - counts.min() > 1:
        raise Broken(f"the classes have {counts.tolist()} examples")


@check("tasks", says="the parts have the sizes that its parameters say, and hold no more than its pool")
def sizes_as_declared(subject: Subject) -> None:
    """Of whole numbers called supervise, transfer, test or limit, where it has such parameters."""
    params = {} if subject.component is None else dict(subject.component.params)
    parts = dict(_parts(subject.made.load(0)))
    for name, split in parts.items():
        wanted = params.get(name)
        if isinstance(wanted, int) and wanted > 1 and len(split.ids) != wanted:
            raise Broken(f"{name} has {len(split.ids)} examples, and {name}={wanted} is declared")
    distinct = len({str(name) for split in parts.values() for name in split.ids})
    limit = params.get("limit")
    if isinstance(limit, int) and 0 < limit < distinct:
        raise Broken(f"the three parts hold {distinct} examples, and limit={limit} is declared")
    if can(subject.made, "pool") and distinct > height_of(subject.made.pool().inputs):
        raise Broken(f"the three parts hold {distinct} examples, and the pool {height_of(subject.made.pool().inputs)}")


@check("tasks", says="data that is moved has the same key", when=reads_a_place)
def path_is_not_in_the_key(subject: Subject) -> None:
    """Nothing is computed anew for a folder with another name."""
    check_moved(subject)


@check("tasks", says="data that is changed has another fingerprint", when=reads_a_place)
def content_is_in_the_key(subject: Subject) -> None:
    """Else old results are served for new data."""
    check_changed(subject)


def fingerprint_and_digest(component: Component, folder: Path) -> Json:
    """Of a task: its fingerprint, and a digest of what seed 0 gives. folder: not used."""
    task = component.create()
    return [task.fingerprint(), _digest(task, 0)]


def _parts(splits: Splits) -> Iterator[tuple[str, Split]]:
    for part in PARTS:
        yield part, getattr(splits, part)


def _checked(task: Task, seed: int) -> Splits:
    """Raises Unavailable for splits that `splits_sound` finds broken."""
    try:
        return checked_splits(task, task.load(seed), f"seed {seed}")
    except W2SError as error:
        raise Unavailable("its splits are not sound, as splits_sound says") from error


def _digest(task: Task, seed: int) -> str:
    """Of the bytes of all inputs, labels and ids. Raises as `_checked`."""
    return str(pack_splits(_checked(task, seed), {}).payload["data"])


def _same(mine: Columns, theirs: Columns, names: list[str]) -> bool:
    return all(_are_equal(np.asarray(mine[name]), np.asarray(theirs[name])) for name in names)


def _are_equal(mine: Array, theirs: Array) -> bool:
    if mine.dtype.kind in "OUS":
        return [str(text) for text in mine] == [str(text) for text in theirs]
    return mine.shape == theirs.shape and bool(np.array_equal(mine, theirs, equal_nan=True))
