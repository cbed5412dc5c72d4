"""Which artifacts of a store the runs need that were computed on it: for `w2s-bench store`, which takes what none does."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from w2s_bench.contracts.digests import digest
from w2s_bench.contracts.errors import W2SError
from w2s_bench.running.known_runs import run_folders
from w2s_bench.store.artifacts import Store
from w2s_bench.store.inventory import Held, rests_on

if TYPE_CHECKING:
    from w2s_bench.planning.plan import Plan


class Use(NamedTuple):
    """What a run needs: the keys that its cells are or rest on. unknown: why that cannot be told of cells that are not finished,
    "" where it can."""

    folder: Path
    needed: frozenset[str]
    unknown: str = ""


class Runs(NamedTuple):
    """The run folders that used a store: those that are here, and in words those of other machines."""

    here: list[Path]
    elsewhere: list[str]


def register(store: Store, folder: Path) -> None:
    """Note in a store that a run uses it, wherever its folder is. Raises StoreError."""
    place = json.dumps([socket.gethostname(), str(folder.resolve())])  # in ASCII: a path need be no Unicode
    store.write_note("runs", digest(place), place.encode())


def runs_of(store: Store) -> Runs:
    """The runs under w2s-runs/, and those that are noted in the store and are there still."""
    here = {folder.resolve(): folder for folder in run_folders()}
    elsewhere = []
    for name in sorted(store.notes("runs")):
        try:
            host, folder = json.loads(store.note("runs", name) or b"null")
        except (ValueError, TypeError):
            continue
        if Path(folder).is_dir():
            here.setdefault(Path(folder), Path(folder))
        elif host != socket.gethostname():
            elsewhere.append(f"{host}:{folder}")
    return Runs(list(here.values()), elsewhere)


def uses(store: Store, held: Mapping[str, Held], folders: Iterable[Path]) -> list[Use]:
    """What each run needs of what a store holds. A run that is not finished needs all that its plan has, and all that its jobs
    have kept of themselves."""
    return [_use(store, held, folder) for folder in folders]


def _use(store: Store, held: Mapping[str, Held], folder: Path) -> Use:
    import polars as pl

    cells: set[str] = set()
    finished = True
    try:
        for name in ("plan.parquet", "rows.parquet", "also.parquet"):
            if (folder / name).is_file():
                found = pl.read_parquet((folder / name).read_bytes(), columns=["cell_key"])["cell_key"].to_list()
                cells.update(found)
                finished = finished and (name != "plan.parquet" or set(found) <= held.keys())
        needed = rests_on(held, cells)
        if finished or not (folder / "spec.toml").is_file():
            return Use(folder, frozenset(needed))
        return Use(folder, frozenset(needed | _planned(store, folder)))
    except (W2SError, OSError, pl.exceptions.PolarsError) as error:
        words = error.what if isinstance(error, W2SError) else str(error)
        return Use(folder, frozenset(rests_on(held, cells)), words.splitlines()[0])


def _planned(store: Store, folder: Path) -> set[str]:
    """Keys of all that the jobs of a run leave, and those under which embeddings of a whole pool lie while they are made.
    Raises W2SError where its spec cannot be planned here."""
    from w2s_bench.planning.own_files import registry_with
    from w2s_bench.planning.planner import make_plan
    from w2s_bench.planning.recipes import leaves
    from w2s_bench.planning.spec import spec_from_file
    from w2s_bench.registry.one_file import as_it_was

    spec = spec_from_file(folder / "spec.toml")
    with as_it_was():
        plan = make_plan(spec, registry_with(spec.plugins))
    return {key for job in plan.jobs.values() for key in leaves(job)} | _of_pools(store, plan)


def _of_pools(store: Store, plan: Plan) -> set[str]:
    """Keys of the embeddings of what pools hold, by each model of the plan: several may be read in one pass."""
    from w2s_bench.compute.pool_features import of_contents
    from w2s_bench.planning.recipes import Embed, Load, job

    def of_a_pool(recipe: Embed) -> bool:
        load = plan.jobs[recipe.load].recipe
        return isinstance(load, Load) and load.seed is None

    recipes = [each.recipe for each in plan.jobs.values() if isinstance(each.recipe, Embed) and of_a_pool(each.recipe)]
    contents = {load: (store.peek(load) or {}).get("pool") for load in {recipe.load for recipe in recipes}}
    models = {recipe.model for recipe in recipes}
    return {job(of_contents(msgspec.structs.replace(recipe, model=model), pool)).key
            for recipe in recipes for model in models if isinstance(pool := contents[recipe.load], str)}
