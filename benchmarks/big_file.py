"""Memory and time of a run on a file larger than memory: a matrix of embeddings in Parquet or in JSON lines.

    .venv/bin/python benchmarks/big_file.py [--from parquet|jsonl] [--rows N] [--columns] [--strategy NAME] [--limit MIB]

The file has 768 numbers a row, as one column of lists or as 768 columns, a label and an id. A run of one seed, with random
features as the weak model and the numbers as they are as the strong one, is made by processes of which none may have more than so
much memory of its own (RLIMIT_DATA: what is mapped from a file does not count). Printed are its seconds and the largest RssAnon.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from big_head import WIDTH, Peak

BLOCK = 8192


def main() -> None:
    """Print seconds and memory."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--from", dest="format", choices=("parquet", "jsonl"), default="parquet")
    asked.add_argument("--rows", type=int, default=2_000_000)
    asked.add_argument("--columns", action="store_true", help="768 columns of one number, in place of one of lists")
    asked.add_argument("--strategy", default="ridge")
    asked.add_argument("--limit", type=int, default=1536, help="MiB")
    asked.add_argument("--within", default="", help="folder of a run that is to be made here")
    asked.add_argument("--folder", default="", help="where file, store and run are written meanwhile")
    given = asked.parse_args()
    if given.within:
        print(json.dumps(measured(Path(given.within), given.strategy, given.limit << 20)))
        return
    with tempfile.TemporaryDirectory(dir=given.folder or None) as folder:
        classes = given.strategy.startswith("logistic")
        write = write_parquet if given.format == "parquet" else write_lines
        write(Path(folder) / f"data.{given.format}", given.rows, given.columns, classes)
        size = (Path(folder) / f"data.{given.format}").stat().st_size
        words = [sys.executable, __file__, "--within", folder, "--strategy", given.strategy, "--limit", str(given.limit)]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr[-3000:] + done.stdout[-3000:])
        told = json.loads(done.stdout.splitlines()[-1])
        shape = "columns" if given.columns else "lists"
        print(f"{given.strategy} on {given.rows:,} × {WIDTH} from {given.format} ({shape}, {size / 1e9:.2f} GB), within "
              f"{given.limit} MiB: {told['seconds']:.0f} s, {told['memory'] / 2**20:.0f} MiB; "
              f"statuses {told['statuses']}, errors {told['errors']}, "
              f"err_student {told['err_student']}")


def drawn(rows: int, classes: bool) -> tuple[np.random.Generator, np.ndarray]:
    """The generator of the features, and the noise of the labels."""
    return np.random.default_rng(0), np.random.default_rng(1).normal(size=rows) * (0.5 if classes else 1.0)


def blocks(rows: int, classes: bool):
    """First row, features (b, WIDTH) float32, labels (b,)."""
    random, noise = drawn(rows, classes)
    scale = np.linspace(0.1, 2.0, WIDTH, dtype=np.float32)
    for start in range(0, rows, BLOCK):
        x = random.standard_normal((min(BLOCK, rows - start), WIDTH), dtype=np.float32) * scale + np.float32(0.5)
        y = x[:, :300:60].sum(axis=1) + noise[start:start + len(x)]
        yield start, x, (y > 2.5).astype(np.int64) if classes else y


def write_parquet(path: Path, rows: int, columns: bool, classes: bool) -> None:
    """Row groups of 64 blocks, as wide as those of polars and of pandas are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer = None
    for start, x, y in blocks(rows, classes):
        ids = pa.array([f"case {start + at}" for at in range(len(x))])
        numbers = {f"f{at}": pa.array(x[:, at]) for at in range(WIDTH)} if columns else {
            "embedding": pa.ListArray.from_arrays(pa.array(np.arange(0, x.size + 1, WIDTH, dtype=np.int32)), pa.array(x.ravel()))}
        table = pa.table({"id": ids, **numbers, "y": pa.array(y)})
        writer = writer or pq.ParquetWriter(path, table.schema, use_dictionary=False)
        writer.write_table(table, row_group_size=BLOCK)
    assert writer is not None
    writer.close()


def write_lines(path: Path, rows: int, columns: bool, classes: bool) -> None:
    """As the JSON of Python writes float32."""
    with path.open("w", encoding="utf-8") as file:
        for start, x, y in blocks(rows, classes):
            for at, (row, label) in enumerate(zip(x, y.tolist(), strict=True)):
                numbers = ", ".join(map(str, row))
                if columns:
                    numbers = ", ".join(f'"f{place}": {number!s}' for place, number in enumerate(row))
                numbers = numbers if columns else f'"embedding": [{numbers}]'
                file.write(f'{{"id": "case {start + at}", {numbers}, "y": {label}}}\n')


class PeakOfEach(Peak):
    """The most anonymous memory of this process, or of one that it started, while it is entered."""

    def _look(self) -> None:
        import psutil

        while not self._ended.wait(0.02):
            each = [f"/proc/{child.pid}/status" for child in psutil.Process().children(recursive=True)]
            for status in ("/proc/self/status", *each):
                with contextlib.suppress(OSError, StopIteration):
                    lines = Path(status).read_text(encoding="utf-8").splitlines()
                    self.most = max(self.most, 1024 * int(next(line for line in lines if line.startswith("RssAnon:")).split()[1]))


def measured(folder: Path, strategy: str, limit: int) -> dict[str, object]:
    """A run in this process, and what it took."""
    import w2s_bench as w2s

    file = next(folder.glob("data.*"))
    output = ",output=classes" if strategy.startswith("logistic") else ""
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    started, peak = time.perf_counter(), PeakOfEach()
    with peak:
        run = w2s.run(tasks=[f"arrays[path={file}{output}]"], weak=["random-features[width=32]"], strong=["raw"],
                      strategies=[strategy], seeds=[0], folder=folder / "run", store=str(folder / "store"), executor="local",
                      workers=1)
    rows = run.rows
    return {"seconds": time.perf_counter() - started, "memory": float(peak.most),
            "statuses": rows["status"].to_list(), "errors": rows["error"].to_list(), "err_student": rows["err_student"].to_list()}


if __name__ == "__main__":
    main()
