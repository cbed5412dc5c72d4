"""What to run, in words: TOML or flags become one frozen, validated RunSpec, and a RunSpec becomes TOML."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from w2s_bench.contracts.digests import Json
from w2s_bench.contracts.errors import UsageError, nearest
from w2s_bench.contracts.files import plain_file
from w2s_bench.registry.names import PLAIN_NAME, parse, parse_range

Reference = Literal["gold", "base", "shuffled"]
REFERENCES: tuple[Reference, ...] = get_args(Reference)
DATA = "{data}"
"""What stands for the user's folder of data in the names of a spec."""

MOST_BYTES = 4_000_000
"""Of a spec file."""

_LONGEST_NAME = 80
_LISTS = ("tasks", "models", "weak", "strong", "strategies", "supervisors", "also")


class Matrix(msgspec.Struct, frozen=True):
    """One full crossing. Either models (all ordered pairs of different ones) or weak and strong; never both.

    strategies, supervisors: none for the usual one of each task's kind. panel: a name for the part of a study that it is, "" for
    none. also: second tasks, on whose test part the predictors of every cell are scored too, as they were fitted.
    """

    tasks: tuple[str, ...]
    models: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    strong: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    supervisors: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    panel: str = ""
    also: tuple[str, ...] = ()

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
        if self.panel and not PLAIN_NAME.fullmatch(self.panel):
            raise UsageError(f"the panel {self.panel!r} is no name", hint="letters, digits, - _ and .")
        for name in _LISTS:
            for text in getattr(self, name):
                parse(text)


class OwnFile(msgspec.Struct, frozen=True, eq=False):
    """A plugin in one file that a spec names. Two are the same where their names are: what they hold is in the keys."""

    path: Path

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OwnFile) and other.path.stem == self.path.stem

    def __hash__(self) -> int:
        return hash(self.path.stem)

    @property
    def kept(self) -> str:
        """Where its copy lies in a run folder, and how the spec there names it."""
        return f"plugins/{self.path.stem}.py"


class RunSpec(msgspec.Struct, frozen=True):
    """A name and the matrices of a run. references: which predictors are fitted besides ("gold", "base", "shuffled").

    representations: whether weak and strong features are compared (an SVD of each). skip_incompatible: whether pairs that
    cannot be fitted are left out instead of refused. plugins: those that are files.
    """

    name: str
    matrices: tuple[Matrix, ...]
    references: tuple[Reference, ...] = REFERENCES
    representations: bool = True
    skip_incompatible: bool = False
    plugins: tuple[OwnFile, ...] = ()

    def __post_init__(self) -> None:
        if not PLAIN_NAME.fullmatch(self.name) or not self.name.isascii() or len(self.name) > _LONGEST_NAME:
            raise UsageError(f"the name {self.name!r} cannot name a folder",
                             hint=f"letters, digits, - _ and ., at most {_LONGEST_NAME}")

    def to_toml(self, *, in_place: bool = False) -> str:
        """The TOML that stands for this spec; itself runnable beside its plugin files, or where `in_place` from anywhere."""
        lines = [f"name = {json.dumps(self.name)}", f"references = {_toml_list(self.references)}"]
        if not self.representations:
            lines.append("representations = false")
        if self.skip_incompatible:
            lines.append("skip_incompatible = true")
        if self.plugins:
            files = tuple(str(file.path.absolute()) if in_place else file.kept for file in self.plugins)
            lines += ["", "[plugins]", f"files = {_toml_list(files)}"]
        for matrix in self.matrices:
            lines += ["", "[[matrix]]"]
            lines += [f"panel = {json.dumps(matrix.panel)}"] if matrix.panel else []
            lines += [f"{name} = {_toml_list(getattr(matrix, name))}" for name in _LISTS if getattr(matrix, name)]
            lines.append(f"seeds = [{', '.join(map(str, matrix.seeds))}]")
        return "\n".join(lines) + "\n"


