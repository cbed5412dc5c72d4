"""What `w2s-bench show --by strategy` says: each strategy beside one of them, on paired cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

_HEADS = {"gain": "gain", "misfit": "misfit", "gain_accuracy": "gain acc", "agreement_weak_right": "agree, weak\nright",
          "agreement_weak_wrong": "agree, weak\nwrong"}
_SHARES = ("gain_accuracy", "agreement_weak_right", "agreement_weak_wrong")
_NAME = 16
"""Width to which a name may be folded."""

_Form = tuple[list[str], list[list[str]], int]
"""Heads, lines, and how many of the columns hold words."""


def show_comparison(rows: pl.DataFrame, against: str | None, as_json: bool, as_csv: bool) -> None:
    """Compare and print. Raises DataError where no cells are paired, UsageError for an unknown strategy."""
    from w2s_bench.report.listing import print_csv, print_json, say, short
    from w2s_bench.tables.comparisons import comparisons, dropped, dropped_words

    table, lost = comparisons(rows, against), dropped(rows, against)
    said = dropped_words(rows, lost) or ["Every cell has its pair."]
    if as_json:
        print_json({"against": table["against"][0], "comparisons": table.to_dicts(), "dropped": lost.to_dicts(), "says": said})
        return
    if as_csv:
        print_csv(table)
        return
    titles = short(table["task_set"].unique(maintain_order=True).to_list())
    for _, part in table.group_by("task_set", "direction", maintain_order=True):
        _print_group(part, titles[part["task_set"][0]])
    say([*_legend(table), *said])


def _print_group(part: pl.DataFrame, title: str) -> None:
    """One table, in the first of three forms that fits: a line a strategy with means and differences, or with differences
    alone; else a line a strategy and measure."""
    from w2s_bench.report.listing import print_table, short, table_console
    from w2s_bench.report.terminal_table import scale_of

    first = part.row(0, named=True)
    names = short(part["strategy"].unique(maintain_order=True).to_list())
    exponent = scale_of(part.filter(part["unit"] == "D")["mean"].to_list())
    forms = [_wide(part, names, exponent, with_means=True), _wide(part, names, exponent, with_means=False),
             _long(part, names, exponent)]
    heads, cells, wordy = next((form for form in forms if _width(*form) <= table_console().width), forms[-1])
    pairs = part["pairs"].max()
    about = (f"{first['direction']}; {_unit(first, exponent)}against {names[first['against']]}; {_counted(pairs, 'pair')}, "
             f"{_counted(first['seeds'], 'seed')}")
    print_table(title, about, heads, cells, wordy)


def _wide(part: pl.DataFrame, names: Mapping[str, str], exponent: int, *, with_means: bool) -> _Form:
    lines = part.to_dicts()
    found = {(line["strategy"], line["measure"]): line for line in lines}
    heads, cells = ["strategy"], [[names[strategy]] for strategy in names]
    for measure in dict.fromkeys(line["measure"] for line in lines):
        power, digits = _scale(measure, exponent)
        heads += [_HEADS[measure], "apart ± 95 %"] if with_means else [f"{_HEADS[measure]}\napart".replace("weak\n", "weak ")]
        for row, strategy in zip(cells, names, strict=True):
            line = found.get((strategy, measure))
            row += [*([_mean(line, power, digits)] if with_means else []), _apart(line, power, digits)]
    pairs = {strategy: str(max(line["pairs"] for line in lines if line["strategy"] == strategy)) for strategy in names}
    if len(set(pairs.values())) > 1:
        heads.append("pairs")
        for row, strategy in zip(cells, names, strict=True):
            row.append(pairs[strategy])
    return heads, cells, 1


def _long(part: pl.DataFrame, names: Mapping[str, str], exponent: int) -> _Form:
    lines = part.to_dicts()
    measures = list(dict.fromkeys(line["measure"] for line in lines))
    lines.sort(key=lambda line: measures.index(line["measure"]))
    scales = [_scale(line["measure"], exponent) for line in lines]
    cells = [[_HEADS[line["measure"]].replace("\n", " "), names[line["strategy"]], _mean(line, *scale), _apart(line, *scale),
              str(line["pairs"])] for line, scale in zip(lines, scales, strict=True)]
    return ["measure", "strategy", "mean", "apart ± 95 %", "pairs"], cells, 2


def _scale(measure: str, exponent: int) -> tuple[int, int]:
    return (-2, 2) if measure in _SHARES else (exponent, 3)


def _counted(count: Any, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _width(heads: Sequence[str], cells: Sequence[Sequence[str]], wordy: int) -> int:
    """Characters across, with names folded to _NAME where they are longer."""
    columns = list(zip(*cells, strict=True))
    return sum(2 + min(_NAME if number < wordy else 10**6, max(*(len(part) for part in head.split("\n")), *map(len, column)))
               for number, (head, column) in enumerate(zip(heads, columns, strict=True)))


def _mean(line: Mapping[str, Any] | None, power: int, digits: int) -> str:
    from w2s_bench.report.terminal_table import figure

    return "-" if line is None else figure(line["mean"], power, digits)


def _apart(line: Mapping[str, Any] | None, power: int, digits: int) -> str:
    """The difference with its sign; * where its interval excludes 0; nothing for the reference itself."""
    from w2s_bench.report.terminal_table import figure

    if line is None:
        return "-"
    apart, low, high = line["difference"], line["difference_low"], line["difference_high"]
    if apart is None:
        return ""
    shown = ("+" if apart > 0 else "") + figure(apart, power, digits)
    if high is None:
        return shown
    return f"{shown} ± {figure(high - apart, power, digits)}{'*' if low > 0 or high < 0 else ''}"


def _unit(line: Mapping[str, Any], exponent: int) -> str:
    from w2s_bench.tables.summary import unit_of

    if line["divergence"] is None:
        return "shares in %; "
    unit = unit_of(line["divergence"], line["output_unit"])
    scale = f"10^{exponent} " if exponent else ""
    inside = f" in {scale}{unit}".rstrip() if scale or unit else ""
    return f"{line['divergence']}{inside}; "


def _legend(table: pl.DataFrame) -> list[str]:
    over = set(table["over"].drop_nulls().to_list())
    said = [f"apart: mean difference from {table['against'][0]} over paired cells, the same task, models, supervisor and seed."]
    if "seeds" in over:
        said.append("±: 95 %, Student-t over seed means of the paired differences; * where it excludes 0.")
    if "task sets" in over:
        said.append("all task sets: a task set's mean over seeds is one value, ± over task sets.")
    if not over:
        said.append("One seed: nothing is known of the spread, so there is no ±.")
    if set(table["measure"].to_list()) & set(_SHARES):
        said.append("gain acc and agreement in % of test examples; agree: student and weak name one class, where the weak "
                    "supervisor is right or wrong.")
    return said
