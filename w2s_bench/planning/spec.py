"""What to run, in words: TOML or flags become one frozen, validated RunSpec, and a RunSpec becomes TOML."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from w2s_bench.contracts.errors import UsageError, nearest
from w2s_bench.registry.names import PLAIN_NAME, parse, parse_range

REFERENCES = ("gold", "base")
DATA = "{data}"
"""What stands for the user's folder of data in the names of a spec."""

_LONGEST_NAME = 80
_LISTS = ("tasks", "models", "weak", "strong", "strategies", "supervisors")


@dataclass(frozen=True)
class Matrix:
    """One full crossing. Either models (all ordered pairs of different ones) or weak and strong; never both.

    panel: a name for the part of a study that it is, "" for none.
    """

    tasks: tuple[str, ...]
    models: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    strong: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ("ridge",)
    supervisors: tuple[str, ...] = ("ridge",)
    seeds: tuple[int, ...] = (0,)
    panel: str = ""

    def __post_init__(self) -> None:
        if not self.tasks:
            raise UsageError("no task is given", hint="name one with --task, or in `tasks` of the spec")
        if self.models and (self.weak or self.strong):
            raise UsageError("models stands for all pairs, so it goes without weak and strong")
        if not self.models and not (self.weak and self.strong):
            raise UsageError("no pair of models is given", hint="give --models, or both --weak and --strong")
        if not self.seeds:
            raise UsageError("no seed is given", hint="for example --seeds 0..4")
        if not all(0 <= seed < 2**63 for seed in self.seeds):
            raise UsageError("a seed is a whole number from 0 to 2^63 − 1", where=f"seeds {self.seeds}")
        if not (self.strategies and self.supervisors):
            raise UsageError("no strategy or no supervisor is given", hint="leave the line out for the default, ridge")
        if self.panel and not PLAIN_NAME.fullmatch(self.panel):
            raise UsageError(f"the panel {self.panel!r} is no name", hint="letters, digits, - _ and .")
        for name in _LISTS:
            for text in getattr(self, name):
                parse(text)


@dataclass(frozen=True)
class RunSpec:
    """A name and the matrices of a run. references: which extra predictors are fitted ("gold", "base").

    representations: whether weak and strong features are compared (an SVD of each). skip_incompatible: whether pairs that
    cannot be fitted are left out instead of refused.
    """

    name: str
    matrices: tuple[Matrix, ...]
    references: tuple[str, ...] = REFERENCES
    representations: bool = True
    skip_incompatible: bool = False

    def __post_init__(self) -> None:
        if not PLAIN_NAME.fullmatch(self.name) or not self.name.isascii() or len(self.name) > _LONGEST_NAME:
            raise UsageError(f"the name {self.name!r} cannot name a folder",
                             hint=f"letters, digits, - _ and ., at most {_LONGEST_NAME}")

    def to_toml(self) -> str:
        """The TOML that stands for this spec; itself runnable."""
        lines = [f"name = {json.dumps(self.name)}", f"references = {_toml_list(self.references)}"]
        if not self.representations:
            lines.append("representations = false")
        if self.skip_incompatible:
            lines.append("skip_incompatible = true")
        for matrix in self.matrices:
            lines += ["", "[[matrix]]"]
            lines += [f"panel = {json.dumps(matrix.panel)}"] if matrix.panel else []
            lines += [f"{name} = {_toml_list(getattr(matrix, name))}" for name in _LISTS if getattr(matrix, name)]
            lines.append(f"seeds = [{', '.join(map(str, matrix.seeds))}]")
        return "\n".join(lines) + "\n"


