"""A season: a frozen set of tasks, settings, seeds and splits on which entries are compared, as one TOML file (w2s-season/1).

Its cells are fixed by the fingerprints of their splits, its unit is fixed by the run that it was made from, and so are the lines
of the controls. What changes a fingerprint, a task, a setting or a rule makes a new season; a season that was opened is never
written again.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypeAlias, get_args

import msgspec
from msgspec import Meta

from w2s_bench.contracts.errors import DataError, nearest
from w2s_bench.leaderboard.untrusted import Refused, odd_character, read_toml

SCHEMA = "w2s-season/1"
FOLDER = "seasons"
CONTROLS = ("constant", "shuffled", "random-labels", "gold", "ceiling")
"""Lines that every board shows and never ranks: the best constant, a student of weak labels of other examples, one of labels
drawn at random, the strong model on the few true labels, the strong model on the truth of all its inputs."""

LABELS_AT_RANDOM = "random-labels"
"""The strategy whose students are the control of that name."""

Kind: TypeAlias = Literal["regression", "classes"]
KINDS: tuple[Kind, ...] = get_args(Kind)
FINGERPRINTS = ("task", "data", "supervise", "transfer", "test")
"""What a season fixes of the splits of a seed; the columns `fingerprint_…` of a row."""

Line = Annotated[str, Meta(min_length=1, max_length=500)]
Text = Annotated[str, Meta(max_length=2_000)]
Label = Annotated[str, Meta(min_length=1, max_length=500)]
Digest = Annotated[str, Meta(max_length=128)]
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Count = Annotated[int, Meta(ge=0, le=10**9)]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_VERSION = re.compile(r"[0-9]{1,6}\.[0-9]{1,6}")


class Setting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who teaches whom: labels of a weak model, a strong model and a supervisor. worst: what a cell that failed counts as, in
    shares of the unit: the least gain of the season's own controls there, 0 at most."""

    weak: Label
    strong: Label
    supervisor: Label
    worst: float


class Splits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fingerprints of what a seed draws, as the row's columns `fingerprint_…` say them, and how many test examples."""

    seed: Seed
    task: Digest
    data: Digest
    supervise: Digest
    transfer: Digest
    test: Digest
    n_test: Count


