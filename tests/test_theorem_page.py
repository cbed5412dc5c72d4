"""The picture of docs/concepts/theorem.md: what it shows is what the theorem says of its points."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
SCRIPT = (DOCS / "assets" / "projection.js").read_text(encoding="utf-8")
SHAPES: dict[str, Any] = json.loads(re.search(r"const SHAPES = (\{.*?\n  \});", SCRIPT, flags=re.DOTALL)[1])  # type: ignore[index]
PATH: dict[str, Any] = json.loads(re.search(r"const PATH = (\{.*?\});", SCRIPT)[1])  # type: ignore[index]
MOVE = """
    const form = document.forms[0];
    form.elements.class.value = arguments[0];
    form.elements.position.value = arguments[1];
    form.dispatchEvent(new Event("input"));
    return document.querySelector("output").textContent;
"""
SHARES = np.linspace(0.0, 1.0, 5_001)[:, None]


def _weak(position: float) -> np.ndarray:
    angle = np.radians(PATH["from"] + (PATH["to"] - PATH["from"]) * position / 100)
    return np.array(PATH["centre"]) + PATH["radius"] * np.array([np.cos(angle), np.sin(angle)])


def _numbers(name: str, position: float) -> tuple[float, float, float, float]:
    """Errors of weak labels and student, gain and misfit, the student being searched among many points of the border."""
    truth, corners = np.array(SHAPES[name]["truth"]), np.array(SHAPES[name]["corners"])
    border = np.concatenate([(1 - SHARES) * a + SHARES * b for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)])
    weak = _weak(position)
    student = border[((border - weak) ** 2).sum(axis=1).argmin()]
    err_weak, err_student, misfit = (((a - b) ** 2).mean() for a, b in ((weak, truth), (student, truth), (student, weak)))
    return float(err_weak), float(err_student), float(err_weak - err_student), float(misfit)


def _inside(point: np.ndarray, corners: np.ndarray) -> bool:
    ends = np.roll(corners, -1, axis=0)
    above = (corners[:, 1] > point[1]) != (ends[:, 1] > point[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        crossed = corners[:, 0] + (point[1] - corners[:, 1]) / (ends[:, 1] - corners[:, 1]) * (ends[:, 0] - corners[:, 0])
    return bool((above & (point[0] < crossed)).sum() % 2)


def test_the_table_holds_the_numbers_of_the_picture() -> None:
    page = (DOCS / "concepts" / "theorem.md").read_text(encoding="utf-8").replace("−", "-")
    rows = re.findall(r"^\| (a [^|]+) \| (\d+) \| (\S+) \| (\S+) \| (\S+) \| (\S+) \| (yes|no) \|$", page, flags=re.MULTILINE)
    names = {shape["says"]: name for name, shape in SHAPES.items()}
    assert {names[row[0]] for row in rows} == set(SHAPES)
    for says, position, *shown, verdict in rows:
        found = _numbers(names[says], float(position))
        assert [float(value) for value in shown] == pytest.approx(found, abs=0.008)
        assert verdict == ("yes" if found[2] >= found[3] else "no")


def test_the_weak_labels_never_enter_a_class_and_the_shapes_are_what_they_say() -> None:
    for shape in SHAPES.values():
        corners = np.array(shape["corners"])
        assert not any(_inside(_weak(position), corners) for position in range(101))
        edges = np.roll(corners, -1, axis=0) - corners
        turns = np.cross(np.pad(edges, ((0, 0), (0, 1))), np.pad(np.roll(edges, -1, axis=0), ((0, 0), (0, 1))))[:, 2]
        assert bool((turns > 0).all() or (turns < 0).all()) is shape["says"].startswith("a convex")
        assert _inside(np.array(shape["truth"]), corners) is ("holds the truth" in shape["says"])


def test_the_gain_is_the_misfit_or_more_wherever_the_assumptions_hold_and_not_elsewhere() -> None:
    holds: dict[str, list[bool]] = {name: [] for name in SHAPES}
    for name in SHAPES:
        for position in range(0, 101, 5):
            _, _, gain, misfit = _numbers(name, position)
            holds[name].append(gain >= misfit)
    assert all(holds["convex"]) and not all(holds["outside"]) and not all(holds["bent"])


@pytest.mark.slow
def test_the_slider_shows_these_numbers_and_the_page_without_a_script_its_beginning(browser: Any, tmp_path: Path) -> None:
    shutil.copy(DOCS / "assets" / "projection.svg", tmp_path)
    page = f'<!doctype html><meta charset="utf-8"><p><img src="projection.svg"></p><script>{SCRIPT}</script>'
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    browser.get((tmp_path / "page.html").as_uri())
    assert _plain(browser.execute_script("return document.querySelector('svg').outerHTML")) == _plain(
        (DOCS / "assets" / "projection.svg").read_text(encoding="utf-8"))
    for name in SHAPES:
        for position in (0, 35, 60, 100):
            said = browser.execute_script(MOVE, name, position)
            err_weak, err_student, gain, misfit = _numbers(name, position)
            shown = [float(number) for number in re.findall(r"-?\d+\.\d\d", said)]
            assert shown == pytest.approx([err_weak, err_student, gain, misfit], abs=0.008)
            assert ("at least" in said) is (gain >= misfit)
    assert browser.get_log("browser") == []


def _plain(svg: str) -> str:
    """A drawing without what only a file of its own needs."""
    return re.sub(r"<style>.*?</style>|\s*xmlns=\"[^\"]*\"|(?<=>)\n", "", svg).strip()
