"""Choices among teachers as tables: what each rule costs, setting by setting, over a suite, and rule against rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from w2s_bench.scoring.choice import duel, relative_regret
from w2s_bench.scoring.intervals import Estimate
from w2s_bench.scoring.lines import ENOUGH_TASKS
from w2s_bench.tables.choices import GROUP, MAIN, RULES, Rule
from w2s_bench.tables.groups import fields, groups, interval_schema
from w2s_bench.tables.inference import (
    NO_TERMS,
    Inferred,
    Terms,
    inferred,
    interval_columns,
    interval_types,
    over_of,
    over_task_sets,
)

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.tables.values import Schema, Values

SETTING = ("task_set", "strong", "strategy", "supervisor")
"""Students that differ only in draw and seed: their errors have one unit and one pool of teachers."""

ENOUGH_STUDENTS = 20
"""Students of a setting in a seed from which on the mean of their regrets is near enough to normal."""


def by_setting(made: pl.DataFrame, by: Sequence[str] | None = None, terms: Terms = NO_TERMS) -> pl.DataFrame:
    """One row a setting (or group of the columns `by`) and rule, from `choices`, with the columns of `_schema`.

    students: those for which the rule could choose; without: those for which a candidate lacked what it reads. chosen: the
    teacher taken most often, the first of several, and its share. crossed: share of the students that are judged on other
    examples than chose (`choices`). regret: mean over seeds with the interval of tables/inference.py, which is of this test set
    alone where seeds share it: what an example adds to a regret is not kept. regret_least, regret_most: means.
    relative_regret: mean regret over mean err_student of a random choice, a ratio of means. hits: share of choices that took
    what is best where they are judged. tau: mean over students. accuracy_student, regret_accuracy: means, null but for classes.
    Raises UsageError where a group mixes units.

    Regret of a good rule is mostly 0, and a mean of few such values is not normal: where 20 to 50 % of regrets are above 0,
    simulated 95 % intervals over 5 seeds cover 93 to 95 % with 20 students a seed, 89 % with 5 and 68 % with one.
    """
    import polars as pl

    keys = list(dict.fromkeys(by or SETTING))
    found = [{**names, **_figures(part.filter(pl.col("rule") == rule.name), part, terms)}
             for names, part in groups(made, keys) for rule in RULES]
    schema = {**{key: pl.Int64 if key == "seed" else pl.String for key in keys}, **_schema()}
    return pl.DataFrame(found, schema=schema, orient="row")


def over_suite(made: pl.DataFrame, terms: Terms = NO_TERMS) -> pl.DataFrame:
    """One row a rule: settings, task_sets, relative_regret with its interval, regret_over, and the duels of
    `predicted-error` against it: wins, ties, losses, win_rate (of all students of the duel).

    relative_regret is the plain mean over settings, because units differ. regret_over, a key of inference.MEANINGS: of one task
    set seeds or this test set, or, from 8 task sets on, task sets: the mean over a task set's settings and seeds is one value,
    and the interval speaks of other task sets too. Of 2 to 7 task sets there is none. A duel against `random` is against the
    mean error of all candidates.
    """
    import polars as pl

    found = [_suite_line(made, rule, terms) for rule in RULES]
    return pl.DataFrame(found, schema={
        "rule": pl.String, "may_look_at": pl.String, "settings": pl.Int64, "task_sets": pl.Int64, "students": pl.Int64,
        **interval_schema("relative_regret"), "regret_over": pl.String, "wins": pl.Int64, "ties": pl.Int64, "losses": pl.Int64,
        "win_rate": pl.Float64}, orient="row")


def _schema() -> Schema:
    import polars as pl

    return {"divergence": pl.String, "output_unit": pl.String, "rule": pl.String, "may_look_at": pl.String,
            "candidates": pl.Float64, "students": pl.Int64, "seeds": pl.Int64, "without": pl.Int64, "chosen": pl.String,
            "chosen_share": pl.Float64, "err_student": pl.Float64, "crossed": pl.Float64,
            **dict.fromkeys(_INFERRED, pl.Float64), **interval_types(_INFERRED), **interval_schema("relative_regret"),
            "regret_least": pl.Float64, "regret_most": pl.Float64,
            "hits": pl.Float64, "tau": pl.Float64, "accuracy_student": pl.Float64}


_INFERRED = ("regret", "regret_accuracy")


def _figures(mine: pl.DataFrame, part: pl.DataFrame, terms: Terms) -> Values:
    import polars as pl

    done = _with_expected(mine.drop_nulls("regret"), part)
    about = {name: mine[name][0] for name in ("divergence", "output_unit", "rule", "may_look_at")}
    counts = {"candidates": mine["candidates"].mean(), "students": done.height, "seeds": done["seed"].n_unique(),
              "without": mine.height - done.height}
    if done.is_empty():
        return {**about, **counts}
    names = done.drop_nulls("chosen").group_by("chosen").len().sort(pl.col("len"), pl.col("chosen"), descending=[True, False])
    return {**about, **counts, "chosen": names["chosen"][0] if names.height else None,
            "chosen_share": names["len"][0] / done.height if names.height else None, "err_student": done["err_student"].mean(),
            **interval_columns("regret", inferred(done, "regret", terms)), **fields("relative_regret", _relative(done)),
            "regret_least": done["regret_least"].mean(), "regret_most": done["regret_most"].mean(),
            "crossed": done["crossed"].mean(), "hits": done["hit"].mean(), "tau": done["tau"].mean(),
            "accuracy_student": done["accuracy_student"].mean(),
            **interval_columns("regret_accuracy", inferred(done, "regret_accuracy", terms))}


def _suite_line(made: pl.DataFrame, of: Rule, terms: Terms) -> Values:
    import polars as pl

    rule = of.name
    done = _with_expected(made.filter(pl.col("rule") == rule).drop_nulls("regret"), made)
    settings, task_sets = done.select(_setting(done)).n_unique(), done["task_set"].n_unique()
    line: Values = {"rule": rule, "may_look_at": of.may_look_at, "settings": settings, "task_sets": task_sets,
                    "students": done.height}
    if done.is_empty():
        return line
    alone = _relative(done) if task_sets == 1 else None
    found = Inferred(alone, over_of(done, terms), alone.n, 0) if alone else None
    found = _over_task_sets(done) if task_sets >= ENOUGH_TASKS else found
    return {**line, **fields("relative_regret", found.estimate if found else None), "regret_over": found.over if found else None,
            **_duel(made, rule)}


def _setting(made: pl.DataFrame) -> list[str]:
    """The columns of a setting: with the panel where choices were made panel by panel."""
    return [*(["panel"] if "panel" in made.columns else []), *SETTING]


def _student(made: pl.DataFrame) -> list[str]:
    return [*(["panel"] if "panel" in made.columns else []), *GROUP]


def _with_expected(done: pl.DataFrame, made: pl.DataFrame) -> pl.DataFrame:
    """With `expected`, the err_student of a random choice for the same student."""
    import polars as pl

    student = _student(made)
    chance = made.filter(pl.col("rule") == "random").select(*student, expected="err_student")
    return done.join(chance, on=student, how="left", nulls_equal=True, maintain_order="left")


def _relative(done: pl.DataFrame) -> Estimate | None:
    import polars as pl

    usable = _settings(done)
    if usable.is_empty():
        return None
    setting = usable.select(pl.struct(_setting(done)).rank("dense")).to_series()
    return relative_regret(*(column.to_numpy() for column in (usable["regret"], usable["expected"], setting, usable["seed"])))


def _settings(done: pl.DataFrame) -> pl.DataFrame:
    """Draws averaged: one row a setting and seed. A setting in which even a random choice errs by 0 has no relative regret."""
    import polars as pl

    keys = _setting(done)
    means = done.group_by(*keys, "seed", maintain_order=True).agg(pl.col("regret", "expected").mean())
    return means.filter(pl.col("expected").sum().over(keys) > 0)


def _over_task_sets(done: pl.DataFrame) -> Inferred:
    import polars as pl

    share = pl.col("regret").sum() / pl.col("expected").sum()
    ratios = _settings(done).group_by(_setting(done), maintain_order=True).agg(ratio=share)
    means = ratios.group_by("task_set", maintain_order=True).agg(pl.col("ratio").mean())["ratio"]
    return over_task_sets(means.to_numpy(), skewed=True)


def _duel(made: pl.DataFrame, rule: str) -> Values:
    import polars as pl

    if rule == MAIN:
        return {}
    student = _student(made)
    mine, theirs = (made.filter(pl.col("rule") == name).drop_nulls("err_student").select(*student, "err_student")
                    for name in (MAIN, rule))
    both = mine.join(theirs, on=student, how="inner", nulls_equal=True, maintain_order="left")
    if both.is_empty():
        return {}
    wins, ties, losses = duel(both["err_student"].to_numpy(), both["err_student_right"].to_numpy())
    return {"wins": wins, "ties": ties, "losses": losses, "win_rate": wins / both.height}
