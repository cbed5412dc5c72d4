"""The page is one file that asks for nothing, shows what it should in a real browser, escapes every name and stays small."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from made_tables import make_classes, make_tables

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
    return write_report(folder)


def figures(text: str) -> list[str]:
    return re.findall(r'<div id="figure-([\w-]+)"></div>', text)


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


def test_every_figure_that_the_run_holds_is_there_once_and_what_draws_them_once(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert figures(text) == list(KINDS)
    assert text.count("vegaEmbed(\"#figure-") == len(KINDS) and text.count("figcaption>") == 2 * len(KINDS)
    drawing = [script for script in re.findall(r"<script.*?</script>", text, flags=re.DOTALL) if "vega-lite" in script[-200_000:]]
    assert len([script for script in drawing if len(script) > 500_000]) == 1


def test_figures_without_data_are_left_out() -> None:
    assert figures(page_of(*make_tables({"t": 1.0}), "", {})) == ["gain-misfit", "tightness"]
    rows, bounds = full_tables()
    less = rows.filter((pl.col("n_transfer") < SIZES[2]) & (pl.col("weak") != "m[width=3]"))
    assert figures(page_of(less, bounds.clear(), "", {})) == ["gain-misfit", "ledger", "selection"]


def test_classes_have_accuracy_their_strategies_are_compared_and_what_is_missing_has_a_reason() -> None:
    rows, bounds = make_classes({"sentiment": 2, "questions": 6}, ("plain", "bold"))
    lost = pl.when((pl.col("strategy") == "bold") & (pl.col("seed") == 2)).then(pl.lit("oom")).otherwise("status")
    text = page_of(rows.with_columns(status=lost, pgr_reason=pl.lit("gap's 95 % interval contains 0")), bounds, "", {})
    assert "accuracy student</th>" in text and "agree, weak wrong</th>" in text and "strategies" in figures(text)
    assert "Strategies, paired" in text and "bold: 4 of 12 cells make no pair: 4 oom." in text
    assert "auroc: for two classes, and there are 6" in text and "contains 0</td><td>20</td>" in text
    assert "kl-explicit on the test split" in text
    numbers = page_of(*make_tables({"t": 1.0}), "", {})
    assert "Strategies, paired" not in numbers and "accuracy student</th>" not in numbers


def test_many_classes_are_summed_up_with_their_accuracy() -> None:
    rows, bounds = make_classes({"t": 2}, ("plain",), seeds=2)
    many = pl.concat([rows.with_columns(pl.col("seed") + 10 * i, pl.col("cell_key") + f"-{i}") for i in range(600)])
    text = page_of(many, bounds, "", {})
    assert "Cells, summed up" in text and "gain accuracy ± 95 %" in text


def test_a_run_without_scores_has_a_page(tmp_path: Path) -> None:
    rows, bounds = make_tables({"t": 1.0}, failed=2)
    rows.filter(pl.col("status") != "ok").write_parquet(tmp_path / "rows.parquet")
    bounds.clear().write_parquet(tmp_path / "bounds.parquet")
    text = write_report(tmp_path).read_text(encoding="utf-8")
    assert "No cell ended" in text and "vegaEmbed" not in text


def test_a_page_of_twelve_thousand_cells_stays_small_and_says_where_they_are() -> None:
    text = page_of(*make_tables({f"t{i}": 1.0 for i in range(20)}, seeds=300, failed=400), "", {})
    assert len(text.encode()) < 5_000_000
    assert "12000 cells, too many for a page" in text and "Every cell is in rows.parquet" in text
    assert "12 of 20 panels are drawn" in text and "400 of 12400 cells ended otherwise. The first 200 are listed" in text


@pytest.fixture
def browser() -> Iterator[Any]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("chromium and chromedriver are not installed")
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
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
    for kind in KINDS:
        wait.until(lambda b, kind=kind: b.find_elements(By.CSS_SELECTOR, f"#figure-{kind} svg.marks .mark-symbol path, "
                                                        f"#figure-{kind} svg.marks .mark-rect path"))
    lines = "table.sorted tbody tr"
    wait.until(lambda b: len(b.find_elements(By.CSS_SELECTOR, lines)) == 50)
    heads = {head.text: head for head in browser.find_elements(By.CSS_SELECTOR, "table.sorted thead button")}

    def column(name: str) -> list[str]:
        at = list(heads).index(name) + 1
        return [cell.get_attribute("data-v") or cell.text
                for cell in browser.find_elements(By.CSS_SELECTOR, f"table.sorted tbody td:nth-child({at})")]

    heads["misfit"].click()
    first = [float(value) for value in column("misfit")]
    assert first == sorted(first) and min(first) < max(first)
    heads["misfit"].click()
    downwards = [float(value) for value in column("misfit")]
    assert downwards == sorted(downwards, reverse=True) and downwards[0] > first[-1]
    browser.find_element(By.XPATH, "//button[text()='after']").click()
    assert max(float(value) for value in column("misfit")) <= downwards[-1]
    browser.find_element(By.CSS_SELECTOR, ".sorted-bar input").send_keys("diabetes#20")
    wait.until(lambda b: len(b.find_elements(By.CSS_SELECTOR, lines)) == 12)
    browser.find_elements(By.CSS_SELECTOR, "table.sorted tfoot input")[list(heads).index("direction")].send_keys("weak-to")
    wait.until(lambda b: len(b.find_elements(By.CSS_SELECTOR, lines)) == 6)
    assert set(column("direction")) == {"weak-to-strong"} and "6 found of" in browser.find_element(By.CLASS_NAME, "info").text
    assert browser.title == "demo <b>: gain and misfit"
    assert [line["message"] for line in browser.get_log("browser")] == []
    names = browser.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert [name for name in names if name.startswith("http")] == []
