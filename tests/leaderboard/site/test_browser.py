"""The site in a real browser, from a folder and from a host: tables, addresses, comparison, downloads, keyboard, no script, a
stranger's texts, and what one who cannot see it meets."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from in_browser import column, head, nothing_ran, opened, until
from made_sites import checked, checked_bounds, made_board, made_leaderboard, study
from selenium.webdriver import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from w2s_bench.leaderboard.site.addresses import page_of
from w2s_bench.leaderboard.site.build import build
from w2s_bench.leaderboard.submission import Submission

pytestmark = pytest.mark.slow

SCRIPT = "</script><script>window.ran=1</script>"
EVENT = "<img src=x onerror=window.ran=1><svg onload=window.ran=1>"
TERMINAL = "\x1b[31mred\x1b[0m\u202egnp"
SELF = Submission(name="our-own", title=SCRIPT, who=(EVENT, "w2s-bench"), season="pilot/1", citation=SCRIPT + EVENT)
README = f"# {SCRIPT}\n\n{EVENT}\n\n[a link](javascript:window.ran=1) ![i](http://example.invalid/x.png)\n"
@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """210 rows: a study three times, the third with names that are markup, scripts and orders to a terminal; nine tasks of
    numbers."""
    folder = tmp_path_factory.mktemp("site")
    rows, bounds = study("quickstart")
    more = []
    for number in range(3):
        renamed = pl.concat_str(pl.col("task"), pl.lit(f"-{number}" if number < 2 else SCRIPT + EVENT))
        keys = pl.concat_str(pl.col("cell_key"), pl.lit(str(number)))
        models = {name: pl.col(name) if number < 2 else pl.concat_str(pl.col(name), pl.lit(EVENT + TERMINAL))
                  for name in ("weak", "strong")}
        more.append((rows.with_columns(renamed.alias("task"), keys.alias("cell_key"), **models),
                     bounds.with_columns(keys.alias("cell_key"))))
    every = checked(pl.concat([each for each, _ in more]), "our-own")
    strategies = [every, every.with_columns(pl.lit(f"tuned[{EVENT}]").alias("strategy"), pl.col("gain") * 0.9,
                                            pl.concat_str("cell_key", pl.lit("b")).alias("cell_key"))]
    board = made_board(pl.concat(strategies), checked_bounds(pl.concat([each for _, each in more]), "our-own"))
    build(made_leaderboard(folder / "leaderboard", [SELF], README, ["gone-away"]), board, folder / "site")
    return folder / "site"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def host(site: Path) -> Iterator[str]:
    """The same from a host."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def one_of_each(site: Path) -> list[str]:
    """The address of each page of the site's own, and of the first of each folder."""
    folders = [sorted(path for path in folder.iterdir() if path.suffix == ".html")[0] for folder in sorted(site.iterdir())
               if folder.is_dir() and folder.name not in ("data", "downloads")]
    return [str(path.relative_to(site)) for path in (*sorted(site.glob("*.html")), *folders)]


@pytest.mark.parametrize("where", ["folder", "host"])
def test_every_kind_of_page_opens_and_none_complains(site: Path, host: str, browser: Any, where: str) -> None:
    for page in one_of_each(site):
        opened(browser, (site / page).as_uri() if where == "folder" else f"{host}/{page}")
        assert browser.find_elements("css selector", "h1"), page
        nothing_ran(browser)


def test_every_page_opens_from_a_folder(site: Path, browser: Any) -> None:
    pages = sorted(site.rglob("*.html"))
    for page in pages:
        opened(browser, page.as_uri())
        nothing_ran(browser)
    assert len(pages) > 420


def test_the_state_of_a_view_is_in_its_address(site: Path, host: str, browser: Any) -> None:
    opened(browser, f"{host}/rows.html")
    for address in ("#rows.sort=misfit", "#rows.sort=-misfit"):
        head(browser, "rows", "misfit").find_element("css selector", "[tabindex='0']").send_keys(Keys.ENTER)
        until(browser, address)
    misfits = [float(value) for value in column(browser, "rows", "misfit")]
    assert misfits == sorted(misfits, reverse=True)
    assert head(browser, "rows", "misfit").get_attribute("aria-sort") == "descending"
    browser.find_element("css selector", ".dt-paging button[aria-label='next page'], .dt-paging button.next").click()
    until(browser, "rows.page=2")
    later = column(browser, "rows", "misfit")
    assert float(later[0]) <= misfits[-1]
    address = browser.current_url
    opened(browser, address)
    assert column(browser, "rows", "misfit") == later
    assert head(browser, "rows", "misfit").get_attribute("aria-sort") == "descending"
    opened(browser, f"{host}/rows.html#rows.find=nobody-has-this&rows.sort=-gain")
    assert "no line has these" in browser.find_element("css selector", "#rows tbody").text
    opened(browser, f"{host}/rows.html#rows.sort=%3Cscript%3E&rows.page=-7&rows.only.task=none")
    assert len(column(browser, "rows", "gain")) == 100
    nothing_ran(browser)


