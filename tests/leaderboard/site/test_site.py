"""The site of a board: a folder that names nothing outside of itself, shows every text as text, and is the same for the same
board."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from in_browser import PLAIN, column, head, nothing_ran, opened, until
from made_sites import checked, checked_bounds, made_board, made_leaderboard, study
from selenium.webdriver.support.ui import Select

from w2s_bench.contracts.errors import DataError, UsageError
from w2s_bench.leaderboard.board import Value
from w2s_bench.leaderboard.index import read_index
from w2s_bench.leaderboard.site import rendering
from w2s_bench.leaderboard.site.addresses import page_of
from w2s_bench.leaderboard.site.build import build
from w2s_bench.leaderboard.site.figures_in_words import interval, letters, percent
from w2s_bench.leaderboard.site.findings import findings
from w2s_bench.leaderboard.site.table import Cell, Head, Line, SiteTable, axis_over, data_file
from w2s_bench.leaderboard.submission import Submission

OURS = Submission(name="our-own", title="Our own suites", who=("w2s-bench",), season="pilot/1", citation="Somebody & al. {2026}")
SECOND = Submission(name="second", title="Another <b>title</b>", who=("<script>window.ran=1</script>",), season="pilot/1",
                    url="https://example.org/paper")
README = "# Read me\n\n<script>window.ran=1</script> and <img src=x onerror=window.ran=1>\n"


def two_submissions() -> tuple[pl.DataFrame, pl.DataFrame]:
    """One study twice: its numbers derived here, and as somebody states them."""
    rows, bounds = study("quickstart")
    return (pl.concat([checked(rows, "our-own"), checked(rows, "second", "self-reported")]),
            pl.concat([checked_bounds(bounds, "our-own"), checked_bounds(bounds, "second")]))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A board of 140 real rows, two submissions and one that was withdrawn; and its site."""
    folder = tmp_path_factory.mktemp("board")
    rows, bounds = two_submissions()
    leaderboard = made_leaderboard(folder / "leaderboard", [OURS, SECOND], README, ["gone-away"])
    build(leaderboard, made_board(rows, bounds), folder / "site")
    return leaderboard, folder / "site"


