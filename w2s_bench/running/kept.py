"""What a run keeps so that its cells can be measured again without a fit: the predictions on both samples, and the facts.

predictions/<task>.parquet: `predictor` (a key of the row's predictor columns, or "truth"), `seed`, `split` (test, or train: the
student's training inputs), `id`, and one column an output. predictions/facts.parquet: for each cell and split what certifies
the student (`Facts`) and what is predicted, as JSON.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec
import numpy as np

from w2s_bench.compute.splits import stored_splits
from w2s_bench.contracts import PREDICTORS, Array, DataError, read_bytes
from w2s_bench.contracts.digests import canonical_json, digest
from w2s_bench.planning.plan import Cell, Plan
from w2s_bench.planning.recipes import Part
from w2s_bench.running.table_files import write_parquet
from w2s_bench.store.artifacts import DamagedArtifact, Store

if TYPE_CHECKING:
    import polars as pl

Keep: TypeAlias = Literal["all", "test", "none"]
"""Both samples, the test sample alone, or nothing."""

KeptAnswers: TypeAlias = Mapping[tuple[str, str], Array]
"""Values (n, k) by predictor and split; the truth of a seed under `truth of SEED`."""

KeptFacts: TypeAlias = Mapping[tuple[str, str], tuple[Mapping[str, Any], Mapping[str, Any]]]
"""(output, facts) by cell and split, as plain values."""

FOLDER, FACTS = "predictions", "facts.parquet"
TRUTH = "truth"
_PARTS: Mapping[str, Part] = {"test": "test", "train": "transfer"}


class Answers(msgspec.Struct, frozen=True, eq=False):
    """One predictor's answers on one sample, or the truth: ids (n,), values (n, k)."""

    predictor: str
    seed: int
    split: str
    ids: Array
    values: Array


def keep(folder: Path, plan: Plan, store: Store, scores: Mapping[str, Mapping[str, Any]], which: Keep,
         ok: Sequence[Cell]) -> tuple[int, dict[str, str]]:
    """Keep what is asked for of the cells that are ok, beside what is kept of them already; bytes of it all, and by the keys of
    the jobs, in words, what is neither kept nor in the store any more. scores: by cell key, those that the store holds."""
    if which == "none" or not ok:
        return 0, {}
    (folder / FOLDER).mkdir(exist_ok=True)
    before = _Before(folder, which)
    lost: dict[str, str] = {}
    size = 0
    by_task: dict[str, list[Cell]] = {}
    for cell in ok:
        by_task.setdefault(cell.task.label, []).append(cell)
    for label, cells in by_task.items():
        answers = list(_answers(plan, _Sources(store, before, label), cells, before.splits, lost))
        size += write_parquet(answers_table(answers), folder / FOLDER / kept_file(label)) if answers else 0
    lines = list(_facts(plan, store, ok, scores, before, lost))
    return size + write_parquet(facts_table(lines), folder / FOLDER / FACTS), lost


class _Before:
    """What a folder kept before, as far as it can be read."""

    def __init__(self, folder: Path, which: Keep) -> None:
        self._folder, self._which = folder, which

    @functools.cached_property
    def facts(self) -> Mapping[tuple[str, str], Mapping[str, str]]:
        """Lines of facts by cell and split."""
        try:
            return {(line["cell_key"], line["split"]): line for line in _facts_lines(self._folder)}
        except DataError:
            return {}

    @functools.cached_property
    def splits(self) -> Sequence[str]:
        """The samples of which predictions are to be kept: those that are asked for, and those that are kept already."""
        kept = {split for _, split in self.facts}
        return [split for split in _PARTS if split == "test" or self._which == "all" or split in kept]

    def answers(self, task: str) -> Mapping[tuple[str, str], Answers]:
        """Answers by predictor and split, the truth under `truth of SEED`."""
        try:
            table = kept_table(self._folder, task)
            return {} if table is None else answers_by_name(table)
        except DataError:
            return {}


class _Sources:
    """Where answers on the cells of one task are: in the store, and where it lacks them, with the run."""

    def __init__(self, store: Store, before: _Before, task: str) -> None:
        self.store, self._before, self._task = store, before, task

    @functools.cached_property
    def before(self) -> Mapping[tuple[str, str], Answers]:
        return self._before.answers(self._task)


