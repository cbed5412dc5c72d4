"""The suite correlated-features: mean student error against the variance formula of Dong et al. (2025), per configuration.

    .venv/bin/python benchmarks/correlated_features.py [-j 2] [--threads 1] [SPEC.toml]

formula: σ²·(d_s∧w/n + (d_s/N)·(d_w − d_s∧w)/n), where each dimension counts the constant, which heads with a free intercept
share. exact: the expectation for Gaussian inputs, where n − d_w − 2 and N − d_s − 2 stand in for n and N. Ratios are means over
seeds of err_student over the prediction, with Student-t intervals; the errors of the test split are excess risks.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import polars as pl

from w2s_bench.registry.names import parse
from w2s_bench.scoring.intervals import across_seeds


@dataclass(frozen=True)
class Configuration:
    """d_w, d_s, d_s∧w of the subspaces without the constant, n, N and σ²."""

    weak: int
    strong: int
    overlap: float
    supervise: int
    transfer: int
    noise: float

    @property
    def formula(self) -> float:
        """Dong et al. (2025) with the constant counted in every dimension."""
        shared = (self.overlap + 1) / self.supervise
        return self.noise * (shared + (self.strong + 1) / self.transfer * (self.weak - self.overlap) / self.supervise)

    @property
    def exact(self) -> float:
        """E err_student of least squares with a free intercept on Gaussian inputs.

        The teacher's slopes err by σ²/(n − d_w − 2) each (inverse Wishart) and its intercept by what centring adds; the
        student inherits the shared part, and the rest is label noise that N points average out.
        """
        n, N = self.supervise, self.transfer
        slope = self.noise / (n - self.weak - 2)
        inherited = slope * self.overlap + self.noise / n + slope * self.weak / n
        averaged = (1 + 1 / N) * (N - 2) / (N - self.strong - 2) - 1
        return inherited + slope * (self.weak - self.overlap) * averaged


def configuration(row: dict[str, object]) -> Configuration:
    """The numbers that a row's names tell."""
    told = {role: dict(parse(str(row[role])).params) for role in ("task", "weak", "strong")}
    return Configuration(int(str(told["weak"]["dim"])), int(str(told["strong"]["dim"])), float(str(told["weak"]["overlap"])),
                         int(str(told["task"]["supervise"])), int(str(told["task"]["transfer"])),
                         float(str(told["task"]["noise"])))


def main() -> None:
    """Run and print one line for each configuration."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec", nargs="?", type=Path, default=Path(str(files("w2s_ready_runs") / "correlated-features.toml")))
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", "from w2s_bench.cli.main import main; main()", "run", str(given.spec), "--store",
                        f"{place}/store", "-o", f"{place}/run", "-j", str(given.jobs), "--threads", str(given.threads),
                        "--quiet"], check=True)
        seconds = time.perf_counter() - started
        rows = pl.read_parquet(f"{place}/run/rows.parquet")
    print(f"{rows.height} cells in {seconds:.0f} s")
    print("   d_w  d_s  overlap  cos²      n     N   σ²   seeds  err_weak  err_student   formula  ratio to it      "
          "exact   ratio to it")
    for _, part in rows.group_by("task", "weak", "strong", maintain_order=True):
        at = configuration(part.row(0, named=True))
        tilt = str(dict(parse(part["strong"][0]).params).get("alignment", 1.0))
        ratios = [across_seeds(part["err_student"].to_numpy() / value) for value in (at.formula, at.exact)]
        weak, student = (float(part[name].to_numpy().mean()) for name in ("err_weak", "err_student"))
        shown = [f"{r.mean:5.2f} ± {r.high - r.mean:4.2f}" for r in ratios]
        print(f"  {at.weak:4d} {at.strong:4d}  {at.overlap:7g}  {tilt:>5} {at.supervise:5d} {at.transfer:5d} {at.noise:4g}   "
              f"{part.height:5d}  {weak:8.4f}  {student:11.4f}  {at.formula:8.4f}  "
              f"{shown[0]}  {at.exact:8.4f}  {shown[1]}")


if __name__ == "__main__":
    main()