def spec_from_file(path: Path, *, data: str | None = None) -> RunSpec:
    """Read a spec file. data: what `{data}` in its texts stands for.

    Raises UsageError for a missing file, TOML that does not parse (with the line), unknown keys.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        siblings = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        raise UsageError("no such spec file", where=str(path), hint=nearest(path.name, siblings)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the spec: {error}", where=str(path)) from None
    return spec_from_toml(text, where=str(path), data=data)


def spec_from_toml(text: str, *, where: str, data: str | None = None) -> RunSpec:
    """Read the text of a spec. data: what `{data}` in its texts stands for. Raises UsageError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"not valid TOML: {error}", where=where) from None
    _check_keys(table, ("name", "references", "representations", "skip_incompatible", "matrix"), where)
    matrices = table.get("matrix")
    if not isinstance(matrices, list) or not matrices or not all(isinstance(m, dict) for m in matrices):
        raise UsageError("there is no [[matrix]]", where=where, hint="a spec has a name and at least one [[matrix]] table")
    references = _texts(table.get("references", list(REFERENCES)), "references", where)
    for reference in references:
        if reference not in REFERENCES:
            raise UsageError(f"unknown reference {reference!r}", where=where, hint=nearest(reference, REFERENCES))
    name = table.get("name", "run")
    if not isinstance(name, str):
        raise UsageError(f"name = {name!r} is not a text", where=where)
    representations = _switch(table, "representations", True, where)
    skipping = _switch(table, "skip_incompatible", False, where)
    try:
        return RunSpec(name, tuple(_matrix(_filled(m, data, where), where) for m in matrices), references, representations,
                       skipping)
    except UsageError as error:
        raise error if error.where else UsageError(error.what, where=where, hint=error.hint) from None


def _filled(table: dict[str, Any], data: str | None, where: str) -> dict[str, Any]:
    """The table with `{data}` replaced in its lists of names, escaped as inside a quoted value."""
    if DATA not in json.dumps(table, default=str, ensure_ascii=False):
        return table
    if data is None:
        raise UsageError("needs a folder of data", where=where, hint="give it with --data FOLDER")
    inside = json.dumps(data, ensure_ascii=False)[1:-1]

    def fill(value: Any) -> Any:
        if isinstance(value, list):
            return [fill(item) for item in value]
        return value.replace(DATA, inside) if isinstance(value, str) else value

    return {name: fill(value) for name, value in table.items()}


def _matrix(table: dict[str, Any], where: str) -> Matrix:
    _check_keys(table, (*_LISTS, "seeds", "panel"), f"{where}, [[matrix]]")
    given: dict[str, Any] = {name: _texts(table[name], name, where) for name in _LISTS if name in table}
    given["panel"] = table.get("panel", "")
    if not isinstance(given["panel"], str):
        raise UsageError(f"panel = {given['panel']!r} is not a text", where=where)
    seeds = table.get("seeds", [0])
    if isinstance(seeds, str):
        given["seeds"] = parse_range(seeds)
    elif isinstance(seeds, int) and not isinstance(seeds, bool):
        given["seeds"] = (seeds,)
    elif isinstance(seeds, list) and all(isinstance(s, int) and not isinstance(s, bool) for s in seeds):
        given["seeds"] = tuple(dict.fromkeys(seeds))
    else:
        raise UsageError(f"seeds = {seeds!r} is not whole numbers", where=where, hint='write seeds = "0..4" or [0, 1]')
    if "tasks" not in given:
        raise UsageError("a [[matrix]] without tasks", where=where)
    return Matrix(**given)


def _switch(table: dict[str, Any], name: str, default: bool, where: str) -> bool:
    value = table.get(name, default)
    if not isinstance(value, bool):
        raise UsageError(f"{name} = {value!r} is neither true nor false", where=where)
    return value


def _texts(value: Any, name: str, where: str) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UsageError(f"{name} = {value!r} is not a list of texts", where=where, hint=f'write {name} = ["…"]')
    return tuple(value)


def _check_keys(table: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            raise UsageError(f"unknown key {key!r}", where=where, hint=nearest(key, known))


def _toml_list(texts: tuple[str, ...]) -> str:
    return "[" + ", ".join(json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f") for text in texts) + "]"
