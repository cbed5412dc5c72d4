"""Loaded splits as numeric arrays and back, so that they can be stored without pickle; checks of what a task gave."""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, get_args

import msgspec
import numpy as np

from w2s_bench.compute.packed_columns import UNPAIRED, pack_column, texts, unpack_column, unpack_columns
from w2s_bench.contracts import (
    Array,
    Columns,
    Output,
    Pool,
    Split,
    Splits,
    Task,
    at_slice,
    can,
    columns_at,
    declared,
    digest,
    is_mapped,
    roomy,
    row_slices,
)
from w2s_bench.contracts.digests import Json
from w2s_bench.contracts.errors import DataError, PluginError
from w2s_bench.contracts.mapped import RowsOf, homes_of, pieces
from w2s_bench.planning.recipes import Part, truth_key
from w2s_bench.registry.component import imported
from w2s_bench.registry.loading import load_registry
from w2s_bench.registry.one_file import in_place
from w2s_bench.store.artifacts import Artifact, Store

PARTS: tuple[Part, ...] = get_args(Part)

_TOGETHER = 32
"""Columns of one number a row that are taken together, to be read one after the other."""


@dataclass(frozen=True)
class LoadedTask:
    """What the later stages know of a task. overlaps: pairs of splits that share an example's content."""

    splits: Splits
    payload: Mapping[str, Any]

    def part(self, name: Part) -> Split:
        """The split of that name."""
        split: Split = getattr(self.splits, name)
        return split

    @property
    def k(self) -> int:
        """Number of outputs."""
        return int(self.splits.test.truth.shape[1])

    @property
    def output(self) -> Output:
        """What the task predicts."""
        return output_from(self.payload["output"])


def output_fields(output: Output) -> Json:
    """An output as plain values, from which `output_from` makes it again. Raises PluginError for one that is more."""
    try:
        fields: Json = msgspec.to_builtins(output)
        if output_from(fields) == output:
            return fields
    except (TypeError, msgspec.ValidationError) as error:
        raise PluginError(f"an output of the kind {output.kind} cannot be stored: {error}",
                          hint="an output is a frozen dataclass of plain values") from error
    raise PluginError(f"an output of the kind {output.kind} is another after it was stored",
                      hint="an output is a frozen dataclass of plain values, and equal where they are")


def output_from(fields: Any) -> Output:
    """The output of stored values, made by the entry of its kind. Raises UsageError where that is not there any more."""
    made: Output = msgspec.convert(fields, _output_class(fields["kind"], tuple(map(str, in_place().values()))))
    return made


@functools.cache
def _output_class(kind: str, files: tuple[str, ...]) -> Any:
    own = load_registry("outputs", others=False)  # its names are its own: no other plugin has a part in what is computed here
    if kind in {offer.entry.name for offer in own.entries("outputs")}:
        return imported(own.offer("outputs", kind).entry.target, kind)
    return load_registry("outputs").make("outputs", kind)


def checked_splits(task: Task, splits: Splits, label: str) -> Splits:
    """The splits with float64 truth of shape (n, k). Raises DataError for shapes, counts or values that cannot be scored."""
    return Splits(*(_checked_split(task.output, getattr(splits, part), f"{label}, {part} split") for part in PARTS))


def pack_pool(pool: Pool, label: str) -> Artifact:
    """Arrays `ids` and `inputs/column`, with the digest of the inputs. Raises DataError for a pool that is none."""
    if len(set(map(str, pool.ids))) != len(pool.ids) or any(len(column) != len(pool.ids) for column in pool.inputs.values()):
        raise DataError("ids of the pool are not unique, or its columns differ in length", where=label)
    arrays: dict[str, Array] = {}
    inputs = pool.inputs.taken() if isinstance(pool.inputs, RowsOf) else pool.inputs
    within = homes_of(inputs)
    for name, column in inputs.items():
        if name not in within:
            pack_column(arrays, f"inputs/{name}", column)
    contents = _digest(arrays)
    pack_column(arrays, "ids", texts(pool.ids))
    if not within:
        return Artifact(arrays, {"pool": contents})
    return Artifact(arrays, {"pool": digest({"arrays": contents, "within": within}), "within": within})


def unpack_pool(artifact: Artifact) -> Pool:
    """The inverse of `pack_pool`."""
    inputs = unpack_columns(artifact.arrays, "inputs/")
    for name, (home, at) in artifact.payload.get("within", {}).items():
        inputs[name] = inputs[home] if at is None else inputs[home][:, at]
    return Pool(dict(sorted(inputs.items())), unpack_ids(artifact.arrays))


