"""`w2s-bench predict`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from w2s_bench.cli.table_options import columns_of, table_options, tables_of
from w2s_bench.cli.words import TableWords, as_record
from w2s_bench.contracts.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.report.table import Shown
    from w2s_bench.report.wording import Line


_OWN = ("weak", "student", "truth", "ceiling", "err_weak", "divergence")
"""What is said of files of one's own."""


class PredictWords(TableWords, frozen=True, kw_only=True):
    """What is typed after `predict`."""

    weak: str | None
    student: str | None
    truth: str | None
    ceiling: str | None
    err_weak: float | None
    divergence: str | None


@click.command("predict")
@table_options
@click.option("--weak", help="Your weak labels: a CSV, npz or Parquet file.")
@click.option("--student", help="Your student's predictions for the same ids.")
@click.option("--truth", help="Labels for a part of the ids (or all): how good is the prediction?")
@click.option("--ceiling", help="Predictions of the strong model fitted on the truth, for the labelled ids.")
@click.option("--err-weak", type=float, help="Error of the weak labels, if you know it: adds the student's predicted error.")
@click.option("--divergence", default=None,
              help="Loss of your files, one of `w2s-bench ls divergences`.  [default: squared errors, summed]")
@as_record(PredictWords)
def command(words: PredictWords) -> None:
    """Predict the gain of a student over its teacher: Theorem 1 says that it is the misfit, which needs no labels.

    For RUNS: the prediction of each group of cells, and how good it was. For your own files, no run needed:

    \b
        w2s-bench predict --weak weak.csv --student student.csv

    A file has a column `id` and one number or more for each id; every column but id is an output. Files are joined on id;
    several outputs are matched by name. With a divergence of classes they are probabilities that sum to 1.
    """
    if any(getattr(words, name) is not None for name in _OWN):
        from w2s_bench.report.own.prediction import OwnFiles, show_own_prediction

        for given, name in ((words.runs, "RUNS"), (words.condition, "--where"), (words.by, "--by"), (words.latest, "--latest")):
            if given:
                raise UsageError(f"{name} goes with runs, not with files of your own", hint="ask for one of the two")
        show_own_prediction(OwnFiles(**{name: getattr(words, name) for name in _OWN}), words.as_json, words.as_csv)
        return
    _of_runs(*tables_of(words.runs, words.condition, words.latest), words.by, words.as_json, words.as_csv)


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
    """One table a unit, then one line over all, and what the marks mean."""
    from w2s_bench.report.listing import print_table, say, short
    from w2s_bench.report.table import Table, words
    from w2s_bench.report.wording import measured_in
    from w2s_bench.tables.groups import UNIT

    shown = [key for key in keys if table[key].n_unique() > 1] or list(keys[:1])
    fixed = ", ".join(str(table[key][0]) for key in keys if key not in shown)
    names = [words(key, texts=short(table[key].to_list())) for key in shown]
    for _, part in table.group_by(UNIT, maintain_order=True):
        lines = tuple(part.to_dicts())
        print_table(Table(title=measured_in(lines[0]), about=fixed, columns=(*names, *_figures()), lines=lines))
    if table.height > 1 and whole.height:
        lines = tuple(whole.to_dicts())
        title = f"over all {lines[0]['direction'] or ''} cells".replace("  ", " ")
        print_table(Table(title=title, about=measured_in(lines[0]), columns=_figures(), lines=lines))
    say(_legend(table, whole))


def _figures() -> tuple[Shown, ...]:
    from w2s_bench.report.table import Shown, between_ends, count, interval, number
    from w2s_bench.report.wording import figure
    from w2s_bench.tables.relation import mark_of

    return (
        count("n_cells", "cells"), count("n_seeds", "seeds"),
        interval("misfit", "misfit =\npredicted gain", mark=lambda line: "*" if line["misfit_over"] == "test examples" else ""),
        number("gain"), interval("gain_over_misfit", "gain / misfit", digits=2), interval("slope", digits=2, mark=mark_of),
        between_ends("correlation", "correlation", digits=2, mark=mark_of),
        Shown(name="band_width", head="band /\nmisfit",
              cell=lambda line: "-" if line["band_width"] is None else f"± {figure(line['band_width'], 0, 2)}"),
        Shown(name="in_band", head="gain in\nband",
              cell=lambda line: f"{line['in_band']:.0%} of {line['banded']}" if line["banded"] else "-"))


def _legend(table: pl.DataFrame, whole: pl.DataFrame) -> list[str]:
    from w2s_bench.tables.laws import divergence_of
    from w2s_bench.tables.relation import MEANINGS

    rested = [*table["line_over"].to_list(), *whole["line_over"].to_list()]
    said = ["±: 95 % over seeds (Student-t). Line: gain on misfit."]
    said += [meaning for over, meaning in MEANINGS.items() if over in rested]
    said += ["* over test examples, where there is one cell."] if "test examples" in table["misfit_over"].to_list() else []
    declared = [divergence_of(name) for name in sorted(table["divergence"].drop_nulls().unique().to_list())]
    bands = list(dict.fromkeys(found.band for found in declared if found)) if table["banded"].sum() else []
    said += [f"band: {band}." for band in bands]
    bandless = table.filter((table["banded"] == 0) & (table["n_truth"] > 0))["divergence"].drop_nulls().unique().sort().to_list()
    said += [f"No band for {', '.join(bandless)}: the explicit bound of these cells is not known, which bounds.parquet beside "
             "the rows would hold."] if bandless else []
    return said


def _sentences(line: Line, divergences: set[str | None]) -> list[str]:
    """What one line over all says, and what the law says where its band is wide."""
    from w2s_bench.report.finding import gain_on_misfit
    from w2s_bench.report.wording import figure

    if not line["n_truth"]:
        return [f"No truth in these {line['n_cells']} cells: the misfit predicts the gain, and nothing here can check it."]
    told = gain_on_misfit(line, divergences)
    said = [f"{told[0].upper()}{told[1:]}."]
    if line["silent"] is not None:
        said.append(f"The explicit law allows a band of ± {figure(line['band_width'], 0, 2)} misfits on average. In "
                    f"{line['silent']} of {line['banded']} cells it is wider than the misfit, and there it does not say whether "
                    "the student gains at all.")
    return said
