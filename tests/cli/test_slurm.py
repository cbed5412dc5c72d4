"""The script for Slurm is one that bash reads as it is meant, whatever names stand in the spec, and submits what is left."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import cluster_components
import polars as pl
import pytest
from conftest import Command
from distributions import install

RIDGE = ("--models", "raw", "--models", "random-features[width=8]", "--strategy", "ridge", "--store", "the store")
ASKING = ("--task", "words", "--weak", "letters", "--strong", "letters[degree=2]", "--supervisor", "lines", "--strategy",
          "marked[gpus=1.0]", "--strategy", "lines", "--seeds", "0..1", "--store", "s")
STAND_IN = """#!/usr/bin/env bash
# sbatch as these scripts use it: runs each task of the array at once, one after the other
printf '%s\\n' "$*" >> "$SUBMITTED"
array=$(sed -n 's/^#SBATCH --array=//p' "${@: -2:1}" 2>/dev/null || true)
for word in "$@"; do
  case "$word" in --array=*) array=${word#--array=};; --*) ;; *) words+=("$word");; esac
done
[ -n "$array" ] || array=$(sed -n 's/^#SBATCH --array=//p' "${words[0]}")
for part in ${array//,/ }; do
  for number in $(seq "${part%-*}" "${part#*-}"); do SLURM_ARRAY_TASK_ID=$number bash "${words[@]}" >&2; done
done
echo "17;cluster"
"""


class Cluster:
    """A machine with stand-ins of sbatch and srun."""

    def __init__(self, w2s: Command) -> None:
        self.w2s, self.bin, self.submitted = w2s, w2s.folder / "bin", w2s.folder / "submitted"
        self.bin.mkdir()
        for name, text in (("sbatch", STAND_IN), ("srun", '#!/usr/bin/env bash\nexec "$@"\n')):
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)

    def printed(self, *words: str) -> str:
        done = self.w2s("slurm", *words, check=0)
        subprocess.run(["bash", "-n"], input=done.stdout, check=True, text=True, capture_output=True)
        return done.stdout

    def submit(self, script: str) -> list[str]:
        """What sbatch was called with, when the script was run."""
        (self.w2s.folder / "job.sh").write_text(script)
        environment = {**self.w2s.environment, "PATH": f"{self.bin}:{os.environ['PATH']}", "SUBMITTED": str(self.submitted)}
        environment.pop("SLURM_ARRAY_TASK_ID", None)
        done = subprocess.run(["bash", "job.sh"], cwd=self.w2s.folder, env=environment, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
        return self.submitted.read_text().splitlines()


@pytest.fixture
def cluster(w2s: Command) -> Cluster:
    return Cluster(w2s)


def directives(script: str) -> list[str]:
    return [line.removeprefix("#SBATCH ") for line in script.splitlines() if line.startswith("#SBATCH")]


def test_options_of_sbatch_are_passed_on_and_shards_with_nothing_left_are_dropped(cluster: Cluster) -> None:
    matrix = ("--task", "diabetes", "--task", "mlp", "--seeds", "0..1", *RIDGE)
    options = ("--shards", "4", "--nodes", "2", "--time", "12:00:00", "--partition", "long", "--mem", "32G", "--cpus", "8",
               "--sbatch=--account=mine")
    assert directives(cluster.printed(*matrix, *options)) == [
        "--job-name=run", "--array=1-4", "--ntasks=1", "--signal=TERM@90", "--nodes=2", "--time=12:00:00", "--partition=long",
        "--mem=32G", "--cpus-per-task=8", "--account=mine"]
    cluster.w2s("run", *matrix, "--shard", "2/4", "--executor", "here", check=0)
    script = cluster.printed(*matrix, *options)
    assert "--array=1,3..4".replace("..", "-") in directives(script) and "# 6 of 8 cells are left, in 3 of 4 shards." in script
    cluster.w2s("run", *matrix, "--executor", "here", check=0)
    done = cluster.w2s("slurm", *matrix, *options, check=0)
    assert done.stdout == "" and "nothing is left to compute" in done.stderr


def test_nothing_is_computed_or_made_by_printing(cluster: Cluster) -> None:
    before = set(os.listdir(cluster.w2s.folder)) | {"home"}
    cluster.printed("--task", "diabetes", *RIDGE)
    assert set(os.listdir(cluster.w2s.folder)) == before


@pytest.mark.parametrize("text", ["--account=a b", "account=a", "--account=a\n#SBATCH --wrap=rm", "--x='y", '--x="$(touch hit)"'])
def test_what_is_no_option_of_sbatch_is_refused(w2s: Command, text: str) -> None:
    assert "cannot stand in a line for sbatch" in w2s("slurm", "--task", "diabetes", *RIDGE, f"--sbatch={text}", check=2).stderr
    assert "cannot stand" in w2s("slurm", "--task", "diabetes", *RIDGE, f"--partition={text}\nx", check=2).stderr


def theirs(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the strategies of cluster_components.py."""
    folder, source = cluster.w2s.folder, Path(cluster_components.__file__)
    install(folder / "site", monkeypatch, "their-dist", {"theirs": "cluster_components"})
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder / "site"), str(source.parent)]))
    monkeypatch.setenv(cluster_components.NODE, "any")
    monkeypatch.setenv(cluster_components.MARKS, str(folder / "marks"))


