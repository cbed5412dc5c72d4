"""The one sentence that the rows of a run support, and the statement of gain and misfit that all commands make alike."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from w2s_bench.report.wording import Line, with_half
from w2s_bench.scoring.flags import FEW_TEST_EXAMPLES
from w2s_bench.tables.laws import divergence_of, explicit_bounds
from w2s_bench.tables.predictions import over_all
from w2s_bench.tables.summary import Z95, bound_on_test

if TYPE_CHECKING:
    import polars as pl


def sentence(rows: pl.DataFrame, bounds: pl.DataFrame) -> str:
    """What the rows show, in one sentence that counts what it leaves out."""
    import polars as pl

    ok = rows.filter((pl.col("status") == "ok") & pl.col("gain").is_not_null())
    if ok.is_empty():
        return f"No cell ended with status ok ({rows.height} planned), so there is nothing to read."
    forward = ok.filter(pl.col("direction") == "weak-to-strong")
    said = [_beats(forward)] if forward.height else [f"{ok.height} cells are ok, none of them weak-to-strong"]
    used = forward if forward.height else ok
    said += [text for text in (_law(used, bounds), *_met(used, bounds), _few(ok)) if text]
    missing = rows.height - ok.height
    said += [f"{missing} of {rows.height} cells gave no score"] if missing else []
    return "; ".join(said) + "."


def gain_on_misfit(line: Line) -> str:
    """What a line of `over_all` says of gain and misfit, and over which cells: the same in show, run, report and predict."""
    scale = ", in shares of the teacher's error because units differ" if line["divergence"] is None else ""
    return (f"over {line['n_truth']} {line['direction'] or 'scored'} cells of {line['task_sets']} task sets{scale}, gain / "
            f"misfit is {with_half(line, 'gain_over_misfit', 2)} (mean over task sets, 95 %)")


def _beats(rows: pl.DataFrame) -> str:
    import polars as pl

    won = rows.filter(pl.col("gain") > 0).height
    clearly = rows.filter(pl.col("gain") > Z95 * pl.col("gain_se")).height
    said = (f"In {won} of {rows.height} weak-to-strong cells with status ok the student beats its teacher "
            f"({clearly} beyond test noise)")
    of_classes = rows.filter(pl.col("gain_accuracy").is_not_null())
    if of_classes.is_empty():
        return said
    won = of_classes.filter(pl.col("gain_accuracy") > 0).height
    clearly = of_classes.filter(pl.col("gain_accuracy") > Z95 * pl.col("gain_accuracy_se")).height
    return f"{said}, in accuracy in {won} of {of_classes.height} ({clearly})"


def _law(rows: pl.DataFrame, bounds: pl.DataFrame) -> str:
    import polars as pl

    usable = rows.filter(pl.col("misfit").is_finite())
    whole = over_all(usable, bounds).to_dicts() if usable.height else []
    return gain_on_misfit(whole[0]) if whole and whole[0]["n_truth"] else ""


def _met(rows: pl.DataFrame, bounds: pl.DataFrame) -> list[str]:
    """How often each explicit bound is met; where it binds the gain from below alone, how often it promises none."""
    import polars as pl

    bounded = rows.join(bound_on_test(bounds), on=["run_id", "cell_key"], how="inner").filter(
        pl.all_horizontal(pl.col("lhs", "rhs").is_finite().fill_null(False)))
    said = []
    for bound in dict.fromkeys(explicit_bounds().values()):
        mine = [name for name, explicit in explicit_bounds().items() if explicit == bound]
        apt = bounded.filter(pl.col("divergence").is_in(mine))
        if apt.is_empty():
            continue
        promised = not all(found.two_sided for name in mine if (found := divergence_of(name)))
        silent = apt.filter(pl.col("lhs") <= 0.0).height if promised else 0
        said.append(f"{bound} is met in {apt.filter(pl.col('lhs') <= pl.col('rhs')).height} of {apt.height}"
                    + (f", where it promises no gain in {silent}" if silent else ""))
    return said


def _few(rows: pl.DataFrame) -> str:
    """What an accuracy on the smallest test set of classes is worth, where it is small."""
    import polars as pl

    from w2s_bench.scoring.shares import share_interval

    few = rows.filter((pl.col("n_test") < FEW_TEST_EXAMPLES) & pl.col("accuracy_student").is_finite())
    if few.is_empty():
        return ""
    sets = few["task_set"].unique(maintain_order=True).to_list()
    first = few.sort("n_test", maintain_order=True).row(0, named=True)
    n, accuracy = first["n_test"], first["accuracy_student"]
    low, high = share_interval(round(accuracy * n), n)
    more = f" (and {len(sets) - 1} more task sets)" if len(sets) > 1 else ""
    return (f"{first['task_set']}{more} has {n} test examples, too few: the student's accuracy of {100 * accuracy:.0f} % there "
            f"stands for anything from {math.floor(100 * low)} to {math.ceil(100 * high)} % (95 %)")
