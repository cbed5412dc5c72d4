"""Figures by name, and those that a page is worth; what a plugin draws is checked, and its faults are told as its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from w2s_bench.contracts.entries import FigureEntry
from w2s_bench.contracts.errors import PluginError, W2SError
from w2s_bench.contracts.figures import Drawing, Figure, FigureData
from w2s_bench.figures.specification import specification
from w2s_bench.registry.catalogue import Registry
from w2s_bench.registry.component import Component
from w2s_bench.registry.parameters import lacking

T = TypeVar("T")


@dataclass(frozen=True)
class ChosenFigure:
    """A figure with its parameters, and its name with that of its plugin."""

    owner: str
    figure: Figure

    def applies(self, data: FigureData) -> bool:
        """Whether the rows are worth it unasked. Raises PluginError for a figure that breaks, W2SError as it raises it."""
        return self._guarded(lambda: bool(self.figure.applies(data)))

    def draw(self, data: FigureData) -> Drawing:
        """The drawing, which has a specification. Raises PluginError for a figure that breaks, W2SError as it raises it."""
        drawing = self._guarded(lambda: self.figure.draw(data))
        if not isinstance(drawing, Drawing):
            raise PluginError(f"it drew a {type(drawing).__name__}, not a Drawing", where=f"the figure {self.owner}")
        self._guarded(lambda: specification(drawing))
        return drawing

    def _guarded(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except W2SError:
            raise
        except Exception as error:
            raise PluginError(f"it breaks: {type(error).__name__}: {error}", where=f"the figure {self.owner}",
                              hint="w2s-bench --debug plot … shows the traceback") from error


@dataclass(frozen=True)
class PageFigure:
    """A figure of a page, by a name that no other has there. problem: why it is not drawn, empty where it is."""

    name: str
    drawing: Drawing | None
    problem: str = ""


def chosen(component: Component) -> ChosenFigure:
    """The figure that a component of the kind is."""
    return ChosenFigure(component.name, component.create())


def offered(registry: Registry) -> list[tuple[str, FigureEntry]]:
    """The entries of figures in the order that they declare, each with the shortest name that selects it."""
    offers = sorted(registry.entries("figures"), key=lambda offer: (offer.entry.order, offer.full_name))
    names = [offer.entry.name for offer in offers]
    return [(offer.entry.name if names.count(offer.entry.name) == 1 else offer.full_name, offer.entry) for offer in offers]


def figures_of_page(registry: Registry, data: FigureData) -> Iterator[PageFigure]:
    """The figures that these rows are worth, in the order of their entries; one that breaks is told and costs itself only.

    Left out are those that cannot be made without a parameter.
    """
    for name, entry in offered(registry):
        if lacking(entry, {}):
            continue
        try:
            figure = chosen(registry.one("figures", name))
            if figure.applies(data):
                yield PageFigure(name.replace("/", "-"), figure.draw(data))
        except W2SError as error:
            yield PageFigure(name.replace("/", "-"), None, error.what)
