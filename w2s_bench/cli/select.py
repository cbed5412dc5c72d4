"""`w2s-bench select`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from w2s_bench.cli.table_options import columns_of, refuse_runs, runs_or_latest, table_options, tables_of, terms_over
from w2s_bench.cli.words import TableWords, as_record

if TYPE_CHECKING:
    import polars as pl

    from w2s_bench.report.table import Shown, Table
    from w2s_bench.report.wording import Line

_OWN = ("weak", "student", "truth", "divergence")
"""What is said of files of one's own."""

_AGAINST = ("Each rule, the oracle too, chooses on one half of the test examples and is judged on the other, both ways, "
            "averaged. regret is against the best candidate, whose error is taken between the least on all examples, which noise "
            "makes too low, and that of the candidate that is best on the other half, which is too high (--json has both ends); "
            "below 0 it is noise.")


class SelectWords(TableWords, frozen=True, kw_only=True):
    """What is typed after `select`."""

    detail: bool
    weak: tuple[str, ...]
    student: tuple[str, ...]
    truth: str | None
    divergence: str | None


@click.command("select")
@table_options
@click.option("--detail", is_flag=True, help="Print every choice: one line for each student and rule.")
@click.option("--weak", multiple=True, help="Weak labels of one teacher: a CSV, npz or Parquet file. Once for each teacher.")
@click.option("--student", multiple=True, help="Predictions of the student of each teacher, in the same order.")
@click.option("--truth", help="Labels for a part of the ids (or all) of your files.")
@click.option("--divergence", default=None,
              help="Loss of your files, one of `w2s-bench ls divergences`.  [default: squared errors, summed]")
@as_record(SelectWords)
def command(words: SelectWords) -> None:
    """Choose the teacher of each student in RUNS by (err_weak − misfit) and by other rules, and say what the choice costs.

    A student is one (task, strong, strategy, supervisor, seed); its candidates are the weak models that it has rows for.
    Regret is err_student of the teacher chosen less that of the best candidate. The last table names the teacher to take, and
    whether it can be told from the runner-up. For your own files, no run needed:

    \b
        w2s-bench select --weak a.csv --student of-a.csv --weak b.csv --student of-b.csv --truth some.csv
    """
    if any(getattr(words, name) for name in _OWN):
        from w2s_bench.report.own.selection import OwnTeachers, show_own_selection

        refuse_runs(words)
        show_own_selection(OwnTeachers(**{name: getattr(words, name) for name in _OWN}), words.as_json, words.as_csv)
        return
    _of_runs(words)


def _of_runs(words: SelectWords) -> None:
    from w2s_bench.report.listing import print_csv, print_json
    from w2s_bench.report.wording import intervals_in_words
    from w2s_bench.tables.choices import GROUP, choices, lone_students
    from w2s_bench.tables.panels import by_panel
    from w2s_bench.tables.regret import SETTING, by_setting, over_suite
    from w2s_bench.tables.teachers import teachers
    from w2s_bench.tables.uninformed import clipped_words

    keys = columns_of(words.by, ("panel", *GROUP, "divergence")) or list(SETTING)
    within = ("panel",) if "panel" in keys else ()
    runs = runs_or_latest(words.runs)
    rows, terms = tables_of(list(map(str, runs)), words.condition, words.latest)[0], terms_over(runs, words.over)
    rows = by_panel(rows) if within else rows
    made, lone = choices(rows, within), lone_students(rows, within)
    table, suite, taken = by_setting(made, keys, terms), over_suite(made, terms), teachers(rows, keys, terms)
    overs = [*table["regret_over"], *suite["regret_over"], *taken["difference_over"]]
    said = [f"{intervals_in_words(overs)}.", *_sentences(made, suite, lone), *_taken_words(taken),
            *filter(None, [clipped_words(rows)])]
    if words.as_json:
        print_json({"settings": table.to_dicts(), "suite": suite.to_dicts(), "teachers": taken.to_dicts(),
                    "one_candidate": lone.height, "says": said, **({"choices": made.to_dicts()} if words.detail else {})})
    elif words.as_csv:
        print_csv(made if words.detail else table)
    else:
        _print(made, table, suite, keys, words.detail)
        _print_taken(taken, said, keys)


def _print(made: pl.DataFrame, table: pl.DataFrame, suite: pl.DataFrame, keys: Sequence[str], detail: bool) -> None:
    from w2s_bench.report.listing import print_table, short

    labels = {key: short(table[key].to_list()) for key in keys}
    teachers = short([*made["chosen"].to_list(), *made["best"].to_list()])
    shown = [key for key in keys if table[key].n_unique() > 1] or list(keys[:1])
    for _, part in table.group_by(keys, maintain_order=True):
        lines = part.to_dicts()
        print_table(_setting(", ".join(f"{key} {labels[key][lines[0][key]]}" for key in shown), lines, teachers))
    if detail:
        print_table(_choices(made, teachers))
    print_table(_suite(suite.to_dicts()))