def packed_ids(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays that hold the ids of a packed pool."""
    return {name: array for name, array in arrays.items() if name.partition("\0")[0] == "ids"}


def unpack_ids(arrays: Mapping[str, Array]) -> Array:
    """Ids (n,) from `packed_ids`."""
    return unpack_column(arrays, "ids")


def pack_splits(splits: Splits, facts: Mapping[str, Json], pool: str | None = None, whole: Pool | None = None) -> Artifact:
    """Arrays `part/truth`, `part/ids`, `part/inputs/column`; facts join the payload beside digest and overlaps.

    pool, whole: key of the artifact of the task's pool, and what it holds: ids and the columns that the splits share with it
    are stored as `part/rows` of it. Where an example is not in the pool they are stored themselves.
    """
    arrays: dict[str, Array] = {}
    later: dict[str, tuple[RowsOf, str]] = {}
    for part in PARTS:
        split: Split = getattr(splits, part)
        arrays[_truth_of(part)] = split.truth
        pack_column(arrays, f"{part}/ids", texts(split.ids))
        for name in split.inputs:
            if isinstance(split.inputs, RowsOf) and split.inputs.kind(name)[0] != "object":
                later[f"{part}/inputs/{name}"] = split.inputs, name
            else:
                pack_column(arrays, f"{part}/inputs/{name}", split.inputs[name])
    payload = {**facts, "data": _digest(arrays, later), "overlaps": overlaps(splits)}
    if narrow := sorted({name for inputs, name in later.values() if is_narrow(inputs, name)}):
        payload["narrow"] = narrow
    rows = None if whole is None else _rows_of(splits, whole)
    if whole is None or rows is None:
        return Artifact({**arrays, **{name: inputs[column] for name, (inputs, column) in later.items()}}, payload)
    shared = sorted(set.intersection(*(_parts_of(whole, getattr(splits, part), rows[part]) for part in PARTS)))
    left_out = {f"{part}/{of}" for part in PARTS for of in ("ids", *(f"inputs/{name}" for name in shared))}
    kept = {name: array for name, array in arrays.items() if name.partition("\0")[0] not in left_out}
    kept |= {name: inputs[column] for name, (inputs, column) in later.items() if name not in left_out}
    return Artifact({**kept, **{f"{part}/rows": rows[part] for part in PARTS}}, {**payload, "of_pool": pool, "shared": shared})


def _rows_of(splits: Splits, pool: Pool) -> dict[str, Array] | None:
    """The rows of the pool that the examples of each part are; None where one is not in it."""
    place = {str(name): row for row, name in enumerate(pool.ids)}
    found = {part: [place.get(str(name), -1) for name in texts(getattr(splits, part).ids)] for part in PARTS}
    return None if any(-1 in rows for rows in found.values()) else {
        part: np.array(rows, dtype=np.int64) for part, rows in found.items()}


def _parts_of(pool: Pool, split: Split, rows: Array) -> set[str]:
    """The columns of a split that are those of the pool, cell by cell."""
    alike = {name for name in split.inputs if name in pool.inputs}
    theirs = RowsOf(pool.inputs, rows)
    for where in row_slices(len(rows)):
        names = sorted(alike)
        mine, its = at_slice(split.inputs, where, names), theirs.at(where, names)
        alike -= {name for name in names if not _are_equal(mine[name], its[name])}
    return alike


def _are_equal(mine: Array, theirs: Array) -> bool:
    if mine.dtype.kind in "OUS":
        return theirs.dtype.kind in "OUS" and all(str(one) == str(other) for one, other in zip(mine, theirs, strict=True))
    return mine.dtype == theirs.dtype and mine.shape == theirs.shape and mine.tobytes() == theirs.tobytes()


def overlaps(splits: Splits, column: str | None = None) -> list[str]:
    """Pairs of splits, as "supervise+test", that share an example's content: of one column, or of all of them."""
    contents = {part: _contents(getattr(splits, part), column).view("S32").ravel() for part in PARTS}
    return [f"{a}+{b}" for i, a in enumerate(PARTS) for b in PARTS[i + 1:] if np.isin(contents[a], contents[b]).any()]


def example_names(split: Split, narrow: Collection[str] = ()) -> Array:
    """What names each example whatever the seed, (n,) uint64: a digest of its id, its inputs and its truth. narrow: columns of
    float64 that are held in float32."""
    ids, truth = texts(split.ids), np.ascontiguousarray(split.truth, dtype=np.float64)
    named = bytearray()
    for i, contents in enumerate(_contents(split, None, narrow)):
        parts = ids[i].encode("utf-8", UNPAIRED), contents.tobytes(), truth[i].tobytes()
        named += hashlib.sha256(b"\0".join(parts)).digest()[:8]
    return np.frombuffer(named, dtype="<u8")


def part_fingerprints(task: LoadedTask) -> dict[str, str]:
    """By split, a digest of its examples whatever their order: two seeds that share it share the whole split."""
    return _fingerprints(task.payload["data"], task)


def task_facts(task: Task, fingerprint: str) -> dict[str, Json]:
    """What the payload of loaded splits says of their task. fingerprint: of the component."""
    facts: dict[str, Json] = {
        "divergence": task.divergence, "output": output_fields(task.output),
        "known_truth": bool(declared(task, "known_truth", False)), "fingerprint": fingerprint,
        "label_noise": declared(task, "label_noise", None), "balanced": declared(task, "balanced", None)}
    raised = task.inputs_read().flags if can(task, "inputs_read") else ()  # type: ignore[attr-defined]
    return facts | ({"flags": list(raised)} if raised else {})


def load_task(task: Task, seed: int, fingerprint: str, label: str) -> LoadedTask:
    """A task's splits of one seed as a job loads them, without a store. Raises as `checked_splits`, and what the task raises."""
    return unpack_splits(pack_splits(checked_splits(task, task.load(seed), label), task_facts(task, fingerprint)))


def without_truth(packed: Artifact) -> tuple[Artifact, Artifact]:
    """What `pack_splits` gave, as the artifact of everything but the labels, and the one of the labels alone."""
    truth = {name: packed.arrays[name] for name in map(_truth_of, PARTS)}
    return (Artifact({name: array for name, array in packed.arrays.items() if name not in truth}, packed.payload),
            Artifact(truth))


def labels_of(truth: Artifact, part: Part) -> Array:
    """A copy of the labels (n, k) of a part, from the artifact that they lie in by themselves."""
    return np.array(truth.arrays[_truth_of(part)])


def with_truth(task: LoadedTask, truth: Artifact) -> LoadedTask:
    """A task whose labels lie apart, with a copy of them."""
    return LoadedTask(Splits(*(replace(task.part(part), truth=labels_of(truth, part)) for part in PARTS)), task.payload)


def _truth_of(part: Part) -> str:
    """The name of the array of its labels."""
    return f"{part}/truth"


def unpack_splits(artifact: Artifact, pool: Callable[[str], Pool] | None = None) -> LoadedTask:
    """The inverse of `pack_splits`. pool: what the artifact of a key holds, for splits that are rows of one; raises as that.

    Of an artifact without labels every label is NaN, in a view that has their shape and takes no memory.
    """
    whole = pool(artifact.payload["of_pool"]) if pool is not None and "of_pool" in artifact.payload else None

    def truth(part: Part, n: int) -> Array:
        found = artifact.arrays.get(_truth_of(part))
        return np.broadcast_to(np.nan, (n, output_from(artifact.payload["output"]).k)) if found is None else found

    def split(part: Part) -> Split:
        inputs = unpack_columns(artifact.arrays, f"{part}/inputs/")
        if whole is None:
            ids = unpack_column(artifact.arrays, f"{part}/ids")
            return Split(inputs, truth(part, len(ids)), ids)
        rows = artifact.arrays[f"{part}/rows"]
        taken = columns_at({name: whole.inputs[name] for name in sorted(artifact.payload["shared"])}, rows)
        if inputs or not isinstance(taken, RowsOf):
            taken = dict(sorted({**inputs, **taken}.items()))
        return Split(taken, truth(part, len(rows)), whole.ids[rows])

    return LoadedTask(Splits(*(split(part) for part in PARTS)), artifact.payload)


def stored_splits(store: Store, key: str) -> LoadedTask:
    """The splits that a load left in a store, with their labels. Raises StoreError as the store does."""
    task = unpack_splits(store.load(key), lambda pool: unpack_pool(store.load(pool)))
    return with_truth(task, store.load(truth_key(key)))


def _checked_split(output: Output, split: Split, where: str) -> Split:
    truth = np.asarray(split.truth, dtype=np.float64)
    truth = truth[:, None] if truth.ndim == 1 else truth
    if truth.ndim != 2 or truth.shape[1] != output.k:
        raise DataError(f"labels have shape {truth.shape}, not (n, {output.k})", where=where)
    if len(truth) < 2:
        raise DataError(f"has {len(truth)} examples; at least 2 are needed", where=where)
    bad = np.flatnonzero(~np.isfinite(truth).all(axis=1))
    if len(bad):
        raise DataError(f"label of example {split.ids[bad[0]]} is {truth[bad[0]].tolist()}", where=where,
                        hint=f"{len(bad)} labels are not finite numbers")
    output.check_truth(truth, split.ids, where)
    lengths = {name: len(column) for name, column in split.inputs.items()} if not isinstance(split.inputs, RowsOf) else (
        dict.fromkeys(split.inputs, split.inputs.height))
    for name, length in lengths.items():
        if length != len(truth):
            raise DataError(f"column {name!r} has {length} rows for {len(truth)} labels", where=where)
    if len(split.ids) != len(truth) or len(set(map(str, split.ids))) != len(truth):
        raise DataError("ids are missing or not unique", where=where)
    return Split(split.inputs, truth, split.ids)


def _digest(arrays: Mapping[str, Array], later: Mapping[str, tuple[RowsOf, str]] = MappingProxyType({})) -> str:
    """Of the names, types, shapes and bytes of arrays. later: by name, columns that are taken meanwhile."""
    whole = hashlib.sha256()
    taken: dict[str, Array] = {}
    for name in sorted([*arrays, *later]):
        if name in arrays:
            array = arrays[name]
        else:
            if name not in taken:
                taken = _some_taken(name, later)
            array = taken.pop(name)
        whole.update(f"{name}\0{array.dtype}\0{array.shape}\0".encode())
        for rows in pieces(array):
            whole.update(np.ascontiguousarray(array[rows]).data)
    return whole.hexdigest()


def _some_taken(first: str, later: Mapping[str, tuple[RowsOf, str]]) -> dict[str, Array]:
    """A column, and with it those that are needed next, so that rows are not read for each anew: as float64 where narrow."""
    inputs, column = later[first]
    _, shape, _ = inputs.kind(column)
    following = [name for name in sorted(later) if name >= first and later[name][0] is inputs]
    names = [first]
    if len(shape) == 1:
        names = list(itertools.takewhile(lambda name: len(inputs.kind(later[name][1])[1]) == 1, following))[:_TOGETHER]
    wide = {name: "float64" if is_narrow(inputs, later[name][1]) else inputs.kind(later[name][1])[0] for name in names}
    found = {name: roomy(inputs.kind(later[name][1])[1], wide[name]) for name in names}
    for where in row_slices(inputs.height):
        block = inputs.at(where, [later[name][1] for name in names])
        for name in names:
            found[name][where] = block[later[name][1]]
    return found


def is_narrow(inputs: Columns, name: str) -> bool:
    """Whether a column is of float64 and was read by blocks into float32, which holds it."""
    if isinstance(inputs, RowsOf):
        dtype, _, in_file = inputs.kind(name)
        return in_file and dtype == "float32"
    return is_mapped(inputs[name]) and inputs[name].dtype == np.float32


_known: dict[str, dict[str, str]] = {}
_MOST_KNOWN = 64


def _fingerprints(data: str, task: LoadedTask) -> dict[str, str]:
    """The same for every cell of a task and seed, so the last few are kept."""
    if data not in _known:
        if len(_known) >= _MOST_KNOWN:
            _known.pop(next(iter(_known)))
        narrow = task.payload.get("narrow", ())
        _known[data] = {part: hashlib.sha256(np.sort(example_names(task.part(part), narrow)).tobytes()).hexdigest()[:16]
                        for part in PARTS}
    return _known[data]


def _contents(split: Split, column: str | None, narrow: Collection[str] = ()) -> Array:
    """A digest of each example's inputs, (n, 32) bytes: of one column, or of all of them."""
    names = [name for name in sorted(split.inputs) if column in (None, name)]
    found = bytearray()
    for where in row_slices(len(split.truth)):
        block = at_slice(split.inputs, where, names)
        columns = [block[name].astype(np.float64) if name in narrow else block[name] for name in names]
        for content in _row_bytes(columns, where.stop - where.start):
            found += hashlib.sha256(content).digest()
    return np.frombuffer(found, dtype=np.uint8).reshape(-1, 32)


def _row_bytes(columns: Sequence[Array], n: int) -> Iterable[memoryview | bytes]:
    if columns and all(values.dtype.kind in "fiub" for values in columns):
        rows = np.hstack([np.ascontiguousarray(values).reshape(n, -1).view(np.uint8) for values in columns])
        return (row.data for row in rows)
    return (b"\0".join(_cell_bytes(column[i]) for column in columns) for i in range(n))


def _cell_bytes(value: object) -> bytes:
    return value.encode("utf-8", UNPAIRED) if isinstance(value, str) else np.asarray(value).tobytes()