class Links(HTMLParser):
    """What a page names: attributes that a browser follows or loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.followed: list[str] = []
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.followed += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "srcset", "action")]
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name == "style"]


def test_every_link_of_every_page_leads_to_a_file_of_the_site(made: tuple[Path, Path]) -> None:
    _, site = made
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 140
    lost = []
    for page in pages:
        links = Links(page.read_text(encoding="utf-8"))
        assert links.handlers == []
        for link in links.followed:
            path, _, mark = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            named = mark and target.suffix == ".html" and "=" not in mark
            outside = link.startswith(("http:", "https:")) or not target.is_file()
            if outside or (named and f'id="{mark}"' not in target.read_text(encoding="utf-8")):
                lost.append((page.name, link))
    assert lost == []


def test_a_page_runs_what_lies_beside_it_and_nothing_else(made: tuple[Path, Path]) -> None:
    for page in made[1].rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        found = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
        assert found and "unsafe" not in found[1] and "script-src &#39;self&#39;" in found[1] and "http" not in found[1]
        assert not re.search(r"<script(?![^>]* src=)|<style", text)


def test_what_a_submission_says_is_text(made: tuple[Path, Path]) -> None:
    page = (made[1] / page_of("submissions", "second")).read_text(encoding="utf-8")
    assert "&lt;script&gt;window.ran=1&lt;/script&gt;" in page and "<script>window" not in page and "<img" not in page
    assert "Another &lt;b&gt;title&lt;/b&gt;" in page


def test_the_same_board_gives_the_same_bytes_and_another_folder_is_left_alone(made: tuple[Path, Path], tmp_path: Path) -> None:
    leaderboard, site = made
    board = made_board(*two_submissions())
    build(leaderboard, board, tmp_path / "again")
    before = {path.relative_to(site): path.read_bytes() for path in site.rglob("*") if path.is_file()}
    assert {path.relative_to(tmp_path / "again"): path.read_bytes() for path in (tmp_path / "again").rglob("*")
            if path.is_file()} == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    with pytest.raises(UsageError, match="holds other things"):
        build(leaderboard, board, tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_the_floor_stands_before_the_first_entry(made: tuple[Path, Path]) -> None:
    front = (made[1] / "index.html").read_text(encoding="utf-8")
    assert 0 < front.index("The smallest difference that this season can tell apart") < front.index('href="entries/')
    assert front.index('class="findings"') < front.index("<figure")


def test_a_pair_that_is_not_tested_is_in_no_count() -> None:
    board = made_board(*two_submissions())
    few = board.compared.with_columns(pl.when(pl.int_range(pl.len()) < 2).then("p"))
    counted = findings(msgspec.structs.replace(board, compared=few), "#x")[1].count
    assert counted.endswith(" of 2") and few.height > 2


def test_the_first_hundred_rows_stand_in_the_page_and_the_rest_beside_it(made: tuple[Path, Path]) -> None:
    text = (made[1] / "rows.html").read_text(encoding="utf-8")
    assert text.split("<tbody>")[1].count("<tr") == 100
    [name] = re.findall(r'src="(data/[^"]+)"', text)
    held = (made[1] / name).read_text(encoding="utf-8")
    mark, lines = json.loads(f"[{held.removeprefix('boardLines(').removesuffix(');' + chr(10))}]")
    assert mark == "rows" and len(lines) == 40
    assert len(list((made[1] / "rows").iterdir())) == 140


def test_a_row_has_its_command_its_sentence_and_its_bounds(made: tuple[Path, Path]) -> None:
    rows, _ = study("quickstart")
    row = rows.filter(pl.col("task") == "diabetes").row(0, named=True)
    page = (made[1] / page_of("rows", "our-own", row["cell_key"])).read_text(encoding="utf-8")
    assert f"--task diabetes --weak &#39;{row['weak']}&#39; --strong raw" in page and f"--seeds {row['seed']}<" in page
    assert "over test examples: there is one fit" in page and "Rescored: derived here from the predictions" in page
    assert page.count(page_of("bounds", "theorem2-explicit")) == 2 and row["cell_key"] in page
    assert f"{row['err_weak']:.0f}" in page
    assert "fingerprint_data" not in page and "<th scope=row>misfit_reverse" in page


def test_what_was_withdrawn_keeps_a_tombstone_and_what_is_not_derived_says_so(made: tuple[Path, Path]) -> None:
    _, site = made
    tomb = (site / page_of("submissions", "gone-away")).read_text(encoding="utf-8")
    assert "taken back" in tomb and "Its author found a mistake." in tomb
    assert "gone-away" in (site / "submissions.html").read_text(encoding="utf-8")
    front = (site / "index.html").read_text(encoding="utf-8")
    assert "70 rows of 140 whose numbers could not be derived here" in front


def test_what_is_superseded_is_counted_no_more_and_says_by_whom(tmp_path: Path) -> None:
    leaderboard = made_leaderboard(tmp_path / "leaderboard", [OURS, SECOND])
    index = (leaderboard / "index.toml").read_text(encoding="utf-8")
    newer = index.replace('state = "active"\nreason = ""', 'state = "superseded"\nreason = "superseded by second"', 1)
    (leaderboard / "index.toml").write_text(newer, encoding="utf-8")
    rows, bounds = study("quickstart")
    build(leaderboard, made_board(checked(rows, "second").head(8), checked_bounds(bounds, "second")), tmp_path / "site")
    assert ": 1 submission, " in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "superseded by second" in (tmp_path / "site" / page_of("submissions", "our-own")).read_text(encoding="utf-8")


def test_the_feed_is_dated_by_the_index_alone(made: tuple[Path, Path]) -> None:
    root = ET.fromstring((made[1] / "feed.xml").read_text(encoding="utf-8"))
    atom = "{http://www.w3.org/2005/Atom}"
    assert root.findtext(f"{atom}updated") == "2026-11-11T00:00:00Z"
    assert [entry.findtext(f"{atom}title") for entry in root.iter(f"{atom}entry")] == [
        "gone-away, withdrawn", "Another <b>title</b>", "Our own suites"]


def test_downloads_hold_what_the_board_holds(made: tuple[Path, Path]) -> None:
    rows, _ = study("quickstart")
    folder = made[1] / "downloads"
    for table in (pl.read_parquet(folder / "rows.parquet"), pl.read_ndjson(folder / "rows.json", infer_schema_length=None),
                  pl.read_csv(folder / "rows.csv", infer_schema_length=None)):
        ours = table.filter(pl.col("submission") == "our-own")
        assert ours["gain"].to_list() == pytest.approx(rows["gain"].to_list(), rel=1e-12)
    bib = (folder / "board.bib").read_text(encoding="utf-8")
    assert r"note = {Somebody \& al. \{2026\}}" in bib and "author = {{<" not in bib
    assert r"\begin{tabular}" in (folder / "board.tex").read_text(encoding="utf-8")
    held = json.loads((folder / "board.json").read_text(encoding="utf-8"))
    assert held["season"] == "pilot/1" and held["entries"]


def test_a_board_without_a_submission_has_every_page(tmp_path: Path) -> None:
    rows, bounds = study("quickstart")
    board = made_board(checked(rows.filter(pl.col("task") == "diabetes"), "nobody", "self-reported"),
                       checked_bounds(bounds, "nobody").head(0))
    empty = msgspec.structs.replace(board, entries=(), compared=board.compared.head(0), rows=board.rows.head(0))
    (tmp_path / "leaderboard").mkdir()
    build(tmp_path / "leaderboard", empty, tmp_path / "site")
    front = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "No entry is ordered" in front and "0 submissions, 0 entries, 0 rows" in front


def test_a_row_without_a_score_and_one_that_is_infinite_have_their_pages(tmp_path: Path) -> None:
    rows, bounds = study("quickstart")
    few = rows.filter(pl.col("task") == "diabetes").head(4)
    lost = pl.col("seed") == few["seed"][0]
    far = pl.col("seed") == few["seed"][1]
    numbers = [name for name, kind in few.schema.items() if kind == pl.Float64]
    broken = few.with_columns(pl.when(lost).then(None).when(far).then(float("inf")).otherwise(pl.col(name)).alias(name)
                              for name in numbers)
    status = pl.when(lost).then(pl.lit("failed")).when(far).then(pl.lit("diverged")).otherwise("status")
    broken = broken.with_columns(status.alias("status"), pl.when(lost).then(pl.lit("<b>it broke</b>")).alias("error"))
    board = made_board(checked(few, "our-own"), checked_bounds(bounds, "our-own"))
    build(made_leaderboard(tmp_path / "leaderboard", [OURS]), msgspec.structs.replace(board, rows=checked(broken, "our-own")),
          tmp_path / "site")
    page = (tmp_path / "site" / page_of("rows", "our-own", few["cell_key"][0])).read_text(encoding="utf-8")
    assert "It ended as failed and has no number" in page and "&lt;b&gt;it broke&lt;/b&gt;" in page
    assert "inf" not in re.findall(r'data-v="([^"]*)"', (tmp_path / "site" / "rows.html").read_text(encoding="utf-8"))
    pages = [path.read_text(encoding="utf-8") for path in (tmp_path / "site").rglob("*.html")]
    assert not any(re.search(r'(nan|inf)[" ]', text) for page in pages for text in re.findall(r"<svg.*?</svg>", page, re.S))


def test_a_number_has_no_more_digits_than_its_interval_supports() -> None:
    assert interval(Value(0.1234, 0.08, 0.16, "seeds", 5)) == "12 [8, 16]"
    assert interval(Value(0.001, -0.0006, 0.0026, "seeds", 5)) == "0.1 [−0.1, 0.3]"
    assert interval(Value(0.1, None, None, None, 1)) == "10.0" and interval(None) == "–"
    assert letters((1, 2)) == "a b" and letters((27,)) == "aa" and percent(-0.0004) == "0.0"


def test_no_name_steers_where_its_page_lies() -> None:
    names = ["../../etc/passwd", "a/b", "", "<script>", "CON", "\N{CYRILLIC SMALL LETTER A}bc", "abc", "ABC", "x" * 10_000]
    pages = [page_of("models", name) for name in names]
    assert len({page.lower() for page in pages}) == len(names)
    assert all(re.fullmatch(r"models/[a-z0-9-]{10,80}\.html", page) for page in pages)


def test_no_text_of_a_data_file_ends_a_script() -> None:
    table = SiteTable(mark="rows", title="", heads=(Head(key="a", text="a"),), lines=())
    text = data_file(table.mark, [Line((Cell("</script><!--\u2028\x1b[31m&"),))])
    assert "<" not in text and "&" not in text and "\u2028" not in text and "\\\\x1b[31m" in text
    assert text.isascii()


def test_what_lies_far_beyond_an_axis_stands_at_its_end() -> None:
    axis = axis_over([0.1, -0.1])
    assert axis.drawn(-50.0, 0.0, 50.0) == (3, 80, 157)


def test_what_others_wrote_is_what_was_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    assert b"DataTables 3.1.5" in rendering.static_files()[rendering.DATATABLES]
    real = rendering._read
    monkeypatch.setattr(rendering, "_read", lambda name: real(name) + b"\n")
    with pytest.raises(DataError, match="not the one that the project pins"):
        rendering.static_files()


def test_an_index_names_each_submission_once(tmp_path: Path) -> None:
    made_leaderboard(tmp_path, [OURS], withdrawn=["gone-away"])
    assert [(listed.name, listed.state) for listed in read_index(tmp_path)] == [("our-own", "active"), ("gone-away", "withdrawn")]
    text = (tmp_path / "index.toml").read_text(encoding="utf-8")
    (tmp_path / "index.toml").write_text(text.replace("gone-away", "our-own"), encoding="utf-8")
    with pytest.raises(DataError, match="stands in it twice"):
        read_index(tmp_path)


def test_the_table_of_rows_is_that_of_the_page_and_sorts_filters_and_turns(made: tuple[Path, Path], browser: Any) -> None:
    site = made[1]
    browser.get((site / "rows.html").as_uri().replace("rows.html", "tasks.html"))
    still = browser.execute_script(
        f"return ({PLAIN})(new DOMParser().parseFromString(arguments[0], 'text/html').querySelector('#rows tbody'))",
        (site / "rows.html").read_text(encoding="utf-8"))
    opened(browser, (site / "rows.html").as_uri())
    assert browser.execute_script(f"return ({PLAIN})(document.querySelector('#rows tbody'))") == still
    head(browser, "rows", "gain").click()
    until(browser, "#rows.sort=gain")
    gains = [float(value) for value in column(browser, "rows", "gain")]
    assert len(gains) == 100 and gains == sorted(gains) and min(gains) < max(gains)
    Select(browser.find_element("css selector", "select[aria-label='only one strategy']")).select_by_index(1)
    assert len(set(column(browser, "rows", "strategy"))) == 1
    browser.find_element("css selector", "input[type=search]").send_keys("DIABETES")
    assert set(column(browser, "rows", "task")) == {"diabetes"}
    nothing_ran(browser)
