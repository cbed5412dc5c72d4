"""A sweep on frozen features beside fine-tuning practice, which passes every text through the network for each fit and epoch.

    .venv/bin/python benchmarks/feature_sweep.py [--epochs 3] [--examples 3000]

Four GPT-2-shaped models, all 12 ordered pairs, 3 seeds, 3 losses, on short functions of the standard library with a class. The
sweep is run whole by `w2s-bench run` from an empty store and timed. Practice is counted from the same plan and priced by the
forward passes that the sweep itself timed: each fit passes its split through its model `--epochs` times, and its predictions
pass all splits once. Backward passes, about twice a forward one, are left out, and so is the refitting of what cells share
unless the line says so: the ratios are lower bounds.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from w2s_bench.store.artifacts import Store

WIDTHS = (96, 128, 192, 256)
LOSSES = "mlp-head[hidden=0,epochs=20,loss=[xent,logconf,entropy]]"


@dataclass(frozen=True)
class Forward:
    """Seconds of one text's pass through each model, by its key, and how many texts were passed in all."""

    seconds: dict[str, float]
    passes: int


def write_table(path: Path, examples: int) -> int:
    """Functions with a class: whether they loop. Returns how many."""
    from w2s_text.python_functions import PythonFunctions

    pool = PythonFunctions(limit=examples).pool()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for text in pool.inputs["text"]:
            writer.writerow([text, "loop" if "for " in text or "while " in text else "straight"])
    return len(pool.ids)


def forward_passes(store: Store, texts: int) -> Forward:
    """What the sweep's embed jobs cost."""
    found: dict[str, float] = {}
    for key in store.keys():  # noqa: SIM118
        about = store.about(key)
        if about is not None and about["recipe"]["stage"] == "embed":
            found[about["recipe"]["model"]] = about["seconds"] / texts
    return Forward(found, texts * len(found))


def fits_by_model(store: Store) -> Counter[tuple[str, str, str]]:
    """How many fits there are of each (model, split, source)."""
    model_of, fits = {}, []
    for key in store.keys():  # noqa: SIM118
        about = store.about(key)
        if about is not None and about["recipe"]["stage"] == "embed":
            model_of[key] = about["recipe"]["model"]
        elif about is not None and about["recipe"]["stage"] == "fit":
            fits.append(about["recipe"])
    return Counter((model_of[fit["embeds"][0]], fit["part"], fit["source"]) for fit in fits)


def main() -> None:
    """Run the sweep and print both sides."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--examples", type=int, default=3000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        texts = write_table(Path(place) / "functions.csv", given.examples)
        models = f"nano[width=[{','.join(map(str, WIDTHS))}],layers=4,steps=2,corpus=python]"
        words = ["run", "--task", f'text[path="{place}/functions.csv",output=classes]', "--models", models, "--seeds", "0..2",
                 "--supervisor", "logistic", "--strategy", LOSSES, "--store", f"{place}/store", "-o", f"{place}/run", "--quiet"]
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", "from w2s_bench.cli.main import main; main()", *words], check=True)
        seconds = time.perf_counter() - started
        rows = pl.read_parquet(f"{place}/run/rows.parquet")
        store = Store(f"{place}/store")
        forward, fits = forward_passes(store, texts), fits_by_model(store)
    sizes = {part: int(rows[f"n_{part}"][0]) for part in ("supervise", "transfer", "test")}
    passes, priced = 0, 0.0
    for (model, part, source), count in fits.items():
        if source != "none":
            each = given.epochs * sizes[part] + sum(sizes.values())
            passes, priced = passes + count * each, priced + count * each * forward.seconds[model]
    alone = rows.height * (given.epochs * (2 * sizes["transfer"] + sizes["supervise"]) + 3 * sum(sizes.values()))
    mean = float(np.mean(list(forward.seconds.values())))
    print(f"{rows.height} cells, {texts} texts, {len(WIDTHS)} models, 3 seeds, 3 losses: {seconds:.0f} s in all")
    print(f"texts passed through a network: {forward.passes} here; {passes} in practice ({passes / forward.passes:.0f} ×); "
          f"{alone} where each cell refits all that it needs ({alone / forward.passes:.0f} ×)")
    print(f"forward passes of practice alone: {priced:.0f} s, {priced / seconds:.1f} × the whole sweep; "
          f"refitting each cell: {alone * mean:.0f} s, {alone * mean / seconds:.1f} ×")


if __name__ == "__main__":
    main()