@pytest.mark.slow
def test_only_what_asks_for_a_gpu_is_computed_where_that_is_asked_for(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs(cluster, monkeypatch)
    done = cluster.w2s("run", *ASKING, "--executor", "here", "--only", "gpu", "-o", "r", check=0)
    assert len((cluster.w2s.folder / "marks").read_text().splitlines()) == 8
    assert set(pl.read_parquet(cluster.w2s.folder / "r" / "rows.parquet")["status"]) == {"interrupted"}
    first = int(done.stdout.splitlines()[-1].split()[0])
    assert done.stdout.splitlines()[-1].startswith(f"{first} jobs computed of those that ask for a GPU")
    rest = cluster.w2s("run", *ASKING, "--executor", "here", "-o", "r", check=0).stdout
    whole = cluster.w2s("run", *ASKING, "--executor", "here", "--store", "other", "-o", "whole", check=0).stdout
    computed = [int(text.partition(" ok; ")[2].split()[0]) for text in (rest, whole)]
    assert first + computed[0] == computed[1] and computed[0] > 0


@pytest.mark.slow
def test_a_printed_script_computes_the_spec_whatever_its_names_hold(cluster: Cluster) -> None:
    folder = cluster.w2s.folder / "it's $(touch hit) `touch hit`\n#SBATCH --wrap=touch"
    folder.mkdir()
    rows = pl.DataFrame({"x": [i / 7 for i in range(60)], "y": [(i % 7) / 3 for i in range(60)]})
    rows.write_csv(folder / "a table.csv")
    (folder / "a spec.toml").write_text(
        'name = "odd"\n[[matrix]]\ntasks = ["arrays[path=\\"{data}/a table.csv\\"]", "diabetes"]\nmodels = ["raw", '
        '"random-features[width=8]"]\nstrategies = ["ridge"]\nseeds = [0, 1]\n')
    spec = (str(folder / "a spec.toml"), "--data", str(folder))
    script = cluster.printed(*spec, "--store", str(folder / "store"), "--shards", "2", "--partition", "long")
    assert cluster.submit(script) == ["job.sh"]
    cluster.w2s("merge", spec[0], "--data", str(folder), "-o", "m", check=0)
    cluster.w2s("run", *spec, "--store", str(folder / "own"), "-o", "r", check=0)
    one, other = (pl.read_parquet(cluster.w2s.folder / name / "bounds.parquet") for name in ("r", "m"))
    assert one.equals(other) and one.height
    assert not list(cluster.w2s.folder.rglob("hit"))


@pytest.mark.slow
def test_what_asks_for_a_gpu_is_an_array_of_its_own_that_goes_first(
        cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs(cluster, monkeypatch)
    cluster.w2s = Command(cluster.w2s.folder, apart=True)
    script = cluster.printed(*ASKING, "--shards", "2", "--gpu-partition", "gpus", "--partition", "long")
    submitted = cluster.submit(script)
    assert submitted == [
        "--parsable --array=1-2 --gres=gpu:1 --partition=gpus job.sh gpu", "--dependency=afterany:17 job.sh rest"]
    fits = (cluster.w2s.folder / "marks").read_text().splitlines()
    assert len(fits) == 8, "student, ceiling, gold and shuffled of two seeds, once each"
    statuses = [pl.read_parquet(path)["status"].to_list() for path in (cluster.w2s.folder / "w2s-runs").glob("*/rows.parquet")]
    assert statuses == [["ok", "ok"], ["ok", "ok"]]
