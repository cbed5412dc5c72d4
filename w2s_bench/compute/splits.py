"""Loaded splits as numeric arrays and back, so that they can be stored without pickle; checks of what a task gave."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

import msgspec
import numpy as np

from w2s_bench.contracts import Array, Output, Pool, Split, Splits, Task, can, declared
from w2s_bench.contracts.digests import Json
from w2s_bench.contracts.errors import DataError, PluginError
from w2s_bench.planning.recipes import Part
from w2s_bench.registry.component import imported
from w2s_bench.registry.loading import load_registry
from w2s_bench.store.artifacts import Artifact, Store

_UNPAIRED: Final = "surrogatepass"
"""JSON may hold half a surrogate pair; such a text is stored as it is."""

PARTS: tuple[Part, ...] = get_args(Part)

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
    made: Output = msgspec.convert(fields, _output_class(fields["kind"]))
    return made


@functools.cache
def _output_class(kind: str) -> Any:
    return imported(load_registry("outputs").offer("outputs", kind).entry.target, kind)


def checked_splits(task: Task, splits: Splits, label: str) -> Splits:
    """The splits with float64 truth of shape (n, k). Raises DataError for shapes, counts or values that cannot be scored."""
    return Splits(*(_checked_split(task.output, getattr(splits, part), f"{label}, {part} split") for part in PARTS))


def pack_pool(pool: Pool, label: str) -> Artifact:
    """Arrays `ids` and `inputs/column`, with the digest of the inputs. Raises DataError for a pool that is none."""
    if len(set(map(str, pool.ids))) != len(pool.ids) or any(len(column) != len(pool.ids) for column in pool.inputs.values()):
        raise DataError("ids of the pool are not unique, or its columns differ in length", where=label)
    arrays: dict[str, Array] = {}
    for name, column in pool.inputs.items():
        _pack(arrays, f"inputs/{name}", np.asarray(column))
    contents = _digest(arrays)
    _pack(arrays, "ids", _texts(pool.ids))
    return Artifact(arrays, {"pool": contents})


def unpack_pool(artifact: Artifact) -> Pool:
    """The inverse of `pack_pool`."""
    return Pool(_unpack_inputs(artifact.arrays, "inputs/"), unpack_ids(artifact.arrays))


def packed_ids(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays that hold the ids of a packed pool."""
    return {name: array for name, array in arrays.items() if name.partition("\0")[0] == "ids"}


def unpack_ids(arrays: Mapping[str, Array]) -> Array:
    """Ids (n,) from `packed_ids`."""
    return _unpack(arrays, "ids")


def pack_splits(splits: Splits, facts: Mapping[str, Json], pool: str | None = None, whole: Pool | None = None) -> Artifact:
    """Arrays `part/truth`, `part/ids`, `part/inputs/column`; facts join the payload beside digest and overlaps.

    pool, whole: key of the artifact of the task's pool, and what it holds: ids and the columns that the splits share with it
    are stored as `part/rows` of it. Where an example is not in the pool they are stored themselves.
    """
    arrays: dict[str, Array] = {}
    for part in PARTS:
        split: Split = getattr(splits, part)
        arrays[f"{part}/truth"] = split.truth
        _pack(arrays, f"{part}/ids", _texts(split.ids))
        for name, column in split.inputs.items():
            _pack(arrays, f"{part}/inputs/{name}", np.asarray(column))
    payload = {**facts, "data": _digest(arrays), "overlaps": overlaps(splits)}
    rows = None if whole is None else _rows_of(splits, whole)
    if whole is None or rows is None:
        return Artifact(arrays, payload)
    shared = [name for name in sorted(whole.inputs)
              if all(_is_part_of(whole, name, getattr(splits, part), rows[part]) for part in PARTS)]
    left_out = {f"{part}/{of}" for part in PARTS for of in ("ids", *(f"inputs/{name}" for name in shared))}
    kept = {name: array for name, array in arrays.items() if name.partition("\0")[0] not in left_out}
    return Artifact({**kept, **{f"{part}/rows": rows[part] for part in PARTS}}, {**payload, "of_pool": pool, "shared": shared})


def _rows_of(splits: Splits, pool: Pool) -> dict[str, Array] | None:
    """The rows of the pool that the examples of each part are; None where one is not in it."""
    place = {str(name): row for row, name in enumerate(pool.ids)}
    found = {part: [place.get(str(name), -1) for name in _texts(getattr(splits, part).ids)] for part in PARTS}
    return None if any(-1 in rows for rows in found.values()) else {
        part: np.array(rows, dtype=np.int64) for part, rows in found.items()}


def _is_part_of(pool: Pool, name: str, split: Split, rows: Array) -> bool:
    """Whether a column of a split is that of the pool, cell by cell."""
    if name not in split.inputs:
        return False
    mine, theirs = np.asarray(split.inputs[name]), np.asarray(pool.inputs[name])[rows]
    if mine.dtype.kind in "OUS":
        return theirs.dtype.kind in "OUS" and all(str(one) == str(other) for one, other in zip(mine, theirs, strict=True))
    return mine.dtype == theirs.dtype and mine.shape == theirs.shape and mine.tobytes() == theirs.tobytes()


def overlaps(splits: Splits, column: str | None = None) -> list[str]:
    """Pairs of splits, as "supervise+test", that share an example's content: of one column, or of all of them."""
    contents = {part: set(_contents(getattr(splits, part), column)) for part in PARTS}
    return [f"{a}+{b}" for i, a in enumerate(PARTS) for b in PARTS[i + 1:] if contents[a] & contents[b]]