def _print_taken(taken: pl.DataFrame, said: Sequence[str], keys: Sequence[str]) -> None:
    """The teacher to take in each setting, and all that is to be said."""
    from w2s_bench.report.listing import print_table, say, short
    from w2s_bench.report.table import Shown, Table, count, marked_interval, words

    if taken.height:
        names = short([*taken["take"].to_list(), *taken["runner_up"].to_list()])
        shown = [key for key in keys if taken[key].n_unique() > 1]
        apart = Shown(name="tied", head="told from", cell=_apart)
        print_table(Table(
            title="the teacher to take", about="by err_weak − misfit, mean over seeds; ± 95 %, corrected for the candidates",
            columns=(*(words(key, texts=short(taken[key].to_list())) for key in shown), words("take", texts=names),
                     words("runner_up", "runner-up", texts=names), count("candidates"), count("seeds"),
                     marked_interval("difference", "runner-up less it"), apart), lines=tuple(taken.to_dicts())))
    say(said)


def _apart(line: Line) -> str:
    others = line["candidates"] - 1
    return "all" if not line["tied"] else f"{others - len(line['tied'])} of {others}"


def _taken_words(taken: pl.DataFrame) -> list[str]:
    """Who is to be taken, and whether that is more than noise."""
    from w2s_bench.report.listing import short
    from w2s_bench.report.wording import counted

    lines = taken.to_dicts()
    absurd = [line for line in lines if line["criterion"] < 0.0]
    said = [f"In {len(absurd)} of {len(lines)} settings the misfit of the teacher to take is above its error, which no law "
            "allows: the rule is not to be trusted there."] if absurd else []
    if len(lines) > 1:
        apart = sum(not line["tied"] for line in lines)
        some = f"In {apart} of {len(lines)} settings the teacher to take can be told from all others; in the rest it cannot be."
        return [*said, some if apart else f"In none of {len(lines)} settings can the teacher to take be told from all others."]
    for line in [line for line in lines if line not in absurd]:
        names = short([line["take"], *line["tied"], line["runner_up"]])
        told = "They can be told apart" if line["runner_up"] not in line["tied"] else "They cannot be told apart"
        others = [names[name] for name in line["tied"] if name != line["runner_up"]]
        more = f" Of the others it cannot be told from {', '.join(others)}." if others else ""
        said.append(f"Take {names[line['take']]}; the runner-up is {names[line['runner_up']]}. {told}, over "
                    f"{counted(line['seeds'], 'seed')}.{more}")
    return said


def _setting(title: str, lines: Sequence[Line], teachers: Mapping[str | None, str]) -> Table:
    from w2s_bench.report.table import Shown, Table, marked_interval, number, share, words
    from w2s_bench.report.wording import PERCENT, counted, measured_in

    students, seeds = (max(line[name] for line in lines) for name in ("students", "seeds"))
    about = (f"{lines[0]['candidates']:.3g} candidates; {counted(students, 'student')}, {counted(seeds, 'seed')}; "
             f"{measured_in(lines[0])}")
    of_classes = any(line["regret_accuracy"] is not None for line in lines)
    columns = (
        *_rule(), words("chosen", "teacher chosen most", texts=teachers), share("chosen_share", "share"),
        number("err_student", "err\nstudent"), marked_interval("regret", "regret ± 95 %"),
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
    about = f"regret: plain mean over settings, ± over {next(iter(over))}" if over else ""
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

    from w2s_bench.scoring.lines import ENOUGH_TASKS
    from w2s_bench.tables.regret import ENOUGH_STUDENTS, SETTING

    sets = made["task_set"].n_unique()
    few = [f"{sets} task sets are too few to pool or to speak of others ({ENOUGH_TASKS} would do)."]
    said = [*(few if 1 < sets < ENOUGH_TASKS else []), (
        "A duel compares err_student of the two teachers; a tie is the same error, as the same teacher gives. random stands for "
        "the mean over the candidates. tau: Kendall's, between a rule's order of the candidates and that of err_student.")]
    students = made.filter(pl.col("rule") == "random")
    crossed = int(students["crossed"].sum())
    said += [_AGAINST] if crossed else []
    if crossed < students.height:
        said.append(f"{students.height - crossed} of {students.height} students are judged on the very examples that chose, "
                    "because their rows do not hold the halves of the test sample: their regret is too small, by a factor of "
                    "about 2 to 4 for 50 to 500 test examples where candidates are near each other. A new run has them, and "
                    "w2s-bench rescore writes them where predictions are kept.")
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
    return said


def _percent(line: Line, name: str) -> str:
    middle, high = line[name], line[f"{name}_high"]
    if middle is None:
        return "-"
    return f"{100 * middle:.1f}" + (f" ± {100 * (high - middle):.1f}" if high is not None and high > middle else "") + " %"
