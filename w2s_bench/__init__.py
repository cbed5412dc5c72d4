"""w2s-bench: a benchmark harness for weak-to-strong generalization.

    import w2s_bench as w2s

    run = w2s.run(tasks=["diabetes"], models=["raw", "random-features[width=[8,64]]"], strategies=["ridge"], seeds="0..2")
    run.rows, run.bounds                 # polars: a row a cell; a row a cell, bound and split
    run.figure("gain-misfit")            # altair
    run.report()                         # path of a page that asks for nothing
    w2s.read("leaderboard/studies/quickstart").compare(by="strategy")

`run` computes what is not finished, `plan` says what that would be, `read` opens finished runs and published tables.
`w2s-bench` on the command line calls these functions. A plugin imports `w2s_bench.contracts`.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as typing has it, without the time that it takes to import

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Unpack

    import polars as pl
    from numpy.typing import ArrayLike

    from w2s_bench.compute.own_score import Scored
    from w2s_bench.contracts import Facts
    from w2s_bench.planning.spec import RunSpec
    from w2s_bench.planning.wanted import SpecWords
    from w2s_bench.report.notebook import Run
    from w2s_bench.running.audience import Audience
    from w2s_bench.running.forecast import Planned
    from w2s_bench.running.starting import RunWords

__version__ = "0.1.0"
__all__ = ["Run", "compare", "plan", "read", "rescore", "run", "score"]


def __getattr__(name: str) -> type[Run]:
    """`Run`, imported when it is asked for."""
    if name != "Run":
        raise AttributeError(f"module 'w2s_bench' has no attribute {name!r}", name=name)
    from w2s_bench.report.notebook import Run

    return Run


def run(what: str | Path | RunSpec | None = None, *, folder: str | Path | None = None, store: str | None = None,
        audience: Audience | None = None, **words: Unpack[RunWords]) -> Run:
    """Run what is not finished of a suite, a spec or a matrix, and return it; the same call resumes and computes nothing twice.

    what: a suite's name, a spec file, a run's folder or name (with seeds: all that it is to have, more than it has), or None
    where words give the matrix: tasks, models (all pairs) or weak and strong, strategies, supervisors, also, seeds ("0..4",
    range(5)), name; one name, one object, or several of each. With a suite or a spec: quick, data. skip_incompatible leaves out
    pairs that cannot be fitted. workers, threads, device, timeout, retries, executor, keep and debug say how it is computed,
    canary how many of its students are fitted once more where the truth is another, shard ("3/8") which part of it, and isolate
    how far the code of other distributions is kept apart. plugins: paths of Python files that are plugins each, in this process
    from then on.
    folder: by default under w2s-runs/. store: a folder or a URL that fsspec reads; by default under the user's cache. audience:
    who is told while it goes on; by default warnings are Python's.
    Raises UsageError for what cannot be run, W2SError where store or folder cannot be written; what is finished stays.
    """
    import warnings
    from pathlib import Path

    from w2s_bench.registry.isolation import isolated
    from w2s_bench.report.notebook import Run
    from w2s_bench.running.audience import Audience
    from w2s_bench.running.starting import ask, start
    from w2s_bench.store.artifacts import default_store
    from w2s_bench.tables.reading import read_runs, terms_of

    with isolated(words.get("isolate")):
        asked = ask(what, words)
        told = audience or Audience(lambda text: warnings.warn(text, stacklevel=2), observers=asked.registry.observers,
                                    debug=words.get("debug", False))
        result = start(asked, None if folder is None else Path(folder), store or default_store(), words, told)
    return Run(*read_runs([result.folder]), result.folder, result.executed, result.interrupted, result.kept,
               terms_of([result.folder]), result.as_it_was)


def plan(what: str | Path | RunSpec | None = None, *, store: str | None = None, **words: Unpack[SpecWords]) -> Planned:
    """What a run would be, before anything is computed: its cells, its jobs, what the store holds, an estimate.

    what, store, words: as for `run`. Raises UsageError for names that do not resolve and pairs that cannot be fitted.
    """
    from w2s_bench.running.forecast import Planned, forecast
    from w2s_bench.running.starting import ask
    from w2s_bench.store.artifacts import Store, default_store

    asked = ask(what, words)
    return Planned(asked.plan, forecast(asked.plan, Store(store or default_store())), asked.origin)


def read(*runs: str | Path, where: str | None = None, latest: bool = False) -> Run:
    """Finished runs, published tables or rows files as one table.

    runs: folders, rows files, or names (or their starts) under w2s-runs/. where: keep the cells that meet a condition, as in
    "gain > 0 and seed < 3". latest: of cells that several of them hold, keep the last one's.
    Raises UsageError for a name that is none or is ambiguous, DataError for a table that cannot be read.
    """
    from w2s_bench.report.notebook import Run
    from w2s_bench.running.folder import find_run
    from w2s_bench.tables.reading import read_runs, terms_of

    folders = [find_run(str(run)) for run in runs]
    found = Run(*read_runs(folders, latest=latest), folder=folders[0] if len(folders) == 1 else None,
                terms=terms_of(folders))
    return found if where is None else found.where(where)


def compare(*runs: Run | str | Path, by: str = "strategy", against: str | None = None) -> pl.DataFrame:
    """Each strategy (or value of another column `by`) beside one of them, on cells of all these runs that agree in all else.

    runs: what `run` and `read` return, or what `read` reads. against: the value that the others are compared with, by default
    the one with most cells. Returns one row a task set, direction, value and measure: means, their paired difference, its
    interval and what that is over. Raises DataError where no cells are paired.
    """
    from w2s_bench.report.notebook import Run, joined

    return joined([run if isinstance(run, Run) else read(run) for run in runs]).compare(by, against)


def rescore(folder: str | Path, *, plugins: Sequence[str | Path] = ()) -> Run:
    """A finished run measured again with the metrics and bounds that are installed now, from what it kept: no fit.

    folder: as for `read`; its tables stay as they are (`w2s-bench rescore` writes them). A cell without predictions keeps its
    numbers. plugins: as for `run`; those that a run folder keeps are there too. Raises UsageError for a name that is none,
    DataError for a run that kept nothing.
    """
    from pathlib import Path

    from w2s_bench.planning.own_files import registry_with
    from w2s_bench.planning.spec import OwnFile
    from w2s_bench.registry.one_file import in_place
    from w2s_bench.report.notebook import Run
    from w2s_bench.running.folder import find_run, own_files
    from w2s_bench.tables.rescoring import rescored

    place = find_run(str(folder))
    registry_with(OwnFile(Path(file)) for file in plugins)
    registry_with(file for file in own_files(place) if file.path.stem not in in_place())
    found = rescored(place)
    return Run(found.rows, found.bounds)


def score(truth: ArrayLike, weak: ArrayLike, student: ArrayLike, ceiling: ArrayLike, divergence: str | None = None,
          facts: Facts | None = None) -> Scored:
    """One row and its bounds from anybody's arrays, (n,) or (n, k) each, for the same examples in the same order.

    truth, weak, student, ceiling: labels, weak labels, and predictions of the student and of the strong model fitted on the
    truth; probabilities (n, k) for a divergence of classes. divergence: one of `w2s-bench ls divergences`, by default the
    first that scores numbers. facts: what is known of the student's class; without them no bound's assumptions hold.
    Raises UsageError for an unknown divergence, ShapeError and DomainError for arrays that cannot be paired or scored.
    """
    from w2s_bench.compute.own_score import Given, own_score

    return own_score(Given(truth, weak, student, ceiling), divergence, facts)
