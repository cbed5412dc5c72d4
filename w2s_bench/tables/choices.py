"""Rows of cells as choices among teachers: what each rule takes for a student, and how the rules compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from w2s_bench.contracts.errors import DataError
from w2s_bench.scoring.arrays import Array
from w2s_bench.scoring.choice import Choice, best_between, choose, choose_across, choose_at_random
from w2s_bench.scoring.halves import HALVED, HALVES
from w2s_bench.tables.inference import SHARING

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.tables.values import Schema, Values

GROUP = ("task_set", "task", "strong", "strategy", "supervisor", "seed")
"""A student that waits for a teacher. Rows that agree in these are its candidates, one for each weak model."""


@dataclass(frozen=True)
class Rule:
    """A way to choose a teacher. criterion: from the candidates' columns to one number each, of which the smallest wins;
    None for a choice at random. reads: the columns that it needs. may_look_at: what a person who follows it must have."""

    name: str
    may_look_at: str
    reads: tuple[str, ...] = ()
    criterion: Callable[..., Array] | None = None


RULES = (
    Rule("predicted-error", "teacher's labelled error, unlabelled inputs", ("err_weak", "misfit"), lambda e, m: e - m),
    Rule("lowest-err-weak", "teacher's labelled error", ("err_weak",), lambda e: e),
    Rule("highest-misfit", "unlabelled inputs", ("misfit",), lambda m: -m),
    Rule("lowest-projection-gap", "unlabelled inputs", ("projection_gap",), lambda gap: gap),
    Rule("random", "nothing"),
    Rule("oracle", "truth", ("err_student",), lambda e: e),
)
MAIN = RULES[0].name


def choices(rows: pl.DataFrame, within: tuple[str, ...] = ()) -> pl.DataFrame:
    """One row for each student and rule: task_set, task, strong, strategy, supervisor, seed, rule, may_look_at, chosen,
    err_student, regret, regret_least, regret_most, hit, tau, accuracy_student, regret_accuracy, crossed, candidates, best,
    divergence, output_unit, and the columns of SHARING that the rows have.

    Candidates are rows with status ok; students with fewer than two are left out (`lone_students` lists them). chosen: the
    weak model taken on all test examples, null for `random`, whose figures are expectations. Where a candidate lacks what a
    rule reads, chosen, err_student, regret, hit and tau of that rule are null. crossed: the figures are of choices on one half of
    the test examples, judged on the other; false where a candidate's row lacks the halves, and then what chooses judges and
    regret is too small. best: the weak model with the least err_student.
    accuracy_student is that of the student of the chosen teacher, regret_accuracy that of the best candidate less it (so
    that the oracle, who minimises err_student, may have some); both null unless every candidate is scored as classes.
    within: further columns that candidates must agree in, such as `panel`, put first. Sorted as GROUP, rules as in RULES.
    Raises DataError where nothing can be chosen.
    """
    import polars as pl

    keys = (*within, *GROUP)
    found = [line for names, part in _students(rows, keys) if part.height > 1 for line in _lines(names, part)]
    if not found:
        raise _nothing_to_choose(rows, keys)
    figures = ("err_student", "regret", "regret_least", "regret_most", "hit", "tau", "accuracy_student", "regret_accuracy")
    schema: Schema = {
        **{key: rows.schema[key] for key in keys}, "rule": pl.String, "may_look_at": pl.String, "chosen": pl.String,
        **dict.fromkeys(figures, pl.Float64), "crossed": pl.Boolean, "candidates": pl.Int64, "best": pl.String,
        "divergence": pl.String, "output_unit": pl.String,
        **{name: rows.schema[name] for name in SHARING if name in rows.columns}}
    return pl.DataFrame(found, schema=schema, orient="row")


def lone_students(rows: pl.DataFrame, within: tuple[str, ...] = ()) -> pl.DataFrame:
    """The students (the columns of GROUP) with one candidate, and its name as `weak`: there is nothing to choose."""
    import polars as pl

    keys = (*within, *GROUP)
    found = [{**names, "weak": part["weak"][0]} for names, part in _students(rows, keys) if part.height == 1]
    return pl.DataFrame(found, schema={**{key: rows.schema[key] for key in keys}, "weak": pl.String}, orient="row")


def _students(rows: pl.DataFrame, keys: tuple[str, ...]) -> Iterator[tuple[Values, pl.DataFrame]]:
    import polars as pl

    usable = rows.filter((pl.col("status") == "ok") & pl.col("err_student").is_finite()).sort(
        *keys, "weak", nulls_last=True, maintain_order=True).unique([*keys, "weak"], keep="first", maintain_order=True)
    for values, part in usable.group_by(keys, maintain_order=True):
        yield dict(zip(keys, values, strict=True)), part


def _lines(names: Values, part: pl.DataFrame) -> Iterator[Values]:
    crossed = _finite(part, _halves_of(HALVED))
    about = {"crossed": crossed, "candidates": part.height, "best": part["weak"][int(_column(part, "err_student").argmin())],
             "divergence": part["divergence"][0], "output_unit": part["output_unit"][0],
             **{name: part[name][0] for name in SHARING if name in part.columns}}
    for rule in RULES:
        made = _choice(rule, part, crossed)
        figures = {name: getattr(made, name) for name in ("err_student", "regret", "regret_least", "regret_most", "hit", "tau")
                   } | _in_accuracy(made, part) if made else {}
        chosen = part["weak"][made.index] if made and made.index is not None else None
        yield {**names, "rule": rule.name, "may_look_at": rule.may_look_at, "chosen": chosen, **figures, **about}


def _choice(rule: Rule, part: pl.DataFrame, crossed: bool) -> Choice | None:
    errors = _on_halves(part, "err_student") if crossed else _column(part, "err_student")
    if rule.criterion is None:
        return choose_at_random(errors)
    if not _finite(part, rule.reads):
        return None
    whole = rule.criterion(*(_column(part, name) for name in rule.reads))
    if not crossed:
        return choose(whole, errors)
    read = [_on_halves(part, name) if name in HALVED else np.stack([_column(part, name)] * 2) for name in rule.reads]
    return choose_across(whole, rule.criterion(*read), errors)


def _in_accuracy(made: Choice, part: pl.DataFrame) -> dict[str, float]:
    """The accuracy of the student of each choice, where it is judged, and how far it is from that of the best."""
    if not _finite(part, ("accuracy_student",)):
        return {}
    if (made.halves is None and made.index is not None) or not _finite(part, _halves_of(("accuracy_student",))):
        accuracies = _column(part, "accuracy_student")
        mine = float(accuracies.mean() if made.index is None else accuracies[made.index])
        return {"accuracy_student": mine, "regret_accuracy": float(accuracies.max()) - mine}
    halves = _on_halves(part, "accuracy_student")
    best = -sum(best_between(-halves)) / 2.0
    mine = float(halves.mean()) if made.halves is None else float(halves[1, made.halves[0]] + halves[0, made.halves[1]]) / 2.0
    return {"accuracy_student": mine, "regret_accuracy": best - mine}


def _column(part: pl.DataFrame, name: str) -> Array:
    return np.asarray(part[name].to_numpy(), dtype=np.float64)


def _on_halves(part: pl.DataFrame, name: str) -> Array:
    """(2, c)."""
    return np.stack([_column(part, f"{name}_half{half}") for half in HALVES])


def _halves_of(names: Sequence[str]) -> list[str]:
    return [f"{name}_half{half}" for name in names for half in HALVES]


def _finite(part: pl.DataFrame, names: Sequence[str]) -> bool:
    import polars as pl

    if not set(names) <= set(part.columns):
        return False
    return bool(part.select(pl.all_horizontal(pl.col(names).is_finite().fill_null(False)).all()).item())


def _nothing_to_choose(rows: pl.DataFrame, keys: tuple[str, ...]) -> DataError:
    import polars as pl

    ok = rows.filter(pl.col("status") == "ok")
    if ok.is_empty():
        return DataError(f"no candidates: none of {rows.height} rows has status ok", hint="w2s-bench show says what went wrong")
    scored = ok.filter(pl.col("err_student").is_finite())
    if scored.is_empty():
        return DataError(f"no row of {ok.height} holds err_student, so no choice can be judged",
                         hint="selection is measured against the truth of the test split")
    students = scored.select(keys).unique(maintain_order=True)
    first = ", ".join(f"{key} {value}" for key, value in scored.sort(*keys, nulls_last=True).row(0, named=True).items()
                      if key in ("task", "strong", "strategy", "supervisor", "seed"))
    return DataError(f"one candidate only: each of {students.height} students has a single teacher, such as {first}",
                     hint="run several --weak models for one --strong model, or loosen --where")
