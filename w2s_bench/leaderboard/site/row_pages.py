"""The pages of all rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from w2s_bench.leaderboard.site.addresses import page_of
from w2s_bench.leaderboard.site.contents import KEY, Contents, Row
from w2s_bench.leaderboard.site.differing import Differences
from w2s_bench.leaderboard.site.figures_in_words import figure
from w2s_bench.leaderboard.site.pages import File, page
from w2s_bench.leaderboard.site.quoting import row_quote
from w2s_bench.leaderboard.site.rendering import escaped, filled
from w2s_bench.leaderboard.site.row_page import Numbers, command_of, strips_of
from w2s_bench.leaderboard.site.row_tables import configurations, seeds_table
from w2s_bench.tables.laws import unit_of

if TYPE_CHECKING:
    from markupsafe import Markup


def row_pages(contents: Contents, differences: Differences) -> Iterator[File]:
    """A page for each row. differences: where student and teacher of a row differ."""
    from markupsafe import Markup

    bounds: dict[tuple[Any, ...], list[Row]] = {}
    for line in contents.board.bounds.iter_rows(named=True):
        bounds.setdefault(tuple(line[name] for name in KEY), []).append(line)
    numbers = Numbers()
    for _, rows in configurations(contents):
        table = seeds_table(contents, rows)
        seeds = Markup(filled("seeds.html.j2", table=table, root="../")) if len(rows) > 1 else ""
        for row in rows:
            found = bounds.get(tuple(row[name] for name in KEY), [])
            yield from page(
                contents, "row.html.j2", row["page"], _heading(contents, row), heading=_heading(contents, row), facts=_facts(row),
                quote=row_quote(contents.board, row), command=command_of(row), key=row["cell_key"], made_with=_made_with(row),
                strips=strips_of(row), unit=unit_of(row["divergence"], row["output_unit"]),
                differing=differences.of(row), bounds=_bound_lines(found),
                seeds=seeds, numbers=numbers.of(row))


def _heading(contents: Contents, row: Row) -> str:
    return (f"{contents.name(row['task'])}: {contents.name(row['weak'])} → {contents.name(row['strong'])}, "
            f"{contents.name(row['strategy'])}, seed {row['seed']}")


def _facts(row: Row) -> list[tuple[str, object]]:
    """The names of the row in full, and how it ended."""
    named = [(name, row[name])
             for name in ("task", "weak", "strong", "strategy", "supervisor", "seed", "submission", "trust", "status",
                                            "error")]
    flags = ", ".join(row.get("flags") or ())
    missing = "; ".join(row.get("metrics_missing") or ())
    return [(name, value) for name, value in (*named, ("flags", flags), ("missing", missing)) if value not in (None, "")]


def _made_with(row: Row) -> str:
    """The components that made the row, as it names them."""
    try:
        found = json.loads(row.get("versions") or "{}")
    except ValueError:
        return ""
    parts = [f"{role} {said}" for role, said in sorted(found.items())] if isinstance(found, dict) else []
    return f"Made with {'; '.join(parts)}." if parts else ""


_BOUND_NUMBERS = (("lhs", 4), ("rhs", 4), ("slack", 4), ("tightness", 2))


def _bound_lines(found: Sequence[Row]) -> Markup:
    """A line for each bound and sample."""
    from markupsafe import Markup

    lines = []
    for line in found:
        numbers = "".join(f'<td class="number">{figure(line[name], places)}</td>' for name, places in _BOUND_NUMBERS)
        lacking = ", ".join(line["fails"] or ()).replace("_", " ")
        split, said, fails, name = map(escaped, (line["split"], line["verdict"] or "–", lacking, line["bound"]))
        lines.append(f'<tr><th scope="row"><a href="../{page_of("bounds", line["bound"])}">{name}</a></th>'
                     f'<td>{split}</td>{numbers}<td>{said}</td><td>{fails}</td></tr>')
    return Markup("\n".join(lines))
