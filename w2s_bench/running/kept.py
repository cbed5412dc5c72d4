"""What a run keeps so that its cells can be measured again without a fit: the predictions on both samples, and the facts.

predictions/<task>.parquet: `predictor` (a key of the row's predictor columns, or "truth"), `seed`, `split` (test, or train: the
student's training inputs), `id`, and one column an output. predictions/facts.parquet: for each cell and split what certifies
the student (`Facts`) and what is predicted, as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from w2s_bench.compute.splits import LoadedTask, unpack_splits
from w2s_bench.contracts import PREDICTORS, Array, DataError
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


def keep(folder: Path, plan: Plan, store: Store, scores: Mapping[str, Mapping[str, Any]], which: Keep) -> tuple[int, list[str]]:
    """Write what is asked for of the cells that are ok; bytes written, and what was not in the store any more."""
    ok = [cell for cell in plan.cells if cell.key in scores]
    if which == "none" or not ok:
        return 0, []
    splits = ("test", "train") if which == "all" else ("test",)
    (folder / FOLDER).mkdir(exist_ok=True)
    lost: list[str] = []
    facts: list[dict[str, str]] = []
    size = 0
    for label in dict.fromkeys(cell.task.label for cell in ok):
        cells = [cell for cell in ok if cell.task.label == label]
        answers = list(_answers(plan, store, cells, splits, lost))
        size += write_parquet(_table(answers), folder / FOLDER / kept_file(label))
        facts += _facts(plan, store, cells, scores, splits, lost)
    import polars as pl

    schema = dict.fromkeys(("cell_key", "split", "output", "facts"), pl.String)
    return size + write_parquet(pl.DataFrame(facts, schema=schema), folder / FOLDER / FACTS), lost


def _answers(plan: Plan, store: Store, cells: Iterable[Cell], splits: Sequence[str], lost: list[str]) -> Iterator[Answers]:
    """Of these cells of one task every predictor once, and the truth of each seed."""
    written: set[str] = set()
    for cell in cells:
        recipe = plan.score_of(cell)
        try:
            task = unpack_splits(store.load(recipe.load))
            if recipe.load not in written:
                yield from (Answers(TRUTH, cell.seed, split, *_of_truth(task, split)) for split in splits)
            written.add(recipe.load)
            for key in filter(None, (getattr(recipe, role) for role in PREDICTORS)):
                arrays = store.load(key).arrays if key not in written else {}
                written.add(key)
                yield from (Answers(key, cell.seed, split, _of_truth(task, split)[0], arrays[_PARTS[split]])
                            for split in splits if _PARTS[split] in arrays)
        except (DamagedArtifact, KeyError) as fault:
            lost.append(f"predictions of {cell.task.label}, seed {cell.seed}: not in the store any more ({fault})")


def _facts(plan: Plan, store: Store, cells: Iterable[Cell], scores: Mapping[str, Mapping[str, Any]], splits: Sequence[str],
           lost: list[str]) -> Iterator[dict[str, str]]:
    for cell in cells:
        try:
            output = canonical_json(store.load(plan.score_of(cell).load).payload["output"])
        except (DamagedArtifact, KeyError) as fault:
            lost.append(f"facts of {cell.task.label}, seed {cell.seed}: not in the store any more ({fault})")
            continue
        for split in splits:
            known = scores[cell.key].get("facts", {}).get(split)
            if known is not None:
                yield {"cell_key": cell.key, "split": split, "output": output, "facts": canonical_json(known)}



def _of_truth(task: LoadedTask, split: str) -> tuple[Array, Array]:
    part = task.part(_PARTS[split])
    return part.ids, part.truth


def _table(answers: Sequence[Answers]) -> pl.DataFrame:
    import polars as pl

    return pl.concat([pl.DataFrame({
        "predictor": [found.predictor] * len(found.ids), "seed": [found.seed] * len(found.ids),
        "split": [found.split] * len(found.ids), "id": [str(i) for i in found.ids],
        **{f"value_{j}": found.values[:, j] for j in range(found.values.shape[1])}}) for found in answers])


def kept_file(task: str) -> str:
    """The name of the file that keeps the predictions for a task."""
    slug = "".join(c if c.isalnum() or c in "-_." else "-" for c in task)[:80]
    return f"{slug}-{digest(task)[:6]}.parquet"



def kept_facts(folder: Path) -> KeptFacts:
    """What certifies each cell. Raises DataError for a folder that keeps none."""
    import polars as pl

    path = folder / FOLDER / FACTS
    if not path.is_file():
        raise DataError("no predictions are kept here", where=str(folder),
                        hint="w2s-bench run keeps them with --keep all, and show --publish with --predictions")
    return {(line["cell_key"], line["split"]): (json.loads(line["output"]), json.loads(line["facts"]))
            for line in pl.read_parquet(path.read_bytes()).to_dicts()}


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
        found[truth_of(int(seed)) if predictor == TRUTH else predictor, split] = part.select(columns).to_numpy()
    return found


def kept_ids(folder: Path, task: str) -> dict[tuple[int, str], list[str]]:
    """The ids of one task's examples by seed and split, in the order of `kept_answers`."""
    table = kept_table(folder, task)
    return {} if table is None else ids_in(table)


def ids_in(table: pl.DataFrame) -> dict[tuple[int, str], list[str]]:
    """The same of a table of kept predictions, in its order."""
    truth = table.filter(table["predictor"] == TRUTH).group_by("seed", "split", maintain_order=True)
    return {(int(str(seed)), str(split)): part["id"].to_list() for (seed, split), part in truth}


def kept_table(folder: Path, task: str) -> pl.DataFrame | None:
    """What is kept of the predictions for one task, as this module says; None where nothing is."""
    import polars as pl

    path = folder / FOLDER / kept_file(task)
    return pl.read_parquet(path.read_bytes()) if path.is_file() else None


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
            tables.setdefault(path.name, []).append(pl.read_parquet(path.read_bytes()))
    for path in (target / FOLDER).glob("*.parquet"):
        path.unlink()
    size = 0
    for name, found in tables.items():
        whole = pl.concat(found).unique(maintain_order=True)
        chosen = pl.col("cell_key").is_in(wanted) if name == FACTS else pl.col("predictor").is_in(keys)
        whole = whole.filter(chosen)
        size += write_parquet(whole, target / FOLDER / name) if whole.height else 0
    return size
