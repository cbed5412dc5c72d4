"""The pages of what a board names: tasks, models, strategies, bounds, submissions and entries, each with a list of them."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from w2s_bench.contracts.errors import W2SError
from w2s_bench.leaderboard.board import Entry
from w2s_bench.leaderboard.readable import readable_markdown
from w2s_bench.leaderboard.season import SeasonTask
from w2s_bench.leaderboard.site.addresses import page_of
from w2s_bench.leaderboard.site.contents import KEY, Configuration, Contents, Row
from w2s_bench.leaderboard.site.figures_in_words import figure, interval, percent
from w2s_bench.leaderboard.site.pages import File, page
from w2s_bench.leaderboard.site.pictures import gain_on_misfit
from w2s_bench.leaderboard.site.quoting import TRUST_IN_WORDS, entry_quote
from w2s_bench.leaderboard.site.row_tables import configuration_table, configurations
from w2s_bench.leaderboard.site.sent import Sent
from w2s_bench.leaderboard.site.standings import DIVISION_WORDS, KIND_WORDS, entry_values, task_standings
from w2s_bench.leaderboard.site.table import Cell, Head, Line, SiteTable
from w2s_bench.registry.catalogue import Registry
from w2s_bench.registry.loading import load_registry
from w2s_bench.registry.measures import measures
from w2s_bench.registry.names import parse
from w2s_bench.report.wording import counted
from w2s_bench.tables.laws import unit_of

if TYPE_CHECKING:
    import polars as pl

Configurations = Sequence[Configuration]


def thing_pages(contents: Contents) -> Iterator[File]:
    """All of these pages."""
    found = configurations(contents)
    yield from _tasks(contents, found)
    yield from _models(contents, found)
    yield from _strategies(contents, found)
    yield from _bounds(contents)
    yield from _submissions(contents, found)
    for entry in contents.board.entries:
        yield from _entry(contents, entry)


def _tasks(contents: Contents, found: Configurations) -> Iterator[File]:
    season = contents.board.season
    lines = []
    for name in contents.tasks:
        task, own = season.task(name), [each for each in found if each[0]["task"] == name]
        rows = [row for _, rows in own for row in rows]
        lines.append(Line((
            Cell(contents.name(name), link=page_of("tasks", name)), Cell(task.output if task else "outside the season"),
            Cell(figure(task.unit, 4) if task else "–", task.unit if task else None),
            Cell(str(len(task.seeds)) if task else "–", len(task.seeds) if task else None), _count(len(rows)),
            Cell(task.licence if task else "–"))))
        yield from _task(contents, name, task, own, rows)
    heads = (Head(key="task", text="task", kind="name"), Head(key="output", text="output", facet=True),
             Head(key="unit", text="best constant's error", kind="number"), Head(key="seeds", text="seeds", kind="number"),
             Head(key="rows", text="rows", kind="number"), Head(key="licence", text="licence"))
    yield from _list(contents, "tasks.html", "Tasks", SiteTable(mark="tasks", title="Tasks", heads=heads, lines=tuple(lines)))


def _task(contents: Contents, name: str, task: SeasonTask | None, own: Configurations, rows: Sequence[Row]) -> Iterator[File]:
    facts: list[tuple[str, object]] = [("label", name), ("what it is", _summary("tasks", name))]
    tables = []
    if task is not None:
        unit = unit_of(task.divergence, next((row["output_unit"] for row in rows if row["output_unit"]), ""))
        tests = {splits.n_test for splits in task.splits}
        facts += [("output", task.output), ("scored in", f"{task.divergence}{f', in {unit}' if unit else ''}"),
                  ("error of the best constant", figure(task.unit, 4)), ("seeds", ", ".join(map(str, task.seeds))),
                  ("test examples", f"{min(tests)} to {max(tests)}" if len(tests) > 1 else str(min(tests))),
                  ("licence", task.licence),
                  ("citation", task.citation), ("truth", "travels with a submission" if task.truth == "travels" else
                   "stays with the task: a check takes it from there")]
        facts += [(f"control {name}", f"{percent(gain)} % of the best constant's error") for name, gain in task.controls.items()]
        facts += [("smallest difference told apart", floor.sentence) for floor in contents.board.floor if floor.task == name]
        tables = task_standings(contents, task)
    tables.append(configuration_table(contents, own, left_out="task"))
    yield from _thing(contents, "Task", page_of("tasks", name), contents.name(name), tables, facts=_told(facts),
                      picture=gain_on_misfit(contents, name))


def _models(contents: Contents, found: Configurations) -> Iterator[File]:
    lines = []
    for name in contents.models:
        own = {side: [each for each in found if each[0][side] == name] for side in ("weak", "strong")}
        counts = [sum(len(rows) for _, rows in each) for each in own.values()]
        about = _summary("models", name)
        lines.append(Line((Cell(contents.name(name), link=page_of("models", name)), *map(_count, counts), Cell(about))))
        tables = [configuration_table(contents, each, side, side) for side, each in own.items() if each]
        titled = [_titled(table, "As the teacher" if table.mark == "weak" else "As the student") for table in tables]
        yield from _thing(contents, "Model", page_of("models", name), contents.name(name), titled,
                          facts=_told([("label", name), ("what it is", about)]))
    heads = (Head(key="model", text="model", kind="name"), Head(key="weak", text="rows as teacher", kind="number"),
             Head(key="strong", text="rows as student", kind="number"), Head(key="about", text="what it is"))
    yield from _list(contents, "models.html", "Models", SiteTable(mark="models", title="Models", heads=heads, lines=tuple(lines)))


def _strategies(contents: Contents, found: Configurations) -> Iterator[File]:
    lines = []
    for name in contents.strategies:
        own = [each for each in found if each[0]["strategy"] == name]
        entries = [entry for entry in contents.board.entries if entry.strategy == name]
        about = _summary("strategies", name)
        lines.append(Line((Cell(contents.name(name), link=page_of("strategies", name)), _count(len(entries)),
                           _count(sum(len(rows) for _, rows in own)), Cell(about))))
        tables = [_entries_table(contents, entries, "entries")] if entries else []
        tables += [configuration_table(contents, own, left_out="strategy")] if own else []
        yield from _thing(contents, "Strategy", page_of("strategies", name), contents.name(name), tables,
                          facts=_told([("label", name), ("what it is", about)]))
    heads = (Head(key="strategy", text="strategy", kind="name"), Head(key="entries", text="entries", kind="number"),
             Head(key="rows", text="rows", kind="number"), Head(key="about", text="what it is"))
    yield from _list(contents, "strategies.html", "Strategies",
                     SiteTable(mark="strategies", title="Strategies", heads=heads, lines=tuple(lines)))


def _entries_table(contents: Contents, entries: Sequence[Entry], mark: str) -> SiteTable:
    heads = (Head(key="entry", text="entry", kind="name"), Head(key="submission", text="submission"),
             Head(key="kind", text="output"), Head(key="division", text="sees"),
             Head(key="gain", text="gain, 95 %", unit="%", kind="number"),
             Head(key="cells", text="cells", kind="number"), Head(key="trust", text="trust"))
    lines = tuple(Line((
        Cell(contents.name(entry.strategy), link=contents.entry_page(entry)),
        Cell(entry.submission, link=page_of("submissions", entry.submission)), Cell(KIND_WORDS[entry.kind].lower()),
        Cell(DIVISION_WORDS[entry.division]), Cell(interval(entry.overall) if entry.overall else percent(entry.mean), entry.mean),
        Cell(f"{entry.done}/{entry.planned}", entry.done / max(1, entry.planned)), Cell(entry.trust))) for entry in entries)
    return SiteTable(mark=mark, title="Entries", heads=heads, lines=lines)


def _entry(contents: Contents, entry: Entry) -> Iterator[File]:
    facts = [("strategy", entry.strategy), ("submission", entry.submission), ("output", KIND_WORDS[entry.kind].lower()),
             ("sees", DIVISION_WORDS[entry.division]), ("trust", TRUST_IN_WORDS[entry.trust]),
             ("cells that ended well", f"{entry.done} of {entry.planned}"),
             ("above shuffled labels", {True: "yes", False: "no: it is not told apart from a student of shuffled labels",
                                        None: "not judged"}[entry.above_shuffled]), *(("remark", note) for note in entry.notes)]
    yield from _thing(contents, "Entry", contents.entry_page(entry), f"{contents.name(entry.strategy)}, {entry.submission}",
                      [entry_values(contents, entry)], facts=_told(facts), quote=entry_quote(contents.board, entry))


def _bounds(contents: Contents) -> Iterator[File]:
    import polars as pl

    rows = contents.board.rows.select(*KEY, "task", "strategy")
    bounds = contents.board.bounds.join(rows, on=KEY, how="inner", maintain_order="left")
    lines = []
    for (name,), part in bounds.group_by("bound", maintain_order=True):
        known = measures().bounds.get(str(name))
        verdicts = Counter(part.filter(pl.col("split") == "test")["verdict"].to_list())
        tight = part.filter(pl.col("split") == "test")["tightness"].mean()
        lines.append(Line((Cell(str(name), link=page_of("bounds", str(name))), Cell(known.statement if known else ""),
                           *(_count(verdicts[verdict]) for verdict in _VERDICTS),
                           Cell(figure(_number(tight), 2), _number(tight)))))
        facts = [("bound", str(name)), ("statement", known.statement if known else "declared by no plugin here"),
                 ("source", known.source if known else ""), ("what it is", _summary("bounds", str(name)))]
        yield from _thing(contents, "Bound", page_of("bounds", str(name)), str(name), [_bound_table(contents, part)],
                          facts=_told(facts))
    heads = (Head(key="bound", text="bound", kind="name"), Head(key="statement", text="statement"),
             *(Head(key=verdict.replace(" ", "-"), text=verdict, kind="number") for verdict in _VERDICTS),
             Head(key="tightness", text="lhs/rhs", said="mean tightness where it is certified", kind="number"))
    yield from _list(contents, "bounds.html", "Bounds", SiteTable(
        mark="bounds", title="Bounds on the test samples", heads=heads, lines=tuple(lines),
        about="How often each statement is certified for a row, and then whether it holds. lhs/rhs is 1 where a bound is tight."))


_VERDICTS = ("holds", "undecided", "violated", "says nothing", "no statement", "not derived")


def _bound_table(contents: Contents, part: pl.DataFrame) -> SiteTable:
    import polars as pl

    grouped = part.group_by("task", "strategy", "split", maintain_order=True).agg(
        *((pl.col("verdict") == verdict).sum().alias(verdict) for verdict in _VERDICTS), pl.col("tightness").mean(),
        pl.col("slack").mean())
    heads = (Head(key="task", text="task", kind="name", facet=True), Head(key="strategy", text="strategy", facet=True),
             Head(key="sample", text="sample", facet=True),
             *(Head(key=verdict.replace(" ", "-"), text=verdict, kind="number") for verdict in _VERDICTS),
             Head(key="tightness", text="lhs/rhs", kind="number", column="tightness"))
    lines = tuple(Line((
        Cell(contents.name(line["task"]), link=page_of("tasks", line["task"])),
        Cell(contents.name(line["strategy"]), link=page_of("strategies", line["strategy"])), Cell(line["split"]),
        *(_count(line[verdict]) for verdict in _VERDICTS), Cell(figure(line["tightness"], 2), line["tightness"])))
        for line in grouped.iter_rows(named=True))
    return SiteTable(mark="verdicts", title="What it says of the rows", heads=heads, lines=lines)


def _submissions(contents: Contents, found: Configurations) -> Iterator[File]:
    lines = []
    for sent in contents.sent:
        name, listed = sent.listed.name, sent.listed
        own = [each for each in found if each[0]["submission"] == name]
        said = sent.said
        lines.append(Line((
            Cell(name, link=page_of("submissions", name)), Cell(said.title if said else "withdrawn"),
            Cell(", ".join(said.who) if said else "–"), Cell(str(listed.added)), Cell(listed.season or "none"),
            Cell(str(said.attempts) if said else "–", said.attempts if said else None), _count(sum(len(rows) for _, rows in own)),
            Cell(listed.state)), "amiss" if sent.withdrawn else ""))
        yield from _submission(contents, sent, own)
    heads = (Head(key="submission", text="submission", kind="name"), Head(key="title", text="title"), Head(key="who", text="by"),
             Head(key="added", text="added"), Head(key="season", text="season", facet=True),
             Head(key="attempts", text="attempts", kind="number"), Head(key="rows", text="rows", kind="number"),
             Head(key="state", text="state", facet=True))
    yield from _list(contents, "submissions.html", "Submissions", SiteTable(
        mark="submissions", title="Submissions", heads=heads, lines=tuple(lines),
        about="In order of arrival. Nothing ever leaves this list: what is withdrawn keeps its line, with the reason."))


def _submission(contents: Contents, sent: Sent, own: Configurations) -> Iterator[File]:
    from markupsafe import Markup

    listed, said = sent.listed, sent.said
    address = page_of("submissions", listed.name)
    first = [("added", str(listed.added)), ("season", listed.season or "none"), ("state", listed.state),
             ("reason", listed.reason), ("SHA-256", listed.sha256)]
    if said is None:
        yield from _thing(contents, "Submission, withdrawn", address, listed.name, [],
                          facts=_told(first),
                          about=["This submission was taken back. Its name, its day and its digest stay, and nothing else of it "
                                 "is shown."])
        return
    facts = [("title", said.title), ("by", ", ".join(said.who)), *first,
             ("attempts", f"{counted(said.attempts, 'run')} on these test sets stand behind what was sent"),
             ("sees", DIVISION_WORDS[said.division]), ("citation", said.citation), ("address", said.url),
             ("supersedes", said.supersedes or ""), *((found.where or "check", found.sentence) for found in sent.findings),
             *(("file", f"{path}, SHA-256 {sha256}") for path, sha256 in said.files.items())]
    entries = [entry for entry in contents.board.entries if entry.submission == listed.name]
    tables = [_entries_table(contents, entries, "entries")] if entries else []
    tables += [configuration_table(contents, own, left_out="submission")] if own else []
    texts = [(title, text) for title, text in (
        ("The spec that makes it again: w2s-bench run spec.toml", sent.spec),
        ("Machine and versions", "\n".join(f"{name}: {value}" for name, value in sent.machine))) if text]
    yield from _thing(contents, "Submission", address, listed.name, tables, facts=_told(facts), texts=texts,
                      readme=Markup(readable_markdown(sent.readme)))


def _thing(contents: Contents, kind: str, address: str, heading: str, tables: Sequence[SiteTable],
           **given: object) -> Iterator[File]:
    filled: dict[str, Any] = {"about": (), "facts": (), "quote": "", "picture": None, "texts": (), "readme": "", **given}
    yield from page(contents, "thing.html.j2", address, heading, tables, kind=kind, heading=heading, shown=tables, **filled)


def _list(contents: Contents, address: str, heading: str, table: SiteTable) -> Iterator[File]:
    yield from page(contents, "list.html.j2", address, heading, [table], heading=heading, about=(), shown=[table])


@functools.cache
def _registry() -> Registry:
    return load_registry()


def _summary(kind: str, label: str) -> str:
    """What a plugin says of what a label names; "" where none here offers it."""
    try:
        return str(_registry().offer(kind, parse(label).name).entry.summary)
    except W2SError:
        return ""


def _titled(table: SiteTable, title: str) -> SiteTable:
    return msgspec.structs.replace(table, title=title)


def _told(facts: Sequence[tuple[str, object]]) -> list[tuple[str, object]]:
    return [(name, value) for name, value in facts if value not in ("", None)]


def _count(count: int) -> Cell:
    return Cell(str(count), count)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
