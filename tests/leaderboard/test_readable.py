"""A stranger's Markdown as HTML that does nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_bench.leaderboard.readable import readable_markdown

TAGS = {"p", "em", "strong", "code", "pre", "a", "ul", "ol", "li", "blockquote", "hr", "br", "h3", "h4", "h5", "h6", "table",
        "thead", "tbody", "tr", "th", "td"}
PIECES = ["[a](", "](", ")", "javascript:alert(1)", "http://e.org/x", "https://e.org", '"', "'", " onclick=x", "<script>",
          "</script>", "<img src=x onerror=alert(1)>", "![", "`", "```", "\n", "\n\n", "- ", "1. ", "> ", "# ",
          "|a|b|\n|--:|---|\n", "*", "_", "&lt;", "&#x6a;", "\\", "<http://e.org>", "[r]: javascript:x\n", "[r]",
          "data:text/html,x", "\t", "é", "x"]


class Seen(HTMLParser):
    """Every tag, attribute and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def check_harmless(html: str) -> Seen:
    seen = Seen(html)
    for tag, attributes in seen.tags:
        assert tag in TAGS and set(attributes) <= ({"href", "rel"} if tag == "a" else set()), (tag, attributes)
        if tag == "a":
            assert re.match(r"https?://[A-Za-z0-9.-]+", attributes["href"] or "")
            assert attributes["rel"] == "nofollow noopener noreferrer"
    return seen


@settings(max_examples=40)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=40).map("".join))
def test_whatever_is_written_does_nothing(text: str) -> None:
    check_harmless(readable_markdown(text))


def test_what_reads_as_a_page_is_one() -> None:
    page = ("# Heads\n\nA *fit* of `W`, see [the paper](https://example.org/a?b=1).\n\n- one\n- two\n\n"
            "| a | b |\n|---|--:|\n| 1 | 2 |\n")
    seen = check_harmless(readable_markdown(page))
    assert [tag for tag, _ in seen.tags][:9] == ["h3", "p", "em", "code", "a", "ul", "li", "li", "table"]
    assert seen.tags[4][1]["href"] == "https://example.org/a?b=1" and "A fit of W, see the paper." in seen.text


@pytest.mark.parametrize("text", [
    "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](data:text/html,y)", "[x](//evil.example)", "[x](http://a@b)",
    "<a href='javascript:x'>y</a>", "<svg onload=x>", "[x]: javascript:y\n[x]", "<javascript:alert(1)>"])
def test_what_would_do_something_is_shown_as_it_is_written(text: str) -> None:
    seen = check_harmless(readable_markdown(text))
    assert all(tag == "p" for tag, _ in seen.tags) and text in seen.text


@pytest.mark.slow
@pytest.mark.parametrize("text", [
    "[" * 60_000, "[](" * 20_000, "_*" * 30_000, "**a*" * 15_000, ">" * 60_000, "- " * 30_000, "[a](<" * 12_000, "![" * 30_000,
    "".join("`" * n + " " for n in range(340)), "a|" * 100 + "\n" + "-|" * 100 + "\n" + ("|" * 100 + "\n") * 500])
def test_a_page_that_is_made_to_take_for_ever_does_not(text: str) -> None:
    check_harmless(readable_markdown(text))
