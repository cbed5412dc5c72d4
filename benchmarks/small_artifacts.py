"""What small artifacts cost in packs, and in a folder for each: files, bytes on the disk, seconds.

    .venv/bin/python benchmarks/small_artifacts.py [CELLS [TASK…]]

The run is real (about 500 cells of diabetes and mlp unless told otherwise); its artifacts are then saved in their order, listed
and read again in both forms. Of packs it says by stage what lies in them.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from w2s_bench.contracts import Policy
from w2s_bench.contracts.digests import canonical_json
from w2s_bench.planning.planner import make_plan
from w2s_bench.planning.spec import Matrix, RunSpec
from w2s_bench.registry.loading import load_registry
from w2s_bench.running.audience import Audience
from w2s_bench.running.runs import Place, run
from w2s_bench.store.artifacts import Store
from w2s_bench.store.disk import Disk
from w2s_bench.store.folders import DiskFolders
from w2s_bench.store.pack_files import DiskPacks
from w2s_bench.store.packs import SMALL, Packs
from w2s_bench.store.sealed import arrays_as_bytes, meta_of

MODELS, STRATEGIES = ("raw", "random-features[width=[8,32]]"), ("ridge[penalty=[0.01,1]]", "least-squares")
A_SEED = 18
"""Cells that one seed makes of these, of each task."""


def on_disk(root: Path) -> tuple[int, int]:
    """Files, and bytes of the blocks that they take."""
    files = [path.lstat() for path in root.rglob("*") if path.is_file()]
    return len(files), sum(each.st_blocks * 512 for each in files)


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def saved(form: Packs | DiskFolders, artifacts: Iterable[tuple[str, dict[str, object], bytes]]) -> None:
    for key, meta, arrays in artifacts:
        form.save(key, meta, arrays)


def print_stages(root: str, small: Iterable[tuple[str, dict[str, object], bytes]], cells: int) -> None:
    """What a store has of each stage: artifacts, bytes of what they say, of their arrays, and of both as stored, a cell."""
    weights, stages = Store(root).weights(), defaultdict(lambda: [0, 0, 0, 0])
    for key, meta, arrays in small:
        for index, count in enumerate((1, len(canonical_json(meta)), len(arrays), weights[key][0])):
            stages[str(meta["stage"])][index] += count
    print(f"{'a cell':<10}{'artifacts':>10}{'say':>8}{'arrays':>8}{'stored':>8}")
    for stage, (count, *sizes) in sorted(stages.items()):
        print(f"{stage:<10}{count / cells:>10.2f}" + "".join(f"{size / cells:>8.0f}" for size in sizes))


def main() -> None:
    """Print a line for each form, and the ratios."""
    tasks = tuple(sys.argv[2:]) or ("diabetes", "mlp")
    seeds = tuple(range(max(1, int(sys.argv[1] if len(sys.argv) > 1 else 504) // A_SEED // len(tasks))))
    registry = load_registry()
    plan = make_plan(RunSpec("small", (Matrix(tasks=tasks, models=MODELS, strategies=STRATEGIES, seeds=seeds),)),
                     registry)
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        place = Place(here / "run", str(here / "store"), "none")
        took = timed(lambda: run(plan, place, registry.make("executors", "local"), Policy(), Audience(lambda _: None)))
        store = Store(place.store)
        small = []
        for key, _ in sorted(store.weights().items(), key=lambda item: item[1][1]):
            artifact, about = store.load(key), store.about(key)
            arrays = arrays_as_bytes(artifact.arrays)
            if len(arrays) <= SMALL and about is not None:
                small.append((key, meta_of(key, artifact, about), arrays))
        files, size = on_disk(here / "store")
        print(f"{len(plan.cells)} cells, {len(plan.jobs)} jobs in {took:.1f} s: {files} files, {size / 1e6:.1f} MB in all, "
              f"{os.path.getsize(here / 'run' / 'journal.jsonl') / 1e6:.2f} MB of journal")
        found = {}
        for name in ("folders", "packs"):
            def form(name: str = name) -> Packs | DiskFolders:
                disk = Disk(str(here / name))
                return DiskFolders(disk) if name == "folders" else Packs(DiskPacks(disk))

            writing, reading = form(), form()
            write = timed(lambda: saved(writing, small))  # noqa: B023
            keys = timed(reading.keys)
            read = timed(lambda: [reading.load(key) for key, _, _ in small])  # noqa: B023
            files, size = on_disk(here / name)
            found[name] = (float(files), float(size), write, keys, read)
            print(f"{len(small)} small artifacts in {name}: {files} files, {size / 1e6:.1f} MB, saved in {write:.2f} s, "
                  f"listed in {keys * 1000:.0f} ms, read in {read:.2f} s")
        print_stages(str(here / "packs"), small, len(plan.cells))
        ratios = [before / max(after, 1e-9) for before, after in zip(found["folders"], found["packs"], strict=True)]
        print("folders over packs: " + ", ".join(f"{ratio:.1f} x {what}" for ratio, what in zip(
            ratios, ("files", "bytes", "saving", "listing", "reading"), strict=True)))
        print(f"20,000 cells would be {found['packs'][1] / len(plan.cells) * 20_000 / 1e6:.0f} MB in packs, "
              f"{found['folders'][1] / len(plan.cells) * 20_000 / 1e6:.0f} MB in folders")


if __name__ == "__main__":
    main()
