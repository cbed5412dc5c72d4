"""Names and specs without the machine that they were used on: what lies in a file or folder is said as `{data}/…`.

`{data}` stands for a folder of data, as in every spec: `w2s-bench run spec.toml --data FOLDER` fills it. A submission names no
other place, and nothing that would run code.
"""

from __future__ import annotations

import functools
import json
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from w2s_bench.contracts.errors import UsageError, W2SError
from w2s_bench.planning.spec import DATA, Matrix, RunSpec, spec_from_toml
from w2s_bench.registry.names import parse

if TYPE_CHECKING:
    import polars as pl

_TOKEN = re.compile(r'(?:(?P<name>[A-Za-z_][\w-]*)\s*=\s*)?(?P<value>"(?:[^"\\]|\\.)*"|[^\s,\[\]="!]+)')
_ANYWHERE = re.compile(r"[/\\~]|\.{1,2}([/\\]|$)|[A-Za-z]:[/\\]|[A-Za-z][A-Za-z0-9+.-]*://")
"""What begins as a place of some machine, or as an address."""

_SLASH = re.compile(r"[/\\]")
_CODE = re.compile(r"\.(py|pyc|pyd|so|dll|dylib|sh|exe|jar|whl|pkl|pickle|joblib|pt|pth|ckpt)$", flags=re.IGNORECASE)
_HEAD = re.compile(r"[A-Za-z0-9@!*?][A-Za-z0-9_.*?@-]*(/[A-Za-z0-9*?][A-Za-z0-9_.*?-]*)?")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_ELSEWHERE = ("revision=", "package=")
"""Parameters beside which the name of a place is one on a hub or in a package."""

LABELS = ("task", "task_set", "weak", "strong", "strategy", "supervisor")
"""The columns of a row that hold names."""

MOST_CELLS = 1_000_000
_LISTS = ("tasks", "models", "weak", "strong", "strategies", "supervisors", "also")


def placed(text: str, data: Path | None = None) -> str:
    """A name of a task, model or strategy whose places are in `{data}`: where they are in there, for what lies in `data`; else
    their last name. The same name, the same result, wherever the files were."""
    def put(found: re.Match[str]) -> str:
        written = found["value"]
        value = json.loads(written) if written.startswith('"') else written
        if not _is_place(found["name"], value, text):
            return found[0]
        new = json.dumps(_within(value, data), ensure_ascii=False)  # what fills it may hold a space
        return f"{found['name']}={new}" if found["name"] else new

    head, bracket, inside = text.partition("[")
    return f"{head}{bracket}{_TOKEN.sub(put, inside)}" if bracket else text


def names_without_places(rows: pl.DataFrame, data: Path | None = None) -> dict[str, str]:
    """Every name of these rows, and what `placed` makes of it. Raises UsageError where two become one."""
    found: dict[str, str] = {}
    for column in LABELS:
        new = {name: placed(name, data) for name in rows[column].drop_nulls().unique().sort().to_list()}
        if len(set(new.values())) < len(new):
            same = next(name for name in new.values() if list(new.values()).count(name) > 1)
            raise UsageError(f"two of them become {same}", where=f"column {column!r}",
                             hint="say with --data which folder holds all files: names then say where in it")
        found |= new
    return found


def placed_spec(spec: RunSpec, data: Path | None = None) -> RunSpec:
    """The same of every name of a spec."""
    return msgspec.structs.replace(spec, matrices=tuple(
        msgspec.structs.replace(matrix, **{name: tuple(placed(text, data) for text in getattr(matrix, name)) for name in _LISTS})
        for matrix in spec.matrices))


def place_in(text: str) -> str:
    """What a name of a submission must not hold and this one does, in words; "" for none: a place of some machine, an address,
    or what would run code."""
    head, _, inside = text.partition("[")
    if not _HEAD.fullmatch(head):
        return "which is no name"
    for found in _TOKEN.finditer(inside):
        value = found["value"]
        if value.startswith('"'):
            try:
                value = str(json.loads(value))
            except ValueError:
                return "which cannot be read"
        if _ANYWHERE.match(value) or ".." in _SLASH.split(value):
            return f"which names a place of a machine; a submission says {DATA}/…"
        if _CODE.search(value) or _MODULE.fullmatch(value):
            return "which names code, and a submission is data"
    return "which names code, and a submission is data" if _CODE.search(head) else ""


def fault_of_spec(text: str) -> str:
    """Why the text of a spec cannot stand in a submission, in one sentence; "" where it can."""
    try:
        spec = spec_from_toml(text, where="", data=DATA)
        sizes = [_size(matrix) for matrix in spec.matrices]
    except W2SError as error:
        return error.what
    except RecursionError:
        return "this is nested too deeply"
    if spec.plugins:
        return "it names plugin files, which are code, and a submission is data"
    for name in (name for matrix in spec.matrices for key in _LISTS for name in getattr(matrix, key)):
        if fault := place_in(name):
            return f"it names {name[:60]!a}, {fault}"
    return f"it plans {sum(sizes):,} cells, at most {MOST_CELLS:,} may be" if sum(sizes) > MOST_CELLS else ""


def _size(matrix: Matrix) -> int:
    """How many cells a matrix has at most, as it is written."""
    counts = {name: sum(map(_settings, getattr(matrix, name))) for name in _LISTS}
    pairs = counts["models"] ** 2 or counts["weak"] * counts["strong"]
    sides = [max(1, counts[name]) for name in ("strategies", "supervisors", "also")]
    return math.prod([counts["tasks"], pairs, *sides, len(matrix.seeds)])


def _settings(name: str) -> int:
    """How many components a name stands for, but for what its pattern matches."""
    return math.prod(len(value) if isinstance(value, (tuple, range)) else 1 for _, value in parse(name).params)


def _is_place(name: str | None, value: str, text: str) -> bool:
    if value.startswith(DATA):
        return False
    if _ANYWHERE.match(value):
        return "://" not in value
    words = _place_parameters().get(name or "")
    if words is None or value in words or any(word in text for word in _ELSEWHERE):
        return False
    return "/" in value or os.sep in value or Path(value).exists()


def _within(value: str, data: Path | None) -> str:
    """A place as a submission says it."""
    whole = Path(value).expanduser()
    if data is not None and Path(os.path.abspath(whole)).is_relative_to(top := Path(os.path.abspath(data.expanduser()))):
        return f"{DATA}/{Path(os.path.abspath(whole)).relative_to(top).as_posix()}".removesuffix("/.")
    return f"{DATA}/{_SLASH.split(os.path.abspath(whole))[-1]}"


@functools.cache
def _place_parameters() -> Mapping[str, frozenset[str]]:
    """The parameters of all tasks, models and strategies that name files or folders; of each the words that are no places."""
    from w2s_bench.registry.loading import load_registry

    registry = load_registry("tasks", "models", "strategies", "losses")
    found: dict[str, frozenset[str]] = {}
    for offer in (offer for kind in ("tasks", "models", "strategies", "losses") for offer in registry.entries(kind)):
        for parameter in offer.entry.parameters:
            if parameter.role == "place":
                found[parameter.name] = found.get(parameter.name, frozenset()) | frozenset(parameter.words)
    return found
