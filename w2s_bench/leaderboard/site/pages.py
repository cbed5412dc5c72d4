"""Pages as files: each is a template filled, with a data file beside it for what a table holds beyond its first hundred lines."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import w2s_bench
from w2s_bench.leaderboard.site.addresses import slug
from w2s_bench.leaderboard.site.contents import Contents
from w2s_bench.leaderboard.site.rendering import DATATABLES, POLICY, filled
from w2s_bench.leaderboard.site.table import SiteTable, data_file

if TYPE_CHECKING:
    from markupsafe import Markup

File = tuple[str, str]
"""The address of a file from the root of the site, and its text."""

NAVIGATION = (
    ("index.html", "Board"), ("tasks.html", "Tasks"), ("strategies.html", "Strategies"), ("models.html", "Models"),
    ("rows.html", "Rows"), ("bounds.html", "Bounds"), ("compare.html", "Compare"), ("submissions.html", "Submissions"),
    ("published.html", "Published"), ("read.html", "How to read"), ("plugins.html", "Plugins"),
    ("downloads.html", "Downloads"))


def page(contents: Contents, template: str, address: str, title: str, tables: Sequence[SiteTable] = (), *,
         data: Sequence[File] = (), **given: object) -> Iterator[File]:
    """One page and its data files. tables: those that it shows. data: further files that it reads."""
    root = "../" * address.count("/")
    files = [(f"data/{slug(address, table.mark)}.js", data_file(table.mark, table.rest, root)) for table in tables if table.rest]
    yield from (*files, *data)
    season = contents.board.season
    header, footer = _frame(season.title, season.label, root, address if not root else "")
    yield address, filled(template, title=title, root=root, season=season, policy=POLICY, datatables=DATATABLES, header=header,
                          footer=footer, data_files=[name for name, _ in (*files, *data)], **given)


@functools.cache
def _frame(title: str, label: str, root: str, here: str) -> tuple[Markup, Markup]:
    """What stands above and below every page."""
    from markupsafe import Markup

    above = filled("header.html.j2", title=title, label=label, root=root, here=here, navigation=NAVIGATION)
    return Markup(above), Markup(filled("footer.html.j2", root=root, version=w2s_bench.__version__))
