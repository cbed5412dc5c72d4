"""Artifacts from one store to another, by way of a folder or a tar file, which are stores themselves.

What comes from elsewhere is hostile until it was checked: only files of the names that a store has are taken out of a tar, no
link is followed, and every artifact is read, and said to be what its key says, before it is saved.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from w2s_bench.contracts.errors import DataError, StoreError
from w2s_bench.store.artifacts import AbsentArtifact, DamagedArtifact, Store

_NAMES = re.compile(r"(?:\./)?(packs/[A-Za-z0-9-]{1,80}\.pack|[0-9a-f]{2}/[0-9a-f]{64}/(?:meta\.json|arrays\.safetensors))")

Check = Callable[[str, Mapping[str, Any]], str]
"""Says what is wrong with what is recorded about the artifact of a key, "" where nothing is."""


def export(store: Store, keys: Iterable[str], to: Path) -> tuple[int, list[str]]:
    """Write artifacts into a new folder, or a tar file where the name ends so: how many, and what is damaged or gone.

    Raises DataError where something is there, StoreError.
    """
    if os.path.lexists(to):
        raise DataError("something is there already", where=str(to), hint="name a folder or a .tar file that is not there yet")
    if to.suffix != ".tar":
        return _copied(store, Store(str(to.absolute())), keys)
    with tempfile.TemporaryDirectory(dir=to.absolute().parent, prefix=f".{to.name}-") as beside:
        counted = _copied(store, Store(f"{beside}/store"), keys)
        with tarfile.open(f"{beside}/tar", "w") as tar:
            for path in sorted(Path(beside, "store").rglob("*")):
                if path.is_file() and _NAMES.fullmatch(name := path.relative_to(f"{beside}/store").as_posix()):
                    tar.add(path, name, filter=_nobodys)
        os.replace(f"{beside}/tar", to)
    return counted


def import_(store: Store, given: Path, check: Check) -> tuple[int, list[str]]:
    """Save what a folder or a tar file holds: how many were new, and what was refused, a sentence each.

    Raises DataError for what is no store, or holds what no store does.
    """
    with _as_store(given) as source:
        there = store.keys()
        return _copied(source, store, sorted(source.keys() - there), check)


def _copied(source: Store, into: Store, keys: Iterable[str], check: Check = lambda key, about: "") -> tuple[int, list[str]]:
    count, refused = 0, []
    with into.together():
        for key in keys:
            try:
                source.check(key)
                about = source.about(key)
                wrong = "nothing is recorded about it" if about is None else check(key, about)
                if about is None or wrong:
                    refused.append(f"artifact {key[:12]}: {wrong}")
                    continue
                into.save(key, source.load(key), about=about)
                count += 1
            except AbsentArtifact:
                refused.append(f"artifact {key[:12]} is gone")
            except (DamagedArtifact, ValueError) as fault:
                refused.append(fault.what if isinstance(fault, DamagedArtifact) else f"artifact {key[:12]}: {fault}")
    return count, refused


@contextlib.contextmanager
def _as_store(given: Path) -> Iterator[Store]:
    """A copy of what was given that may be read as a store, and damaged."""
    if given.is_dir():
        yield Store(str(given.absolute()))
        return
    try:
        with tarfile.open(given, "r:*") as tar, tempfile.TemporaryDirectory() as folder:
            for member in tar:
                name = _NAMES.fullmatch(member.name)
                if member.isdir():
                    continue
                if name is None or not member.isreg():
                    raise DataError(f"it holds {member.name[:80]!r}, which is no file of a store", where=str(given))
                to = Path(folder, name[1])
                to.parent.mkdir(parents=True, exist_ok=True)
                data = tar.extractfile(member)
                assert data is not None  # it is a plain file
                with data, open(to, "xb") as file:
                    shutil.copyfileobj(data, file)
            yield Store(folder)
    except (tarfile.TarError, EOFError) as error:
        raise DataError(f"this is no folder and no tar file ({error})", where=str(given),
                        hint="`w2s-bench store export RUN FILE.tar` writes one") from None
    except FileExistsError as error:
        raise DataError(f"it holds {Path(str(error.filename)).name!r} twice", where=str(given)) from None
    except OSError as error:
        raise StoreError(f"cannot read it: {error.strerror or error}", where=str(given)) from None


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    member.mode = 0o644
    return member
