"""The board as files: Parquet, CSV, JSON, LaTeX and BibTeX."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from w2s_bench.leaderboard.board import Board
from w2s_bench.leaderboard.site.contents import Contents
from w2s_bench.leaderboard.site.figures_in_words import letters
from w2s_bench.leaderboard.site.pages import File, page
from w2s_bench.leaderboard.site.standings import controls_of, sections
from w2s_bench.leaderboard.site.table import SiteTable
from w2s_bench.report.rendering import as_latex, filled
from w2s_bench.report.table import listed
from w2s_bench.running.table_files import BOUND, NAMED, ROW, conformed

if TYPE_CHECKING:
    import polars as pl

FOLDER = "downloads"


class Download(msgspec.Struct, frozen=True):
    """A file that the site offers. content: its bytes."""

    name: str
    about: str
    content: bytes

    @property
    def address(self) -> str:
        """Where it lies."""
        return f"{FOLDER}/{self.name}"

    @property
    def size(self) -> str:
        """How large it is."""
        count = len(self.content)
        return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(1, round(count / 1e3))} kB"


def downloads(contents: Contents, differing: Sequence[pl.DataFrame] = ()) -> list[Download]:
    """All files, the board first. differing: the examples on which student and teacher of rows differ."""
    import polars as pl

    board = contents.board
    season = board.season.label
    found = [
        Download("board.csv", "an entry on a task a line, with its intervals and ranks", _csv(entry_values(board))),
        Download("board.json", "the same and the controls, nested", _board_json(board)),
        Download("compared.csv", "every comparison that is shown", _csv(board.compared)),
        Download("board.tex", "the tables of the board for LaTeX (booktabs)", _latex(contents).encode()),
        Download("board.bib", "the season and its submissions for BibTeX", bibtex(contents).encode()),
        Download("season.toml", f"the season {season} as it is frozen", board.season.to_toml().encode())]
    for name, table, schema in (("rows", board.rows, ROW), ("bounds", board.bounds, BOUND)):
        kept = conformed(table, schema, name)
        flat = _flat(kept)
        found += [Download(f"{name}.parquet", f"all {name}, with the columns of this program", _parquet(kept, schema.label)),
                  Download(f"{name}.csv", f"the same {name} as text", _csv(flat)),
                  Download(f"{name}.json", f"the same {name}, a JSON object a line", kept.write_ndjson().encode())]
    if differing:
        about = "every test example on which the student and the teacher of a row differ, by id"
        found.append(Download("examples.parquet", about, _parquet(pl.concat(differing), "w2s-examples/1")))
    return found


def download_page(contents: Contents, found: list[Download]) -> Iterator[File]:
    """The page that lists them."""
    texts = [("How to cite the season", bibtex(contents, submissions=False))]
    yield from page(contents, "downloads.html.j2", "downloads.html", "Downloads", files=found, texts=texts)


def entry_values(board: Board) -> pl.DataFrame:
    """An entry on a task a line; an empty task stands for all of them."""
    import polars as pl

    lines: list[Mapping[str, object]] = []
    for entry in board.entries:
        about = {"submission": entry.submission, "strategy": entry.strategy, "division": entry.division, "kind": entry.kind,
                 "trust": entry.trust}
        overall = entry.overall
        lines.append({**about, "task": "", "share": entry.mean, "low": overall.low if overall else None,
                      "high": overall.high if overall else None, "over": overall.over if overall else None, "done": entry.done,
                      "planned": entry.planned, "imputed": entry.imputed, "above_shuffled": entry.above_shuffled,
                      "rank_low": entry.ranks.low if entry.ranks else None,
                      "rank_high": entry.ranks.high if entry.ranks else None,
                      "tie_groups": letters(entry.ranks.groups) if entry.ranks else None})
        for value in entry.values:
            share = value.share
            lines.append({**about, "task": value.task, "share": share.mean if share else None,
                          "low": share.low if share else None,
                          "high": share.high if share else None, "over": share.over if share else None,
                          "seeds": share.n if share else 0,
                          "nats": value.nats.mean if value.nats else None,
                          "accuracy": value.accuracy.mean if value.accuracy else None,
                          "misfit": value.misfit.mean if value.misfit else None, "tightness": value.tightness, "done": value.done,
                          "planned": value.planned, "imputed": value.imputed, "above_shuffled": value.above_shuffled,
                          "rank_low": value.ranks.low if value.ranks else None,
                          "rank_high": value.ranks.high if value.ranks else None,
                          "tie_groups": letters(value.ranks.groups) if value.ranks else None})
    words = ("submission", "strategy", "division", "kind", "trust", "task", "over", "tie_groups")
    whole = ("seeds", "done", "planned", "rank_low", "rank_high")
    names = (*words[:6], "share", "low", "high", "over", "seeds", "nats", "accuracy", "misfit", "tightness", "done", "planned",
             "imputed",
             "above_shuffled", "rank_low", "rank_high", "tie_groups")
    schema = {name: pl.String if name in words else pl.Int64 if name in whole else pl.Boolean if name == "above_shuffled"
              else pl.Float64 for name in names}
    return pl.DataFrame([[line.get(name) for name in names] for line in lines], schema=schema, orient="row")


def bibtex(contents: Contents, *, submissions: bool = True) -> str:
    """The season, and each submission that is not withdrawn, as entries of BibTeX."""
    season = contents.board.season
    key = season.label.replace("/", "-")
    items = [_bib(f"w2s-bench-{key}", {"title": season.title, "howpublished": f"w2s-bench season {season.label}, version "
                                                                              f"{season.version}",
                                       "year": season.opens[:4]})]
    for sent in contents.sent if submissions else ():
        if sent.said is not None:
            items.append(_bib(f"w2s-bench-{sent.listed.name}", {
                "author": " and ".join(f"{{{as_latex(who)}}}" for who in sent.said.who), "title": sent.said.title,
                "howpublished": f"Submission to w2s-bench season {sent.listed.season or 'none'}",
                "year": str(sent.listed.added)[:4],
                "note": " ".join(sent.said.citation.split()), "url": sent.said.url}))
    return "\n".join(items)


def _bib(key: str, fields: Mapping[str, str]) -> str:
    lines = [f"  {name} = {{{value if name in ('author', 'url') else as_latex(value)}}}"
             for name, value in fields.items() if value]
    return f"@misc{{{key},\n" + ",\n".join(lines) + "\n}\n"


def _latex(contents: Contents) -> str:
    tables = [table for section in sections(contents) for table in section.tables]
    tables += [table for kind in ("regression", "classes") if (table := controls_of(contents, kind))]
    season = contents.board.season
    return filled("tables.tex.j2", tables=[_listed(table) for table in tables],
                  notes=[f"w2s-bench season {season.label}. Entries that share a letter are not told apart."])


def _listed(table: SiteTable) -> object:
    heads = [f"{head.text} ({head.unit})" if head.unit else head.text for head in table.heads]
    return listed(table.title, table.about, heads, [[cell.text for cell in line.cells] for line in table.lines])


def _board_json(board: Board) -> bytes:
    held = {"season": board.season.label, "version": board.season.version, "floor": msgspec.to_builtins(board.floor),
            "entries": msgspec.to_builtins(board.entries), "controls": msgspec.to_builtins(board.controls),
            "comparisons": board.comparisons}
    return (json.dumps(held, ensure_ascii=False, indent=1) + "\n").encode()


def _flat(table: pl.DataFrame) -> pl.DataFrame:
    """Lists as text, joined with semicolons, for CSV."""
    import polars as pl

    return table.with_columns(pl.col(name).list.join("; ") for name, kind in table.schema.items() if kind == pl.List(pl.String))


def _csv(table: pl.DataFrame) -> bytes:
    return table.write_csv().encode()


def _parquet(table: pl.DataFrame, label: str) -> bytes:
    held = io.BytesIO()
    table.write_parquet(held, metadata={NAMED: label})
    return held.getvalue()
