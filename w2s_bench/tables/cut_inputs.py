"""Which models read less than the whole of their inputs: texts longer than the context are cut, and said to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from w2s_bench.registry.short_names import short_names

if TYPE_CHECKING:
    import polars as pl

_SIZES = ("n_supervise", "n_transfer", "n_test")


def cut_inputs(rows: pl.DataFrame) -> pl.DataFrame:
    """Of each model and task set that any row of status ok cut inputs in: the model, task_set, and of the row with the largest
    share the inputs that were `cut`, those there were (`of`), and the `share`; the largest share first."""
    import polars as pl

    ok = rows.filter(pl.col("status") == "ok").with_columns(pl.sum_horizontal(_SIZES).alias("of"))
    sides = [ok.select("task_set", pl.col(side).alias("model"), pl.col(f"truncated_{side}").alias("cut"), "of")
             for side in ("weak", "strong") if f"truncated_{side}" in ok.columns]
    if not sides:
        schema = {"task_set": pl.String, "model": pl.String, "cut": pl.Int64, "of": pl.Int64, "share": pl.Float64}
        return pl.DataFrame(schema=schema)
    cut = pl.concat(sides).filter(pl.col("cut") > 0).with_columns((pl.col("cut") / pl.col("of")).alias("share"))
    return cut.sort("share", "task_set", "model", descending=[True, False, False]).unique(
        ["task_set", "model"], keep="first", maintain_order=True)


def cut_words(rows: pl.DataFrame) -> str:
    """How many inputs were cut at most and by which model, in one sentence; "" where none was."""
    cut = cut_inputs(rows)
    if cut.is_empty():
        return ""
    first = cut.row(0, named=True)
    models, tasks = short_names([*rows["weak"].unique(), *rows["strong"].unique()]), short_names(rows["task_set"].unique())
    whose = f"{models[first['model']]} on {tasks[first['task_set']]}"
    more = f"; a smaller share in {cut.height - 1} more" if cut.height > 1 else ""
    share = f"{100 * first['share']:.1f} %" if first["share"] >= 0.001 else "under 0.1 %"
    return f"{first['cut']:,} of {first['of']:,} inputs ({share}) were cut at the model's context: {whose}{more}."
