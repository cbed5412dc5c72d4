"""A finished run, or a published table, as a submission: what proves its numbers, and nothing of the machine that made it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from w2s_bench.contracts import PREDICTORS, REFERENCES
from w2s_bench.contracts.errors import UsageError, W2SError
from w2s_bench.contracts.files import file_digest
from w2s_bench.leaderboard.decoding import VERSION
from w2s_bench.leaderboard.licences import truth_travels
from w2s_bench.leaderboard.machine import Machine, this_machine
from w2s_bench.leaderboard.opening import opened
from w2s_bench.leaderboard.places import LABELS, names_without_places, placed_spec
from w2s_bench.leaderboard.season import Season
from w2s_bench.leaderboard.submission import NAME, Submission
from w2s_bench.leaderboard.untrusted import FOLDER, MOST_README, Refused
from w2s_bench.planning.spec import DATA, RunSpec, spec_from_toml
from w2s_bench.report.finding import said_of
from w2s_bench.report.rendering import as_markdown, filled
from w2s_bench.report.written import notes, task_tables
from w2s_bench.running.environment import read_environment
from w2s_bench.running.folder import in_use
from w2s_bench.running.kept import FACTS, TRUTH, kept_file, kept_table
from w2s_bench.running.table_files import BOUND, ROW, write_parquet, write_table
from w2s_bench.tables.reading import CELL, read_runs, terms_of
from w2s_bench.tables.summary import summary

if TYPE_CHECKING:
    import polars as pl

_FREE = ("error", "metrics_missing")
"""Columns of free text, which say what went wrong in the words of whatever went wrong."""


class Written(msgspec.Struct, frozen=True):
    """What was written. rows: how many, and kept: of how many of them the predictions are there. home: tasks whose truth stays
    at home, each with its licence. renamed: names as they were, and as they are written without a place."""

    submission: Submission
    rows: int
    kept: int
    home: Mapping[str, str]
    renamed: Mapping[str, str]


def submit(run: Path, target: Path, about: Submission, *, season: Season | None = None, data: Path | None = None) -> Written:
    """Write a submission folder of a run folder or of a published one; `about` without its digests. season: says of its tasks
    whether truth travels; of others their licence does. data: the folder that `{data}` stands for in the names of its files.

    Raises UsageError for a target that holds something, for a run that still runs and for names that cannot be told apart without
    their places; Refused for what no submission may hold.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError("there is something here already", where=str(target), hint="choose another folder with -o")
    if not run.is_dir():
        raise UsageError("this is no folder of a run", where=str(run), hint="name the folder that `w2s-bench run` wrote")
    if in_use(run):
        raise UsageError("a live run is using this folder", where=str(run), hint="wait for it, or end it")
    rows, bounds = read_runs([run])
    renamed = names_without_places(rows, data)
    machine = this_machine(run, *([data] if data else []))
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as private:
        folder = Path(private) / "sent"
        (folder / FOLDER).mkdir(parents=True)
        home = {task: licence for task in sorted(rows["task"].unique())
                if (licence := _stays_home(task, renamed.get(task, task), season)) is not None}
        kept = _copy_predictions(run, rows, renamed, home, folder)
        rows = _without_machine(rows.sort(CELL, maintain_order=True, nulls_last=True), renamed, machine)
        bounds = bounds.sort("run_id", "cell_key", "bound", "split", maintain_order=True)
        about = msgspec.structs.replace(about, divisions={**_seen_truth(rows, about), **about.divisions})
        write_table(rows, folder / "rows.parquet", ROW)
        write_table(bounds, folder / "bounds.parquet", BOUND)
        _write_texts(run, rows, bounds, about, folder, data)
        about = msgspec.structs.replace(about, files=_digests(folder))
        (folder / NAME).write_text(about.to_toml(), encoding="utf-8")
        _check_clean(folder, about, machine)
        with opened(folder, own=True):  # whatever a checker would refuse is refused here
            pass
        if target.exists():
            target.rmdir()
        os.replace(folder, target)
    return Written(about, rows.height, kept, {renamed.get(task, task): licence for task, licence in home.items()},
                   {old: new for old, new in renamed.items() if old != new})


def _stays_home(task: str, name: str, season: Season | None) -> str | None:
    """Why the truth of a task does not travel: its licence; None where it does."""
    of_season = season.task(name) if season else None
    if of_season is not None:
        return None if of_season.truth == "travels" else of_season.licence
    licence = _licence(task)
    return None if truth_travels(licence) else licence


def _licence(task: str) -> str:
    """What a task says of its licence; where the task is not here, that."""
    from w2s_bench.registry.loading import load_registry

    try:
        return str(load_registry("tasks", "outputs", "divergences").make("tasks", task).licence)
    except W2SError as error:
        return f"the task cannot be asked: {error.what}"


