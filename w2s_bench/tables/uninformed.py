"""Teachers that know no more than a constant: what they teach is in no average and wins no star, and is counted.

A flag that each seed raises by itself would choose the seeds in which noise was kind, so a teacher is judged over its seeds
together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from w2s_bench.registry.short_names import short_names
from w2s_bench.tables.panels import by_panel

if TYPE_CHECKING:
    import polars as pl

TEACHER = ("task_set", "weak", "supervisor")
"""What a teacher is: its labels do not depend on who learns from them."""
AT_CHANCE = "teacher-at-chance"
CLIPPED = "labels-clipped"
THROUGHOUT = ("constant-labels", "teacher-collapsed")
"""Flags that put a teacher out where every cell of its carries them; they are no matter of noise."""
_MOST_NAMED = 3


def uninformed(rows: pl.DataFrame) -> pl.DataFrame:
    """The teachers that are out, with the flag that puts them there: the columns of TEACHER, and `reason`.

    A teacher is at chance where it is flagged in a cell and errs no less than the best constant, averaged over its seeds; of a
    table that lacks the column `over_constant`, where all of its cells are flagged. docs/inference.md has how often that is so of
    teachers that know something, and of those that know nothing.
    """
    import polars as pl

    ok = rows.filter(pl.col("status") == "ok")
    flagged = [pl.col("flags").list.contains(flag).fill_null(False) for flag in (AT_CHANCE, *THROUGHOUT)]
    some = ok.filter(pl.any_horizontal(flagged))
    suspects = ok.join(some.select(TEACHER).unique(), on=list(TEACHER), how="semi", nulls_equal=True)
    found = [{**dict(zip(TEACHER, names, strict=True)), "reason": reason}
             for names, part in suspects.group_by(TEACHER, maintain_order=True) if (reason := _reason(part))]
    return pl.DataFrame(found, schema={**{name: rows.schema[name] for name in TEACHER}, "reason": pl.String}, orient="row")


def _reason(part: pl.DataFrame) -> str | None:
    """Why the teacher of these cells is out; None where it is not."""
    import polars as pl

    def share(flag: str) -> float:
        return float(part["flags"].list.contains(flag).fill_null(False).to_numpy().mean())

    if reason := next((flag for flag in THROUGHOUT if share(flag) == 1.0), None):
        return reason
    known = part.drop_nulls("over_constant")
    if known.is_empty():
        return AT_CHANCE if share(AT_CHANCE) == 1.0 else None
    if not share(AT_CHANCE):
        return None
    by_seed = known.group_by("seed", maintain_order=True).agg(pl.col("over_constant").mean())["over_constant"]
    return AT_CHANCE if float(by_seed.to_numpy().mean()) <= 0.0 else None


def told_apart(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows, with the reason in the place of the status `ok` where their teacher is out. Where no teacher is left, none is
    out: there is nobody to be set apart from, and the flags say what they are."""
    told = _told(rows)
    return told if (told["status"] == "ok").any() else rows


def nobody_left(rows: pl.DataFrame) -> str:
    """That no teacher is left to be told apart, in a sentence; "" where one is."""
    ok = (rows["status"] == "ok").any()
    return "No teacher of these rows is better than a constant." if ok and not (_told(rows)["status"] == "ok").any() else ""


def _told(rows: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    known = rows.join(uninformed(rows), on=list(TEACHER), how="left", nulls_equal=True, maintain_order="left")
    out = (pl.col("status") == "ok") & pl.col("reason").is_not_null()
    return known.with_columns(pl.when(out).then("reason").otherwise("status").alias("status")).select(rows.columns)


def averaged(rows: pl.DataFrame, keys: Sequence[str] = ()) -> pl.DataFrame:
    """The rows of status ok that averages by these columns are over: all but those of teachers that are out. A group that has no
    other teacher stays, for it spoils no average. By `panel` a row is there once for each of its panels."""
    import polars as pl

    rows = by_panel(rows) if "panel" in keys and "panel" not in rows.columns else rows
    ok = rows.filter(pl.col("status") == "ok")
    told = ok.with_columns(informed=_told(ok)["status"] == "ok")
    alone = ~pl.col("informed").any().over(list(keys)) if keys else pl.lit(False)
    return told.filter(pl.col("informed") | alone).drop("informed")


def clipped_words(rows: pl.DataFrame) -> str:
    """In how many cells gain and misfit rest on the clip of a divergence's domain, in one sentence; "" where in none."""
    import polars as pl

    ok = rows.filter(pl.col("status") == "ok")
    count = ok.filter(pl.col("flags").list.contains(CLIPPED)).height
    return (f"In {count} of {ok.height} cells weak labels are clipped (labels-clipped): gain and misfit there rest on where."
            if count else "")


def left_out_words(rows: pl.DataFrame, keys: Sequence[str] = ()) -> str:
    """How many cells are in no average by these columns, and whose they are, in one sentence; "" where all are in."""
    import polars as pl

    ok = rows.filter(pl.col("status") == "ok")
    out = ok.join(averaged(rows, keys).select("run_id", "cell_key").unique(), on=["run_id", "cell_key"], how="anti").unique(
        ["run_id", "cell_key"])
    if out.is_empty():
        return ""
    named = out.join(uninformed(rows), on=list(TEACHER), how="left", nulls_equal=True).group_by(
        "reason", "task_set", "weak").agg(pl.len()).sort("reason", "task_set", "weak")
    sets, models = short_names(ok["task_set"].unique().to_list()), short_names(ok["weak"].unique().to_list())
    said = []
    for reason in named["reason"].unique().sort().to_list():
        teachers = [f"{models[weak]} on {sets[task]}" for of, task, weak, _ in named.iter_rows() if of == reason]
        more = f" and {len(teachers) - _MOST_NAMED} more" if len(teachers) > _MOST_NAMED else ""
        said.append(f"{reason} ({', '.join(teachers[:_MOST_NAMED])}{more})")
    cells = ok.select("run_id", "cell_key").unique().height
    return f"In no average: {out.height} of {cells} cells, {'; '.join(said)}."
