"""The pages of the season as a whole: the front page, all rows, comparisons, published numbers, how to read it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from w2s_bench.leaderboard.season import KINDS
from w2s_bench.leaderboard.site import reading
from w2s_bench.leaderboard.site.contents import Contents, Row, entry_key
from w2s_bench.leaderboard.site.figures_in_words import decimals, figure, interval
from w2s_bench.leaderboard.site.findings import findings, not_concluded
from w2s_bench.leaderboard.site.pages import File, page
from w2s_bench.leaderboard.site.pictures import gain_on_misfit
from w2s_bench.leaderboard.site.row_tables import rows_table
from w2s_bench.leaderboard.site.standings import IN_PERCENT, KIND_WORDS, controls_of, floor_table, sections
from w2s_bench.leaderboard.site.table import Cell, Head, Line, SiteTable, script_of
from w2s_bench.leaderboard.standings import SHUFFLED
from w2s_bench.report.wording import counted


def season_pages(contents: Contents) -> Iterator[File]:
    """All of these pages."""
    yield from _front(contents)
    rows = rows_table(contents)
    yield from page(contents, "list.html.j2", "rows.html", "Rows", [rows], heading="Rows", about=(), shown=[rows])
    yield from _compare(contents)
    yield from _published(contents)
    yield from page(contents, "read.html.j2", "read.html", "How to read this", chapters=reading.chapters(contents),
                    overs=reading.overs(), trusts=reading.trusts(), columns=reading.columns())


def _front(contents: Contents) -> Iterator[File]:
    board = contents.board
    found = sections(contents)
    controls = [table for kind in KINDS if (table := controls_of(contents, kind))]
    floor = floor_table(contents)
    tables = [*([floor] if floor else []), *(table for section in found for table in section.tables), *controls]
    live = sum(sent.listed.state == "active" for sent in contents.sent)
    counts = [counted(live, "submission"), f"{len(board.entries)} {'entry' if len(board.entries) == 1 else 'entries'}",
              counted(board.rows.height, "row"), counted(len(board.season.tasks), "task")]
    yield from page(contents, "index.html.j2", "index.html", "Board", tables, counts=counts,
                    findings=findings(board, f"#{found[0].mark}-head" if found else ""), picture=gain_on_misfit(contents),
                    sections=found, floor=floor, controls=controls, not_concluded=not_concluded(board))


def _compare(contents: Contents) -> Iterator[File]:
    board = contents.board
    table = _pairs_table(contents)
    held = {
        entry_key(entry): {"name": f"{contents.name(entry.strategy)}, {entry.submission}", "page": contents.entry_page(entry),
                           "group": f"{entry.kind}, {entry.division}",
                           "over": interval(entry.overall) if entry.overall else "", "trust": entry.trust,
                           "tasks": {contents.name(value.task): interval(value.share) for value in entry.values}}
        for entry in board.entries}
    data = ("data/compare.js", f"boardPairs({script_of(held)},{script_of(_pairs(contents))});\n")
    yield from page(contents, "compare.html.j2", "compare.html", "Compare", [table], data=[data], shown=[table], unit=IN_PERCENT,
                    comparisons=board.comparisons, rate=f"{100 * board.season.false_discovery:g} %")


_MEASURES = {"share": "gain", "accuracy": "gain accuracy"}


def _known(contents: Contents) -> Iterator[Row]:
    """The comparisons of which there is a difference: of entries that have cells in common."""
    return contents.board.compared.filter(contents.board.compared["difference"].is_not_null()).iter_rows(named=True)


def _pairs(contents: Contents) -> list[list[object]]:
    """The pairs of entries that are shown, for the script: both keys, task ("" over all), difference, told apart, over."""
    return [[f"{line['kind']}:{line['first']}", f"{line['kind']}:{line['second']}",
             contents.name(line["task"]) if line["task"] is not None else "", _difference(line), _told(line), line["over"] or "",
             line["difference"]]
            for line in _known(contents) if line["second"] != SHUFFLED and line["measure"] == "share"]


def _pairs_table(contents: Contents) -> SiteTable:
    names = {entry_key(entry): entry for entry in contents.board.entries}

    def named(kind: str, name: str) -> Cell:
        entry = names.get(f"{kind}:{name}")
        if entry is None:
            return Cell("its own student of shuffled labels" if name == SHUFFLED else name)
        return Cell(f"{contents.name(entry.strategy)}, {entry.submission}", link=contents.entry_page(entry))

    heads = (Head(key="first", text="first", kind="name", facet=True), Head(key="second", text="second", facet=True),
             Head(key="task", text="task", facet=True), Head(key="output", text="output", kind="term", facet=True, aside=True),
             Head(key="measure", text="measure", kind="term", facet=True, aside=True),
             Head(key="difference", text="difference, 95 %", unit="%", kind="number"),
             Head(key="told", text="told apart", kind="term", facet=True),
             Head(key="worst", text="with failures", unit="%", kind="number", aside=True),
             Head(key="over", text="interval over", kind="term", facet=True, aside=True))
    lines = tuple(Line((
        named(line["kind"], line["first"]), named(line["kind"], line["second"]),
        Cell("all tasks" if line["task"] is None else contents.name(line["task"])), Cell(KIND_WORDS[line["kind"]].lower()),
        Cell(_MEASURES.get(str(line["measure"]), str(line["measure"]))),
        Cell(_difference(line), line["difference"]), Cell(_told(line)),
        Cell(figure(None if line["imputed"] is None else 100 * line["imputed"]), line["imputed"]), Cell(line["over"] or "–")))
        for line in _known(contents))
    return SiteTable(mark="pairs", title="Comparisons", heads=heads, lines=lines)


def _difference(line: Row) -> str:
    middle, low, high = line["difference"], line["low"], line["high"]
    if middle is None or low is None or high is None:
        return figure(None if middle is None else 100 * middle)
    places = decimals(50.0 * (high - low))
    return f"{figure(100 * middle, places)} [{figure(100 * low, places)}, {figure(100 * high, places)}]"


def _told(line: Row) -> str:
    return "–" if line["p"] is None else "yes" if line["separable"] else "no"


def _published(contents: Contents) -> Iterator[File]:
    about = ["Numbers of papers, each with where it is read. They were measured on other splits, by other programs, with other "
             "models: none of them is ordered, neither among themselves nor with ours, and no difference between the two is "
             "tested."]
    table = contents.board.published
    if table is None or not table.height:
        yield from page(contents, "list.html.j2", "published.html", "Published", heading="Published numbers",
                        about=[*about, "This copy of the board was built without any."], shown=())
        return
    ours = {task.name for task in contents.board.season.tasks}
    heads = (Head(key="source", text="source", kind="name", facet=True), Head(key="task", text="task", facet=True),
             Head(key="weak", text="weak"), Head(key="strong", text="strong"), Head(key="method", text="method", facet=True),
             Head(key="metric", text="metric", kind="term", facet=True), Head(key="value", text="value", kind="number"),
             Head(key="std", text="± as stated", kind="number"), Head(key="where", text="where it is read"),
             Head(key="note", text="note", aside=True))
    lines = tuple(Line((
        Cell(str(line["source"])), Cell(str(line["task"] or "–")), Cell(str(line["weak"] or "–")),
        Cell(str(line["strong"] or "–")),
        Cell(str(line["method"] or "–")), Cell(str(line["metric"] or "–")), Cell(_as_stated(line["value"]), line["value"]),
        Cell(_as_stated(line["std"]), line["std"]), Cell(str(line["where_read"] or "")), Cell(str(line["note"] or ""))),
        "published") for line in table.iter_rows(named=True))
    shown = [SiteTable(mark="published", title="Published numbers", heads=heads, lines=lines)]
    both = [name for name in table["task"].drop_nulls().unique(maintain_order=True).to_list() if name in ours]
    about += [f"Of these tasks our own entries stand on {', '.join(both)}."] if both else []
    yield from page(contents, "list.html.j2", "published.html", "Published", shown, heading="Published numbers", about=about,
                    shown=shown)


def _as_stated(value: float | None) -> str:
    return "–" if value is None else json.dumps(value)
