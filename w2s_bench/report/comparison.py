"""What `w2s-bench show --by strategy` says: each strategy beside one of them, on paired cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from w2s_bench.report.listing import print_csv, print_json, print_table, printable, say, short, table_console
from w2s_bench.report.table import Shown, Table, count, number, words
from w2s_bench.report.wording import PERCENT, Line, counted, figure, intervals_in_words, mark_of, measured_in, scale_of, with_half
from w2s_bench.scoring.intervals import CONFIDENCE
from w2s_bench.tables.comparisons import comparisons, dropped, dropped_words
from w2s_bench.tables.inference import Terms

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

_HEADS = {"gain": "gain", "misfit": "misfit", "gain_accuracy": "gain acc", "agreement_weak_right": "agree, weak\nright",
          "agreement_weak_wrong": "agree, weak\nwrong"}
_SHARES = ("gain_accuracy", "agreement_weak_right", "agreement_weak_wrong")
_NAME = 16
"""Width to which a name may be folded."""

_Found: TypeAlias = Mapping[str, Line]
"""Of one strategy, the line of each measure."""

PAGE_COLUMNS = (
    *(words(name) for name in ("task_set", "direction", "strategy", "measure")), count("pairs"), count("seeds"), number("mean"),
    number("mean_against", "mean against"), *(number(f"difference{end}", f"difference{end.replace('_', ' ')}")
                                              for end in ("", "_low", "_high")))
"""A comparison as the page lists it: a line a strategy and measure."""


def show_comparison(rows: pl.DataFrame, against: str | None, terms: Terms, as_json: bool, as_csv: bool) -> None:
    """Compare and print. Raises DataError where no cells are paired, UsageError for an unknown strategy."""
    table, lost = comparisons(rows, against, terms), dropped(rows, against)
    said = dropped_words(rows, lost) + (["Every cell has its pair."] if lost.is_empty() else [])
    if as_json:
        print_json({"against": table["against"][0], "comparisons": table.to_dicts(), "dropped": lost.to_dicts(), "says": said})
        return
    if as_csv:
        print_csv(table)
        return
    titles = short(table["task_set"].unique(maintain_order=True).to_list())
    for _, part in table.group_by("task_set", "direction", maintain_order=True):
        print_table(_group(part, titles[part["task_set"][0]], table_console()))
    say([*_legend(table), *said])


def _group(part: pl.DataFrame, title: str, console: Console) -> Table:
    """The first of three forms that fits: a line a strategy with means and differences, or with differences alone; else a line
    a strategy and measure."""
    first = part.row(0, named=True)
    names = short(part["strategy"].unique(maintain_order=True).to_list())
    exponent = scale_of(part.filter(part["unit"] == "D")["mean"].to_list())
    unit = measured_in(first, exponent) if first["divergence"] is not None else "shares in %"
    about = (f"{first['direction']}; {unit}; against {names[first['against']]}; {counted(max(part['pairs'].to_list()), 'pair')}, "
             f"{counted(first['seeds'], 'seed')}")
    forms = [_wide(part, names, exponent, with_means=True), _wide(part, names, exponent, with_means=False),
             _long(part, names, exponent)]
    tables = [Table(title=title, about=about, columns=columns, lines=lines) for columns, lines in forms]
    return next((table for table in tables if printable(table, console).width(_NAME) <= console.width), tables[-1])


def _wide(part: pl.DataFrame, names: Mapping[str, str], exponent: int, *, with_means: bool
          ) -> tuple[tuple[Shown, ...], tuple[Line, ...]]:
    """A line a strategy, whose values are the lines of its measures."""
    found: dict[str, dict[str, Any]] = {strategy: {"strategy": strategy} for strategy in names}
    for line in part.to_dicts():
        found[line["strategy"]][line["measure"]] = line
        found[line["strategy"]]["pairs"] = max(line["pairs"], found[line["strategy"]].get("pairs", 0))
    columns = [words("strategy", texts=names)]
    for measure in part["measure"].unique(maintain_order=True).to_list():
        scale = _scale(measure, exponent)
        head = _HEADS[measure]
        if with_means:
            columns += [Shown(name=measure, head=head, cell=_of(measure, _mean, scale)),
                        Shown(name=measure, head="apart ± 95 %", cell=_of(measure, _apart, scale))]
        else:
            head = f"{head}\napart".replace("weak\n", "weak ")
            columns.append(Shown(name=measure, head=head, cell=_of(measure, _apart, scale)))
    if len({line["pairs"] for line in found.values()}) > 1:
        columns.append(count("pairs"))
    return tuple(columns), tuple(found.values())


def _long(part: pl.DataFrame, names: Mapping[str, str], exponent: int) -> tuple[tuple[Shown, ...], tuple[Line, ...]]:
    """A line a strategy and measure."""
    lines = part.to_dicts()
    measures = list(dict.fromkeys(line["measure"] for line in lines))
    lines.sort(key=lambda line: measures.index(line["measure"]))
    heads = {measure: head.replace("\n", " ") for measure, head in _HEADS.items()}
    return (
        words("measure", texts=heads), words("strategy", texts=names),
        Shown(name="mean", head="mean", cell=lambda line: _mean(line, *_scale(line["measure"], exponent))),
        Shown(name="difference", head="apart ± 95 %", cell=lambda line: _apart(line, *_scale(line["measure"], exponent))),
        count("pairs")), tuple(lines)


def _of(measure: str, worded: Callable[[Line, int, int], str], scale: tuple[int, int]) -> Callable[[Line], str]:
    return lambda line: worded(line[measure], *scale) if measure in line else "-"


def _scale(measure: str, exponent: int) -> tuple[int, int]:
    return (PERCENT, 2) if measure in _SHARES else (exponent, 3)


def _mean(line: Line, power: int, digits: int) -> str:
    return figure(line["mean"], power, digits)


def _apart(line: Line, power: int, digits: int) -> str:
    """The difference with its sign; * where it is beyond noise in this table; nothing for the reference itself."""
    apart, high = line["difference"], line["difference_high"]
    if apart is None:
        return ""
    shown = ("+" if apart > 0 else "") + figure(apart, power, digits)
    if high is None:
        return shown
    mark = mark_of(line["difference_over"]) + ("*" if line["beyond"] else "")
    return ("+" if apart > 0 else "") + with_half(line, "difference", digits, mark, exponent=power)


def _legend(table: pl.DataFrame) -> list[str]:
    over = set(table["difference_over"].drop_nulls().to_list())
    said = [f"apart: mean difference from {table['against'][0]} over paired cells, the same task, models, supervisor and seed."]
    if over:
        said += [f"{intervals_in_words(over)}, of the paired differences.", _stars(table)]
    if not over:
        said.append("One seed: nothing is known of the spread, so there is no ±.")
    if set(table["measure"].to_list()) & set(_SHARES):
        said.append("gain acc and agreement in % of test examples; agree: student and weak name one class, where the weak "
                    "supervisor is right or wrong.")
    return said


def _stars(table: pl.DataFrame) -> str:
    """What a star means, and how many chance alone would give."""
    tested = table["difference_p"].drop_nulls()
    alone = int((tested < 1.0 - CONFIDENCE).sum())
    return (f"*: beyond noise among the {len(tested)} differences of this table (false discovery 5 %): {table['beyond'].sum()}. "
            f"Taken one by one {alone} intervals exclude 0, where chance alone would give about "
            f"{(1.0 - CONFIDENCE) * len(tested):.2g}.")