def _copy_predictions(run: Path, rows: pl.DataFrame, renamed: Mapping[str, str], home: Mapping[str, str], folder: Path) -> int:
    """Write what the run kept of the cells that are ok; of how many the student's answers are there.

    References (gold, base, shuffled) go with their answers on test alone: no number of a row rests on others.
    """
    import polars as pl

    ok = rows.filter(pl.col("status") == "ok")
    held = 0
    for (task,), part in ok.group_by("task", maintain_order=True):
        if (table := kept_table(run, str(task))) is None:
            continue
        keys = {role: part[f"predictor_{role}"].drop_nulls().to_list() for role in PREDICTORS}
        everywhere = [key for role in PREDICTORS if role not in REFERENCES for key in keys[role]]
        on_test = [key for role in REFERENCES for key in keys[role]]
        wanted = pl.col("predictor").is_in(everywhere) | (pl.col("predictor").is_in(on_test) & (pl.col("split") == "test"))
        table = table.filter(wanted if task in home else wanted | (pl.col("predictor") == TRUTH))
        held += part.filter(pl.col("predictor_student").is_in(table["predictor"].unique().implode())).height
        if table.height:
            write_parquet(table, folder / FOLDER / kept_file(renamed[str(task)]))
    if (path := run / FOLDER / FACTS).exists():
        facts = pl.read_parquet(path.read_bytes()).select("cell_key", "split", "output", "facts")
        write_parquet(facts.filter(pl.col("cell_key").is_in(ok["cell_key"].implode())), folder / FOLDER / FACTS)
    return held


def _without_machine(rows: pl.DataFrame, renamed: Mapping[str, str], machine: Machine) -> pl.DataFrame:
    """The rows with new names, and with free texts that tell of no machine."""
    import polars as pl

    texts = {text for name in _FREE for text in rows[name].explode(empty_as_null=True).drop_nulls()} if rows.height else set()
    cleaned = {text: machine.without(text) for text in texts}
    named = [pl.col(name).replace(renamed) for name in LABELS]
    missing = [None if told is None else [cleaned[text] for text in told] for told in rows["metrics_missing"].to_list()]
    return rows.with_columns(*named, pl.col("error").replace(cleaned),
                             pl.Series("metrics_missing", missing, dtype=rows.schema["metrics_missing"]))


def _seen_truth(rows: pl.DataFrame, about: Submission) -> dict[str, str]:
    """The division of strategies that were given true labels, whatever was said of all."""
    import polars as pl

    given = rows.filter(pl.col("truth_share") > 0)["strategy"].unique().sort().to_list()
    return {strategy: "some-truth" for strategy in given if about.division != "some-truth"}


def _write_texts(run: Path, rows: pl.DataFrame, bounds: pl.DataFrame, about: Submission, folder: Path, data: Path | None) -> None:
    """spec.toml, env.json and README.md."""
    spec = _spec(run, data)
    if spec is not None:
        (folder / "spec.toml").write_text(spec.to_toml(), encoding="utf-8")
    environment = read_environment(run)
    if environment is not None:
        versions = {name: text for name, text in sorted(environment.versions.items()) if VERSION.fullmatch(text)}
        (folder / "env.json").write_text(json.dumps({"versions": versions}, indent=1) + "\n", encoding="utf-8")
    placed_data = spec is not None and DATA in spec.to_toml()
    command = f"w2s-bench run spec.toml{' --data FOLDER' if placed_data else ''} --keep all -o run" if spec else ""
    table = summary(rows, bounds, terms=terms_of([run]))
    text = ""
    for tables in (task_tables(table), []):
        text = filled("submission.md.j2", title=about.title, who=about.who, finding=said_of(table, rows), tables=tables,
                      command=command, notes=notes(table) if tables else [])
        if len(text.encode(errors="backslashreplace")) <= MOST_README:
            break
    (folder / "README.md").write_text(text, encoding="utf-8", errors="backslashreplace")


def _spec(run: Path, data: Path | None) -> RunSpec | None:
    """What made it: of several specs one that holds all their matrices; None where it is not said."""
    paths = [run / "spec.toml"] if (run / "spec.toml").exists() else sorted(run.glob("spec-*.toml"))
    specs = [spec_from_toml(path.read_text(encoding="utf-8"), where=str(path), data=DATA) for path in paths]
    if not specs:
        return None
    references = tuple(dict.fromkeys(name for spec in specs for name in spec.references))
    whole = RunSpec(specs[0].name, tuple(matrix for spec in specs for matrix in spec.matrices), references,
                    any(spec.representations for spec in specs), any(spec.skip_incompatible for spec in specs))
    return placed_spec(whole, data)


def _digests(folder: Path) -> dict[str, str]:
    files: Sequence[Path] = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in files}


def _check_clean(folder: Path, about: Submission, machine: Machine) -> None:
    """Raises Refused for the first text that tells of this machine: a name, an id, a line of a spec. Who sends it may be called
    as the user is."""
    import polars as pl

    nameless = msgspec.structs.replace(machine, names=())
    said = [as_markdown(text) for text in (about.title, ", ".join(about.who))]
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        where = path.relative_to(folder).as_posix()
        if path.suffix != ".parquet":
            text = path.read_text(encoding="utf-8")
            for words in said if path.suffix == ".md" else ():
                text = text.replace(words, "", 1)
            _refuse_told(nameless if path.name == NAME else machine, text, where)
            continue
        table = pl.read_parquet(path.read_bytes())
        for column in (column.explode(empty_as_null=True) if column.dtype == pl.List else column for column in table):
            for text in column.drop_nulls().unique() if column.dtype == pl.String else ():
                _refuse_told(machine, text, f"{where}, column {column.name}")


def _refuse_told(machine: Machine, text: str, where: str) -> None:
    if told := machine.told_by(text):
        raise Refused(f"this would hold {told}", where=where,
                      hint="name what it stands in otherwise, and run again: what is published stays published")
