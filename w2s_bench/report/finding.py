"""The one sentence that the rows of a run support."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from w2s_bench.scoring.flags import FEW_TEST_EXAMPLES
from w2s_bench.tables.laws import law_of
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
    said += [text for text in (_line(used), _explicit_count(used), _explicit_count_of_kl(used, bounds), _few(ok)) if text]
    missing = rows.height - ok.height
    said += [f"{missing} of {rows.height} cells gave no score"] if missing else []
    return "; ".join(said) + "."


def _beats(rows: pl.DataFrame) -> str:
    import polars as pl

    won = rows.filter(pl.col("gain") > 0).height
    clearly = rows.filter(pl.col("gain") > Z95 * pl.col("gain_se")).height
    said = (f"In {won} of {rows.height} weak-to-strong cells with status ok the student beats its teacher "
            f"({clearly} beyond test noise)")
    counted = rows.filter(pl.col("gain_accuracy").is_not_null())
    if counted.is_empty():
        return said
    won = counted.filter(pl.col("gain_accuracy") > 0).height
    clearly = counted.filter(pl.col("gain_accuracy") > Z95 * pl.col("gain_accuracy_se")).height
    return f"{said}, in accuracy in {won} of {counted.height} ({clearly})"


def _line(rows: pl.DataFrame) -> str:
    """Slope and correlation of gain on misfit; as shares of the teacher's error where there are several tasks."""
    import numpy as np
    import polars as pl

    several = rows["task_set"].str.split("[").list.first().n_unique() > 1 or rows["divergence"].n_unique() > 1
    usable = rows.filter(pl.all_horizontal(pl.col("gain", "misfit", "err_weak").is_finite()) & (pl.col("err_weak") > 0))
    below = usable["err_weak"].to_numpy() if several else np.ones(usable.height)
    x, y = usable["misfit"].to_numpy() / below, usable["gain"].to_numpy() / below
    if usable.height < 3 or not (x.std() > 0 and y.std() > 0):
        return ""
    slope, correlation = float(np.polyfit(x, y, 1)[0]), float(np.corrcoef(x, y)[0, 1])
    shares = ", both as shares of the teacher's error" if several else ""
    law = law_of(set(usable["divergence"].to_list()))
    return f"gain on misfit has slope {slope:.2f} (correlation {correlation:.2f}{shares}; {law} says 1)"


def _explicit_count(rows: pl.DataFrame) -> str:
    import polars as pl

    m, epsilon = pl.col("misfit"), pl.col("err_ceiling")
    apt = rows.filter(pl.col("divergence").is_in(["squared", "brier"]) & m.is_not_null() & epsilon.is_not_null())
    if apt.is_empty():
        return ""
    kept = apt.filter(pl.col("err_student") <= pl.col("err_weak") - m + 2.0 * (m * epsilon).sqrt()).height
    return f"the explicit bound of Theorem 2 is met in {kept} of {apt.height}"


def _explicit_count_of_kl(rows: pl.DataFrame, bounds: pl.DataFrame) -> str:
    """Counted from the bounds, for it rests on how far single predictions move; silent is a promise of no gain."""
    import polars as pl

    apt = rows.filter(pl.col("divergence") == "kl").join(bound_on_test(bounds), on=["run_id", "cell_key"], how="inner").filter(
        pl.all_horizontal(pl.col("lhs", "rhs").is_finite().fill_null(False)))
    if apt.is_empty():
        return ""
    kept, silent = (apt.filter(met).height for met in (pl.col("lhs") <= pl.col("rhs"), pl.col("lhs") <= 0.0))
    said = f"the explicit bound in nats (Mulgund and Pabbaraju) is met in {kept} of {apt.height}"
    return said + (f", where it promises no gain in {silent}" if silent else "")


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
