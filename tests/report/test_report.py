"""The page is one file that asks for nothing, shows what it should in a real browser, escapes every name and stays small."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from made_tables import make_classes, make_tables
from selenium.webdriver import Keys
from selenium.webdriver.support.ui import WebDriverWait

from w2s_bench.report.page import page_of, write_report

HOSTILE = "</script><script>document.title='owned'</script><img src=http://example.invalid/x>"
SIZES = (20, 80, 320)
KINDS = ("gain-misfit", "ledger", "tightness", "selection", "sample-size", "heatmap")


def full_tables() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows for every figure: three models in all pairs, three sizes of the transfer set, the terms of the ledger."""
    rows, bounds = make_tables({"diabetes": 2900.0, HOSTILE: 0.1}, seeds=2, failed=2)
    models = ["m[width=1]", "m[width=2]", "m[width=3]"]
    pairs = [(weak, strong) for weak in models for strong in models if (weak < strong)]
    many, kept = [], []
    for weak, strong in pairs:
        for size in SIZES:
            suffix = f"-{weak}-{strong}-{size}"
            forward = pl.col("weak") == "small"
            many.append(rows.filter(pl.col("status") == "ok").with_columns(
                pl.col("cell_key") + suffix, pl.lit(size, pl.Int64).alias("n_transfer"),
                pl.when(forward).then(pl.lit(weak)).otherwise(pl.lit(strong)).alias("weak"),
                pl.when(forward).then(pl.lit(strong)).otherwise(pl.lit(weak)).alias("strong"),
                pl.lit(0.0).alias("projection"), (pl.col("gain") - pl.col("misfit")).alias("realizability"),
                (pl.col("task") + f"#{size}").alias("task")))
            kept.append(bounds.with_columns(pl.col("cell_key") + suffix))
    return pl.concat([*many, rows.filter(pl.col("status") != "ok")]), pl.concat(kept)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    rows, bounds = full_tables()
    rows.write_parquet(folder / "rows.parquet")
    bounds.write_parquet(folder / "bounds.parquet")
    (folder / "spec.toml").write_text('name = "demo <b>"\n', encoding="utf-8")
    (folder / "env.json").write_text('{"python": "3.11"}', encoding="utf-8")
    return write_report([folder])


def figures(text: str) -> list[str]:
    return re.findall(r'<section id="figure-([\w-]+)"', text)