class Spread(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much the paired differences of the run that the season was made from vary: standard errors in shares of the unit, the
    least, the middle and the most of so many pairs; degrees of freedom of the middle one; over: what they are over, a key of
    inference.MEANINGS. of_seeds: the part of the middle one's variance that is seen from seed to seed, the rest being of the test
    examples that they share."""

    pairs: Count
    least: Annotated[float, Meta(ge=0.0)]
    middle: Annotated[float, Meta(ge=0.0)]
    most: Annotated[float, Meta(ge=0.0)]
    degrees: Annotated[float, Meta(gt=0.0)]
    over: Line
    of_seeds: Annotated[float, Meta(ge=0.0, le=1.0)] = 1.0


class SeasonTask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A task of a season. unit: the error of the best constant, mean over its seeds, in the divergence's unit: what a gain is
    divided by. truth: whether its licence lets the truth travel with a submission, or a checker takes it from the task.
    controls: by name of CONTROLS their gains in shares of the unit, means over settings, then seeds. spread: of the paired
    differences on this task."""

    name: Label
    output: Kind
    divergence: Line
    unit: Annotated[float, Meta(gt=0.0)]
    seeds: Annotated[tuple[Seed, ...], Meta(min_length=1, max_length=1_000)]
    licence: Text
    citation: Text
    truth: Literal["travels", "from-task"]
    settings: Annotated[tuple[Setting, ...], Meta(min_length=1, max_length=1_000)]
    splits: Annotated[tuple[Splits, ...], Meta(min_length=1, max_length=1_000)]
    controls: Annotated[dict[Line, float], Meta(max_length=10)] = {}
    spread: Spread | None = None


class Cell(NamedTuple):
    """What an entry fills once: a task, a setting of it and a seed."""

    task: SeasonTask
    setting: Setting
    seed: int


def name_of(strategy: str) -> str:
    """The name of a strategy's label, without its plugin and parameters."""
    return strategy.partition("[")[0].rpartition("/")[2]


class Season(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag=SCHEMA, kw_only=True):
    """A frozen set of tasks and its rules. version: "N.X"; rows of one N are comparable, X counts what the file says besides.
    opens, closes: dates as 2026-11-27, "" for none. unranked: strategies without parameters that are shown and never ordered,
    because they take nothing from the teacher's label of an example. spread: by output kind, the standard deviations over tasks
    of paired differences, as `Spread` words it.

    Raises DataError for what cannot stand.
    """

    name: Annotated[str, Meta(max_length=64)]
    version: Annotated[str, Meta(max_length=13)]
    title: Line
    opens: Annotated[str, Meta(max_length=10)] = ""
    closes: Annotated[str, Meta(max_length=10)] = ""
    rules: Annotated[tuple[Text, ...], Meta(max_length=100)] = ()
    false_discovery: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.05
    controls: Annotated[tuple[Line, ...], Meta(max_length=10)] = CONTROLS
    unranked: Annotated[tuple[Line, ...], Meta(max_length=100)] = (LABELS_AT_RANDOM,)
    tasks: Annotated[tuple[SeasonTask, ...], Meta(min_length=1, max_length=1_000)]
    spread: Annotated[dict[Kind, Spread], Meta(max_length=2)] = {}

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise DataError(f"the name {self.name!r} is no name of a season", hint="small letters, digits and -, as pilot")
        if not _VERSION.fullmatch(self.version):
            raise DataError(f"the version {self.version!r} is none", hint='two numbers, as "1.0"')
        for day in (self.opens, self.closes):
            if day and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day):
                raise DataError(f"{day!r} is no day", hint="as 2026-11-27")
        if wrong := [name for name in self.controls if name not in CONTROLS]:
            raise DataError(f"no control is called {wrong[0]!r}", hint=nearest(wrong[0], CONTROLS))
        names = [task.name for task in self.tasks]
        if len(set(names)) < len(names):
            raise DataError(f"the task {next(name for name in names if names.count(name) > 1)} is in it twice")
        for task in self.tasks:
            _check_task(task)

    @property
    def label(self) -> str:
        """What a submission names: name/N, as pilot/1."""
        return f"{self.name}/{self.version.partition('.')[0]}"

    def task(self, name: str) -> SeasonTask | None:
        """The task of that name, None where the season has none."""
        return next((task for task in self.tasks if task.name == name), None)

    def cells(self) -> list[Cell]:
        """Every cell that an entry fills, in the order of tasks, settings and seeds."""
        return [Cell(task, setting, seed) for task in self.tasks for setting in task.settings for seed in task.seeds]

    def ranks(self, strategy: str) -> bool:
        """Whether entries of a strategy are ordered, if their numbers are derived: all but the season's controls."""
        return name_of(strategy) not in self.unranked

    def mismatch(self, row: Mapping[str, object]) -> str | None:
        """Why a row of one of this season's cells is not what the season fixed, in one sentence; None where it is, and where the
        row is of no cell of the season. row: as a line of rows.parquet."""
        task = self.task(str(row["task"]))
        if task is None or row["seed"] not in task.seeds:
            return None
        if not any((row["weak"], row["strong"], row["supervisor"]) == (s.weak, s.strong, s.supervisor) for s in task.settings):
            return None
        splits = next(splits for splits in task.splits if splits.seed == row["seed"])
        where = f"{task.name}, seed {splits.seed}"
        same = row.get("fingerprint_data") == splits.data  # the very examples, whatever version of a library gave them
        for name in FINGERPRINTS[1:] if same else FINGERPRINTS:
            found, fixed = row.get(f"fingerprint_{name}"), getattr(splits, name)
            if found != fixed:
                return (f"{where}: fingerprint_{name} is {str(found)[:16]}, and season {self.label} has {fixed[:16]}: these are "
                        "other examples, which belong to a new season")
        if row.get("n_test") is not None and row["n_test"] != splits.n_test:
            return f"{where}: {row['n_test']} test examples, and season {self.label} has {splits.n_test}"
        if row.get("divergence") is not None and row["divergence"] != task.divergence:
            return f"{where}: scored in {row['divergence']}, and season {self.label} is in {task.divergence}"
        return None

    def to_toml(self) -> str:
        """The text that `read_season` reads back as the same."""
        made = msgspec.to_builtins(self)
        return "\n".join(_toml_lines({"schema": SCHEMA, **made}, "")).strip() + "\n"


