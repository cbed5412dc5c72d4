"""`w2s-bench predict`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from w2s_bench.cli.table_options import columns_of, table_options, tables_of
from w2s_bench.contracts.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

_HEADS = ("cells", "seeds", "misfit =\npredicted gain", "gain", "gain / misfit", "slope", "correlation", "band /\nmisfit",
          "gain in\nband")


@click.command("predict")
@table_options
@click.option("--weak", help="Your weak labels: a CSV, npz or Parquet file.")
@click.option("--student", help="Your student's predictions for the same ids.")
@click.option("--truth", help="Labels for a part of the ids (or all): how good is the prediction?")
@click.option("--ceiling", help="Predictions of the strong model fitted on the truth, for the labelled ids.")
@click.option("--err-weak", type=float, help="Error of the weak labels, if you know it: adds the student's predicted error.")
@click.option("--divergence", default=None, help="Loss of your files: squared, squared-mean, brier or kl.  [default: squared]")
def command(runs: tuple[str, ...], condition: str | None, by: str | None, latest: bool, as_json: bool, as_csv: bool,
            **own: Any) -> None:
    """Predict the gain of a student over its teacher: Theorem 1 says that it is the misfit, which needs no labels.

    For RUNS: the prediction of each group of cells, and how good it was. For your own files, no run needed:

    \b
        w2s-bench predict --weak weak.csv --student student.csv

    A file has a column `id` and one number or more for each id; every column but id is an output. Files are joined on id;
    several outputs are matched by name. For brier and kl the outputs are probabilities that sum to 1.
    """
    if any(value is not None for value in own.values()):
        from w2s_bench.report.own_prediction import show_own_prediction

        for given, name in ((runs, "RUNS"), (condition, "--where"), (by, "--by"), (latest, "--latest")):
            if given:
                raise UsageError(f"{name} goes with runs, not with files of your own", hint="ask for one of the two")
        show_own_prediction(**own, as_json=as_json, as_csv=as_csv)
        return
    if not runs:
        raise UsageError("nothing to predict from", hint="w2s-bench predict RUN, or --weak weak.csv --student student.csv")
    _of_runs(*tables_of(runs, condition, latest, "predict"), by, as_json, as_csv)


def _of_runs(rows: pl.DataFrame, bounds: pl.DataFrame, by: str | None, as_json: bool, as_csv: bool) -> None:
    import polars as pl

    from w2s_bench.report.listing import print_csv, print_json, say
    from w2s_bench.tables.predictions import default_keys, over_all, predictions
    from w2s_bench.tables.summary import GROUPABLE

    keys = columns_of(by, GROUPABLE) or default_keys(rows)
    table, whole = predictions(rows, bounds, keys), over_all(rows, bounds)
    divergences = set(rows["divergence"].drop_nulls().to_list())
    said = _sentences(whole.to_dicts()[0], divergences) if whole.height else []
    if as_json:
        print_json({"groups": table.to_dicts(), "over_all": whole.to_dicts()[0] if whole.height else None, "says": said})
    elif as_csv:
        print_csv(pl.concat([table, whole], how="diagonal"))
    else:
        _print(table, whole, keys)
        say(said)


def _print(table: pl.DataFrame, whole: pl.DataFrame, keys: Sequence[str]) -> None:
    """One table a unit, then one line over all."""
    from w2s_bench.report.listing import print_table, say, short
    from w2s_bench.tables.groups import UNIT
    from w2s_bench.tables.relation import MEANINGS

    shown = [key for key in keys if table[key].n_unique() > 1] or list(keys[:1])
    fixed = ", ".join(str(table[key][0]) for key in keys if key not in shown)
    labels = {key: short(table[key].to_list()) for key in shown}
    for _, part in table.group_by(UNIT, maintain_order=True):
        lines = [[*(labels[key][line[key]] for key in shown), *_figures(line)] for line in part.to_dicts()]
        print_table(_unit(part.row(0, named=True)), fixed, [*shown, *_HEADS], lines, len(shown))
    if table.height > 1:
        lines = [_figures(line) for line in whole.to_dicts()]
        print_table("over all", _unit(whole.row(0, named=True)) if whole.height else "", _HEADS, lines, 0)
    rested = [*table["line_over"].to_list(), *whole["line_over"].to_list()]
    words = ["±: 95 % over seeds (Student-t). Line: gain on misfit."]
    words += [meaning for over, meaning in MEANINGS.items() if over in rested]
    words += ["* over test examples, where there is one cell."] if "test examples" in table["misfit_over"].to_list() else []
    kinds = set(table["divergence"].to_list()) if table["banded"].sum() else set()
    words += [("band: Theorem 2 in its explicit form, |gain − misfit| ≤ 2·sqrt(misfit·ε), ε the ceiling's error, for an exact "
               "projection onto a linear class.")] if kinds - {"kl"} else []
    words += [("band of kl: kl-explicit, gain ≥ misfit − sqrt(ε/2 · E osc²), ε the ceiling's cross-entropy, osc how far the "
               "student moves the log-odds, for a student that minimises KL(student ‖ weak) over a class convex in "
               "probabilities. It has no upper end.")] if "kl" in kinds else []
    without = table.filter((table["divergence"] == "kl") & (table["banded"] == 0) & (table["n_truth"] > 0)).height
    words += ["No band for kl: kl-explicit of these cells is not known, which bounds.parquet beside the rows would hold."] if (
        without) else []
    say(words)


def _unit(line: dict[str, Any]) -> str:
    from w2s_bench.tables.summary import unit_of

    if line["divergence"] is None:
        return str(line["output_unit"])
    unit = unit_of(line["divergence"], line["output_unit"])
    return str(line["divergence"]) + (f" in {unit}" if unit else "")


def _figures(line: dict[str, Any]) -> list[str]:
    from w2s_bench.report.listing import between, with_half
    from w2s_bench.report.terminal_table import figure
    from w2s_bench.tables.relation import MARKS

    mark = MARKS[line["line_over"]]
    inside = f"{line['in_band']:.0%} of {line['banded']}" if line["banded"] else "-"
    return [str(line["n_cells"]), str(line["n_seeds"]),
            with_half(line, "misfit", 3, "*" if line["misfit_over"] == "test examples" else ""), figure(line["gain"]),
            with_half(line, "gain_over_misfit", 2), with_half(line, "slope", 2, mark), between(line, "correlation", 2, mark),
            f"± {figure(line['band_width'], 0, 2)}" if line["band_width"] is not None else "-", inside]


def _sentences(line: dict[str, Any], divergences: set[str | None]) -> list[str]:
    """What one line over all says, and what the law says where its band is wide."""
    from w2s_bench.report.listing import between, with_half
    from w2s_bench.report.terminal_table import figure
    from w2s_bench.tables.laws import law_of

    if not line["n_truth"]:
        return [f"No truth in these {line['n_cells']} cells: the misfit predicts the gain, and nothing here can check it."]
    scale = ", in shares of the teacher's error, because units differ" if line["divergence"] is None else ""
    said = [f"Over all {line['n_truth']} cells{scale}: mean gain / mean misfit {with_half(line, 'gain_over_misfit', 2)} "
            f"({law_of(divergences)} says 1 or more)"]
    if line["line_over"]:
        said[0] += (f"; gain on misfit has slope {between(line, 'slope', 2)} and correlation {between(line, 'correlation', 2)}, "
                    f"intervals over {'cells' if line['line_over'] == 'cells' else 'seeds'}")
    said[0] += "."
    if line["silent"] is not None:
        law, when = ("The law", "") if "kl" in divergences else ("Theorem 2", " (ε above misfit / 4)")
        said.append(f"{law} allows a band of ± {figure(line['band_width'], 0, 2)} misfits on average. In {line['silent']} of "
                    f"{line['banded']} cells it is wider than the misfit{when}, and there the law does not say "
                    "whether the student gains at all.")
    return said
