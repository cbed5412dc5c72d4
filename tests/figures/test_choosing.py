"""A figure of any plugin is drawn by its name and put on a page where it applies; one that breaks costs itself only."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from made_tables import make_tables

import w2s_bench
from w2s_bench.contracts import Drawing, FigureData, FigureEntry, Parameter, PluginError
from w2s_bench.figures.choosing import chosen, figures_of_page, offered
from w2s_bench.figures.data import RunData
from w2s_bench.figures.specification import as_chart, specification
from w2s_bench.registry.catalogue import Plugin, Registered, Registry
from w2s_bench.registry.loading import load_registry


class Count:
    """A bar: how many cells there are."""

    def applies(self, data: FigureData) -> bool:
        return data.rows.height > 1

    def draw(self, data: FigureData) -> Drawing:
        import altair as alt

        chart = alt.Chart(alt.NamedData(name="cells")).mark_bar().encode(x="count:Q", color="status:N")
        table = data.rows.group_by("status").len("count").sort("status").to_dicts()
        return Drawing("Cells", "A bar is a status.", chart, tables={"cells": table})


class Broken(Count):
    """Fails in the way that it is told to."""

    def __init__(self, how: str) -> None:
        self.how = how

    def draw(self, data: FigureData) -> Drawing:
        import altair as alt

        if self.how == "raises":
            raise KeyError("no such thing")
        if self.how == "chart":
            return alt.Chart("data.csv").mark_bar()
        return Drawing("t", "c", alt.Chart("data.csv").mark_bar().encode(x=alt.X("a:Q", axis="none at all")))


def registry(*entries: FigureEntry) -> Registry:
    """What a plugin of these figures would give."""
    plugin = Plugin("outside", "outside-dist", "1.0")
    return Registry((plugin,), {"figures": tuple(Registered(plugin, entry) for entry in entries)})


def broken(name: str, how: str, order: int = 100) -> FigureEntry:
    return FigureEntry(name, "test_choosing:Broken", parameters=(Parameter("how", str, how, "how it breaks"),), order=order)


COUNT = FigureEntry("count", "test_choosing:Count")
ROWS, BOUNDS = make_tables({"t": 1.0})


def test_a_page_holds_the_figures_that_apply_in_the_order_that_they_declare() -> None:
    three = registry(FigureEntry("last", COUNT.target, order=200), COUNT, FigureEntry("first", COUNT.target, order=1))
    found = list(figures_of_page(three, RunData(ROWS, BOUNDS, on_page=True)))
    assert [figure.name for figure in found] == ["first", "count", "last"]
    assert list(figures_of_page(three, RunData(ROWS.head(1), BOUNDS, on_page=True))) == []


def test_a_figure_that_breaks_on_a_page_is_told_and_the_others_are_drawn() -> None:
    needs_a_word = FigureEntry("wordy", "test_choosing:Broken", parameters=(Parameter("how", str, None, "needed"),))
    found = {figure.name: figure for figure in figures_of_page(
        registry(broken("bad", "raises", 1), needs_a_word, COUNT), RunData(ROWS, BOUNDS, on_page=True))}
    assert found["bad"].drawing is None and "KeyError: 'no such thing'" in found["bad"].problem
    assert found["count"].drawing is not None and set(found) == {"bad", "count"}


@pytest.mark.parametrize(("how", "words"), [("raises", "it breaks: KeyError"), ("chart", "it drew a Chart, not a Drawing"),
                                            ("schema", "it breaks: SchemaValidationError")])
def test_a_figure_that_breaks_is_named_with_its_plugin(how: str, words: str) -> None:
    figure = chosen(registry(broken("bad", how)).one("figures", "bad"))
    with pytest.raises(PluginError, match=f"the figure outside/bad: {words}"):
        figure.draw(RunData(ROWS, BOUNDS))


def test_two_figures_of_one_name_are_told_by_their_plugins() -> None:
    other = Registered(Plugin("rival", "rival-dist", "1.0"), COUNT)
    both = Registry((), {"figures": (*registry(COUNT).entries("figures"), other)})
    assert [name for name, _ in offered(both)] == ["outside/count", "rival/count"]
    assert [each.name for each in figures_of_page(both, RunData(ROWS, BOUNDS, on_page=True))] == ["outside-count", "rival-count"]


def test_a_chart_without_looks_has_the_projects_and_a_notebook_gets_it_whole() -> None:
    drawing = chosen(registry(COUNT).one("figures", "count")).draw(RunData(ROWS, BOUNDS))
    spec = specification(drawing)
    assert spec["config"]["range"]["category"][0] == "#0b3c6f" and spec["datasets"]["cells"] == [{"status": "ok", "count": 6}]
    chart = as_chart(drawing)
    assert chart.to_dict()["title"]["text"] == ["Cells"] and chart.to_dict()["datasets"] == spec["datasets"]


def test_every_bundled_figure_becomes_a_chart_of_altair() -> None:
    chart = as_chart(chosen(load_registry().one("figures", "gain-misfit")).draw(RunData(ROWS, BOUNDS)))
    assert "concat" in chart.to_dict()


def test_no_module_is_shadowed_by_what_its_package_imports() -> None:
    packages = [w2s_bench, *(importlib.import_module(info.name) for info in pkgutil.iter_modules(w2s_bench.__path__, "w2s_bench.")
                             if info.ispkg)]
    names = [(package, info.name) for package in packages for info in pkgutil.iter_modules(package.__path__)]
    for package, name in names:
        module = importlib.import_module(f"{package.__name__}.{name}")
        assert getattr(package, name) is module, f"{package.__name__}.{name} is shadowed"
    assert len(names) > 80
