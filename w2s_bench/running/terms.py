"""terms.parquet: what each test example says of each cell, kept where seeds of a task share test examples.

Seeds that share a test sample are no independent draws of the population, so an interval over both wants the examples (see
scoring/crossed.py). One line a cell and example: `cell_key`, `example` (which names the example whatever the seed), the terms
`err_weak`, `err_student`, `err_ceiling`, `misfit` in the row's divergence (`err_gold` and `err_shuffled` where a check of a
submission derives them; a run keeps none), and for classes the class that each names
(`class_weak`, `class_student`, `class_ceiling`, `class_truth`). The terms are float32 of 12 bits: they make a spread, and means
are the rows'. Where no two seeds share an example nothing is written, and an interval over seeds is one over the population.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from w2s_bench.compute.splits import example_names, stored_splits
from w2s_bench.contracts import Array, DataError, Divergence, Predictions, plain_file
from w2s_bench.planning.plan import Cell, Plan
from w2s_bench.running.table_files import NAMED, TERM, check_label, write_parquet
from w2s_bench.store.artifacts import DamagedArtifact, Store

if TYPE_CHECKING:
    import polars as pl

FILE = "terms.parquet"
ERRORS = ("weak", "student", "ceiling")
CONTROLS = ("gold", "shuffled")
TERMS = (*(f"err_{name}" for name in ERRORS), "misfit", *(f"err_{name}" for name in CONTROLS))
CLASSES = (*(f"class_{name}" for name in ERRORS), "class_truth")


class Written(NamedTuple):
    """shared: by cell key, whether another seed of its task has a test example in common; a cell of which neither the store nor
    the folder says so is not in it. lost: what that is, in words, by the keys of the jobs that left it. size: bytes."""

    shared: Mapping[str, bool]
    lost: Mapping[str, str]
    size: int


def write_terms(folder: Path, plan: Plan, store: Store, ok: Iterable[Cell]) -> Written:
    """Write the terms of the cells that are ok, where seeds share test examples. Those that the store has no more stay as the
    folder holds them.

    A part of a plan has those of every task of several seeds: what they share with seeds of other parts is known when merged.
    """
    by_task: dict[str, list[Cell]] = {}
    for cell in ok:
        by_task.setdefault(cell.task.label, []).append(cell)
    seeds: dict[str, set[int]] = {label: {cell.seed for cell in cells} for label, cells in by_task.items()}
    for cell in plan.part.whole.cells if plan.part else ():
        seeds.get(cell.task.label, set()).add(cell.seed)
    lost: dict[str, str] = {}
    shared: dict[str, bool] = {}
    found: list[pl.DataFrame] = []
    before = functools.cache(lambda: _terms_before(folder))
    for label, cells in by_task.items():
        try:
            tables, common = _of_task(plan, store, cells, alone=len(seeds[label]) < 2)
        except (DamagedArtifact, KeyError) as fault:
            keys = {cell.key for cell in cells}
            tables = [table for (key,), table in before().group_by("cell_key", maintain_order=True) if key in keys]
            shared |= {str(table["cell_key"][0]): True for table in tables}
            words = f"terms of {label}: not in the store any more ({fault})"
            read = (getattr(plan.score_of(cell), name) for cell in cells for name in ("load", "weak", "student", "ceiling"))
            lost |= {} if tables else dict.fromkeys(read, words)
        else:
            shared |= dict.fromkeys((cell.key for cell in cells), common)
        found += tables
    return Written(shared, lost, write_term_tables(found, folder / FILE))


def _terms_before(folder: Path) -> pl.DataFrame:
    """The terms that a folder holds, none where they cannot be read."""
    try:
        return read_terms([folder])
    except DataError:
        return read_terms([])


def read_terms(sources: Sequence[Path]) -> pl.DataFrame:
    """The terms that these folders hold, one below the other; no lines where they hold none. Raises DataError for a file that is
    none of these."""
    import polars as pl

    found = [table for source in sources if (table := terms_in(source)) is not None]
    return pl.concat(found).unique(["cell_key", "example"], keep="last", maintain_order=True) if found else pl.DataFrame(
        schema=_schema())


def terms_in(folder: Path) -> pl.DataFrame | None:
    """The terms of one folder as they lie there, None where it has none. Raises DataError as `read_terms`."""
    import polars as pl

    path = folder / FILE
    if not path.exists():
        return None
    try:
        with plain_file(path).open("rb") as stream:  # a path would be read as a pattern
            check_label(pl.read_parquet_metadata(stream).get(NAMED), path, TERM)
            stream.seek(0)
            table = pl.read_parquet(stream)
        return table.select(pl.col(name).cast(kind) if name in table.columns else pl.lit(None, kind).alias(name)
                            for name, kind in _schema().items())
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"not readable as terms: {error}", where=str(path)) from None


def copy_terms(sources: Sequence[Path], rows: pl.DataFrame, target: Path) -> int:
    """What these folders hold of the rows, as one file beside them; bytes written."""
    import polars as pl

    kept = read_terms(sources).filter(pl.col("cell_key").is_in(rows["cell_key"].to_list()))
    return write_term_tables([kept] if kept.height else [], target / FILE)


def _schema() -> dict[str, pl.DataType | type[pl.DataType]]:
    import polars as pl

    return {"cell_key": pl.String, "example": pl.UInt64, **dict.fromkeys(TERMS, pl.Float32), **dict.fromkeys(CLASSES, pl.UInt16)}


def write_term_tables(tables: Sequence[pl.DataFrame], path: Path) -> int:
    """The tables as one file, whole or not at all; no file where there are none."""
    import polars as pl

    if not tables:
        path.unlink(missing_ok=True)
        return 0
    return write_parquet(pl.concat(tables), path, {NAMED: TERM.label})


def _of_task(plan: Plan, store: Store, cells: Sequence[Cell], *, alone: bool) -> tuple[list[pl.DataFrame], bool]:
    """The terms of one task's cells, and whether two of its seeds share an example; none where no seed can, or none does.

    alone: whether there is no other seed. Raises what the store does.
    """
    if alone:
        return [], False
    loads = sorted({plan.score_of(cell).load for cell in cells})
    tests = {load: stored_splits(store, load).splits.test for load in loads}
    names = {load: example_names(test) for load, test in tests.items()}
    common = share_examples(names.values())
    if not common and plan.part is None:
        return [], False
    known: dict[str, Array] = {}
    found: list[pl.DataFrame] = []
    for cell in cells:
        recipe = plan.score_of(cell)
        for key in (recipe.weak, recipe.student, recipe.ceiling):
            if key not in known:
                known[key] = store.load(key).arrays["test"]
        predicted = Predictions(weak=known[recipe.weak], student=known[recipe.student], ceiling=known[recipe.ceiling])
        found.append(cell_terms(cell.key, names[recipe.load], tests[recipe.load].truth, predicted,
                            plan.components[recipe.divergence].create()))
    return found, common


def share_examples(names: Collection[Array]) -> bool:
    """Whether an example is in two of these test samples. names: those of each sample's examples, (n,) uint64."""
    return len(names) > 1 and bool(np.unique(np.concatenate(list(names))).size < sum(found.size for found in names))


