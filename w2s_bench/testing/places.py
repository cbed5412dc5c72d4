"""Subjects that read files: that where these lie is in no key, and that what they hold is."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

from w2s_bench.contracts.kinds import BY_PLURAL
from w2s_bench.registry import contract
from w2s_bench.registry.component import Component
from w2s_bench.testing.checks import Broken, Subject


def reads_a_place(subject: Subject) -> bool:
    """Whether a parameter names a file or a folder that is there."""
    return bool(_places(subject))


def check_moved(subject: Subject) -> None:
    """Raises Broken where a copy of the files elsewhere has other seeds, or another key."""
    assert subject.component is not None
    moved = _with_copies(subject, "moved", changed=False)
    if moved.meaning != subject.component.meaning:
        raise Broken('a copy of its files in another folder has another key: the parameter with the path lacks role="place"')
    if moved.key != subject.component.key:
        raise Broken("a copy of its files in another folder has another key: fingerprint() rests on where they lie, or on when "
                     "they were written")


def check_changed(subject: Subject) -> None:
    """Raises Broken where files of other content have the same key."""
    assert subject.component is not None
    if _with_copies(subject, "changed", changed=True).fingerprint == subject.component.fingerprint:
        raise Broken("its files were changed, and fingerprint() is the same")


def _places(subject: Subject) -> dict[str, Path]:
    """By parameter, the files and folders that are there."""
    given = () if subject.component is None else subject.component.params
    found = {name: Path(value) for name, value in given if isinstance(value, str) and value}
    return {name: path for name, path in found.items() if path.is_absolute() and path.exists()}


def _with_copies(subject: Subject, name: str, changed: bool) -> Component:
    """The component with copies of its files. changed: with a byte more in each."""
    assert subject.component is not None
    folder, params = subject.folder / name, dict(subject.component.params)
    for parameter, path in _places(subject).items():
        copy = folder / parameter / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, copy, dirs_exist_ok=True)
        else:
            shutil.copyfile(path, copy)
        for file in [copy] if copy.is_file() else sorted(found for found in copy.rglob("*") if found.is_file()):
            if changed:
                with file.open("ab") as grown:
                    grown.write(b"\n")
        params[parameter] = str(copy)
    moved = msgspec.structs.replace(subject.component, params=tuple(params.items()))
    made = contract.fingerprint(BY_PLURAL[subject.kind], moved.create(), subject.id)
    return msgspec.structs.replace(moved, fingerprint=made)
