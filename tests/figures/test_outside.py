"""A figure of a stranger's distribution is listed, drawn, and put on the page of a run, without an edit of the core."""

from __future__ import annotations

import re

import pytest
from conftest import Command


@pytest.fixture
def ran(outside: Command) -> Command:
    outside("run", "--task", "waves", "--weak", "powers[degree=2]", "--strong", "powers[degree=[3,7]]", "--supervisor", "plain",
            "--strategy", "plain", "-o", "r", check=0, page=True)
    return outside


@pytest.mark.slow
def test_a_figure_from_outside_is_listed_drawn_and_on_the_page(ran: Command) -> None:
    assert "gains " in ran("ls", "figures", check=0).stdout
    assert "gains" in ran("plot", "--help", check=0).stdout and "--bins" in ran("plot", "gains", "--help", check=0).stdout
    ran("plot", "gains", "r", "--bins", "7", "-o", "gains.svg", check=0)
    drawing = (ran.folder / "gains.svg").read_text(encoding="utf-8")
    assert "At most 7 bars." in drawing and "#0b3c6f" in drawing and len(re.findall("<path|<rect", drawing)) > 2
    ran("plot", "gains[bins=7]", "r", "-o", "again.svg", check=0)
    assert (ran.folder / "again.svg").read_bytes() == (ran.folder / "gains.svg").read_bytes()
    names = re.findall(r'<section id="figure-([\w-]+)"', (ran.folder / "r" / "report.html").read_text(encoding="utf-8"))
    assert names[:2] == ["gain-misfit", "gains"]


@pytest.mark.parametrize(("words", "text"), [
    (("gains", "r", "--bins", "1"), "bins=1 is out of range 2..200"),
    (("gains", "r", "--bins", "many"), "should be a whole number"),
    (("gains", "r", "--by", "task"), "--by goes with gain-misfit"), (("ledger", "r", "--bins", "3"), "--bins goes with gains"),
    (("gains[bins=[2,3]]", "r"), "names more than one figure"), (("gain", "r"), "unknown figure 'gain'")])
def test_what_it_cannot_draw_is_said(outside: Command, words: tuple[str, ...], text: str) -> None:
    done = outside("plot", *words, check=2)
    assert text in done.stderr and "Traceback" not in done.stderr