def _answers(plan: Plan, sources: _Sources, cells: Iterable[Cell], splits: Sequence[str], lost: dict[str, str]) -> Iterator[
        Answers]:
    """Of these cells of one task every predictor once, and the truth of each seed."""
    written: set[str] = set()
    loaded = functools.lru_cache(4)(lambda key: stored_splits(sources.store, key))
    for cell in cells:
        recipe = plan.score_of(cell)
        for key in (recipe.load, *filter(None, (getattr(recipe, role) for role in PREDICTORS))):
            if key in written:
                continue
            written.add(key)
            name, kept = (TRUTH, truth_of(cell.seed)) if key == recipe.load else (key, key)
            try:
                task = loaded(recipe.load)
                arrays = None if key == recipe.load else sources.store.load(key).arrays
                yield from [Answers(name, cell.seed, split, (part := task.part(_PARTS[split])).ids,
                                    part.truth if arrays is None else arrays[_PARTS[split]])
                            for split in splits if arrays is None or _PARTS[split] in arrays]
            except (DamagedArtifact, KeyError) as fault:
                mine = (recipe.student, "test") in sources.before  # the truth of a seed is that of these very splits
                found = [sources.before[kept, split] for split in splits if mine and (kept, split) in sources.before]
                lost |= {} if found else {key: _lost("predictions", cell, fault)}
                yield from found


def _facts(plan: Plan, store: Store, cells: Iterable[Cell], scores: Mapping[str, Mapping[str, Any]], before: _Before,
           lost: dict[str, str]) -> Iterator[Mapping[str, str]]:
    output = functools.lru_cache(256)(lambda key: canonical_json(store.payload(key)["output"]))
    for cell in cells:
        try:
            facts = scores[cell.key].get("facts", {})
            yield from [{"cell_key": cell.key, "split": split, "output": output(plan.score_of(cell).load),
                         "facts": canonical_json(facts[split])} for split in before.splits if facts.get(split) is not None]
        except (DamagedArtifact, KeyError) as fault:
            found = [before.facts[cell.key, split] for split in before.splits if (cell.key, split) in before.facts]
            lost |= {} if found else {plan.score_of(cell).load: _lost("facts", cell, fault)}
            yield from found


def _lost(what: str, cell: Cell, fault: Exception) -> str:
    return f"{what} of {cell.task.label}, seed {cell.seed}: not in the store any more ({fault})"


def answers_table(answers: Sequence[Answers]) -> pl.DataFrame:
    """Predictions as a run keeps them for one task."""
    import polars as pl

    return pl.concat([pl.DataFrame({
        "predictor": [found.predictor] * len(found.ids), "seed": [found.seed] * len(found.ids),
        "split": [found.split] * len(found.ids), "id": [str(i) for i in found.ids],
        **{f"value_{j}": found.values[:, j] for j in range(found.values.shape[1])}}) for found in answers])


def answers_by_name(table: pl.DataFrame) -> dict[tuple[str, str], Answers]:
    """What `_table` made, by predictor and split, the truth under `truth of SEED`."""
    columns = [name for name in table.columns if name.startswith("value_")]
    found: dict[tuple[str, str], Answers] = {}
    for (predictor, seed, split), part in table.group_by("predictor", "seed", "split", maintain_order=True):
        name, number = str(predictor), int(str(seed))
        found[truth_of(number) if name == TRUTH else name, str(split)] = Answers(
            name, number, str(split), part["id"].to_numpy(), _values(part, columns))
    return found


def facts_table(lines: Sequence[Mapping[str, str]]) -> pl.DataFrame:
    """Facts as a run keeps them: `cell_key`, `split`, `output` and `facts` as JSON."""
    import polars as pl

    return pl.DataFrame(lines, schema=dict.fromkeys(("cell_key", "split", "output", "facts"), pl.String))


def kept_file(task: str) -> str:
    """The name of the file that keeps the predictions for a task."""
    slug = "".join(c if c.isalnum() or c in "-_." else "-" for c in task)[:80]
    return f"{slug}-{digest(task)[:6]}.parquet"