def spec_from_file(path: Path, *, data: str | None = None) -> RunSpec:
    """Read a spec file. data: what `{data}` in its texts stands for.

    Raises UsageError for a missing file, TOML that does not parse (with the line), unknown keys; DataError for what is no file or
    is too large.
    """
    if not path.exists():
        siblings = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        raise UsageError("no such spec file", where=str(path), hint=nearest(path.name, siblings))
    try:
        text = plain_file(path, MOST_BYTES).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the spec: {error}", where=str(path)) from None
    return spec_from_toml(text, where=str(path), data=data, folder=path.parent)


Names = Annotated[str | tuple[str, ...], Meta(description="one name, or a list: plugin/name[param=value]; globs, @tag, !name")]


class WrittenMatrix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A [[matrix]] as it is written."""

    tasks: Annotated[Names, Meta(description="tasks")]
    models: Annotated[Names, Meta(description="all ordered pairs of these, in no direction; goes without weak and strong")] = ()
    weak: Annotated[Names, Meta(description="weak supervisors")] = ()
    strong: Annotated[Names, Meta(description="strong students")] = ()
    strategies: Annotated[Names, Meta(description="how students are fitted; none: as is usual for the kind of task")] = ()
    supervisors: Annotated[Names, Meta(description="how weak models are fitted; none: as is usual for the kind of task")] = ()
    seeds: Annotated[str | int | tuple[int, ...], Meta(description='"0..4", a number, or a list of numbers')] = (0,)
    panel: Annotated[str, Meta(description="a name for the part of a study that this is")] = ""
    also: Annotated[Names, Meta(description="second tasks, on whose test part the same predictors are scored too")] = ()


class WrittenPlugins(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The [plugins] of a spec as it is written."""

    files: Annotated[tuple[str, ...], Meta(description="plugins, a Python file each; paths count from the spec's folder")]


class WrittenSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run specification as it is written."""

    matrix: Annotated[tuple[WrittenMatrix, ...], Meta(min_length=1, description="full crossings, each a [[matrix]] table")]
    name: Annotated[str, Meta(description="of the run and its folder")] = "run"
    references: Annotated[tuple[Reference, ...], Meta(description="which predictors are fitted besides")] = REFERENCES
    representations: Annotated[bool, Meta(description="whether weak and strong features are compared")] = True
    skip_incompatible: Annotated[bool, Meta(description="leave out pairs that cannot be fitted")] = False
    plugins: Annotated[WrittenPlugins | None, Meta(description="code that the run needs beside what is installed")] = None


def spec_schema() -> dict[str, Json]:
    """The JSON Schema of a spec file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(WrittenSpec)}


