"""Run folders of parts of one spec as the folder of the whole: what they keep is put together, and nothing is computed.

The store is not read: rows, bounds, predictions and terms lie in the folders, so that machines that shared none may be merged.
The files are those of one run of the whole spec, byte for byte but for what was timed. A cell that several folders hold is taken
from the first that has it ok, else from the first that knows how it ended.
"""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from w2s_bench.contracts import PREDICTORS, DataError, UsageError
from w2s_bench.planning.plan import Cell, Plan
from w2s_bench.planning.spec import spec_from_file
from w2s_bench.registry.measures import row_columns
from w2s_bench.running.audience import Audience
from w2s_bench.running.environment import NAME as ENVIRONMENT
from w2s_bench.running.environment import Clock, Environment, read_environment
from w2s_bench.running.folder import ALSO, claim_folder, folder_made, in_use, locked, write_plan, write_text, writing
from w2s_bench.running.journal import Record, read_journal, write_journal
from w2s_bench.running.kept import FACTS, FOLDER, TRUTH, kept_file, kept_table
from w2s_bench.running.recorder import Recorder
from w2s_bench.running.shards import cells_of, claim_shard, shard_in
from w2s_bench.running.table_files import BOUND, ROW, TableSchema, read_table, table_of, write_parquet, write_table
from w2s_bench.running.terms import FILE, share_examples, terms_in, write_term_tables
from w2s_bench.store.artifacts import Store, default_store

if TYPE_CHECKING:
    import polars as pl

_RANK = {"ok": 0, "interrupted": 2}
"""Which of several rows of a cell is taken; all other statuses stand between."""

_SOURCE = "source index"
_SPLITS = ("test", "train")


class Merged(NamedTuple):
    """folder: of the whole. cells: how many come from each source. missing: in words, the shards that are in none of
    them, and the sources that have no tables yet. warnings: in words, what the sources do not agree on, or do not all keep."""

    folder: Path
    cells: Mapping[Path, int]
    missing: tuple[str, ...]
    warnings: tuple[str, ...]


def merge(plan: Plan, sources: Sequence[Path], folder: Path) -> Merged:
    """Put together what these folders hold of a plan, and what `folder` held of it before.

    Raises UsageError for a folder that a live run uses, that is of another spec, or whose cells are not of this plan; DataError
    for a table that cannot be read.
    """
    recorder = Recorder(plan, Store(default_store()), Audience(lambda text: None))  # for the rows of cells that are in no folder
    held = [*sources, *([folder] if (folder / "rows.parquet").is_file() else [])]
    held = list({source.resolve(): source for source in held}.values())
    for source in held:
        _check(plan, source, recorder)
    folder_made(folder)
    with locked(folder):
        begun = (folder / "spec.toml").exists()
        claim_folder(folder, plan.spec)
        claim_shard(folder, plan, begun=begun)
        whole = _Whole(plan, held, recorder)
        terms = whole.terms()
        rows = _with_shared(plan, whole, whole.rows(), terms)
        predictions = list(whole.predictions())
        bounds, also, records = whole.bounds(), whole.also(), list(whole.records())
        with writing(folder):
            write_plan(folder, plan)
            write_journal(folder / "journal.jsonl", records)
            write_term_tables(list(terms.values()), folder / FILE)
            write_table(rows, folder / "rows.parquet", ROW)
            write_table(bounds, folder / "bounds.parquet", BOUND)
            if also is not None:
                write_table(also, folder / ALSO, ROW)
            for name, table in predictions:
                (folder / FOLDER).mkdir(exist_ok=True)
                write_parquet(table, folder / FOLDER / name)
            _write_environment(held, folder)
    counts = Counter(whole.chosen.values())
    return Merged(folder, {source: counts[i] for i, source in enumerate(held)}, tuple(_unfinished(plan, whole)),
                  tuple(whole.warnings))


def _check(plan: Plan, source: Path, recorder: Recorder) -> None:
    """Raise UsageError for a folder that does not belong to the plan."""
    import polars as pl

    if in_use(source):
        raise UsageError("a live run is using this folder", where=str(source), hint="wait for it, or leave it out")
    if spec_from_file(source / "spec.toml") != plan.spec:
        raise UsageError("this folder is of another spec", where=str(source),
                         hint="its spec.toml says which; shards that are merged have the same")
    path = source / "rows.parquet"
    if not path.is_file():
        return
    known = {cell.key for cell in plan.cells}
    strangers = read_table(path, ROW).filter(~pl.col("cell_key").is_in(known))
    if strangers.height:
        why = _difference(plan, strangers, recorder)
        raise UsageError(f"{strangers.height} of its cells are not those that this spec has here: {why}",
                         where=str(source), hint="merge with the versions, the plugins and the data that the shards ran with")