def kept_facts(folder: Path) -> KeptFacts:
    """What certifies each cell. Raises DataError for a folder that keeps none, or whose file cannot be read."""
    return {(line["cell_key"], line["split"]): (json.loads(line["output"]), json.loads(line["facts"]))
            for line in _facts_lines(folder)}


def _facts_lines(folder: Path) -> list[dict[str, str]]:
    table = _read(folder / FOLDER / FACTS, ("cell_key", "split", "output", "facts"))
    if table is None:
        raise DataError("no predictions are kept here", where=str(folder),
                        hint="w2s-bench run keeps them with --keep all, and show --publish with --predictions")
    return table.to_dicts()


def kept_answers(folder: Path, task: str) -> KeptAnswers:
    """The answers of one task's predictors."""
    table = kept_table(folder, task)
    return {} if table is None else answers_in(table)


def answers_in(table: pl.DataFrame) -> KeptAnswers:
    """The same of a table of kept predictions, in its order."""
    columns = [name for name in table.columns if name.startswith("value_")]
    found: dict[tuple[str, str], Array] = {}
    for names, part in table.group_by("predictor", "seed", "split", maintain_order=True):
        predictor, seed, split = (str(name) for name in names)
        found[truth_of(int(seed)) if predictor == TRUTH else predictor, split] = _values(part, columns)
    return found


def _values(part: pl.DataFrame, columns: Sequence[str]) -> Array:
    """(n, k), row after row as they were scored: in another order in memory sums end in other last bits."""
    return np.ascontiguousarray(part.select(columns).to_numpy())


def kept_ids(folder: Path, task: str) -> dict[tuple[int, str], list[str]]:
    """The ids of one task's examples by seed and split, in the order of `kept_answers`."""
    table = kept_table(folder, task)
    return {} if table is None else ids_in(table)


def ids_in(table: pl.DataFrame) -> dict[tuple[int, str], list[str]]:
    """The same of a table of kept predictions, in its order."""
    truth = table.filter(table["predictor"] == TRUTH).group_by("seed", "split", maintain_order=True)
    return {(int(str(seed)), str(split)): part["id"].to_list() for (seed, split), part in truth}


def kept_table(folder: Path, task: str) -> pl.DataFrame | None:
    """What is kept of the predictions for one task, as this module says; None where nothing is. Raises DataError for a file that
    cannot be read."""
    return _read(folder / FOLDER / kept_file(task), ("predictor", "seed", "split", "id"))


def _read(path: Path, columns: Sequence[str]) -> pl.DataFrame | None:
    """A table with these columns and perhaps others; None where there is no file."""
    import polars as pl

    if not path.exists():
        return None
    try:
        table = pl.read_parquet(read_bytes(path))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"what is kept here cannot be read: {error}", where=str(path),
                        hint="the run's own command writes it again") from None
    if lacking := [name for name in columns if name not in table.columns]:
        raise DataError(f"no column {lacking[0]!r}, so nothing that a run keeps", where=str(path))
    return table


def truth_of(seed: int) -> str:
    """The name under which `kept_answers` gives the truth of a seed."""
    return f"{TRUTH} of {seed}"


def copy_kept(folders: Sequence[Path], rows: pl.DataFrame, target: Path) -> int:
    """What these run folders keep of the rows, as one, in place of what the target held; bytes written. Raises DataError where
    one of them keeps none."""
    import polars as pl

    wanted = set(rows["cell_key"].to_list())
    keys = [TRUTH, *{key for role in PREDICTORS for key in rows[f"predictor_{role}"].drop_nulls().to_list()}]
    (target / FOLDER).mkdir(parents=True, exist_ok=True)
    tables: dict[str, list[pl.DataFrame]] = {}
    for folder in folders:
        kept_facts(folder)
        for path in sorted((folder / FOLDER).glob("*.parquet")):
            tables.setdefault(path.name, []).extend(table for table in [_read(path, ("split",))] if table is not None)
    for path in (target / FOLDER).glob("*.parquet"):
        path.unlink()
    size = 0
    for name, found in tables.items():
        whole = pl.concat(found).unique(maintain_order=True)
        chosen = pl.col("cell_key").is_in(wanted) if name == FACTS else pl.col("predictor").is_in(keys)
        whole = whole.filter(chosen)
        size += write_parquet(whole, target / FOLDER / name) if whole.height else 0
    return size