def spec_from_toml(text: str, *, where: str, data: str | None = None, folder: Path | None = None) -> RunSpec:
    """Read the text of a spec. data: what `{data}` in its texts stands for. folder: from which its plugin files are counted, by
    default the current one. Raises UsageError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"not valid TOML: {error}", where=where) from None
    try:
        written = msgspec.convert(_filled(table, data, where), WrittenSpec)
    except msgspec.ValidationError as error:
        raise _unreadable(str(error), table, where) from None
    if any(matrix[name] == [] for matrix in table["matrix"] for name in ("strategies", "supervisors") if name in matrix):
        raise UsageError("no strategy or no supervisor is given", where=where,
                         hint="leave the line out for the usual one of each task's kind")
    try:
        return RunSpec(written.name, tuple(_matrix(matrix) for matrix in written.matrix), written.references,
                       written.representations, written.skip_incompatible, _own_files(written, folder or Path()))
    except UsageError as error:
        raise error if error.where else UsageError(error.what, where=where, hint=error.hint) from None


def _own_files(written: WrittenSpec, folder: Path) -> tuple[OwnFile, ...]:
    files = written.plugins.files if written.plugins else ()
    return tuple(sorted({OwnFile(folder / file) for file in files}, key=lambda file: file.path.stem))


def _matrix(written: WrittenMatrix) -> Matrix:
    names = {name: (value,) if isinstance(value := getattr(written, name), str) else value for name in _LISTS}
    return Matrix(**names, seeds=numbers(written.seeds), panel=written.panel)


def numbers(seeds: str | int | tuple[int, ...]) -> tuple[int, ...]:
    """Seeds as they are written, each once. Raises UsageError."""
    return parse_range(seeds) if isinstance(seeds, str) else tuple(dict.fromkeys((seeds,) if isinstance(seeds, int) else seeds))


_UNKNOWN = re.compile(r"Object contains unknown field `([^`]*)`")
_MISSING = re.compile(r"Object missing required field `([^`]*)`")
_PLACE = re.compile(r" - at `\$\.(\w+)")
_WORDS = {"array": "a list", "str": "a text", "int": "a whole number", "bool": "true or false", "object": "a table"}


def _unreadable(message: str, table: Mapping[str, Json], where: str) -> UsageError:
    """What msgspec found, in words for who wrote the file: the key, what stands there, the nearest right thing."""
    written = table.get("matrix")
    found = written if isinstance(written, list) else []
    matrices = [matrix for matrix in found if isinstance(matrix, dict)]
    if not matrices or len(matrices) < len(found):
        if not _UNKNOWN.search(message):
            return UsageError("there is no [[matrix]]", where=where, hint="a spec has a name and at least one [[matrix]] table")
        matrices = []
    if isinstance(plugins := table.get("plugins"), dict):
        try:
            msgspec.convert(plugins, WrittenPlugins)
        except msgspec.ValidationError as error:
            return _wrong_key(str(error), plugins, f"{where}, [plugins]", WrittenPlugins)
    for matrix in matrices:
        try:
            msgspec.convert(matrix, WrittenMatrix)
        except msgspec.ValidationError as error:
            return _wrong_key(str(error), matrix, f"{where}, [[matrix]]", WrittenMatrix)
    return _wrong_key(message, table, where, WrittenSpec)


def _wrong_key(message: str, table: Mapping[str, Json], where: str, kind: type[msgspec.Struct]) -> UsageError:
    if unknown := _UNKNOWN.search(message):
        key = unknown.group(1)
        return UsageError(f"unknown key {key!r}", where=where, hint=nearest(key, kind.__struct_fields__))
    if missing := _MISSING.search(message):
        hint = "each [[matrix]] has tasks and models" if kind is WrittenMatrix else ""
        return UsageError(f"there is no key {missing.group(1)!r}", where=where, hint=hint)
    place = _PLACE.search(message)
    key = place.group(1) if place else ""
    value = table.get(key)
    if key == "references" and isinstance(value, list):
        wrong = next((word for word in value if word not in REFERENCES), "")
        return UsageError(f"unknown reference {wrong!r}", where=where, hint=nearest(str(wrong), REFERENCES))
    said = message.partition(" - at")[0]
    for word, meaning in _WORDS.items():
        said = said.replace(f"`{word}`", meaning)
    return UsageError(f"{key} = {value!r} cannot be read: {said[:1].lower()}{said[1:]}", where=where, hint=_HINTS.get(key, ""))


_HINTS = {"seeds": 'write seeds = "0..4" or [0, 1]', "files": 'write files = ["my_plugin.py"]',
          **{name: f'write {name} = ["…"]' for name in _LISTS}}


def _filled(value: Json, data: str | None, where: str) -> Json:
    """The table with `{data}` replaced in every text, escaped as inside a quoted value."""
    if isinstance(value, dict):
        return {name: _filled(item, data, where) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, data, where) for item in value]
    return with_data(value, data, where) if isinstance(value, str) else value


def with_data(text: str, data: str | None, where: str) -> str:
    """A text of a spec, or a name given by words, with `{data}` replaced by that folder, escaped as inside a quoted value. Raises
    UsageError where it is needed and None is given."""
    if DATA not in text:
        return text
    if data is None:
        raise UsageError("needs a folder of data", where=where, hint="give it with --data FOLDER")
    return text.replace(DATA, json.dumps(data, ensure_ascii=False)[1:-1])


def _toml_list(texts: tuple[str, ...]) -> str:
    return "[" + ", ".join(json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f") for text in texts) + "]"
