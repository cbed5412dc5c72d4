"""`w2s-bench predict`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from w2s_bench.cli.table_options import columns_of, refuse_runs, runs_or_latest, table_options, tables_of, terms_over
from w2s_bench.cli.words import TableWords, as_record

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.report.table import Shown


_OWN = ("weak", "student", "truth", "ceiling", "err_weak", "delta", "divergence")
"""What is said of files of one's own."""


class PredictWords(TableWords, frozen=True, kw_only=True):
    """What is typed after `predict`."""

    weak: str | None
    student: str | None
    truth: str | None
    ceiling: str | None
    err_weak: float | None
    delta: float | None
    divergence: str | None


@click.command("predict")
@table_options
@click.option("--weak", help="Your weak labels: a CSV, npz or Parquet file.")
@click.option("--student", help="Your student's predictions for the same ids.")
@click.option("--truth", help="Labels for a part of the ids (or all): the gain is measured there.")
@click.option("--ceiling", help="Predictions of the strong model fitted on the truth, for the labelled ids.")
@click.option("--err-weak", type=float, help="Error of the weak labels, if you know it.")
@click.option("--delta", type=float, help="By how much the student's misfit is above the least in its class on these ids, if you "
                                          "know it; 0 for the best fit there is. With --truth and --ceiling: the law's band.")
@click.option("--divergence", default=None,
              help="Loss of your files, one of `w2s-bench ls divergences`.  [default: squared errors, summed]")
@as_record(PredictWords)
def command(words: PredictWords) -> None:
    """What the misfit says of the gain of a student over its teacher, and under which conditions.

    The misfit, how far the student is from the weak labels, needs no truth. It is the gain only where the student is the best
    fit to the weak labels in a convex class that holds the truth; this says what is known of that. For RUNS: group by group,
    with the band that the law certifies and the gain beside it. For your own files, no run needed:

    \b
        w2s-bench predict --weak weak.csv --student student.csv

    A file has a column `id` and one number or more for each id; every column but id is an output. Files are joined on id;
    several outputs are matched by name. With a divergence of classes they are probabilities that sum to 1.
    """
    if any(getattr(words, name) is not None for name in _OWN):
        from w2s_bench.report.own.prediction import OwnFiles, show_own_prediction

        refuse_runs(words)
        show_own_prediction(OwnFiles(**{name: getattr(words, name) for name in _OWN}), words.as_json, words.as_csv)
        return
    _of_runs(words)


def _of_runs(words: PredictWords) -> None:
    import polars as pl

    from w2s_bench.report.listing import print_csv, print_json, say
    from w2s_bench.tables.predictions import default_keys, over_all, predictions
    from w2s_bench.tables.summary import GROUPABLE
    from w2s_bench.tables.uninformed import clipped_words, left_out_words

    runs = runs_or_latest(words.runs)
    rows, bounds = tables_of(list(map(str, runs)), words.condition, words.latest)
    terms = terms_over(runs, words.over)
    keys = columns_of(words.by, GROUPABLE) or default_keys(rows)
    table, whole = predictions(rows, bounds, keys, terms), over_all(rows, bounds)
    said = _sentences(predictions(rows, bounds, ["task_set", "divergence"], terms), whole)
    said += filter(None, [left_out_words(rows, keys), clipped_words(rows)])
    if words.as_json:
        print_json({"groups": table.to_dicts(), "over_all": whole.to_dicts()[0] if whole.height else None, "says": said})
    elif words.as_csv:
        print_csv(pl.concat([table, whole], how="diagonal"))
    else:
        _print(table, whole, keys)
        say(said)


def _print(table: pl.DataFrame, whole: pl.DataFrame, keys: Sequence[str]) -> None:
    """One table a unit, one line over all task sets where there are enough, and what the marks mean."""
    from w2s_bench.report.listing import print_table, say, short
    from w2s_bench.report.table import Table, count, words
    from w2s_bench.report.wording import measured_in
    from w2s_bench.tables.groups import UNIT

    shown = [key for key in keys if table[key].n_unique() > 1] or list(keys[:1])
    fixed = ", ".join(str(table[key][0]) for key in keys if key not in shown)
    names = [words(key, texts=short(table[key].to_list())) for key in shown]
    rested = table["line_over"].to_list()
    for _, part in table.group_by(UNIT, maintain_order=True):
        lines = tuple(part.to_dicts())
        print_table(Table(title=measured_in(lines[0]), about=fixed, columns=(*names, *_figures(rested)), lines=lines))
    if whole.height:
        lines = tuple(whole.to_dicts())
        title = f"over {lines[0]['direction'] or ''} cells of {lines[0]['task_sets']} task sets".replace("  ", " ")
        print_table(Table(title=title, about=measured_in(lines[0]), columns=(count("task_sets", "task sets"), *_figures(())),
                          lines=lines))
    say(_legend(table, whole))


