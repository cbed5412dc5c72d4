"""The page is one file that asks for nothing, shows what it should in a real browser, and escapes every name."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from made_tables import make_tables

from w2s_bench.errors import UsageError
from w2s_bench.plots import gain_misfit, save
from w2s_bench.report import write_report

HOSTILE = "</script><script>document.title='owned'</script><img src=http://example.invalid/x>"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    rows, bounds = make_tables({"diabetes": 2900.0, HOSTILE: 0.1}, failed=2)
    rows.write_parquet(folder / "rows.parquet")
    bounds.write_parquet(folder / "bounds.parquet")
    (folder / "spec.toml").write_text('name = "demo <b>"\n', encoding="utf-8")
    (folder / "env.json").write_text('{"python": "3.11"}', encoding="utf-8")
    return write_report(folder)


def test_hostile_names_stay_text(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "<script>document.title" not in text and "<img src=http" not in text
    assert "demo &lt;b&gt;" in text and "it &lt;b&gt;broke" in text


def test_nothing_outside_is_named(page: Path) -> None:
    without_scripts = re.sub(r"<script.*?</script>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.findall(r"<[^<>]*\s(?:src|href)=[\"']?(?:https?:)?//", without_scripts)
    assert not re.search(r"<script[^>]*\ssrc=[\"']?http", page.read_text(encoding="utf-8"))


def test_the_same_folder_gives_the_same_bytes(page: Path) -> None:
    before = page.read_bytes()
    assert write_report(page.parent).read_bytes() == before


def test_a_run_without_scores_has_a_page(tmp_path: Path) -> None:
    rows, bounds = make_tables({"t": 1.0}, failed=2)
    rows.filter(pl.col("status") != "ok").write_parquet(tmp_path / "rows.parquet")
    bounds.clear().write_parquet(tmp_path / "bounds.parquet")
    assert "No cell ended" in write_report(tmp_path).read_text(encoding="utf-8")


def test_figures_are_saved_in_three_forms(tmp_path: Path) -> None:
    chart = gain_misfit(*make_tables({"a": 1.0, "b": 1e4}))
    for suffix in ("png", "svg", "html"):
        save(chart, tmp_path / f"f.{suffix}")
        assert (tmp_path / f"f.{suffix}").stat().st_size > 1000
    with pytest.raises(UsageError):
        save(chart, tmp_path / "f.bmp")


@pytest.fixture
def browser() -> Iterator[Any]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("chromium and chromedriver are not installed")
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
                 "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"):
        options.add_argument(word)
    found = webdriver.Chrome(options=options, service=Service(driver))
    yield found
    found.quit()


def test_the_page_works_in_a_browser(page: Path, browser: Any) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get(page.as_uri())
    wait = WebDriverWait(browser, 20)
    wait.until(lambda b: b.find_elements(By.CSS_SELECTOR, "#figure svg.marks .mark-symbol path"))
    rows = "table.dataTable tbody tr"
    wait.until(lambda b: len(b.find_elements(By.CSS_SELECTOR, rows)) == 12)
    browser.find_element(By.CSS_SELECTOR, ".dt-search input").send_keys("diabetes")
    wait.until(lambda b: len(b.find_elements(By.CSS_SELECTOR, rows)) == 6)
    assert browser.title == "demo <b>: gain and misfit"
    names = browser.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert [name for name in names if name.startswith("http")] == []
