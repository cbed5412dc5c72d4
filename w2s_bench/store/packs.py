"""Small artifacts and notes in few files: each process appends to a pack of its own, and reads those of all.

A record is dropped by another that names it by its place, so that neither clocks nor the order of packs matter. Of several notes
of a name the last counts.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence

import msgspec

from w2s_bench.contracts.digests import canonical_json
from w2s_bench.store import array_coding, records
from w2s_bench.store.pack_files import PACKS, BucketPacks, DiskPacks, Gone
from w2s_bench.store.pack_index import PackIndex
from w2s_bench.store.records import ARTIFACT, DROPPED, HEAD_BYTES, Head, Listed, Record
from w2s_bench.store.sealed import Artifact, Damage, Meta, arrays_in, of_key
from w2s_bench.store.writers import own_name

SMALL = 64 << 10
"""Bytes up to which arrays are packed."""

_QUICK = msgspec.json.Encoder(order="sorted")
_TRIES = 8
_ROTATED = 64 << 20
_WAITING_BYTES, _WAITING_SECONDS = 1 << 20, 1.0
_FOLLOWERS = 256
"""Records that rest on one anchor: what a damaged one can cost."""

_REPEATED = 256
"""Records whose arrays are kept in memory because others are like them: 8 MB at most."""

_FRESH = 0.05
"""Seconds in which what was appended elsewhere is not looked for again after a note was not found."""


class Packs:
    """Records by key. files: where packs lie."""

    def __init__(self, files: DiskPacks | BucketPacks) -> None:
        self._files = files
        self._index = PackIndex(files, lambda place: self._contents(place)[1])
        self._anchors: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._repeated: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._latest_moment = 0
        self._writer: _Writer | None = None
        self._waiting: list[tuple[Record, bytes]] = []
        self._waiting_since = 0.0
        self._together = 0

    def keys(self) -> set[str]:
        """Keys of all packed artifacts, those that others appended too."""
        self.look()
        return {key.hex() for key in self._index.artifacts.names()}

    def holds(self, key: str) -> bool:
        """Whether an artifact is here and as it was written, as far as is known without a look at what others appended."""
        for place in self._index.places(bytes.fromhex(key)):
            with contextlib.suppress(Damage, Gone):
                head, meta, rest = self._contents(place)
                _meta_in(head, meta, key)
                arrays_in(self._arrays(place, head, rest))
                return True
        return False

    def save(self, key: str, meta: Meta, arrays: bytes) -> None:
        """Append an artifact."""
        self._write(Record(ARTIFACT, bytes.fromhex(key), _as_bytes(meta), arrays), _family(meta))

    def load(self, key: str) -> Artifact | None:
        """An artifact, None where none is known. Raises Damage where each that is packed is damaged; those are dropped."""
        found = self._found(key)
        return None if found is None else Artifact(arrays_in(found[1]), found[0]["payload"])

    def meta(self, key: str) -> Meta | None:
        """What is recorded of an artifact. Raises as `load`."""
        found = self._found(key, arrays=False)
        return None if found is None else found[0]

    def peek(self, key: str) -> Meta | None:
        """What is recorded of an artifact, None also where it is damaged. Nothing is dropped."""
        self.flush()
        for place in self._index.places(bytes.fromhex(key)):
            with contextlib.suppress(Damage, Gone):
                head, meta, _ = self._contents(place)
                return _meta_in(head, meta, key)
        return None

    def pieces(self, key: str) -> list[tuple[str, int, int]]:
        """Where each record of an artifact has its body: the pack, the first byte, how many."""
        self.look()
        found = []
        for place in self._index.places(bytes.fromhex(key)):
            with contextlib.suppress(Damage, Gone):
                name, at = self._index.where(place)
                head = records.head_at(self._files.read(name, at, HEAD_BYTES))
                found.append((f"{PACKS}/{name}", head.body, head.stored))
        return found

    def drop(self, key: str) -> None:
        """Drop all records of an artifact."""
        self.look()
        for place in self._index.places(bytes.fromhex(key)):
            self._drop(bytes.fromhex(key), *self._index.where(place))

    def write_note(self, kind: int, name: bytes, data: bytes) -> None:
        """Append a note: 32 bytes of name, and what it says."""
        self._write(Record(kind, name, data))

    def sizes(self) -> dict[str, int]:
        """The packs that are there, with their sizes in bytes."""
        self.look()
        return self._files.sizes()

    def records_in(self, name: str) -> Iterator[tuple[Listed, bool]]:
        """The records of a pack, and whether each counts: is what is served under its key or name. Raises Gone."""
        start, end = 0, self._index.read_to(name)
        while start < end:
            data = self._files.read(name, start, _ROTATED)
            found, read_to = records.listed(data, start, end)
            for record in map(Listed._make, found):
                known = self._index.notes.get(record.kind, self._index.artifacts)
                yield record, known.get(record.key) == self._index.place(name, record.at)
            if read_to == start:
                return
            start = read_to

    def rewrite(self, names: Collection[str], without: Collection[str]) -> None:
        """Write what counts in these packs anew, as old as it is, without some artifacts, and take the packs away."""
        self.look()
        left_out = {bytes.fromhex(key) for key in without}
        with self.together():
            for name in names:
                with contextlib.suppress(Gone):
                    for record, counts in list(self.records_in(name)):
                        if record.kind == DROPPED or (counts and record.key not in left_out):
                            with contextlib.suppress(Damage):
                                self._write_again(record, name, names)
                self.flush()
                self._files.remove(name)
        self.look()

    def _write_again(self, record: Listed, name: str, going: Collection[str]) -> None:
        place = self._index.place(name, record.at)
        head, meta, rest = self._contents(place)
        family = b""
        if record.kind == DROPPED:
            said = _read_json(meta)
            gone = said.get("pack") if isinstance(said, dict) else None
            if gone in going or not self._index.knows(str(gone)):
                return
        elif record.kind == ARTIFACT:
            family = _family(_meta_in(head, meta, head.key.hex()))
        self._write(Record(record.kind, record.key, meta, self._arrays(place, head, rest), record.moment), family)

    def note(self, kind: int, name: bytes) -> bytes | None:
        """The note written last under a name, None where there is none or it is damaged."""
        if time.monotonic() - self._index.looked > _FRESH:
            self.look()
        known = self._index.notes[kind].get(name)
        if known is None:
            return None
        with contextlib.suppress(Damage, Gone):
            return self._contents(known)[1]
        return None

    def notes(self, kind: int) -> set[str]:
        """Names of all notes of a kind."""
        self.look()
        return {name.hex() for name in self._index.notes[kind].names()}

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Write what is saved within in few pieces; at the end all of it is there for others."""
        self._together += 1
        try:
            yield
        finally:
            self._together -= 1
            if not self._together:
                self.flush()

    def flush(self, *, give_up: bool = False) -> None:
        """Write what waits. give_up: it is lost where that fails, and whoever asked knows; else it waits on."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            try:
                self._append(waiting)
            except BaseException:
                if not self._files.appends and not give_up:  # on a disk whoever saved has been told
                    self._waiting = waiting + self._waiting
                raise

    @property
    def waits(self) -> bool:
        """Whether something was saved that is not there for others yet."""
        return bool(self._waiting)

    def _write(self, record: Record, family: bytes = b"") -> None:
        if not record.moment:
            self._latest_moment = max(time.time_ns(), self._latest_moment + 1, self._index.latest + 1)
            record = record._replace(moment=self._latest_moment)
        if not self._waiting:
            self._waiting_since = time.monotonic()
        self._waiting.append((record, family))
        size = sum(len(each.meta) + len(each.arrays) for each, _ in self._waiting)
        waited = time.monotonic() - self._waiting_since
        if self._files.appends or not self._together or size > _WAITING_BYTES or waited > _WAITING_SECONDS:
            self.flush()

    def _append(self, appended: Sequence[tuple[Record, bytes]]) -> None:
        for last in (False, True):
            writer = self._writer
            if writer is None or writer.process != os.getpid() or writer.size > _ROTATED or not self._files.appends:
                writer = self._writer = _Writer()
            data = records.segment(writer.anchored(appended), writer.size)
            try:
                self._files.append(writer.name, writer.size, data)
            except Gone:
                self._writer = None
                if last:
                    raise OSError(errno.EIO, "a pack is not as it was written") from None
                continue
            except OSError:
                self._writer = None
                raise
            start, writer.size = writer.size, writer.size + len(data)
            if self._index.read_to(writer.name) == start:
                self._index.take_in(writer.name, data, start, writer.size)
            return

    def _found(self, key: str, *, arrays: bool = True) -> tuple[Meta, bytes] | None:
        self.flush()
        name = bytes.fromhex(key)
        damage: Damage | None = None
        suspect = ("", 0)
        for _ in range(_TRIES):
            if not (places := self._index.places(name)):
                break
            place = self._index.where(places[0])
            try:
                head, meta, rest = self._contents(places[0])
                return _meta_in(head, meta, key), self._arrays(places[0], head, rest) if arrays else b""
            except Gone:
                self.look()
            except Damage as error:
                damage = error
                self._files.forget(place[0])
                if place == suspect:
                    self._drop(name, *place)
                suspect = place
        if damage is not None:
            raise damage
        return None

    def _contents(self, place: int) -> tuple[Head, bytes, bytes]:
        """The head of a record, its first part and what follows. Raises Damage and Gone."""
        name, at = self._index.where(place)
        head, body = self._raw(name, at)
        dictionary = self._dictionary(name, head.anchor) if head.anchor else b""
        meta, rest = records.meta_in(head, body, dictionary)
        return head, meta, rest

    def _arrays(self, place: int, head: Head, rest: bytes) -> bytes:
        """The arrays of a record, whose head and last part these are. Raises Damage and Gone."""
        if not head.arrays:
            return b""
        like = array_coding.place_of_like(head.coding, rest)
        dictionary = self._arrays_like(self._index.where(place)[0], like) if like else b""
        return array_coding.decoded(head.coding, rest, head.arrays, dictionary)

    def _arrays_like(self, name: str, at: int) -> bytes:
        """The arrays of a record that others name, which names none itself."""
        if (name, at) not in self._repeated:
            head, body = self._raw(name, at)
            rest = records.meta_in(head, body, self._dictionary(name, head.anchor) if head.anchor else b"")[1]
            if head.arrays > array_coding.LONGEST or array_coding.place_of_like(head.coding, rest):
                raise Damage("a record is like one that is like another")
            self._repeated[name, at] = array_coding.decoded(head.coding, rest, head.arrays)
            if len(self._repeated) > _REPEATED:
                self._repeated.popitem(last=False)
        return self._repeated[name, at]

    def _dictionary(self, name: str, at: int) -> bytes:
        """What an anchor says."""
        if (name, at) not in self._anchors:
            self._anchors[name, at] = records.dictionary_in(*self._raw(name, at))
            if len(self._anchors) > 256:
                self._anchors.popitem(last=False)
        return self._anchors[name, at]

    def _raw(self, name: str, at: int) -> tuple[Head, bytes]:
        data = self._files.read(name, at, HEAD_BYTES + (8 << 10))
        head = records.head_at(data)
        start = head.body - at
        if start >= HEAD_BYTES and start + head.stored <= len(data):
            return head, data[start:start + head.stored]
        if head.stored > records.MOST:
            raise Damage("checksum of a record")
        return head, self._files.read(name, head.body, head.stored)

    def look(self) -> None:
        """Take in what others appended since."""
        self._index.look()

    def _drop(self, key: bytes, name: str, at: int) -> None:
        self._index.drop(key, name, at)
        self._write(Record(DROPPED, key, canonical_json({"pack": name, "at": at}).encode()))
        self.flush()


class _Writer:
    """The pack that this process appends to. name: says who writes it, so that it can be told whether it still does."""

    def __init__(self) -> None:
        self.process, self.size = os.getpid(), 0
        self.name = f"{own_name()}.pack"
        self._anchors: dict[bytes, tuple[int, bytes, int]] = {}
        self._repeated = array_coding.Repeated(_REPEATED, _FOLLOWERS)

    def anchored(self, them: Sequence[tuple[Record, bytes]]) -> list[Record]:
        """The records, which are to be written next, each of a family with the anchor that it rests on, if it is to be none."""
        found = []
        for index, (record, family) in enumerate(them):
            place = records.place_of_head(self.size, index)
            if record.arrays:
                record = record._replace(like=self._repeated.like(record.arrays, place))
            at, said, followers = self._anchors.get(family, (0, b"", _FOLLOWERS))
            if not family:
                found.append(record)
            elif followers < _FOLLOWERS:
                found.append(record._replace(anchor=(at, said)))
                self._anchors[family] = at, said, followers + 1
            else:
                found.append(record)
                self._anchors[family] = place, record.meta, 0
        return found


def _family(meta: Meta) -> bytes:
    """What artifacts that say much alike have in common."""
    return _QUICK.encode((meta["stage"], meta["about"].get("components")))


def _as_bytes(meta: Meta) -> bytes:
    """What is written beside the arrays, but the key, which the head says. The quicker encoder would take NaN in a payload."""
    encode = _QUICK.encode
    payload = canonical_json(meta["payload"]).encode()
    return b"".join((b'{"about":', encode(meta["about"]), b',"payload":', payload, b',"stage":', encode(meta["stage"]), b"}"))


def _meta_in(head: Head, text: bytes, key: str) -> Meta:
    """What is written beside the arrays of a key; an older version wrote the key there too. Raises Damage, OfAnotherKey."""
    said = _read_json(text)
    return of_key({"key": head.key.hex(), **said} if isinstance(said, dict) else said, key)


def _read_json(text: bytes) -> object:
    try:
        found: object = json.loads(text)
        return found
    except (ValueError, RecursionError) as error:
        raise Damage(f"a record cannot be read ({error})") from None
