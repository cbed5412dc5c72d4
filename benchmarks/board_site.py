"""Time and size of the site of a board of many rows, and how soon its pages answer in a browser.

    .venv/bin/python benchmarks/board_site.py [--rows N] [--folder FOLDER]

The rows are those of the study real-text, sent by one submission after another. Printed are the seconds of the build (of
the clock, and of this process), what it wrote, the bytes of the front page with all that it loads, and of the front page and of
all rows the milliseconds from the first request until a reader can sort and filter, and until every line is there (Chromium
without a window).
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "leaderboard" / "site"))
from made_sites import checked, checked_bounds, made_board, made_leaderboard, study

from w2s_bench.leaderboard.site.build import build
from w2s_bench.leaderboard.submission import Submission

TIMES = 5


def main() -> None:
    """Print what was measured."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--rows", type=int, default=10_000)
    asked.add_argument("--folder", default="", help="where the site is left; by default it is taken away")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(given.folder or scratch)
        rows, bounds, names = many(given.rows)
        board = made_board(rows, bounds)
        leaderboard = made_leaderboard(Path(scratch) / "leaderboard", [
            Submission(name=name, title="A study, again and again", who=("w2s-bench",), season="pilot/1") for name in names])
        clock, own = time.perf_counter(), time.process_time()
        files = build(leaderboard, board, folder / "site")
        took, used = time.perf_counter() - clock, time.process_time() - own
        site = folder / "site"
        size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
        print(f"{rows.height:,} rows, {len(board.entries)} entries, {board.compared.height:,} comparisons: {took:.1f} s "
              f"({used:.1f} s of this process), {files:,} files, {size / 1e6:.0f} MB")
        print(f"front page with all that it loads: {loaded(site, 'index.html') / 1e6:.2f} MB; all rows: "
              f"{loaded(site, 'rows.html') / 1e6:.2f} MB")
        for page in ("index.html", "rows.html", "compare.html"):
            print(f"{page}: {answered(site / page)}")


def many(count: int) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    """So many rows, the bounds of each, and their submissions, each of which sends the same study."""
    rows, bounds = study("real-text")
    names = [f"again-{number}" for number in range(-(-count // rows.height))]
    every = pl.concat([checked(rows, name) for name in names]).head(count)
    held = pl.concat([checked_bounds(bounds, name) for name in names])
    return every, held.join(every, on=["run_id", "cell_key", "submission"], how="semi"), names


def loaded(site: Path, page: str) -> int:
    """Bytes of a page and of every file that it loads."""
    text = (site / page).read_text(encoding="utf-8")
    names = re.findall(r'<(?:script|link rel="stylesheet")[^>]*(?:src|href)="([^"]+)"', text)
    return sum((site / name).stat().st_size for name in (page, *names))


def answered(page: Path) -> str:
    """Milliseconds until a page answers, and until it holds every line: the middle of several loads."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        return "not measured: chromium and chromedriver are not installed"
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.support.ui import WebDriverWait

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(word)
    browser = webdriver.Chrome(options=options, service=Service(driver))
    found: list[tuple[int, int]] = []
    for _ in range(TIMES):
        browser.get("about:blank")
        browser.get(page.as_uri())
        WebDriverWait(browser, 60).until(lambda it: it.execute_script("return document.readyState === 'complete'"))
        ready, whole = browser.execute_script("const said = document.documentElement.dataset; return [said.ready, said.whole]")
        found.append((int(ready), int(whole or ready)))
    browser.quit()
    ready, whole = (statistics.median(each) for each in zip(*found, strict=True))
    return f"answers after {ready:.0f} ms, every line after {whole:.0f} ms (middle of {TIMES} loads)"


if __name__ == "__main__":
    main()
