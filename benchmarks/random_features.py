"""The suite random-features, timed, and the exponent of the student's error against the teacher's beside the published rates.

    .venv/bin/python benchmarks/random_features.py [-j 2] [--threads 1] [SPEC.toml]

The exponent is the slope of log err_student on log err_weak over the teachers of one seed; the interval is Student-t over
seeds. `best` takes the best time of the grid for each teacher by looking at the truth: an oracle. `clear` keeps the teachers
whose student errs at least 4 times as much as the same student fitted on the truth (err_ceiling): beyond them the student's
own features are the limit and the exponent says nothing of the teacher. `over the ceiling` is the exponent of
err_student − err_ceiling, what the teacher cost the student, over all teachers; a dash where a difference is not positive.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from w2s_bench.scoring.intervals import Estimate, across_seeds

PUBLISHED = {"sphere": "1.49 (ReLU features)", "spiked": "2 (linear features)"}
CLEAR = 4.0
Table = npt.NDArray[np.float64]


def slopes(weak: Table, student: Table) -> Estimate:
    """Slope of log student on log weak, both (seeds, teachers), seed by seed, and its interval over seeds."""
    x, y = np.log(weak), np.log(student)
    x, y = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    return across_seeds((x * y).sum(axis=1) / (x**2).sum(axis=1))


def exponent(weak: Table, student: Table) -> str:
    """`slopes` in words; a dash for less than two teachers, or errors that have no logarithm."""
    if weak.shape[1] < 2 or not (student > 0.0).all():
        return "–"
    found = slopes(weak, student)
    return f"{found.mean:.2f} ± {found.high - found.mean:.2f}"


def column(rows: pl.DataFrame, name: str, teachers: list[str]) -> Table:
    """One column of the rows of one task and strategy as (seeds, teachers)."""
    table = rows.pivot(on="weak", index="seed", values=name).sort("seed")
    return table.select(teachers).to_numpy()


def typical(values: Table) -> npt.NDArray[np.float64]:
    """Geometric mean over seeds, teacher by teacher."""
    out: npt.NDArray[np.float64] = np.exp(np.log(values).mean(axis=0))
    return out


def words(values: npt.NDArray[np.float64]) -> str:
    """Numbers in a row."""
    return "  ".join(f"{value:8.2g}" for value in values)


def report(task: str, rows: pl.DataFrame) -> None:
    """The exponents of one task, at each time of the grid, at the best time, and at time=auto."""
    means = rows.group_by("weak").agg(pl.col("err_weak").log().mean()).sort("err_weak", descending=True)
    teachers = means["weak"].to_list()
    by_time = {s: rows.filter(pl.col("strategy") == s) for s in rows["strategy"].unique(maintain_order=True)}
    weak = column(next(iter(by_time.values())), "err_weak", teachers)
    student = {s: column(r, "err_student", teachers) for s, r in by_time.items()}
    ceiling = {s: column(r, "err_ceiling", teachers) for s, r in by_time.items()}
    grid = [s for s in student if "time=auto" not in s]
    chosen = np.argmin([student[s] for s in grid], axis=0)
    student["best"] = np.choose(chosen, [student[s] for s in grid])
    ceiling["best"] = np.choose(chosen, [ceiling[s] for s in grid])
    clear = typical(student["best"]) >= CLEAR * typical(ceiling["best"])
    spread = typical(weak)
    print(f"\n{task}, {len(weak)} seeds; teachers from {spread[0]:.3g} to {spread[-1]:.3g}, a factor of "
          f"{spread[0] / spread[-1]:.1f}; published exponent {PUBLISHED.get(task.split('[')[0], 'none')}")
    print(f"  {'teacher error':48s} {words(spread)}")
    for name in ("best", *[s for s in student if "time=auto" in s]):
        print(f"  {'student error, ' + name:48s} {words(typical(student[name]))}")
    print(f"  {'student fitted on the truth, best':48s} {words(typical(ceiling['best']))}")
    print(f"  {'exponent':48s} {'all ' + str(len(teachers)) + ' teachers':>15s} {'clear ' + str(int(clear.sum())):>15s} "
          f"{'over the ceiling':>18s}")
    for name, values in student.items():
        print(f"  {name:48s} {exponent(weak, values):>15s} {exponent(weak[:, clear], values[:, clear]):>15s} "
              f"{exponent(weak, values - ceiling[name]):>18s}")


def run(spec: Path, jobs: int, threads: int, folder: Path) -> tuple[float, float]:
    """Wall and processor seconds of `w2s-bench run` into a fresh store."""
    command = [sys.executable, "-c", "from w2s_bench.cli.main import main; main()", "run", str(spec), "--store",
               str(folder / "store"), "-o", str(folder / "run"), "-j", str(jobs), "--threads", str(threads), "--quiet"]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - started, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Run, time and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec", nargs="?", type=Path, default=Path(str(files("w2s_ready_runs") / "random-features.toml")))
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        wall, processor = run(given.spec, given.jobs, given.threads, Path(place))
        rows = pl.read_parquet(Path(place) / "run" / "rows.parquet")
        size = sum(file.stat().st_size for file in (Path(place) / "store").rglob("*") if file.is_file())
    print(f"{rows.height} cells, {rows['seed'].n_unique()} seeds: {wall:.1f} s (at most 60), {processor:.1f} s of processors, "
          f"-j {given.jobs} --threads {given.threads}; store {size / 2**20:.0f} MiB")
    for (task,), part in rows.group_by("task", maintain_order=True):
        report(str(task), part)


if __name__ == "__main__":
    main()