def read_season(path: Path) -> Season:
    """The season of a file. Raises DataError for a file that is missing, too large, no TOML or no season."""
    try:
        table = read_toml(path.parent, path.name)
    except Refused as error:
        raise DataError(error.what, where=str(path), hint="w2s-bench leaderboard season new writes one") from None
    if table.get("schema") != SCHEMA:
        raise DataError(f"the schema is {ascii(table.get('schema'))[:80]}, and {SCHEMA} is what this version reads",
                        where=str(path))
    try:
        return msgspec.convert(table, Season)
    except msgspec.ValidationError as error:
        raise DataError(f"no season: {ascii(str(error))[1:-1][:300]}", where=str(path)) from None
    except DataError as error:
        raise DataError(error.what, where=str(path), hint=error.hint) from None


def find_season(leaderboard: Path, name: str) -> Season:
    """The season of a board's folder that is called so: by its label (pilot/1), or by its file's name without .toml. Raises
    DataError where there is none."""
    known: dict[str, Season] = {}
    for path in sorted((leaderboard / FOLDER).glob("*.toml")):
        season = read_season(path)
        if name in (season.label, path.stem):
            return season
        known[season.label] = season
    raise DataError(f"no season is called {name!r}", where=str(leaderboard / FOLDER), hint=nearest(name, known))


def _check_task(task: SeasonTask) -> None:
    """Raise DataError for a task that contradicts itself."""
    where = task.name
    seeds = [splits.seed for splits in task.splits]
    if sorted(seeds) != sorted(set(task.seeds)) or len(task.seeds) != len(set(task.seeds)):
        raise DataError("its seeds and those of its splits are not the same, each once", where=where)
    settings = [(setting.weak, setting.strong, setting.supervisor) for setting in task.settings]
    if len(set(settings)) < len(settings):
        raise DataError("a setting is in it twice", where=where)
    numbers = [task.unit, *task.controls.values(), *(setting.worst for setting in task.settings)]
    if not all(math.isfinite(number) for number in numbers):
        raise DataError("a number of it is not finite", where=where)
    if any(setting.worst > 0.0 for setting in task.settings):
        raise DataError("a failed cell would count as a gain", where=where, hint="worst is 0 or less")
    if wrong := [name for name in task.controls if name not in CONTROLS]:
        raise DataError(f"no control is called {wrong[0]!r}", where=where, hint=nearest(wrong[0], CONTROLS))
    for text in (task.name, task.licence, task.citation):
        if odd := odd_character(text.replace("\n", " ")):
            raise DataError(f"a text of it holds {odd}", where=where)


def _toml_lines(table: Mapping[str, object], path: str) -> Iterator[str]:
    """A table's lines: plain keys first, then the tables within it."""
    inner = {key: value for key, value in table.items() if isinstance(value, list | tuple) and value
             and all(isinstance(each, Mapping) for each in value)}
    yield from (f"{_key(key)} = {_value(value)}" for key, value in table.items() if value is not None and key not in inner)
    for key, tables in inner.items():
        for each in tables:
            yield from ("", f"[[{path}{_key(key)}]]", *_toml_lines(each, f"{path}{_key(key)}."))


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _value(key)


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_value(inner)}" for key, inner in value.items() if inner is not None) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value).lower() if isinstance(value, bool) else repr(value)
