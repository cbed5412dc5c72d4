"""A table that somebody made can name anything; the page shows it and runs none of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from made_tables import make_classes, make_tables

from w2s_bench.contracts import Drawing, PluginError
from w2s_bench.figures.picture import for_page
from w2s_bench.figures.write import save
from w2s_bench.report.notebook import Run
from w2s_bench.report.page import page_of, write_report
from w2s_bench.report.told_examples import Told

SCRIPT = "</script><script>window.ran='script'</script>"
EVENT = "\"'><img src=x onerror=window.ran='event'><svg onload=window.ran='svg'>"
LINK = "javascript:window.ran='link'"
OUT = "http://example.invalid/x.png"
LINES = "\u2028\u2029--><!--{{ 7 * 7 }}{% raw %}]]>&lt;"
NAMES = ("task", "task_set", "weak", "strong", "strategy", "supervisor", "output_unit", "error", "pgr_reason", "run_id")


def hostile_tables() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of two task sets, both ways, of which every text is hostile, and a column that nobody declared."""
    rows, bounds = make_tables({"t": 1.0, LINES: 2.0}, seeds=2, failed=2)
    classes, more = make_classes({f"questions{EVENT}": 3}, ("plain", "bold"), seeds=2)
    rows = pl.concat([rows.with_columns(projection=pl.lit(0.0), realizability=pl.col("gain") - pl.col("misfit")), classes])
    bad = [(pl.col(name) + SCRIPT + EVENT + LINK).alias(name) for name in NAMES if name != "run_id"]
    reasons = pl.lit([f"auroc: {SCRIPT}{EVENT}"]).alias("metrics_missing")
    flags = pl.lit(["few-test-examples", f"flag{SCRIPT}", EVENT]).alias("flags")
    rows = rows.with_columns(*bad, reasons, flags).with_columns(
        pl.when(pl.col("seed") == 1).then(pl.lit(f"D{SCRIPT}")).otherwise("divergence").alias("divergence"),
        pl.lit(EVENT).alias(f"column{SCRIPT}{EVENT}"))
    return rows, pl.concat([bounds, more]).with_columns((pl.col("bound") + pl.lit("")).alias("bound"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "<img src=x onerror=window.ran=1>"
    folder.mkdir()
    rows, bounds = hostile_tables()
    rows.write_parquet(folder / "rows.parquet")
    bounds.write_parquet(folder / "bounds.parquet")
    (folder / "spec.toml").write_text(f"name = {json.dumps(SCRIPT + EVENT)}\n# {EVENT}\n", encoding="utf-8")
    versions = {"w2s-bench": SCRIPT, EVENT: EVENT}
    known = {"machine": {"processor": SCRIPT}, "commit": EVENT, "versions": versions, "inputs": [f"x is {SCRIPT}"],
             "clock": {"started": SCRIPT, "ended": EVENT, "seconds": 1.0, "jobs": 2}}
    (folder / "env.json").write_text(json.dumps(known), encoding="utf-8")
    return folder


def nothing_ran(browser: Any) -> None:
    """The page holds its own script alone, no handler and no link out, none of the data ran, and none was even tried."""
    assert browser.execute_script("return window.ran ?? 'nothing'") == "nothing"
    assert browser.execute_script("return document.scripts.length") == 1
    odd = browser.execute_script("""return [...document.querySelectorAll('*')].filter(element =>
        [...element.attributes].some(at => /^on/i.test(at.name) || /javascript:/i.test(at.name) ||
            (/href|src/i.test(at.name) && !/^(#|data:image)/.test(at.value)))).map(element => element.outerHTML)""")
    assert odd == []
    assert [line["message"] for line in browser.get_log("browser")] == []


@pytest.mark.slow
def test_no_name_of_a_run_is_run(folder: Path, browser: Any) -> None:
    browser.get(write_report([folder]).resolve().as_uri())
    nothing_ran(browser)
    text = browser.find_element("tag name", "body").text
    assert f"x is {SCRIPT}" in text
    assert browser.title == f"{SCRIPT}{EVENT}: gain and misfit" and SCRIPT in text and EVENT.split("<svg")[0] in text
    assert len(browser.find_elements("css selector", "figure svg")) >= 3
    for field in browser.find_elements("css selector", "thead input, .bar input"):
        if field.is_displayed():
            field.send_keys("<img src=x onerror=window.ran=1>")
    tips = browser.execute_script("""return [...document.querySelectorAll('[data-tip]')].map(mark => {
        mark.dispatchEvent(new PointerEvent('pointerover', {bubbles: true}));
        return document.querySelector('.tip').textContent; })""")
    assert any(SCRIPT in tip for tip in tips)
    nothing_ran(browser)


def test_no_example_is_run(tmp_path: Path, browser: Any) -> None:
    lines = tuple((f"{SCRIPT}\n{EVENT}", EVENT, SCRIPT, LINK, LINES, SCRIPT, EVENT) for _ in range(3))
    text = page_of(*make_tables({"t": 1.0}), [], Told(SCRIPT + EVENT, lines))
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    browser.get((tmp_path / "page.html").as_uri())
    nothing_ran(browser)
    assert SCRIPT in browser.find_element("id", "examples").find_element("xpath", "..").text


def test_a_page_runs_nothing_that_is_put_into_it(folder: Path, browser: Any) -> None:
    browser.get(write_report([folder]).resolve().as_uri())
    browser.execute_script("""
        const script = document.createElement('script'); script.textContent = 'window.ran = 1'; document.body.append(script);
        document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.ran = 2">');
        const link = document.createElement('a'); link.href = 'javascript:window.ran=3'; document.body.append(link); link.click();
        const eager = document.createElement('button'); eager.setAttribute('onclick', 'window.ran = 4');
        document.body.append(eager); eager.click();""")
    tried = browser.execute_async_script("""
        const done = arguments[0];
        setTimeout(() => { let met = ''; try { met = new Function('return 5')(); } catch (error) { met = error.name; }
                           done([window.ran ?? 'nothing', met]); }, 200);""")
    assert tried == ["nothing", "EvalError"]
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', (folder / "report.html").read_text(encoding="utf-8"))
    assert policy and "unsafe" not in policy[1] and "default-src &#39;none&#39;" in policy[1]


def test_a_figure_in_a_page_of_its_own_runs_nothing(tmp_path: Path, browser: Any) -> None:
    import altair as alt

    cells = [{"name": f"{SCRIPT}{EVENT}{number}", "at": number, "link": OUT} for number in range(3)]
    chart = alt.Chart(alt.NamedData(name="cells")).mark_point().encode(
        x="at:Q", y="name:N", href="link:N", tooltip=["name:N"]).properties(title=SCRIPT + EVENT)
    save(Drawing(SCRIPT, EVENT, chart, tables={"cells": cells}), tmp_path / "figure.html")
    browser.get((tmp_path / "figure.html").as_uri())
    nothing_ran(browser)
    assert len(browser.find_elements("css selector", "[data-tip]")) == 3


def test_what_a_drawing_links_to_or_loads_is_no_part_of_its_picture() -> None:
    import altair as alt

    values = alt.Data(values=[{"at": 1, "bad": LINK, "out": OUT}])
    for mark in (alt.Chart(values).mark_point().encode(x="at:Q", href="out:N"),
                 alt.Chart(values).mark_image(width=9, height=9).encode(x="at:Q", url="out:N")):
        picture = for_page(Drawing("t", "c", mark), "one")
        assert picture.startswith("<svg") and "href" not in re.sub(r'data-tip="[^"]*"', "", picture)
    with pytest.raises(PluginError, match="it cannot be drawn"):
        for_page(Drawing("t", "c", alt.Chart(values).mark_point().encode(x="at:Q", href="bad:N")), "one")
    assert for_page(Drawing("t", "c", alt.Chart(values).mark_point().encode(x="at:Q")), "one").startswith("<svg")
    with pytest.raises(PluginError, match="External data url not allowed"):
        for_page(Drawing("t", "c", alt.Chart(OUT).mark_point().encode(x="at:Q")), "one")


@pytest.mark.parametrize("name", ["gain-misfit", "ledger"])
def test_the_figure_of_a_notebook_runs_nothing(name: str, tmp_path: Path, browser: Any) -> None:
    chart = Run(*hostile_tables()).figure(name)
    (tmp_path / "figure.html").write_text(chart._repr_mimebundle_()["text/html"], encoding="utf-8")
    browser.get((tmp_path / "figure.html").as_uri())
    assert browser.execute_script("return window.ran ?? 'nothing'") == "nothing"
    assert "<\\u200b/script><\\u200bscript>window.ran" in (tmp_path / "figure.html").read_text(encoding="utf-8")


def test_the_table_of_a_notebook_runs_nothing(tmp_path: Path, browser: Any) -> None:
    rows, bounds = hostile_tables()
    page = f"<!doctype html><title>notebook</title>{Run(rows, bounds, tmp_path / SCRIPT)._repr_html_()}<script>1</script>"
    (tmp_path / "notebook.html").write_text(page, encoding="utf-8")
    browser.get((tmp_path / "notebook.html").as_uri())
    nothing_ran(browser)
    assert SCRIPT in browser.find_element("tag name", "body").text