def cell_terms(key: str, names: Array, truth: Array, predicted: Predictions, divergence: Divergence) -> pl.DataFrame:
    """The terms of one cell. names: (n,) uint64 of its examples; truth: (n, k)."""
    import polars as pl

    made = predicted.by_name()
    conformed = {name: divergence.conform(made[name]) for name in (*ERRORS, *CONTROLS) if name in made}
    y = divergence.conform_truth(truth)
    columns: dict[str, Array] = {f"err_{name}": divergence.between(y, values) for name, values in conformed.items()}
    columns["misfit"] = divergence.between(conformed["student"], conformed["weak"])
    classes = divergence.output == "classes"
    naming = {**{name: made[name] for name in ERRORS}, "truth": truth}
    named = {f"class_{name}": values.argmax(axis=1) if classes else None for name, values in naming.items()}
    told = {name: _rounded(values) for name, values in columns.items()}
    return pl.DataFrame({"cell_key": pl.repeat(key, len(names), eager=True), "example": names, **told}).with_columns(
        pl.lit(None, pl.UInt16).alias(name) if named[name] is None else pl.Series(name, named[name], pl.UInt16)
        for name in CLASSES).with_columns(pl.lit(None, pl.Float32).alias(name) for name in TERMS if name not in told).select(
        pl.col(name).cast(kind) for name, kind in _schema().items())


def _rounded(values: Array) -> Array:
    """Values (n,) as float32 to 12 bits, about three digits and a half: the rest is noise that does not compress."""
    bits = np.asarray(values, dtype=np.float32).view(np.uint32)
    return ((bits + np.uint32(0x400)) & np.uint32(0xFFFFF800)).view(np.float32)
