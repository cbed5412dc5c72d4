"""`w2s-bench select`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from w2s_bench.cli.table_options import columns_of, table_options, tables_of

if TYPE_CHECKING:
    import polars as pl

_SAME_SAMPLE = ("err_weak, misfit and err_student come from the same test sample, so a rule that reads them shares its noise "
                "with the verdict on it: a fresh sample would treat it a little worse.")


@click.command("select")
@table_options
@click.option("--detail", is_flag=True, help="Print every choice: one line for each student and rule.")
def command(runs: tuple[str, ...], condition: str | None, by: str | None, latest: bool, as_json: bool, as_csv: bool,
            detail: bool) -> None:
    """Choose the teacher of each student in RUNS by (err_weak − misfit) and by other rules, and say what the choice costs.

    A student is one (task, strong, strategy, supervisor, seed); its candidates are the weak models that it has rows for.
    Regret is err_student of the teacher chosen, less the least among the candidates.
    """
    from w2s_bench.report.listing import print_csv, print_json
    from w2s_bench.tables.choices import GROUP, choices, lone_students
    from w2s_bench.tables.regret import SETTING, by_setting, over_suite
    from w2s_bench.tables.summary import by_panel

    keys = columns_of(by, ("panel", *GROUP, "divergence")) or list(SETTING)
    within = ("panel",) if "panel" in keys else ()
    rows = tables_of(runs, condition, latest, "select")[0]
    rows = by_panel(rows) if within else rows
    made, lone = choices(rows, within), lone_students(rows, within)
    table, suite = by_setting(made, keys), over_suite(made)
    said = _sentences(made, suite, lone)
    if as_json:
        print_json({"settings": table.to_dicts(), "suite": suite.to_dicts(), "one_candidate": lone.height, "says": said,
                    **({"choices": made.to_dicts()} if detail else {})})
    elif as_csv:
        print_csv(made if detail else table)
    else:
        _print(made, table, suite, said, keys, detail)


def _print(made: pl.DataFrame, table: pl.DataFrame, suite: pl.DataFrame, said: Sequence[str], keys: Sequence[str],
           detail: bool) -> None:
    from w2s_bench.report.listing import say, short

    labels = {key: short(table[key].to_list()) for key in keys}
    teachers = short([*made["chosen"].to_list(), *made["best"].to_list()])
    shown = [key for key in keys if table[key].n_unique() > 1] or list(keys[:1])
    for _, part in table.group_by(keys, maintain_order=True):
        first = part.row(0, named=True)
        _print_setting(", ".join(f"{key} {labels[key][first[key]]}" for key in shown), part.to_dicts(), teachers)
    if detail:
        _print_choices(made, teachers)
    _print_suite(suite.to_dicts())
    say(said)


def _print_setting(title: str, lines: Sequence[dict[str, Any]], teachers: dict[Any, str]) -> None:
    from w2s_bench.report.listing import print_table, with_half
    from w2s_bench.report.terminal_table import figure
    from w2s_bench.tables.summary import unit_of

    unit = unit_of(lines[0]["divergence"], lines[0]["output_unit"])
    about = (f"{lines[0]['candidates']:.3g} candidates; {max(line['students'] for line in lines)} students, "
             f"{max(line['seeds'] for line in lines)} seeds; {lines[0]['divergence']}{f' in {unit}' if unit else ''}")
    of_classes = any(line["regret_accuracy"] is not None for line in lines)
    shown = [[line["rule"], line["may_look_at"], teachers[line["chosen"]], _share(line["chosen_share"]),
              figure(line["err_student"]), with_half(line, "regret"), _percent(line, "relative_regret"), _share(line["hits"]),
              figure(line["tau"], 0, 2), *([figure(line["accuracy_student"], -2, 2), _percent(line, "regret_accuracy")]
                                           if of_classes else [])] for line in lines]
    print_table(title, about, ["rule", "may look at", "teacher chosen most", "share", "err\nstudent", "regret ± 95 %",
                               "regret / err\nof random", "hits", "tau",
                               *(["accuracy %", "regret of\naccuracy"] if of_classes else [])], shown, 3)


def _print_choices(made: pl.DataFrame, teachers: dict[Any, str]) -> None:
    from w2s_bench.report.listing import print_table, short
    from w2s_bench.report.terminal_table import figure
    from w2s_bench.tables.choices import GROUP

    keys = [key for key in ("panel", *GROUP[1:]) if key in made.columns and made[key].n_unique() > 1] or ["task"]
    labels = {key: short(made[key].to_list()) for key in keys}
    lines = [[*(labels[key][line[key]] for key in keys), line["rule"], teachers[line["chosen"]], figure(line["err_student"]),
              figure(line["regret"]), figure(line["tau"], 0, 2)] for line in made.to_dicts()]
    print_table("every choice", "", [*keys, "rule", "teacher chosen", "err student", "regret", "tau"], lines, len(keys) + 2)


def _print_suite(lines: Sequence[dict[str, Any]]) -> None:
    from w2s_bench.report.listing import print_table

    shown = [[line["rule"], line["may_look_at"], str(line["settings"]), str(line["students"]), _percent(line, "relative_regret"),
              *([str(line[name]) for name in ("wins", "ties", "losses")] if line["wins"] is not None else ["-"] * 3),
              _share(line["win_rate"])] for line in lines]
    over = {line["regret_over"] for line in lines} - {None}
    about = f"regret: plain mean over settings, ± over {next(iter(over))}" if over else "regret: plain mean over settings"
    print_table("whole suite", about, ["rule", "may look at", "settings", "students", "regret / err of random",
                "predicted-error\nwins", "\nties", "\nloses", "win\nrate"], shown, 2)


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


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _percent(line: dict[str, Any], name: str) -> str:
    middle, high = line[name], line[f"{name}_high"]
    if middle is None:
        return "-"
    return f"{100 * middle:.1f}" + (f" ± {100 * (high - middle):.1f}" if high is not None and high > middle else "") + " %"