def test_two_entries_are_compared_and_either_way_round(site: Path, browser: Any) -> None:
    opened(browser, (site / "compare.html").as_uri())
    first, second = (Select(browser.find_element("id", name)) for name in ("first", "second"))
    assert len(first.options) == 3
    said = browser.find_element("id", "verdict").text
    assert "told apart" in said or "is better" in said
    lines = [row.text for row in browser.find_elements("css selector", "#side-by-side tbody tr")]
    assert any("[" in line for line in lines)
    one, two = (each.first_selected_option.get_attribute("value") for each in (first, second))
    first.select_by_value(two)
    second.select_by_value(one)
    address = browser.current_url
    turned = [cell.text for cell in browser.find_elements("css selector", "#side-by-side tbody tr:first-child td")]
    opened(browser, address)
    assert [cell.text for cell in browser.find_elements("css selector", "#side-by-side tbody tr:first-child td")] == turned
    assert browser.execute_script("return [reversed('0.3 [−1, 2]'), reversed('−4 [−6, −1.5]'), reversed('0 [0, 0]'), "
                                  "reversed('–')]") == [
        "−0.3 [−2, 1]", "4 [1.5, 6]", "0 [0, 0]", "–"]
    nothing_ran(browser)


def test_without_scripts_everything_is_there_to_read_and_follow(site: Path, browser: Any) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    for page in one_of_each(site):
        browser.get((site / page).as_uri())
        assert browser.find_element("css selector", "main").text, page
    browser.get((site / "rows.html").as_uri())
    assert len(browser.find_elements("css selector", "#rows tbody tr")) == 100
    assert "The first 100 of 420 lines" in browser.find_element("tag name", "body").text
    browser.get((site / "compare.html").as_uri())
    assert not browser.find_element("id", "pair").is_displayed()
    assert browser.find_elements("css selector", "#pairs tbody tr")


def test_a_stranger_s_texts_are_shown_as_they_are_and_run_nothing(site: Path, browser: Any) -> None:
    opened(browser, (site / page_of("submissions", "our-own")).as_uri())
    text = browser.find_element("tag name", "body").text
    assert SCRIPT in text and EVENT in text
    assert browser.execute_script("return document.querySelectorAll('.readme img, .readme script, .readme svg').length") == 0
    nothing_ran(browser)
    opened(browser, (site / "models.html").as_uri())
    text = browser.find_element("tag name", "body").text
    assert "\\x1b[31mred" in text and "\\u202e" in text and "\x1b" not in text and "\u202e" not in text
    opened(browser, (site / "rows.html").as_uri() + "#rows.find=script&rows.sort=-task")
    assert SCRIPT in browser.find_element("css selector", "#rows tbody").text
    browser.execute_script("""
        const made = document.createElement('script'); made.textContent = 'window.ran = 1'; document.body.append(made);
        document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.ran = 2">');""")
    met = browser.execute_async_script("""
        const done = arguments[0];
        setTimeout(() => { let met = ''; try { met = new Function('return 5')(); } catch (error) { met = error.name; }
                           done([window.ran ?? 'nothing', met]); }, 200);""")
    assert met == ["nothing", "EvalError"]


def test_a_file_is_downloaded_and_the_sentence_of_a_row_copied(site: Path, host: str, browser: Any, tmp_path: Path) -> None:
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    opened(browser, f"{host}/downloads.html")
    browser.find_element("link text", "rows.parquet").click()
    WebDriverWait(browser, 20).until(lambda _: (tmp_path / "rows.parquet").is_file())
    assert pl.read_parquet(tmp_path / "rows.parquet").height == 420
    row = sorted((site / "rows").iterdir())[0].name
    opened(browser, f"{host}/rows/{row}")
    browser.find_element("css selector", "button.copy").click()
    chosen = browser.execute_script("return getSelection().toString()")
    assert "over test examples" in chosen and "Rescored" in chosen


def test_the_keyboard_reaches_the_content_the_heads_and_the_pages(site: Path, browser: Any) -> None:
    opened(browser, (site / "rows.html").as_uri())
    body = browser.find_element("tag name", "body")
    body.send_keys(Keys.TAB)
    assert browser.switch_to.active_element.text == "To the content"
    reached = []
    for _ in range(60):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        reached.append(browser.execute_script("return document.activeElement.closest('th')?.dataset.key ?? "
                                              "document.activeElement.tagName"))
    assert {"INPUT", "SELECT", "task", "gain", "status"} <= set(reached)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(site: Path, browser: Any, scheme: str, width: int) -> None:
    axe = Path(__file__).resolve().parents[3] / "node_modules" / "axe-core" / "axe.min.js"
    if not axe.is_file():
        pytest.skip("axe-core is not installed: npm install --no-save axe-core@4")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1,
                                                                   "mobile": width < 600})
    found = {}
    for page in one_of_each(site):
        opened(browser, (site / page).as_uri())
        browser.execute_script(axe.read_text(encoding="utf-8"))
        met = browser.execute_async_script("axe.run().then(found => arguments[0](found.violations))")
        if met:
            found[page] = [(each["id"], each["impact"], [node["html"][:200] for node in each["nodes"]][:3]) for each in met]
    assert found == {}


def test_a_phone_scrolls_down_alone_and_a_dark_screen_gets_a_dark_page(site: Path, browser: Any) -> None:
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                            {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True})
    for page in one_of_each(site):
        opened(browser, (site / page).as_uri())
        assert browser.execute_script("return document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page
        assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 28)"


def test_print_has_the_rows_and_none_of_the_fields(site: Path, browser: Any) -> None:
    opened(browser, (site / "rows.html").as_uri())
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not browser.find_element("css selector", ".bar").is_displayed()
    assert not browser.find_element("css selector", "header nav").is_displayed()
    assert len(browser.find_elements("css selector", "#rows tbody tr")) == 100
