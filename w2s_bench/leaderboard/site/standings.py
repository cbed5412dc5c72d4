"""The tables in which entries stand: over all tasks where a season has enough of them to order, and side by side on each task."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

import msgspec

from w2s_bench.leaderboard.board import Control, Entry, Ranks, TaskValue, Value
from w2s_bench.leaderboard.season import KINDS, Kind, SeasonTask
from w2s_bench.leaderboard.site.addresses import page_of
from w2s_bench.leaderboard.site.contents import Contents
from w2s_bench.leaderboard.site.figures_in_words import figure, interval, letters, percent, ranks
from w2s_bench.leaderboard.site.table import Axis, Cell, Head, Line, SiteTable, axis_over
from w2s_bench.leaderboard.submission import DIVISIONS, Division
from w2s_bench.report.wording import counted

IN_PERCENT = "% of the best constant's error"
KIND_WORDS = {"regression": "Numbers", "classes": "Classes"}
DIVISION_WORDS: dict[Division, str] = {
    "teacher-labels": "the teacher's labels alone", "unlabelled-inputs": "the teacher's labels and more inputs without labels",
    "some-truth": "the teacher's labels and some true labels"}
CONTROL_WORDS = {
    "constant": "the best constant", "shuffled": "a student of the labels of other examples",
    "random-labels": "a student of labels drawn at random", "gold": "the strong model on the teacher's few true labels",
    "ceiling": "the strong model on the truth of all its inputs"}
_FARTHEST = 6.0
"""How far an axis reaches, in medians of the sizes of what stands on it."""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """The entries of one output kind and division. tables: over all tasks and on each, of those that are ordered; then what is
    shown and never ordered. ordered: whether there is an order over tasks. best: what is said of a best entry, "" for nothing."""

    kind: Kind
    division: Division
    title: str
    ordered: bool
    tables: tuple[SiteTable, ...]
    best: str = ""

    @property
    def mark(self) -> str:
        """Its id on the page."""
        return f"{self.kind}-{self.division}"


def sections(contents: Contents) -> list[Section]:
    """A section for each output kind and division that has an entry."""
    found = []
    for kind in KINDS:
        for division in DIVISIONS:
            entries = [entry for entry in contents.board.entries if (entry.kind, entry.division) == (kind, division)]
            if entries:
                found.append(_section(contents, entries))
    return found


def _section(contents: Contents, entries: Sequence[Entry]) -> Section:
    kind, division = entries[0].kind, entries[0].division
    mark = f"{kind}-{division}"
    compared = [entry for entry in entries if entry.ordered]
    over_tasks = [entry for entry in compared if entry.ranks is not None]
    tables = []
    if over_tasks:
        tables.append(_over_tasks(contents, over_tasks, mark))
    if compared:
        tables.append(_each_task(contents, compared, f"{mark}-tasks"))
    shown = [entry for entry in entries if not entry.ordered]
    if shown:
        tables.append(_unordered(contents, shown, f"{mark}-shown"))
    title = f"{KIND_WORDS[kind]}: strategies that see {DIVISION_WORDS[division]}"
    return Section(kind=kind, division=division, title=title, ordered=bool(over_tasks), tables=tuple(tables),
                   best=_best(contents, kind, division))


def _best(contents: Contents, kind: Kind, division: Division) -> str:
    """What a board that names a best entry says of it: judged on examples that did not choose it."""
    found = next((each for each in contents.board.chosen if (each.kind, each.division) == (kind, division)), None)
    if found is None:
        return ""
    first, second = (name.partition("/")[2] for name in found.names)
    who = contents.name(first) if first == second else f"{contents.name(first)} by one half, {contents.name(second)} by the other"
    return (f"Whoever takes the best of the {found.entries} entries that have every cell, by half of the test examples, gains "
            f"{percent(found.share)} % of the best constant's error on the other half ({who}); on the half that chose it, it "
            f"would seem to be {percent(found.as_chosen)} %.")


def floor_table(contents: Contents) -> SiteTable | None:
    """The smallest difference that the season can tell apart, over all tasks and on each; None where it does not know."""
    floors = contents.board.floor
    if not floors:
        return None
    heads = (Head(key="where", text="where", kind="name"), Head(key="kind", text="output", kind="term"),
             Head(key="alone", text="alone", said="told apart where it is the only comparison", unit="%", kind="number"),
             Head(key="among", text=f"among {floors[0].comparisons}", said="told apart among all comparisons that are shown",
                  unit="%",
                  kind="number"),
             Head(key="least", text="least", said="for the pairs that vary least", unit="%", kind="number", aside=True),
             Head(key="most", text="most", said="for the pairs that vary most", unit="%", kind="number", aside=True))
    lines = tuple(Line((
        Cell("all tasks") if floor.task is None else Cell(contents.name(floor.task), link=page_of("tasks", floor.task)),
        Cell(KIND_WORDS[floor.kind].lower()), *(_share(value) for value in (floor.one, floor.many, floor.least, floor.most))))
        for floor in floors)
    return SiteTable(mark="floor", title="The smallest difference that this season can tell apart", heads=heads, lines=lines,
                     about="Of two entries whose gains differ by this much, in % of the best constant's error, the better is "
                           "told in 80 % of cases: where they are the only comparison, and among all that are shown. Below it "
                           "most differences are missed.")


def controls_of(contents: Contents, kind: str) -> SiteTable | None:
    """The controls of an output kind, which are lines and never ranked."""
    controls = [control for control in contents.board.controls if control.kind == kind]
    if not controls:
        return None
    tasks = [task for task in contents.board.season.tasks if task.output == kind]
    heads = (Head(key="control", text="control", kind="name"), Head(key="what", text="what it is"),
             Head(key="mean", text="mean", unit="%", kind="number"),
             *(_task_head(contents, task) for task in tasks))
    lines = tuple(Line((Cell(control.name), Cell(CONTROL_WORDS.get(control.name, "")), _share(control.mean),
                        *(_share(control.values.get(task.name)) for task in tasks)), "control") for control in controls)
    return SiteTable(mark=f"controls-{kind}", title=f"Controls: {KIND_WORDS[kind].lower()}", heading=KIND_WORDS[kind],
                     heads=heads, lines=lines,
                     about=f"What a strategy has to be measured by, as gains in {IN_PERCENT}. They are frozen with the season "
                           "and never ranked.")


def _over_tasks(contents: Contents, entries: Sequence[Entry], mark: str) -> SiteTable:
    kind = entries[0].kind
    axis = _axis([entry.overall for entry in entries])
    marks = _marks(axis, [control for control in contents.board.controls if control.kind == kind])
    lines = tuple(Line((
        _rank(entry.ranks), _groups(entry.ranks), _name(contents, entry), _submission(entry.submission),
        _drawn(axis, entry.overall), _share(_mean(value.misfit for value in entry.values)),
        _number(_plain_mean(value.tightness for value in entry.values), 2), *_of_classes(entry),
        _share(entry.imputed), _done(entry), Cell(entry.trust), _remark(entry)), _band(entry.ranks)) for entry in entries)
    heads = (
        Head(key="rank", text="rank", said="rank", kind="number"), Head(key="tie", text="tie", said="tie group", kind="term"),
        *_NAMES, Head(key="gain", text="gain, 95 %", said="gain", unit=IN_PERCENT, kind="interval", column="gain", marks=marks),
        Head(key="misfit", text="misfit", unit="%", kind="number", column="misfit"),
        Head(key="tightness", text="lhs/rhs", said="tightness of the tightest certified bound", kind="number", aside=True),
        *_class_heads(kind), Head(key="worst", text="with failures", said="gain with failed cells as the worst", unit="%",
                                  kind="number", aside=True),
        Head(key="cells", text="cells", kind="number", aside=True), Head(key="trust", text="trust", facet=True, kind="term"),
        Head(key="remark", text="remark", aside=True))
    about = ("Entries that share a letter are not told apart, whatever their order on the page: rank is where an entry can "
             f"stand at a false discovery rate of {100 * contents.board.season.false_discovery:g} %. Intervals are over new "
             "seeds, examples and tasks.")
    return SiteTable(mark=mark, title=f"Over all tasks: {KIND_WORDS[kind].lower()}", heading="Over all tasks", heads=heads,
                     lines=lines,
                     about=about)


def _each_task(contents: Contents, entries: Sequence[Entry], mark: str) -> SiteTable:
    """Entries side by side, by name: the gain on each task, with the tie groups of that task."""
    kind = entries[0].kind
    tasks = [task for task in contents.board.season.tasks if task.output == kind]
    heads = (*_NAMES, *(_task_head(contents, task) for task in tasks), Head(key="cells", text="cells", kind="number"),
             Head(key="trust", text="trust", facet=True, kind="term"))
    lines = []
    for entry in sorted(entries, key=lambda each: (contents.name(each.strategy), each.submission)):
        of_task = {value.task: value for value in entry.values}
        lines.append(Line((_name(contents, entry), _submission(entry.submission),
                           *(_on_task(of_task.get(task.name)) for task in tasks), _done(entry), Cell(entry.trust))))
    enough = any(entry.ranks is not None for entry in entries)
    order = "" if enough else " No order over tasks is made of fewer than 8: entries stand by name."
    return SiteTable(mark=mark, title=f"On each task: {KIND_WORDS[kind].lower()}", heading="On each task", heads=heads,
                     lines=tuple(lines),
                     about=f"Gain in {IN_PERCENT}, with its 95 % interval. Within a column, entries that share a letter are not "
                           f"told apart.{order}")


def _unordered(contents: Contents, entries: Sequence[Entry], mark: str) -> SiteTable:
    heads = (*_NAMES, Head(key="gain", text="gain, 95 %", unit="%", kind="number"),
             Head(key="cells", text="cells", kind="number"), Head(key="trust", text="trust", kind="term"),
             Head(key="remark", text="remark"))
    lines = tuple(Line((_name(contents, entry), _submission(entry.submission), _mean_cell(entry), _done(entry), Cell(entry.trust),
                        _remark(entry))) for entry in sorted(entries, key=lambda each: each.name))
    return SiteTable(mark=mark, title="Shown, never ordered", heading="Shown, never ordered", heads=heads, lines=lines,
                     about="Numbers that were not derived here from predictions, or of too few cells to be compared.")


def task_standings(contents: Contents, task: SeasonTask) -> list[SiteTable]:
    """The entries on one task, a table for each division."""
    found = []
    for division in DIVISIONS:
        pairs = [(entry, value) for entry in contents.board.entries for value in entry.values
                 if entry.division == division and entry.kind == task.output and value.task == task.name]
        if pairs:
            found.append(_standing_on(contents, task, division, sorted(pairs, key=_place)))
    return found


def _place(pair: tuple[Entry, TaskValue]) -> tuple[bool, float, str]:
    entry, value = pair
    return value.ranks is None, -(value.share.mean if value.share else float("-inf")), entry.name


def _standing_on(contents: Contents, task: SeasonTask, division: Division, pairs: Sequence[tuple[Entry, TaskValue]]) -> SiteTable:
    axis = _axis([value.share for _, value in pairs])
    controls = [Control(name=name, kind=task.output, values={}, mean=mean) for name, mean in task.controls.items()]
    classes = task.output == "classes"
    heads = (
        Head(key="rank", text="rank", kind="number"), Head(key="tie", text="tie", said="tie group", kind="term"), *_NAMES,
        Head(key="gain", text="gain, 95 %", said="gain", unit=IN_PERCENT, kind="interval", column="gain",
             marks=_marks(axis, controls)),
        *((Head(key="nats", text="gain", unit="nats", kind="number", aside=True),
           Head(key="accuracy", text="gain accuracy", unit="points", kind="number", aside=True)) if classes else ()),
        Head(key="misfit", text="misfit, 95 %", unit="%", kind="number", column="misfit"),
        Head(key="tightness", text="lhs/rhs", said="tightness", kind="number", column="", aside=True),
        Head(key="worst", text="with failures", unit="%", kind="number", aside=True),
        Head(key="cells", text="cells", kind="number"),
        Head(key="trust", text="trust", facet=True, kind="term"), Head(key="remark", text="remark", aside=True))
    lines = tuple(Line((
        _rank(value.ranks), _groups(value.ranks), _name(contents, entry), _submission(entry.submission),
        _drawn(axis, value.share),
        *((_interval(value.nats, 1.0), _interval(value.accuracy)) if classes else ()), _interval(value.misfit),
        _number(value.tightness, 2), _share(value.imputed),
        Cell(f"{value.done}/{value.planned}", value.done / max(1, value.planned)),
        Cell(entry.trust), Cell(_above(value.above_shuffled))), _band(value.ranks)) for entry, value in pairs)
    return SiteTable(mark=f"on-task-{division}", title=f"Strategies that see {DIVISION_WORDS[division]}", heads=heads,
                     lines=lines,
                     about="Entries that share a letter are not told apart on this task.")


def entry_values(contents: Contents, entry: Entry) -> SiteTable:
    """One entry on each of its tasks."""
    axis = _axis([value.share for value in entry.values])
    classes = entry.kind == "classes"
    heads = (
        Head(key="task", text="task", kind="name"), Head(key="gain", text="gain, 95 %", unit=IN_PERCENT, kind="interval",
                                                         marks=_marks(axis, [])),
        Head(key="over", text="interval over", kind="term", aside=True),
        Head(key="seeds", text="seeds", kind="number", aside=True),
        *((Head(key="nats", text="gain", unit="nats", kind="number"),
           Head(key="accuracy", text="gain accuracy", unit="points", kind="number")) if classes else ()),
        Head(key="misfit", text="misfit, 95 %", unit="%", kind="number"),
        Head(key="tightness", text="lhs/rhs", said="tightness of the tightest certified bound", kind="number"),
        Head(key="rank", text="rank", kind="number"), Head(key="tie", text="tie", kind="term"),
        Head(key="without", text="rank without it", said="rank over all tasks without this one", kind="number", aside=True),
        Head(key="worst", text="with failures", unit="%", kind="number", aside=True),
        Head(key="cells", text="cells", kind="number"),
        Head(key="remark", text="remark", aside=True))
    lines = tuple(Line((
        Cell(contents.name(value.task), link=page_of("tasks", value.task)), _drawn(axis, value.share),
        Cell((value.share.over or "no interval") if value.share else "–"), Cell(str(value.share.n), value.share.n) if value.share
        else Cell("–"), *((_interval(value.nats, 1.0), _interval(value.accuracy)) if classes else ()), _interval(value.misfit),
        _number(value.tightness, 2), _rank(value.ranks), _groups(value.ranks), _rank(entry.beside.get(value.task)),
        _share(value.imputed), Cell(f"{value.done}/{value.planned}", value.done / max(1, value.planned)),
        Cell("; ".join(filter(None, [_above(value.above_shuffled), _failures(value)]))))) for value in entry.values)
    return SiteTable(mark="values", title="On each task", heads=heads, lines=lines)


_NAMES = (Head(key="entry", text="strategy", kind="name", column="strategy"),
          Head(key="submission", text="submission", kind="term", facet=True, aside=True))


def _task_head(contents: Contents, task: SeasonTask) -> Head:
    return Head(key=contents.name(task.name), text=contents.name(task.name), kind="number")


def _class_heads(kind: str) -> tuple[Head, ...]:
    if kind != "classes":
        return ()
    return (Head(key="nats", text="gain", unit="nats", said="gain in nats, mean over tasks", kind="number", aside=True),
            Head(key="accuracy", text="gain accuracy", unit="points", said="gain in accuracy, mean over tasks", kind="number"))


def _of_classes(entry: Entry) -> tuple[Cell, ...]:
    if entry.kind != "classes":
        return ()
    nats, accuracy = (_mean(getattr(value, name) for value in entry.values) for name in ("nats", "accuracy"))
    return _number(nats, 3), _share(accuracy)


def _axis(values: Iterable[Value | None]) -> Axis:
    """An axis over these intervals; what lies far beyond most of their middles stands at its ends."""
    known = [value for value in values if value is not None]
    sizes = sorted(abs(value.mean) for value in known)
    most = _FARTHEST * (statistics.median(sizes) if sizes else 1.0) or 1.0
    ends = [end for value in known for end in (value.low, value.high, value.mean) if end is not None]
    return axis_over(min(most, max(-most, end)) for end in ends)


def _marks(axis: Axis, controls: Iterable[Control]) -> tuple[tuple[int, str], ...]:
    """A line at no gain, and one for each control that lies on the axis."""
    on_it = [(axis.at(control.mean), f"line-{control.name}") for control in controls if axis.low <= control.mean <= axis.high]
    return ((axis.at(0.0), "line-none"), *on_it)


def _name(contents: Contents, entry: Entry) -> Cell:
    return Cell(contents.name(entry.strategy), link=contents.entry_page(entry))


def _submission(name: str) -> Cell:
    return Cell(name, link=page_of("submissions", name))


def _rank(found: Ranks | None) -> Cell:
    return Cell("–") if found is None else Cell(ranks(found.low, found.high), (found.low + found.high) / 2)


def _groups(found: Ranks | None) -> Cell:
    return Cell(letters(found.groups) if found else "", looks="tie")


def _band(found: Ranks | None) -> str:
    """Tie groups are shaded in turn, by the best one that an entry is in."""
    return "" if found is None or not found.groups else "band" if found.groups[0] % 2 else "gap"


def _drawn(axis: Axis, value: Value | None) -> Cell:
    if value is None:
        return Cell("–")
    return Cell(interval(value), value.mean, drawn=axis.drawn(value.low, value.mean, value.high))


def _interval(value: Value | None, scale: float = 100.0) -> Cell:
    return Cell(interval(value, scale), None if value is None else value.mean)


def _mean_cell(entry: Entry) -> Cell:
    return _interval(entry.overall) if entry.overall is not None else _share(entry.mean)


def _share(value: float | None) -> Cell:
    return Cell(percent(value), value)


def _number(value: float | None, places: int) -> Cell:
    return Cell(figure(value, places), value)


def _on_task(value: TaskValue | None) -> Cell:
    if value is None or value.share is None:
        return Cell("–")
    return Cell(interval(value.share), value.share.mean, tie=letters(value.ranks.groups) if value.ranks else "")


def _done(entry: Entry) -> Cell:
    return Cell(f"{entry.done}/{entry.planned}", entry.done / max(1, entry.planned),
                looks="" if entry.done == entry.planned else "amiss")


def _remark(entry: Entry) -> Cell:
    more = f"{counted(len(entry.notes), 'remark')} on its page" if entry.notes else ""
    return Cell("; ".join(filter(None, [_above(entry.above_shuffled), more])))


def _above(above_shuffled: bool | None) -> str:
    return "not above shuffled labels" if above_shuffled is False else ""


def _failures(value: TaskValue) -> str:
    return ", ".join(f"{count} {status}" for status, count in value.failed.items())


def _mean(values: Iterable[Value | None]) -> float | None:
    return _plain_mean(None if value is None else value.mean for value in values)


def _plain_mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None