class Links(HTMLParser):
    """What a page names outside of it: attributes that a browser follows or loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "srcset", "action", "style")]


@pytest.mark.slow
def test_nothing_outside_is_named(page: Path) -> None:
    found = Links(page.read_text(encoding="utf-8")).found
    assert found and all(link.startswith("#") for link in found)


@pytest.mark.slow
def test_the_same_folder_gives_the_same_bytes(page: Path) -> None:
    before = page.read_bytes()
    assert write_report([page.parent]).read_bytes() == before


def test_every_figure_that_the_run_holds_is_there_once_with_its_words_and_its_numbers(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert figures(text) == list(KINDS) and text.count("figcaption>") == 2 * len(KINDS)
    assert text.count("<svg") == text.count('role="img"') == text.count("The numbers of this figure") == len(KINDS)
    assert len(text.encode()) < 1_500_000


@pytest.mark.slow
def test_figures_without_data_are_left_out() -> None:
    assert figures(page_of(*make_tables({"t": 1.0}), [])) == ["gain-misfit", "tightness"]
    rows, bounds = full_tables()
    less = rows.filter((pl.col("n_transfer") < SIZES[2]) & (pl.col("weak") != "m[width=3]"))
    text = page_of(less, bounds.clear(), [])
    assert figures(text) == ["gain-misfit", "ledger"]
    assert "The figure selection is not drawn: every interval is wider than its frame" in text


@pytest.mark.slow
def test_classes_have_accuracy_their_strategies_are_compared_and_what_is_missing_has_a_reason() -> None:
    rows, bounds = make_classes({"sentiment": 2, "questions": 6}, ("plain", "bold"))
    lost = pl.when((pl.col("strategy") == "bold") & (pl.col("seed") == 2)).then(pl.lit("oom")).otherwise("status")
    text = page_of(rows.with_columns(status=lost, pgr_reason=pl.lit("gap's 95 % interval contains 0")), bounds, [])
    assert "accuracy student</span>" in text and "agree, weak wrong</span>" in text and "strategies" in figures(text)
    assert "Strategies, paired" in text and "bold: 4 of 12 cells make no pair: 4 oom." in text
    assert "auroc: for two classes, and there are 6" in text and "contains 0</td><td>20</td>" in text
    assert "kl-explicit on the test split" in text
    numbers = page_of(*make_tables({"t": 1.0}), [])
    assert "Strategies, paired" not in numbers and "accuracy student</span>" not in numbers


def test_a_run_without_scores_has_a_page(tmp_path: Path) -> None:
    rows, bounds = make_tables({"t": 1.0}, failed=2)
    rows.filter(pl.col("status") != "ok").write_parquet(tmp_path / "rows.parquet")
    bounds.clear().write_parquet(tmp_path / "bounds.parquet")
    text = write_report([tmp_path]).read_text(encoding="utf-8")
    assert "No cell ended" in text and "<figure" not in text and "<svg" not in text


@pytest.mark.slow
def test_a_page_of_twelve_thousand_cells_stays_small_and_says_where_they_are() -> None:
    text = page_of(*make_tables({f"t{i}": 1.0 for i in range(20)}, seeds=300, failed=400), [])
    assert len(text.encode()) < 5_000_000
    assert "12000 cells, too many for a page. Every cell is in rows.parquet" in text and "<picture>" not in text
    assert "12 of 20 panels are drawn" in text and "400 of 12400 cells ended otherwise. The first 200 are listed" in text


def column(browser: Any, table: str, at: int) -> list[str]:
    """What the lines of a table that are shown hold in this column: its number, else its words."""
    cells = browser.find_elements("css selector", f"#{table} tbody tr > :nth-child({at + 1})")
    return [cell.get_attribute("data-v") or cell.text for cell in cells]


def heads(browser: Any, table: str) -> dict[str, Any]:
    """The heads of a table by their words, in order, once the page is drawn."""
    def drawn(browser: Any) -> dict[str, Any]:
        found = {button.text: button for button in browser.find_elements("css selector", f"#{table} thead button")}
        return found if found and "" not in found else {}

    return WebDriverWait(browser, 20).until(drawn)


def asked(browser: Any, table: str, at: int, words: str) -> None:
    """Write into the field above a column, in place of what stood there."""
    field = browser.find_elements("css selector", f"#{table} thead input")[at]
    field.clear()
    field.send_keys(words)


@pytest.mark.slow
def test_a_head_sorts_by_numbers_with_what_is_missing_last_and_by_the_keyboard(page: Path, browser: Any) -> None:
    browser.get(page.as_uri())
    found = heads(browser, "cells")
    at = list(found).index("gain ± se")
    found["gain ± se"].send_keys(Keys.ENTER)
    first = [float(value) for value in column(browser, "cells", at)]
    assert len(first) == 50 and first == sorted(first) and min(first) < max(first)
    head = browser.find_elements("css selector", "#cells thead th")[at]
    assert head.get_attribute("aria-sort") == "ascending"
    found["gain ± se"].send_keys(Keys.SPACE)
    downwards = [float(value) for value in column(browser, "cells", at)]
    assert head.get_attribute("aria-sort") == "descending" and downwards == sorted(downwards, reverse=True)
    assert downwards[0] > first[-1]
    browser.find_element("css selector", "#cells").find_element("xpath", "following::button[text()='after']").click()
    assert max(float(value) for value in column(browser, "cells", at)) <= downwards[-1]
    found["pgr"].click()
    assert column(browser, "cells", list(found).index("pgr"))[:1] == ["-"]  # none has one


@pytest.mark.slow
def test_a_field_takes_words_whole_words_and_numbers(page: Path, browser: Any) -> None:
    browser.get(page.as_uri())
    names = list(heads(browser, "cells"))
    task, direction, gain = (names.index(name) for name in ("task", "direction", "gain ± se"))
    asked(browser, "cells", task, "diabetes#20")
    assert len(column(browser, "cells", task)) == 12
    asked(browser, "cells", direction, "=weak-to-strong")
    assert set(column(browser, "cells", direction)) == {"weak-to-strong"} and len(column(browser, "cells", task)) == 6
    asked(browser, "cells", direction, "=weak-to")
    assert column(browser, "cells", task) == []
    asked(browser, "cells", direction, "")
    for words, meets in ((">0", lambda value: value > 0), ("<-1", lambda value: value < -1)):
        asked(browser, "cells", gain, words)
        assert len(column(browser, "cells", gain)) == 6 and all(meets(float(v)) for v in column(browser, "cells", gain))
    bar = browser.find_element("css selector", "#cells").find_element("xpath", "preceding::div[@class='bar'][1]")
    assert "6 found of" in bar.text


def test_heads_and_names_stay_in_sight(page: Path, browser: Any) -> None:
    browser.get(page.as_uri())
    top, left = browser.execute_script("""
        const table = document.querySelector('#cells'), box = table.parentElement;
        box.scrollTo(400, 300);
        const head = table.tHead.rows[0].cells[4].getBoundingClientRect(), name = table.tBodies[0].rows[9].cells[0];
        const frame = box.getBoundingClientRect();
        return [head.top - frame.top, name.getBoundingClientRect().left - frame.left];""")
    assert abs(top) <= 1 and abs(left) <= 1


def test_a_phone_shows_names_and_gain_first_and_does_not_scroll_sideways(page: Path, browser: Any) -> None:
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 2,
                                                                   "mobile": True})
    browser.get(page.as_uri())
    assert browser.execute_script("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    seen = browser.execute_script("""
        return [...document.querySelector('#pairs').tHead.rows[0].cells].filter(head => head.offsetWidth
            && head.getBoundingClientRect().right <= 390).map(head => head.querySelector('button').textContent)""")
    assert seen[:2] == ["weak → strong", "gain ± 95 %"]
    assert browser.find_element("css selector", "#pairs .more").is_displayed()


def test_a_dark_screen_gets_a_dark_page_and_dark_figures(page: Path, browser: Any) -> None:
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    browser.get(page.as_uri())
    ink, paper, back, text = browser.execute_script("""
        const style = element => getComputedStyle(element), figure = document.querySelector('figure svg');
        return [style(document.body).color, style(document.body).backgroundColor, style(figure.querySelector('rect')).fill,
                style(figure.querySelector('text')).fill];""")

    def light(colour: str) -> float:
        return sum(int(part) for part in re.findall(r"\d+", colour)[:3]) / 765

    assert light(paper) < 0.2 > light(back) and light(ink) > 0.7 < light(text)


def test_a_mark_says_what_it_is(page: Path, browser: Any) -> None:
    browser.get(page.as_uri())
    mark = browser.find_element("css selector", "#figure-gain-misfit [data-tip]")
    browser.execute_script("arguments[0].dispatchEvent(new PointerEvent('pointerover', {bubbles: true}))", mark)
    assert "gain" in browser.find_element("class name", "tip").text


def test_nothing_of_the_page_is_fetched_or_refused(page: Path, browser: Any) -> None:
    browser.get(page.as_uri())
    assert browser.title == "demo <b>: gain and misfit"
    assert [line["message"] for line in browser.get_log("browser")] == []
    names = browser.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert [name for name in names if not name.startswith("data:")] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(page: Path, browser: Any, scheme: str, width: int) -> None:
    axe = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
    if not axe.is_file():
        pytest.skip("axe-core is not installed: npm install --no-save axe-core@4")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1,
                                                                   "mobile": width < 600})
    browser.get(page.as_uri())
    browser.execute_script("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    browser.execute_script(axe.read_text(encoding="utf-8"))
    found = browser.execute_async_script("axe.run().then(found => arguments[0](found.violations))")
    assert [(each["id"], [node["html"][:200] for node in each["nodes"]][:3]) for each in found] == []
