"""`w2s-bench select`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from w2s_bench.cli.table_options import columns_of, table_options, tables_of
from w2s_bench.cli.words import TableWords, as_record

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.report.table import Shown, Table
    from w2s_bench.report.wording import Line

_SAME_SAMPLE = ("err_weak, misfit and err_student come from the same test sample, so a rule that reads them shares its noise "
                "with the verdict on it: a fresh sample would treat it a little worse.")


class SelectWords(TableWords, frozen=True, kw_only=True):
    """What is typed after `select`."""

    detail: bool


@click.command("select")
@table_options
@click.option("--detail", is_flag=True, help="Print every choice: one line for each student and rule.")
@as_record(SelectWords)
def command(words: SelectWords) -> None:
    """Choose the teacher of each student in RUNS by (err_weak − misfit) and by other rules, and say what the choice costs.

    A student is one (task, strong, strategy, supervisor, seed); its candidates are the weak models that it has rows for.
    Regret is err_student of the teacher chosen, less the least among the candidates.
    """
    from w2s_bench.report.listing import print_csv, print_json
    from w2s_bench.tables.choices import GROUP, choices, lone_students
    from w2s_bench.tables.regret import SETTING, by_setting, over_suite
    from w2s_bench.tables.summary import by_panel

    keys = columns_of(words.by, ("panel", *GROUP, "divergence")) or list(SETTING)
    within = ("panel",) if "panel" in keys else ()
    rows = tables_of(words.runs, words.condition, words.latest)[0]
    rows = by_panel(rows) if within else rows
    made, lone = choices(rows, within), lone_students(rows, within)
    table, suite = by_setting(made, keys), over_suite(made)
    said = _sentences(made, suite, lone)
    if words.as_json:
        print_json({"settings": table.to_dicts(), "suite": suite.to_dicts(), "one_candidate": lone.height, "says": said,
                    **({"choices": made.to_dicts()} if words.detail else {})})
    elif words.as_csv:
        print_csv(made if words.detail else table)
    else:
        _print(made, table, suite, said, keys, words.detail)


def _print(made: pl.DataFrame, table: pl.DataFrame, suite: pl.DataFrame, said: Sequence[str], keys: Sequence[str],
           detail: bool) -> None:
    from w2s_bench.report.listing import print_table, say, short

    labels = {key: short(table[key].to_list()) for key in keys}
    teachers = short([*made["chosen"].to_list(), *made["best"].to_list()])
    shown = [key for key in keys if table[key].n_unique() > 1] or list(keys[:1])
    for _, part in table.group_by(keys, maintain_order=True):
        lines = part.to_dicts()
        print_table(_setting(", ".join(f"{key} {labels[key][lines[0][key]]}" for key in shown), lines, teachers))
    if detail:
        print_table(_choices(made, teachers))
    print_table(_suite(suite.to_dicts()))
    say(said)


def _setting(title: str, lines: Sequence[Line], teachers: Mapping[str | None, str]) -> Table:
    from w2s_bench.report.table import Shown, Table, interval, number, share, words
    from w2s_bench.report.wording import PERCENT, counted, measured_in

    students, seeds = (max(line[name] for line in lines) for name in ("students", "seeds"))
    about = (f"{lines[0]['candidates']:.3g} candidates; {counted(students, 'student')}, {counted(seeds, 'seed')}; "
             f"{measured_in(lines[0])}")
    of_classes = any(line["regret_accuracy"] is not None for line in lines)
    columns = (
        *_rule(), words("chosen", "teacher chosen most", texts=teachers), share("chosen_share", "share"),
        number("err_student", "err\nstudent"), interval("regret", "regret ± 95 %"),
        Shown(name="relative_regret", head="regret / err\nof random", cell=lambda line: _percent(line, "relative_regret")),
        share("hits"), number("tau", digits=2),
        *((number("accuracy_student", "accuracy %", exponent=PERCENT, digits=2),
           Shown(name="regret_accuracy", head="regret of\naccuracy", cell=lambda line: _percent(line, "regret_accuracy")))
          if of_classes else ()))
    return Table(title=title, about=about, columns=columns, lines=tuple(lines))


def _choices(made: pl.DataFrame, teachers: Mapping[str | None, str]) -> Table:
    from w2s_bench.report.listing import short
    from w2s_bench.report.table import Table, number, words
    from w2s_bench.tables.choices import GROUP

    keys = [key for key in ("panel", *GROUP[1:]) if key in made.columns and made[key].n_unique() > 1] or ["task"]
    columns = (*(words(key, texts=short(made[key].to_list())) for key in keys), words("rule"),
               words("chosen", "teacher chosen", texts=teachers), number("err_student", "err student"), number("regret"),
               number("tau", digits=2))
    return Table(title="every choice", columns=columns, lines=tuple(made.to_dicts()))


def _suite(lines: Sequence[Line]) -> Table:
    from w2s_bench.report.table import Shown, Table, count, share

    over = {line["regret_over"] for line in lines} - {None}
    about = f"regret: plain mean over settings, ± over {next(iter(over))}" if over else "regret: plain mean over settings"
    columns = (
        *_rule(), count("settings"), count("students"),
        Shown(name="relative_regret", head="regret / err of random", cell=lambda line: _percent(line, "relative_regret")),
        count("wins", "predicted-error wins", "predicted-error\nwins"), count("ties", short="\nties"),
        count("losses", "loses", "\nloses"), share("win_rate", "win rate", "win\nrate"))
    return Table(title="whole suite", about=about, columns=columns, lines=tuple(lines))


def _rule() -> tuple[Shown, ...]:
    from w2s_bench.report.table import words

    return words("rule"), words("may_look_at", "may look at")


def _sentences(made: pl.DataFrame, suite: pl.DataFrame, lone: pl.DataFrame) -> list[str]:
    import polars as pl

    from w2s_bench.tables.regret import ENOUGH_STUDENTS, ENOUGH_TASKS, SETTING

    sets = made["task_set"].n_unique()
    about = (f"±: 95 %, Student-t over {sets} task sets; it speaks of other task sets too." if sets >= ENOUGH_TASKS else
             f"±: 95 %, Student-t over seeds; {sets} task set{'s are' if sets > 1 else ' is'} too few to speak of others "
             f"({ENOUGH_TASKS} would do).")
    said = [about, ("A duel compares err_student of the two teachers; a tie is the same error, as the same teacher gives. "
                    "random stands for the mean over the candidates. tau: Kendall's, between a rule's order of the candidates "
                    "and that of err_student.")]
    fewest = made.filter(pl.col("rule") == "oracle").group_by(*SETTING, "seed").len()["len"].min()
    if isinstance(fewest, int) and fewest < ENOUGH_STUDENTS:
        said.append(f"A good rule's regret is mostly 0: with {fewest} student{'s' if fewest > 1 else ''} a seed (fewer than "
                    f"{ENOUGH_STUDENTS}) its ± is too small. No ± is shown where every regret is 0.")
    for line in suite.to_dicts():
        lacking = made["rule"].eq(line["rule"]).sum() - line["students"]
        if lacking:
            said.append(f"{line['rule']} could not choose for {lacking} students: a candidate's row lacks what it reads.")
    if lone.height:
        first = lone.row(0, named=True)
        said.append(f"{lone.height} students have one candidate and are left out, such as task {first['task']}, strong "
                    f"{first['strong']}, seed {first['seed']}.")
    return [*said, _SAME_SAMPLE]


def _percent(line: Line, name: str) -> str:
    middle, high = line[name], line[f"{name}_high"]
    if middle is None:
        return "-"
    return f"{100 * middle:.1f}" + (f" ± {100 * (high - middle):.1f}" if high is not None and high > middle else "") + " %"