def example_names(split: Split) -> Array:
    """What names each example whatever the seed, (n,) uint64: a digest of its id, its inputs and its truth."""
    ids, truth = _texts(split.ids), np.ascontiguousarray(split.truth, dtype=np.float64)
    named = (hashlib.sha256(b"\0".join((ids[i].encode("utf-8", _UNPAIRED), contents, truth[i].tobytes()))).digest()[:8]
             for i, contents in enumerate(_contents(split, None)))
    return np.frombuffer(b"".join(named), dtype="<u8")


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


def unpack_splits(artifact: Artifact, pool: Callable[[str], Pool] | None = None) -> LoadedTask:
    """The inverse of `pack_splits`. pool: what the artifact of a key holds, for splits that are rows of one; raises as that."""
    whole = pool(artifact.payload["of_pool"]) if pool is not None and "of_pool" in artifact.payload else None

    def split(part: str) -> Split:
        inputs, truth = _unpack_inputs(artifact.arrays, f"{part}/inputs/"), artifact.arrays[f"{part}/truth"]
        if whole is None:
            return Split(inputs, truth, _unpack(artifact.arrays, f"{part}/ids"))
        rows = artifact.arrays[f"{part}/rows"]
        inputs |= {name: whole.inputs[name][rows] for name in artifact.payload["shared"]}
        return Split(dict(sorted(inputs.items())), truth, whole.ids[rows])

    return LoadedTask(Splits(*(split(part) for part in PARTS)), artifact.payload)


def stored_splits(store: Store, key: str) -> LoadedTask:
    """The splits that a load left in a store. Raises StoreError as the store does."""
    return unpack_splits(store.load(key), lambda pool: unpack_pool(store.load(pool)))


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
    for name, column in split.inputs.items():
        if len(column) != len(truth):
            raise DataError(f"column {name!r} has {len(column)} rows for {len(truth)} labels", where=where)
    if len(split.ids) != len(truth) or len(set(map(str, split.ids))) != len(truth):
        raise DataError("ids are missing or not unique", where=where)
    return Split(split.inputs, truth, split.ids)


def _digest(arrays: Mapping[str, Array]) -> str:
    whole = hashlib.sha256()
    for name in sorted(arrays):
        whole.update(f"{name}\0{arrays[name].dtype}\0{arrays[name].shape}\0".encode() + arrays[name].tobytes())
    return whole.hexdigest()


def _unpack_inputs(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    names = {key[len(prefix):].partition("\0")[0] for key in arrays if key.startswith(prefix)}
    return {name: _unpack(arrays, prefix + name) for name in sorted(names)}


def _pack(arrays: dict[str, Array], name: str, column: Array) -> None:
    if column.dtype.kind in "OUS":
        missing = [row for row, text in enumerate(column) if text is None or text != text]
        if missing:
            raise DataError(f"the text of row {missing[0]} is missing", where=name,
                            hint=f"{len(missing)} rows have none; leave them out, or write an empty text")
        encoded = [str(text).encode("utf-8", _UNPAIRED) for text in column]
        arrays[f"{name}\0utf8"] = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        arrays[f"{name}\0ends"] = np.cumsum([len(text) for text in encoded], dtype=np.int64)
    else:
        arrays[name] = np.ascontiguousarray(column)


def _texts(ids: Array) -> Array:
    """Ids as (n,) object of str: in an array of texts of one width the longest would take its memory in every row."""
    given = np.asarray(ids)
    texts = np.empty(len(given), dtype=object)
    texts[:] = [str(name) for name in (given.astype(str) if given.dtype.kind == "S" else given)]
    return texts


def _unpack(arrays: Mapping[str, Array], name: str) -> Array:
    if name in arrays:
        return arrays[name]
    buffer, ends = arrays[f"{name}\0utf8"].tobytes(), arrays[f"{name}\0ends"]
    column = np.empty(len(ends), dtype=object)
    start = 0
    for index, end in enumerate(ends.tolist()):
        column[index] = buffer[start:end].decode("utf-8", _UNPAIRED)
        start = end
    return column


_known: dict[str, dict[str, str]] = {}
_MOST_KNOWN = 64


def _fingerprints(data: str, task: LoadedTask) -> dict[str, str]:
    """The same for every cell of a task and seed, so the last few are kept."""
    if data not in _known:
        if len(_known) >= _MOST_KNOWN:
            _known.pop(next(iter(_known)))
        _known[data] = {part: hashlib.sha256(np.sort(example_names(task.part(part))).tobytes()).hexdigest()[:16]
                        for part in PARTS}
    return _known[data]


def _contents(split: Split, column: str | None) -> list[bytes]:
    columns = [np.asarray(split.inputs[name]) for name in sorted(split.inputs) if column in (None, name)]
    if columns and all(values.dtype.kind in "fiub" for values in columns):
        rows = np.hstack([np.ascontiguousarray(values).reshape(len(values), -1).view(np.uint8) for values in columns])
        return [hashlib.sha256(row).digest() for row in rows]
    return [hashlib.sha256(b"\0".join(_cell_bytes(column[i]) for column in columns)).digest()
            for i in range(len(split.truth))]


def _cell_bytes(value: object) -> bytes:
    return value.encode("utf-8", _UNPAIRED) if isinstance(value, str) else np.asarray(value).tobytes()