def _difference(plan: Plan, strangers: pl.DataFrame, recorder: Recorder) -> str:
    """In words, why the first of these rows has a key that no cell of the plan has."""
    names = ("task", "weak", "strong", "strategy", "supervisor")
    row = strangers.row(0, named=True)
    cell = next((cell for cell in plan.cells if (*(getattr(cell, name).label for name in names), cell.seed)
                 == (*(row[name] for name in names), row["seed"])), None)
    if cell is None:
        return f"no cell here is {' '.join(row[name] for name in names)}, seed {row['seed']}"
    there, here = (json.loads(text) if text else {} for text in (row["versions"], recorder.row(cell)["versions"]))
    apart = [f"{role} {there[role]} there, {here[role]} here" for role in here if there.get(role) not in (None, here[role])]
    return "; ".join(apart) or "the libraries, the measures or the version of w2s-bench are others"


class _Whole:
    """What the sources hold, put in the order of the plan. chosen, status: by cell key, the index of the source that the cell is
    from, and how it ended there. ok: the cells that are ok."""

    def __init__(self, plan: Plan, sources: Sequence[Path], recorder: Recorder) -> None:
        self.plan, self.sources, self.recorder = plan, sources, recorder
        self.warnings: list[str] = []
        self._rows = self._read("rows.parquet", ROW)
        self._compare()
        self.chosen, self.status = self._chosen()
        self.ok = [cell for cell in plan.cells if self.status.get(cell.key) == "ok"]

    def rows(self) -> pl.DataFrame:
        """A row a cell, and those of cells that no source holds as interrupted ones."""
        left = [self.recorder.row(cell) for cell in self.plan.cells if cell.key not in self.chosen]
        return self._in_order(_joined([self._of_chosen(self._rows, self.chosen), table_of(left, ROW)]))

    def bounds(self) -> pl.DataFrame:
        """The bounds of the cells, each from where its row is."""
        return self._in_order(self._of_chosen(self._read("bounds.parquet", BOUND), self.chosen))

    def also(self) -> pl.DataFrame | None:
        """The rows on second tasks; None where the plan has none."""
        wanted = {second.key: (cell, second) for cell in self.plan.cells for second in self.plan.also.get(cell.key, ())}
        if not wanted:
            return None
        of = {key: self.chosen.get(cell.key, -1) for key, (cell, _) in wanted.items()}
        here = self._of_chosen(self._read(ALSO, ROW), of)
        held = set(here["cell_key"])
        left = [self.recorder.second_row(*wanted[key], scored=False) for key in wanted if key not in held]
        return _ordered(_joined([here, table_of(left, ROW)]), "cell_key", list(wanted))

    def terms(self) -> dict[str, pl.DataFrame]:
        """By the key of a cell that is ok, what each test example says of it, where its folder knows."""
        found: dict[str, pl.DataFrame] = {}
        for i, source in enumerate(self.sources):
            table = terms_in(source)
            if table is not None:
                parts = {str(key): part for (key,), part in _parts(table, "cell_key").items()}
                found |= {key: part for key, part in parts.items() if self.chosen.get(key) == i}
        return {cell.key: found[cell.key] for cell in self.ok if cell.key in found}

    def predictions(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """The files of kept predictions by their names, in the order in which a run of the whole writes them."""
        import polars as pl

        kept = {i: source / FOLDER / FACTS for i, source in enumerate(self.sources) if i in self.chosen.values()}
        if not any(path.is_file() for path in kept.values()):
            return
        facts = [pl.read_parquet(path.read_bytes()).with_columns(pl.lit(i, pl.Int32).alias(_SOURCE))
                 for i, path in kept.items() if path.is_file()]
        self._say_kept({i: set() for i in kept} |
                       {int(table[_SOURCE][0]): set(table["split"]) for table in facts if table.height})
        by_task = [cell for label in dict.fromkeys(cell.task.label for cell in self.ok)
                   for cell in self.ok if cell.task.label == label]
        yield FACTS, _ordered(self._of_chosen(pl.concat(facts), self.chosen), "cell_key", [cell.key for cell in by_task])
        for label in dict.fromkeys(cell.task.label for cell in by_task):
            answers = _answers(self.plan, [cell for cell in by_task if cell.task.label == label], self.chosen,
                               [kept_table(source, label) for source in self.sources])
            if found := list(answers):
                yield kept_file(label), pl.concat(found)

    def records(self) -> Iterator[Record]:
        """How each cell ended, as the journal of its folder says."""
        journals = [read_journal(source / "journal.jsonl") for source in self.sources]
        for cell in self.plan.cells:
            record = journals[self.chosen[cell.key]].get(cell.key) if cell.key in self.chosen else None
            if record is not None:
                yield record

    def _chosen(self) -> tuple[dict[str, int], dict[str, str]]:
        """By cell key the source that its row is from, and its status there."""
        import polars as pl

        rank = pl.col("status").replace_strict(_RANK, default=1, return_dtype=pl.Int8)
        best = self._rows.select("cell_key", "status", _SOURCE, rank=rank).sort("rank", _SOURCE, maintain_order=True).unique(
            "cell_key", keep="first", maintain_order=True)
        return dict(best.select("cell_key", _SOURCE).iter_rows()), dict(best.select("cell_key", "status").iter_rows())

    def _read(self, name: str, schema: TableSchema) -> pl.DataFrame:
        """One table of all sources that have it, each line with the index of its source."""
        import polars as pl

        tables = [read_table(source / name, schema).with_columns(pl.lit(i, pl.Int32).alias(_SOURCE))
                  for i, source in enumerate(self.sources) if (source / name).is_file()]
        return _joined([table_of([], schema).with_columns(pl.lit(None, pl.Int32).alias(_SOURCE)), *tables])

    def _of_chosen(self, table: pl.DataFrame, chosen: Mapping[str, int]) -> pl.DataFrame:
        """The lines of the cells that are from the source of the line."""
        import polars as pl

        mine = pl.DataFrame([list(chosen), list(chosen.values())], schema={"cell_key": pl.String, _SOURCE: pl.Int32})
        return table.join(mine, on=["cell_key", _SOURCE], how="semi", maintain_order="left").drop(_SOURCE)

    def _in_order(self, table: pl.DataFrame) -> pl.DataFrame:
        return _ordered(table, "cell_key", [cell.key for cell in self.plan.cells])

    def _compare(self) -> None:
        """Say which cells two sources have measured otherwise: what was timed and what is known of the whole alone apart."""
        import polars as pl

        ok = self._rows.filter(pl.col("status") == "ok").filter(pl.col("cell_key").is_duplicated())
        columns = [column.name for column in row_columns() if not column.timing and column.name != "test_shared"]
        told = ok.select(pl.col(name).list.join("\0") if ok.schema[name] == pl.List else pl.col(name) for name in columns)
        for (key,), both in told.group_by("cell_key", maintain_order=True):
            apart = [name for name in columns if both[name].n_unique() > 1]
            if apart:
                where = [str(self.sources[i]) for i in ok.filter(pl.col("cell_key") == key)[_SOURCE]]
                self.warnings.append(f"cell {key} is not the same in {' and '.join(where)}: {', '.join(apart[:4])} differ; "
                                     f"it is taken from {where[0]}")

    def _say_kept(self, splits: Mapping[int, set[str]]) -> None:
        most = set().union(*splits.values())
        for i, held in splits.items():
            if held != most:
                what = f"of the {' and '.join(sorted(held))} sample alone" if held else "no predictions"
                self.warnings.append(f"{self.sources[i]} keeps {what}, others more; `rescore` leaves its cells")


def _answers(plan: Plan, cells: Sequence[Cell], chosen: Mapping[str, int],
             tables: Sequence[pl.DataFrame | None]) -> Iterator[pl.DataFrame]:
    """Of these cells of one task every predictor once, and the truth of each seed, from the table of the cell's source."""
    parts = [{} if table is None else _parts(table, "predictor", "seed", "split") for table in tables]
    written: set[tuple[str, int, str]] = set()
    for cell in cells:
        recipe = plan.score_of(cell)
        for predictor in (TRUTH, *filter(None, (getattr(recipe, role) for role in PREDICTORS))):
            for split in _SPLITS:
                name = (predictor, cell.seed, split)
                part = parts[chosen[cell.key]].get(name)
                if part is not None and name not in written:
                    written.add(name)
                    yield part


def _parts(table: pl.DataFrame, *names: str) -> dict[tuple[object, ...], pl.DataFrame]:
    """The lines of a table by their values of these columns."""
    return table.partition_by(*names, as_dict=True, maintain_order=True)


def _joined(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Tables one below the other. Raises DataError for a column that has two kinds of values."""
    import polars as pl

    try:
        return pl.concat(tables, how="diagonal")
    except pl.exceptions.PolarsError as error:
        raise DataError(f"the tables of these folders cannot stand in one: {error}",
                        hint="they were written with other versions of a plugin") from None


def _ordered(table: pl.DataFrame, column: str, values: Sequence[str]) -> pl.DataFrame:
    """The lines in the order of these values, those of one value as they stood."""
    import polars as pl

    place = pl.DataFrame([list(values), range(len(values))], schema={column: pl.String, _SOURCE: pl.Int64})
    return table.join(place, on=column, how="left", maintain_order="left").sort(_SOURCE, maintain_order=True).drop(_SOURCE)


def _with_shared(plan: Plan, whole: _Whole, rows: pl.DataFrame, terms: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The rows with whether seeds of a task share test examples, which no part knows; terms of other tasks are dropped."""
    import polars as pl

    shared: dict[str, bool] = {}
    for label in dict.fromkeys(cell.task.label for cell in whole.ok):
        cells, planned = ([cell for cell in each if cell.task.label == label] for each in (whole.ok, plan.cells))
        several = len({cell.seed for cell in planned}) > 1
        if several and any(cell.key not in terms for cell in cells):
            whole.warnings.append(f"terms of {label}: not in these folders; run its shards again to have them")
            for cell in cells:
                terms.pop(cell.key, None)
            continue
        samples = {plan.score_of(cell).load: terms[cell.key]["example"].to_numpy() for cell in cells} if several else {}
        common = share_examples(samples.values())
        shared |= {cell.key: common for cell in cells}
        if not common and all(whole.status.get(cell.key, "interrupted") != "interrupted" for cell in planned):
            for cell in cells:
                terms.pop(cell.key, None)  # of cells that are to come it is not known yet
    known = pl.DataFrame([list(shared), list(shared.values())], schema={"cell_key": pl.String, "test_shared": pl.Boolean})
    columns = rows.columns
    return rows.drop("test_shared").join(known, on="cell_key", how="left", maintain_order="left").select(columns)


def _unfinished(plan: Plan, whole: _Whole) -> Iterator[str]:
    """In words, the shards that are in none of the folders, and the folders whose runs were ended before their ends."""
    held = [shard for source in whole.sources if (shard := shard_in(source))]
    of, _ = max(Counter(shard.of for shard in held).items(), key=lambda found: (found[1], found[0]), default=(1, 0))
    for number, cells in enumerate(cells_of(plan, of), start=1):
        left = sum(cell.key not in whole.chosen for cell in cells)
        if left:
            which = f"shard {number}/{of}" if held else "the whole"
            yield f"{which} is missing: {left} of its {len(cells)} cells are in none of these folders"
    for source in whole.sources:
        if not (source / "rows.parquet").is_file():
            yield (f"{source} has no tables yet, because its run was ended first: `w2s-bench run {shlex.quote(str(source))}` "
                   "goes on")


def _write_environment(sources: Sequence[Path], folder: Path) -> None:
    """When, where and by which versions: of all that the sources say, what they agree on, and the time of all."""
    found = [told for source in sources if (told := read_environment(source))]
    if not found:
        return
    clocks = [told.clock for told in found if told.clock]
    clock = Clock(min(each.started for each in clocks), max(each.ended for each in clocks),
                  round(sum(each.seconds for each in clocks), 3), sum(each.jobs for each in clocks)) if clocks else None
    commits = {told.commit for told in found}
    write_text(folder / ENVIRONMENT, Environment(
        _agreed([told.machine for told in found]), commits.pop() if len(commits) == 1 else "",
        _agreed([told.versions for told in found]), clock, _agreed([told.policy for told in found]),
        tuple(dict.fromkeys(line for told in found for line in told.inputs))).text())


def _agreed(tables: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {name: value for name, value in tables[0].items() if all(table.get(name) == value for table in tables)}