def _figures(rested: Sequence[str | None]) -> tuple[Shown, ...]:
    """rested: what the lines of gain on misfit rest on, None where a group has none."""
    from w2s_bench.report.table import Shown, count, interval, marked_interval
    from w2s_bench.report.wording import figure
    from w2s_bench.tables.relation import marks_of

    of_line = marks_of(rested)
    line = tuple(interval(name, digits=digits, mark=lambda line: of_line[line["line_over"]])
                 for name, digits in (("slope", 2), ("intercept", 3))) if any(rested) else ()
    return (
        count("n_cells", "cells"), count("n_seeds", "seeds"),
        marked_interval("misfit"), marked_interval("gain"), marked_interval("gain_over_misfit", "gain / misfit", digits=2), *line,
        Shown(name="band_width", head="band /\nmisfit",
              cell=lambda line: "-" if line["band_width"] is None else figure(line["band_width"], 0, 2)),
        Shown(name="narrow", head="band <\nmisfit",
              cell=lambda line: f"{line['narrow']} of {line['n_truth']}" if line["n_truth"] else "-"))


def _legend(table: pl.DataFrame, whole: pl.DataFrame) -> list[str]:
    from w2s_bench.report.wording import intervals_in_words
    from w2s_bench.tables.laws import explicit_bounds, inexact_bounds
    from w2s_bench.tables.relation import NO_LINE, OF_GAIN, meanings_of

    over = [over for part in (table, whole) for name in ("misfit", "gain", "gain_over_misfit")
            for over in part[f"{name}_over"].to_list()]
    rested = table["line_over"].to_list()
    said = [f"{intervals_in_words(over)}."]
    if any(rested):
        said.append(f"{OF_GAIN[:-1]}; {NO_LINE}.")
        said += meanings_of(table)
    if table["banded"].sum():
        named = sorted(table["divergence"].drop_nulls().unique().to_list())
        bounds = [found[name] for found in (explicit_bounds(), inexact_bounds()) for name in named if name in found]
        said.append("band: how far below the misfit the law lets the gain be, with what is known of ε and δ on the test sample "
                    f"({' or '.join(dict.fromkeys(bounds))}, every assumption certified).")
    return said


def _sentences(sets: pl.DataFrame, whole: pl.DataFrame) -> list[str]:
    """What is known of these cells, from one line a task set and divergence, and what was measured."""
    from w2s_bench.report.finding import gain_on_misfit

    cells, truth, banded, narrow, no_delta, unsure, loses = (int(sets[name].sum()) for name in (
        "n_cells", "n_truth", "banded", "narrow", "no_delta", "not_certified", "loses"))
    said = ["The misfit needs no truth. It is the gain only of a student that is the best fit to the weak labels, on such "
            "inputs (δ = 0), in a convex class that holds the truth (ε = 0)."]
    if not truth:
        return [*said, f"No truth in these {cells} cells: ε is not known, so no gain is predicted and none can be checked."]
    why = [f"{banded - narrow} have a band as wide as the misfit or wider"] if banded > narrow else []
    why += [f"of {no_delta} δ is not known"] if no_delta else []
    why += [f"of {unsure} it is not certified that the class is convex and holds the ceiling, or the fit exact"] * bool(unsure)
    if narrow:
        said.append(f"In {narrow} of {truth} cells the law certifies a band narrower than the misfit: there the misfit predicts "
                    "a gain, of the misfit less the band or more." + (f" Of the others {', '.join(why)}." if why else ""))
    else:
        said.append(f"In none of {truth} cells does the law certify a band narrower than the misfit, so the misfit predicts no "
                    f"gain here: {', '.join(why)}.")
    said.append(f"Measured, the student errs more than its teacher in {loses} of {truth} cells.")
    if whole.height:
        told = gain_on_misfit(whole.to_dicts()[0])
        said.append(f"{told[0].upper()}{told[1:]}.")
    return said
