"""What tests ask of a page that a browser has opened."""

from __future__ import annotations

from typing import Any

from selenium.webdriver.support.ui import WebDriverWait

PLAIN = """function plain(node) {
    if (node.nodeType === 3) return node.textContent.trim();
    const attributes = [...node.attributes].map(each => `${each.name}=${each.value}`).sort();
    return [node.tagName, ...attributes, ...[...node.childNodes].map(plain).filter(String)].join("|") }"""
"""An element as text: its tag, its attributes in order, and what is in it."""


def opened(browser: Any, address: str) -> None:
    """Open a page, and wait until its script has done what it does."""
    browser.get("about:blank")
    browser.get(address)
    WebDriverWait(browser, 20).until(lambda it: it.execute_script(
        "return document.readyState === 'complete' && document.documentElement.dataset.ready"))


def nothing_ran(browser: Any) -> None:
    assert browser.execute_script("return window.ran ?? 'nothing'") == "nothing"
    said = [line["message"] for line in browser.get_log("browser") if "favicon" not in line["message"]]
    assert said == []


def column(browser: Any, table: str, key: str) -> list[str]:
    """What the lines of a table that are shown hold in this column: its number, else its words."""
    return browser.execute_script("""
        const table = document.getElementById(arguments[0]);
        const at = [...table.tHead.rows[0].cells].findIndex(head => head.dataset.key === arguments[1]);
        return [...table.tBodies[0].rows].map(row => row.cells[at]?.dataset.v ?? row.cells[at]?.textContent ?? "")""", table, key)


def head(browser: Any, table: str, key: str) -> Any:
    return browser.find_element("css selector", f"#{table} thead th[data-key='{key}']")


def until(browser: Any, address: str) -> None:
    """Wait for a view whose address holds this: a table sorts when the click is over."""
    WebDriverWait(browser, 20).until(lambda it: address in it.current_url)
