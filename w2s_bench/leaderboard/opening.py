"""A submission opened: its tables as they were sent, read once, checked in form, and nothing of them believed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from w2s_bench.contracts.errors import DataError
from w2s_bench.leaderboard.decoding import MOST_MEMORY, MOST_SECONDS, read_all
from w2s_bench.leaderboard.submission import NAME, Submission, read_submission
from w2s_bench.leaderboard.untrusted import FOLDER, MOST_README, Refused, active_markup, folder_digest, shown, snapshot, text_of
from w2s_bench.running.kept import FACTS, KeptAnswers, KeptFacts, answers_in, kept_facts, kept_table
from w2s_bench.running.table_files import BOUND, ROW, TableSchema, conformed, read_table

if TYPE_CHECKING:
    import polars as pl

_PASSED_ON = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "SYSTEMROOT")
"""The environment of the process that decodes: no token or key of whoever checks is in it."""


class Opened(msgspec.Struct, frozen=True, eq=False):
    """A submission as it was sent. folder: a private folder in the form of a run's, with tables that were decoded and written
    again; it goes when the submission is closed. sha256: one of all files. digests: of each, by path. readme, spec: text, "" for
    none. versions: of env.json."""

    submission: Submission
    folder: Path
    rows: pl.DataFrame
    bounds: pl.DataFrame
    sha256: str
    digests: Mapping[str, str]
    readme: str
    spec: str
    versions: Mapping[str, str]

    @property
    def tasks(self) -> tuple[str, ...]:
        """The labels of the tasks of its rows, sorted."""
        return tuple(sorted(self.rows["task"].unique().to_list()))

    def table(self, task: str) -> pl.DataFrame | None:
        """The predictions for one task: `predictor`, `seed`, `split`, `id`, `value_0` and so on; None where none is sent."""
        return kept_table(self.folder, task)

    def answers(self, task: str) -> KeptAnswers:
        """The answers of one task's predictors, and the truth of a seed where it came with them."""
        table = self.table(task)
        return {} if table is None else answers_in(table)

    def ids(self, task: str) -> dict[tuple[str, str], list[str]]:
        """The ids of each predictor's answers, by predictor (the truth as `truth`) and split, in their order; of the truth those
        of all seeds."""
        table = self.table(task)
        parts = table.group_by("predictor", "split", maintain_order=True) if table is not None else ()
        return {(str(predictor), str(split)): part["id"].to_list() for (predictor, split), part in parts}

    def facts(self) -> KeptFacts:
        """What certifies each cell, by cell and split; empty where nothing is sent."""
        return kept_facts(self.folder) if (self.folder / FOLDER / FACTS).exists() else {}


@contextlib.contextmanager
def opened(folder: Path, *, own: bool = False) -> Iterator[Opened]:
    """Open a submission. Raises Refused for one whose form is not that of docs/submissions.md, with the place of the fault.

    Nothing in the folder is written, run or followed; what is read of it afterwards is a private copy. own: whether it was made
    here, by the very caller; then its tables are decoded in this process, which is faster, and has no limits of memory and time.
    """
    with tempfile.TemporaryDirectory(prefix="w2s-submission-") as private:
        copy, tables = Path(private) / "copy", Path(private) / "tables"
        copy.mkdir()
        tables.mkdir()
        digests = snapshot(folder, copy)
        submission = read_submission(copy)
        for text in (submission.title, *submission.who, submission.citation):
            if active := active_markup(text):
                raise Refused(f"this holds {active}", where=NAME)
        _check_digests(submission, digests)
        readme = _readme(copy)
        if own:
            read_all(copy, tables)
        else:
            _decode(copy, tables)
        rows = _table(tables, "rows.parquet", ROW)
        bounds = _table(tables, "bounds.parquet", BOUND)
        for label in sorted(submission.divisions.keys() - set(rows["strategy"])):
            raise Refused(f"`divisions` names {shown(label)}, and no row has that strategy", where=NAME)
        spec, env = ((copy / name).read_text(encoding="utf-8") if name in digests else "" for name in ("spec.toml", "env.json"))
        versions = msgspec.json.decode(env, type=dict[str, dict[str, str]])["versions"] if env else {}
        yield Opened(submission, tables, rows, bounds, folder_digest(digests), digests, readme, spec, versions)


def _check_digests(submission: Submission, digests: Mapping[str, str]) -> None:
    there = {path: digest for path, digest in digests.items() if path != NAME}
    for path in sorted(there.keys() | submission.files.keys()):
        if path not in there:
            raise Refused(f"`files` names {path}, which is not there", where=NAME)
        if path not in submission.files:
            raise Refused("`files` does not name this file", where=path)
        if there[path] != submission.files[path]:
            raise Refused("this is not the file whose SHA-256 stands in `files`", where=path,
                          hint="make the folder again with `w2s-bench leaderboard submit`")


def _readme(copy: Path) -> str:
    path = copy / "README.md"
    if not path.exists():
        return ""
    if path.stat().st_size > MOST_README:
        raise Refused(f"this has {path.stat().st_size:,} bytes, at most {MOST_README:,} are kept", where=path.name)
    text = text_of(path.read_bytes(), path.name)
    if active := active_markup(text):
        raise Refused(f"this holds {active}", where=path.name)
    return text


def _decode(copy: Path, tables: Path) -> None:
    """Have all tables decoded by a process of its own. Raises Refused where it says so, and where it does not live to."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    command = [sys.executable, "-P", "-m", "w2s_bench.leaderboard.decoding", str(copy), str(tables)]
    try:
        subprocess.run(command, cwd=tables, env={**environment, "POLARS_MAX_THREADS": "1", "HOME": str(tables)},
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        raise Refused(f"this takes more than {MOST_SECONDS} seconds to read", where=_last_read(tables)) from None
    if not (tables / "said").exists():
        raise Refused(f"this cannot be read with {MOST_MEMORY / 1e9:.0f} GB of memory in {MOST_SECONDS} seconds",
                      where=_last_read(tables))
    if said := msgspec.json.decode((tables / "said").read_bytes(), type=dict[str, str]):
        raise Refused(said["what"], where=said["where"], hint=said["hint"])


def _last_read(tables: Path) -> str:
    """The file that the process was reading."""
    return (tables / "at").read_text(encoding="utf-8") if (tables / "at").exists() else NAME


def _table(tables: Path, name: str, schema: TableSchema) -> pl.DataFrame:
    import polars as pl

    if not (tables / name).exists():
        return conformed(pl.DataFrame(schema=dict.fromkeys(schema.needs, pl.String)), schema, name)
    try:
        return read_table(tables / name, schema)
    except DataError as error:
        raise Refused(error.what, where=name, hint=error.hint) from None
