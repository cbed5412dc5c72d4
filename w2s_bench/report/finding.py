"""The one sentence that the rows of a run support: the same in show, run, report and a published page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from w2s_bench.contracts.data import DIRECTIONS
from w2s_bench.registry.short_names import short_names
from w2s_bench.report.wording import Line, counted, mark_of, measured_in, rounding, scale_of, with_half
from w2s_bench.scoring.flags import FEW_TEST_EXAMPLES
from w2s_bench.scoring.ratios import NOTHING
from w2s_bench.tables.cut_inputs import cut_words
from w2s_bench.tables.inference import NO_TERMS, Terms
from w2s_bench.tables.summary import summary
from w2s_bench.tables.uninformed import clipped_words

if TYPE_CHECKING:
    import polars as pl

_AHEAD, _BACK = DIRECTIONS[0], DIRECTIONS[-1]


def sentence(rows: pl.DataFrame, bounds: pl.DataFrame, terms: Terms = NO_TERMS) -> str:
    """What the rows show, with what is left out counted."""
    return said_of(summary(rows, bounds, None, terms), rows)


def said_of(found: pl.DataFrame, rows: pl.DataFrame) -> str:
    """The same from the summary of the rows."""
    import polars as pl

    ok = rows.filter((pl.col("status") == "ok") & pl.col("gain").is_not_null())
    if ok.is_empty():
        return f"No cell ended with status ok ({rows.height} planned), so there is nothing to read."
    missing = rows.height - ok.height
    lost = f"{missing} of {rows.height} cells gave no score." if missing else ""
    return " ".join(text for text in (headline(found), clipped_words(ok), cut_words(ok), _few(ok), lost) if text)


def headline(found: pl.DataFrame) -> str:
    """The answer. found: from `summary`. Of a single pair what its student gains or loses; of several in how many the student
    gains and loses beyond noise, what chance alone would give, and in how many the gain reaches the misfit."""
    ahead = asked_about(found)
    lines = ahead.to_dicts()
    if len(lines) == 1:
        return _of_one(lines[0])
    kind = f"{_AHEAD} pairs" if lines[0]["direction"] == _AHEAD else f"pairs, none of them declared {_AHEAD},"
    if not ahead["gain_p"].is_not_null().any():
        return f"Of {len(lines)} {kind} none has an interval: more seeds would tell gain from noise."
    gains, losses = beyond_both_ways(ahead)
    out = ahead["uninformed"].is_not_null().sum()
    unasked = f" In {out} of them the teacher is no better than a constant; they are in neither count." if out else ""
    return (f"Of {len(lines)} {kind} the student gains beyond noise in {gains} and loses in {losses}; without any real "
            f"difference 5 % of such tables would call one so.{unasked}{_back(found, lines[0])}{_reached(lines)}")


def _back(found: pl.DataFrame, first: Line) -> str:
    """The counts of the other direction, where both are there."""
    import polars as pl

    back = found.filter(pl.col("direction") == _BACK)
    if back.is_empty() or first["direction"] == _BACK:
        return ""
    gains, losses = beyond_both_ways(back)
    return f" Of {counted(back.height, f'{_BACK} pair')} it gains in {gains} and loses in {losses}."


def _reached(lines: Sequence[Line]) -> str:
    """In how many pairs the mean gain is the misfit or more, and which terms of the ledger are below 0 in the others: gain =
    misfit + projection + realizability."""
    known = [line for line in lines if None not in (line["gain"], line["misfit"], line["projection"], line["realizability"])]
    short = [line for line in known if line["gain"] < line["misfit"] - NOTHING * abs(line["err_weak"] or 0.0)]
    if not known:
        return ""
    said = f" The mean gain is the misfit or more in {len(known) - len(short)} of {len(known)}"
    if not short:
        return f"{said}."
    below = [f"{term} in {count}" for term in ("realizability", "projection") if (count := sum(line[term] < 0 for line in short))]
    return f"{said}; below 0 in the ledger of the other {len(short)}: {', '.join(below)}."


def beyond_both_ways(lines: pl.DataFrame) -> tuple[int, int]:
    """In how many lines of a summary the student gains, and in how many it loses, beyond noise."""
    import polars as pl

    beyond = lines.filter(pl.col("gain_beyond"))
    return beyond.filter(pl.col("gain") > 0).height, beyond.filter(pl.col("gain") < 0).height


def asked_about(found: pl.DataFrame) -> pl.DataFrame:
    """The groups that the headline is about: the weak-to-strong ones, or all where there is none."""
    import polars as pl

    ahead = found.filter(pl.col("direction") == _AHEAD)
    return ahead if ahead.height else found


def _of_one(line: Line) -> str:
    short = short_names([line["weak"], line["strong"]])
    weak, strong = short[line["weak"]], short[line["strong"]]
    if rounding(line, "misfit"):
        return f"{weak} → {strong}: the student is its teacher."
    exponent = scale_of([line["err_weak"]])
    if line["uninformed"]:
        return (f"{weak} → {strong}: the teacher is no better than a constant ({line['uninformed']}), so its student's gain is "
                "not counted.")
    seeds, gains = line["n_seeds"], line["seeds_gaining"]
    again = f"; copies of a row: {line['copies']}" if line["copies"] else ""
    size = {**line, "gain": abs(line["gain"])} | ({} if line["gain"] >= 0 or line["gain_low"] is None else {
        "gain_low": -line["gain_high"], "gain_high": -line["gain_low"]})
    told = with_half(size, "gain", 3, mark_of(line["gain_over"]), exponent=exponent)
    unit = measured_in(line, exponent)
    often = f"{gains if line['gain'] > 0 else seeds - gains} of {counted(seeds, 'seed')}{again}"
    if line["gain_low"] is None:
        verb = "gains" if line["gain"] > 0 else "loses"
        return f"{weak} → {strong}: the student {verb} {told} ({often}; {unit}); one number has no interval."
    if not line["gain_beyond"]:
        return (f"{weak} → {strong}: gain and loss cannot be told apart, {with_half(line, 'gain', 3, exponent=exponent)} "
                f"({gains} of {counted(seeds, 'seed')} gain{again}; {unit}).")
    return f"{weak} → {strong}: the student {'gains' if line['gain'] > 0 else 'loses'} {told} ({often}; {unit})."


def gain_on_misfit(line: Line) -> str:
    """What a line of `over_all` says of gain and misfit, and over which cells."""
    scale = ", in shares of the teacher's error because units differ" if line["divergence"] is None else ""
    return (f"over {line['n_truth']} {line['direction'] or 'scored'} cells of {line['task_sets']} task sets{scale}, gain / "
            f"misfit is {with_half(line, 'gain_over_misfit', 2)} (mean over task sets, 95 %)")


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
            f"stands for anything from {math.floor(100 * low)} to {math.ceil(100 * high)} % (95 %).")
